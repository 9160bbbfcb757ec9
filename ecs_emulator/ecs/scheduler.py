"""Room: what the scheduler of ECS does with a decision.

Lives here: reconciling a service until it wants nothing more at this instant, and carrying each
action out: tasks started and stopped, a deployment failed or completed, what is stuck said once.
Never here: which rule comes first (reconciler), what time it is (engine), AWS's JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ecs_emulator.ecs.alarms import AlarmWatch
from ecs_emulator.ecs.failures import Failures
from ecs_emulator.ecs.outside import Outside
from ecs_emulator.ecs.rebalancing import Rebalancing
from ecs_emulator.ecs.reconciler import reconcile
from ecs_emulator.ecs.rollout import Rollout
from ecs_emulator.ecs.tasks.checkups import Checkups
from ecs_emulator.ecs.tasks.fates import Fate
from ecs_emulator.ecs.tasks.life import Subnet, TaskLife
from ecs_emulator.ecs.tasks.target_registration import TargetRegistration
from ecs_emulator.world import aws_events, service_events, timing
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import (
    Action,
    CompleteDeployment,
    Decision,
    FailDeployment,
    LookAgain,
    RemoveService,
    StartTasks,
    StopTasks,
)
from ecs_emulator.world.state import (
    ACTIVE,
    COMPLETED,
    Deployment,
    Service,
    Stop,
    Task,
    TaskDefinition,
    World,
)
from ecs_emulator.world.views import view_of

MOST_STEPS_AT_ONCE = 1_000
NOTHING_AMISS = Outside()
Publish = Callable[[aws_events.Event, str], None]


class Scheduler:
    """The hands of the engine. `publish(event, region)` hands an EventBridge event over."""

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
        self._rollout = Rollout(account_id, clock, ids, publish, outside.is_heard)
        self._checkups = Checkups(clock, outside.sicknesses, outside.complaint)
        self._life = TaskLife(self.world, clock, ids, fate_of, self._task_changed, self._checkups)
        self._failures = Failures(clock, ids, self._rollout, self._life)
        self._targets = TargetRegistration(
            clock,
            ids,
            self._rollout,
            self._checkups,
            outside.target_checkers,
            self._is_elb_throttled,
        )
        self._alarms = AlarmWatch(clock, outside.alarms)
        self._rebalancing = Rebalancing(
            clock, ids, self._rollout, self._life, subnets_of, self._stop_each
        )
        self._outside = outside

    def _is_elb_throttled(self) -> bool:
        return self._outside.is_throttled("elb")

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
        for task in tasks:
            self._failures.complain(service, task)
        self._stop_each(service, deployment, tasks, is_registered=not was_pending)
        if was_pending:
            self._rollout.say(service, service_events.stopped_pending(service.name, len(tasks)))
        else:
            self._rollout.say_stopped(service, [task.id for task in tasks])

    def _stop_each(
        self,
        service: Service,
        deployment: Deployment,
        tasks: Sequence[Task],
        *,
        is_registered: bool = True,
        reason: str = "",
    ) -> None:
        """A task in target groups stays until its connections are drained."""
        is_registered = is_registered and bool(service.load_balancers)
        drain = self._outside.draining_seconds(service) if is_registered else 0.0
        for task in tasks:
            self._life.stop(task, self._reason_to_stop(service, task, reason), drain)
        if is_registered:
            self._targets.leave(service, deployment.id, len(tasks))

    def _to_stop(self, service: Service, deployment: Deployment, action: StopTasks) -> list[Task]:
        """Protected tasks stay, unless they are unhealthy or the whole service is deleted."""
        tasks = [task for task in deployment.tasks.values() if task.place == action.place]
        if action.place != "unhealthy" and service.status == ACTIVE:
            tasks = [task for task in tasks if task.arn not in deployment.protected]
        return tasks[: action.count]

    def _reason_to_stop(self, service: Service, task: Task, otherwise: str) -> Stop:
        if task.is_condemned:
            return Stop("ServiceSchedulerInitiated", task.condemned_because)
        reason = otherwise or service_events.scaling_activity(service.primary.id)
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

    def _task_changed(self, task: Task) -> None:
        service = self.world.services[task.service_arn]
        deployment = service.deployment(task.deployment_id)
        if deployment is not None:
            deployment.changed_at = self.clock.now
        self._rollout.tell_task(task)
