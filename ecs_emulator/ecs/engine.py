"""Room: the turning of the emulated ECS.

Lives here: the only writer of `World`. A stimulus comes in, the world changes, and the services it
touched are reconciled until they want nothing more at this instant.
Never here: AWS's JSON, which rule comes first (reconciler), how long things take (timing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ecs_emulator.ecs.alarms import AlarmWatch
from ecs_emulator.ecs.failures import Failures
from ecs_emulator.ecs.fates import Fate
from ecs_emulator.ecs.outside import Outside
from ecs_emulator.ecs.rebalancing import Rebalancing
from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.ecs.target_registration import TargetRegistration
from ecs_emulator.ecs.task_life import Subnet, TaskLife
from ecs_emulator.world import aws_events, service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import (
    Action,
    AlarmsLookedAt,
    CompleteDeployment,
    ContainerExits,
    Decision,
    DeploymentPickedUp,
    FailDeployment,
    FailureCounted,
    LookAgain,
    ProtectionEnds,
    PullStarts,
    PullStops,
    RemoveService,
    StartTasks,
    Stimulus,
    StopTasks,
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
    ACTIVE,
    COMPLETED,
    DRAINING,
    INACTIVE,
    Deployment,
    DeploymentConfiguration,
    Service,
    ServiceDeployment,
    Stop,
    Task,
    TaskDefinition,
    World,
)
from ecs_emulator.world.views import view_of

MOST_STEPS_AT_ONCE = 1_000
NOTHING_AMISS = Outside()
Publish = Callable[[aws_events.Event, str], None]


class Engine:
    """Turns the world. `publish(event, region)` hands an EventBridge event over."""

    def __init__(
        self,
        *,
        account_id: str,
        clock: Clock,
        ids: Ids,
        fate_of: Callable[[TaskDefinition], Fate],
        subnets_of: Callable[[Service], Sequence[Subnet]],
        publish: Publish,
        outside: Outside = NOTHING_AMISS,
    ) -> None:
        self.world = World()
        self.clock = clock
        self.ids = ids
        self._subnets_of = subnets_of
        self._rollout = Rollout(account_id, clock, ids, publish)
        self._life = TaskLife(self.world, clock, ids, fate_of, self._task_changed)
        self._failures = Failures(clock, ids, self._rollout, self._life)
        self._targets = TargetRegistration(
            clock, ids, self._rollout, outside.target_verdicts, self._is_elb_throttled
        )
        self._alarms = AlarmWatch(clock, outside.alarms)
        self._rebalancing = Rebalancing(
            clock, ids, self._rollout, self._life, subnets_of, self._stop_each
        )
        self._outside = outside
        self._others: dict[type[Stimulus], Callable[[Any], None]] = {}

    def _is_elb_throttled(self) -> bool:
        return self._outside.is_throttled("elb")

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
            case TaskBecomesHealthy():
                self._failures.passed_a_check(service, deployment, task)
            case TaskBecomesUnhealthy() if not task.is_condemned:
                self._failures.failed_its_check(service, deployment, task, stimulus)
        self.settle(service)

    def _task_changed(self, task: Task) -> None:
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        if deployment is not None:
            deployment.changed_at = self.clock.now
        self._rollout.tell_task(task)

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

    # --- reconciling ------------------------------------------------------------------------

    def settle(self, service: Service) -> None:
        """Reconcile until the service wants nothing more at this instant."""
        for _ in range(MOST_STEPS_AT_ONCE):
            decision = reconcile(view_of(service), self.clock.now)
            for action in decision.actions:
                self._apply(service, action)
            if not decision.actions:
                break
        else:
            raise AssertionError(f"{service.name} does not settle: {decision}")
        if service.status == ACTIVE:
            self._notice_steadiness(service)
            self._rebalancing.go_on(service)
        self._say_what_is_stuck(service, decision)
        self._wake(service, decision.wake_at)

    def _say_what_is_stuck(self, service: Service, decision: Decision) -> None:
        """Once, until it has changed."""
        if decision.is_deadlocked and not service.primary.is_deadlocked:
            self._rollout.say(service, service_events.deadlocked(service.name))
        service.primary.is_deadlocked = decision.is_deadlocked
        if decision.held is not None and decision.held != service.held:
            self._rollout.say(
                service, service_events.under_protection(service.name, *decision.held)
            )
        service.held = decision.held

    def _wake(self, service: Service, moment: datetime | None) -> None:
        """One pending look a service: the earliest that anything asked for."""
        if moment is None:
            return
        if service.wakes_at is None or moment < service.wakes_at:
            service.wakes_at = moment
            self.clock.at(moment, LookAgain(service.arn))

    def _apply(self, service: Service, action: Action) -> None:
        if isinstance(action, StartTasks):
            self._start(service, action)
        if isinstance(action, StopTasks):
            self._stop(service, action)
        if isinstance(action, FailDeployment):
            self._rollout.fail(service, action)
        if isinstance(action, CompleteDeployment):
            self._rollout.complete(service)
        if isinstance(action, RemoveService):
            self._rollout.remove(service)

    def _start(self, service: Service, action: StartTasks) -> None:
        deployment = service.deployment(action.deployment_id)
        assert deployment is not None
        wait = self.ids.between("verdict", *timing.VERDICT_AFTER_START)
        if deployment.verdict_at is None or deployment.verdict_at <= self.clock.now:
            deployment.verdict_at = self.clock.now + timedelta(seconds=wait)
        if self._outside.is_blocked():
            self._give_up(service, deployment)
            return
        if self._outside.is_throttled("ecs"):
            self._failures.was_throttled(service, deployment)
            return
        service.throttled_on.discard("ecs")
        if error := self._outside.launch_error(deployment.task_definition):
            self._failures.could_not_launch(service, deployment, error)
            return
        if not self._outside.has_capacity():
            self._failures.found_no_capacity(service, deployment)
            return
        deployment.lacks_capacity = False
        replaced = deployment.counts.unhealthy
        subnets = self._subnets_of(service)
        tasks = [self._life.start(service, deployment, subnets) for _ in range(action.count)]
        ids = [task.id for task in tasks]
        self._rollout.say(service, service_events.has_started(service.name, ids, replaced))

    def _give_up(self, service: Service, deployment: Deployment) -> None:
        """A blocked account ends the deployment about a minute later, whatever the count."""
        self._rollout.say(service, service_events.account_blocked(service.name))
        if deployment is service.primary:
            deployment.stop_requested = "BLOCKED"
        wait = timedelta(seconds=self.ids.between("blocked", *timing.BLOCKED_TO_FAILED))
        service.acts_at = deployment.can_start_at = self.clock.now + wait

    def _stop(self, service: Service, action: StopTasks) -> None:
        deployment = service.deployment(action.deployment_id)
        assert deployment is not None
        tasks = self._to_stop(service, deployment, action)
        was_pending = action.place == "pending"
        self._stop_each(service, deployment, tasks, is_registered=not was_pending)
        text = service_events.has_stopped_running(service.name, [task.id for task in tasks])
        if was_pending:
            text = service_events.stopped_pending(service.name, len(tasks))
        self._rollout.say(service, text)

    def _stop_each(
        self,
        service: Service,
        deployment: Deployment,
        tasks: Sequence[Task],
        *,
        is_registered: bool = True,
    ) -> None:
        """A task in target groups stays until its connections are drained."""
        is_registered = is_registered and bool(service.load_balancers)
        drain = self._outside.draining_seconds(service) if is_registered else 0.0
        for task in tasks:
            self._life.stop(task, self._reason_to_stop(service, task), drain)
        if is_registered:
            self._targets.leave(service, deployment.id, len(tasks))

    def _to_stop(self, service: Service, deployment: Deployment, action: StopTasks) -> list[Task]:
        """Protected tasks stay, unless they are unhealthy or the whole service is deleted."""
        tasks = [task for task in deployment.tasks.values() if task.place == action.place]
        if action.place != "unhealthy" and service.status == ACTIVE:
            tasks = [task for task in tasks if task.arn not in deployment.protected]
        return tasks[: action.count]

    def _reason_to_stop(self, service: Service, task: Task) -> Stop:
        if task.is_condemned:
            return Stop("ServiceSchedulerInitiated", task.condemned_because)
        reason = service_events.scaling_activity(service.primary.id)
        return Stop("ServiceSchedulerInitiated", reason)

    def _notice_steadiness(self, service: Service) -> None:
        """Steady again after it was not, or six hours since it was last said."""
        if self._rebalancing.is_running(service):
            return
        primary = service.primary
        steady = (
            primary.rollout_state == COMPLETED
            and primary.counts.healthy == service.desired_count == primary.desired_count
            and len(service.deployments) == 1
        )
        if not steady:
            service.is_steady = False
            return
        repeats = timedelta(seconds=timing.STEADY_STATE_REPEATS)
        said = service.steady_said_at
        if not service.is_steady or said is None or self.clock.now - said >= repeats:
            self._rollout.say_steady(service)
        assert service.steady_said_at is not None
        self._wake(service, service.steady_said_at + repeats)
