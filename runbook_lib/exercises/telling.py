"""Room: exercises on the alert.

Lives here: who would be told, which events a pattern matches, when somebody was told.
Never here: deployments and their breaker (deploying).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.alerts.delivery import find_alert, read_probe
from runbook_lib.alerts.diagnosis import FAILED_EVENT, sample_event
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.exercises.grading import (
    Exercise,
    Grade,
    json_object,
    not_understood,
    number,
)
from runbook_lib.facts.settings import Settings

TOLERANCE_MINUTES = 0.5


def _missing(session: Session, what: str, notebook: str) -> MissingPrerequisite:
    where = f"account {session.account}, {session.region}"
    return MissingPrerequisite(missing=what, where=where, notebook=notebook)


def _subscribers(session: Session, settings: Settings) -> tuple[int, int]:
    """How many have confirmed, and how many have not."""
    topic = reading.read_topic(session, settings.topic)
    if topic is None:
        raise _missing(session, f"topic {settings.topic}", "30_create_sns_topic")
    confirmed = sum(each.is_confirmed for each in topic.subscriptions)
    return confirmed, len(topic.subscriptions) - confirmed


def _count_confirmed(session: Session, settings: Settings) -> str:
    return str(_subscribers(session, settings)[0])


def _grade_subscribers(session: Session, settings: Settings, answer: str) -> Grade:
    confirmed, pending = _subscribers(session, settings)
    found = {"confirmed": confirmed, "pending": pending, "answer": answer}
    given = number(answer)
    if given is None:
        return not_understood(answer, "a number")
    if given == confirmed:
        deaf = f", and {pending} who have not would hear nothing" if pending else ""
        return Grade(True, f"Right: {confirmed} confirmed{deaf}.", found)
    if pending and given == confirmed + pending:
        text = "Not so: that counts who is subscribed. Who has not confirmed receives nothing."
        return Grade(False, text, found)
    return Grade(False, f"Not so: it is not {given:g}.", found)


SUBSCRIBERS = Exercise(
    name="subscribers",
    notebook="30_create_sns_topic",
    text="If something were published to {topic} at this moment, how many subscribers would "
    "receive it?",
    hints=(
        "A subscription exists at once, but receives nothing until its owner has confirmed it.",
        "`aws sns list-subscriptions-by-topic --topic-arn {topic_arn}` says who has not confirmed.",
    ),
    solve=_count_confirmed,
    grade=_grade_subscribers,
)


def _events(session: Session, settings: Settings) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """What happens, whether the pattern has to match it, and the event as ECS sends it."""
    mine = sample_event(session, settings)
    yield f"the failure of {settings.service}", True, mine
    other = replace(settings, service=f"{settings.service}-2"[-255:], confirm="")
    yield "the failure of another service", False, sample_event(session, other)
    elsewhere = replace(settings, cluster=f"{settings.cluster}-2"[-255:])
    text = "the failure of a service of that name in another cluster"
    yield text, False, sample_event(session, elsewhere)
    done = {"eventName": "SERVICE_DEPLOYMENT_COMPLETED", "eventType": "INFO"}
    yield (
        f"a completed deployment of {settings.service}",
        False,
        {**mine, "detail": {**mine["detail"], **done}},
    )


def _own_pattern(session: Session, settings: Settings) -> str:
    service = session.arn("ecs", f"service/{settings.cluster}/{settings.service}")
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [service],
        "detail": {"eventName": [FAILED_EVENT]},
    }
    return json.dumps(pattern)


def _grade_pattern(session: Session, settings: Settings, answer: str) -> Grade:
    pattern = json_object(answer)
    if isinstance(pattern, str):
        return Grade(False, f"Not understood: {pattern}.", {"answer": answer}, is_understood=False)
    found: dict[str, object] = {}
    wrong = ""
    for what, wanted, event in _events(session, settings):
        matched = _matches(session, pattern, event)
        if isinstance(matched, str):
            return Grade(False, f"Not so: EventBridge refuses it: {matched}", {"answer": answer})
        found[what] = matched
        if matched != wanted and not wrong:
            wrong = f"Not so: it {'matches' if matched else 'does not match'} {what}."
    right = f"Right: of {len(found)} events it matches the failure of {settings.service} alone."
    return Grade(not wrong, wrong or right, found)


def _matches(session: Session, pattern: Mapping[str, Any], event: dict[str, Any]) -> bool | str:
    """EventBridge's own answer (TestEventPattern), or why it refuses the pattern."""
    rule = facts.Rule("", "", "", pattern, (), {})
    try:
        return reading.would_match(session, rule, event)
    except ClientError as error:
        if "InvalidEventPattern" not in str(error.response["Error"].get("Code")):
            raise
        return str(error.response["Error"].get("Message"))


PATTERN = Exercise(
    name="pattern",
    notebook="40_create_event_rule",
    text="The rule catches the failed deployments of every service in the Region. Write an event "
    "pattern, as JSON, that matches those of {service} in cluster {cluster} alone.",
    hints=(
        "Begin with the pattern of the rule. Which field of the event names the service?",
        'The service\'s ARN is in the list "resources": …:service/CLUSTER/NAME.',
        'A field of a pattern is a list of the values that it may have: "resources": ["arn:…"].',
    ),
    solve=_own_pattern,
    grade=_grade_pattern,
    takes_json=True,
)


def _last_alert(session: Session, settings: Settings) -> tuple[facts.Alert, datetime]:
    """The alert of the newest failure, and when its release went out. `MissingPrerequisite`."""
    service = reading.read_service(session, settings.cluster, settings.service)
    failure = service.last_failure if service else None
    alert = find_alert(read_probe(session, settings), failure[0]) if failure else None
    if alert is None or failure is None:
        raise _missing(session, "the alert of a failed deployment", "50_run_failure_drill")
    shipped = reading.read_service_deployments(session, settings.cluster, settings.service)
    began = [each.created_at for each in shipped if each.created_at <= failure[1]]
    return alert, max(began, default=failure[1])


def _minutes(alert: facts.Alert, began: datetime) -> float:
    return (alert.received_at - began).total_seconds() / 60


def _time_to_alert(session: Session, settings: Settings) -> str:
    return f"{_minutes(*_last_alert(session, settings)):.1f}"


def _grade_time(session: Session, settings: Settings, answer: str) -> Grade:
    alert, began = _last_alert(session, settings)
    right, given = _minutes(alert, began), number(answer)
    found = {"minutes": right, "deployment": alert.deployment_id, "answer": answer}
    if given is None:
        return not_understood(answer, "a number of minutes")
    if abs(given - right) > TOLERANCE_MINUTES:
        text = f"Not so: the release went out at {began:%H:%M:%S}; when did the alert come?"
        return Grade(False, text, found)
    text = f"Right: {right:.1f} minutes. ECS tried again and again before it decided."
    return Grade(True, text, found)


TIME_TO_ALERT = Exercise(
    name="time-to-alert",
    notebook="60_review_evidence",
    text="How many minutes passed from the release that failed last to the alert about it?",
    hints=(
        "Two tables above have a time each: the deployment was created, the alert was received.",
        "Half a minute more or less is right, too. 0.5, .5 and 0,5 are the same.",
    ),
    solve=_time_to_alert,
    grade=_grade_time,
)
