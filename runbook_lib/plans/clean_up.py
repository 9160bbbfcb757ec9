"""Room: the plan of notebook 90: remove what the runbook made for a service, and nothing else.

Lives here: what goes, in which order; what stays because another service uses it, too.
Never here: how that is known (facts.tags, sharing).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours, is_used_by
from runbook_lib.plans.event_rule import has_runbooks_id, shared_rule
from runbook_lib.plans.existing_service import restore_steps
from runbook_lib.plans.service import shared_cluster
from runbook_lib.plans.sharing import Shared
from runbook_lib.plans.steps import Lookup, Plan, Step, queue_url_command
from runbook_lib.plans.task_definition import execution_policy, shared_role
from runbook_lib.plans.topic import shared_topic


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What there is under the names of the settings, whoever made it."""

    service: facts.Service | None
    revisions: tuple[facts.TaskDefinition, ...]
    rule: facts.Rule | None
    topic: facts.Topic | None
    queue: facts.Queue | None
    role: facts.Role | None
    cluster: facts.Cluster | None
    watch_rules: tuple[facts.Rule, ...] = ()
    watch_queues: tuple[facts.Queue, ...] = ()


_GONE = (
    "ServiceNotActive",
    "ServiceNotFound",
    "ClusterNotFound",
    "ResourceNotFound",
    "NoSuchEntity",
    "NotFound",
    "NonExistentQueue",
    "QueueDoesNotExist",
)


def plan_clean_up(settings: Settings, left: Leftovers) -> Plan:
    """In the order that AWS allows. Whatever lacks the runbook's tag is not in the plan.

    What other services use, too, loses the tag of this one and stays, and so does what only they
    use: the topic `alerts` of `web` and `shop` goes when the second of them is cleaned up. Until
    then the address of the first stays subscribed: each mail has the link with which to end that.
    """
    steps = [
        *restore_steps(settings, left.service, left.revisions),
        *_service(settings, left),
        *_shared_rule(settings, left),
        *_topic(settings, left),
        *_queue(left.queue, "the probe"),
        *_revisions(settings, left),
        *_cluster(settings, left),
        *_role(settings, left),
        *_watches(left),
    ]
    is_draining = left.service and left.service.is_draining and is_ours(left.service.tags)
    draining = settings.cluster if is_draining else ""
    return Plan("Clean up", settings.service, tuple(steps), draining)


def _step(aws: str, operation: str, what: str, why: str, **arguments: object) -> Step:
    return Step(
        service=aws,
        operation=operation,
        input=arguments,
        why=why,
        makes=f"{what} removed",
        permissions=(f"{aws}:{operation}",),
        undo="run the notebook that makes it",
        repeats=_GONE,
    )


def _service(settings: Settings, left: Leftovers) -> Iterator[Step]:
    if left.service and left.service.is_active and is_ours(left.service.tags):
        yield _step(
            "ecs",
            "DeleteService",
            f"service {left.service.name}",
            "stops its tasks",
            cluster=settings.cluster,
            service=left.service.name,
            force=True,
        )


def _shared_rule(settings: Settings, left: Leftovers) -> Iterator[Step]:
    rule, user = left.rule, settings.user
    if rule is None or not is_used_by(rule.tags, user):
        return
    shared = shared_rule(rule)
    others_targets = [each for each in rule.targets if not has_runbooks_id(each)]
    if not shared.is_left_to_others(user) and not others_targets:
        yield from _rule(rule, "no more alerts")
        return
    yield from _targets_that_go(settings, left, rule)
    yield from shared.leave_steps(user)


def _targets_that_go(settings: Settings, left: Leftovers, rule: facts.Rule) -> Iterator[Step]:
    """Of a rule that stays: the target that is a topic which goes."""
    topic = left.topic
    if topic is None or not _goes(shared_topic(topic), settings):
        return
    ids = [each.id for each in rule.targets if each.arn == topic.arn and has_runbooks_id(each)]
    if ids:
        yield _targets_step(rule.name, ids, "its topic is removed")


def _goes(shared: Shared, settings: Settings) -> bool:
    """Is this service the last one that uses it?"""
    is_own = is_used_by(shared.tags, settings.user)
    return is_own and not shared.is_left_to_others(settings.user)


def _targets_step(rule: str, ids: list[str], why: str) -> Step:
    what = f"targets of rule {rule}"
    return _step("events", "RemoveTargets", what, why, Rule=rule, Ids=ids)


def _rule(rule: facts.Rule | None, why: str) -> Iterator[Step]:
    if rule is None or not is_ours(rule.tags):
        return
    name = rule.name
    if rule.targets:
        ids = [each.id for each in rule.targets]
        yield _targets_step(name, ids, "a rule with targets cannot be deleted")
    yield _step("events", "DeleteRule", f"rule {name}", why, Name=name)


def _topic(settings: Settings, left: Leftovers) -> Iterator[Step]:
    if left.topic is None:
        return
    name = facts.short(left.topic.arn.replace(":", "/"))
    shared = shared_topic(left.topic)
    if _goes(shared, settings):
        yield _step(
            "sns",
            "DeleteTopic",
            f"topic {name}",
            "and every subscription with it",
            TopicArn=left.topic.arn,
        )
        return
    for each in left.topic.subscriptions:
        if left.queue and is_ours(left.queue.tags) and each.endpoint == left.queue.arn:
            yield _step(
                "sns",
                "Unsubscribe",
                f"probe of topic {name}",
                "the drill is over",
                SubscriptionArn=each.arn,
            )
    if is_used_by(left.topic.tags, settings.user):
        yield from shared.leave_steps(settings.user)


def _queue(queue: facts.Queue | None, why: str) -> Iterator[Step]:
    if queue and is_ours(queue.tags):
        name = facts.short(queue.url)
        yield _step(
            "sqs",
            "DeleteQueue",
            f"queue {name}",
            why,
            QueueUrl=Lookup(queue.url, queue_url_command(name)),
        )


def _revisions(settings: Settings, left: Leftovers) -> Iterator[Step]:
    for each in left.revisions:
        if is_used_by(each.tags, settings.user):
            yield deregister_step(each)


def deregister_step(revision: facts.TaskDefinition) -> Step:
    return _step(
        "ecs",
        "DeregisterTaskDefinition",
        f"revision {revision.name}",
        "no new deployment may use it",
        taskDefinition=revision.name,
    )


def _cluster(settings: Settings, left: Leftovers) -> Iterator[Step]:
    if left.cluster is None or not is_used_by(left.cluster.tags, settings.user):
        return
    shared = shared_cluster(left.cluster)
    if shared.is_left_to_others(settings.user) or _others_live_in(left.cluster, left.service):
        yield from shared.leave_steps(settings.user)
        return
    yield _step(
        "ecs",
        "DeleteCluster",
        f"cluster {settings.cluster}",
        "it was made for this",
        cluster=settings.cluster,
    )


def _others_live_in(cluster: facts.Cluster, service: facts.Service | None) -> bool:
    """Whether AWS would refuse: a cluster with ACTIVE services cannot be deleted."""
    going = service is not None and service.is_active and is_ours(service.tags)
    return cluster.active_services > int(going)


def _role(settings: Settings, left: Leftovers) -> Iterator[Step]:
    if left.role is None or not is_used_by(left.role.tags, settings.user):
        return
    shared = shared_role(left.role)
    if shared.is_left_to_others(settings.user):
        yield from shared.leave_steps(settings.user)
        return
    name, policy = left.role.name, execution_policy(settings)
    if policy in left.role.policy_arns:
        yield _step(
            "iam",
            "DetachRolePolicy",
            f"policy of role {name}",
            "a role with policies cannot be deleted",
            RoleName=name,
            PolicyArn=policy,
        )
    yield _step("iam", "DeleteRole", f"role {name}", "it was made for this", RoleName=name)


def _watches(left: Leftovers) -> Iterator[Step]:
    """What nothing else stands on, so it comes last: a refusal here holds nothing else up.

    Nothing tells a watch that was killed from one that still runs: that one loses its queue, too.
    """
    why = "a watch that was killed left it"
    steps = [
        *(step for rule in left.watch_rules for step in _rule(rule, why)),
        *(step for queue in left.watch_queues for step in _queue(queue, why)),
    ]
    yield from (replace(step, undo="no need: each watch makes its own") for step in steps)
