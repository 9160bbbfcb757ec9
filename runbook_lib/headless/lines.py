"""Room: what a running drill shows.

Lives here: the bar over the cells, and which of the lines that notebooks print are passed on.
Never here: running anything, the verdict.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from runbook_lib.headless.warm_engine import FinishedCell

_STATE_LINE = re.compile(r"\d\d:\d\d:\d\d  \w+ .* ecs-svc/")
Say = Callable[[str], None]


@contextlib.contextmanager
def progress(notebooks: Sequence[Path]) -> Iterator[tuple[Say, Callable[[FinishedCell], None]]]:
    """A bar over all code cells on a terminal; lines are printed above it."""
    cells = sum(_code_cells(path) for path in notebooks)
    with tqdm(total=cells, unit="cell", leave=False, disable=not sys.stderr.isatty()) as bar:

        def tell(line: str) -> None:
            tqdm.write(line, file=sys.stdout)
            sys.stdout.flush()

        yield tell, lambda _: bar.update() and None


def _code_cells(path: Path) -> int:
    content = json.loads(path.read_text(encoding="utf-8"))
    return sum(cell["cell_type"] == "code" for cell in content["cells"])


def only_states(tell: Say) -> Say:
    """Of what notebooks print, the lines of `watch`; commands are in the executed copies."""

    def on_line(line: str) -> None:
        if _STATE_LINE.match(line):
            tell(f"    {line}")

    return on_line
