"""Room: one row of the table.

Lives here: a measured pair of sides, its ratio, its target, and the table made of rows.
Never here: how anything is measured.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

NOT_MEASURED = "not measured"
HEADINGS = ("what", "ours", "against", "theirs", "ratio", "target", "met")


@dataclass(frozen=True, slots=True)
class Target:
    """How a ratio, or a plain number, should be: Target(0.25), Target(2, at_least=True)."""

    limit: float
    at_least: bool = False
    unit: str = "x"

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def missed_by(self, value: float) -> str:
        """0.3 where at most 0.25 was wanted: "20 %"; "" where the target is met."""
        if self.is_met(value):
            return ""
        return f"{abs(value / self.limit - 1):.0%}".replace("%", " %")

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {_number(self.limit)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ours` and `theirs` are texts with their unit; `value` is what the target is about."""

    what: str
    against: str
    ours: str
    theirs: str
    value: float | None
    target: str
    met: bool
    missed_by: str
    command: str
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.value is None else _number(self.value)
        met = "yes" if self.met else f"no, by {self.missed_by}" if self.missed_by else NOT_MEASURED
        return (self.what, self.ours, self.against, self.theirs, ratio, self.target, met)


def side_by_side(
    what: str,
    against: str,
    *,
    ours: Sequence[float],
    theirs: Sequence[float],
    unit: str,
    target: Target,
    command: str,
    note: str = "",
) -> Measurement:
    """Two sides measured in turn, A B A B. The ratio is the median of the ratios pair by pair.

    ours [1, 2, 1], theirs [4, 4, 4]: 0.25.
    """
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return _row(
        what, against, spread(ours, unit), spread(theirs, unit), ratio, target, command, note
    )


def single(
    what: str,
    *,
    value: float,
    shown: str,
    target: Target,
    command: str,
    against: str = "—",
    theirs: str = "",
    note: str = "",
) -> Measurement:
    """A number with a target of its own: seconds, bytes, calls."""
    return _row(what, against, shown, theirs, value, target, command, note)


def not_measured(what: str, against: str, target: Target, command: str, why: str) -> Measurement:
    return Measurement(what, against, "", why, None, str(target), False, "", command)


def _row(
    what: str,
    against: str,
    ours: str,
    theirs: str,
    value: float,
    target: Target,
    command: str,
    note: str,
) -> Measurement:
    return Measurement(
        what=what,
        against=against,
        ours=ours,
        theirs=theirs,
        value=value,
        target=str(target),
        met=target.is_met(value),
        missed_by=target.missed_by(value),
        command=command,
        note=note,
    )


def spread(samples: Sequence[float], unit: str) -> str:
    """The median, and from where to where: "1.2 s (1.1 to 1.9)"."""
    middle = _number(statistics.median(samples))
    if len(samples) == 1:
        return f"{middle} {unit}"
    return f"{middle} {unit} ({_number(min(samples))} to {_number(max(samples))})"


def _number(value: float) -> str:
    """Three digits that matter: 0.0123, 1.23, 12.3, 1230."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}"


def table(rows: Iterable[Measurement]) -> str:
    """The rows as a Markdown table, which reads as well on a terminal."""
    lines = [HEADINGS, *(each.cells for each in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = [_line(line, widths) for line in lines]
    return "\n".join([shown[0], _line(["-" * width for width in widths], widths), *shown[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
