"""Room: what can be wrong with the topic.

Lives here: its policy, and the key that it is encrypted with.
Never here: who subscribes to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from runbook_lib import facts
from runbook_lib.alerts.chain.chain import TOPIC, Chain, Finding, run_30
from runbook_lib.alerts.resource_statements import (
    EVENTBRIDGE,
    permission_of,
    statements_of,
    without,
)
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.steps import Step
from runbook_lib.plans.topic import plan_topic, topic_arn

KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
KEY_STATEMENT = "EventBridgeMayUseTheKeyOfTheTopic"


def topic_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    arn, topic = topic_arn(settings, chain.account), chain.topic
    steps = plan_topic(settings, account=chain.account, topic=topic).open_steps
    if topic is None:
        yield Finding(
            TOPIC, "topic-missing", f"there is no topic {settings.topic}", run_30(settings), steps
        )
        return
    if chain.rule and any(each.role_arn and each.arn == arn for each in chain.rule.targets):
        return  # the role publishes, so the policy does not matter
    permission = permission_of(topic.policy, "sns:Publish", arn)
    permit = tuple(step for step in steps if step.operation == "SetTopicAttributes")
    if permission.denied_by:
        names = ", ".join(permission.denied_by)
        yield Finding(
            TOPIC,
            "topic-policy-denies",
            f"the topic's policy forbids EventBridge to publish: {names}",
            f"take {names} out of the policy",
            (_set_policy(settings, arn, without(topic.policy, permission.denied_by)),),
        )
    elif permission.conditional and not permission.allowed_by:
        names = ", ".join(permission.conditional)
        yield Finding(
            TOPIC,
            "topic-policy-condition",
            f"{names} has a Condition; EventBridge supports none in a topic policy",
            f"{run_30(settings)}: its statement has none",
            permit,
        )
    elif not permission.allowed_by:
        yield Finding(
            TOPIC,
            "topic-policy-silent",
            f"the topic's policy does not let {EVENTBRIDGE} publish",
            run_30(settings),
            permit,
        )


def _set_policy(settings: Settings, arn: str, policy: Mapping[str, Any]) -> Step:
    return _set_topic(
        settings,
        arn,
        "Policy",
        json.dumps(policy),
        why="EventBridge may publish; without this the alert is lost in silence",
    )


def _set_topic(settings: Settings, arn: str, name: str, value: str, *, why: str) -> Step:
    return Step(
        service="sns",
        operation="SetTopicAttributes",
        input={"TopicArn": arn, "AttributeName": name, "AttributeValue": value},
        why=why,
        makes=f"{name} of topic {settings.topic}",
        permissions=("sns:SetTopicAttributes",),
        undo="aws sns set-topic-attributes with the old value",
    )


def key_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    topic, key = chain.topic, chain.key
    if topic is None or not topic.key_id:
        return
    if topic.key_id.startswith("alias/aws/") or (key and key.manager == "AWS"):
        yield _key_of_aws(settings, topic)
        return
    if "KMS key" in chain.unreadable:
        return
    if key is None or key.state not in ("Enabled", "Creating", "Updating"):
        state = key.state if key else "not there"
        yield Finding(
            TOPIC,
            "key-unusable",
            f"the topic is encrypted with {topic.key_id}, which is {state}",
            "enable the key, or encrypt the topic with another one",
            (_enable(key),) if key and key.state == "Disabled" else (),
        )
        return
    shut = [a for a in KEY_ACTIONS if not permission_of(key.policy, a, key.arn).is_given]
    if shut:
        yield Finding(
            TOPIC,
            "key-shuts-out",
            f"the policy of the topic's key does not let EventBridge {' and '.join(shut)}",
            f"add {KEY_STATEMENT} to the key's policy; it may have no Condition",
            (_open_key(key),),
        )


def _key_of_aws(settings: Settings, topic: facts.Topic) -> Finding:
    return Finding(
        TOPIC,
        "key-of-aws",
        f"the topic is encrypted with {topic.key_id}, whose policy cannot let EventBridge in",
        "encrypt the topic with a key of your own that lets EventBridge in, or not at all",
        (_set_topic(settings, topic.arn, "KmsMasterKeyId", "", why="no encryption at rest"),),
    )


def _enable(key: facts.Key) -> Step:
    return Step(
        service="kms",
        operation="EnableKey",
        input={"KeyId": key.arn},
        why="the topic cannot be encrypted while its key is disabled",
        makes="the key enabled",
        permissions=("kms:EnableKey",),
        undo="aws kms disable-key",
    )


def _open_key(key: facts.Key) -> Step:
    statement = {
        "Sid": KEY_STATEMENT,
        "Effect": "Allow",
        "Principal": {"Service": EVENTBRIDGE},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    kept = [each for each in statements_of(key.policy) if each.get("Sid") != KEY_STATEMENT]
    policy = {**key.policy, "Statement": [*kept, statement]}
    return Step(
        service="kms",
        operation="PutKeyPolicy",
        input={"KeyId": key.arn, "PolicyName": "default", "Policy": json.dumps(policy)},
        why="EventBridge encrypts what it publishes to an encrypted topic",
        makes=f"statement {KEY_STATEMENT} of the key's policy",
        permissions=("kms:PutKeyPolicy",),
        undo=f"take {KEY_STATEMENT} out of the key's policy",
    )
