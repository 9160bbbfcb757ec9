"""Room: many services, and many tasks, in one emulated world.

Each world has a process of its own, so that its memory is its own: `python -m benchmarks.scale
services 1000` prints what it took as JSON.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.measurement import Measurement, Target, side_by_side, single
from benchmarks.processes import environment
from benchmarks.running import Benchmark
from benchmarks.worlds import BAD, GOOD, World

FEW, MANY = 1_000, 10_000
N_LOG_N = Target(round(MANY * math.log(MANY) / (FEW * math.log(FEW)), 1))
TASKS, THRESHOLD = 1_000, 200
SETTLED_SECONDS, ROLLED_BACK_SECONDS = 300.0, 1_200.0
ROLLED_BACK = "ROLLBACK_SUCCESSFUL"
COMMAND = "python -m benchmarks.scale"


def roll_back(services: int) -> None:
    """All get a release that cannot start at once; how long until all are rolled back."""
    began = time.perf_counter()
    world = World()
    good, bad = world.register(GOOD), world.register(BAD)
    names = [f"web-{number}" for number in range(services)]
    for name in names:
        world.create(name, good)
    world.advance(SETTLED_SECONDS)
    for name in names:
        world.ecs("UpdateService", service=name, taskDefinition=bad)
    world.advance(ROLLED_BACK_SECONDS)
    _tell(world, names, began)


def fail_many_tasks() -> None:
    """One service of 1,000 tasks, whose new ones fail until the threshold of 200."""
    world = World()
    good, bad = world.register(GOOD), world.register(BAD)
    world.create("web", good, TASKS)
    world.advance(3 * SETTLED_SECONDS)
    began = time.perf_counter()
    world.ecs("UpdateService", service="web", taskDefinition=bad)
    world.advance(ROLLED_BACK_SECONDS)
    _tell(world, ["web"], began)


def _tell(world: World, names: Sequence[str], began: float) -> None:
    took = time.perf_counter() - began
    services = {each.name: each for each in world.aws.engine.world.services.values()}
    endings = [services[name].service_deployments[-1].status for name in names]
    if set(endings) != {ROLLED_BACK}:
        raise RuntimeError(f"not all were rolled back: {set(endings)}")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": took, "megabytes": megabytes}))


def in_a_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.scale", *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_services(rounds: int) -> Sequence[Measurement]:
    """At most three rounds: one of 10,000 services takes half a minute."""
    pairs = [
        (in_a_process("services", str(MANY)), in_a_process("services", str(FEW)))
        for _ in range(min(rounds, 3))
    ]
    many = [pair[0]["seconds"] for pair in pairs]
    what = f"breaker drill to rollback, {MANY:,} services at once"
    rss = max(pair[0]["megabytes"] for pair in pairs)
    shared = partial(single, what, command=f"{COMMAND} services {MANY}")
    return [
        side_by_side(
            f"{what}, growth (n log n: {N_LOG_N.limit})",
            f"the same with {FEW:,}",
            ours=many,
            theirs=[pair[1]["seconds"] for pair in pairs],
            unit="s",
            target=N_LOG_N,
            command=f"{COMMAND} services {MANY}; {COMMAND} services {FEW}",
        ),
        shared(value=max(many), shown=f"{max(many):.1f} s", target=Target(60, unit="s")),
        shared(value=rss, shown=f"{rss:.0f} MB", target=Target(1000, unit="MB")),
    ]


def measure_tasks(rounds: int) -> Sequence[Measurement]:
    took = [in_a_process("tasks")["seconds"] for _ in range(rounds)]
    return [
        single(
            f"one service, {TASKS:,} tasks, failing until threshold {THRESHOLD}",
            value=max(took),
            shown=f"{max(took):.2f} s, the slowest of {rounds}",
            target=Target(2, unit="s"),
            command=f"{COMMAND} tasks",
        )
    ]


BENCHMARKS = (
    Benchmark("1,000 tasks", measure_tasks),
    Benchmark("10,000 services", measure_services),
)

if __name__ == "__main__":
    kind, *number = sys.argv[1:]
    if kind == "tasks":
        fail_many_tasks()
    else:
        roll_back(int(number[0]))
