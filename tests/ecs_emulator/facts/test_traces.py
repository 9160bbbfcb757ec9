"""Deployments that users recorded on AWS, told again: same scenario, same events, same intervals.

`traces/traces.json` holds what was published, each with its source: for every event its kind and
the seconds since the one before, as the shortest and the longest that such recordings show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from deployed import Advance, Aws, Deployed, behind, target_group

from ecs_emulator.client import EmulatorControls

TRACES = json.loads((Path(__file__).parent / "traces" / "traces.json").read_text("utf-8"))
ECR = "123456789876.dkr.ecr.eu-west-1.amazonaws.com"
KINDS = {
    "started, replaced": r"Amazon ECS replaced \d+ tasks due to an unhealthy status\.$",
    "started": r"has started \d+ tasks: ",
    "failed container check": r"failed container health checks\.$",
    "unable: ": r"was unable to place a task\. Reason: ",
    "failed": r"deployment failed: tasks failed to start\.$",
    "account blocked": r"because your account is currently blocked\.$",
    "deployment failure": r"deployment failed: deployment failure\.$",
    "rolling back": r"rolling back to deployment ecs-svc/\d{19}\.$",
    "stopped pending": r"stopped \d+ pending tasks\.$",
    "stopped running": r"has stopped \d+ running tasks: ",
    "registered": r"\) registered \d+ targets in \(target-group ",
    "deregistered": r"\) deregistered \d+ targets in \(target-group ",
    "draining": r"has begun draining connections on \d+ tasks\.$",
    "unhealthy in target group": r"is unhealthy in \(target-group ",
    "completed": r"deployment completed\.$",
    "steady": r"has reached a steady state\.$",
}


def kind_of(message: str) -> str:
    for kind, pattern in KINDS.items():
        if found := re.search(pattern, message):
            return kind + message[found.end() :] if kind.endswith(": ") else kind
    return message


def play(trace: Mapping[str, Any], aws: Aws, advance: Advance, url: str) -> list[tuple[str, float]]:
    """Perform the scenario: the kind of each event, and the seconds since the one before."""
    setup, deployed = trace["setup"], Deployed(aws, advance)
    settings: dict[str, Any] = {"desiredCount": setup.get("desired", 1)}
    if not setup.get("breaker", True):
        off = {"enable": False, "rollback": False}
        settings["deploymentConfiguration"] = {"deploymentCircuitBreaker": off}
    if "load_balancer" in setup:
        settings |= behind(target_group(deployed, **setup["load_balancer"]))
    if "minimum" in setup:
        breaker = {"enable": True, "rollback": True}
        settings["deploymentConfiguration"] = {
            "deploymentCircuitBreaker": breaker,
            "minimumHealthyPercent": setup["minimum"],
        }
    moment = datetime.fromisoformat(EmulatorControls(url).call("GET", "/_emulator/clock")["now"])
    deployed.create(**settings)
    EmulatorControls(url).call("PUT", "/_emulator/faults", setup.get("faults", {}))
    if not setup.get("first"):
        clock = EmulatorControls(url).call("GET", "/_emulator/clock")
        moment = datetime.fromisoformat(clock["now"])
        act(deployed, setup, trace["seconds"])
    told, events = [], [e for e in deployed.service["events"] if e["createdAt"] > moment]
    for each in reversed(events):
        kind = kind_of(each["message"])
        if "only" in trace and kind not in trace["only"]:
            continue
        told.append((kind, (each["createdAt"] - moment).total_seconds()))
        moment = each["createdAt"]
    return told


def act(deployed: Deployed, setup: Mapping[str, Any], seconds: float) -> None:
    if setup.get("stop_task"):
        (task,) = deployed.ecs.list_tasks(serviceName="web")["taskArns"]
        deployed.ecs.stop_task(task=task)
        deployed.advance(seconds)
        return
    container = {"command": setup["command"]} if "command" in setup else {}
    if "health_check" in setup:
        container["healthCheck"] = setup["health_check"]
    if "then_faults" in setup:
        definition = deployed.register(setup["image"])
        deployed.update(definition, 60)
        url = deployed.ecs.meta.endpoint_url
        EmulatorControls(url).call("PUT", "/_emulator/faults", setup["then_faults"])
        deployed.advance(seconds)
        return
    definition = deployed.register(setup["image"].replace("ECR", ECR), **container)
    deployed.update(definition, seconds, forceNewDeployment=True)


@pytest.mark.whole
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace["name"])
@pytest.mark.fact(
    "breaker.exit-1",
    "events.account-blocked",
    "breaker.verdict-late",
    "breaker.desired-0",
    "deployments.start-before-stop",
    "events.stopped-running",
    "events.stopped-pending",
    "events.registered",
    "events.draining-5-ms",
    "events.steady",
    "events.unable-resources",
    "events.failed",
    "events.rolling-back",
    "events.failure-order",
    "events.good-order",
    "timing.first-start",
    "timing.wrong-tag",
    "timing.no-route",
    "timing.short-pauses",
    "timing.long-pause",
    "timing.exit-cycle",
    "timing.exit-trip",
    "timing.wrong-tag-trip",
    "timing.verdict-after-start",
    "timing.verdict-after-check",
    "timing.stopped-pending",
    "timing.rollback",
    "timing.good-deployment",
    "timing.desired-0",
    "timing.no-capacity",
)
def test_a_recorded_deployment_goes_the_same_way_here(
    trace: Mapping[str, Any], seed: int, emulator: Any, aws: Callable[..., Any], advance: Advance
) -> None:
    EmulatorControls(emulator.url).call("POST", "/_emulator/reset", {"seed": seed})

    told = play(trace, aws, advance, emulator.url)[: len(trace["lines"])]

    assert len(told) == len(trace["lines"])
    for (kind, shortest, longest), (seen, seconds) in zip(trace["lines"], told, strict=True):
        assert seen.startswith(kind)
        assert shortest <= round(seconds, 3) <= longest, (kind, seconds)
    if "total" in trace:
        name, shortest, longest = trace["total"]
        seen_kinds = [kind for kind, _ in told]
        total = sum(seconds for _, seconds in told[: seen_kinds.index(name) + 1])
        assert shortest <= total <= longest, total
