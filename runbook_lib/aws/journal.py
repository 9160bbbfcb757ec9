"""Room: the record of a run.

Lives here: one entry for each AWS call, state change and recorded fact, as JSON lines, and the
`journal.json` made of them.
Never here: credentials, tokens, message bodies. Inputs are kept for calls that change something.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

JOURNAL_VARIABLE = "RUNBOOK_JOURNAL"
"""Environment variable with the file that a run's entries are appended to."""
RECORD_TYPE = "application/vnd.runbook.record+json"
_SECRET_MEMBERS = ("Token", "token", "Password", "SecretString", "clientToken")


class Journal:
    """Appends entries to a file, if there is one, and keeps them.

    An entry is a dict with `kind` ("call", "state", "record"), `time` (ISO 8601) and what the kind
    adds. The time of a call is that of its answer.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.entries: list[dict[str, Any]] = []

    @classmethod
    def from_environment(cls) -> Journal:
        name = os.environ.get(JOURNAL_VARIABLE)
        return cls(Path(name) if name else None)

    def note(self, kind: str, time: datetime | None, **fields: Any) -> None:
        moment = time.isoformat(timespec="milliseconds") if time else None
        entry = {"kind": kind, "time": moment, **fields}
        self.entries.append(entry)
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry, default=str) + "\n")


def masked(value: Any) -> Any:
    """The same value with the members that hold a secret left out: Token → "…".

    The values of a container's environment count as secrets.
    """
    if isinstance(value, Mapping):
        return {
            key: "…"
            if key in _SECRET_MEMBERS
            else _nameless(each)
            if key == "environment"
            else masked(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return value


def _nameless(environment: Any) -> Any:
    if not isinstance(environment, list | tuple):
        return masked(environment)
    return [{**each, "value": "…"} if isinstance(each, Mapping) else each for each in environment]


def read_entries(file: Path) -> list[dict[str, Any]]:
    """The entries of a JSON-lines journal. A last line cut off by a crash is left out."""
    entries = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def record(name: str, value: Any) -> None:
    """Show `name = value` in the notebook and keep it as a fact that a program can read.

    The value is a text, number, truth value or None. Tests and `runbook drill` read it with
    `read_records`.
    """
    record_facts({name: value}, f"{name} = {value!r}")


def record_facts(facts: Mapping[str, Any], text: str, *, html: str = "") -> None:
    """Keep several facts at once; the notebook shows only `text`, where it can as `html`."""
    for name, value in facts.items():
        if value is not None and not isinstance(value, str | int | float | bool):
            raise TypeError(f"record({name!r}): a {type(value).__name__} is no plain value")
    from IPython.display import display  # a pipeline that records nothing does without

    shown = {"text/plain": text, **({"text/html": html} if html else {})}
    display({RECORD_TYPE: dict(facts), **shown}, raw=True)
    Journal.from_environment().note("record", None, facts=dict(facts))


def read_records(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that an executed notebook recorded: name → value."""
    found: dict[str, Any] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if entry := output.get("data", {}).get(RECORD_TYPE):
                found |= entry
    return found
