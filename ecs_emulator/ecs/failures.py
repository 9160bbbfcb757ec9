"""Room: what the failure of a task means for its deployment.

Lives here: counting towards the breaker, the pause before the next start, when the verdict is due.
Never here: whether the count is over the threshold (reconciler), the life of the task itself.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ecs_emulator.ecs.arithmetic import failure_threshold, restart_pause
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.ecs.tasks.life import TaskLife
from ecs_emulator.world import aws_events, service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import FailureCounted, TaskBecomesUnhealthy
from ecs_emulator.world.state import IN_PROGRESS, Deployment, Service, Task

THROTTLING_BEGINS = 3
BEGUN_TO_COMPLAINT = 38
"""Milliseconds. Measured: "has started 1 tasks", 38 ms later "failed container health checks"."""


class Failures:
    """Each method is one way in which a task fares badly, or well."""

    def __init__(self, clock: Clock, ids: Ids, rollout: Rollout, life: TaskLife) -> None:
        self._clock = clock
        self._ids = ids
        self._rollout = rollout
        self._life = life

    def _in(self, purpose: str, span: timing.Span) -> timedelta:
        return timedelta(seconds=self._ids.between(purpose, *span))

    def never_started(self, service: Service, deployment: Deployment | None, task: Task) -> None:
        """The next start waits out the restart pause; the failure counts shortly before it."""
        self._life.fail_to_start(task)
        assert task.stop is not None
        self._rollout.say(service, service_events.unable_to_place(service.name, task.stop.reason))
        if deployment is None:
            return
        deployment.failed_attempts += 1
        self._pause(service, deployment, restart_pause(deployment.failed_attempts))
        is_guarded = service.configuration.circuit_breaker.enable
        if deployment.failed_attempts == THROTTLING_BEGINS and not is_guarded:
            self._rollout.say_impaired(service)

    def found_no_capacity(self, service: Service, deployment: Deployment) -> None:
        """No task was made. The same message is not repeated while nothing has changed."""
        if not deployment.lacks_capacity:
            reason = service_events.NO_CAPACITY
            self._rollout.say(service, service_events.unable_to_place(service.name, reason))
            self._rollout.say_placement_failure(service)
        deployment.lacks_capacity = True
        deployment.failed_attempts += 1
        self._pause(service, deployment, timing.CAPACITY_PAUSE)

    def was_throttled(self, service: Service, deployment: Deployment) -> None:
        """No task was made, and nothing is counted: ECS tries again a while later."""
        self._rollout.say_throttled(service, "ecs")
        again = self._clock.now + self._in("throttled", timing.THROTTLED_TO_NEXT_TRY)
        deployment.can_start_at = max(deployment.can_start_at, again)

    def could_not_launch(self, service: Service, deployment: Deployment, error: str) -> None:
        """No task was made; half a minute later ECS tries again."""
        self._rollout.say(service, service_events.failed_to_launch(service.name, error))
        self._rollout.tell_action(service, aws_events.TASK_CONFIGURATION_FAILURE, error)
        deployment.failed_attempts += 1
        self._pause(service, deployment, timing.LAUNCH_TO_NEXT_TRY)

    def _pause(self, service: Service, deployment: Deployment, span: timing.Span) -> None:
        again = self._clock.now + self._in("restart", span)
        deployment.can_start_at = max(deployment.can_start_at, again)
        ahead = self._in("counted", timing.COUNTED_BEFORE_START)
        self._clock.at(deployment.can_start_at - ahead, FailureCounted(service.arn, deployment.id))

    def exited(self, service: Service, deployment: Deployment | None, task: Task) -> None:
        """An exit before the task was healthy is a failure; a later one is none."""
        was_healthy = task.is_healthy
        self._life.exit(task)
        if deployment is None:
            return
        if not was_healthy:
            self.count(service, deployment)
        deployment.can_start_at = self._clock.now + self._in("restart", timing.EXIT_TO_NEXT_START)

    def passed_a_check(
        self, service: Service, deployment: Deployment | None, task: Task, checker: str
    ) -> None:
        """Healthy once every check has passed. A healthy task may reset the count."""
        task.checks[checker] = True
        if not all(task.checks.values()):
            return
        if task.is_healthy:
            self._life.show_health(task, "HEALTHY")
            return
        self._life.judge_health(task, healthy=True)
        if deployment is None:
            return
        deployment.changed_at = self._clock.now
        resets = service.configuration.circuit_breaker.reset_on_healthy_task
        if resets and is_being_judged(service, deployment):
            deployment.failures = 0
            self._rollout.note_failures(service, deployment)

    def fell_sick(self, task: Task, stimulus: TaskBecomesUnhealthy) -> None:
        """A target group's verdict is acted on at once; a container's is shown a while before."""
        noticed = replace(stimulus, is_noticed=True)
        task.checks[stimulus.checker] = False
        if stimulus.target_group:
            self._clock.at(self._clock.now, noticed)
            return
        self._life.show_health(task, "UNHEALTHY")
        self._clock.after(self._ids.between("noticed", *timing.UNHEALTHY_TO_NOTICED), noticed)

    def failed_its_check(
        self,
        service: Service,
        deployment: Deployment | None,
        task: Task,
        stimulus: TaskBecomesUnhealthy,
    ) -> None:
        """The container's own check, or the one of a target group that the stimulus names.

        The verdict comes a while after the failure that met the threshold, not after a later one.
        """
        group = stimulus.target_group
        text = service_events.failed_container_health_checks(service.name, task.id)
        task.condemned_because = service_events.FAILED_CONTAINER_HEALTH_CHECKS
        if group:
            text = service_events.unhealthy_in_target_group(
                service.name, task.id, stimulus.port, group, stimulus.reason
            )
            task.condemned_because = service_events.failed_elb_health_checks(group)
        self._life.judge_health(task, healthy=False)
        task.complaint = text
        if deployment is None:
            return
        breaker, verdict_at = service.configuration.circuit_breaker, deployment.verdict_at
        was_over = deployment.failures >= failure_threshold(breaker, service.desired_count)
        self.count(service, deployment)
        if was_over and verdict_at is not None and verdict_at > self._clock.now:
            return
        wait = self._in("verdict", timing.VERDICT_AFTER_HEALTH_CHECK)
        deployment.verdict_at = self._clock.now + wait

    def complain(self, service: Service, task: Task) -> None:
        """Say that a task is sick, once: 38 ms after its replacement was started, if it was."""
        if task.complaint:
            self._rollout.say(service, task.complaint, milliseconds=BEGUN_TO_COMPLAINT)
            task.complaint = ""

    def count(self, service: Service, deployment: Deployment) -> None:
        if not is_being_judged(service, deployment):
            return
        deployment.failures += 1
        deployment.counted_at = self._clock.now
        self._rollout.note_failures(service, deployment)


def is_being_judged(service: Service, deployment: Deployment) -> bool:
    """Only the PRIMARY one counts, and only until it has come to an end."""
    return deployment is service.primary and deployment.rollout_state == IN_PROGRESS
