"""Room: what it costs to import the library."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.measurement import Measurement, Target, side_by_side
from benchmarks.processes import seconds_of
from benchmarks.running import Benchmark, interleaved

TARGET = Target(1.3)


def measure(rounds: int) -> Sequence[Measurement]:
    """A new interpreter each time. Nothing heavy is imported before a name of it is asked for."""
    ours, theirs = interleaved(
        rounds * 3,
        *(
            partial(seconds_of, [sys.executable, "-c", f"import {name}"])
            for name in ("runbook_lib", "boto3")
        ),
    )
    every = interleaved(
        rounds, partial(seconds_of, [sys.executable, "-c", "from runbook_lib import *"])
    )[0]
    return [
        side_by_side(
            "import runbook_lib",
            "import boto3",
            ours=ours,
            theirs=theirs,
            unit="s",
            target=TARGET,
            command="python -c 'import runbook_lib'; python -c 'import boto3'",
            note=f"all public names at once, with pandas and boto3: {min(every):.2f} s",
        )
    ]


BENCHMARKS = (Benchmark("import", measure),)
