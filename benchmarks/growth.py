"""Room: cost that must not grow with what has piled up.

A queue that nobody drains, ten thousand failures that all arrive, and services that crash all day.
Each world has a process of its own: `python -m benchmarks.growth queue` prints what it took as
JSON.
"""

from __future__ import annotations

import json
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

DEEP, EVENTS, BATCH = 100_000, 1_000, 10
SERVICES = 10_000
SETTLED_SECONDS, ROLLED_BACK_SECONDS = 300.0, 1_200.0
CRASHING, HOURS, AN_HOUR = 50, 24, 3_600.0
FAILED = {
    "detail-type": ["ECS Deployment State Change"],
    "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
}
STOPPED = {"detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["STOPPED"]}}
BY_EVENTBRIDGE, BY_SNS = "events.amazonaws.com", "sns.amazonaws.com"
COMMAND = "python -m benchmarks.growth"


def fill_a_queue(rounds: int) -> None:
    """Events to a queue of 100,000 messages and to an empty one, in turn."""
    world, urls = World(), {}
    for name in ("deep", "empty"):
        urls[name], arn = world.queue(name, BY_EVENTBRIDGE)
        world.rule(name, {"source": [name]}, arn)
    for begin in range(0, DEEP, BATCH):
        entries = [{"Id": str(i), "MessageBody": f"{begin + i}"} for i in range(BATCH)]
        world.json("sqs", "AmazonSQS.SendMessageBatch", QueueUrl=urls["deep"], Entries=entries)
    took: dict[str, list[float]] = {"deep": [], "empty": []}
    _send(world, "empty")
    for _ in range(rounds):
        for name, samples in took.items():
            samples.append(_send(world, name))
        world.json("sqs", "AmazonSQS.PurgeQueue", QueueUrl=urls["empty"])
        world.advance(61)
    if world.depth(urls["deep"]) != DEEP + rounds * EVENTS:
        raise RuntimeError(f"{world.depth(urls['deep'])} messages in the deep queue")
    _print(took)


def _send(world: World, source: str) -> float:
    began = time.perf_counter()
    for _ in range(0, EVENTS, BATCH):
        entries = [{"Source": source, "DetailType": "x", "Detail": "{}"}] * BATCH
        world.json("events", "AWSEvents.PutEvents", Entries=entries)
    world.advance(30)
    return time.perf_counter() - began


def hear_all_failures() -> None:
    """10,000 services roll back at once; each failure goes by rule and topic to a queue."""
    began = time.perf_counter()
    world = World()
    url, queue = world.queue("failures", BY_SNS)
    world.rule("failures", FAILED, world.topic("failures", queue))
    good, bad = world.register(GOOD), world.register(BAD)
    names = [f"web-{number}" for number in range(SERVICES)]
    for name in names:
        world.create(name, good)
    world.advance(SETTLED_SECONDS)
    for name in names:
        world.ecs("UpdateService", service=name, taskDefinition=bad)
    world.advance(ROLLED_BACK_SECONDS)
    if (heard := world.depth(url)) != SERVICES:
        raise RuntimeError(f"{heard} of {SERVICES} failures arrived")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _print({"seconds": time.perf_counter() - began, "megabytes": megabytes})


def crash_all_day() -> None:
    """50 services whose task exits at once, without a breaker, heard by a queue: each hour."""
    world = World()
    _, queue = world.queue("stopped", BY_EVENTBRIDGE)
    world.rule("stopped", STOPPED, queue)
    bad = world.register(GOOD, command=["sh", "-c", "exit 1"])
    for number in range(CRASHING):
        world.create(f"web-{number}", bad, enable=False, rollback=False)
    world.advance(AN_HOUR)  # until as much is forgotten as is new
    hours = []
    for _ in range(HOURS):
        began = time.process_time()
        world.advance(AN_HOUR)
        hours.append(time.process_time() - began)
    _print({"hours": hours})


def _print(found: object) -> None:
    sys.stdout.write(json.dumps(found))


def in_a_process(*arguments: str) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.growth", *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def measure_queue(rounds: int) -> Sequence[Measurement]:
    took = in_a_process("queue", str(rounds))
    return [
        side_by_side(
            f"{EVENTS:,} events to a queue of {DEEP:,} messages",
            "the same to an empty queue",
            ours=took["deep"],
            theirs=took["empty"],
            unit="s",
            target=Target(1.2),
            command=f"{COMMAND} queue",
        )
    ]


def measure_failures(_: int) -> Sequence[Measurement]:
    found = in_a_process("failures")
    seconds, megabytes = float(found["seconds"]), float(found["megabytes"])  # type: ignore[arg-type]
    what = f"{SERVICES:,} services roll back, every failure arrives behind rule and topic"
    shared = partial(single, what, command=f"{COMMAND} failures")
    return [
        shared(value=seconds, shown=f"{seconds:.1f} s", target=Target(60, unit="s")),
        shared(value=megabytes, shown=f"{megabytes:.0f} MB", target=Target(1000, unit="MB")),
    ]


def measure_day(_: int) -> Sequence[Measurement]:
    """An hour takes some seconds of the processor, and single ones differ by a third on a machine
    that is shared. Others only make an hour longer, so the fastest of each six hours is compared
    with the fastest of the first six: what grows with the day makes that one longer, too."""
    hours = in_a_process("day")["hours"]
    quarters = [min(hours[begin : begin + 6]) for begin in range(0, HOURS, 6)]
    return [
        single(
            f"{HOURS} virtual hours of {CRASHING} crash-looping services, an hour of each quarter",
            against="an hour of the first quarter",
            value=max(quarters) / quarters[0],
            shown=f"{max(quarters):.2f} s at most",
            theirs=f"{quarters[0]:.2f} s",
            target=Target(1.2),
            command=f"{COMMAND} day",
        )
    ]


BENCHMARKS = (
    Benchmark("full queue", measure_queue),
    Benchmark("10,000 failures", measure_failures),
    Benchmark("24 hours", measure_day),
)

if __name__ == "__main__":
    kind, *number = sys.argv[1:]
    if kind == "queue":
        fill_a_queue(int(number[0]) if number else 5)
    elif kind == "failures":
        hear_all_failures()
    else:
        crash_all_day()
