"""Room: the turning of the emulated ECS.

Lives here: the only writer of `World`. A stimulus comes in, the world changes, and the services it
touched are reconciled until they want nothing more at this instant.
Never here: AWS's JSON, which rule comes first (reconciler), how long things take (timing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from runbook_lib.emulator import aws_events, service_events, timing
from runbook_lib.emulator.clock import Clock
from runbook_lib.emulator.failures import Failures, is_being_judged
from runbook_lib.emulator.fates import Fate
from runbook_lib.emulator.ids import Ids
from runbook_lib.emulator.lookups import Alarms
from runbook_lib.emulator.messages import (
    Action,
    AlarmsLookedAt,
    CompleteDeployment,
    ContainerExits,
    DeploymentPickedUp,
    FailDeployment,
    FailureCounted,
    LookAgain,
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
)
from runbook_lib.emulator.reconciler import reconcile
from runbook_lib.emulator.rollout import Rollout
from runbook_lib.emulator.state import (
    ACTIVE,
    COMPLETED,
    DRAINING,
    INACTIVE,
    Deployment,
    DeploymentConfiguration,
    LoadBalancer,
    Service,
    ServiceDeployment,
    Stop,
    Task,
    TaskDefinition,
    World,
)
from runbook_lib.emulator.target_health import TargetVerdict
from runbook_lib.emulator.task_life import Subnet, TaskLife
from runbook_lib.emulator.views import view_of

MOST_STEPS_AT_ONCE = 1_000
Publish = Callable[[aws_events.Event, str], None]
TargetVerdicts = Callable[[Service, TaskDefinition], Sequence[tuple[LoadBalancer, TargetVerdict]]]


def _no_target_groups(
    _: Service, __: TaskDefinition
) -> Sequence[tuple[LoadBalancer, TargetVerdict]]:
    return ()


def _at_once(_: Service) -> float:
    return 0.0


def _no_alarms(_: str, __: Sequence[str]) -> Alarms:
    return Alarms()


def _always() -> bool:
    return True


def _never() -> bool:
    return False


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
        target_verdicts: TargetVerdicts = _no_target_groups,
        draining_seconds: Callable[[Service], float] = _at_once,
        has_capacity: Callable[[], bool] = _always,
        is_blocked: Callable[[], bool] = _never,
        alarms: Callable[[str, Sequence[str]], Alarms] = _no_alarms,
    ) -> None:
        self.world = World()
        self.clock = clock
        self.ids = ids
        self._subnets_of = subnets_of
        self._rollout = Rollout(account_id, clock, ids, publish)
        self._life = TaskLife(self.world, clock, ids, fate_of, self._task_changed)
        self._failures = Failures(clock, ids, self._rollout, self._life)
        self._target_verdicts = target_verdicts
        self._draining_seconds = draining_seconds
        self._has_capacity = has_capacity
        self._is_blocked = is_blocked
        self._alarms = alarms
        self._others: dict[type[Stimulus], Callable[[Any], None]] = {}

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
        if isinstance(stimulus, DeploymentPickedUp):
            self._rollout.pick_up(service, stimulus.deployment_id)
        if isinstance(stimulus, FailureCounted):
            deployment = service.deployment(stimulus.deployment_id)
            if deployment is not None:
                self._failures.count(service, deployment)
        if isinstance(stimulus, TargetsDeregistered):
            self._deregister(service, stimulus)
        if isinstance(stimulus, AlarmsLookedAt):
            self._look_at_alarms(service, stimulus.deployment_id)
        self.settle(service)

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
                self._register(service, task)
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
        self.settle(service)

    def _register(self, service: Service, task: Task) -> None:
        """From registration on, each target group looks at the task."""
        verdicts = self._target_verdicts(service, task.task_definition)
        for balancer, verdict in verdicts:
            group = balancer.target_group_arn
            self._rollout.say(service, service_events.registered(service.name, 1, group))
            if verdict.fails_because is None:
                self.clock.after(verdict.after, TaskBecomesHealthy(task.arn))
                continue
            failing = TaskBecomesUnhealthy(
                task.arn, group, balancer.container_port, verdict.fails_because
            )
            self.clock.after(verdict.after, failing)

    def _watch_alarms(self, service: Service, deployment: Deployment) -> None:
        """An alarm that is in ALARM as the deployment starts is ignored for it."""
        settings = service.configuration.alarms
        if not settings.enable:
            return
        alarms = self._alarms(service.region, settings.names)
        deployment.ignored_alarms = alarms.in_alarm
        deployment.bakes_for = alarms.bake_seconds
        self.clock.after(timing.ALARM_POLL, AlarmsLookedAt(service.arn, deployment.id))

    def _look_at_alarms(self, service: Service, deployment_id: str) -> None:
        deployment = service.deployment(deployment_id)
        if deployment is None or not is_being_judged(service, deployment):
            return
        in_alarm = self._alarms(service.region, service.configuration.alarms.names).in_alarm
        deployment.triggered_alarms = tuple(
            name for name in in_alarm if name not in deployment.ignored_alarms
        )
        self.clock.after(timing.ALARM_POLL, AlarmsLookedAt(service.arn, deployment_id))

    def _deregister(self, service: Service, stimulus: TargetsDeregistered) -> None:
        for balancer in service.load_balancers:
            group = balancer.target_group_arn
            text = service_events.deregistered(service.name, stimulus.count, group)
            self._rollout.say(service, text)
        text = service_events.draining(service.name, stimulus.deployment_id, stimulus.count)
        self._rollout.say(service, text, milliseconds=5)

    # --- what the API asks for --------------------------------------------------------------

    def create_service(self, service: Service, definition: TaskDefinition) -> None:
        self.world.services[service.arn] = service
        self._deploy(service, definition, timing.CREATE_TO_FIRST_START)

    def _deploy(self, service: Service, definition: TaskDefinition, first: timing.Span) -> None:
        deployment = self._rollout.begin(service, definition, first)
        pick_up = self.ids.between("picked up", *timing.API_TO_PICKED_UP)
        self.clock.after(pick_up, DeploymentPickedUp(service.arn, deployment.id))
        self._watch_alarms(service, deployment)

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
            self._scale(service, desired_count)
        if is_new:
            self._deploy(service, definition, timing.UPDATE_TO_FIRST_START)
        self._rollout.note_settings(service)
        self.settle(service)

    def _scale(self, service: Service, desired_count: int) -> None:
        service.desired_count = desired_count
        service.is_steady = False
        primary = service.primary
        if primary.is_picked_up:
            primary.desired_count = desired_count
            wait = self.ids.between("scale", *timing.SCALE_TO_ACTION)
            again = self.clock.now + timedelta(seconds=wait)
            primary.can_start_at = max(primary.can_start_at, again)

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
        if decision.is_deadlocked and not service.primary.is_deadlocked:
            self._rollout.say(service, service_events.deadlocked(service.name))
        service.primary.is_deadlocked = decision.is_deadlocked
        self._wake(service, decision.wake_at)

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
        if self._is_blocked():
            self._give_up(service, deployment)
            return
        if not self._has_capacity():
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
        deployment.stop_requested = "BLOCKED"
        wait = timedelta(seconds=self.ids.between("blocked", *timing.BLOCKED_TO_FAILED))
        service.acts_at = deployment.can_start_at = self.clock.now + wait

    def _stop(self, service: Service, action: StopTasks) -> None:
        deployment = service.deployment(action.deployment_id)
        assert deployment is not None
        tasks = [t for t in deployment.tasks.values() if t.place == action.place][: action.count]
        is_registered = bool(service.load_balancers) and action.place != "pending"
        drain = self._draining_seconds(service) if is_registered else 0.0
        for task in tasks:
            self._life.stop(task, self._reason_to_stop(service, task), drain)
        if action.place == "pending":
            text = service_events.stopped_pending(service.name, len(tasks))
        else:
            text = service_events.has_stopped_running(service.name, [t.id for t in tasks])
        self._rollout.say(service, text)
        if is_registered:
            wait = self.ids.between("deregistered", *timing.STOP_TO_DEREGISTERED)
            gone = TargetsDeregistered(service.arn, deployment.id, len(tasks))
            self.clock.after(wait, gone)

    def _reason_to_stop(self, service: Service, task: Task) -> Stop:
        if task.is_condemned:
            return Stop("ServiceSchedulerInitiated", task.condemned_because)
        reason = service_events.scaling_activity(service.primary.id)
        return Stop("ServiceSchedulerInitiated", reason)

    def _notice_steadiness(self, service: Service) -> None:
        """Steady again after it was not, or six hours since it was last said."""
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
