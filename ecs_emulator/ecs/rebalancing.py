"""Room: Availability Zone rebalancing of a service.

Lives here: when the tasks of a steady service are unevenly spread, which of them move to which
zone, and what ECS says of it.
Never here: deployments; starting and stopping a task (the engine does it).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ecs_emulator.ecs.arithmetic import live_ceiling
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.ecs.tasks.life import Subnet, TaskLife
from ecs_emulator.world import aws_events, service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import ZonesLookedAt
from ecs_emulator.world.state import COMPLETED, Service, Task

UNEVEN = 2
"""3, 1 and 1 tasks are uneven, 2, 2 and 1 are not."""
Zones = Mapping[str, int]


@dataclass(slots=True)
class Rebalance:
    """One operation: the tasks that were started, and the zones that have one too many for each."""

    started: list[Task] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    is_held: bool = False


class Rebalancing:
    """`stop(service, deployment, tasks)` stops these."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        rollout: Rollout,
        life: TaskLife,
        subnets_of: Callable[[Service], Sequence[Subnet]],
        stop: Callable[..., None],
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._rollout = rollout
        self._life = life
        self._subnets_of = subnets_of
        self._stop = stop
        self._running: dict[str, Rebalance] = {}

    def is_running(self, service: Service) -> bool:
        return service.arn in self._running

    def go_on(self, service: Service) -> None:
        """After anything happened to a service: look at it soon, or take the next step."""
        rebalance = self._running.get(service.arn)
        if rebalance is None:
            if not service.looks_at_zones and moves(self._spread(service), self._room(service)):
                service.looks_at_zones = True
                wait = self._ids.between("rebalance", *timing.STEADY_TO_REBALANCE)
                self._clock.after(wait, ZonesLookedAt(service.arn))
            return
        if not _is_calm(service) or any(task.is_stopping for task in rebalance.started):
            self._give_up(service)
        elif all(task.is_healthy for task in rebalance.started):
            self._finish(service, rebalance)

    def look(self, service: Service) -> None:
        """A steady service is watched; by now it may have been evened out by itself."""
        service.looks_at_zones = False
        spread = self._spread(service)
        planned = moves(spread, self._room(service))
        if not planned:
            return
        self._say(
            service,
            service_events.not_balanced(service.name, spread),
            aws_events.REBALANCING_STARTED,
        )
        rebalance = self._running[service.arn] = Rebalance()
        for source, zone in planned:
            rebalance.sources.append(source)
            subnets = [each for each in self._subnets_of(service) if each[1] == zone]
            rebalance.started.append(self._life.start(service, service.primary, subnets))
        service.extra_tasks = len(planned)
        self._rollout.tell_action(service, aws_events.DESIRED_COUNT_UPDATED)
        for zone, tasks in _by_zone(rebalance.started).items():
            ids = [task.id for task in tasks]
            text = service_events.started_to_balance(service.name, zone, ids)
            self._say(service, text, aws_events.TASKS_STARTED)

    def _finish(self, service: Service, rebalance: Rebalance) -> None:
        """The new tasks are healthy: as many stop where there were too many."""
        leaving = self._leaving(service, rebalance)
        if len(leaving) < len(rebalance.sources):
            if not rebalance.is_held:
                protected = len(service.primary.protected)
                text = service_events.cannot_balance(service.name, service.primary.id, protected)
                self._say(service, text, aws_events.SCALE_IN_FAILURE)
            rebalance.is_held = True
            return
        del self._running[service.arn]
        service.extra_tasks = 0
        reason = service_events.rebalancing_activity(service.primary.id)
        self._stop(service, service.primary, leaving, reason=reason)
        self._rollout.tell_action(service, aws_events.DESIRED_COUNT_UPDATED)
        for zone, tasks in _by_zone(leaving).items():
            ids = [task.id for task in tasks]
            text = service_events.stopped_to_balance(service.name, zone, ids)
            self._say(service, text, aws_events.TASKS_STOPPED)
        self._say(
            service,
            service_events.balanced(service.name, self._spread(service)),
            aws_events.REBALANCING_COMPLETED,
        )

    def _leaving(self, service: Service, rebalance: Rebalance) -> list[Task]:
        wanted = Counter(rebalance.sources)
        leaving: list[Task] = []
        for task in service.primary.tasks.values():
            is_free = task.protected_until is None and task not in rebalance.started
            if wanted[task.availability_zone] and is_free and not task.is_stopping:
                wanted[task.availability_zone] -= 1
                leaving.append(task)
        return leaving

    def _give_up(self, service: Service) -> None:
        """A new deployment, another desired count or a task that failed comes in between."""
        del self._running[service.arn]
        service.extra_tasks = 0
        text = service_events.stopped_balancing(service.name)
        self._say(service, text, aws_events.REBALANCING_STOPPED)

    def _spread(self, service: Service) -> Zones:
        """Tasks of a steady service by zone; nothing for one that is not to be rebalanced."""
        wants = service.spec.get("availabilityZoneRebalancing", "ENABLED") == "ENABLED"
        if not wants or not _is_calm(service):
            return {}
        zones = {zone for _, zone in self._subnets_of(service)}
        counted = Counter(
            task.availability_zone
            for task in service.primary.tasks.values()
            if not task.is_stopping
        )
        return {zone: counted[zone] for zone in sorted(zones, key=lambda z: (-counted[z], z))}

    def _room(self, service: Service) -> int:
        """A task is started before another is stopped: 100 % leaves no room for that."""
        ceiling = live_ceiling(service.configuration.maximum_percent, service.desired_count)
        return ceiling - service.desired_count

    def _say(self, service: Service, text: str, name: str) -> None:
        self._rollout.say(service, text)
        self._rollout.tell_action(service, name)


def moves(spread: Zones, room: int) -> list[tuple[str, str]]:
    """From where to where a task goes. 3 in a, 1 in b: one, from a to b. 2 and 1: none."""
    counts, planned = dict(spread), list[tuple[str, str]]()
    while counts and len(planned) < room:
        fullest = max(counts, key=lambda zone: counts[zone])
        emptiest = min(counts, key=lambda zone: counts[zone])
        if counts[fullest] - counts[emptiest] < UNEVEN:
            break
        counts[fullest] -= 1
        counts[emptiest] += 1
        planned.append((fullest, emptiest))
    return planned


def _is_calm(service: Service) -> bool:
    """One deployment, COMPLETED, with all its tasks and those that rebalancing has added."""
    primary = service.primary
    counts = primary.counts
    there = counts.pending + counts.warming + counts.healthy
    return (
        primary.rollout_state == COMPLETED
        and len(service.deployments) == 1
        and not counts.unhealthy
        and there == service.desired_count + service.extra_tasks
        and (service.extra_tasks > 0 or service.is_steady)
    )


def _by_zone(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    zones: dict[str, list[Task]] = {}
    for task in tasks:
        zones.setdefault(task.availability_zone, []).append(task)
    return zones
