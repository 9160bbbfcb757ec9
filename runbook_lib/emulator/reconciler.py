"""Room: what a service wants next.

Lives here: the order of the rules of a rolling deployment under the circuit breaker.
Never here: ids, chance, the agenda, AWS's field names, how an action is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from runbook_lib.emulator.messages import (
    Action,
    CompleteDeployment,
    Decision,
    FailDeployment,
    RemoveService,
    StartTasks,
    StopTasks,
)
from runbook_lib.emulator.policies import failure_threshold, healthy_floor, live_ceiling
from runbook_lib.emulator.state import (
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    DeploymentView,
    ServiceView,
)


def reconcile(view: ServiceView, now: datetime) -> Decision:
    """One step: the first rule that wants something wins; the next pass does the next step.

    A draining service stops everything. Then: is there a verdict to give? Start what is missing,
    stop what is too much, and see whether the deployment is complete.
    """
    if view.is_draining:
        return _drain(view)
    if view.acts_at is not None and now < view.acts_at:
        return Decision(wake_at=view.acts_at)
    if not view.primary.is_picked_up:
        return Decision()
    if verdict := _verdict(view, now):
        return Decision((verdict,))
    if starts := _starts(view, now):
        return Decision(starts, _wake_at(view, now))
    if stops := _stops(view):
        return Decision(stops, _wake_at(view, now))
    if _is_complete(view) and now >= _settled_at(view.primary):
        return Decision((CompleteDeployment(view.primary.id),))
    return Decision(wake_at=_wake_at(view, now), is_deadlocked=_is_deadlocked(view, now))


def _is_deadlocked(view: ServiceView, now: datetime) -> bool:
    """Nothing is on its way and nothing may be done. Desired 1, 100 to 150 %: no second task."""
    primary = view.primary
    if primary.rollout_state != IN_PROGRESS or now < primary.can_start_at:
        return False
    if any(each.pending or each.warming or each.stopping for each in view.deployments):
        return False
    return primary.healthy < view.desired_count


def _drain(view: ServiceView) -> Decision:
    stops = tuple(stop for each in view.deployments for stop in _all_of(each))
    if not stops and not any(each.stopping for each in view.deployments):
        return Decision((RemoveService(),))
    return Decision(stops)


def _verdict(view: ServiceView, now: datetime) -> FailDeployment | None:
    """A person's stop, then an alarm, then the breaker. The first to trip wins."""
    primary, settings = view.primary, view.configuration
    if primary.rollout_state != IN_PROGRESS:
        return None
    if primary.stop_requested == "BLOCKED":
        return _failed(view, "blocked", rollback=settings.circuit_breaker.rollback)
    if primary.stop_requested:
        return _failed(view, "stop", rollback=primary.stop_requested == "ROLLBACK")
    if primary.is_alarmed:
        return _failed(view, "alarm", rollback=settings.alarms.rollback)
    if settings.circuit_breaker.enable and _is_over(view) and _is_verdict_due(primary, now):
        return _failed(view, "breaker", rollback=settings.circuit_breaker.rollback)
    return None


def _failed(view: ServiceView, cause: str, *, rollback: bool) -> FailDeployment:
    target = _rollback_target(view.others) if rollback else None
    return FailDeployment(view.primary.id, target, cause, rollback)


def _is_verdict_due(primary: DeploymentView, now: datetime) -> bool:
    """FAILED comes when the scheduler acts after the count met the threshold, not at the count."""
    if primary.verdict_at is None or now < primary.verdict_at:
        return False
    return primary.counted_at is None or primary.verdict_at >= primary.counted_at


def _is_over(view: ServiceView) -> bool:
    threshold = failure_threshold(view.configuration.circuit_breaker, view.desired_count)
    return view.primary.failures >= threshold


def _rollback_target(others: Iterable[DeploymentView]) -> str | None:
    """The most recent deployment in COMPLETED. While one rolls back, it is not COMPLETED."""
    return next((each.id for each in others if each.rollout_state == COMPLETED), None)


def _starts(view: ServiceView, now: datetime) -> tuple[Action, ...]:
    """As many as are missing, within the ceiling. Desired 4, 200 %, old 4, new 1: start 3."""
    primary = view.primary
    if primary.rollout_state == FAILED or now < primary.can_start_at:
        return ()
    missing = view.desired_count - primary.pending - primary.warming - primary.healthy
    live = sum(each.live for each in view.deployments)
    room = live_ceiling(view.configuration.maximum_percent, view.desired_count) - live
    count = min(missing, room)
    return (StartTasks(primary.id, count),) if count > 0 else ()


def _stops(view: ServiceView) -> tuple[Action, ...]:
    """Tasks that nobody wants, and old ones that the floor can spare, sick ones first.

    Desired 4, 100 %, old 4 and new 3, all healthy: stop 3.
    """
    failed = [
        stop
        for each in view.deployments
        if each.rollout_state == FAILED
        for stop in _all_but_healthy(each)
    ]
    if failed:
        return tuple(failed)
    surplus = _surplus(view)
    if surplus:
        return surplus
    return _old(view)


def _surplus(view: ServiceView) -> tuple[Action, ...]:
    """The primary's own: unhealthy ones once they are replaced or in the way, then the excess."""
    primary = view.primary
    wanted = primary.pending + primary.warming + primary.healthy
    live = sum(each.live for each in view.deployments)
    ceiling = live_ceiling(view.configuration.maximum_percent, view.desired_count)
    if primary.unhealthy and (wanted >= view.desired_count or live >= ceiling):
        return (StopTasks(primary.id, "unhealthy", primary.unhealthy),)
    excess = wanted - view.desired_count
    stops: list[Action] = []
    for place in ("pending", "warming", "healthy"):
        count = min(excess, getattr(primary, place))
        if count > 0:
            stops.append(StopTasks(primary.id, place, count))
            excess -= count
    return tuple(stops)


def _old(view: ServiceView) -> tuple[Action, ...]:
    """A deployment that failed for good leaves the old tasks alone."""
    if view.primary.rollout_state == FAILED:
        return ()
    floor = healthy_floor(view.configuration.minimum_healthy_percent, view.desired_count)
    spare = sum(each.healthy for each in view.deployments) - floor
    stops: list[Action] = []
    for each in view.others:
        stops += _all_but_healthy(each)
        count = min(max(spare, 0), each.healthy)
        if count:
            stops.append(StopTasks(each.id, "healthy", count))
            spare -= count
    return tuple(stops)


def _all_but_healthy(deployment: DeploymentView) -> list[Action]:
    return [
        StopTasks(deployment.id, place, count)
        for place in ("pending", "warming", "unhealthy")
        if (count := getattr(deployment, place))
    ]


def _all_of(deployment: DeploymentView) -> list[Action]:
    healthy = deployment.healthy
    last = [StopTasks(deployment.id, "healthy", healthy)] if healthy else []
    return _all_but_healthy(deployment) + last


def _is_complete(view: ServiceView) -> bool:
    """All of the primary's tasks healthy, exactly as many as wanted, and nobody else's left."""
    primary = view.primary
    mine = primary.healthy == view.desired_count and primary.live == primary.healthy
    others = sum(each.live + each.stopping for each in view.others)
    return primary.rollout_state == IN_PROGRESS and mine and not others


def _settled_at(primary: DeploymentView) -> datetime:
    return primary.changed_at + timedelta(seconds=primary.settles_in)


def _wake_at(view: ServiceView, now: datetime) -> datetime | None:
    """The next moment at which a rule that waits for the clock may want something."""
    primary = view.primary
    moments = [primary.can_start_at]
    if primary.verdict_at is not None:
        moments.append(primary.verdict_at)
    if _is_complete(view):
        moments.append(_settled_at(primary))
    return min((each for each in moments if each > now), default=None)
