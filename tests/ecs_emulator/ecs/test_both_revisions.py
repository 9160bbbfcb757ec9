"""Old and new revision side by side: each replaces its own tasks, and both scale out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched_engine import Watched

from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.world.configuration import CircuitBreaker, DeploymentConfiguration
from ecs_emulator.world.messages import Action, StartTasks, StopTasks
from ecs_emulator.world.state import COMPLETED, FAILED, IN_PROGRESS, Deployment
from ecs_emulator.world.views import DeploymentView, ServiceView, view_of

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(hours=1)
WRONG = "nginx:wrong-image-tag"
GUARDED = CircuitBreaker(enable=True, rollback=True)
PERCENTS = [(100, 200), (50, 200), (100, 150), (50, 100), (0, 100), (100, 101), (75, 125)]


def view(
    desired: int,
    old: dict[str, Any],
    new: dict[str, Any],
    percents: tuple[int, int] = (100, 200),
    state: str = IN_PROGRESS,
) -> ServiceView:
    common: dict[str, Any] = {"can_start_at": LONG_AGO, "changed_at": LONG_AGO, "settles_in": 5.0}
    primary = DeploymentView("new", state, **common, **new)
    source = DeploymentView("old", COMPLETED, **(common | {"desired_count": desired} | old))
    return ServiceView(desired, DeploymentConfiguration(GUARDED, *percents), (primary, source))


def start(name: str, count: int) -> StartTasks:
    return StartTasks(name, count)


@pytest.mark.parametrize(
    ("desired", "percents", "old", "new", "actions"),
    [
        # What the old revision lost, it starts itself, whatever becomes of the new one.
        (4, (100, 200), {"healthy": 3}, {"pending": 4}, [start("old", 1)]),
        (4, (100, 200), {"healthy": 2, "pending": 1}, {"pending": 4}, [start("old", 1)]),
        (4, (100, 200), {"healthy": 3, "warming": 1}, {"pending": 4}, []),
        (4, (100, 200), {"healthy": 2}, {"pending": 3, "healthy": 1}, [start("old", 1)]),
        # Only as many as the floor wants.
        (4, (50, 200), {"healthy": 2}, {"pending": 4}, []),
        (4, (50, 200), {"healthy": 1}, {"pending": 4}, [start("old", 1)]),
        (4, (0, 200), {"healthy": 0}, {"pending": 4}, []),
        # Only as many as it was deployed for.
        (4, (100, 200), {"healthy": 1, "desired_count": 2}, {"pending": 4}, [start("old", 1)]),
        (4, (100, 200), {"healthy": 2, "desired_count": 2}, {"pending": 4}, []),
        # Within the ceiling both share the room, and the odd task is a new one.
        (4, (100, 200), {"healthy": 2}, {}, [start("old", 2), start("new", 4)]),
        (4, (100, 150), {"healthy": 3}, {}, [start("new", 3)]),
        (4, (100, 150), {"healthy": 2}, {}, [start("old", 1), start("new", 3)]),
        (4, (100, 150), {"healthy": 3}, {"pending": 2}, [start("new", 1)]),
        # A sick old task is replaced first and stopped when it is not needed.
        (1, (100, 200), {"unhealthy": 1}, {}, [start("new", 1)]),
        (2, (100, 200), {"healthy": 1, "unhealthy": 1}, {}, [start("new", 2)]),
        (2, (100, 250), {"healthy": 1, "unhealthy": 1}, {"pending": 2}, [start("old", 1)]),
        (2, (100, 250), {"healthy": 1, "unhealthy": 1, "pending": 1}, {"pending": 2}, []),
        (
            2,
            (100, 250),
            {"healthy": 2, "unhealthy": 1},
            {"pending": 2},
            [StopTasks("old", "unhealthy", 1)],
        ),
        # Without room for a replacement, one sick task at a time goes first.
        (
            2,
            (100, 200),
            {"unhealthy": 2},
            {"pending": 2},
            [StopTasks("old", "unhealthy", 1)],
        ),
        (2, (100, 200), {"unhealthy": 1, "pending": 1}, {"pending": 2}, []),
        # Replacements that the new tasks have made needless are stopped.
        (
            2,
            (100, 200),
            {"healthy": 1, "pending": 1},
            {"healthy": 1, "pending": 1},
            [StopTasks("old", "pending", 1)],
        ),
    ],
)
@pytest.mark.fact("rolling.own-revision", "rolling.replacement-first", "rolling.shared-room")
def test_old_and_new_tasks_in_integers(
    desired: int,
    percents: tuple[int, int],
    old: dict[str, Any],
    new: dict[str, Any],
    actions: list[Action],
) -> None:
    assert reconcile(view(desired, old, new, percents), NOON).actions == tuple(actions)


@pytest.mark.fact("rolling.failed-for-good")
def test_the_old_revision_replaces_its_tasks_beside_a_deployment_that_failed_for_good() -> None:
    after = view(2, {"healthy": 1}, {}, state=FAILED)

    assert reconcile(after, NOON).actions == (start("old", 1),)


def test_the_pause_of_the_old_revision_is_its_own() -> None:
    waiting = view(1, {"can_start_at": NOON + timedelta(seconds=20)}, {"pending": 1})
    decision = reconcile(waiting, NOON)

    assert (decision.actions, decision.wake_at) == ((), NOON + timedelta(seconds=20))
    assert reconcile(waiting, NOON + timedelta(seconds=20)).actions == (start("old", 1),)


def halfway(tell: Tell, **settings: Any) -> tuple[Story, Deployment, Deployment]:
    """A service whose new release cannot be pulled, while it is being tried."""
    story = tell(**settings).settled()
    old = story.service.primary
    new = story.update(WRONG)
    story.until(lambda: new.counts.pending == story.service.desired_count)
    return story, old, new


@pytest.mark.fact("rolling.own-revision")
def test_a_task_stopped_during_a_failing_deployment_is_replaced_by_its_own_revision(
    tell: Tell,
) -> None:
    story, old, new = halfway(tell, desired=2)
    (victim, *_) = old.tasks.values()
    story.engine.stop_task(victim, "maintenance")
    story.until(lambda: old.counts.healthy == 2)

    assert [task.task_definition.revision for task in old.tasks.values()] == [1, 1]
    assert new.counts.running == 0
    story.until_state(new, "FAILED")
    story.until_state(old, "COMPLETED")
    assert story.running() == [2]


@pytest.mark.fact("rolling.own-revision", "rolling.unhealthy-event")
def test_a_sick_old_task_is_replaced_by_its_own_revision_and_the_event_says_so(
    tell: Tell,
) -> None:
    """It is stopped only when its replacement is healthy."""
    story = tell(desired=1, configuration=DeploymentConfiguration(GUARDED, 100, 300)).settled()
    old = story.service.primary
    new = story.update(WRONG)
    story.until(lambda: new.counts.pending == 1)
    (sick,) = old.tasks.values()
    story.engine._life.judge_health(sick, healthy=False)
    story.engine.settle(story.service)

    (_, said) = story.said("unhealthy status")[0]
    assert said.endswith("Amazon ECS replaced 1 tasks due to an unhealthy status.")
    assert (old.counts.pending, old.counts.unhealthy) == (1, 1)
    story.until(lambda: old.counts.healthy == 1)
    assert old.counts.unhealthy == 0


@pytest.mark.fact("rolling.scale-out")
def test_scaling_out_during_a_failing_deployment_reaches_both_revisions(tell: Tell) -> None:
    story, old, new = halfway(tell, desired=2)
    story.update(desired=4)
    story.until(lambda: old.counts.healthy == 4)

    assert (old.desired_count, new.desired_count) == (4, 4)
    assert new.counts.running == 0


@pytest.mark.fact("rolling.scale-out")
def test_scaling_in_the_same_call_as_a_new_release_starts_only_new_tasks(tell: Tell) -> None:
    """The revision that is replaced keeps the count that it was deployed for."""
    story = tell(desired=0).settled()
    old = story.service.primary
    new = story.update("nginx:latest", desired=2)
    story.until_state(new, "COMPLETED")

    assert story.running() == [2]
    assert {task.deployment_id for task in story.tasks} == {new.id}
    assert old.counts.running == 0


steps = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([5, 20, 45, 90, 200])),
    st.tuples(st.just("stop"), st.integers(0, 9)),
    st.tuples(st.just("sicken"), st.integers(0, 9)),
    st.tuples(st.just("scale"), st.integers(0, 5)),
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    desired=st.integers(1, 5),
    percents=st.sampled_from(PERCENTS),
    image=st.sampled_from([WRONG, "nginx:latest"]),
    told=st.lists(steps, max_size=10),
)
def test_whatever_is_lost_on_the_way_ceiling_and_floor_hold_and_the_service_recovers(
    tell: Tell, desired: int, percents: tuple[int, int], image: str, told: list[tuple[str, int]]
) -> None:
    configuration = DeploymentConfiguration(GUARDED, *percents)
    story = tell(desired=desired, configuration=configuration, kind=Watched).settled()
    story.update(image)
    for name, value in told:
        alive = [task for task in story.tasks if not task.is_stopping]
        if name == "advance":
            story.advance(value)
        elif name == "scale":
            story.update(desired=value)
        elif alive and name == "stop":
            story.engine.stop_task(alive[value % len(alive)], "chance")
        elif alive and (task := alive[value % len(alive)]).is_healthy:
            story.engine._life.judge_health(task, healthy=False)
            story.engine.settle(story.service)
        assert reconcile(view_of(story.service), story.clock.now).actions == ()
    story.update("nginx:1.27", configuration=replace(configuration, maximum_percent=200))
    story.advance(3600)

    assert story.running() == [story.service.desired_count]
    assert story.service.primary.rollout_state == COMPLETED
