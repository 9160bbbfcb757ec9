"""Room: how many DescribeServices a second a server answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import boto3

from benchmarks.measurement import Measurement, Target, not_measured, side_by_side
from benchmarks.processes import Server, emulator, ministack, ministack_command, moto
from benchmarks.raw_http import answers_a_second, ecs_request
from benchmarks.running import Benchmark, interleaved
from benchmarks.worlds import GOOD, definition, service

MINISTACK, MOTO = Target(2, at_least=True), Target(10, at_least=True)
COMMAND = "python -m benchmarks -k DescribeServices"


def prepare(server: Server) -> bytes:
    """One service on the server, created by boto3; the request that describes it."""
    server.first_answer(ecs_request(server.port, "ListClusters"))
    keys = boto3.Session("AKIAIOSFODNN7EXAMPLE", "emulator", region_name="eu-west-1")
    ecs = keys.client("ecs", endpoint_url=server.url)
    ec2 = keys.client("ec2", endpoint_url=server.url)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    groups = [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
    ecs.create_cluster(clusterName="default")
    made = ecs.register_task_definition(**definition(GOOD))["taskDefinition"]
    arn = made["taskDefinitionArn"]
    ecs.create_service(**service("web", arn, subnet, security_groups=groups))
    return ecs_request(server.port, "DescribeServices", services=["web"])


@contextmanager
def servers() -> Iterator[dict[str, tuple[Server, bytes]]]:
    """All at once, each idle while another is measured. Ours moves at its usual speed."""
    with ExitStack() as stack:
        started = {"ours": stack.enter_context(emulator()), "moto": stack.enter_context(moto())}
        if command := ministack_command():
            started["ministack"] = stack.enter_context(ministack(command))
        yield {name: (server, prepare(server)) for name, server in started.items()}


def measure(rounds: int) -> Sequence[Measurement]:
    rows = []
    with servers() as ready:
        for connections in (1, 16):
            asked = {
                name: partial(answers_a_second, server.port, request, connections=connections)
                for name, (server, request) in ready.items()
            }
            found = dict(zip(asked, interleaved(rounds, *asked.values()), strict=True))
            rows += _rows(found, connections)
    return rows


def _rows(found: dict[str, list[float]], connections: int) -> list[Measurement]:
    line = "one connection" if connections == 1 else f"{connections} connections"
    what = f"DescribeServices, raw HTTP, {line}"
    rows = []
    for name, target in (("ministack", MINISTACK), ("moto", MOTO)):
        if name not in found:
            rows.append(not_measured(what, name, target, COMMAND, f"{name} is not installed"))
            continue
        rows.append(
            side_by_side(
                what,
                "moto_server" if name == "moto" else name,
                ours=found["ours"],
                theirs=found[name],
                unit="/s",
                target=target,
                command=COMMAND,
            )
        )
    return rows


BENCHMARKS = (Benchmark("DescribeServices", measure),)
