"""Room: what happened in a run, as one document.

Lives here: the content of `journal.json`: versions, parameters, notebooks, calls, states, verdict,
and who would be told: that is read while the run goes on.
Never here: running notebooks, what a report makes of it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib.aws import reading
from runbook_lib.aws.clock import WallClock
from runbook_lib.aws.journal import masked
from runbook_lib.aws.session import Session
from runbook_lib.errors import RunbookError
from runbook_lib.evidence.who_is_told import CONFIRMED, PENDING
from runbook_lib.facts.settings import PARAMETERS, Settings

OK, FAILED, NOT_RUN = "ok", "failed", "not run"
_PACKAGES = ("ecs-circuit-breaker-runbook", "boto3", "papermill")
_TOLD_APART = ("steady_state", "verdict", "delivery")
"""Kinds of entries that stand in the document under a name of their own."""


@dataclass
class NotebookRun:
    """`seconds` of real time, also where the target's clock leaps."""

    name: str
    state: str = NOT_RUN
    seconds: float | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "seconds": self.seconds,
            "error": self.error,
        }


@dataclass
class RunRecord:
    """What is known of a run while it goes on. `records` are the facts that notebooks recorded.

    `started` is of the target's clock, which on the emulator is virtual; `ran_at` is real.
    `told` is who would be told, as far as somebody has looked.
    """

    started: datetime
    notebooks: list[NotebookRun]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    ran_at: datetime = field(default_factory=WallClock().now)
    told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, names: Sequence[str], started: datetime) -> RunRecord:
        return cls(started, [NotebookRun(name) for name in names])

    @contextlib.contextmanager
    def notebook(self, name: str) -> Iterator[None]:
        """Around the run of one notebook: how it ended, and after how long."""
        own = next(each for each in self.notebooks if each.name == name)
        begun = time.perf_counter()
        try:
            yield
        except BaseException as error:
            own.state = FAILED
            own.error = f"{getattr(error, 'ename', type(error).__name__)}: {_line(error)}"
            raise
        else:
            own.state = OK
        finally:
            own.seconds = round(time.perf_counter() - begun, 3)

    def look_who_is_told(self, session: Session, settings: Settings, deployment: str) -> None:
        """Keep the topic's subscribers and the alert of this deployment, as they are now.

        After 90_clean_up there is no topic to ask: what was seen before is kept then.
        """
        try:
            topic = reading.read_topic(session, settings.topic)
            alert = _arrived(session, settings, deployment)
        except (RunbookError, ClientError, BotoCoreError, OSError):
            return  # the evidence is written all the same
        if topic is not None:
            self.told["subscribers"] = [
                {
                    "protocol": each.protocol,
                    "endpoint": each.endpoint,
                    "state": CONFIRMED if each.is_confirmed else PENDING,
                }
                for each in topic.subscriptions
            ]
        if alert is not None:
            self.told["alert"] = alert

    def journal(
        self, session: Session, settings: Settings, entries: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The document: `entries` are the lines that the kernel and the library wrote.

        Of several verdicts the first that fails counts, else the first.
        """
        verdicts = _of_kind(entries, "verdict", "verdict")
        decisive = next((n for n, each in enumerate(verdicts) if not each["passed"]), 0)
        verdict = _nth(verdicts, decisive)
        if not self.told and all(each.state != FAILED for each in self.notebooks):
            self.look_who_is_told(session, settings, (verdict or {}).get("deployment", ""))
        return {
            "versions": {name: version(name) for name in _PACKAGES},
            "target": session.target,
            "account": session.account,
            "region": session.region,
            "caller": session.caller,
            "ran_at": _text(self.ran_at),
            "started": _text(self.started),
            "ended": _text(session.clock.now()),
            "parameters": masked({name: getattr(settings, name) for name in PARAMETERS}),
            "notebooks": [each.as_json() for each in self.notebooks],
            "steady_states": {
                "before": _nth(_of_kind(entries, "steady_state", "state", when="before"), 0),
                "after": _nth(_of_kind(entries, "steady_state", "state", when="after"), decisive),
            },
            "verdict": verdict,
            "delivery": _nth(_of_kind(entries, "delivery", "delivery"), decisive),
            "told": self.told or None,
            "records": self.records,
            "entries": [each for each in entries if each.get("kind") not in _TOLD_APART],
        }


def _arrived(session: Session, settings: Settings, deployment: str) -> dict[str, str] | None:
    """The alert in the mailbox if it can be read, else at the probe queue; None if in neither."""
    if not deployment:
        return None
    for mail in session.mailbox.mails(settings.email):
        if mail["kind"] == "notification" and deployment in mail["body"]:
            where = f"the mailbox of {mail['to']}"
            return {"where": where, "subject": mail["subject"], "text": mail["body"]}
    queue = reading.read_queue(session, settings.probe_queue)
    for alert in reading.read_alerts(session, queue) if queue else ():
        if alert.deployment_id == deployment and alert.event_name.endswith("_FAILED"):
            where = f"the probe queue {settings.probe_queue}"
            return {"where": where, "subject": "", "text": alert.text}
    return None


def _line(error: BaseException) -> str:
    return " ".join(str(getattr(error, "evalue", error)).split())


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _of_kind(
    entries: Sequence[Mapping[str, Any]], kind: str, member: str, **wanted: str
) -> list[Any]:
    """The drill is judged twice: while it is watched, and once more from what is left."""
    return [
        each[member]
        for each in entries
        if each.get("kind") == kind and all(each.get(k) == v for k, v in wanted.items())
    ]


def _nth(found: Sequence[Any], number: int) -> Any:
    return found[number] if number < len(found) else None
