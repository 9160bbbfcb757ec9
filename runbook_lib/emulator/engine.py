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
from runbook_lib.emulator.fates import Fate
from runbook_lib.emulator.ids import Ids
from runbook_lib.emulator.messages import (
    Action,
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
    TaskBecomesHealthy,
    TaskBecomesUnhealthy,
    TaskFailsToStart,
    TaskForgotten,
    TaskReaches,
    TaskStimulus,
)
from runbook_lib.emulator.policies import failure_threshold, restart_pause
from runbook_lib.emulator.reconciler import reconcile
from runbook_lib.emulator.rollout import Rollout
from runbook_lib.emulator.state import (
    ACTIVE,
    COMPLETED,
    DRAINING,
    IN_PROGRESS,
    INACTIVE,
    Deployment,
    DeploymentConfiguration,
    DeploymentView,
    Service,
    ServiceView,
    Stop,
    Task,
    TaskDefinition,
    World,
)
from runbook_lib.emulator.task_life import Subnet, TaskLife

MOST_STEPS_AT_ONCE = 1_000
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
    ) -> None:
        self.world = World()
        self.clock = clock
        self.ids = ids
        self._subnets_of = subnets_of
        self._rollout = Rollout(account_id, clock, ids, publish)
        self._life = TaskLife(self.world, clock, ids, fate_of, self._task_changed)
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
                self._count_failure(service, deployment)
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
        if task.is_stopping:
            return
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        if isinstance(stimulus, TaskFailsToStart):
            self._fail_to_start(service, deployment, task)
        if isinstance(stimulus, ContainerExits):
            self._exit(service, deployment, task)
        if isinstance(stimulus, TaskBecomesHealthy):
            self._become_healthy(deployment, task)
        if isinstance(stimulus, TaskBecomesUnhealthy):
            self._become_unhealthy(service, deployment, task)
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

    def _fail_to_start(self, service: Service, deployment: Deployment | None, task: Task) -> None:
        """The next start waits out the restart pause; the failure counts shortly before it."""
        self._life.fail_to_start(task)
        assert task.stop is not None
        self._rollout.say(service, service_events.unable_to_place(service.name, task.stop.reason))
        if deployment is None:
            return
        deployment.failed_attempts += 1
        pause = self.ids.between("restart", *restart_pause(deployment.failed_attempts))
        again = self.clock.now + timedelta(seconds=pause)
        deployment.can_start_at = max(deployment.can_start_at, again)
        ahead = self.ids.between("counted", *timing.COUNTED_BEFORE_START)
        counted_at = deployment.can_start_at - timedelta(seconds=ahead)
        self.clock.at(counted_at, FailureCounted(service.arn, deployment.id))

    def _exit(self, service: Service, deployment: Deployment | None, task: Task) -> None:
        """An exit before the task was healthy is a failure; a later one is none."""
        was_healthy = task.is_healthy
        self._life.exit(task)
        if deployment is None:
            return
        if not was_healthy:
            self._count_failure(service, deployment)
        pause = self.ids.between("restart", *timing.EXIT_TO_NEXT_START)
        deployment.can_start_at = self.clock.now + timedelta(seconds=pause)

    def _become_healthy(self, deployment: Deployment | None, task: Task) -> None:
        self._life.judge_health(task, healthy=True)
        service = self.world.services[task.service_arn]
        if deployment is not None:
            deployment.changed_at = self.clock.now
        if deployment is None or not _is_being_judged(service, deployment):
            return
        if service.configuration.circuit_breaker.reset_on_healthy_task:
            deployment.failures = 0
            self._rollout.note_failures(service, deployment)

    def _become_unhealthy(
        self, service: Service, deployment: Deployment | None, task: Task
    ) -> None:
        """The verdict comes a while after the failure that met the threshold, not after a later."""
        self._life.judge_health(task, healthy=False)
        text = service_events.failed_container_health_checks(service.name, task.id)
        self._rollout.say(service, text)
        if deployment is None:
            return
        breaker, verdict_at = service.configuration.circuit_breaker, deployment.verdict_at
        was_over = deployment.failures >= failure_threshold(breaker, service.desired_count)
        self._count_failure(service, deployment)
        if was_over and verdict_at is not None and verdict_at > self.clock.now:
            return
        wait = self.ids.between("verdict", *timing.VERDICT_AFTER_HEALTH_CHECK)
        deployment.verdict_at = self.clock.now + timedelta(seconds=wait)

    def _count_failure(self, service: Service, deployment: Deployment) -> None:
        if not _is_being_judged(service, deployment):
            return
        deployment.failures += 1
        deployment.counted_at = self.clock.now
        self._rollout.note_failures(service, deployment)

    # --- what the API asks for --------------------------------------------------------------

    def create_service(self, service: Service, definition: TaskDefinition) -> None:
        self.world.services[service.arn] = service
        self._deploy(service, definition, timing.CREATE_TO_FIRST_START)

    def _deploy(self, service: Service, definition: TaskDefinition, first: timing.Span) -> None:
        deployment = self._rollout.begin(service, definition, first)
        pick_up = self.ids.between("picked up", *timing.API_TO_PICKED_UP)
        self.clock.after(pick_up, DeploymentPickedUp(service.arn, deployment.id))

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
            self._rollout.fail(service, action.roll_back_to)
        if isinstance(action, CompleteDeployment):
            self._rollout.complete(service)
        if isinstance(action, RemoveService):
            self._rollout.remove(service)

    def _start(self, service: Service, action: StartTasks) -> None:
        deployment = service.deployment(action.deployment_id)
        assert deployment is not None
        replaced = deployment.counts.unhealthy
        subnets = self._subnets_of(service)
        tasks = [self._life.start(service, deployment, subnets) for _ in range(action.count)]
        ids = [task.id for task in tasks]
        self._rollout.say(service, service_events.has_started(service.name, ids, replaced))
        wait = self.ids.between("verdict", *timing.VERDICT_AFTER_START)
        if deployment.verdict_at is None or deployment.verdict_at <= self.clock.now:
            deployment.verdict_at = self.clock.now + timedelta(seconds=wait)

    def _stop(self, service: Service, action: StopTasks) -> None:
        deployment = service.deployment(action.deployment_id)
        assert deployment is not None
        tasks = [t for t in deployment.tasks.values() if t.place == action.place][: action.count]
        for task in tasks:
            self._life.stop(task, self._reason_to_stop(service, task))
        if action.place == "pending":
            text = service_events.stopped_pending(service.name, len(tasks))
        else:
            text = service_events.has_stopped_running(service.name, [t.id for t in tasks])
        self._rollout.say(service, text)

    def _reason_to_stop(self, service: Service, task: Task) -> Stop:
        if task.is_condemned:
            return Stop("ServiceSchedulerInitiated", "Task failed container health checks")
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


def _is_being_judged(service: Service, deployment: Deployment) -> bool:
    return deployment is service.primary and deployment.rollout_state == IN_PROGRESS


def view_of(service: Service) -> ServiceView:
    """The snapshot that the reconciler decides on: numbers only, made anew each time."""
    return ServiceView(
        desired_count=service.desired_count,
        configuration=service.configuration,
        deployments=tuple(_view_of(each) for each in service.deployments),
        is_draining=service.status == DRAINING,
        acts_at=service.acts_at,
    )


def _view_of(deployment: Deployment) -> DeploymentView:
    counts = deployment.counts
    return DeploymentView(
        id=deployment.id,
        rollout_state=deployment.rollout_state,
        can_start_at=deployment.can_start_at,
        changed_at=deployment.changed_at or deployment.created_at,
        settles_in=deployment.settles_in,
        is_picked_up=deployment.is_picked_up,
        failures=deployment.failures,
        counted_at=deployment.counted_at,
        verdict_at=deployment.verdict_at,
        pending=counts.pending,
        warming=counts.warming,
        healthy=counts.healthy,
        unhealthy=counts.unhealthy,
        stopping=counts.stopping,
    )
