"""Room: the plan of notebook 90: remove what the runbook made, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours
from runbook_lib.plans.existing_service import restore_steps
from runbook_lib.plans.steps import Lookup, Plan, Step, queue_url_command
from runbook_lib.plans.task_definition import execution_policy


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What there is under the names of the settings, whoever made it."""

    service: facts.Service | None
    revisions: tuple[facts.TaskDefinition, ...]
    rule: facts.Rule | None
    topic: facts.Topic | None
    queue: facts.Queue | None
    role: facts.Role | None
    cluster_tags: dict[str, str] | None
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
    """In the order that AWS allows. Whatever lacks the runbook's tag is not in the plan."""
    steps = [
        *restore_steps(settings, left.service, left.revisions),
        *_service(settings, left),
        *_rule(left.rule, "no more alerts"),
        *_topic(left),
        *_queue(left.queue, "the probe"),
        *_revisions(left),
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


def _rule(rule: facts.Rule | None, why: str) -> Iterator[Step]:
    if rule is None or not is_ours(rule.tags):
        return
    name = rule.name
    if rule.targets:
        yield _step(
            "events",
            "RemoveTargets",
            f"targets of rule {name}",
            "a rule with targets cannot be deleted",
            Rule=name,
            Ids=[each.id for each in rule.targets],
        )
    yield _step("events", "DeleteRule", f"rule {name}", why, Name=name)


def _topic(left: Leftovers) -> Iterator[Step]:
    if left.topic is None:
        return
    name = facts.short(left.topic.arn.replace(":", "/"))
    if is_ours(left.topic.tags):
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


def _revisions(left: Leftovers) -> Iterator[Step]:
    for each in left.revisions:
        if is_ours(each.tags):
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
    if left.cluster_tags is not None and is_ours(left.cluster_tags):
        yield _step(
            "ecs",
            "DeleteCluster",
            f"cluster {settings.cluster}",
            "it was made for this",
            cluster=settings.cluster,
        )


def _role(settings: Settings, left: Leftovers) -> Iterator[Step]:
    if left.role is None or not is_ours(left.role.tags):
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
