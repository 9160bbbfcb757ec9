"""Room: following 500 services at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from benchmarks.measurement import Measurement, Target, single
from benchmarks.running import Benchmark
from benchmarks.worlds import BAD, GOOD, definition, service
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import open_session, watch_many
from runbook_lib.aws.session import ENDPOINT_VARIABLE, Session
from runbook_lib.following.deployment import POLL_SECONDS, ROLLED_BACK
from runbook_lib.following.many import (
    SERVICE_READS_A_SECOND,
    SERVICE_READS_BURST,
    seconds_between_looks,
)

SERVICES = 500
TEN_A_CALL = Target(9.9, at_least=True, unit="services a call")
"""Ten, but for the last call of each look, which brings what is left."""
COMMAND = "python -m benchmarks -k 500"


def roll_back_all(session: Session) -> tuple[int, int]:
    """Calls while 500 deployments are followed to their rollback; and looks at one service."""
    ecs, ec2 = session.client("ecs"), session.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    good, bad = (
        ecs.register_task_definition(**definition(image))["taskDefinition"]["taskDefinitionArn"]
        for image in (GOOD, BAD)
    )
    names = [f"web-{number}" for number in range(SERVICES)]
    for name in names:
        ecs.create_service(**service(name, good, subnet))
    session.clock.sleep(300)
    deployments = {}
    for name in names:
        reply = ecs.update_service(service=name, taskDefinition=bad)
        deployments[name] = reply["service"]["deployments"][0]["id"]
    before = len(session.journal.entries)
    watched = watch_many(session, cluster="default", deployments=deployments, tell=_nobody)
    ends = {each.end for each in watched.values()}
    if ends != {ROLLED_BACK}:
        raise RuntimeError(f"not all were rolled back: {ends}")
    made = [each for each in session.journal.entries[before:] if each["kind"] == "call"]
    return len(made), sum(len(each.snapshots) for each in watched.values())


def _nobody(_: str) -> None:
    """Counted, not read."""


def measure_fleet(_: int) -> Sequence[Measurement]:
    with EmulatorServer() as server:
        os.environ[ENDPOINT_VARIABLE] = server.url
        try:
            calls, looks = roll_back_all(open_session())
        finally:
            del os.environ[ENDPOINT_VARIABLE]
    a_look = -(-SERVICES // 10)
    a_second = a_look / seconds_between_looks(SERVICES)
    return [
        single(
            f"calls to follow {SERVICES} services at once",
            against="one DescribeServices a service and look",
            value=looks / calls,
            shown=f"{calls} calls",
            theirs=f"{looks} calls",
            target=TEN_A_CALL,
            command=COMMAND,
        ),
        single(
            f"calls a second to follow {SERVICES} services, by calculation",
            against="what AWS allows, sustained",
            value=a_second / SERVICE_READS_A_SECOND,
            shown=f"{a_look} calls every {seconds_between_looks(SERVICES):g} s: {a_second:.2f}/s",
            theirs=f"{SERVICE_READS_A_SECOND:g}/s, bursts of {SERVICE_READS_BURST}",
            target=Target(1.0),
            command=COMMAND,
            note=f"one call a service would be {SERVICES / POLL_SECONDS:.1f}/s",
        ),
    ]


BENCHMARKS = (Benchmark("500 services followed", measure_fleet),)
