"""What becomes of a task, read from its definition alone."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator.ecs.tasks.fates import Fate, Surroundings, fate_of
from ecs_emulator.world import timing
from ecs_emulator.world.clock import FIRST_MOMENT
from ecs_emulator.world.images import Images
from ecs_emulator.world.state import Stop, TaskDefinition

HUB = "docker.io/library"


def fate(*containers: dict[str, Any], role: str = "", roles: tuple[str, ...] = ()) -> Fate:
    spec: dict[str, Any] = {
        "containerDefinitions": [
            {"name": f"c{number}", "image": "nginx:alpine", **container}
            for number, container in enumerate(containers)
        ]
    }
    if role:
        spec["executionRoleArn"] = role
    definition = TaskDefinition("arn", "my-task", 1, spec, FIRST_MOMENT, "me")
    return fate_of(definition, Surroundings(Images(), lambda name: name in roles))


def exited(code: int) -> Stop:
    return Stop("EssentialContainerExited", "Essential container in task exited", exit_code=code)


@pytest.mark.fact("breaker.healthy-after-40-s")
def test_an_ordinary_task_is_healthy_forty_seconds_after_running() -> None:
    assert fate({}) == Fate()
    assert fate({}).healthy_after == 40.0


@pytest.mark.fact("tasks.wrong-tag-docker-hub")
def test_a_wrong_tag_is_retried_seven_times() -> None:
    image = f"{HUB}/nginx:wrong-image-tag"

    assert fate({"image": "nginx:wrong-image-tag"}) == Fate(
        fails_to_start=(
            timing.FIRST_START_TO_BAD_TAG,
            Stop(
                "TaskFailedToStart",
                "CannotPullContainerError: pull image manifest has been retried 7 time(s): "
                f"failed to resolve ref {image}: {image}: not found",
            ),
        )
    )


@pytest.mark.fact("tasks.missing-repository")
def test_a_missing_repository_is_denied_sooner() -> None:
    assert fate({"image": "no-such-image"}) == Fate(
        fails_to_start=(
            timing.TO_MISSING_REPOSITORY,
            Stop(
                "TaskFailedToStart",
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {HUB}/no-such-image:latest: pull access denied, "
                "repository does not exist or may require authorization: server message: "
                "insufficient_scope: authorization failed",
            ),
        )
    )


@pytest.mark.fact("tasks.role-missing", "tasks.order-of-causes")
def test_a_missing_execution_role_comes_before_everything_else() -> None:
    role = "arn:aws:iam::123456789876:role/ecsTaskExecutionRole"
    missing = fate({"image": "nginx:wrong-image-tag"}, role=role)

    assert missing.fails_to_start is not None
    assert missing.fails_to_start[1].code == "TaskFailedToStart"
    assert missing.fails_to_start[1].reason.startswith(
        f"ECS was unable to assume the role '{role}' that was provided for this task."
    )
    assert fate({}, role=role, roles=("ecsTaskExecutionRole",)) == Fate()


@pytest.mark.fact("tasks.one-image-is-enough")
def test_one_container_that_cannot_be_pulled_is_enough() -> None:
    failed = fate({}, {"image": "nginx:wrong", "essential": False}).fails_to_start

    assert failed is not None
    assert f"{HUB}/nginx:wrong" in failed[1].reason


@pytest.mark.parametrize(
    ("command", "seconds", "code"),
    [
        (["sh", "-c", "exit 1"], 0, 1),
        (["/bin/sh", "-c", "exit 1"], 0, 1),
        (["sh", "-ec", "sleep 5; exit 1"], 5, 1),
        (["sh", "-c", "sleep 5 && exit 3"], 5, 3),
        (["bash", "-c", "echo 'off; we go' >&2; sleep 1; sleep 2; exit 137"], 3, 137),
        (["sh", "-c", "echo one\nexit 2"], 0, 2),
        (["sh", "-c", "sleep 0.5; exit 1"], 0.5, 1),
        (["sh", "-c", "sleep 2m; exit 1"], 120, 1),
        (["sh", "-c", "sleep 5"], 5, 0),
        (["sh", "-c", "exit"], 0, 0),
        (["sh", "-c", "false && sleep 60"], 0, 1),
        (["sh", "-c", "false; sleep 60"], 60, 0),
        (["sh", "-c", "exit 256"], 0, 0),
        (["sleep", "90"], 90, 0),
        (["sleep", "1h"], 3600, 0),
        (["true"], 0, 0),
        (["/bin/false"], 0, 1),
    ],
)
def test_a_command_that_ends_can_be_read(command: list[str], seconds: float, code: int) -> None:
    assert fate({"command": command}).exits == (seconds, exited(code))
    assert fate({"entryPoint": command[:1], "command": command[1:]}).exits == (
        seconds,
        exited(code),
    )


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["nginx", "-g", "daemon off;"],
        ["sh"],
        ["sh", "exit 1"],
        ["sh", "-c", "nginx || exit 1"],
        ["sh", "-c", "python app.py; exit 1"],
        ["sh", "-c", "while true; do sleep 5; done"],
        ["sh", "-c", "sleep 5 | exit 1"],
        ["sh", "-c", "echo 'never closed; exit 1"],
        ["sh", "-c", "sleep infinity; exit 1"],
        ["sleep", "infinity"],
        ["sleep"],
        ["sleep", "9" * 400],
        ["python", "-c", "exit 1"],
    ],
)
def test_any_other_command_runs_for_ever(command: list[str]) -> None:
    assert fate({"command": command}) == Fate()


@pytest.mark.fact("tasks.essential")
def test_the_first_essential_container_to_end_takes_the_task_with_it() -> None:
    assert fate(
        {"command": ["sh", "-c", "sleep 9; exit 9"]},
        {"command": ["sh", "-c", "sleep 5; exit 5"]},
        {"command": ["false"], "essential": False},
    ).exits == (5.0, exited(5))


@pytest.mark.parametrize(
    ("check", "fails_after"),
    [
        (["CMD-SHELL", "exit 1"], 90.0),
        (["CMD-SHELL", "echo no; exit 1"], 90.0),
        (["CMD", "false"], 90.0),
        (["CMD", "/bin/false"], 90.0),
        (["CMD-SHELL", "exit 1 || exit 1"], 90.0),
    ],
)
@pytest.mark.fact("breaker.container-check-decides", "timing.container-check")
def test_a_check_that_can_only_fail_makes_the_task_unhealthy(
    check: list[str], fails_after: float
) -> None:
    found = fate({"healthCheck": {"command": check}})

    assert (found.healthy_after, found.unhealthy_after) == (None, fails_after)
    assert found.has_health_check


@pytest.mark.parametrize(
    "check",
    [
        ["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
        ["CMD-SHELL", "exit 0"],
        ["CMD-SHELL", "exit 000"],
        ["CMD", "true"],
    ],
)
def test_any_other_check_passes_at_its_first_time(check: list[str]) -> None:
    found = fate({"healthCheck": {"command": check}})

    assert (found.healthy_after, found.unhealthy_after) == (30.0, None)
    assert found.has_health_check


@pytest.mark.parametrize(
    ("settings", "passes_after", "fails_after"),
    [
        ({}, 30.0, 90.0),
        ({"interval": 10}, 10.0, 30.0),
        ({"interval": 10, "retries": 2}, 10.0, 20.0),
        ({"interval": 10, "retries": 2, "startPeriod": 60}, 10.0, 80.0),
    ],
)
@pytest.mark.fact("timing.container-check")
def test_interval_retries_and_start_period_set_the_moment(
    settings: dict[str, int], passes_after: float, fails_after: float
) -> None:
    good = fate({"healthCheck": {"command": ["CMD", "true"], **settings}})
    bad = fate({"healthCheck": {"command": ["CMD", "false"], **settings}})

    assert (good.healthy_after, bad.unhealthy_after) == (passes_after, fails_after)


def test_all_essential_checks_must_pass_and_the_first_failure_counts() -> None:
    slow = {"healthCheck": {"command": ["CMD", "true"], "interval": 60}}
    quick = {"healthCheck": {"command": ["CMD", "true"], "interval": 5}}
    bad = {"healthCheck": {"command": ["CMD", "false"], "interval": 5}}

    assert fate(slow, quick).healthy_after == 60.0
    assert fate(slow, bad).unhealthy_after == 15.0
    assert fate(slow, bad | {"essential": False}) == fate(slow)


def test_a_healthy_container_may_still_end() -> None:
    check = {"command": ["CMD", "true"], "interval": 5}

    found = fate({"command": ["sh", "-c", "sleep 60; exit 1"], "healthCheck": check})

    assert found.exits == (60.0, exited(1))
    assert found.healthy_after == 5.0
