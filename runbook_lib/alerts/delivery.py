"""Room: did the alert arrive, and how did it travel?

Lives here: waiting at the end of the alert chain for the failure of one deployment, and its way hop
by hop with the time of each.
Never here: setting the chain up, what can be wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runbook_lib import facts
from runbook_lib.alerts.chain import EVENT, HOPS, RULE, SUBSCRIBER, TARGET, TOPIC, Finding
from runbook_lib.alerts.diagnosis import FAILED_EVENT, diagnose
from runbook_lib.aws.reading import read_alerts, read_queue
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings

POLL_SECONDS = 5.0
PATIENCE = timedelta(minutes=2)
"""EventBridge and SNS together usually need about a second."""
OK, BROKEN, UNKNOWN, NOT_REACHED = "ok", "broken", "unknown", "not reached"


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop of the alert's way. `seconds` since the hop before it whose time is known.

    `state` is ok, broken, unknown, or not reached.
    """

    hop: str
    state: str
    time: datetime | None
    seconds: float | None
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of one alert. `breaks` are the broken links, first one first; empty if it arrived."""

    deployment_id: str
    hops: tuple[Hop, ...]
    breaks: tuple[Finding, ...] = ()

    @property
    def arrived(self) -> bool:
        return all(each.state == OK for each in self.hops)

    @property
    def broken(self) -> str:
        """The sentence on the first broken link; "" if none is known."""
        return self.breaks[0].found if self.breaks else ""

    def as_record(self) -> dict[str, Any]:
        """As plain values, for the journal and the report."""
        return {
            "broken": next((each.hop for each in self.hops if each.state == BROKEN), ""),
            "hops": [
                {
                    "hop": each.hop,
                    "state": each.state,
                    "time": each.time.isoformat(timespec="milliseconds") if each.time else None,
                    "seconds": each.seconds,
                    "found": each.found,
                    "fix": each.fix,
                }
                for each in self.hops
            ],
        }


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


def find_alert(alerts: Sequence[facts.Alert], deployment_id: str) -> facts.Alert | None:
    for each in alerts:
        if each.deployment_id == deployment_id and each.event_name == FAILED_EVENT:
            return each
    return None


def trace_delivery(
    session: Session,
    settings: Settings,
    *,
    deployment_id: str,
    started_at: datetime | None,
    failed_at: datetime | None,
    alert: facts.Alert | None,
) -> Delivery:
    """The alert's way from UpdateService to the subscriber.

    With an alert its times are read off the message. Without one AWS is asked what is broken, and
    the hops behind the first break are "not reached". Only reads.
    """
    if alert is not None:
        return Delivery(deployment_id, _travelled(deployment_id, started_at, failed_at, alert))
    if failed_at is None:
        return Delivery(deployment_id, _never_sent(deployment_id, started_at))
    breaks = diagnose(session, settings, deployment_id=deployment_id, since=failed_at)
    hops = _stopped(deployment_id, started_at, failed_at, breaks)
    return Delivery(deployment_id, hops, breaks)


def _travelled(
    deployment_id: str,
    started_at: datetime | None,
    failed_at: datetime | None,
    alert: facts.Alert,
) -> tuple[Hop, ...]:
    moments: dict[str, tuple[datetime | None, str]] = {
        "UpdateService": (started_at, f"it began deployment {deployment_id}"),
        "deployment": (failed_at or alert.event_time, "ECS set it FAILED"),
        EVENT: (alert.ingested_at, f"EventBridge received {alert.event_name}"),
        RULE: (None, "the rule matched"),
        TARGET: (None, "EventBridge published to the topic"),
        TOPIC: (alert.published_at, _published(alert)),
        SUBSCRIBER: (alert.received_at, "the probe queue received it"),
    }
    hops: list[Hop] = []
    last: datetime | None = None
    for name in HOPS:
        time, found = moments[name]
        # Clocks of different services, in milliseconds or whole seconds: nothing arrives before.
        seconds = max(0.0, round((time - last).total_seconds(), 3)) if time and last else None
        hops.append(Hop(name, OK, time, seconds, found))
        last = time or last
    return tuple(hops)


def _published(alert: facts.Alert) -> str:
    return f"SNS took it as message {alert.message_id}" if alert.message_id else "SNS took it"


def _never_sent(deployment_id: str, started_at: datetime | None) -> tuple[Hop, ...]:
    """The deployment has not failed, so there is nothing to tell of."""
    first = Hop("UpdateService", OK, started_at, None, f"it began deployment {deployment_id}")
    second = Hop("deployment", NOT_REACHED, None, None, "it has not failed, so nobody is told")
    return (first, second, *(Hop(name, NOT_REACHED, None, None, "") for name in HOPS[2:]))


def _stopped(
    deployment_id: str,
    started_at: datetime | None,
    failed_at: datetime,
    breaks: tuple[Finding, ...],
) -> tuple[Hop, ...]:
    seconds = round((failed_at - started_at).total_seconds(), 3) if started_at else None
    hops = [
        Hop("UpdateService", OK, started_at, None, f"it began deployment {deployment_id}"),
        Hop("deployment", OK, failed_at, seconds, "ECS set it FAILED"),
    ]
    reached = True
    for name in HOPS[2:]:
        here = [each for each in breaks if each.hop == name]
        if here:
            found = "; ".join(each.found for each in here)
            fix = "; ".join(each.fix for each in here)
            hops.append(Hop(name, BROKEN, None, None, found, fix))
        elif not reached:
            hops.append(Hop(name, NOT_REACHED, None, None, ""))
        else:
            state = OK if breaks else UNKNOWN
            hops.append(Hop(name, state, None, None, "nothing wrong is seen" if breaks else _LOOK))
        reached = reached and not here
    return tuple(hops)


_LOOK = "nothing wrong is seen; EventBridge tries again for up to 24 hours"
