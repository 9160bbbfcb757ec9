"""Room: what a service wants next.

Lives here: the order of the rules of a rolling deployment under the circuit breaker.
Never here: ids, chance, the agenda, AWS's field names, how an action is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ecs_emulator.ecs.arithmetic import failure_threshold, healthy_floor, live_ceiling
from ecs_emulator.world.messages import (
    Action,
    CompleteDeployment,
    Decision,
    FailDeployment,
    RemoveService,
    StartTasks,
    StopTasks,
)
from ecs_emulator.world.state import COMPLETED, FAILED, IN_PROGRESS
from ecs_emulator.world.views import DeploymentView, ServiceView


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
    held = _held(view)
    stuck = held is None and _is_deadlocked(view, now)
    return Decision(wake_at=_wake_at(view, now), is_deadlocked=stuck, held=held)


def _is_deadlocked(view: ServiceView, now: datetime) -> bool:
    """Nothing is on its way and nothing may be done. Desired 1, 100 to 150 %: no second task."""
    primary = view.primary
    if primary.rollout_state != IN_PROGRESS or now < primary.can_start_at:
        return False
    if any(each.pending or each.warming or each.stopping for each in view.deployments):
        return False
    return primary.healthy < view.desired_count and not _short_of(view)


def _held(view: ServiceView) -> tuple[str, int] | None:
    """Nothing can be stopped that should be: the tasks left over are protected from scale-in."""
    primary = view.primary
    wanted = view.desired_count + view.extra_tasks
    excess = primary.pending + primary.warming + primary.healthy - wanted
    if excess > 0 and primary.protected:
        return primary.id, len(primary.protected)
    if primary.rollout_state == FAILED or _below_floor(view) >= 0:
        return None
    return next(((each.id, len(each.protected)) for each in view.others if each.protected), None)


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
    """As many as are missing, within the ceiling. Desired 4, 200 %, old 4, new 1: start 3.

    The old revision replaces what it lost by tasks of its own. Where the ceiling has no room for
    both, they share it in proportion, and the odd task is a new one: room 3, 2 old and 2 new are
    missing: 1 and 2.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    source = _source(view)
    new, old = _missing(view, now), 0
    if source is not None and now >= source.can_start_at:
        old = _short_of(view)
    room = max(0, _room(view))
    if new + old > room:
        old = room * old // (new + old)
        new = min(new, room - old)
    starts = [StartTasks(source.id, old)] if source is not None and old else []
    if new:
        starts.append(StartTasks(view.primary.id, new))
    return tuple(starts)


def _missing(view: ServiceView, now: datetime) -> int:
    """Tasks that the PRIMARY deployment may start now, were there room."""
    primary = view.primary
    if primary.rollout_state == FAILED or now < primary.can_start_at:
        return 0
    return max(0, view.desired_count - primary.pending - primary.warming - primary.healthy)


def _source(view: ServiceView) -> DeploymentView | None:
    """The deployment whose tasks serve while the PRIMARY one is rolled out."""
    return next((each for each in view.others if each.rollout_state == COMPLETED), None)


def _short_of(view: ServiceView) -> int:
    """Tasks of its own that the old deployment must start to keep the floor.

    Desired 4, 100 %, old 3 and new 0 healthy: 1. With 50 % it may lose two before it starts one.
    """
    source = _source(view)
    if source is None:
        return 0
    own = source.pending + source.warming
    return max(0, min(_below_floor(view) - own, source.desired_count - own - source.healthy))


def _below_floor(view: ServiceView) -> int:
    healthy = sum(each.healthy for each in view.deployments)
    return _floor(view) - healthy


def _floor(view: ServiceView) -> int:
    return healthy_floor(view.configuration.minimum_healthy_percent, view.desired_count)


def _room(view: ServiceView) -> int:
    """Tasks that may be started within the ceiling. A sick task counts until it is STOPPED.

    Inferred from two recordings: where the ceiling was full, the next failure came 338 and 329 s
    after the one before, and its check alone takes 150.
    """
    live = sum(each.live + each.leaving for each in view.deployments)
    return live_ceiling(view.configuration.maximum_percent, view.desired_count) - live


def _stops(view: ServiceView) -> tuple[Action, ...]:
    """Tasks that nobody wants, and old ones that the floor can spare, sick ones first.

    Desired 4, 100 %, old 4 and new 3, all healthy: stop 3.
    """
    failed = [
        stop
        for each in view.deployments
        if each.rollout_state == FAILED
        for stop in _all_but_running(each)
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
    if sick := _sick(view, primary, is_replaced=wanted >= view.desired_count):
        return (StopTasks(primary.id, "unhealthy", sick),)
    excess = wanted - view.desired_count - view.extra_tasks
    stops: list[Action] = []
    for place in ("pending", "warming", "healthy"):
        count = min(excess, primary.free(place))
        if count > 0:
            stops.append(StopTasks(primary.id, place, count))
            excess -= count
    return tuple(stops)


def _old(view: ServiceView) -> tuple[Action, ...]:
    """A deployment that failed for good leaves the healthy old tasks alone."""
    has_failed = view.primary.rollout_state == FAILED
    spare = 0 if has_failed else -_below_floor(view)
    stops: list[Action] = []
    for each in view.others:
        if each.rollout_state == COMPLETED:
            stops += _replaced(view, each)
        elif each.rollout_state == FAILED:
            stops += _all_but_running(each)
        elif not has_failed:
            stops += _all_but_healthy(each)
        count = min(max(spare, 0), each.free("healthy"))
        if count:
            stops.append(StopTasks(each.id, "healthy", count))
            spare -= count
    return tuple(stops)


def _replaced(view: ServiceView, source: DeploymentView) -> list[Action]:
    """Of the old revision: replacements not needed any more, and sick tasks that are replaced."""
    short = max(0, _below_floor(view))
    excess = source.pending + source.warming - short
    stops: list[Action] = []
    for place in ("pending", "warming"):
        count = min(excess, source.free(place))
        if count > 0:
            stops.append(StopTasks(source.id, place, count))
            excess -= count
    if sick := _sick(view, source, is_replaced=not short):
        stops.append(StopTasks(source.id, "unhealthy", sick))
    return stops


def _sick(view: ServiceView, deployment: DeploymentView, *, is_replaced: bool) -> int:
    """Unhealthy tasks to stop: all that are replaced, or one at a time to make room for that."""
    if is_replaced:
        return deployment.unhealthy
    is_in_the_way = _room(view) <= 0 and not deployment.pending + deployment.warming
    return min(1, deployment.unhealthy) if is_in_the_way else 0


def _all_but_running(deployment: DeploymentView) -> list[Action]:
    """What is left of a failed deployment runs until its own check has failed.

    Recorded: a task that was running at the verdict stopped 98 s later, when it was unhealthy.
    """
    counts = {"pending": deployment.free("pending"), "unhealthy": deployment.unhealthy}
    return [StopTasks(deployment.id, place, count) for place, count in counts.items() if count]


def _all_but_healthy(deployment: DeploymentView) -> list[Action]:
    """Protection is against scale-in: it keeps no task that is unhealthy."""
    counts = {place: deployment.free(place) for place in ("pending", "warming")}
    counts["unhealthy"] = deployment.unhealthy
    return [StopTasks(deployment.id, place, count) for place, count in counts.items() if count]


def _all_of(deployment: DeploymentView) -> list[Action]:
    """Deleting a service is no scale-in: protected tasks go too."""
    places = ("pending", "warming", "unhealthy", "healthy")
    counts = {place: getattr(deployment, place) for place in places}
    return [StopTasks(deployment.id, place, count) for place, count in counts.items() if count]


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
    primary, source = view.primary, _source(view)
    moments = [primary.can_start_at]
    if source is not None and _short_of(view):
        moments.append(source.can_start_at)
    if primary.verdict_at is not None:
        moments.append(primary.verdict_at)
    if _is_complete(view):
        moments.append(_settled_at(primary))
    return min((each for each in moments if each > now), default=None)
