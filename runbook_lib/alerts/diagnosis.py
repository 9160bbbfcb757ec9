"""Room: looking at an alert chain that is broken.

Lives here: every reading that a diagnosis needs, of this chain and of where its parts may have gone
astray. A reading that the caller may not do is named, not fatal.
Never here: what the readings mean (chain).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.alerts.chain import Chain, Finding, find_breaks
from runbook_lib.aws import reading
from runbook_lib.aws.reading.alert_chain import DEFAULT_BUS
from runbook_lib.aws.refusals import is_forbidden
from runbook_lib.aws.session import Session
from runbook_lib.facts.alert_text import EVENT
from runbook_lib.facts.settings import Settings

FAILED_EVENT = "SERVICE_DEPLOYMENT_FAILED"
T = TypeVar("T")


def diagnose(
    session: Session, settings: Settings, *, deployment_id: str = "", since: datetime | None = None
) -> tuple[Finding, ...]:
    """Every broken link of the alert chain, first one first, each with the steps that fix it.

    From AWS's APIs alone; only reads. `deployment_id` and `since` (default: an hour ago) narrow
    what CloudWatch and a dead-letter queue are asked for.
    """
    return find_breaks(read_chain(session, settings, deployment_id, since), settings)


def read_chain(
    session: Session, settings: Settings, deployment_id: str = "", since: datetime | None = None
) -> Chain:
    """The chain as it is now."""
    look = _Looker()
    rule = look("rule", lambda: reading.read_rule(session, settings.rule))
    topic = look("topic", lambda: _with_filters(session, settings))
    event = sample_event(session, settings, deployment_id)
    return Chain(
        account=session.account,
        service=look(
            "service", lambda: reading.read_service(session, settings.cluster, settings.service)
        ),
        rule=rule,
        topic=topic,
        probe=look("probe queue", lambda: reading.read_queue(session, settings.probe_queue)),
        key=look("KMS key", lambda: reading.read_key(session, topic.key_id))
        if topic and topic.key_id
        else None,
        matches=look("event pattern", lambda: reading.would_match(session, rule, event))
        if rule
        else None,
        rule_is_also_in=()
        if rule
        else tuple(look("other Regions", lambda: list(_elsewhere(session, settings.rule))) or ()),
        counts=look("CloudWatch", lambda: _counts(session, settings, since)) if rule else None,
        dead_letters=tuple(
            look("dead letters", lambda: list(_dead_letters(session, rule, deployment_id))) or ()
        ),
        hidden_from=tuple(_hidden_from(session, settings, topic, event)) if topic else (),
        unreadable=tuple(look.forbidden),
    )


class _Looker:
    """Does a reading; None, and its name kept, where the caller may not."""

    def __init__(self) -> None:
        self.forbidden: list[str] = []

    def __call__(self, what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ClientError as error:
            if not is_forbidden(error):
                raise
            self.forbidden.append(what)
            return None


def _with_filters(session: Session, settings: Settings) -> facts.Topic | None:
    topic = reading.read_topic(session, settings.topic)
    if topic is None:
        return None
    filtered = tuple(reading.read_filter(session, each) for each in topic.subscriptions)
    return replace(topic, subscriptions=filtered)


def _elsewhere(session: Session, name: str) -> Iterator[str]:
    """Where there is a rule of this name, if not where ECS sends its events."""
    for bus in reading.read_event_buses(session):
        if bus != DEFAULT_BUS and reading.read_rule(session, name, bus=bus):
            yield f"bus {bus}"
    for region in reading.read_regions(session):
        if region != session.region and reading.read_rule(session, name, region=region):
            yield region


def _counts(session: Session, settings: Settings, since: datetime | None) -> facts.RuleCounts:
    now = session.clock.now()
    begin = since or now - timedelta(hours=1)
    return reading.read_rule_counts(session, settings.rule, since=begin, until=now)


def _dead_letters(
    session: Session, rule: facts.Rule | None, deployment_id: str
) -> Iterator[facts.DeadLetter]:
    for target in rule.targets if rule else ():
        if not target.dead_letter_arn:
            continue
        queue = reading.read_queue(session, target.dead_letter_arn.rpartition(":")[2])
        for letter in reading.read_dead_letters(session, queue) if queue else ():
            if deployment_id in ("", letter.deployment_id):
                yield letter


def _hidden_from(
    session: Session, settings: Settings, topic: facts.Topic, event: Mapping[str, Any]
) -> Iterator[str]:
    """The endpoints whose filter policy lets no alert through.

    EventBridge sends no message attributes, so a policy on them matches nothing. One on the body
    is asked of TestEventPattern, which knows the same language; a text is no JSON, so it never
    matches.
    """
    for each in topic.subscriptions:
        if not each.filter_policy:
            continue
        if each.filters_body and settings.alert_format == EVENT:
            pattern = facts.Rule("", "", "", each.filter_policy, (), {})
            if reading.would_match(session, pattern, event):
                continue
        yield each.endpoint


def sample_event(session: Session, settings: Settings, deployment_id: str = "") -> dict[str, Any]:
    """A failure event as ECS sends it, for this account, Region and service."""
    return {
        "version": "0",
        "id": "12345abc-2f7c-f86a-e544-a69218eb1446",
        "detail-type": "ECS Deployment State Change",
        "source": "aws.ecs",
        "account": session.account,
        "time": "2024-11-19T17:42:41Z",
        "region": session.region,
        "resources": [session.arn("ecs", f"service/{settings.cluster}/{settings.service}")],
        "detail": {
            "eventType": "ERROR",
            "eventName": FAILED_EVENT,
            "clusterArn": session.arn("ecs", f"cluster/{settings.cluster}"),
            "deploymentId": deployment_id or "ecs-svc/9876543210987654321",
            "updatedAt": "2024-11-19T17:42:40.73Z",
            "reason": "ECS deployment circuit breaker: tasks failed to start.",
        },
    }


def rule_would_match(session: Session, settings: Settings) -> bool:
    """Ask EventBridge (TestEventPattern) whether the rule's pattern matches such an event."""
    rule = reading.read_rule(session, settings.rule)
    return rule is not None and reading.would_match(session, rule, sample_event(session, settings))
