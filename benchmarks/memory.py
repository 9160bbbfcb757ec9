"""Room: the memory of the emulator, idle and after many drills.

What AWS itself would still show stays: a service's last 100 events, its service deployments for 90
days, task definition revisions. Stopped tasks go after an hour, as they do there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3

from benchmarks.measurement import Measurement, Target, single
from benchmarks.processes import Server, emulator
from benchmarks.raw_http import ecs_request
from benchmarks.running import Benchmark
from benchmarks.worlds import BAD, GOOD, definition, service
from ecs_emulator.client import EmulatorControls, EmulatorMailbox

DRILLS, HALF = 1_000, 500
DRILL_SECONDS = 3_600.0
SHOWN_KILOBYTES = 4.0
"""A drill's record that AWS, too, would still show: two deployments, revisions, their reasons."""
COMMAND = "python -m benchmarks -k memory"


def megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def drills(server: Server) -> list[float]:
    """Memory before, after half of the drills and after all. Nothing is reset in between."""
    server.first_answer(ecs_request(server.port, "ListClusters"))
    ecs, subnet = _prepared(server)
    controls = EmulatorControls(server.url)
    good, bad = (
        ecs.register_task_definition(**definition(image))["taskDefinition"]["taskDefinitionArn"]
        for image in (GOOD, BAD)
    )
    ecs.create_service(**service("web", good, subnet))
    _alert(server)
    found = []
    for number in range(DRILLS + 1):
        if number in (1, HALF, DRILLS):
            found.append(megabytes(server))
        controls.call("POST", "/_emulator/clock", {"advance_seconds": DRILL_SECONDS})
        ecs.update_service(service="web", taskDefinition=bad)
    return found


def _client(server: Server, name: str) -> Any:
    keys = boto3.Session("AKIAIOSFODNN7EXAMPLE", "emulator", region_name="eu-west-1")
    return keys.client(name, endpoint_url=server.url)


def _prepared(server: Server) -> tuple[Any, str]:
    subnet = str(_client(server, "ec2").describe_subnets()["Subnets"][0]["SubnetId"])
    return _client(server, "ecs"), subnet


def _alert(server: Server) -> None:
    """Rule, topic and a confirmed mailbox, as the walk sets them up: each drill sends a mail."""
    sns, events = _client(server, "sns"), _client(server, "events")
    arn = sns.create_topic(Name="my-topic")["TopicArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    statement = {**allow, "Action": "sns:Publish", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="me@example.com")
    EmulatorMailbox(EmulatorControls(server.url)).confirm("me@example.com", arn)
    pattern = {
        "detail-type": ["ECS Deployment State Change"],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failed", Targets=[{"Id": "1", "Arn": arn}])


def measure_memory(_: int) -> Sequence[Measurement]:
    with emulator("--speed", "0") as server:
        idle, half, full = drills(server)
        mails = EmulatorMailbox(EmulatorControls(server.url)).mails("me@example.com")
    if len(mails) < HALF:
        raise RuntimeError(f"only {len(mails)} mails came")
    growth = (full - half) * 1024 / (DRILLS - HALF)
    return [
        single(
            f"memory of the emulator, after {DRILLS:,} drills",
            against="idle, and what AWS would still show",
            value=growth,
            shown=f"{full:.1f} MB, {growth:.1f} kB a drill in the second half",
            theirs=f"{idle:.1f} MB after one; {half:.1f} MB after {HALF}",
            target=Target(SHOWN_KILOBYTES, unit="kB a drill"),
            command=COMMAND,
        )
    ]


BENCHMARKS = (Benchmark("memory", measure_memory),)
