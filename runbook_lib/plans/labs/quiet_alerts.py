"""Room: the plans with which a lab changes what is told, to whom, and what happens to the rest.

Lives here: a dead-letter queue behind the target, and a rule that hears one service only.
Never here: the alert chain of the walk.
"""

from __future__ import annotations

import json
from typing import Any

from runbook_lib import facts
from runbook_lib.errors import NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE, in_upper_case, is_ours, shared_tags
from runbook_lib.plans.event_rule import EVENT_PATTERN, TARGET_ID, target_input, target_of
from runbook_lib.plans.steps import Plan, Step

FOURTEEN_DAYS = 14 * 24 * 3600


def dead_letter_queue(settings: Settings) -> str:
    return f"{settings.service[:60]}-dead-letters"


def plan_dead_letters(settings: Settings, account: str, queue: facts.Queue | None) -> Plan:
    """A queue for what the rule could not deliver, and the target that names it.

    The queue's policy lets just this rule send.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    name = dead_letter_queue(settings)
    if queue is not None and not is_ours(queue.tags):
        raise NotOurs(what=f"queue {name}", next_step="rename or delete that queue")
    arn = settings.arn("sqs", account, name)
    rule_arn = settings.arn("events", account, f"rule/{settings.rule}")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RuleMaySend",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }
    create = Step(
        service="sqs",
        operation="CreateQueue",
        input={
            "QueueName": name,
            "Attributes": {
                "Policy": json.dumps(policy),
                "MessageRetentionPeriod": str(FOURTEEN_DAYS),
            },
            "tags": {TAG_KEY: TAG_VALUE},
        },
        why="what cannot be delivered is kept, with the reason",
        makes=f"queue {name}",
        permissions=("sqs:CreateQueue", "sqs:TagQueue"),
        undo="aws sqs delete-queue",
        satisfied=f"queue {name} exists" if queue else "",
    )
    target = target_input(target_of(settings, account)) | {"DeadLetterConfig": {"Arn": arn}}
    aim = _put_targets(settings, settings.rule, target, "after its tries the event goes there")
    return Plan("Keep what cannot be delivered", settings.service, (create, aim))


def plan_rule_of_service(settings: Settings, account: str, rule: facts.Rule | None) -> Plan:
    """The rule, narrowed to the service of the settings: `resources` is the service's ARN.

    Raises `NotOurs`.
    """
    if rule is not None and not is_ours(rule.tags):
        raise NotOurs(what=f"EventBridge rule {settings.rule}", next_step="choose another name")
    service = settings.arn("ecs", account, f"service/{settings.cluster}/{settings.service}")
    pattern = {**EVENT_PATTERN, "resources": [service]}
    given = {"Name": settings.rule, "EventPattern": json.dumps(pattern)}
    is_right = rule is not None and rule.event_pattern == pattern
    put = Step(
        service="events",
        operation="PutRule",
        input=given if rule else {**given, "Tags": in_upper_case(shared_tags(settings.user))},
        why="hears the failures of this service alone",
        makes=f"rule {settings.rule}",
        permissions=("events:PutRule", "events:TagResource"),
        undo="aws events delete-rule",
        satisfied=f"rule {settings.rule} is of this service" if is_right else "",
    )
    return Plan("A rule of one service", settings.service, (put,))


def _put_targets(settings: Settings, rule: str, target: dict[str, Any], why: str) -> Step:
    return Step(
        service="events",
        operation="PutTargets",
        input={"Rule": rule, "Targets": [target]},
        why=why,
        makes=f"target {TARGET_ID} of rule {rule}",
        permissions=("events:PutTargets",),
        undo=f"aws events remove-targets --rule {settings.rule} --ids {TARGET_ID}",
    )


def delete_dead_letters_steps(queue: facts.Queue | None) -> tuple[Step, ...]:
    if queue is None or not is_ours(queue.tags):
        return ()
    name = queue.arn.rpartition(":")[2]
    return (
        Step(
            service="sqs",
            operation="DeleteQueue",
            input={"QueueUrl": queue.url},
            why="the lab is over",
            makes=f"queue {name} removed",
            permissions=("sqs:DeleteQueue",),
            undo="run the lab again",
        ),
    )
