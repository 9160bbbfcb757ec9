"""Room: ways to break an alert chain on purpose.

Lives here: each break as the steps that bring it about, and the hop that it strikes.
Never here: finding a break (alerts.chain), fixing it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.alerts.chain import RULE, SUBSCRIBER, TARGET, TOPIC
from runbook_lib.errors import BadParameter
from runbook_lib.facts import Topic
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.bad_release import probe_arn
from runbook_lib.plans.event_rule import EVENT_PATTERN, TARGET_ID
from runbook_lib.plans.steps import Step
from runbook_lib.plans.topic import topic_arn


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is broken: the settings, the account, the topic as it is."""

    settings: Settings
    account: str
    topic: Topic | None

    @property
    def topic_arn(self) -> str:
        return topic_arn(self.settings, self.account)


@dataclass(frozen=True, slots=True)
class Break:
    """One way to break the chain. `hop` is where an alert then ends."""

    name: str
    hop: str
    steps: Callable[[Place], tuple[Step, ...]]


def find_break(number: int) -> Break:
    """The break of that number, from 1. Raises `BadParameter`."""
    if not 1 <= number <= len(BREAKS):
        raise BadParameter(
            name="case", problem=f"{number} is not between 1 and {len(BREAKS)}", example=1
        )
    return BREAKS[number - 1]


def _step(service: str, operation: str, **given: Any) -> tuple[Step, ...]:
    return (
        Step(
            service=service,
            operation=operation,
            input=given,
            why="to see what becomes of the alert",
            makes="a broken alert chain",
            permissions=(f"{service}:{operation}",),
            undo="apply the steps that the diagnosis brings",
        ),
    )


def _pattern(change: Callable[[Place], Mapping[str, Any]]) -> Callable[[Place], tuple[Step, ...]]:
    def steps(place: Place) -> tuple[Step, ...]:
        pattern = json.dumps(change(place))
        return _step("events", "PutRule", Name=place.settings.rule, EventPattern=pattern)

    return steps


def _target(change: Callable[[Place], Mapping[str, Any]]) -> Callable[[Place], tuple[Step, ...]]:
    def steps(place: Place) -> tuple[Step, ...]:
        target = {"Id": TARGET_ID, "Arn": place.topic_arn, **change(place)}
        return _step("events", "PutTargets", Rule=place.settings.rule, Targets=[target])

    return steps


def _policy(
    change: Callable[[Place], Iterable[Mapping[str, Any]]],
) -> Callable[[Place], tuple[Step, ...]]:
    """The topic's policy made of these statements, each about publishing to the topic."""

    def steps(place: Place) -> tuple[Step, ...]:
        whole = [
            {
                "Sid": f"Lab{number}",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": place.topic_arn,
                **each,
            }
            for number, each in enumerate(change(place))
        ]
        return _step(
            "sns",
            "SetTopicAttributes",
            TopicArn=place.topic_arn,
            AttributeName="Policy",
            AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": whole}),
        )

    return steps


def _disabled(place: Place) -> tuple[Step, ...]:
    return _step("events", "DisableRule", Name=place.settings.rule)


def _without_target(place: Place) -> tuple[Step, ...]:
    return _step("events", "RemoveTargets", Rule=place.settings.rule, Ids=[TARGET_ID])


def _deleted(place: Place) -> tuple[Step, ...]:
    return (*_without_target(place), *_step("events", "DeleteRule", Name=place.settings.rule))


def _filtered(place: Place) -> tuple[Step, ...]:
    probe = probe_arn(place.settings, place.account)
    listed = place.topic.subscriptions if place.topic else ()
    return tuple(
        step
        for each in listed
        if each.endpoint == probe
        for step in _step(
            "sns",
            "SetSubscriptionAttributes",
            SubscriptionArn=each.arn,
            AttributeName="FilterPolicy",
            AttributeValue=json.dumps({"severity": ["high"]}),
        )
    )


def _of_another_service(place: Place) -> Mapping[str, Any]:
    arn = place.settings.arn("ecs", place.account, "service/another/one")
    return {**EVENT_PATTERN, "resources": [arn]}


_MISSPELT = {**EVENT_PATTERN, "detail-type": ["ECS Service Deployment State Change"]}
_OUTSIDE = {"source": ["aws.ecs"], "eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
_WITHOUT_ID = {
    "InputTransformer": {
        "InputPathsMap": {"reason": "$.detail.reason"},
        "InputTemplate": '"It failed: <reason>"',
    }
}
_OF_S3 = {"Principal": {"Service": "s3.amazonaws.com"}}


def _with_condition(place: Place) -> Iterable[Mapping[str, Any]]:
    """It looks right, and EventBridge brings no such key along."""
    return ({"Condition": {"StringEquals": {"aws:SourceAccount": place.account}}},)


BREAKS = (
    Break("the rule is disabled", RULE, _disabled),
    Break("detail-type is misspelt", RULE, _pattern(lambda _: _MISSPELT)),
    Break("the topic's policy is silent", TOPIC, _policy(lambda _: (_OF_S3,))),
    Break("the rule has no target", TARGET, _without_target),
    Break("the topic's policy has a condition", TOPIC, _policy(_with_condition)),
    Break("the subscription is filtered", SUBSCRIBER, _filtered),
    Break("eventName stands outside of detail", RULE, _pattern(lambda _: _OUTSIDE)),
    Break("the pattern is of another service", RULE, _pattern(_of_another_service)),
    Break("the target sends a constant", TARGET, _target(lambda _: {"Input": '"It failed."'})),
    Break("the transformer leaves the id out", TARGET, _target(lambda _: _WITHOUT_ID)),
    Break("the topic's policy denies", TOPIC, _policy(lambda _: ({}, {"Effect": "Deny"}))),
    Break("the rule is deleted", RULE, _deleted),
)
"""Every break that one or two calls bring about."""
