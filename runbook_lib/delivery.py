"""Room: did the alert arrive?

Lives here: waiting at the end of the alert chain for the failure of one deployment.
Never here: setting the chain up.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from runbook_lib import facts
from runbook_lib.reading import read_alerts, read_queue, read_rule
from runbook_lib.session import Session
from runbook_lib.settings import Settings

FAILED_EVENT = "SERVICE_DEPLOYMENT_FAILED"
POLL_SECONDS = 5.0
PATIENCE = timedelta(minutes=2)
"""EventBridge and SNS together usually need about a second."""


def await_alert(
    session: Session, settings: Settings, deployment_id: str, *, timeout: timedelta = PATIENCE
) -> facts.Alert | None:
    """The failure event of this deployment at the probe queue; None if it has not come in time."""
    deadline = session.clock.now() + timeout
    while True:
        found = find_alert(read_probe(session, settings), deployment_id)
        if found is not None or session.clock.now() >= deadline:
            return found
        session.clock.sleep(POLL_SECONDS)


def read_probe(session: Session, settings: Settings) -> tuple[facts.Alert, ...]:
    """Everything at the probe, oldest first; empty if there is no probe."""
    queue = read_queue(session, settings.probe_queue)
    return read_alerts(session, queue) if queue else ()


def find_alert(alerts: tuple[facts.Alert, ...], deployment_id: str) -> facts.Alert | None:
    for each in alerts:
        if each.deployment_id == deployment_id and each.event_name == FAILED_EVENT:
            return each
    return None


def sample_event(session: Session, settings: Settings) -> dict[str, Any]:
    """A failure event as ECS sends it, for this account, Region and service."""
    head = f"{session.region}:{session.account}"
    return {
        "version": "0",
        "id": "12345abc-2f7c-f86a-e544-a69218eb1446",
        "detail-type": "ECS Deployment State Change",
        "source": "aws.ecs",
        "account": session.account,
        "time": "2024-11-19T17:42:41Z",
        "region": session.region,
        "resources": [f"arn:aws:ecs:{head}:service/{settings.cluster}/{settings.service}"],
        "detail": {
            "eventType": "ERROR",
            "eventName": FAILED_EVENT,
            "clusterArn": f"arn:aws:ecs:{head}:cluster/{settings.cluster}",
            "deploymentId": "ecs-svc/9876543210987654321",
            "updatedAt": "2024-11-19T17:42:40.73Z",
            "reason": "ECS deployment circuit breaker: tasks failed to start.",
        },
    }


def rule_would_match(session: Session, settings: Settings) -> bool:
    """Ask EventBridge (TestEventPattern) whether the rule's pattern matches such an event."""
    rule = read_rule(session, settings.rule)
    if rule is None:
        return False
    reply = session.client("events").test_event_pattern(
        EventPattern=json.dumps(rule.event_pattern),
        Event=json.dumps(sample_event(session, settings)),
    )
    return bool(reply["Result"])
