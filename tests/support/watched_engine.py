"""An engine that looks at each of its actions: ceiling, floor, who may start, who may fail."""

from __future__ import annotations

from ecs_emulator.ecs.arithmetic import failure_threshold, healthy_floor, live_ceiling
from ecs_emulator.ecs.engine import Engine
from ecs_emulator.world.messages import Action, FailDeployment, StartTasks, StopTasks
from ecs_emulator.world.state import ACTIVE, COMPLETED, FAILED, PRIMARY, Service
from ecs_emulator.world.views import view_of


class Watched(Engine):
    """An engine whose every action is looked at, before and after."""

    def _apply(self, service: Service, action: Action) -> None:
        before = view_of(service)
        super()._apply(service, action)
        after = view_of(service)
        percents, desired = service.configuration, service.desired_count
        target = service.deployment(getattr(action, "deployment_id", ""))
        if isinstance(action, StartTasks):
            assert target is not None
            serves = target.rollout_state == COMPLETED
            assert target.status == PRIMARY or serves, "only the new and the old that serves start"
            assert target.rollout_state != FAILED, "a failed deployment starts nothing"
            assert service.status == ACTIVE, "a service that is being deleted starts nothing"
            live = sum(each.live for each in after.deployments)
            ceiling = live_ceiling(percents.maximum_percent, desired)
            assert live <= ceiling, "RUNNING and PENDING stay within the ceiling"
        if isinstance(action, StopTasks) and action.place == "healthy":
            assert action.count > 0
            healthy = sum(each.healthy for each in after.deployments)
            floor = healthy_floor(percents.minimum_healthy_percent, desired)
            assert healthy >= floor, "nobody is stopped whom the floor needs"
        if isinstance(action, FailDeployment) and action.cause == "breaker":
            breaker = percents.circuit_breaker
            assert breaker.enable
            assert before.primary.failures >= failure_threshold(breaker, desired)
