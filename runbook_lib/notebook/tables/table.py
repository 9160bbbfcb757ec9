"""Room: what a table looks like.

Lives here: `Table`, a DataFrame that is shown as a reader wants it, and how a value is written.
Never here: which columns a table has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import cycle
from typing import Any

import pandas as pd

_LINE_BREAK = "\u2028"
"""Stands for a line break until pandas has escaped everything else."""
_MAIL_CELL = re.compile(rf"<td>(?=[^<]*{_LINE_BREAK})")
_SHORT_CELL = re.compile(r"<td>([^<]{1,20})</td>")
_LONG_WORD = re.compile(r"[^\s<>&;]{25,}")
_PLACE_TO_BREAK = re.compile(
    r"[/:,_](?=[^/:,_])|(?<=[a-z])(?=[A-Z])|(?:(?![a-z][A-Z])[^-/:,_]){16}(?=[^-/:,_]{8})"
)
"""After a separator, before the next part of a CamelCase name, else within an id."""
_REASONS, _MANY_COLUMNS = {"reason", "stopped reason", "why"}, 5
_PROSE_CELL = re.compile(r'<td style="text-align: left">(?=[^<]* )')
_TIME_CELL = re.compile(r"; white-space: nowrap(?=\">\d{4}-\d\d-\d\d \d\d:)")
_FOLDING = """<style>
.runbook-table { container-type: inline-size; }
.runbook-table .prose { min-width: 11em; }
@container (min-width: 861px) {
  .runbook-table td[data-name="stopped reason"] { width: 45%; }
}
@container (max-width: 860px) {
  .runbook-table .dataframe, .runbook-table .dataframe tbody, .runbook-table .dataframe tr,
  .runbook-table .dataframe td { display: block; }
  .runbook-table .dataframe thead, .runbook-table .dataframe td:empty { display: none; }
  .runbook-table .dataframe tr { padding: 0.4em 0; }
  .runbook-table .dataframe td { position: relative; padding: 0.15em 0.5em 0.15em 10em;
    min-width: 0; max-width: none; overflow-wrap: anywhere; white-space: normal !important; }
  .runbook-table .dataframe td::before { content: attr(data-name); font-weight: bold;
    position: absolute; left: 0.5em; }
}
</style>"""
"""In less width than that a reason would be a column of single words, or off the page."""


class Table(pd.DataFrame):
    """A DataFrame that shows itself whole: no index, no cut-off text, times to the second, UTC."""

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _plain(self) -> pd.DataFrame:
        return pd.DataFrame({name: [text(v) for v in self[name]] for name in self.columns})

    def _repr_html_(self) -> str:
        """Cells are to the left; short ones stay whole, a mail keeps its lines.

        An ARN or an id may break: it would make the table wider than its page. Among many columns
        a time may, too, and where a reason would have too little room, a narrow page has the cells
        one below the other.
        """
        marked = self._plain().map(lambda text: text.replace("\n", _LINE_BREAK))
        with pd.option_context("display.max_colwidth", None):
            html = str(marked.to_html(index=False, escape=True, border=0, justify="left"))
        html = _LONG_WORD.sub(lambda word: _PLACE_TO_BREAK.sub(r"\g<0><wbr>", word[0]), html)
        html = _SHORT_CELL.sub(r'<td style="text-align: left; white-space: nowrap">\1</td>', html)
        html = _MAIL_CELL.sub('<td style="text-align: left; overflow-wrap: anywhere">', html)
        html = html.replace("<td>", '<td style="text-align: left">')
        html = html.replace("<th>", '<th style="text-align: left">')
        html = html.replace(_LINE_BREAK, "<br>")
        if len(self.columns) < _MANY_COLUMNS:
            return html
        html = _TIME_CELL.sub("; min-width: 6em", html)
        if not _REASONS & set(self.columns):
            return html
        html = _PROSE_CELL.sub('<td class="prose" style="text-align: left">', html)
        names = cycle(self.columns)
        html = re.sub("<td", lambda _: f'<td data-name="{escape(next(names))}"', html)
        return f'<div class="runbook-table">{_FOLDING}{html}</div>'

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
