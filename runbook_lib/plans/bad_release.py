"""Room: the plan of notebook 50: a probe at the end of the alert chain, then the bad release."""

from __future__ import annotations

import json
from collections.abc import Sequence

from runbook_lib import facts
from runbook_lib.errors import NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE, is_ours
from runbook_lib.plans.existing_service import bad_revision_of, register_bad_step
from runbook_lib.plans.service import guard_steps
from runbook_lib.plans.steps import Lookup, Plan, Step, queue_url_command
from runbook_lib.plans.task_definition import matching_revision, register_step, registered
from runbook_lib.plans.topic import topic_arn

PROBE_RETENTION_SECONDS = 4 * 3600


def probe_arn(settings: Settings, account: str) -> str:
    return settings.arn("sqs", account, settings.probe_queue)


def queue_policy(settings: Settings, account: str) -> dict[str, object]:
    """Only this topic may send to the probe."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TopicMaySend",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": probe_arn(settings, account),
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn(settings, account)}},
            }
        ],
    }


def plan_probe(
    settings: Settings, account: str, queue: facts.Queue | None, topic: facts.Topic | None
) -> tuple[Step, ...]:
    """A queue beside the mailbox: it shows what any subscriber of the topic gets.

    A probe that is left over from a drill with another topic gets the policy for this one.
    """
    if queue is not None and not is_ours(queue.tags):
        raise NotOurs(what=f"queue {settings.probe_queue}", next_step="rename or delete that queue")
    arn = probe_arn(settings, account)
    create = Step(
        service="sqs",
        operation="CreateQueue",
        input={
            "QueueName": settings.probe_queue,
            "Attributes": {
                "Policy": json.dumps(queue_policy(settings, account)),
                "MessageRetentionPeriod": str(PROBE_RETENTION_SECONDS),
            },
            "tags": {TAG_KEY: TAG_VALUE},
        },
        why="a mailbox cannot be read by a program; this queue can",
        makes=f"queue {settings.probe_queue}",
        permissions=("sqs:CreateQueue", "sqs:TagQueue"),
        undo="aws sqs delete-queue",
        satisfied=f"queue {settings.probe_queue} exists" if queue else "",
    )
    listens = any(each.endpoint == arn for each in topic.subscriptions) if topic else False
    subscribe = Step(
        service="sns",
        operation="Subscribe",
        input={
            "TopicArn": topic_arn(settings, account),
            "Protocol": "sqs",
            "Endpoint": arn,
        },
        why="the probe receives every alert that the mailbox receives",
        makes=f"subscription of queue {settings.probe_queue}",
        permissions=("sns:Subscribe",),
        undo="aws sns unsubscribe",
        satisfied="the probe is subscribed" if listens else "",
    )
    policy = queue_policy(settings, account)
    if queue is None or queue.policy == policy:
        return create, subscribe
    permit = Step(
        service="sqs",
        operation="SetQueueAttributes",
        input={
            "QueueUrl": Lookup(queue.url, queue_url_command(settings.probe_queue)),
            "Attributes": {"Policy": json.dumps(policy)},
        },
        why="the probe listens to this topic now",
        makes=f"policy of queue {settings.probe_queue}",
        permissions=("sqs:SetQueueAttributes",),
        undo="aws sqs delete-queue",
    )
    return create, permit, subscribe


def plan_bad_release(
    settings: Settings,
    *,
    account: str,
    queue: facts.Queue | None,
    topic: facts.Topic | None,
    revisions: Sequence[facts.TaskDefinition],
    service: facts.Service,
    definition: facts.TaskDefinition | None = None,
) -> Plan:
    """Probe, bad revision, deployment. A bad deployment that is still running is not repeated.

    `revisions` are those of the drill's family; `definition` is the service's own, of which the bad
    revision is made in service_mode existing.
    """
    if definition is not None:
        present = bad_revision_of(settings, definition, revisions)
        register = register_bad_step(settings, definition, revisions)
    else:
        present = matching_revision(settings, settings.bad_image, revisions)
        register = register_step(
            settings, account, settings.bad_image, "a release that cannot start", revisions
        )
    primary = service.primary
    running = (
        primary is not None
        and present is not None
        and primary.task_definition == present.name
        and not primary.has_failed
    )
    # Only the threshold: a breaker or a rollback that is off is what the drill then shows.
    own_breaker = definition is None and service.circuit_breaker.rolls_back
    guard = guard_steps(settings, service) if own_breaker else ()
    revision = present.name if present else registered(settings.drill_family, revisions)
    update = Step(
        service="ecs",
        operation="UpdateService",
        input={
            "cluster": settings.cluster,
            "service": settings.service,
            "taskDefinition": revision,
        },
        why="starts the deployment that will fail",
        makes=f"a deployment of {settings.service} that fails",
        permissions=("ecs:UpdateService", "iam:PassRole"),
        undo="the circuit breaker rolls back by itself",
        satisfied=f"{primary.id} is running" if running and primary else "",
    )
    steps = (*plan_probe(settings, account, queue, topic), *guard, register, update)
    return Plan("Ship a bad release", settings.service, steps)
