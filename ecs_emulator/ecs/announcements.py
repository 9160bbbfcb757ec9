"""Room: what ECS says, and to whom.

Lives here: service events, and the events that go to EventBridge: task state changes, deployment
state changes and service actions.
Never here: when any of it is due, and in which words (service_events, aws_events).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ecs_emulator.world import aws_events, service_events
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.state import Deployment, Service, ServiceEvent, Task

MOST_SERVICE_EVENTS = 100
_A_MILLISECOND = timedelta(milliseconds=1)


class Announcements:
    """`publish(event, region)` hands an EventBridge event over.

    `is_heard(region, detail-type)`: whether any rule could hear such events. There is one for every
    step of every task, and most worlds have no rule for them.
    """

    def __init__(
        self,
        account_id: str,
        clock: Clock,
        ids: Ids,
        publish: Callable[[aws_events.Event, str], None],
        is_heard: Callable[[str, str], bool],
    ) -> None:
        self._account_id = account_id
        self._clock = clock
        self._ids = ids
        self._publish = publish
        self._is_heard = is_heard

    def say(self, service: Service, message: str, *, milliseconds: int = 1) -> None:
        """Add a service event, newest first. The next one of the same instant is 1 ms later."""
        moment = self._clock.now
        if service.events and service.events[0].created_at >= moment:
            moment = service.events[0].created_at + milliseconds * _A_MILLISECOND
        service.events.insert(0, ServiceEvent(self._ids.uuid("service event"), moment, message))
        del service.events[MOST_SERVICE_EVENTS:]

    def say_steady(self, service: Service) -> None:
        service.is_steady, service.steady_said_at = True, self._clock.now
        self.say(service, service_events.steady_state(service.name))
        self.tell_action(service, aws_events.STEADY_STATE)

    def say_impaired(self, service: Service) -> None:
        """Restart throttling begins."""
        self.say(service, service_events.impaired(service.name))
        self.tell_action(service, aws_events.TASK_START_IMPAIRED)

    def say_throttled(self, service: Service, by: str) -> None:
        """Once, until a call went through. `by` is "ecs" or "elb"."""
        if by in service.throttled_on:
            return
        service.throttled_on.add(by)
        self.say(service, service_events.throttled(service.name, by))
        name = aws_events.OPERATION_THROTTLED if by == "ecs" else aws_events.HEALTH_UNKNOWN
        self.tell_action(service, name)

    def say_stopped(self, service: Service, task_ids: Sequence[str]) -> None:
        self.say(service, service_events.has_stopped_running(service.name, task_ids))
        self.tell_action(service, aws_events.TASKS_STOPPED)

    def say_placement_failure(self, service: Service) -> None:
        self.tell_action(service, aws_events.PLACEMENT_FAILURE, "RESOURCE:FARGATE")

    def tell_action(self, service: Service, name: str, reason: str = "") -> None:
        detail = aws_events.service_action_detail(
            service, name=name, now=self._clock.now, reason=reason
        )
        self._send(service.region, "ECS Service Action", service.arn, detail)

    def tell_task(self, task: Task) -> None:
        if not self._is_heard(task.region, aws_events.TASK_CHANGE):
            self._ids.uuid("event")  # the ids of later events are the same, heard or not
            return
        detail = aws_events.task_detail(task, self._clock.now)
        self._send(task.region, aws_events.TASK_CHANGE, task.arn, detail)

    def tell_deployment(
        self,
        service: Service,
        deployment: Deployment,
        name: str,
        *,
        updated_at: datetime | None = None,
    ) -> None:
        """The guide lists the three events of a deployment as service actions, too."""
        detail = aws_events.deployment_detail(
            service,
            name=name,
            deployment_id=deployment.id,
            reason=deployment.reason,
            updated_at=updated_at or self._clock.now,
        )
        self._send(service.region, "ECS Deployment State Change", service.arn, detail)
        self.tell_action(service, name)

    def _send(self, region: str, kind: str, resource: str, detail: aws_events.Event) -> None:
        event = aws_events.envelope(
            kind,
            account=self._account_id,
            region=region,
            resource=resource,
            event_id=self._ids.uuid("event"),
            now=self._clock.now,
            detail=detail,
        )
        self._publish(event, region)
