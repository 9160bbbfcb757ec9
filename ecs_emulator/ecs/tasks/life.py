"""Room: the life of a task, from PROVISIONING to STOPPED.

Lives here: starting a task, each step it takes by itself, stopping it, and its timestamps.
Never here: deployments' fortunes. What a task's failure means is the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ecs_emulator.ecs.tasks.checkups import Checkups
from ecs_emulator.ecs.tasks.commands import exit_code_when_told_to_stop, exits_of
from ecs_emulator.ecs.tasks.fates import TASK_ID, UP_LONG_ENOUGH, Fate
from ecs_emulator.ecs.tasks.transitions import TASK, allow
from ecs_emulator.world import timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import (
    ContainerExits,
    PullStarts,
    PullStops,
    TargetRegistered,
    TaskBecomesHealthy,
    TaskFailsToStart,
    TaskForgotten,
    TaskReaches,
)
from ecs_emulator.world.state import Deployment, Service, Stop, Task, TaskDefinition, World

UP = ""
"""The checker of a task that nobody checks: being RUNNING for a while."""
Subnet = tuple[str, str]
"""A subnet's id and its availability zone."""


class TaskLife:
    """Everything a task does. `tell` is called after each change that ECS would announce."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        ids: Ids,
        fate_of: Callable[[TaskDefinition], Fate],
        tell: Callable[[Task], None],
        checkups: Checkups,
    ) -> None:
        self._world = world
        self._clock = clock
        self._ids = ids
        self._fate_of = fate_of
        self._tell = tell
        self._fates: dict[str, Fate] = {}
        self.checkups = checkups

    def start(self, service: Service, deployment: Deployment, subnets: Sequence[Subnet]) -> Task:
        """A new task in PROVISIONING, with the agenda of its life before RUNNING."""
        task_id = self._ids.hexadecimal("task")
        subnet_id, zone = subnets[len(self._world.tasks) % len(subnets)]
        cluster = service.cluster_arn.rpartition("/")[2]
        arn_head = service.cluster_arn.partition(":cluster/")[0]
        task = Task(
            id=task_id,
            arn=f"{arn_head}:task/{cluster}/{task_id}",
            region=service.region,
            cluster_arn=service.cluster_arn,
            service_arn=service.arn,
            deployment_id=deployment.id,
            task_definition=deployment.task_definition,
            created_at=self._clock.now,
            subnet_id=subnet_id,
            availability_zone=zone,
            network_ids=self._network_ids(),
            counts=deployment.counts,
        )
        self._world.tasks[task.arn] = task
        deployment.tasks[task.arn] = task
        deployment.counts.add("pending", 1)
        self._plan(task)
        self._tell(task)
        return task

    def _network_ids(self) -> dict[str, str]:
        number = int(self._ids.number("address", 5))
        suffix = self._ids.hexadecimal("interface", 17)
        mac = ":".join(suffix[i : i + 2] for i in range(0, 10, 2))
        return {
            "attachmentId": self._ids.uuid("attachment"),
            "networkInterfaceId": f"eni-{suffix}",
            "macAddress": f"02:{mac}",
            "privateIPv4Address": f"172.31.{number % 250 + 1}.{number // 250 % 250 + 4}",
            "runtimeNumber": self._ids.number("runtime", 10),
        }

    def _plan(self, task: Task) -> None:
        fate = self._fates[task.arn] = self._fate_of(task.task_definition)
        connected = self._draw(timing.CREATED_TO_CONNECTED)
        pull_starts = connected + self._draw(timing.CONNECTED_TO_PULL)
        self._clock.after(connected, TaskReaches(task.arn, "PENDING"))
        self._clock.after(pull_starts, PullStarts(task.arn))
        if fate.fails_to_start:
            self._clock.after(self._draw(fate.fails_to_start[0]), TaskFailsToStart(task.arn))
            return
        pull_stops = pull_starts + self._draw(timing.PULL)
        self._clock.after(pull_stops, PullStops(task.arn))
        started = pull_stops + self._draw(timing.PULL_TO_STARTED)
        self._clock.after(started, TaskReaches(task.arn, "RUNNING"))

    def _draw(self, span: timing.Span) -> float:
        return self._ids.between("task life", *span)

    def fate(self, task: Task) -> Fate:
        return self._fates[task.arn]

    def _change(self, task: Task, status: str | None = None) -> None:
        """Every change of a task ends here: status, counts, version, and the word to others."""
        if status is not None:
            task.status = allow(TASK, task.status, status)
        self._recount(task)
        task.version += 1
        self._tell(task)

    def _recount(self, task: Task) -> None:
        if task.place != task.counted_as:
            task.counts.add(task.counted_as, -1)
            task.counted_as = task.place
            task.counts.add(task.counted_as, 1)

    def reach(self, task: Task, status: str) -> None:
        """Take the step that was due. A task on its way out takes only the steps of leaving."""
        now = self._clock.now
        if status in ("PENDING", "RUNNING") and task.is_stopping:
            return
        if status == "PENDING":
            task.connectivity_at = now
        if status == "RUNNING":
            task.started_at = now
            self._plan_running(task)
        if status == "STOPPING":
            task.stopping_at = task.stopping_at or now
        if status == "DEPROVISIONING":
            task.execution_stopped_at = task.execution_stopped_at or now
        if status == "STOPPED":
            task.stopped_at = now
            self._clock.after(timing.STOPPED_TASK_VISIBLE, TaskForgotten(task.arn))
        self._change(task, status)

    def _plan_running(self, task: Task) -> None:
        """Checks of the container now; a target group's begin when the task is registered."""
        fate = self.fate(task)
        if fate.exits:
            self._clock.after(fate.exits[0], ContainerExits(task.arn))
        balancers = self._world.services[task.service_arn].load_balancers
        if balancers:
            wait = self._draw(timing.RUNNING_TO_REGISTERED)
            self._clock.after(wait, TargetRegistered(task.arn))
        names = [*(each.name for each in fate.checkers), *(b.target_group_arn for b in balancers)]
        task.checks = dict.fromkeys(names or [UP])
        if not names:
            up = TaskBecomesHealthy(task.arn, UP, task.health_plan)
            self._clock.after(UP_LONG_ENOUGH, up)
        self.checkups.begin(task, fate.checkers, self._clock.now)

    def pull(self, task: Task, *, done: bool) -> None:
        if task.is_stopping:
            return
        if not done:
            task.pull_started_at = self._clock.now
            return
        task.pull_stopped_at = self._clock.now
        self._change(task, "ACTIVATING")

    def fail_to_start(self, task: Task) -> None:
        """It never was RUNNING: no startedAt and no exit code, the reason on the task."""
        fate = self.fate(task).fails_to_start
        assert fate is not None
        now = self._clock.now
        if task.pull_started_at:
            task.pull_stopped_at = now
        task.execution_stopped_at = now
        named = replace(fate[1], reason=fate[1].reason.replace(TASK_ID, task.id))
        self._leave(task, named)
        self._change(task, "DEPROVISIONING")
        self._clock.after(self._draw(timing.FAILED_TO_STOPPED), TaskReaches(task.arn, "STOPPED"))

    def exit(self, task: Task) -> None:
        """The container ended by itself: stoppingAt follows about 10 s later."""
        exits = self.fate(task).exits
        assert exits is not None
        task.execution_stopped_at = self._clock.now
        task.desired_status, task.stop = "STOPPED", exits[1]
        self._end_containers(task)
        self.checkups.end(task)
        self._change(task)
        stopping = self._draw(timing.EXIT_TO_STOPPING)
        self._clock.after(stopping, TaskReaches(task.arn, "STOPPING"))
        self._finish(task, stopping, self._draw(timing.STOPPING_TO_STOPPED))

    def stop(self, task: Task, stop: Stop, drain_seconds: float = 0.0) -> None:
        """Somebody wants it gone: a RUNNING task is deactivated first, another just goes.

        In a target group it stays DEACTIVATING for as long as connections drain.
        """
        was_running = task.status == "RUNNING"
        self._leave(task, stop)
        if not was_running:
            task.execution_stopped_at = self._clock.now
            self._change(task, "DEPROVISIONING")
            span = self._draw(timing.PENDING_STOP_TO_STOPPED)
            self._clock.after(span, TaskReaches(task.arn, "STOPPED"))
            return
        self._change(task, "DEACTIVATING")
        span = self._draw(timing.STOPPING_TO_STOPPED)
        stopping = drain_seconds + span * 0.1
        self._clock.after(stopping, TaskReaches(task.arn, "STOPPING"))
        self._finish(task, stopping, span * 0.9)

    def _leave(self, task: Task, stop: Stop) -> None:
        task.desired_status, task.stop, task.stopping_at = "STOPPED", stop, self._clock.now
        self._end_containers(task)
        self.checkups.end(task)

    def _end_containers(self, task: Task) -> None:
        """Those that had ended have a code of their own; the others were told to stop."""
        if task.started_at is None:
            return
        ran_for = (self._clock.now - task.started_at).total_seconds()
        ended = exits_of(task.task_definition, ran_for)
        for container in task.task_definition.containers:
            end = ended.get(container["name"])
            code = end.exit_code if end else exit_code_when_told_to_stop(container)
            task.exit_codes[container["name"]] = code or 0
            if end and end.container_reason:
                task.container_reasons[container["name"]] = end.container_reason

    def _finish(self, task: Task, start: float, span: float) -> None:
        self._clock.after(start + span * 0.5, TaskReaches(task.arn, "DEPROVISIONING"))
        self._clock.after(start + span, TaskReaches(task.arn, "STOPPED"))

    def forget(self, task: Task) -> None:
        """At least an hour after it stopped, a task leaves DescribeTasks."""
        self._world.tasks.pop(task.arn, None)
        self._fates.pop(task.arn, None)

    def judge_health(self, task: Task, *, healthy: bool) -> None:
        """HEALTHY, or condemned: an unhealthy task is RUNNING until the scheduler replaces it.

        Without a health check only the scheduler takes note: the task itself does not change.
        """
        task.is_healthy, task.is_condemned = healthy, not healthy
        self._recount(task)
        self.show_health(task, "HEALTHY" if healthy else "UNHEALTHY")

    def show_health(self, task: Task, health: str) -> None:
        """What DescribeTasks says of a container's own check."""
        if self.fate(task).has_health_check and task.health != health:
            task.health = health
            self._change(task)
