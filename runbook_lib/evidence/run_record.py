"""Room: what happened in a run, as one document.

Lives here: the content of `journal.json`: versions, parameters, notebooks, calls, states, verdict.
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

from runbook_lib.aws.journal import masked
from runbook_lib.aws.session import Session
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
    """What is known of a run while it goes on. `records` are the facts that notebooks recorded."""

    started: datetime
    notebooks: list[NotebookRun]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

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

    def journal(
        self, session: Session, settings: Settings, entries: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The document: `entries` are the lines that the kernel and the library wrote.

        Of several verdicts the first that fails counts, else the first.
        """
        verdicts = _of_kind(entries, "verdict", "verdict")
        decisive = next((n for n, each in enumerate(verdicts) if not each["passed"]), 0)
        return {
            "versions": {name: version(name) for name in _PACKAGES},
            "target": session.target,
            "account": session.account,
            "region": session.region,
            "caller": session.caller,
            "started": _text(self.started),
            "ended": _text(session.clock.now()),
            "parameters": masked({name: getattr(settings, name) for name in PARAMETERS}),
            "notebooks": [each.as_json() for each in self.notebooks],
            "steady_states": {
                "before": _nth(_of_kind(entries, "steady_state", "state", when="before"), 0),
                "after": _nth(_of_kind(entries, "steady_state", "state", when="after"), decisive),
            },
            "verdict": _nth(verdicts, decisive),
            "delivery": _nth(_of_kind(entries, "delivery", "delivery"), decisive),
            "records": self.records,
            "entries": [each for each in entries if each.get("kind") not in _TOLD_APART],
        }


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
