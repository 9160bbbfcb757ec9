"""Room: what a learner has done so far.

Lives here: `progress.json` in the learner's own folder: answers, predictions and verdicts by
notebook, the score, and forgetting a part of it.
Never here: what is right (exercises), showing it.

    {"version": 1, "notebooks": {"20_create_service": {
        "exercise": {"threshold": {"answer": "…", "right": true, "tries": 2}},
        "verdict": {"steady": {"answer": "…", "right": true, "tries": 1}}}}}

Nothing in it says who the learner is: what was answered, whether it was right, how often it was
tried. Keys and passwords in an answer are taken out, as in a report; account ids are not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.errors import BadParameter
from runbook_lib.evidence.scrubbing import scrubbed
from runbook_lib.learner.folder import write_whole

NAME = "progress.json"
VERSION = 1
CHALLENGE, EXERCISE, PREDICTION = "challenge", "exercise", "prediction"
QUESTION, VERDICT = "question", "verdict"
COUNTS = (CHALLENGE, EXERCISE, QUESTION, VERDICT)
"""What the score is made of. A prediction that was wrong is a good one, too: it is only shown."""
LONGEST_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was answered or done; `right` is None for what nobody grades."""

    notebook: str
    kind: str
    name: str
    answer: str
    right: bool | None
    tries: int


@dataclass(frozen=True, slots=True)
class Progress:
    """All entries, in the order of the notebooks."""

    entries: tuple[Entry, ...] = ()

    @property
    def score(self) -> tuple[int, int]:
        """How many are right, of how many that were tried: (3, 4). Predictions do not count."""
        counted = [each for each in self.entries if each.kind in COUNTS]
        return sum(each.right is True for each in counted), len(counted)

    def of(self, notebook: str) -> tuple[Entry, ...]:
        return tuple(each for each in self.entries if each.notebook == notebook)

    def is_done(self, notebook: str) -> bool:
        """Is there something of it, and nothing that was wrong at last?"""
        found = [each for each in self.of(notebook) if each.kind in COUNTS]
        return bool(found) and all(each.right for each in found)


def read_progress(folder: Path | None) -> Progress:
    """Raises `BadParameter` for a file that is no record of progress."""
    notebooks = _read(folder / NAME) if folder else {}
    return Progress(
        tuple(
            Entry(notebook, kind, name, each["answer"], each["right"], each["tries"])
            for notebook in sorted(notebooks)
            for kind, named in notebooks[notebook].items()
            for name, each in named.items()
        )
    )


def note(
    folder: Path | None, notebook: str, kind: str, name: str, answer: object, right: bool | None
) -> None:
    """Keep what was answered last. Without a folder of the learner's own nothing is kept."""
    if folder is None:
        return
    notebooks = _read(folder / NAME)
    named = notebooks.setdefault(notebook, {}).setdefault(kind, {})
    text = str(scrubbed(str(answer)))[:LONGEST_ANSWER]
    tries = named[name]["tries"] + 1 if name in named else 1
    named[name] = {"answer": text, "right": right, "tries": tries}
    _write(folder, notebooks)


def forget(folder: Path, notebook: str = "") -> int:
    """Forget what is known of this notebook, or of all; returns of how many entries.

    "20" is enough for "20_create_service". Raises `BadParameter` for one of which nothing is known.
    """
    notebooks = _read(folder / NAME)
    chosen = [name for name in notebooks if not notebook or _is(name, notebook)]
    if notebook and not chosen:
        known = ", ".join(notebooks) or "nothing"
        raise BadParameter(
            name="--reset",
            problem=f"nothing is known of {notebook!r}; there is {known}",
            example="20_create_service",
        )
    gone = sum(len(named) for name in chosen for named in notebooks.pop(name).values())
    _write(folder, notebooks)
    return gone


def _is(name: str, wanted: str) -> bool:
    return name == wanted or name.startswith(f"{wanted}_")


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
        notebooks: Mapping[str, Any] = content["notebooks"]
        return {name: {k: dict(n) for k, n in kinds.items()} for name, kinds in notebooks.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadParameter(
            name=NAME,
            problem=f"{file} is no record of progress; delete it to begin a new one",
            example='{"version": 1, "notebooks": {}}',
        ) from error


def _write(folder: Path, notebooks: Mapping[str, Any]) -> None:
    content = {"version": VERSION, "notebooks": notebooks}
    write_whole(folder / NAME, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
