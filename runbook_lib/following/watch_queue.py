"""Room: the plan of a temporary queue that hears of one service's deployments.

Lives here: its name, the queue, the rule and the target.
Never here: following a deployment, removing them again, whose one that is still there is (facts).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.facts.alert_text import DEPLOYMENT_EVENT
from runbook_lib.facts.tags import AWS_TAGS, TAG_KEY, TAG_VALUE
from runbook_lib.facts.watches import WATCH_PREFIX
from runbook_lib.plans.steps import Plan, Step

TARGET_ID = "1"
HIDDEN_SECONDS = 12 * 3600
"""The longest that SQS knows. A message is read once; the queue goes before it comes back."""
KEPT_SECONDS = 3600
LONG_POLL_SECONDS = 20
"""The longest that SQS waits.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""


@dataclass(frozen=True, slots=True)
class WatchQueue:
    """`name` is both the queue's and the rule's; `service_arn` the service that they hear."""

    name: str
    arn: str
    rule_arn: str
    service_arn: str


def watch_queue_name(deployment_id: str, now: datetime) -> str:
    """ecs-svc/2942440254381718020 at 09:01:30: runbook-watch-2942440254381718020-090130.

    The time, because SQS refuses the name of a queue that was deleted less than a minute ago.
    """
    return f"{WATCH_PREFIX}{deployment_id.rpartition('/')[2][:40]}-{now:%H%M%S}"


def plan_watch_queue(service: str, queue: WatchQueue) -> Plan:
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": [DEPLOYMENT_EVENT],
        "resources": [queue.service_arn],
    }
    create = Step(
        service="sqs",
        operation="CreateQueue",
        input={
            "QueueName": queue.name,
            "Attributes": {
                "Policy": json.dumps(_policy(queue)),
                "MessageRetentionPeriod": str(KEPT_SECONDS),
                "VisibilityTimeout": str(HIDDEN_SECONDS),
                "ReceiveMessageWaitTimeSeconds": str(LONG_POLL_SECONDS),
            },
            "tags": {TAG_KEY: TAG_VALUE},
        },
        why="hears the end of the deployment at once",
        makes=f"queue {queue.name}",
        permissions=("sqs:CreateQueue", "sqs:TagQueue"),
        undo="aws sqs delete-queue",
    )
    put_rule = Step(
        service="events",
        operation="PutRule",
        input={"Name": queue.name, "EventPattern": json.dumps(pattern), "Tags": AWS_TAGS},
        why="catches what ECS says of the deployments of this service",
        makes=f"rule {queue.name}",
        permissions=("events:PutRule", "events:TagResource"),
        undo="aws events delete-rule",
    )
    put_targets = Step(
        service="events",
        operation="PutTargets",
        input={"Rule": queue.name, "Targets": [{"Id": TARGET_ID, "Arn": queue.arn}]},
        why="hands it to the queue",
        makes=f"target {queue.name}",
        permissions=("events:PutTargets",),
        undo="aws events remove-targets",
    )
    return Plan("Listen to the service", service, (create, put_rule, put_targets))


def _policy(queue: WatchQueue) -> dict[str, object]:
    """Only this rule may send to the queue. The Id says which service it is about."""
    return {
        "Version": "2012-10-17",
        "Id": queue.service_arn,
        "Statement": [
            {
                "Sid": "RuleMaySend",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": queue.rule_arn}},
            }
        ],
    }
