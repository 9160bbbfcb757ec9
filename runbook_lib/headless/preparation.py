"""Room: a drill that is about to begin.

Lives here: what a drill is and its exit codes, what can be checked without AWS, and its kernel,
which starts before anything heavy is imported.
Never here: running the drill, an import of papermill.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.errors import BadParameter
from runbook_lib.facts.settings import Settings
from runbook_lib.headless.warm_kernel import WarmKernel
from runbook_lib.learner.notebook_files import notebook_folder, walk_notebooks

PASSED, FAILED, BAD_PARAMETER, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
_FIRST = "from runbook_lib.headless.startup.read_ahead import read_ahead; read_ahead()"


@dataclass(frozen=True, slots=True)
class Drill:
    """What to run: checked settings, the parameters that were given, where the evidence goes."""

    settings: Settings
    given: Mapping[str, Any]
    out: Path
    notebooks: tuple[Path, ...]


def plan_drill(
    given: Mapping[str, Any], out: Path, *, start_at: str = "", stop_after: str = ""
) -> Drill:
    """Check everything that can be checked without AWS. Raises `BadParameter`."""
    settings = Settings(**given)
    chosen = walk_notebooks()
    first = _position(chosen, start_at, "--start-at") if start_at else 0
    last = _position(chosen, stop_after, "--stop-after") if stop_after else len(chosen) - 1
    if last < first:
        raise BadParameter(
            name="--stop-after",
            problem=f"{chosen[last].stem} comes before {chosen[first].stem}, where it is to start",
            example=chosen[first].stem[:2],
        )
    return Drill(settings, dict(given), out, tuple(chosen[first : last + 1]))


def _position(notebooks: Sequence[Path], name: str, option: str) -> int:
    """By number or by name: 50, 50_run_failure_drill."""
    for position, path in enumerate(notebooks):
        if path.stem == name or path.stem.startswith(f"{name}_"):
            return position
    listed = ", ".join(path.stem for path in notebooks)
    raise BadParameter(name=option, problem=f"no notebook {name!r}; there are {listed}", example=50)


@contextlib.contextmanager
def started_kernel(drill: Drill) -> Iterator[WarmKernel | None]:
    """The drill's kernel, which imports what notebooks import while we import papermill.

    None on AWS without `confirm`: nothing runs until it says so.
    """
    settings = drill.settings
    if settings.target != "emulator" and not settings.confirm:
        yield None
        return
    with WarmKernel(env=os.environ, cwd=notebook_folder(), first=_FIRST) as kernel:
        yield kernel
