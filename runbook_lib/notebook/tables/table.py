"""Room: what a table looks like.

Lives here: `Table`, a DataFrame that is shown as a reader wants it, and how a value is written.
Never here: which columns a table has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

_LINE_BREAK = "\u2028"
"""Stands for a line break until pandas has escaped everything else."""
_MAIL_CELL = re.compile(rf"<td>(?=[^<]*{_LINE_BREAK})")
_SHORT_CELL = re.compile(r"<td>([^<]{1,20})</td>")
_LONG_WORD = re.compile(r"[^\s<>&;]{25,}")
_PLACE_TO_BREAK = re.compile(r"[/:,_](?=[^/:,_])|[^/:,_]{16}(?=[^/:,_]{8})")


class Table(pd.DataFrame):
    """A DataFrame that shows itself whole: no index, no cut-off text, times to the second, UTC."""

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _plain(self) -> pd.DataFrame:
        return pd.DataFrame({name: [text(v) for v in self[name]] for name in self.columns})

    def _repr_html_(self) -> str:
        """Cells are to the left; short ones stay whole, a mail keeps its lines.

        An ARN or an id may break: it would make the table wider than its page.
        """
        marked = self._plain().map(lambda text: text.replace("\n", _LINE_BREAK))
        with pd.option_context("display.max_colwidth", None):
            html = str(marked.to_html(index=False, escape=True, border=0, justify="left"))
        html = _LONG_WORD.sub(lambda word: _PLACE_TO_BREAK.sub(r"\g<0><wbr>", word[0]), html)
        html = _SHORT_CELL.sub(r'<td style="text-align: left; white-space: nowrap">\1</td>', html)
        html = _MAIL_CELL.sub('<td style="text-align: left; overflow-wrap: anywhere">', html)
        html = html.replace("<td>", '<td style="text-align: left">')
        html = html.replace("<th>", '<th style="text-align: left">')
        return html.replace(_LINE_BREAK, "<br>")

    def __repr__(self) -> str:
        if self.empty:
            return f"(no rows: {', '.join(self.columns)})"
        plain = self._plain().map(lambda text: " | ".join(text.split("\n")))
        widths = {name: max(len(name), *map(len, plain[name])) for name in plain.columns}
        lines = [[name.ljust(width) for name, width in widths.items()]]
        lines += [
            [row[name].ljust(widths[name]) for name in plain.columns]
            for row in plain.to_dict("records")
        ]
        return "\n".join("  ".join(line).rstrip() for line in lines)


def text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    return Table([list(row) for row in rows], columns=list(columns), dtype=object)
