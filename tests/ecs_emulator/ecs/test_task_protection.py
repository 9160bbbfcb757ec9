"""Tasks that are protected from scale-in: what stays, what waits, and what the service says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import ACCOUNT, Deployed

from ecs_emulator.client import EmulatorControls
from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.world.configuration import DeploymentConfiguration
from ecs_emulator.world.messages import StopTasks
from ecs_emulator.world.state import COMPLETED, IN_PROGRESS
from ecs_emulator.world.views import DeploymentView, ServiceView

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def deployed(aws: Callable[..., Any], advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


def running(deployed: Deployed) -> list[str]:
    found: list[str] = deployed.ecs.list_tasks(serviceName="web")["taskArns"]
    return found


def protect(deployed: Deployed, *tasks: str, **more: Any) -> dict[str, Any]:
    reply: dict[str, Any] = deployed.ecs.update_task_protection(
        **{"cluster": "default", "tasks": [*tasks], "protectionEnabled": True, **more}
    )
    return reply


@pytest.mark.fact("protection.two-hours", "protection.expires")
def test_a_task_is_protected_for_two_hours_or_as_long_as_one_says(
    deployed: Deployed, emulator: Any
) -> None:
    deployed.create(desiredCount=2)
    first, second = running(deployed)
    now = datetime.fromisoformat(
        EmulatorControls(emulator.url).call("GET", "/_emulator/clock")["now"]
    )

    (shown,) = protect(deployed, first)["protectedTasks"]
    assert (shown["taskArn"], shown["protectionEnabled"]) == (first, True)
    assert shown["expirationDate"] - now == timedelta(hours=2)
    (shown,) = protect(deployed, second, expiresInMinutes=1)["protectedTasks"]
    assert shown["expirationDate"] - now == timedelta(minutes=1)

    deployed.advance(61)
    asked = deployed.ecs.get_task_protection(cluster="default", tasks=[first, second])
    assert [each["protectionEnabled"] for each in asked["protectedTasks"]] == [True, False]
    assert "expirationDate" not in asked["protectedTasks"][1]


@pytest.mark.fact("protection.limits", "protection.failures")
def test_what_cannot_be_protected_is_refused_or_listed_as_a_failure(deployed: Deployed) -> None:
    deployed.create()
    (task,) = running(deployed)
    for minutes in (0, 2881):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            protect(deployed, task, expiresInMinutes=minutes)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        protect(deployed, *["0" * 32] * 11)
    deployed.ecs.stop_task(task=task)
    unknown = "0" * 32

    reply = protect(deployed, task, unknown)
    arn = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/default/{unknown}"

    assert reply["protectedTasks"] == []
    assert reply["failures"] == [
        {"arn": task, "reason": "TASK_NOT_VALID"},
        {"arn": arn, "reason": "MISSING"},
    ]


@pytest.mark.fact("protection.scale-in", "protection.event")
def test_a_scale_in_stops_the_others_and_says_what_holds_it(deployed: Deployed) -> None:
    deployed.create(desiredCount=3)
    kept = running(deployed)[:2]
    protect(deployed, *kept)
    deployed.ecs.update_service(service="web", desiredCount=1)
    deployed.advance(120)
    (deployment,) = deployed.service["deployments"]

    assert sorted(running(deployed)) == sorted(kept)
    said = [each for each in deployed.events if "under protection" in each]
    assert said == [
        (
            "(service web) was unable to reach steady state because "
            f"(taskSet {deployment['id']}) was unable to scale in due to (reason 2 tasks under "
            "protection)"
        )
    ]


@pytest.mark.fact("protection.deployment")
def test_a_deployment_waits_for_the_protected_old_task(deployed: Deployed) -> None:
    deployed.create()
    (old,) = running(deployed)
    protect(deployed, old, expiresInMinutes=30)
    deployed.update(deployed.register("nginx:stable"), 900)

    assert old in running(deployed)
    assert deployed.service["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    deployed.advance(1200)
    assert old not in running(deployed)
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


def test_taking_the_protection_off_lets_the_scale_in_go_on(deployed: Deployed) -> None:
    deployed.create(desiredCount=2)
    tasks = running(deployed)
    protect(deployed, *tasks)
    deployed.ecs.update_service(service="web", desiredCount=1)
    deployed.advance(60)
    assert len(running(deployed)) == 2

    protect(deployed, *tasks, protectionEnabled=False)
    assert len(running(deployed)) == 1


@pytest.mark.fact("protection.not-from-all")
def test_protection_keeps_no_task_from_a_person_or_from_the_end_of_the_service(
    deployed: Deployed,
) -> None:
    deployed.create(desiredCount=2)
    first, second = running(deployed)
    protect(deployed, first, second)
    deployed.ecs.stop_task(task=first)
    assert running(deployed) == [second]

    deployed.ecs.delete_service(service="web", force=True)
    deployed.advance(60)
    assert running(deployed) == []


@pytest.mark.fact("protection.not-from-all")
def test_an_unhealthy_task_is_replaced_although_it_is_protected() -> None:
    common: dict[str, Any] = {"can_start_at": NOON, "changed_at": NOON, "settles_in": 5.0}
    primary = DeploymentView("new", COMPLETED, **common, healthy=1, unhealthy=1)
    view = ServiceView(1, DeploymentConfiguration(), (primary,))

    assert reconcile(view, NOON).actions == (StopTasks("new", "unhealthy", 1),)


def test_protected_tasks_are_left_out_where_the_floor_can_spare_more() -> None:
    common: dict[str, Any] = {"can_start_at": NOON, "changed_at": NOON, "settles_in": 5.0}
    new = DeploymentView("new", IN_PROGRESS, **common, healthy=4)
    old = DeploymentView("old", COMPLETED, **common, healthy=4, protected=("healthy",) * 3)
    view = ServiceView(4, DeploymentConfiguration(), (new, old))

    assert reconcile(view, NOON).actions == (StopTasks("old", "healthy", 1),)
    held = reconcile(
        ServiceView(
            4,
            DeploymentConfiguration(),
            (new, DeploymentView("old", COMPLETED, **common, healthy=3, protected=old.protected)),
        ),
        NOON,
    )
    assert (held.actions, held.held, held.is_deadlocked) == ((), ("old", 3), False)
