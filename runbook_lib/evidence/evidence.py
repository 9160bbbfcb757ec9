"""Room: what the journal of a drill says.

Lives here: `journal.json` as frozen facts, with secrets taken out.
Never here: AWS calls, what follows from it, how it is shown.

A run may break off anywhere, and an old journal may know less. So what is missing or is of another
kind than it should be is empty here, never an error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from runbook_lib.errors import RunbookError
from runbook_lib.evidence.scrubbing import scrubbed

JOURNAL_FILE = "journal.json"
_MARKS = ("entries", "verdict", "records", "notebooks")
"""A journal has at least one of these."""
_READS = ("Get", "Describe", "List")
_ABSENT = re.compile(r"NotFound|NonExistent|DoesNotExist|NoSuchEntity")
_NOT_EMULATED = {("GetServiceQuota", "NotImplemented")}
_Fact = TypeVar("_Fact")


class UnreadableEvidence(RunbookError):
    fmt = "{file}: {problem}."

    def __init__(self, *, file: Path, problem: str) -> None:
        super().__init__(file=str(file), problem=problem)


@dataclass(frozen=True, slots=True)
class Notebook:
    """`state` is "ok", "failed" or "not run"."""

    name: str
    state: str
    seconds: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Probe:
    name: str
    tolerance: str
    value: str
    met: bool


@dataclass(frozen=True, slots=True)
class SteadyState:
    met: bool
    time: datetime | None
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Tasks that stopped for the same reason; `meaning` is that reason in plain words."""

    reason: str
    container: str
    exit_code: int | None
    count: int | None
    tasks: tuple[str, ...]
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ended_by`: "circuit breaker", "deployment alarm", "a person" or ""."""

    passed: bool
    sentence: str
    next_step: str
    deployment: str
    ending: str
    ended_by: str
    reason: str
    failures: int | None
    threshold: int | None
    task_definition: str
    rolled_back_to: str
    causes: tuple[Cause, ...]
    alert_arrived: bool
    unconfirmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """`state` is "ok", "broken", "unknown" or "not reached"; `seconds` since the hop before."""

    hop: str
    state: str
    time: datetime | None
    seconds: float | None
    found: str
    fix: str


@dataclass(frozen=True, slots=True)
class Call:
    time: datetime | None
    service: str
    operation: str
    status: int | None
    request_id: str
    error: str

    @property
    def answer(self) -> str:
        """What an error says that is no failure: "not there" or "not emulated"; else "".

        A read that asks whether something exists may hear that it does not, by whatever name the
        service has for that. And the emulator has no quotas to tell.
        """
        if self.operation.startswith(_READS) and _ABSENT.search(self.error):
            return "not there"
        return "not emulated" if (self.operation, self.error) in _NOT_EMULATED else ""

    @property
    def failed(self) -> bool:
        return bool(self.error) and not self.answer


@dataclass(frozen=True, slots=True)
class Deployment:
    id: str
    status: str
    rollout_state: str
    task_definition: str
    desired: int | None
    running: int | None
    pending: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    time: datetime | None
    service: str
    desired: int | None
    running: int | None
    pending: int | None
    threshold: int | None
    deployments: tuple[Deployment, ...]

    def deployment(self, deployment_id: str) -> Deployment | None:
        return next((each for each in self.deployments if each.id == deployment_id), None)

    @property
    def primary(self) -> Deployment | None:
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)


@dataclass(frozen=True, slots=True)
class Happening:
    """`source` is "service event", "deployment" or "runbook"."""

    time: datetime
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A whole journal. `before` and `after` are the steady states, `broken` names a hop or "".

    `started` and `ended` are of the target's clock; `ran_at` is real, and not in old journals.
    """

    target: str
    account: str
    region: str
    caller: str
    endpoint: str
    ran_at: datetime | None
    started: datetime | None
    ended: datetime | None
    versions: dict[str, str]
    parameters: dict[str, str]
    notebooks: tuple[Notebook, ...]
    before: SteadyState | None
    after: SteadyState | None
    verdict: Verdict | None
    broken: str
    hops: tuple[Hop, ...]
    calls: tuple[Call, ...]
    snapshots: tuple[Snapshot, ...]
    happenings: tuple[Happening, ...]


def load(path: Path) -> dict[str, Any]:
    """The content of a `journal.json`, or of the one in a folder of evidence.

    Raises `UnreadableEvidence`, which says in one line which file and why.
    """
    file = path / JOURNAL_FILE if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableEvidence(file=file, problem=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableEvidence(file=file, problem=f"no JSON: {error}") from error
    if not isinstance(content, dict) or not any(name in content for name in _MARKS):
        raise UnreadableEvidence(file=file, problem="JSON, but no journal of a drill")
    return content


def read(journal: Mapping[str, Any]) -> Evidence:
    """A journal's content as facts, with what is secret taken out."""
    told = scrubbed(journal)
    states, delivery = _members(told.get("steady_states")), _members(told.get("delivery"))
    entries = _mappings(told.get("entries"))
    where = {name: _text(told.get(name)) for name in ("target", "account", "region", "caller")}
    return Evidence(
        **where,
        endpoint=_text(told.get("endpoint")),
        ran_at=_moment(told.get("ran_at")),
        started=_moment(told.get("started")),
        ended=_moment(told.get("ended")),
        versions=_texts_by_name(told.get("versions")),
        parameters=_texts_by_name(told.get("parameters")),
        notebooks=_all(Notebook, told.get("notebooks")),
        before=_one(SteadyState, states.get("before")),
        after=_one(SteadyState, states.get("after")),
        verdict=_one(Verdict, told.get("verdict")),
        broken=_text(delivery.get("broken")),
        hops=_all(Hop, delivery.get("hops")),
        calls=_all(Call, [each for each in entries if each.get("kind") == "call"]),
        snapshots=_snapshots(entries),
        happenings=_happenings(entries),
    )


def read_snapshots(entries: Iterable[Mapping[str, Any]]) -> tuple[Snapshot, ...]:
    """The snapshots among a journal's entries, oldest first; those without a time are left out."""
    return _snapshots(
        scrubbed([e for e in _mappings(list(entries)) if e.get("kind") == "snapshot"])
    )


def read_hops(hops: Iterable[Mapping[str, Any]]) -> tuple[Hop, ...]:
    return _all(Hop, scrubbed(list(hops)))


def _snapshots(entries: Sequence[Mapping[str, Any]]) -> tuple[Snapshot, ...]:
    found = _all(Snapshot, [each for each in entries if each.get("kind") == "snapshot"])
    timed = [(each.time, each) for each in found if each.time is not None]
    return tuple(each for _, each in sorted(timed, key=lambda pair: pair[0]))


def _happenings(entries: Sequence[Mapping[str, Any]]) -> tuple[Happening, ...]:
    """Service events, changes of state and the runbook's own acts, in the order of time."""
    members = {
        "event": ("service event", "message"),
        "state": ("deployment", "line"),
        "step": ("runbook", "operation"),
    }
    found: dict[Happening, None] = {}
    for entry in entries:
        source, member = members.get(_text(entry.get("kind")), ("", ""))
        moment, text = _moment(entry.get("time")), _text(entry.get(member))
        if source and moment is not None and text:
            found[Happening(moment, source, " ".join(text.split()))] = None
    return tuple(sorted(found, key=lambda each: each.time))


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    listed = value if isinstance(value, list | tuple) else ()
    return [each for each in listed if isinstance(each, Mapping)]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list | tuple) else ()


def _texts_by_name(value: Any) -> dict[str, str]:
    return {_text(name): _text(each) for name, each in _members(value).items()}


def _number(value: Any) -> float | None:
    """A number that may be one: no truth value, not infinite, no more than a million million."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and abs(value) <= 1e12 else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _moment(value: Any) -> datetime | None:
    """ISO 8601, in UTC; without an offset it is taken for UTC."""
    try:
        moment = datetime.fromisoformat(_text(value))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_READERS: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "bool": lambda value: value is True,
    "int | None": _count,
    "float | None": _number,
    "datetime | None": _moment,
    "tuple[str, ...]": _texts,
    "tuple[Probe, ...]": lambda value: _all(Probe, value),
    "tuple[Cause, ...]": lambda value: _all(Cause, value),
    "tuple[Deployment, ...]": lambda value: _all(Deployment, value),
}
"""How a member is read, by what its fact is annotated with."""
_FORMERLY = {"fix": "mend"}


def _one(kind: type[_Fact], value: Any) -> _Fact | None:
    if not isinstance(value, Mapping):
        return None
    members = fields(kind)  # type: ignore[arg-type]  # every kind here is a dataclass
    found = {e: value.get(e.name, value.get(_FORMERLY.get(e.name, ""))) for e in members}
    return kind(**{each.name: _READERS[str(each.type)](was) for each, was in found.items()})


def _all(kind: type[_Fact], value: Any) -> tuple[_Fact, ...]:
    found = [_one(kind, each) for each in _mappings(value)]
    return tuple(each for each in found if each is not None)
