"""What a service wants next: snapshots as integers, and the actions that follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.world.configuration import (
    CircuitBreaker,
    DeploymentAlarms,
    DeploymentConfiguration,
    ThresholdConfiguration,
)
from ecs_emulator.world.messages import (
    Action,
    CompleteDeployment,
    Decision,
    FailDeployment,
    RemoveService,
    StartTasks,
    StopTasks,
)
from ecs_emulator.world.state import COMPLETED, FAILED, IN_PROGRESS
from ecs_emulator.world.views import DeploymentView, ServiceView

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(hours=1)
BREAKER = CircuitBreaker(enable=True, rollback=True)
NO_ROLLBACK = CircuitBreaker(enable=True, rollback=False)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def deployment(name: str, rollout_state: str = IN_PROGRESS, **more: Any) -> DeploymentView:
    defaults = {"can_start_at": LONG_AGO, "changed_at": LONG_AGO, "settles_in": 5.0}
    return DeploymentView(name, rollout_state, **(defaults | more))


def old(rollout_state: str = COMPLETED, **more: Any) -> DeploymentView:
    return deployment("old", rollout_state, **more)


def new(rollout_state: str = IN_PROGRESS, **more: Any) -> DeploymentView:
    return deployment("new", rollout_state, **more)


def service(
    desired: int,
    *deployments: DeploymentView,
    minimum: int = 100,
    maximum: int = 200,
    breaker: CircuitBreaker = BREAKER,
    **more: Any,
) -> ServiceView:
    configuration = DeploymentConfiguration(breaker, minimum, maximum)
    return ServiceView(desired, configuration, deployments, **more)


def start(count: int) -> StartTasks:
    return StartTasks("new", count)


def stop(count: int, place: str = "healthy", name: str = "old") -> StopTasks:
    return StopTasks(name, place, count)


def wanted(view: ServiceView, now: datetime = NOON) -> tuple[Action, ...]:
    return reconcile(view, now).actions


@pytest.mark.parametrize(
    # desired, minimum %, maximum %, healthy old ones,
    # new ones: pending, warming, healthy, unhealthy
    ("desired", "minimum", "maximum", "olds", "news", "actions"),
    [
        # Start as many as are missing, within the ceiling.
        (1, 100, 200, 1, (0, 0, 0, 0), [start(1)]),
        (4, 100, 200, 4, (0, 0, 0, 0), [start(4)]),
        (4, 100, 150, 4, (0, 0, 0, 0), [start(2)]),
        (5, 100, 150, 5, (0, 0, 0, 0), [start(2)]),
        (4, 100, 125, 4, (0, 0, 0, 0), [start(1)]),
        (4, 100, 200, 4, (1, 0, 0, 0), [start(3)]),
        (4, 100, 200, 0, (1, 1, 1, 0), [start(1)]),
        (4, 50, 100, 2, (0, 0, 0, 0), [start(2)]),
        # An unhealthy new one does not count as there, but takes room.
        (4, 100, 200, 4, (0, 0, 3, 1), [stop(1, "unhealthy", "new")]),
        (4, 100, 200, 0, (0, 0, 3, 1), [start(1)]),
        (1, 100, 200, 1, (0, 0, 0, 1), [stop(1, "unhealthy", "new")]),
        (1, 100, 200, 0, (0, 0, 0, 1), [start(1)]),
        (1, 100, 200, 0, (1, 0, 0, 1), [stop(1, "unhealthy", "new")]),
        # Stop the old ones that the floor can spare.
        (4, 100, 200, 4, (0, 0, 4, 0), [stop(4)]),
        (4, 100, 200, 4, (1, 0, 3, 0), [stop(3)]),
        (4, 100, 200, 4, (0, 1, 3, 0), [stop(3)]),
        (4, 100, 150, 4, (0, 0, 2, 0), [stop(2)]),
        (4, 50, 100, 4, (0, 0, 0, 0), [stop(2)]),
        (3, 50, 100, 3, (0, 0, 0, 0), [stop(1)]),
        (4, 0, 100, 4, (0, 0, 0, 0), [stop(4)]),
        (1, 0, 100, 1, (0, 0, 0, 0), [stop(1)]),
        # Wait.
        (4, 100, 200, 4, (4, 0, 0, 0), []),
        (4, 100, 200, 4, (0, 4, 0, 0), []),
        (4, 50, 100, 2, (0, 2, 0, 0), []),
        (4, 99, 101, 4, (0, 0, 0, 0), []),
        # Fewer are desired than there are: the youngest in life go first.
        (1, 100, 200, 0, (0, 0, 3, 0), [stop(2, "healthy", "new")]),
        (
            2,
            100,
            200,
            0,
            (1, 1, 3, 0),
            [stop(1, "pending", "new"), stop(1, "warming", "new"), stop(1, "healthy", "new")],
        ),
        (
            0,
            100,
            200,
            2,
            (1, 0, 1, 0),
            [stop(1, "pending", "new"), stop(1, "healthy", "new")],
        ),
        (0, 100, 200, 2, (0, 0, 0, 0), [stop(2)]),
        # Done.
        (4, 100, 200, 0, (0, 0, 4, 0), [CompleteDeployment("new")]),
        (0, 100, 200, 0, (0, 0, 0, 0), [CompleteDeployment("new")]),
    ],
)
def test_a_rolling_update_in_integers(
    desired: int,
    minimum: int,
    maximum: int,
    olds: int,
    news: tuple[int, int, int, int],
    actions: list[Action],
) -> None:
    places = dict(zip(("pending", "warming", "healthy", "unhealthy"), news, strict=True))
    view = service(desired, new(**places), old(healthy=olds), minimum=minimum, maximum=maximum)

    assert wanted(view) == tuple(actions)


def test_old_tasks_that_serve_nobody_go_before_healthy_ones() -> None:
    view = service(4, new(healthy=2), old(pending=1, warming=1, unhealthy=1, healthy=4))

    assert wanted(service(4, new(healthy=2, pending=2), *view.others)) == (
        stop(1, "pending"),
        stop(1, "warming"),
        stop(1, "unhealthy"),
        stop(2),
    )


def test_the_floor_is_shared_by_all_old_deployments() -> None:
    older = deployment("older", COMPLETED, healthy=3)
    view = service(4, new(healthy=2, pending=2), old(IN_PROGRESS, healthy=1), older)

    assert wanted(view) == (stop(1), stop(1, "healthy", "older"))


@pytest.mark.parametrize("state", [COMPLETED, IN_PROGRESS])
def test_a_task_that_is_gone_is_replaced(state: str) -> None:
    assert wanted(service(3, new(state, healthy=2))) == (start(1),)


def test_nothing_starts_before_the_pause_is_over() -> None:
    view = service(2, new(can_start_at=at(30)), old(healthy=2))

    assert reconcile(view, NOON) == Decision(wake_at=at(30))
    assert reconcile(view, at(30)).actions == (start(2),)


def test_an_unhealthy_task_stays_until_it_can_be_replaced() -> None:
    view = service(2, new(healthy=1, unhealthy=1, can_start_at=at(30)))

    assert reconcile(view, NOON) == Decision(wake_at=at(30))
    assert reconcile(view, at(30)).actions == (start(1),)


def test_nothing_happens_before_the_deployment_is_picked_up() -> None:
    view = service(2, new(is_picked_up=False, can_start_at=at(1)), old(healthy=2))

    assert reconcile(view, NOON) == Decision()


def test_after_a_verdict_the_service_rests_a_moment() -> None:
    view = service(1, old(IN_PROGRESS), new(FAILED, pending=1), acts_at=at(3))

    assert reconcile(view, NOON) == Decision(wake_at=at(3))
    assert reconcile(view, at(3)).actions == (StartTasks("old", 1),)


@pytest.mark.fact("timing.settling")
def test_a_complete_deployment_settles_first() -> None:
    view = service(1, new(healthy=1, changed_at=NOON, settles_in=7.5))

    assert reconcile(view, at(7)) == Decision(wake_at=at(7.5))
    assert reconcile(view, at(7.5)) == Decision((CompleteDeployment("new"),))


@pytest.mark.parametrize(
    "left",
    [{"stopping": 1}, {"warming": 1}, {"unhealthy": 1}],
)
@pytest.mark.fact("deployments.completes")
def test_a_deployment_is_not_complete_while_an_old_task_is_left(left: dict[str, int]) -> None:
    assert CompleteDeployment("new") not in wanted(service(1, new(healthy=1), old(**left)))


@pytest.mark.parametrize("state", [COMPLETED, FAILED])
def test_only_a_deployment_in_progress_can_complete(state: str) -> None:
    assert reconcile(service(1, new(state, healthy=1)), NOON) == Decision()


# --- the breaker ------------------------------------------------------------------------------


def failing(failures: int, **more: Any) -> DeploymentView:
    """Three failures and the fourth task pending, and the scheduler has looked since."""
    looked = {"counted_at": at(-10), "verdict_at": at(-1)}
    return new(**({"failures": failures, "pending": 1} | looked | more))


@pytest.mark.parametrize(
    ("desired", "kind", "value", "failures", "trips"),
    [
        (1, "BOUNDED_PERCENT", 50, 2, False),
        (1, "BOUNDED_PERCENT", 50, 3, True),
        (25, "BOUNDED_PERCENT", 50, 12, False),
        (25, "BOUNDED_PERCENT", 50, 13, True),
        (800, "BOUNDED_PERCENT", 50, 200, True),
        (800, "UNBOUNDED_PERCENT", 50, 399, False),
        (800, "UNBOUNDED_PERCENT", 50, 400, True),
        (1, "UNBOUNDED_PERCENT", 50, 1, True),
        (10, "COUNT", 5, 4, False),
        (10, "COUNT", 5, 5, True),
        (10, "COUNT", 5, 6, True),
    ],
)
@pytest.mark.fact("breaker.trips-at-threshold")
def test_the_breaker_trips_when_the_count_meets_the_threshold(
    desired: int, kind: str, value: int, failures: int, trips: bool
) -> None:
    breaker = CircuitBreaker(True, True, threshold=ThresholdConfiguration(kind, value))
    view = service(desired, failing(failures), old(healthy=desired), breaker=breaker)

    assert (wanted(view)[:1] == (FailDeployment("new", "old"),)) == trips


@pytest.mark.parametrize(
    ("counted_at", "verdict_at", "trips"),
    [
        (-10, -1, True),
        (-10, 0, True),
        (-10, 1, False),  # the scheduler has not acted yet
        (-1, -10, False),  # it acted before it knew
        (-10, None, False),  # it never acted
    ],
)
@pytest.mark.fact("breaker.verdict-late")
def test_the_verdict_comes_when_the_scheduler_acts_after_the_count(
    counted_at: float, verdict_at: float | None, trips: bool
) -> None:
    moments = {
        "counted_at": at(counted_at),
        "verdict_at": None if verdict_at is None else at(verdict_at),
    }
    view = service(1, failing(3, **moments), old(healthy=1))

    assert wanted(view) == ((FailDeployment("new", "old"),) if trips else ())


def test_the_scheduler_wakes_for_the_verdict() -> None:
    view = service(1, failing(3, verdict_at=at(4)), old(healthy=1))

    assert reconcile(view, NOON) == Decision(wake_at=at(4))


def test_a_verdict_comes_before_any_other_wish() -> None:
    assert wanted(service(4, failing(3, pending=0), old(healthy=4))) == (
        FailDeployment("new", "old"),
    )


@pytest.mark.fact("breaker.off")
def test_without_the_breaker_there_is_no_verdict() -> None:
    view = service(1, failing(99), old(healthy=1), breaker=CircuitBreaker())

    assert wanted(view) == ()


@pytest.mark.parametrize("state", [COMPLETED, FAILED])
@pytest.mark.fact("breaker.only-in-progress")
def test_only_a_deployment_in_progress_can_fail(state: str) -> None:
    view = service(1, failing(3, rollout_state=state), old(healthy=1))

    assert not any(isinstance(action, FailDeployment) for action in wanted(view))


@pytest.mark.parametrize(
    ("others", "target"),
    [
        ([old()], "old"),
        ([], None),
        ([old(IN_PROGRESS)], None),
        ([old(FAILED)], None),
        ([old(FAILED), deployment("older", COMPLETED)], "older"),
        ([old(IN_PROGRESS), deployment("older", COMPLETED)], "older"),
        ([old(), deployment("older", COMPLETED)], "old"),
    ],
)
@pytest.mark.fact("rollback.target")
def test_the_rollback_goes_to_the_most_recent_completed_deployment(
    others: list[DeploymentView], target: str | None
) -> None:
    assert wanted(service(1, failing(3), *others)) == (FailDeployment("new", target),)


@pytest.mark.fact("rollback.off")
def test_without_rollback_there_is_no_target() -> None:
    view = service(1, failing(3), old(healthy=1), breaker=NO_ROLLBACK)

    assert wanted(view) == (FailDeployment("new", None, wants_rollback=False),)


@pytest.mark.fact("rollback.off")
def test_a_failed_deployment_starts_nothing_and_leaves_the_old_one_alone() -> None:
    view = service(4, new(FAILED, pending=2, warming=1, unhealthy=1), old(healthy=4))

    assert wanted(view) == (stop(2, "pending", "new"), stop(1, "unhealthy", "new"))
    assert reconcile(service(4, new(FAILED), old(healthy=4)), NOON) == Decision()


def test_a_failed_primary_keeps_the_tasks_that_serve() -> None:
    assert wanted(service(4, new(FAILED, healthy=2, pending=1), old(healthy=2))) == (
        stop(1, "pending", "new"),
    )


def test_a_rollback_stops_what_the_failed_deployment_left() -> None:
    view = service(1, old(IN_PROGRESS, healthy=1), new(FAILED, pending=1))

    assert wanted(view) == (stop(1, "pending", "new"),)


@pytest.mark.fact("rollback.floor")
def test_a_rollback_keeps_the_floor_too() -> None:
    left = new(FAILED, pending=1, healthy=3)

    assert wanted(service(4, old(IN_PROGRESS, healthy=1, pending=3), left)) == (
        stop(1, "pending", "new"),
    )
    assert wanted(service(4, old(IN_PROGRESS, healthy=2, pending=2), new(FAILED, healthy=3))) == (
        stop(1, "healthy", "new"),
    )


# --- a person's stop and an alarm -------------------------------------------------------------

STOPPED = [
    ("ROLLBACK", True, FailDeployment("new", "old", "stop")),
    ("ROLLBACK", False, FailDeployment("new", "old", "stop")),
    ("ABORT", True, FailDeployment("new", None, "stop", wants_rollback=False)),
]


@pytest.mark.parametrize(("stop_type", "rollback", "action"), STOPPED)
def test_a_person_stops_a_deployment_whatever_the_breaker_says(
    stop_type: str, rollback: bool, action: FailDeployment
) -> None:
    view = service(
        1,
        new(pending=1, stop_requested=stop_type),
        old(healthy=1),
        breaker=CircuitBreaker(False, rollback),
    )

    assert wanted(view) == (action,)


@pytest.mark.fact("alarms.first-wins")
def test_the_first_to_trip_wins() -> None:
    alarms = DeploymentAlarms(("high",), enable=True, rollback=False)
    view = service(1, failing(3, is_alarmed=True), old(healthy=1))
    alarmed = replace(view, configuration=replace(view.configuration, alarms=alarms))
    stopped = replace(view.primary, stop_requested="ROLLBACK")

    assert wanted(alarmed) == (FailDeployment("new", None, "alarm", wants_rollback=False),)
    assert wanted(replace(alarmed, deployments=(stopped, *view.others))) == (
        FailDeployment("new", "old", "stop"),
    )


# --- deleting ---------------------------------------------------------------------------------


def test_a_draining_service_stops_everything_at_once() -> None:
    view = service(
        0, new(pending=1, warming=2), old(healthy=3, unhealthy=1), is_draining=True, acts_at=at(9)
    )

    assert wanted(view) == (
        stop(1, "pending", "new"),
        stop(2, "warming", "new"),
        stop(1, "unhealthy"),
        stop(3),
    )


def test_a_draining_service_is_removed_after_its_last_task() -> None:
    assert wanted(service(0, new(stopping=1), is_draining=True)) == ()
    assert wanted(service(0, new(), is_draining=True)) == (RemoveService(),)


# --- always -----------------------------------------------------------------------------------


def test_nothing_to_do_means_nothing_to_wake_for() -> None:
    assert reconcile(service(2, new(COMPLETED, healthy=2)), NOON) == Decision()
