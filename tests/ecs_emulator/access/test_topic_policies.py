"""Which policies SNS takes for a topic, and with what it refuses the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sns:eu-west-1:123456789876:alerts"
ACCOUNT = "123456789876"
GOOD = {
    "Sid": "s",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": ARN,
}
NULL = "Invalid parameter: Policy Error: null"
NOT_FOUND = "Invalid parameter: Policy Error: PrincipalNotFound"
SCOPE = "Invalid parameter: Policy statement action out of service scope!"


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key not in names}


def document(*statements: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


TAKEN = {
    "as it should be": document(GOOD),
    "one statement, no list": json.dumps({"Statement": GOOD}),
    "an Id": document(GOOD, Id="mine"),
    "several actions in any case": document({**GOOD, "Action": ["SNS:Publish", "sns:subscribe"]}),
    "all actions of topics": document({**GOOD, "Action": "sns:*"}),
    "everybody": document({**GOOD, "Principal": "*"}),
    "everybody of AWS with a condition": document(
        {
            **GOOD,
            "Principal": {"AWS": "*"},
            "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
        }
    ),
    "the own account": document({**GOOD, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
    "another account": document({**GOOD, "Principal": {"AWS": "111122223333"}}),
    "a user who exists": document(
        {**GOOD, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/learner"}}
    ),
    "no resource": document(without("Resource")),
    "a pattern of resources": document({**GOOD, "Resource": "arn:aws:sns:eu-west-1:*:al*"}),
    "a denial": document({**GOOD, "Effect": "Deny"}),
}
REFUSED = {
    "another service's action": (document({**GOOD, "Action": "sqs:SendMessage"}), SCOPE),
    "an action that is not of topics": (
        document({**GOOD, "Action": ["sns:Publish", "sns:CreateTopic"]}),
        SCOPE,
    ),
    "no action": (document(without("Action")), NULL),
    "an empty list of actions": (document({**GOOD, "Action": []}), NULL),
    "two kinds of action": (document({**GOOD, "NotAction": "sns:Publish"}), NULL),
    "no principal": (document(without("Principal")), NULL),
    "a user who does not exist": (
        document({**GOOD, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}}),
        NOT_FOUND,
    ),
    "an account that cannot be": (document({**GOOD, "Principal": {"AWS": "123"}}), NOT_FOUND),
    "a kind of principal that is none": (document({**GOOD, "Principal": {"aws": "*"}}), NULL),
    "a service that is none": (document({**GOOD, "Principal": {"Service": "events"}}), NULL),
    "effect in lower case": (document({**without("Effect"), "effect": "Allow"}), NULL),
    "an effect in lower case": (document({**GOOD, "Effect": "allow"}), NULL),
    "no effect": (document(without("Effect")), NULL),
    "a misspelt element": (document({**GOOD, "Principle": "*"}), NULL),
    "another topic": (document({**GOOD, "Resource": f"{ARN}-2"}), NULL),
    "another region": (document({**GOOD, "Resource": ARN.replace("eu-west-1", "*-2")}), NULL),
    "a second statement that is wrong": (document(GOOD, {**GOOD, "Effect": "Yes"}), NULL),
    "no statement": (document(), NULL),
    "no statements at all": ('{"Version": "2012-10-17"}', NULL),
    "another version": (document(GOOD, Version="2020-01-01"), NULL),
    "empty": ("", NULL),
    "an empty object": ("{}", NULL),
    "a list": ("[]", NULL),
    "no JSON": ("{'Statement': 1}", NULL),
}


@pytest.mark.parametrize("policy", TAKEN.values(), ids=TAKEN)
@pytest.mark.fact("sns.policy-refusals")
def test_sns_takes_a_policy_that_can_be(aws: Callable[..., Any], policy: str) -> None:
    sns = aws("sns")
    arn = sns.create_topic(Name="alerts")["TopicArn"]

    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    kept = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    assert json.loads(kept) == json.loads(policy)


@pytest.mark.parametrize(("policy", "text"), REFUSED.values(), ids=REFUSED)
@pytest.mark.fact("sns.policy-refusals")
def test_sns_refuses_a_policy_at_once_and_keeps_the_one_before(
    aws: Callable[..., Any], policy: str, text: str
) -> None:
    sns = aws("sns")
    arn = sns.create_topic(Name="alerts")["TopicArn"]
    before = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]

    with pytest.raises(ClientError) as refused:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    with pytest.raises(ClientError):
        sns.create_topic(Name="others", Attributes={"Policy": policy})

    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert refused.value.response["Error"]["Message"] == text
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] == before
    assert [each["TopicArn"] for each in sns.list_topics()["Topics"]] == [arn]
