"""A task of several containers: each container has an exit code of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deployed import ROLE, Deployed

SHELL = {"command": ["sh", "-c", "while true; do date; done"]}
INIT = {"linuxParameters": {"initProcessEnabled": True}}


@pytest.fixture
def deployed(aws: Callable[..., Any], advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


@pytest.fixture
def stopped(deployed: Deployed) -> Callable[..., dict[str, Any]]:
    """Deploy an app and a sidecar; return the first task that stopped of it."""

    def story(app: dict[str, Any], sidecar: dict[str, Any]) -> dict[str, Any]:
        deployed.create()
        made = deployed.ecs.register_task_definition(
            family="web",
            containerDefinitions=[
                {"name": "app", "image": "nginx:alpine", **app},
                {"name": "sidecar", "image": "nginx:alpine", **sidecar},
            ],
            executionRoleArn=ROLE,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
        )["taskDefinition"]["taskDefinitionArn"]
        deployed.update(made, 120)
        arns = deployed.ecs.list_tasks(desiredStatus="STOPPED", family="web")["taskArns"]
        tasks = deployed.ecs.describe_tasks(tasks=arns)["tasks"]
        mine = [each for each in tasks if each["taskDefinitionArn"] == made and "stoppedAt" in each]
        found: dict[str, Any] = min(mine, key=lambda each: each["createdAt"])
        return found

    return story


def codes(task: dict[str, Any]) -> dict[str, int]:
    return {each["name"]: each["exitCode"] for each in task["containers"]}


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [({}, 0), (SHELL, 137), ({**SHELL, **INIT}, 143), ({"command": ["sleep", "3600"]}, 137)],
)
def test_a_sidecar_ends_as_it_takes_being_told_to_stop(
    stopped: Callable[..., dict[str, Any]], sidecar: dict[str, Any], code: int
) -> None:
    task = stopped({"command": ["sh", "-c", "sleep 5; exit 3"]}, sidecar)

    assert codes(task) == {"app": 3, "sidecar": code}
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_container_that_had_ended_before_keeps_its_own_code(
    stopped: Callable[..., dict[str, Any]],
) -> None:
    once = {"command": ["sh", "-c", "sleep 1; exit 4"], "essential": False}

    assert codes(stopped({"command": ["sh", "-c", "sleep 5; exit 3"]}, once)) == {
        "app": 3,
        "sidecar": 4,
    }


def test_only_the_container_that_ran_out_of_memory_says_so(
    stopped: Callable[..., dict[str, Any]],
) -> None:
    task = stopped({"command": ["tail", "/dev/zero"], "memory": 64}, {})
    app, sidecar = task["containers"]

    assert (app["exitCode"], sidecar["exitCode"]) == (137, 0)
    assert app["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert "reason" not in sidecar


def test_what_never_ran_has_no_exit_code(stopped: Callable[..., dict[str, Any]]) -> None:
    task = stopped({"image": "nginx:no-such-tag"}, {})

    assert not any("exitCode" in each for each in task["containers"])
