"""Room: the text of an alert.

Lives here: the input transformer that makes a mail a person can read of an event, and reading the
deployment back out of such a mail, or out of the raw event.
Never here: AWS calls.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runbook_lib.facts import Alert

TEXT, EVENT = "text", "event"
ALERT_FORMATS = (TEXT, EVENT)
DEPLOYMENT_EVENT = "ECS Deployment State Change"

PATHS: Mapping[str, str] = {
    "deployment": "$.detail.deploymentId",
    "name": "$.detail.eventName",
    "reason": "$.detail.reason",
    "region": "$.region",
    "service": "$.resources[0]",
    "time": "$.time",
}
_LINES = (
    "ECS deployment failed: <service>",
    "Reason: <reason>",
    "Deployment: <deployment>",
    "Event: <name> at <time>, received <aws.events.event.ingestion-time>",
    "Look at it: https://<region>.console.aws.amazon.com/ecs/v2/clusters?region=<region>",
)
TEMPLATE = "\n".join(f'"{line}"' for line in _LINES)
"""Every line is a JSON string of its own, as EventBridge asks for; the quotes stay in the mail.

The service's ARN names cluster and service: the event has neither of them alone, and a transformer
cannot take a text apart, so the link leads to the list of clusters. The time is the event's own:
detail.updatedAt lay 79 and 485 s before it in recordings, so it is not when the deployment failed.
"""
_DEPLOYMENT = re.compile(r"ecs-svc/\d+")
_NAME = re.compile(r"SERVICE_DEPLOYMENT_[A-Z_]+")
_REASON = re.compile(r'^"?Reason: (.*?)"?$', re.MULTILINE)
_TIME = re.compile(r" at (\d{4}-\d\d-\d\dT[\d:.]+Z)")
_INGESTED = re.compile(r"received (\d{4}-\d\d-\d\dT[\d:.]+Z)")


def input_transformer() -> dict[str, Any]:
    """The InputTransformer of PutTargets."""
    return {"InputPathsMap": dict(PATHS), "InputTemplate": TEMPLATE}


def read_alert(body: str, sent_at: datetime) -> Alert | None:
    """The alert in a message of the probe queue: raw or in the SNS envelope, event or text.

    A topic that others use too may bring anything else: that is no alert.
    """
    envelope = _json(body)
    text, published, message_id = body, None, ""
    if isinstance(envelope, dict) and envelope.get("Type") == "Notification":
        text = str(envelope.get("Message", ""))
        published = _moment(envelope.get("Timestamp"))
        message_id = str(envelope.get("MessageId", ""))
    said = _from_event(_json(text)) or _from_text(text)
    if said is None:
        return None
    return Alert(
        text=text, received_at=sent_at, published_at=published, message_id=message_id, **said
    )


def _from_event(event: Any) -> dict[str, Any] | None:
    if not isinstance(event, dict) or event.get("detail-type") != DEPLOYMENT_EVENT:
        return None
    detail = event.get("detail")
    if not isinstance(detail, dict) or "deploymentId" not in detail:
        return None
    return {
        "deployment_id": str(detail["deploymentId"]),
        "event_name": str(detail.get("eventName", "")),
        "reason": str(detail.get("reason", "")),
        "event_time": _moment(event.get("time")),
    }


def _from_text(text: str) -> dict[str, Any] | None:
    deployment, name = _DEPLOYMENT.search(text), _NAME.search(text)
    if deployment is None or name is None:
        return None
    reason, time, ingested = (each.search(text) for each in (_REASON, _TIME, _INGESTED))
    return {
        "deployment_id": deployment[0],
        "event_name": name[0],
        "reason": reason[1] if reason else "",
        "event_time": _moment(time[1]) if time else None,
        "ingested_at": _moment(ingested[1]) if ingested else None,
    }


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
