"""Room: the turning of the emulated ECS.

Lives here: the only writer of `World`. A stimulus comes in, or the API asks for something; the
world changes, and the services that it touched are settled (scheduler).
Never here: AWS's JSON, which rule comes first (reconciler), how long things take (timing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ecs_emulator.ecs.scheduler import Scheduler
from ecs_emulator.ecs.tasks.health import Checker
from ecs_emulator.world import timing
from ecs_emulator.world.configuration import DeploymentConfiguration
from ecs_emulator.world.messages import (
    AlarmsLookedAt,
    CheckerTurns,
    ContainerExits,
    DeploymentPickedUp,
    FailureCounted,
    LookAgain,
    ProtectionEnds,
    PullStarts,
    PullStops,
    Stimulus,
    TargetRegistered,
    TargetsDeregistered,
    TaskBecomesHealthy,
    TaskBecomesUnhealthy,
    TaskFailsToStart,
    TaskForgotten,
    TaskReaches,
    TaskStimulus,
    ZonesLookedAt,
)
from ecs_emulator.world.state import (
    COMPLETED,
    DRAINING,
    INACTIVE,
    RegisteredTarget,
    Service,
    ServiceDeployment,
    Stop,
    Task,
    TaskDefinition,
)


class Engine(Scheduler):
    """Turns the world."""

    @cached_property
    def _others(self) -> dict[type[Stimulus], Callable[[Any], None]]:
        return {}

    def also_handle(self, kind: type[Stimulus], handler: Callable[[Any], None]) -> None:
        """Stimuli of another room (an EventBridge delivery, a mail) share the agenda."""
        self._others[kind] = handler

    # --- time -------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass, everything due in it in order."""
        self.run_until(self.clock.now + timedelta(seconds=seconds))

    def catch_up(self) -> None:
        """Bring the world to where a running clock says it is. A frozen one says: here."""
        self.run_until(self.clock.due_now())

    def run_until(self, moment: datetime) -> None:
        for stimulus in self.clock.due(moment):
            self.handle(stimulus)

    # --- stimuli ----------------------------------------------------------------------------

    def handle(self, stimulus: Stimulus) -> None:
        if other := self._others.get(type(stimulus)):
            other(stimulus)
            return
        if isinstance(stimulus, TaskStimulus):
            self._handle_task(stimulus)
            return
        service = self.world.services.get(getattr(stimulus, "service_arn", ""))
        if service is None or service.status == INACTIVE:
            return
        if isinstance(stimulus, LookAgain) and service.wakes_at == self.clock.now:
            service.wakes_at = None
        self._take_note(service, stimulus)
        self.settle(service)

    def _take_note(self, service: Service, stimulus: Stimulus) -> None:
        match stimulus:
            case DeploymentPickedUp():
                self._rollout.pick_up(service, stimulus.deployment_id)
            case FailureCounted():
                if deployment := service.deployment(stimulus.deployment_id):
                    self._failures.count(service, deployment)
            case TargetsDeregistered():
                self._targets.deregister(service, stimulus)
            case AlarmsLookedAt():
                self._alarms.look(service, stimulus.deployment_id)
            case ZonesLookedAt():
                self._rebalancing.look(service)

    def _handle_task(self, stimulus: TaskStimulus) -> None:
        task = self.world.tasks.get(stimulus.task_arn)
        if task is None:
            return
        if isinstance(stimulus, TaskForgotten):
            self._life.forget(task)
            return
        if isinstance(stimulus, PullStarts | PullStops):
            self._life.pull(task, done=isinstance(stimulus, PullStops))
            return
        if isinstance(stimulus, TaskReaches):
            self._reach(task, stimulus.status)
            return
        if isinstance(stimulus, ProtectionEnds):
            if task.protected_until is not None and task.protected_until <= self.clock.now:
                self.protect_task(task, None)
            return
        if not task.is_stopping:
            self._let_fare(task, stimulus)

    def _let_fare(self, task: Task, stimulus: TaskStimulus) -> None:
        """Well or badly: what it means for the deployment is in `failures`."""
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        match stimulus:
            case TaskFailsToStart():
                self._failures.never_started(service, deployment, task)
            case ContainerExits():
                self._failures.exited(service, deployment, task)
            case TargetRegistered():
                self._targets.register(service, task)
            case CheckerTurns() if _is_stale(task, stimulus):
                return
            case TaskBecomesHealthy():
                self._failures.passed_a_check(service, deployment, task, stimulus.checker)
            case TaskBecomesUnhealthy() if not stimulus.is_noticed:
                self._failures.fell_sick(task, stimulus)
                return
            case TaskBecomesUnhealthy():
                self._failures.failed_its_check(service, deployment, task, stimulus)
        self.settle(service)
        self._failures.complain(service, task)

    def _reach(self, task: Task, status: str) -> None:
        self._life.reach(task, status)
        if status not in ("RUNNING", "STOPPED"):
            return
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        if deployment is not None and status == "RUNNING":
            deployment.failed_attempts = 0
        if deployment is not None and status == "STOPPED":
            deployment.tasks.pop(task.arn, None)
            deployment.protected.discard(task.arn)
        self.settle(service)

    def look_at_health_again(self, checks: Callable[[Task], Sequence[Checker]]) -> None:
        """Something has changed around the tasks: a fault, or what a target group asks of them."""
        for task in list(self.world.tasks.values()):
            if task.status == "RUNNING" and not task.is_stopping:
                self._checkups.look_again(task, checks(task))

    def targets_in(self, group_arn: str) -> list[RegisteredTarget]:
        """The tasks that are registered in a target group."""
        return [
            target
            for service in self.world.services.values()
            if any(each.target_group_arn == group_arn for each in service.load_balancers)
            for target in self._targets.registered(
                service,
                [t for t in self.world.tasks.values() if t.service_arn == service.arn],
                group_arn,
            )
        ]

    # --- what the API asks for --------------------------------------------------------------

    def create_service(self, service: Service, definition: TaskDefinition) -> None:
        self.world.services[service.arn] = service
        self._deploy(service, definition, timing.CREATE_TO_FIRST_START)

    def _deploy(self, service: Service, definition: TaskDefinition, first: timing.Span) -> None:
        deployment = self._rollout.begin(service, definition, first)
        pick_up = self.ids.between("picked up", *timing.API_TO_PICKED_UP)
        self.clock.after(pick_up, DeploymentPickedUp(service.arn, deployment.id))
        self._alarms.begin(service, deployment)

    def update_service(
        self,
        service: Service,
        *,
        definition: TaskDefinition | None,
        desired_count: int | None,
        configuration: DeploymentConfiguration,
        spec: Mapping[str, Any],
        force_new_deployment: bool,
    ) -> None:
        """A new deployment only for what a task is made of; counts and settings just change."""
        current = service.primary
        definition = definition or current.task_definition
        service.configuration = configuration
        is_new = force_new_deployment or definition.arn != current.task_definition.arn
        service.spec = spec
        if desired_count is not None and desired_count != service.desired_count:
            self._scale(service, desired_count, stays=not is_new)
        if is_new:
            self._deploy(service, definition, timing.UPDATE_TO_FIRST_START)
        self._rollout.note_settings(service)
        self.settle(service)

    def _scale(self, service: Service, desired_count: int, *, stays: bool) -> None:
        """During a rolling deployment both revisions scale; unless the PRIMARY one is about to go.

        A revision that is replaced by the same call keeps the count that it was deployed for.
        """
        service.desired_count = desired_count
        service.is_steady = False
        primary = service.primary
        if not primary.is_picked_up:
            return
        wait = self.ids.between("scale", *timing.SCALE_TO_ACTION)
        again = self.clock.now + timedelta(seconds=wait)
        primary.can_start_at = max(primary.can_start_at, again)
        serving = [each for each in service.deployments[1:] if each.rollout_state == COMPLETED]
        for each in (primary, *serving) if stays else serving:
            each.desired_count = desired_count
            each.can_start_at = max(each.can_start_at, again)

    def delete_service(self, service: Service) -> None:
        service.status, service.desired_count = DRAINING, 0
        for deployment in service.deployments:
            deployment.desired_count = 0
        self._rollout.stop_service_deployment(service)
        self.settle(service)

    def stop_service_deployment(
        self, service: Service, record: ServiceDeployment, *, rollback: bool
    ) -> None:
        """StopServiceDeployment. The scheduler acts on it a moment later."""
        self._rollout.request_stop(record, rollback=rollback)
        service.primary.stop_requested = "ROLLBACK" if rollback else "ABORT"
        wait = self.ids.between("after stop", *timing.AFTER_VERDICT)
        service.acts_at = self.clock.now + timedelta(seconds=wait)
        self.settle(service)

    def stop_task(self, task: Task, reason: str) -> None:
        """StopTask by a person. The service replaces the task about 18 s later."""
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        if task.is_stopping:
            return
        self._life.stop(task, Stop("UserInitiated", reason))
        if deployment is not None:
            wait = self.ids.between("restart", *timing.STOP_TO_REPLACEMENT)
            again = self.clock.now + timedelta(seconds=wait)
            deployment.can_start_at = max(deployment.can_start_at, again)
        self.settle(service)

    def protect_task(self, task: Task, until: datetime | None) -> None:
        """UpdateTaskProtection. Until then no scale-in stops the task; None: one may stop it."""
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        task.protected_until = until
        if deployment is None:
            return
        deployment.protected.discard(task.arn)
        if until is not None:
            deployment.protected.add(task.arn)
            self.clock.at(until, ProtectionEnds(task.arn))
        self.settle(service)


def _is_stale(task: Task, stimulus: CheckerTurns) -> bool:
    """Another turn is due instead, or the task is on its way out already."""
    if isinstance(stimulus, TaskBecomesUnhealthy) and stimulus.is_noticed:
        return task.is_condemned or bool(task.checks.get(stimulus.checker))
    return task.is_condemned or stimulus.plan != task.health_plan
