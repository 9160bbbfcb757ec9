"""The reading of policies: one table of statements and answers."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator.access.resource_policies import Decision, allows, role_permits
from ecs_emulator.wire.wildcards import like

TOPIC = "arn:aws:sns:eu-west-1:123456789876:my-topic"
RULE = "arn:aws:events:eu-west-1:123456789876:rule/alert"
OPEN = {
    "Sid": "events",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}


def asked(*statements: Any, conditions: bool = True, **given: Any) -> Decision:
    known: dict[str, Any] = {"source_arn": RULE, "source_account": "123456789876"} | given
    return allows(
        {"Version": "2012-10-17", "Statement": list(statements)},
        service="events.amazonaws.com",
        action="sns:Publish",
        resource=TOPIC,
        conditions_supported=conditions,
        **known,
    )


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return OPEN | {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["ecs.amazonaws.com", "events.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "ecs.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::123456789876:root"}}, False),
        ({"Principal": None}, False),
        ({"Action": "SNS:publish"}, True),
        ({"Action": ["sns:Subscribe", "sns:Pub*"]}, True),
        ({"Action": "*"}, True),
        ({"Action": "sns:Subscribe"}, False),
        ({"Resource": "*"}, True),
        ({"Resource": "arn:aws:sns:eu-west-1:123456789876:my-*"}, True),
        ({"Resource": [TOPIC.upper()]}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_principal_action_and_resource_have_to_fit(change: dict[str, Any], allowed: bool) -> None:
    assert asked(OPEN | change).allowed is allowed


@pytest.mark.parametrize(
    ("operator", "key", "value", "allowed"),
    [
        ("StringEquals", "aws:SourceAccount", "123456789876", True),
        ("StringEquals", "aws:SourceAccount", ["1", "123456789876"], True),
        ("StringEquals", "AWS:sourceaccount", "123456789876", True),
        ("StringEquals", "aws:SourceAccount", "111122223333", False),
        ("StringLike", "aws:SourceArn", "*rule/al?rt", True),
        ("ArnEquals", "aws:SourceArn", RULE, True),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:123456789876:rule/*", True),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:rule/*", False),
        ("ArnNotLike", "aws:SourceArn", RULE, False),
        ("StringEquals", "AWS:SourceOwner", "123456789876", False),
        ("StringEqualsIfExists", "AWS:SourceOwner", "123456789876", True),
        ("Bool", "aws:SecureTransport", "true", False),
    ],
)
def test_conditions(operator: str, key: str, value: Any, allowed: bool) -> None:
    assert asked(when(operator, key, value)).allowed is allowed


def test_all_conditions_have_to_hold() -> None:
    both = {
        "ArnEquals": {"aws:SourceArn": RULE},
        "StringEquals": {"aws:SourceAccount": "111122223333"},
    }

    assert not asked(OPEN | {"Condition": both}).allowed


def test_a_deny_wins_over_any_allow() -> None:
    denied = asked(OPEN, OPEN | {"Sid": "stop", "Effect": "Deny"})

    assert denied == Decision(False, 'Statement "stop" denies sns:Publish to events.amazonaws.com.')


def test_a_deny_whose_condition_fails_does_not_count() -> None:
    assert asked(OPEN, when("ArnLike", "aws:SourceArn", RULE + "2") | {"Effect": "Deny"}).allowed
    assert not asked(OPEN, when("ArnLike", "aws:SourceArn", RULE) | {"Effect": "Deny"}).allowed


@pytest.mark.fact("eventbridge.topic-condition")
def test_a_condition_in_a_topic_policy_shuts_eventbridge_out_and_the_reason_says_so() -> None:
    guarded = asked(when("ArnEquals", "aws:SourceArn", RULE), conditions=False)

    assert guarded == Decision(
        False,
        'Statement "events" does not allow it: it has a Condition, and Amazon SNS topic policies '
        "cannot use Condition blocks for EventBridge.",
    )
    assert asked(OPEN, conditions=False).allowed


def test_the_reason_tells_of_the_statement_that_was_nearest() -> None:
    owner = when("StringEquals", "AWS:SourceOwner", "1") | {"Principal": {"AWS": "*"}, "Sid": "own"}
    guarded = when("ArnEquals", "aws:SourceArn", RULE + "2")

    assert '"events"' in asked(owner, guarded).reason
    assert RULE in asked(guarded).reason
    assert asked(owner, source_arn=None).reason.endswith("is not part of this request.")


def test_no_policy_lets_no_service_in() -> None:
    decision = allows(
        None,
        service="sns.amazonaws.com",
        action="sqs:SendMessage",
        resource="q",
        source_arn=None,
        source_account=None,
        conditions_supported=True,
    )
    assert decision == Decision(
        False, "The resource has no policy, so sns.amazonaws.com may not sqs:SendMessage it."
    )


def test_a_policy_may_be_one_statement_or_nonsense() -> None:
    def answer(statement: Any) -> bool:
        return allows(
            {"Statement": statement},
            service="events.amazonaws.com",
            action="sns:Publish",
            resource=TOPIC,
            source_arn=None,
            source_account=None,
            conditions_supported=True,
        ).allowed

    assert answer(OPEN)
    assert not answer(None)
    assert not answer(["text"])
    assert not answer([{}])


def test_a_role_is_permitted_by_any_of_its_policies() -> None:
    may = {"Statement": {"Effect": "Allow", "Action": "sns:*", "Resource": TOPIC}}
    never = {"Statement": {"Effect": "Deny", "NotAction": "sns:Subscribe", "Resource": "*"}}

    assert role_permits([{"Statement": []}, may], action="sns:Publish", resource=TOPIC).allowed
    assert not role_permits([may], action="sns:Publish", resource=TOPIC + "2").allowed
    assert not role_permits([may, never], action="sns:Publish", resource=TOPIC).allowed
    assert not role_permits([], action="sns:Publish", resource=TOPIC).allowed


def test_wildcards_are_no_regular_expressions() -> None:
    assert like("a.c*", "a.cd")
    assert not like("a.c", "abc")
    assert not like("[ab]", "a")
