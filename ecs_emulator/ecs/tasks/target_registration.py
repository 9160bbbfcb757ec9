"""Room: the tasks of a service in its target groups.

Lives here: registering a RUNNING task, deregistering one that was told to stop, what the service
says of both, and who is registered.
Never here: what a target group finds (target_health), what becomes of the task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ecs_emulator.ecs.outside import TargetCheckers
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.ecs.tasks.checkups import Checkups
from ecs_emulator.ecs.tasks.target_health import NO_ANSWER, TIMED_OUT
from ecs_emulator.world import service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import (
    TargetRegistered,
    TargetsDeregistered,
)
from ecs_emulator.world.state import RegisteredTarget, Service, Task

_DEREGISTERING = "Target deregistration is in progress"


def _code_of(reason: str) -> str:
    if reason == TIMED_OUT:
        return "Target.Timeout"
    return "Target.FailedHealthChecks" if reason == NO_ANSWER else "Target.ResponseCodeMismatch"


class TargetRegistration:
    """`is_throttled()` says whether Elastic Load Balancing takes no calls at the moment."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        rollout: Rollout,
        checkups: Checkups,
        target_checkers: TargetCheckers,
        is_throttled: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._rollout = rollout
        self._checkups = checkups
        self._target_checkers = target_checkers
        self._is_throttled = is_throttled

    def register(self, service: Service, task: Task) -> None:
        """From registration on, each target group looks at the task."""
        if self._is_throttled():
            self._rollout.say_throttled(service, "elb")
            wait = self._ids.between("throttled", *timing.THROTTLED_TO_NEXT_TRY)
            self._clock.after(wait, TargetRegistered(task.arn))
            return
        service.throttled_on.discard("elb")
        task.registered_at = self._clock.now
        checkers = self._target_checkers(service, task.task_definition)
        for each in checkers:
            self._rollout.say(service, service_events.registered(service.name, 1, each.name))
        self._checkups.begin(task, checkers, self._clock.now)

    def leave(self, service: Service, deployment_id: str, count: int) -> None:
        """Tasks that were told to stop leave the target groups a second later."""
        wait = self._ids.between("deregistered", *timing.STOP_TO_DEREGISTERED)
        self._clock.after(wait, TargetsDeregistered(service.arn, deployment_id, count))

    def registered(
        self, service: Service, tasks: Iterable[Task], group: str
    ) -> list[RegisteredTarget]:
        """What DescribeTargetHealth knows of these tasks.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
        """
        port = next(b.container_port for b in service.load_balancers if b.target_group_arn == group)
        return [
            RegisteredTarget(
                task.network_ids["privateIPv4Address"],
                port,
                task.availability_zone,
                *self._health(task, group),
            )
            for task in tasks
            if task.registered_at and task.status in ("RUNNING", "DEACTIVATING")
        ]

    def _health(self, task: Task, group: str) -> tuple[str, str | None, str | None]:
        if task.is_stopping:
            return "draining", "Target.DeregistrationInProgress", _DEREGISTERING
        found = self._checkups.found_by(task, group)
        if found is None:
            return "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
        if found.reason is None:
            return "healthy", None, None
        return "unhealthy", _code_of(found.reason), found.reason

    def deregister(self, service: Service, stimulus: TargetsDeregistered) -> None:
        for balancer in service.load_balancers:
            group = balancer.target_group_arn
            text = service_events.deregistered(service.name, stimulus.count, group)
            self._rollout.say(service, text)
        text = service_events.draining(service.name, stimulus.deployment_id, stimulus.count)
        self._rollout.say(service, text, milliseconds=5)
