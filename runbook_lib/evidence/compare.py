"""Room: what differs between two drills.

Lives here: the comparison as rows, what always differs and so does not count, and the short table.
Never here: judging one drill, reading a journal.

Ids, request ids, moments, ports and revision numbers always differ. How long something took, and
how often it was looked at, is never the same twice: such a row is left out while the two are close.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.evidence.evidence import Call, Cause, Evidence, Hop, SteadyState, load, read
from runbook_lib.evidence.moments import duration, moments_of_drill

SAME, DIFFERENT, UNREADABLE = 0, 1, 2
"""Exit codes of `runbook compare`."""
_NONE = "–"
_COLUMN, _NAME_COLUMN, _NAME_LENGTH = 40, 38, 70
_WAITING = ("deployment", "failure event")
"""The time until these is the time to fail, which has a row of its own."""
_VERBATIM = ("parameter ", "version of ")
"""A parameter nginx:1 is another than nginx:2, though the numbers look like revisions."""
_LOOKING = ("Describe", "List", "Get", "Receive", "Test", "Head")
"""How the operations begin that change nothing."""

_ALWAYS_DIFFERENT = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\becs-svc/\d+"), "ecs-svc/<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(\d{1,3}\.){3}\d{1,3}(:\d+)?"), "<address>"),
    (re.compile(r"(?<=localhost):\d+"), ":<port>"),
    (re.compile(r"(?<=[\w-]):\d+(?=\s|$|[),.])"), ":<revision>"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in both drills; "" is what one of them does not have."""

    what: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two numbers are close if they differ by at most `absolute`, or by `share` of the larger."""

    absolute: float
    share: float

    def is_close(self, left: float, right: float) -> bool:
        return abs(left - right) <= max(self.absolute, self.share * max(left, right))


DEPLOYMENT = Tolerance(absolute=15, share=0.2)
"""Seconds. The runbook looks every 15 s; ECS's own pauses vary by some ten seconds."""
HOP = Tolerance(absolute=5, share=0.5)
"""Seconds. The probe is asked every 5 s; EventBridge and SNS take from tenths to seconds."""
LOOKS = Tolerance(absolute=5, share=0.2)
"""Calls that only look: how many there are follows from how long there was to wait."""


def compare(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What matters and differs between two journals; empty if nothing does."""
    return compare_evidence(read(left), read(right))


def compare_evidence(left: Evidence, right: Evidence) -> tuple[Difference, ...]:
    return (
        *_unequal(_outcome(left), _outcome(right)),
        *_unequal(_causes(left), _causes(right)),
        *_durations(left, right),
        *_unequal(_steady_states(left), _steady_states(right)),
        *_hops(left, right),
        *_unequal(_notebooks(left), _notebooks(right)),
        *_unequal(_given(left), _given(right)),
        *_calls(left, right),
    )


def compare_files(left: Path, right: Path) -> tuple[Difference, ...]:
    """The same for two `journal.json`, or folders with one. Raises `UnreadableEvidence`."""
    return compare(load(left), load(right))


def _unequal(left: Mapping[str, str], right: Mapping[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys((*left, *right)):
        a, b = left.get(name, ""), right.get(name, "")
        if a != b and (name.startswith(_VERBATIM) or without_ids(a) != without_ids(b)):
            yield Difference(name, a, b)


def without_ids(text: str) -> str:
    """ "my-task:1 (ecs-svc/320…)" → "my-task:<revision> (ecs-svc/<id>)"."""
    for pattern, instead in _ALWAYS_DIFFERENT:
        text = pattern.sub(instead, text)
    return text


def _outcome(told: Evidence) -> dict[str, str]:
    verdict = told.verdict
    if verdict is None:
        return {"verdict": "none"}
    return {
        "verdict": "pass" if verdict.passed else "fail",
        "ended": verdict.ending,
        "ended by": verdict.ended_by,
        "AWS's reason": verdict.reason,
        "rolled back to": verdict.rolled_back_to,
        "failures": _number(verdict.failures),
        "threshold": _number(verdict.threshold),
        "alert": "arrived" if verdict.alert_arrived else "did not arrive",
        "not confirmed": ", ".join(sorted(verdict.unconfirmed)),
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _causes(told: Evidence) -> dict[str, str]:
    found = told.verdict.causes if told.verdict else ()
    return {f"cause: {without_ids(each.reason)}": _cause(each) for each in found}


def _cause(cause: Cause) -> str:
    """3 tasks, container web, exit code 1"""
    count = cause.count if cause.count is not None else len(cause.tasks)
    parts = [f"{count} task" if count == 1 else f"{count} tasks"]
    if cause.container:
        parts.append(f"container {cause.container}")
    if cause.exit_code is not None:
        parts.append(f"exit code {cause.exit_code}")
    return ", ".join(parts)


def _steady_states(told: Evidence) -> dict[str, str]:
    return {
        f"steady state {when}": _steady(found)
        for when, found in (("before", told.before), ("after", told.after))
    }


def _steady(found: SteadyState | None) -> str:
    if found is None:
        return "not measured"
    wrong = [f"{p.name} {p.value}, not {p.tolerance}" for p in found.probes if not p.met]
    return "met" if found.met else f"deviated: {', '.join(wrong)}"


def _notebooks(told: Evidence) -> dict[str, str]:
    return {
        f"notebook {each.name}": f"{each.state}: {each.error}" if each.error else each.state
        for each in told.notebooks
    }


def _given(told: Evidence) -> dict[str, str]:
    """Where it ran, with which parameters and versions."""
    return {
        "target": told.target,
        "account": told.account,
        "region": told.region,
        **{f"parameter {name}": value for name, value in told.parameters.items()},
        **{f"version of {name}": value for name, value in told.versions.items()},
    }


def _durations(left: Evidence, right: Evidence) -> Iterator[Difference]:
    a, b = moments_of_drill(left), moments_of_drill(right)
    for what, tolerance, one, other in (
        ("time to fail", DEPLOYMENT, a.seconds_to_fail, b.seconds_to_fail),
        ("failure to rollback", DEPLOYMENT, a.seconds_to_roll_back, b.seconds_to_roll_back),
        ("failure to alert", HOP, a.seconds_to_alert, b.seconds_to_alert),
    ):
        if not _are_close(one, other, tolerance):
            yield Difference(what, duration(one), duration(other))


def _are_close(left: float | None, right: float | None, tolerance: Tolerance) -> bool:
    if left is None or right is None:
        return left is right
    return tolerance.is_close(left, right)


def _hops(left: Evidence, right: Evidence) -> Iterator[Difference]:
    """A hop's state, and how long it took."""
    a, b = ({each.hop: each for each in told.hops} for told in (left, right))
    for name in dict.fromkeys((*a, *b)):
        one, other = a.get(name), b.get(name)
        took, other_took = (each.seconds if each else None for each in (one, other))
        state_differs = (one.state if one else "") != (other.state if other else "")
        is_slow = name not in _WAITING and not _are_close(took, other_took, HOP)
        if state_differs or is_slow:
            yield Difference(f"hop {name}", _hop(one), _hop(other))


def _hop(hop: Hop | None) -> str:
    if hop is None:
        return ""
    took = f", {duration(hop.seconds)}" if hop.seconds is not None else ""
    return f"{hop.state}{took}"


def _calls(left: Evidence, right: Evidence) -> Iterator[Difference]:
    a, b = Counter(map(_operation, left.calls)), Counter(map(_operation, right.calls))
    for name in sorted({*a, *b}):
        tolerance = LOOKS if _only_looks(name) else Tolerance(absolute=0, share=0)
        if (a[name] == 0) != (b[name] == 0) or not tolerance.is_close(a[name], b[name]):
            yield Difference(f"calls {name}", str(a[name]), str(b[name]))
    c, d = _refused(left.calls), _refused(right.calls)
    for name in sorted({*c, *d}):
        if c[name] != d[name]:
            yield Difference(f"refused {name}", str(c[name]), str(d[name]))


def _operation(call: Call) -> str:
    return f"{call.service}:{call.operation}"


def _only_looks(operation: str) -> bool:
    return operation.partition(":")[2].startswith(_LOOKING)


def _refused(calls: Sequence[Call]) -> Counter[str]:
    return Counter(f"{_operation(each)}, {each.error}" for each in calls if each.failed)


def as_table(differences: Sequence[Difference]) -> str:
    """what | A | B, or the one line that says that nothing differs."""
    if not differences:
        return "Nothing that matters differs."
    rows = [
        ("what", "A", "B"),
        *((_short(each.what), each.left, each.right) for each in differences),
    ]
    cells = [
        [
            textwrap.wrap(text or _NONE, width)
            for text, width in zip(row, (_NAME_COLUMN, _COLUMN, _COLUMN), strict=True)
        ]
        for row in rows
    ]
    widths = [max(len(line) for row in cells for line in row[n]) for n in range(3)]
    return "\n".join(line for row in cells for line in _lines(row, widths))


def _short(what: str) -> str:
    """The reason of a cause may be long; its beginning says which it is."""
    return textwrap.shorten(what, _NAME_LENGTH, placeholder=" …")


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number in range(max(map(len, row))):
        parts = [cell[number] if number < len(cell) else "" for cell in row]
        padded = [part.ljust(width) for part, width in zip(parts, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def heading(name: str, path: Path, told: Evidence) -> str:
    """A  out/monday  2026-01-05 09:00 UTC, emulator 123456789876 eu-west-1"""
    when = f"{told.started:%Y-%m-%d %H:%M} UTC, " if told.started else ""
    where = " ".join(filter(None, (told.target, told.account, told.region)))
    return f"{name}  {path}  {when}{where}".rstrip()


def told_files(left: Path, right: Path) -> tuple[str, int]:
    """What `runbook compare` prints, and its exit code. Raises `UnreadableEvidence`."""
    a, b = read(load(left)), read(load(right))
    found = compare_evidence(a, b)
    lines = (heading("A", left, a), heading("B", right, b), "", as_table(found))
    return "\n".join(lines), DIFFERENT if found else SAME
