"""Room: where a learner is, in words.

Lives here: the sentence with place and minutes, a line for each part, a line for the way.
Never here: finding it out, drawing it. Nothing here differs from account to account or day to day.
"""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.evidence.scrubbing import clean
from runbook_lib.overview.parts import (
    ABSENT,
    BAD,
    BUSY,
    EVENT,
    GOOD,
    READER,
    UNKNOWN,
    Part,
    Parts,
)
from runbook_lib.overview.way import DONE, HERE, LEFT_OUT, NEXT, Way

SIGNS: Mapping[str, str] = {GOOD: "✓", BUSY: "▸", ABSENT: "○", BAD: "!", UNKNOWN: "?"}
HERE_SIGN = "●"
_LONGEST = 60
_NAMED = {DONE: "Done", HERE: "Here", NEXT: "Next", LEFT_OUT: "Not done"}
_MADE: Mapping[str, str] = {EVENT: "brings it about", READER: "subscribes one"}


def sign_of(part: Part, notebook: str) -> str:
    """The sign of its state; of one that is absent and made here, the sign of the place."""
    is_to_be_made = part.look == ABSENT and part.notebook == notebook
    return HERE_SIGN if is_to_be_made else SIGNS[part.look]


def sentence(way: Way) -> str:
    """ "Part 3 of 8: Create the service with its circuit breaker. About 40 minutes to go."."""
    title = f"{way.place}: {way.here.page.title}."
    if not way.time_left:
        return title
    if way.is_lab:
        return f"{title} {_capital(way.here.time)}; all labs that are left, {way.time_left}."
    return f"{title} {_capital(way.time_left)} to go."


def way_line(way: Way) -> str:
    """ "Done: 00, 10. Here: 20. Next: 30."."""
    said = []
    for state, name in _NAMED.items():
        numbers = [each.page.number for each in way.steps if each.state == state]
        if numbers:
            said.append(f"{name}: {', '.join(numbers)}.")
    return " ".join(said)


def part_line(part: Part, notebook: str) -> str:
    """ "● service my-sample-service: absent (this notebook makes it)"."""
    name = f"{part.kind} {_short(part.name)}".strip()
    made = "looks at it" if part.was_there else _MADE.get(part.kind, "makes it")
    here = f" (this notebook {made})" if part.notebook == notebook else ""
    return clean(f"{sign_of(part, notebook)} {name}: {part.state}{here}")


def lines(way: Way, parts: Parts | None = None) -> list[str]:
    """All of it: the sentence, the parts, the way."""
    notebook = way.here.page.notebook
    told = [part_line(each, notebook) for each in parts.all] if parts else []
    return [sentence(way), *told, way_line(way)]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
