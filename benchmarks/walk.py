"""Room: the whole walk, headless.

Our side starts its own emulator, checks everything first and writes the evidence. papermill gets an
emulator that runs already, so that its notebooks have no more to do than ours.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measurement import Measurement, Target, side_by_side
from benchmarks.processes import BIN, emulator, environment, seconds_of
from benchmarks.raw_http import ecs_request
from benchmarks.running import Benchmark, interleaved
from runbook_lib.learner.notebook_files import notebook_folder, walk_notebooks

QUARTER, FLOOR = Target(0.25), Target(1.5)
MOST_ROUNDS = 3
"""One round takes about a minute."""


def drill() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return seconds_of([BIN / "runbook", "drill", "--out", folder])


def one_papermill_each() -> float:
    with tempfile.TemporaryDirectory() as folder, emulator("--speed", "0") as server:
        server.first_answer(ecs_request(server.port, "ListClusters"))
        env = environment(AWS_ENDPOINT_URL=server.url)
        return sum(
            seconds_of(
                [BIN / "papermill", "-k", "python3", path, Path(folder, path.name)],
                env=env,
                cwd=notebook_folder(),
            )
            for path in walk_notebooks()
        )


def floor() -> float:
    return seconds_of([sys.executable, "-m", "benchmarks.floor"])


def measure(rounds: int) -> Sequence[Measurement]:
    ours, theirs, least = interleaved(min(rounds, MOST_ROUNDS), drill, one_papermill_each, floor)
    what = "runbook drill, the whole walk"
    return [
        side_by_side(
            what,
            "one papermill process a notebook, emulator started before",
            ours=ours,
            theirs=theirs,
            unit="s",
            target=QUARTER,
            command="runbook drill; papermill -k python3 notebooks/NN.ipynb out.ipynb, eight times",
        ),
        side_by_side(
            what,
            "the floor: papermill and one kernel with the same imports, nothing done",
            ours=ours,
            theirs=least,
            unit="s",
            target=FLOOR,
            command="runbook drill; python -m benchmarks.floor",
        ),
    ]


BENCHMARKS = (Benchmark("walk", measure),)
