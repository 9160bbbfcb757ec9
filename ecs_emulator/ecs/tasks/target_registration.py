"""Room: the tasks of a service in its target groups.

Lives here: registering a RUNNING task, deregistering one that was told to stop, and what the
service says of both.
Never here: what a target group finds (target_health), what becomes of the task.
"""

from __future__ import annotations

from collections.abc import Callable

from ecs_emulator.ecs.outside import TargetVerdicts
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.world import service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import (
    TargetRegistered,
    TargetsDeregistered,
    TaskBecomesHealthy,
    TaskBecomesUnhealthy,
)
from ecs_emulator.world.state import Service, Task


class TargetRegistration:
    """`is_throttled()` says whether Elastic Load Balancing takes no calls at the moment."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        rollout: Rollout,
        verdicts: TargetVerdicts,
        is_throttled: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._rollout = rollout
        self._verdicts = verdicts
        self._is_throttled = is_throttled

    def register(self, service: Service, task: Task) -> None:
        """From registration on, each target group looks at the task."""
        if self._is_throttled():
            self._rollout.say_throttled(service, "elb")
            wait = self._ids.between("throttled", *timing.THROTTLED_TO_NEXT_TRY)
            self._clock.after(wait, TargetRegistered(task.arn))
            return
        service.throttled_on.discard("elb")
        for balancer, verdict in self._verdicts(service, task.task_definition):
            group = balancer.target_group_arn
            self._rollout.say(service, service_events.registered(service.name, 1, group))
            if verdict.fails_because is None:
                self._clock.after(verdict.after, TaskBecomesHealthy(task.arn))
                continue
            failing = TaskBecomesUnhealthy(
                task.arn, group, balancer.container_port, verdict.fails_because
            )
            self._clock.after(verdict.after, failing)

    def leave(self, service: Service, deployment_id: str, count: int) -> None:
        """Tasks that were told to stop leave the target groups a second later."""
        wait = self._ids.between("deregistered", *timing.STOP_TO_DEREGISTERED)
        self._clock.after(wait, TargetsDeregistered(service.arn, deployment_id, count))

    def deregister(self, service: Service, stimulus: TargetsDeregistered) -> None:
        for balancer in service.load_balancers:
            group = balancer.target_group_arn
            text = service_events.deregistered(service.name, stimulus.count, group)
            self._rollout.say(service, text)
        text = service_events.draining(service.name, stimulus.deployment_id, stimulus.count)
        self._rollout.say(service, text, milliseconds=5)
