"""What holds in every story, whatever is asked of the service and whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched_engine import Watched

from ecs_emulator.api import services, tasks
from ecs_emulator.api.context import Context, Neighbours, Place
from ecs_emulator.ecs.arithmetic import healthy_floor, live_ceiling
from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.world.configuration import (
    CircuitBreaker,
    DeploymentConfiguration,
    ThresholdConfiguration,
)
from ecs_emulator.world.state import ACTIVE, COMPLETED, INACTIVE, PRIMARY
from ecs_emulator.world.views import view_of

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
Step = tuple[str, Any]
ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
PERCENTS = [(100, 200), (50, 200), (100, 150), (50, 100), (0, 100), (100, 101), (99, 101)]
CONTAINERS: list[dict[str, Any]] = [
    {},
    {"command": ["sh", "-c", "exit 1"]},
    {"command": ["sh", "-c", "sleep 50; exit 1"]},
    {"healthCheck": {"command": ["CMD", "false"], "interval": 5, "retries": 2}},
    {"healthCheck": {"command": ["CMD", "true"], "interval": 5}},
]

breakers = st.builds(
    CircuitBreaker,
    enable=st.booleans(),
    rollback=st.booleans(),
    reset_on_healthy_task=st.booleans(),
    threshold=st.sampled_from(
        [
            ThresholdConfiguration(),
            ThresholdConfiguration("COUNT", 2),
            ThresholdConfiguration("UNBOUNDED_PERCENT", 20),
        ]
    ),
)
configurations = st.builds(
    lambda breaker, percents: DeploymentConfiguration(breaker, *percents),
    breakers,
    st.sampled_from(PERCENTS),
)
counts = st.integers(0, 6)
releases = st.tuples(
    st.sampled_from(["nginx:alpine", "nginx:latest", "nginx:shaky", "no-such-image"]),
    st.sampled_from(CONTAINERS),
)
steps = st.one_of(
    st.tuples(st.just("release"), releases),
    st.tuples(st.just("advance"), st.sampled_from([1, 20, 45, 90, 300, 900])),
    st.tuples(st.just("advance"), st.integers(1, 400)),
    st.tuples(st.just("scale"), counts),
    st.tuples(st.just("force"), st.none()),
    st.tuples(st.just("configure"), configurations),
    st.tuples(st.just("push or delete the shaky image"), st.none()),
    st.tuples(st.just("stop a task"), st.integers(0, 20)),
    st.tuples(st.just("stop the deployment"), st.booleans()),
    st.tuples(st.just("delete"), st.none()),
)
stories = st.tuples(
    counts, configurations, releases, st.integers(1, 99), st.lists(steps, max_size=14)
)
many = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def release(story: Story, value: Any) -> None:
    image, container = value
    story.update(image, **container)


def push_or_delete(story: Story, _: Any) -> None:
    story.images.tags["docker.io/library/nginx"] ^= {"shaky"}


def stop_a_task(story: Story, value: int) -> None:
    if story.tasks:
        story.engine.stop_task(story.tasks[value % len(story.tasks)], "chance")


def stop_the_deployment(story: Story, rollback: bool) -> None:
    record = story.service.service_deployments[-1]
    if record.status in ("PENDING", "IN_PROGRESS"):
        story.engine.stop_service_deployment(story.service, record, rollback=rollback)


STEPS: dict[str, Callable[[Story, Any], object]] = {
    "release": release,
    "scale": lambda story, value: story.update(desired=value),
    "force": lambda story, _: story.update(force=True),
    "configure": lambda story, value: story.update(configuration=value),
    "push or delete the shaky image": push_or_delete,
    "stop a task": stop_a_task,
    "stop the deployment": stop_the_deployment,
    "delete": lambda story, _: story.engine.delete_service(story.service),
}


def perform(story: Story, step: Step) -> None:
    name, value = step
    if name == "advance":
        story.advance(value)
    elif story.service.status == ACTIVE:
        STEPS[name](story, value)


def begin(tell: Tell, told: tuple[Any, ...]) -> Story:
    desired, configuration, (image, container), seed, _ = told
    return tell(
        desired=desired,
        configuration=configuration,
        image=image,
        container=container,
        seed=seed,
        kind=Watched,
    )


def play(tell: Tell, told: tuple[Any, ...]) -> Iterable[Story]:
    """The story after its beginning and after each step."""
    story = begin(tell, told)
    yield story
    for step in told[-1]:
        perform(story, step)
        yield story


def look(story: Story) -> None:
    """What must be true of the service at any time."""
    service = story.service
    if service.status == INACTIVE:
        return
    primaries = [each.status for each in service.deployments].count(PRIMARY)
    assert (primaries, service.primary.status) == (1, PRIMARY)
    assert len({each.id for each in service.deployments}) == len(service.deployments)
    for deployment in service.deployments:
        places = [task.place for task in deployment.tasks.values()]
        counted = deployment.counts
        assert all(
            getattr(counted, place) == places.count(place)
            for place in ("pending", "warming", "healthy", "unhealthy", "stopping")
        ), "the counts are the tasks, counted"
    ongoing = [record.status not in ENDED for record in service.service_deployments]
    assert sum(ongoing) <= 1, "a service has one service deployment at a time"
    for record in service.service_deployments:
        assert (record.finished_at is not None) == (record.status in ENDED)
    moments = [each.created_at for each in service.events]
    assert all(later > earlier for later, earlier in pairwise(moments))


@many
@given(told=stories)
@pytest.mark.fact("deployments.floor")
def test_floor_ceiling_and_failed_deployments_are_respected(tell: Tell, told: Any) -> None:
    for story in play(tell, told):
        look(story)


@many
@given(told=stories)
@pytest.mark.fact("deployments.ceiling")
def test_running_and_pending_stay_within_the_ceiling_of_the_largest_wish(
    tell: Tell, told: Any
) -> None:
    """A wish that shrinks leaves more tasks for a moment, but never more than it once allowed."""
    desired, configuration, *_ = told
    largest, highest = desired, configuration.maximum_percent
    for story in play(tell, told):
        largest = max(largest, story.service.desired_count)
        highest = max(highest, story.service.configuration.maximum_percent)
        live = sum(each.counts.running + each.counts.pending for each in story.service.deployments)

        assert live <= live_ceiling(highest, largest)


@many
@given(told=stories)
def test_at_every_moment_a_settled_service_wants_nothing_more(tell: Tell, told: Any) -> None:
    for story in play(tell, told):
        if story.service.status == ACTIVE:
            assert reconcile(view_of(story.service), story.clock.now).actions == ()
            before = (repr(story.service), len(story.sent))
            story.engine.settle(story.service)
            assert (repr(story.service), len(story.sent)) == before


@many
@given(told=stories)
def test_every_story_left_alone_comes_to_rest_or_goes_on_trying(tell: Tell, told: Any) -> None:
    """With an image that can be pulled and a container that lives, all ends as it was wished."""
    *_, story = play(tell, told)
    if story.service.status == ACTIVE:
        story.update("nginx:alpine", configuration=DeploymentConfiguration())
    story.advance(3600)

    if story.service.status == ACTIVE:
        (deployment,) = story.service.deployments
        assert deployment.rollout_state == COMPLETED
        assert story.running() == [story.service.desired_count]
        assert story.service.is_steady
    else:
        assert story.service.status == INACTIVE
        assert [task for task in story.tasks if task.status != "STOPPED"] == []


@pytest.mark.fact("rollback.floor")
def test_a_rollback_from_halfway_keeps_the_floor(tell: Tell) -> None:
    """Two new tasks serve and two old ones: the new go as the old come back, one by one."""
    one_at_a_time = DeploymentConfiguration(CircuitBreaker(True, True), 100, 125)
    story = tell(desired=4, configuration=one_at_a_time, kind=Watched).settled()
    old = story.service.primary
    shaky = story.update("nginx:1.27")
    story.until(lambda: old.counts.healthy == shaky.counts.healthy == 2)
    story.images.tags["docker.io/library/nginx"].discard("1.27")
    story.until_state(shaky, "FAILED")
    served = set()
    story.until(
        lambda: (
            served.add(sum(each.counts.healthy for each in story.service.deployments))
            or old.rollout_state == COMPLETED
        )
    )

    assert min(served) == 4
    assert story.running() == [4]


def context(story: Story) -> Context:
    neighbours = Neighbours(
        subnet=lambda region, _: Place("vpc-1", f"{region}a"),
        security_group=lambda *_: Place("vpc-1"),
        target_group=lambda *_: None,
        has_service_linked_role=lambda: True,
    )
    return Context(story.engine, "123456789876", neighbours)


@many
@given(told=stories)
def test_reading_never_moves_the_world(tell: Tell, told: Any) -> None:
    for story in play(tell, told):
        here = context(story)
        before = (repr(story.engine.world), story.clock.next_due, len(story.sent))
        first = services.describe(here, story.service)
        second = services.describe(here, story.service)
        shown = [tasks._describe(here, task) for task in story.tasks]

        assert first == second
        assert shown == [tasks._describe(here, task) for task in story.tasks]
        assert (repr(story.engine.world), story.clock.next_due, len(story.sent)) == before


@many
@given(told=stories)
def test_the_same_story_with_the_same_seed_is_the_same_to_the_last_id(
    tell: Tell, told: Any
) -> None:
    *_, first = play(tell, told)
    *_, second = play(tell, told)

    assert first.sent == second.sent
    assert repr(first.engine.world) == repr(second.engine.world)


@settings(many, max_examples=40)
@given(told=stories, cuts=st.lists(st.integers(1, 600), max_size=6))
def test_time_in_many_steps_is_time_in_one(tell: Tell, told: Any, cuts: list[int]) -> None:
    *_, whole = play(tell, told)
    *_, parts = play(tell, told)
    whole.advance(sum(cuts))
    for cut in cuts:
        parts.advance(cut)

    assert parts.sent == whole.sent
    assert repr(parts.engine.world) == repr(whole.engine.world)


@pytest.mark.parametrize("percents", PERCENTS)
@pytest.mark.parametrize("desired", [1, 2, 4, 5])
def test_a_rolling_update_ends_wherever_the_percentages_leave_room(
    tell: Tell, desired: int, percents: tuple[int, int]
) -> None:
    configuration = DeploymentConfiguration(CircuitBreaker(True, True), *percents)
    story = tell(desired=desired, configuration=configuration, kind=Watched).settled()
    deployment = story.update("nginx:latest")
    story.advance(4 * 3600)
    minimum, maximum = percents
    has_room = live_ceiling(maximum, desired) > healthy_floor(minimum, desired)

    assert (deployment.rollout_state == COMPLETED) == has_room
    assert story.running() == ([desired] if has_room else [0, desired])
