"""Room: the plan of notebook 30: topic, topic policy, e-mail subscription."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import in_upper_case, shared_tags
from runbook_lib.plans.sharing import Shared
from runbook_lib.plans.steps import Plan, Step

STATEMENT_ID = "my_topic_for_sns_Publish"
OWNER_ACTIONS = (
    "SNS:GetTopicAttributes",
    "SNS:SetTopicAttributes",
    "SNS:AddPermission",
    "SNS:RemovePermission",
    "SNS:DeleteTopic",
    "SNS:Subscribe",
    "SNS:ListSubscriptionsByTopic",
    "SNS:Publish",
)


def topic_arn(settings: Settings, account: str) -> str:
    return settings.arn("sns", account, settings.topic)


def _events_statement(arn: str) -> dict[str, Any]:
    """No Condition: EventBridge does not support one in a topic policy.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""
    return {
        "Sid": STATEMENT_ID,
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn,
    }


def _owner_statement(arn: str, account: str) -> dict[str, Any]:
    """What SNS gives a new topic by default. Setting a policy replaces it, so it is kept."""
    return {
        "Sid": "my_topic_default",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(OWNER_ACTIONS),
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }


def topic_policy(arn: str, account: str, present: Mapping[str, Any] | None) -> dict[str, Any]:
    """The topic's policy with the EventBridge statement added; everything else stays."""
    if not present:
        statements = [_owner_statement(arn, account), _events_statement(arn)]
        return {"Version": "2008-10-17", "Id": "my_topic_policy", "Statement": statements}
    given = present.get("Statement", [])
    listed = given if isinstance(given, list) else [given]
    others = [each for each in listed if each.get("Sid") != STATEMENT_ID]
    return {**present, "Statement": [*others, _events_statement(arn)]}


def plan_topic(settings: Settings, *, account: str, topic: facts.Topic | None) -> Plan:
    """Create, permit, subscribe. A topic that exists keeps what is in its policy.

    One that the runbook has made for another service is shared: a tag says so.
    """
    arn = topic_arn(settings, account)
    create = Step(
        service="sns",
        operation="CreateTopic",
        input={"Name": settings.topic, "Tags": in_upper_case(shared_tags(settings.user))},
        why="alerts are published here",
        makes=f"topic {settings.topic}",
        permissions=("sns:CreateTopic", "sns:TagResource"),
        undo="aws sns delete-topic",
        satisfied=f"topic {settings.topic} exists" if topic else "",
    )
    policy = topic_policy(arn, account, topic.policy if topic else None)
    permit = Step(
        service="sns",
        operation="SetTopicAttributes",
        input={
            "TopicArn": arn,
            "AttributeName": "Policy",
            "AttributeValue": json.dumps(policy),
        },
        why="EventBridge may publish; without this the alert is lost in silence",
        makes=f"policy of topic {settings.topic}",
        permissions=("sns:SetTopicAttributes",),
        undo=f"remove the statement {STATEMENT_ID} from the topic policy",
        satisfied="events.amazonaws.com may publish" if topic and policy == topic.policy else "",
    )
    use = shared_topic(topic).use_steps(settings.user) if topic else ()
    steps = (create, *use, permit, _subscribe(settings, arn, topic))
    return Plan("Create the topic", settings.service, steps)


def shared_topic(topic: facts.Topic) -> Shared:
    return Shared("sns", f"topic {topic.arn.rpartition(':')[2]}", topic.arn, topic.tags)


def _subscribe(settings: Settings, arn: str, topic: facts.Topic | None) -> Step:
    subscription = email_subscription(settings, topic)
    state = "confirmed" if subscription and subscription.is_confirmed else "waiting for its link"
    return Step(
        service="sns",
        operation="Subscribe",
        input={"TopicArn": arn, "Protocol": "email", "Endpoint": settings.email},
        why="somebody is told; SNS first asks the address to confirm",
        makes=f"subscription of {settings.email}",
        permissions=("sns:Subscribe",),
        undo="follow the unsubscribe link in any mail of the topic",
        satisfied=f"{settings.email} is subscribed, {state}" if subscription else "",
    )


def email_subscription(settings: Settings, topic: facts.Topic | None) -> facts.Subscription | None:
    for each in topic.subscriptions if topic else ():
        if each.protocol == "email" and each.endpoint == settings.email:
            return each
    return None
