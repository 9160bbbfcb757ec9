"""How long things take on AWS, where no other test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from deployed import Deployed, behind, target_group

from ecs_emulator.ecs.tasks.fates import Surroundings, fate_of
from ecs_emulator.world.clock import FIRST_MOMENT
from ecs_emulator.world.configuration import CircuitBreaker, DeploymentConfiguration
from ecs_emulator.world.images import Images
from ecs_emulator.world.state import TaskDefinition

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
SEEDS = range(1, 7)
WRONG = "nginx:wrong-image-tag"
IN_PLACE = DeploymentConfiguration(
    CircuitBreaker(enable=True, rollback=True), minimum_healthy_percent=0, maximum_percent=100
)


def between(earlier: datetime | None, later: datetime | None) -> float:
    assert earlier is not None
    assert later is not None
    return (later - earlier).total_seconds()


@pytest.mark.fact("timing.first-start-of-a-service")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_task_of_a_new_service_starts_within_seconds(tell: Tell, seed: int) -> None:
    (started,) = tell(seed=seed).settled().when("has started")

    assert 17 <= started <= 20


@pytest.mark.fact("timing.task-start")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_task_starts_as_fast_as_in_the_sample_event(tell: Tell, seed: int) -> None:
    (task,) = tell(seed=seed).settled().tasks

    assert 3.9 <= between(task.created_at, task.connectivity_at) <= 4.1
    assert 13.6 <= between(task.connectivity_at, task.pull_started_at) <= 13.7
    assert 2.5 <= between(task.pull_started_at, task.pull_stopped_at) <= 3.5
    assert 2.5 <= between(task.pull_stopped_at, task.started_at) <= 3.5


@pytest.mark.fact("timing.access-denied")
def test_a_task_that_lacks_a_permission_is_given_up_within_half_a_minute() -> None:
    spec = {
        "executionRoleArn": "arn:aws:iam::123456789876:role/gone",
        "containerDefinitions": [{"name": "c", "image": "nginx:alpine"}],
    }
    definition = TaskDefinition("arn", "my-task", 1, spec, FIRST_MOMENT, "me")
    fate = fate_of(definition, Surroundings(Images(), role_exists=lambda _: False))

    assert fate.fails_to_start is not None
    assert fate.fails_to_start[0] == (24.0, 30.0)


@pytest.mark.fact("timing.stopped-pending")
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_pending_is_stopped_three_seconds_after_the_verdict(tell: Tell, seed: int) -> None:
    story = tell(seed=seed).settled()
    story.until_state(story.update(WRONG), "FAILED")
    story.advance(10)
    (failed,), (stopped,) = story.when("deployment failed"), story.when("stopped 1 pending tasks.")

    assert 2.5 <= stopped - failed <= 3.2


@pytest.mark.fact("timing.rollback-new-task")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rollback_that_starts_the_old_task_again_takes_two_to_three_minutes(
    tell: Tell, seed: int
) -> None:
    """Its start comes soon; what is left of the failed revision runs until its check has failed."""
    story = tell(configuration=replace(IN_PLACE, maximum_percent=200), seed=seed).settled()
    old = story.service.primary
    check = {"command": ["CMD-SHELL", "exit 1"], "startPeriod": 10}
    failed = story.until_state(story.update("nginx:latest", healthCheck=check), "FAILED")
    before = len(story.when("has started"))
    story.until(lambda: len(story.when("has started")) > before)

    assert 17 <= story.seconds() - failed <= 20
    assert 110 <= story.until_state(old, "COMPLETED") - failed <= 200
    assert story.running() == [1]


@pytest.mark.fact("timing.settling")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_deployment_is_complete_seconds_after_its_last_task(tell: Tell, seed: int) -> None:
    story = tell(desired=2, seed=seed)
    story.until(lambda: sum(task.is_healthy for task in story.tasks) == 2)
    healthy = story.seconds()

    assert 6 <= story.until_state(story.service.primary, "COMPLETED") - healthy <= 12


@pytest.mark.fact("timing.failed-to-stopped")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_task_that_could_not_start_is_stopped_a_quarter_of_a_minute_later(
    tell: Tell, seed: int
) -> None:
    story = tell(seed=seed).settled()
    story.update(WRONG)
    story.until(lambda: story.tasks[-1].stopped_at)
    task = story.tasks[-1]

    assert 12 <= between(task.stopping_at, task.stopped_at) <= 16


@pytest.fixture
def deployed(aws: Callable[..., object], advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


@pytest.mark.fact("timing.alarm")
def test_a_rollback_begins_within_half_a_minute_of_its_alarm(deployed: Deployed) -> None:
    cloudwatch = deployed.aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="5XX",
        Namespace="app",
        Period=60,
        EvaluationPeriods=3,
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    deployed.create(deploymentConfiguration={"alarms": alarms})
    deployed.update(deployed.register("nginx:stable"), 60)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    waited = 0
    while not any("rolling back" in each for each in deployed.events):
        deployed.advance(1)
        waited += 1
        assert waited <= 21

    assert deployed.service["deployments"][0]["rolloutState"] == "IN_PROGRESS"


@pytest.mark.fact("timing.target-check")
def test_a_new_target_is_healthy_after_its_first_good_check(deployed: Deployed) -> None:
    group = target_group(deployed, HealthCheckIntervalSeconds=30, HealthyThresholdCount=5)
    deployed.create(**behind(group))
    deployed.update(deployed.register("nginx:stable"))
    stopped, registered = (
        max(e["createdAt"] for e in deployed.service["events"] if text in e["message"])
        for text in ("has stopped 1 running tasks", "(service web) registered 1 targets")
    )

    assert 17 <= (stopped - registered).total_seconds() <= 22
