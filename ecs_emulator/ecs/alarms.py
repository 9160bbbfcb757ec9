"""Room: the CloudWatch alarms of a deployment.

Lives here: which alarms are ignored, when ECS looks at them, which of them rang.
Never here: what a ringing alarm means (reconciler), the alarms themselves.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecs_emulator.ecs.failures import is_being_judged
from ecs_emulator.world import timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.lookups import Alarms
from ecs_emulator.world.messages import AlarmsLookedAt
from ecs_emulator.world.state import Deployment, Service


class AlarmWatch:
    """Looks again and again until the deployment has come to an end."""

    def __init__(self, clock: Clock, alarms: Callable[[str, Sequence[str]], Alarms]) -> None:
        self._clock = clock
        self._alarms = alarms

    def begin(self, service: Service, deployment: Deployment) -> None:
        """An alarm that is in ALARM as the deployment starts is ignored for it."""
        settings = service.configuration.alarms
        if not settings.enable:
            return
        alarms = self._alarms(service.region, settings.names)
        deployment.ignored_alarms = alarms.in_alarm
        deployment.bakes_for = alarms.bake_seconds
        self._look_again(service, deployment.id)

    def look(self, service: Service, deployment_id: str) -> None:
        deployment = service.deployment(deployment_id)
        if deployment is None or not is_being_judged(service, deployment):
            return
        in_alarm = self._alarms(service.region, service.configuration.alarms.names).in_alarm
        deployment.triggered_alarms = tuple(
            name for name in in_alarm if name not in deployment.ignored_alarms
        )
        self._look_again(service, deployment_id)

    def _look_again(self, service: Service, deployment_id: str) -> None:
        self._clock.after(timing.ALARM_POLL, AlarmsLookedAt(service.arn, deployment_id))
