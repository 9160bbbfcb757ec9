"""Stories of one service: what is asked, how time passes, and what ECS says and does.

The intervals are those that users measured on Fargate; `ecs_emulator/world/timing.py` has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ecs_emulator.ecs.tasks.transitions import ROLLOUT, TASK, ForbiddenTransition, allow
from ecs_emulator.world.configuration import (
    CircuitBreaker,
    DeploymentConfiguration,
    ThresholdConfiguration,
)
from ecs_emulator.world.state import Stop

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
SEEDS = range(1, 13)
WRONG = "nginx:wrong-image-tag"
EXIT_1 = {"command": ["sh", "-c", "exit 1"]}
SICK = {"healthCheck": {"command": ["CMD-SHELL", "exit 1"], "interval": 10, "retries": 2}}
WELL = {"healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10}}
TRIPPED = "deployment failed: tasks failed to start."
NO_BREAKER = DeploymentConfiguration()
NO_ROLLBACK = DeploymentConfiguration(CircuitBreaker(enable=True, rollback=False))


def without_ids(text: str) -> str:
    return re.sub(r"\(task [0-9a-f]{32}\)", "(task)", text)


def lines(story: Story) -> list[str]:
    return [without_ids(message) for _, message in story.said()]


# --- a good deployment ------------------------------------------------------------------------


@pytest.mark.fact("deployments.completes", "events.started", "events.completed")
def test_a_first_deployment_starts_completes_and_is_steady(tell: Tell) -> None:
    story = tell(desired=2).settled()
    (deployment,) = story.service.deployments

    assert lines(story) == [
        "(service web) has started 2 tasks: (task) (task).",
        f"(service web) (deployment {deployment.id}) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert (deployment.status, deployment.rollout_state) == ("PRIMARY", "COMPLETED")
    assert deployment.reason == f"ECS deployment {deployment.id} completed."
    assert (deployment.desired_count, deployment.counts.running) == (2, 2)
    assert story.told() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
        "SERVICE_STEADY_STATE",
    ]


@pytest.mark.fact("events.steady")
def test_completed_and_steady_are_a_millisecond_apart(tell: Tell) -> None:
    (_, completed), (_, steady) = [
        (each.message, each.created_at) for each in reversed(tell().settled().service.events[:2])
    ]

    assert steady - completed == timedelta(milliseconds=1)


@pytest.mark.fact("deployments.at-once", "deployments.old-active", "deployments.in-progress-reason")
def test_an_update_shows_the_new_deployment_at_once_with_nothing_in_it(tell: Tell) -> None:
    story = tell(desired=2).settled()
    (old,) = story.service.deployments
    new = story.update("nginx:latest")

    assert story.deployments() == [
        (new.id, "PRIMARY", "IN_PROGRESS"),
        (old.id, "ACTIVE", "COMPLETED"),
    ]
    assert new.reason == f"ECS deployment {new.id} in progress."
    assert (new.desired_count, new.counts.running, new.counts.pending, new.failures) == (0, 0, 0, 0)
    assert story.service.service_deployments[-1].status == "PENDING"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fact(
    "deployments.start-before-stop", "events.stopped-running", "timing.first-start", "tasks.scaled"
)
def test_a_rolling_update_starts_the_new_before_it_stops_the_old(tell: Tell, seed: int) -> None:
    story = tell(seed=seed).settled()
    new = story.update("nginx:latest")
    completed = story.until_state(new, "COMPLETED")

    assert lines(story) == [
        "(service web) has started 1 tasks: (task).",
        "(service web) has stopped 1 running tasks: (task).",
        f"(service web) (deployment {new.id}) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert 17 <= story.when("has started")[0] <= 50
    assert 100 <= completed <= 170
    assert story.deployments() == [(new.id, "PRIMARY", "COMPLETED")]
    stopped = [task for task in story.tasks if task.stop]
    assert [task.stop for task in stopped] == [
        Stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {new.id})")
    ]


@pytest.mark.fact("breaker.settings-no-deployment", "deployments.same-definition")
def test_the_same_task_definition_again_is_no_deployment(tell: Tell) -> None:
    story = tell().settled()
    before = story.service.primary

    assert story.update() is before
    assert story.update(configuration=story.with_breaker(enable=False)) is before
    assert len(story.service.service_deployments) == 1


@pytest.mark.fact("deployments.forced")
def test_a_forced_deployment_is_a_new_one_of_the_same_definition(tell: Tell) -> None:
    story = tell().settled()
    before = story.service.primary
    new = story.update(force=True)

    assert new.id != before.id
    assert new.task_definition is before.task_definition
    story.until_state(new, "COMPLETED")
    assert story.deployments() == [(new.id, "PRIMARY", "COMPLETED")]


# --- the bad image, one task ------------------------------------------------------------------


@pytest.mark.fact("timing.wrong-tag-trip", "timing.no-trip")
def test_a_bad_tag_trips_the_breaker_after_eleven_to_twelve_minutes(tell: Tell) -> None:
    """By then, always: one recording of 17 minutes without a verdict stands alone."""
    story = tell().settled()
    bad = story.update(WRONG)

    assert 660 <= story.until_state(bad, "FAILED") <= 740


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fact(
    "breaker.stage-1",
    "breaker.verdict-late",
    "timing.wrong-tag",
    "timing.short-pauses",
    "timing.long-pause",
    "timing.verdict-after-start",
)
def test_the_verdict_on_a_bad_tag_comes_just_after_the_fourth_start(tell: Tell, seed: int) -> None:
    story = tell(seed=seed).settled()
    bad = story.update(WRONG)
    tripped = story.until_state(bad, "FAILED")
    starts = story.when("has started 1 tasks")
    failures = story.when("was unable to place a task")

    assert (len(starts), len(failures)) == (4, 3)
    assert 2.9 <= tripped - starts[3] <= 5
    assert all(
        85 <= failed - began <= 92 for began, failed in zip(starts[:3], failures, strict=True)
    )
    pauses = [began - failed for began, failed in zip(starts[1:], failures, strict=True)]
    assert all(30 <= pause <= 41 for pause in pauses[:2])
    assert 305 <= pauses[2] <= 332
    assert 630 <= tripped <= 745


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fact(
    "rollback.old-id",
    "rollback.dates",
    "rollback.id-tells",
    "deployments.failed-reason",
    "deployments.rolling-back-reason",
    "deployments.failed-active",
    "timing.rollback",
)
def test_the_rollback_goes_to_the_old_deployment_under_its_old_id(tell: Tell, seed: int) -> None:
    story = tell(seed=seed).settled()
    old = story.service.primary
    created_at = old.created_at
    bad = story.update(WRONG)
    tripped = story.until_state(bad, "FAILED")

    assert story.deployments() == [
        (old.id, "PRIMARY", "IN_PROGRESS"),
        (bad.id, "ACTIVE", "FAILED"),
    ]
    assert old.reason == f"ECS deployment circuit breaker: rolling back to deploymentId {old.id}."
    assert bad.reason == "ECS deployment circuit breaker: tasks failed to start."

    done = story.until_state(old, "COMPLETED")
    assert 24 <= done - tripped <= 80
    assert story.deployments() == [(old.id, "PRIMARY", "COMPLETED")]
    assert old.reason == f"ECS deployment {old.id} completed."
    assert (old.created_at, old.updated_at) == (created_at, story.clock.now)
    assert story.running() == [1]


@pytest.mark.fact(
    "events.stopped-pending",
    "events.unable-to-place",
    "events.failed",
    "events.failure-order",
    "events.not-impaired",
)
def test_the_service_says_what_happened_in_awss_words(tell: Tell) -> None:
    story = tell().settled()
    old = story.service.primary
    bad = story.update(WRONG)
    story.until_state(bad, "FAILED")
    story.until_state(old, "COMPLETED")
    image = f"docker.io/library/{WRONG}"
    started = "(service web) has started 1 tasks: (task)."
    unable = (
        "(service web) was unable to place a task. Reason: CannotPullContainerError: pull image "
        f"manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found."
    )

    assert lines(story) == [
        *[started, unable] * 3,
        started,
        f"(service web) (deployment {bad.id}) deployment failed: tasks failed to start.",
        f"(service web) rolling back to deployment {old.id}.",
        "(service web) stopped 1 pending tasks.",
        f"(service web) (deployment {old.id}) deployment completed.",
        "(service web) has reached a steady state.",
    ]


@pytest.mark.fact("events.rolling-back")
def test_failed_and_rolling_back_are_said_a_millisecond_apart(tell: Tell) -> None:
    story = tell().settled()
    story.until_state(story.update(WRONG), "FAILED")
    (failed,), (rolling,) = story.when(TRIPPED), story.when("rolling back")

    assert round(rolling - failed, 6) == 0.001


@pytest.mark.fact(
    "eventbridge.begins",
    "eventbridge.rollback-begins",
    "eventbridge.completed",
    "eventbridge.failed",
    "eventbridge.failed-reason",
    "eventbridge.order",
)
def test_eventbridge_hears_of_the_failure_and_of_the_rollback_in_order(tell: Tell) -> None:
    story = tell().settled()
    old = story.service.primary
    bad = story.update(WRONG)
    story.until_state(bad, "FAILED")
    story.until_state(old, "COMPLETED")

    assert [
        (each["eventType"], each["eventName"], each.get("deploymentId"), each.get("reason"))
        for each in story.details()
    ] == [
        (
            "INFO",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            bad.id,
            f"ECS deployment {bad.id} in progress.",
        ),
        (
            "ERROR",
            "SERVICE_DEPLOYMENT_FAILED",
            bad.id,
            "ECS deployment circuit breaker: tasks failed to start.",
        ),
        (
            "INFO",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            old.id,
            f"ECS deployment circuit breaker: rolling back to deploymentId {old.id}.",
        ),
        ("INFO", "SERVICE_DEPLOYMENT_COMPLETED", old.id, f"ECS deployment {old.id} completed."),
        ("INFO", "SERVICE_STEADY_STATE", None, None),
    ]


@pytest.mark.fact("rollback.old-task-serves")
def test_the_old_task_never_stops_while_a_bad_image_is_tried(tell: Tell) -> None:
    story = tell().settled()
    (serving,) = story.tasks
    old = story.service.primary
    story.until_state(story.update(WRONG), "FAILED")
    story.until_state(old, "COMPLETED")

    assert (serving.status, serving.is_healthy, serving.stop) == ("RUNNING", True, None)


@pytest.mark.fact("breaker.failed-tasks-lag")
def test_the_failure_is_counted_shortly_before_the_next_start(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update(WRONG)
    counted = [story.until(lambda n=n: bad.failures == n) for n in (1, 2, 3)]
    story.until_state(bad, "FAILED")
    later_starts = story.when("has started")[1:]

    ahead = [start - count for count, start in zip(counted, later_starts, strict=True)]
    assert all(10 <= seconds <= 16 for seconds in ahead)


@pytest.mark.fact(
    "timing.picked-up",
    "service-deployments.begins",
    "service-deployments.rolled-back",
    "service-deployments.reason",
    "service-deployments.rollback-member",
    "service-deployments.breaker",
)
def test_the_service_deployment_records_the_rollback(tell: Tell) -> None:
    story = tell().settled()
    old = story.service.primary
    bad = story.update(WRONG)
    (record,) = story.service.service_deployments[1:]
    statuses = [record.status]
    story.until(lambda: record.status == "IN_PROGRESS", within=1.6)
    story.until_state(bad, "FAILED")
    tripped_at = story.clock.now
    why = "Service deployment rolled back because the circuit breaker threshold was exceeded."

    assert statuses == ["PENDING"]
    assert (record.status, record.status_reason) == ("ROLLBACK_IN_PROGRESS", why)
    assert (record.breaker_status, record.failure_count, record.threshold) == ("TRIGGERED", 3, 3)
    assert record.rollback_started_at == tripped_at
    assert record.rollback_reason == why
    assert record.rollback_revision_arn == old.revision_arn
    assert record.finished_at is None
    story.until_state(old, "COMPLETED")
    assert (record.status, record.status_reason) == ("ROLLBACK_SUCCESSFUL", why)
    assert record.finished_at == record.updated_at == story.clock.now
    assert (record.breaker_status, record.failure_count, record.threshold) == ("TRIGGERED", 3, 3)
    assert len(story.service.service_deployments) == 2
    assert len(story.service.revisions) == 2


@pytest.mark.fact("tasks.never-started", "tasks.never-started-containers")
def test_a_task_that_never_started_has_no_start_and_no_exit_code(tell: Tell) -> None:
    story = tell().settled()
    story.update(WRONG)
    story.until(lambda: story.when("was unable to place a task"))
    failed = story.tasks[-1]

    assert failed.stop is not None
    assert (failed.stop.code, failed.stop.exit_code) == ("TaskFailedToStart", None)
    assert (failed.started_at, failed.desired_status) == (None, "STOPPED")
    assert failed.pull_started_at is not None
    assert failed.stopping_at == failed.execution_stopped_at == story.clock.now


@pytest.mark.fact("timing.missing-repository")
def test_a_missing_repository_fails_sooner(tell: Tell) -> None:
    story = tell().settled()
    story.update("no-such-image")
    failed = story.until(lambda: story.when("was unable to place a task"))

    assert 24 <= failed - story.when("has started")[0] <= 30
    assert "pull access denied" in story.said("was unable")[0][1]


@pytest.mark.fact("breaker.resets")
def test_an_image_that_appears_in_time_saves_the_deployment(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update(WRONG)
    story.until(lambda: bad.failures == 2)
    story.images.tags["docker.io/library/nginx"].add("wrong-image-tag")
    story.until_state(bad, "COMPLETED")

    assert (bad.failures, story.running()) == (0, [1])
    assert story.service.service_deployments[-1].breaker_status == "MONITORING_COMPLETE"
    assert story.service.service_deployments[-1].failure_count == 0


# --- a container that ends --------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fact(
    "breaker.exit-1",
    "events.unable-only-before-running",
    "timing.ran-is-not-throttled",
    "timing.exit-trip",
)
def test_exit_1_trips_the_breaker_within_three_minutes_and_without_a_long_pause(
    tell: Tell, seed: int
) -> None:
    story = tell(seed=seed).settled()
    bad = story.update("nginx:latest", **EXIT_1)
    tripped = story.until_state(bad, "FAILED")
    starts = story.when("has started 1 tasks")

    assert len(starts) == 4
    assert all(47 <= later - start <= 53 for start, later in pairwise(starts))
    assert 2.9 <= tripped - starts[3] <= 5
    assert 150 <= tripped - starts[0] <= 165
    assert 165 <= tripped <= 213
    assert story.when("was unable to place a task") == []


@pytest.mark.fact("timing.exit", "tasks.exit")
def test_a_container_that_ended_leaves_its_exit_code(tell: Tell) -> None:
    story = tell().settled()
    story.update("nginx:latest", command=["sh", "-c", "sleep 5; exit 3"])
    story.until(lambda: story.tasks[-1].stop)
    task = story.tasks[-1]

    assert task.stop == Stop(
        "EssentialContainerExited", "Essential container in task exited", exit_code=3
    )
    assert task.started_at is not None
    assert task.execution_stopped_at == task.started_at + timedelta(seconds=5)
    story.until(lambda: task.status == "STOPPED")
    assert task.stopping_at is not None
    assert task.stopped_at is not None
    assert 9.5 <= (task.stopping_at - task.execution_stopped_at).total_seconds() <= 11
    assert 22 <= (task.stopped_at - task.stopping_at).total_seconds() <= 33


@pytest.mark.fact("breaker.exit-before-healthy", "breaker.late-crash")
def test_an_exit_after_having_been_healthy_is_no_failure(tell: Tell) -> None:
    story = tell().settled()
    shaky = story.update("nginx:latest", command=["sh", "-c", "sleep 41; exit 1"])
    counts = set()
    story.until(lambda: counts.add(shaky.failures) or len(story.when("has started")) == 8)

    assert counts == {0}
    assert story.when(TRIPPED) == []


@pytest.mark.fact("breaker.exit-before-healthy")
def test_an_exit_at_the_very_moment_of_health_is_a_failure(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update("nginx:latest", command=["sh", "-c", "sleep 40; exit 1"])

    story.until_state(bad, "FAILED")
    assert len(story.when("has started")) == 4


# --- container health checks ------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fact("breaker.stage-2-container", "timing.verdict-after-check")
def test_a_failing_health_check_trips_the_breaker_half_a_minute_after_the_third(
    tell: Tell, seed: int
) -> None:
    story = tell(seed=seed).settled()
    bad = story.update("nginx:latest", **SICK)
    tripped = story.until_state(bad, "FAILED")
    failures = story.when("failed container health checks")

    assert 37 <= tripped - failures[2] <= 64
    assert bad.counts.running <= 1


@pytest.mark.fact("breaker.stage-2-container")
def test_slow_checks_fail_three_times_before_the_verdict(tell: Tell) -> None:
    story = tell().settled()
    slow = {"healthCheck": {"command": ["CMD", "false"], "interval": 30, "retries": 3}}
    bad = story.update("nginx:latest", **slow)
    story.until_state(bad, "FAILED")

    assert len(story.when("failed container health checks")) == 3
    assert story.service.service_deployments[-1].failure_count == 3


@pytest.mark.fact(
    "events.replaced",
    "events.unhealthy-container",
    "tasks.container-check",
    "tasks.container-check-code",
)
def test_an_unhealthy_task_is_replaced_and_says_so(tell: Tell) -> None:
    story = tell(desired=1, image="nginx:latest", container=SICK)
    story.until(lambda: len(story.when("has started")) == 2)
    sick = story.tasks[0]
    started = "(service web) has started 1 tasks: (task)."

    assert lines(story) == [
        started,
        f"{started} Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(service web) (task) failed container health checks.",
        "(service web) has stopped 1 running tasks: (task).",
    ]
    assert sick.health == "UNHEALTHY"
    assert sick.stop == Stop("ServiceSchedulerInitiated", "Task failed container health checks")


@pytest.mark.fact("breaker.container-check-decides")
def test_a_passing_health_check_counts_instead_of_the_forty_seconds(tell: Tell) -> None:
    story = tell().settled()
    story.update("nginx:latest", **WELL)
    story.until(lambda: len(story.tasks) == 2 and story.tasks[-1].is_healthy)
    task = story.tasks[-1]

    assert task.started_at is not None
    assert (story.clock.now - task.started_at).total_seconds() == 10
    assert task.health == "HEALTHY"


# --- nothing to roll back to ------------------------------------------------------------------


@pytest.mark.fact("rollback.no-target", "service-deployments.no-candidate")
def test_a_first_deployment_that_fails_stays_primary_and_starts_nothing_more(tell: Tell) -> None:
    story = tell(image=WRONG)
    (bad,) = story.service.deployments
    story.until_state(bad, "FAILED")
    (record,) = story.service.service_deployments
    story.advance(24 * 3600)

    assert story.deployments() == [(bad.id, "PRIMARY", "FAILED")]
    assert bad.reason == "ECS deployment circuit breaker: tasks failed to start."
    assert (record.status, record.status_reason) == (
        "ROLLBACK_FAILED",
        "No rollback candidate was found to run the rollback.",
    )
    assert (record.breaker_status, record.failure_count, record.threshold) == ("TRIGGERED", 3, 3)
    assert record.finished_at is not None
    assert record.rollback_started_at is None
    assert len(story.when("has started")) == 4
    assert lines(story)[-2:] == [
        f"(service web) (deployment {bad.id}) deployment failed: tasks failed to start.",
        "(service web) stopped 1 pending tasks.",
    ]
    assert story.told() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_FAILED"]
    assert (story.running(), story.tasks) == ([0], [])


@pytest.mark.fact("rollback.off", "service-deployments.no-rollback")
def test_without_rollback_the_failed_deployment_stays_and_the_old_one_serves(tell: Tell) -> None:
    story = tell(desired=2, configuration=NO_ROLLBACK).settled()
    old = story.service.primary
    bad = story.update(WRONG)
    story.until_state(bad, "FAILED")
    starts = story.when("has started")
    record = story.service.service_deployments[-1]
    story.advance(24 * 3600)

    assert story.deployments() == [
        (bad.id, "PRIMARY", "FAILED"),
        (old.id, "ACTIVE", "COMPLETED"),
    ]
    assert old.reason == f"ECS deployment {old.id} completed."
    assert story.running() == [0, 2]
    assert story.when("has started") == starts
    assert (record.status, record.status_reason) == ("STOPPED", None)
    assert record.stopped_at is not None
    assert record.breaker_status == "TRIGGERED"
    assert story.when("rolling back") == []
    assert story.told() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_FAILED"]


@pytest.mark.fact("rollback.good-release-after")
def test_a_good_release_ends_a_failed_one(tell: Tell) -> None:
    story = tell(configuration=NO_ROLLBACK).settled()
    story.until_state(story.update(WRONG), "FAILED")
    good = story.update("nginx:latest")
    story.until_state(good, "COMPLETED")

    assert story.deployments() == [(good.id, "PRIMARY", "COMPLETED")]
    assert story.running() == [1]


@pytest.mark.fact("rollback.can-fail", "rollback.failed-list")
def test_a_rollback_can_fail_too(tell: Tell) -> None:
    """The old task is stopped and its image is gone: neither deployment runs anything."""
    story = tell().settled()
    old = story.service.primary
    bad = story.update(WRONG)
    story.until_state(bad, "FAILED")
    story.images.replace({})
    for task in story.tasks:
        story.engine.stop_task(task, "by hand")
    story.until_state(old, "FAILED")
    record = story.service.service_deployments[-1]
    story.advance(3600)

    assert old.status == "PRIMARY"
    assert (record.status, record.status_reason) == (
        "ROLLBACK_FAILED",
        "No rollback candidate was found to run the rollback.",
    )
    assert (record.failure_count, record.threshold) == (3, 3)
    assert story.service.service_deployments[0].failure_count == 0
    assert story.running() == [0, 0]
    assert len(story.when(TRIPPED)) == 2


# --- without the breaker ----------------------------------------------------------------------


@pytest.mark.fact(
    "breaker.off",
    "timing.growing-pause",
    "service-deployments.breaker",
    "eventbridge.failed-only-with-breaker",
)
def test_without_the_breaker_ecs_tries_for_ever_and_ever_more_slowly(tell: Tell) -> None:
    story = tell(configuration=NO_BREAKER).settled()
    bad = story.update(WRONG)
    story.advance(6 * 3600)
    starts = story.when("has started")
    pauses = [later - start for start, later in pairwise(starts)]

    assert bad.rollout_state == "IN_PROGRESS"
    assert story.told() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_TASK_START_IMPAIRED"]
    assert bad.failures in (len(starts) - 1, len(starts))
    assert len(starts) > 20
    assert max(pauses[:2]) < 140
    assert min(pauses[2:8]) > 380
    assert max(pauses[2:8]) < 425
    assert pauses[-1] > 600
    assert max(pauses) <= 900 + 92
    assert story.service.service_deployments[-1].breaker_status == "DISABLED"
    assert story.running() == [0, 1]


@pytest.mark.fact("timing.new-definition")
def test_a_new_task_definition_forgets_the_long_pause(tell: Tell) -> None:
    story = tell(configuration=NO_BREAKER).settled()
    story.update(WRONG)
    story.advance(6 * 3600)
    good = story.update("nginx:latest")

    assert story.until_state(good, "COMPLETED") <= 170


@pytest.mark.fact("timing.ran-is-not-throttled")
def test_a_task_that_runs_ends_the_row_of_failures(tell: Tell) -> None:
    """Two short pauses, a task that runs, and the next failure begins with a short pause again."""
    story = tell(configuration=NO_BREAKER).settled()
    tags = story.images.tags["docker.io/library/nginx"]
    shaky = story.update(WRONG)
    story.until(lambda: shaky.failures == 2)
    tags.add("wrong-image-tag")
    story.until(lambda: shaky.counts.running == 1)
    tags.discard("wrong-image-tag")
    story.engine.stop_task(story.tasks[-1], "again")
    story.until(lambda: len(story.when("has started")) == 5)

    third, pause_ends = story.when("was unable to place a task")[2], story.when("has started")[4]
    assert 30 <= pause_ends - third <= 41


@pytest.mark.fact("breaker.switched-on-midway", "service-deployments.breaker")
def test_the_breaker_switched_on_on_the_way_counts_what_has_failed(tell: Tell) -> None:
    story = tell(configuration=NO_BREAKER).settled()
    old = story.service.primary
    bad = story.update(WRONG)
    story.until(lambda: bad.failures == 5)
    story.update(configuration=story.with_breaker(enable=True, rollback=True))
    record = story.service.service_deployments[-1]

    assert record.breaker_status == "MONITORING"
    story.until_state(bad, "FAILED")
    assert story.service.primary is old


# --- counting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resets", "left", "failures"),
    [
        (True, 0, 5),  # consecutive: two, then none, then three in a row
        (False, 2, 3),  # cumulative: two, still two, and the third trips
    ],
)
@pytest.mark.fact("breaker.resets", "breaker.cumulative")
def test_a_healthy_task_resets_the_count_unless_failures_are_cumulative(
    tell: Tell, resets: bool, left: int, failures: int
) -> None:
    story = tell(
        configuration=DeploymentConfiguration(
            CircuitBreaker(True, True, reset_on_healthy_task=resets)
        )
    ).settled()
    tags = story.images.tags["docker.io/library/nginx"]
    shaky = story.update(WRONG)
    record = story.service.service_deployments[-1]
    story.until(lambda: shaky.failures == 2)
    tags.add("wrong-image-tag")
    story.until(lambda: shaky.counts.healthy == 1)

    assert (shaky.failures, record.failure_count) == (left, left)
    tags.discard("wrong-image-tag")
    story.engine.stop_task(story.tasks[-1], "again")
    story.until_state(shaky, "FAILED")
    assert len(story.when("was unable to place a task")) == failures
    assert record.failure_count == 3


@pytest.mark.parametrize(
    ("kind", "value", "desired", "failures", "starts"),
    [
        ("COUNT", 1, 1, 1, 2),
        ("COUNT", 2, 1, 2, 3),
        ("COUNT", 5, 1, 5, 6),
        ("UNBOUNDED_PERCENT", 50, 1, 1, 2),
        ("BOUNDED_PERCENT", 50, 1, 3, 4),
        ("BOUNDED_PERCENT", 100, 4, 4, 2),
    ],
)
@pytest.mark.fact("breaker.trips-at-threshold", "breaker.unbounded-at-least-1", "breaker.count")
def test_the_threshold_decides_after_how_many_starts(
    tell: Tell, kind: str, value: int, desired: int, failures: int, starts: int
) -> None:
    threshold = ThresholdConfiguration(kind, value)
    story = tell(
        desired=desired,
        configuration=DeploymentConfiguration(CircuitBreaker(True, True, threshold=threshold)),
    ).settled()
    story.until_state(story.update(WRONG), "FAILED")
    record = story.service.service_deployments[-1]

    assert (record.failure_count, record.threshold) == (failures, failures)
    assert len(story.when("has started")) == starts


@pytest.mark.fact("breaker.digest")
def test_an_image_that_no_digest_is_found_for_fails_by_the_threshold_like_any_other(
    tell: Tell,
) -> None:
    threshold = ThresholdConfiguration("COUNT", 5)
    settings = DeploymentConfiguration(CircuitBreaker(True, True, threshold=threshold))
    story = tell(configuration=settings).settled()
    bad = story.update(WRONG)
    story.until(lambda: bad.failures == 4)

    assert bad.rollout_state == "IN_PROGRESS"


@pytest.mark.fact("breaker.parallel")
def test_more_tasks_fail_in_parallel_and_trip_the_breaker_sooner(tell: Tell) -> None:
    one, many = tell().settled(), tell(desired=4).settled()
    alone = one.until_state(one.update(WRONG), "FAILED")
    together = many.until_state(many.update(WRONG), "FAILED")

    assert together < alone
    assert many.running() == [4, 0]


# --- while a deployment runs ------------------------------------------------------------------


@pytest.mark.fact("deployments.second", "service-deployments.superseded")
def test_a_second_deployment_takes_over_from_the_first(tell: Tell) -> None:
    story = tell().settled()
    old = story.service.primary
    first = story.update(WRONG)
    story.advance(60)
    second = story.update("nginx:latest")

    assert story.deployments() == [
        (second.id, "PRIMARY", "IN_PROGRESS"),
        (first.id, "ACTIVE", "IN_PROGRESS"),
        (old.id, "ACTIVE", "COMPLETED"),
    ]
    assert [each.status for each in story.service.service_deployments] == [
        "SUCCESSFUL",
        "STOPPED",
        "PENDING",
    ]
    story.until_state(second, "COMPLETED")
    assert story.deployments() == [(second.id, "PRIMARY", "COMPLETED")]
    assert story.running() == [1]
    assert story.when(TRIPPED) == []


@pytest.mark.fact("rollback.target")
def test_a_second_bad_deployment_rolls_back_over_the_first(tell: Tell) -> None:
    story = tell().settled()
    old = story.service.primary
    first = story.update(WRONG)
    story.advance(60)
    second = story.update("nginx:wrong-again")
    story.until_state(second, "FAILED")

    assert story.deployments() == [
        (old.id, "PRIMARY", "IN_PROGRESS"),
        (second.id, "ACTIVE", "FAILED"),
        (first.id, "ACTIVE", "IN_PROGRESS"),
    ]
    story.until_state(old, "COMPLETED")
    assert story.deployments() == [(old.id, "PRIMARY", "COMPLETED")]
    assert [each.status for each in story.service.service_deployments] == [
        "SUCCESSFUL",
        "STOPPED",
        "ROLLBACK_SUCCESSFUL",
    ]


@pytest.mark.fact("rollback.target-in-progress", "service-deployments.no-candidate")
def test_a_deployment_during_a_rollback_has_nothing_to_go_back_to(tell: Tell) -> None:
    """While the old deployment is being rolled back to, it is not COMPLETED."""
    story = tell().settled()
    old = story.service.primary
    story.until_state(story.update(WRONG), "FAILED")
    third = story.update("nginx:wrong-again")
    story.until_state(third, "FAILED")
    record = story.service.service_deployments[-1]

    assert old.rollout_state == "IN_PROGRESS"
    assert story.service.primary is third
    assert (record.status, record.status_reason) == (
        "ROLLBACK_FAILED",
        "No rollback candidate was found to run the rollback.",
    )
    story.advance(3600)
    assert story.running()[story.service.deployments.index(old)] == 1


@pytest.mark.fact("breaker.follows-desired-count")
def test_scaling_out_during_a_failing_deployment_moves_the_threshold(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update(WRONG)
    story.until(lambda: bad.failures == 2)
    story.update(desired=10)
    record = story.service.service_deployments[-1]

    assert record.threshold == 5
    assert bad.desired_count == 10
    story.until_state(bad, "FAILED")
    assert record.failure_count >= 5
    assert record.threshold == 5


def test_scaling_in_during_a_good_deployment_leaves_as_many_as_are_desired(tell: Tell) -> None:
    story = tell(desired=4).settled()
    new = story.update("nginx:latest")
    story.until(lambda: new.counts.running == 4)
    story.update(desired=2)
    story.until_state(new, "COMPLETED")

    assert story.running() == [2]
    assert story.deployments() == [(new.id, "PRIMARY", "COMPLETED")]


@pytest.mark.fact("deployments.scaling-is-none", "timing.scaling")
def test_scaling_a_steady_service_is_no_deployment(tell: Tell) -> None:
    story = tell().settled()
    deployment = story.service.primary
    story.update(desired=3)
    story.until(lambda: story.when("has reached a steady state"))

    assert story.running() == [3]
    assert 3 <= story.when("has started 2 tasks")[0] <= 8
    story.update(desired=1)
    assert story.when("has stopped 2 running tasks")[0] < 0.01
    story.until(lambda: story.when("has reached a steady state"))
    assert story.deployments() == [(deployment.id, "PRIMARY", "COMPLETED")]
    assert len(story.service.service_deployments) == 1


@pytest.mark.fact("deployments.deleted-service", "service-deployments.superseded")
def test_a_service_deleted_during_a_deployment_stops_everything(tell: Tell) -> None:
    story = tell(desired=2).settled()
    story.update(WRONG)
    story.advance(60)
    story.engine.delete_service(story.service)

    assert story.service.status == "DRAINING"
    assert [each.status for each in story.service.service_deployments] == ["SUCCESSFUL", "STOPPED"]
    story.until(lambda: story.service.status == "INACTIVE")
    assert {task.desired_status for task in story.tasks} == {"STOPPED"}
    assert "SERVICE_DEPLOYMENT_FAILED" not in story.told()
    story.advance(7200)
    assert (story.tasks, story.service.status) == ([], "INACTIVE")


def test_a_service_deleted_during_a_rollback_becomes_inactive(tell: Tell) -> None:
    story = tell().settled()
    story.until_state(story.update(WRONG), "FAILED")
    story.engine.delete_service(story.service)
    story.until(lambda: story.service.status == "INACTIVE")

    assert story.service.service_deployments[-1].status == "STOPPED"


@pytest.mark.fact("timing.replacement", "tasks.replaced")
def test_a_stopped_task_is_replaced(tell: Tell) -> None:
    story = tell().settled()
    story.update()
    (task,) = story.tasks
    story.engine.stop_task(task, "I wonder what happens")

    assert task.stop == Stop("UserInitiated", "I wonder what happens")
    story.until(lambda: story.when("has started"))
    assert 16 <= story.when("has started")[0] <= 20
    story.until(lambda: story.when("has reached a steady state"))
    assert story.running() == [1]
    assert story.when(TRIPPED) == []


# --- nothing desired --------------------------------------------------------------------------


@pytest.mark.fact("breaker.desired-0", "timing.desired-0")
def test_a_service_of_no_tasks_completes_without_proof(tell: Tell) -> None:
    story = tell(desired=0).settled()

    assert story.running() == [0]
    assert 85 <= story.seconds() <= 89
    bad = story.update(WRONG)
    story.until_state(bad, "COMPLETED")
    assert 85 <= story.seconds() <= 89
    assert story.when("has started") == []
    assert story.told() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
        "SERVICE_STEADY_STATE",
    ]


@pytest.mark.fact("deployments.scaled-to-0")
def test_scaling_to_nothing_ends_a_failing_deployment_as_completed(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update(WRONG)
    story.until(lambda: bad.failures == 2)
    story.update(desired=0)
    story.until_state(bad, "COMPLETED")

    assert story.deployments() == [(bad.id, "PRIMARY", "COMPLETED")]
    assert story.running() == [0]


# --- the rest ---------------------------------------------------------------------------------


@pytest.mark.fact("events.steady-repeats")
def test_steady_is_said_again_every_six_hours(tell: Tell) -> None:
    story = tell().settled()
    story.advance(13 * 3600)
    first, second, third = story.when("has reached a steady state")

    assert round(second - first) == round(third - second) == 6 * 3600
    assert len(story.service.events) == 5


@pytest.mark.fact("events.newest-first")
def test_at_most_a_hundred_service_events_are_kept_newest_first(tell: Tell) -> None:
    story = tell(configuration=NO_BREAKER, image="nginx:latest", container=EXIT_1)
    story.advance(3 * 3600)
    moments = [each.created_at for each in story.service.events]

    assert len(moments) == 100
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) == 100


@pytest.mark.fact("tasks.visible-for-an-hour")
def test_a_stopped_task_is_forgotten_after_an_hour(tell: Tell) -> None:
    story = tell().settled()
    story.until_state(story.update("nginx:latest"), "COMPLETED")
    (stopped,) = (task for task in story.tasks if task.stopped_at)
    assert stopped.stopped_at is not None
    left = 3600 - (story.clock.now - stopped.stopped_at).total_seconds()

    story.advance(left - 1)
    assert stopped in story.tasks
    story.advance(2)
    assert stopped not in story.tasks


@pytest.mark.parametrize("image", ["nginx:latest", WRONG])
@pytest.mark.fact("eventbridge.task-version")
def test_a_task_is_announced_once_for_each_version(tell: Tell, image: str) -> None:
    story = tell().settled()
    story.update(image)
    story.advance(1800)
    seen: dict[str, list[int]] = {}
    for each in story.sent:
        detail = each.event["detail"]
        if "taskArn" in detail:
            seen.setdefault(detail["taskArn"], []).append(detail["version"])

    assert len(seen) >= 2
    assert all(versions == list(range(1, len(versions) + 1)) for versions in seen.values())


@pytest.mark.fact("tasks.life-cycle")
def test_tasks_walk_through_the_states_of_the_life_cycle(tell: Tell) -> None:
    story = tell().settled()
    (task,) = story.tasks
    story.until_state(story.update("nginx:latest"), "COMPLETED")
    states = [
        (each.event["detail"]["lastStatus"], each.event["detail"]["desiredStatus"])
        for each in story.sent
        if each.event["detail"].get("taskArn") == task.arn
    ]

    assert states == [
        ("PROVISIONING", "RUNNING"),
        ("PENDING", "RUNNING"),
        ("ACTIVATING", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("DEACTIVATING", "STOPPED"),
        ("STOPPING", "STOPPED"),
        ("DEPROVISIONING", "STOPPED"),
        ("STOPPED", "STOPPED"),
    ]


@pytest.mark.fact("tasks.health-status")
def test_a_health_check_announces_its_result_without_saying_it(tell: Tell) -> None:
    """One event as the task runs, one as it is healthy; no event shows a container's health."""
    story = tell(image="nginx:latest", container=WELL).settled()
    running = [
        each.event["detail"]["containers"][0]
        for each in story.sent
        if each.event["detail"].get("lastStatus") == "RUNNING"
    ]

    assert len(running) == 2
    assert not any("healthStatus" in each for each in running)


def test_a_move_that_no_life_cycle_has_is_refused() -> None:
    assert allow(TASK, "RUNNING", "STOPPING") == "STOPPING"
    with pytest.raises(ForbiddenTransition, match="STOPPED may not become RUNNING"):
        allow(TASK, "STOPPED", "RUNNING")
    with pytest.raises(ForbiddenTransition, match="FAILED may not become COMPLETED"):
        allow(ROLLOUT, "FAILED", "COMPLETED")
