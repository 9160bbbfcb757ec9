"""Room: how soon a server that was just started answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from benchmarks.measurement import Measurement, Target, side_by_side
from benchmarks.processes import Server, emulator, moto
from benchmarks.raw_http import ecs_request
from benchmarks.running import Benchmark, interleaved

TARGET = Target(0.5)


def first_answer(serve: Callable[[], AbstractContextManager[Server]]) -> float:
    """From the start of the process to the first answered ecs:ListClusters."""
    began = time.perf_counter()
    with serve() as server:
        server.first_answer(ecs_request(server.port, "ListClusters"))
        return time.perf_counter() - began


def measure(rounds: int) -> Sequence[Measurement]:
    ours, theirs = interleaved(rounds, partial(first_answer, emulator), partial(first_answer, moto))
    return [
        side_by_side(
            "first answer after `runbook emulator serve`",
            "moto_server",
            ours=ours,
            theirs=theirs,
            unit="s",
            target=TARGET,
            command="runbook emulator serve; moto_server; until ecs:ListClusters is answered",
        )
    ]


BENCHMARKS = (Benchmark("first answer", measure),)
