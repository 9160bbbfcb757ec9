"""Room: following one deployment to its end.

Lives here: when to look again, what counts as an end, and the line for each change of state.
Never here: whether the end is good (verdict).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from runbook_lib import facts
from runbook_lib.aws.clock import Clock
from runbook_lib.aws.reading import read_cluster, read_cluster_names, read_service
from runbook_lib.aws.session import Session
from runbook_lib.errors import DeadlineMissed, NotThere, RolloutFailed
from runbook_lib.facts.deployment_ids import deployment_id

POLL_SECONDS = 15.0
LONGEST = timedelta(minutes=45)
"""Desired count 1 and a wrong tag take about 13 minutes; AWS's own pauses grow up to 15."""

COMPLETED, ROLLED_BACK, STALLED = "completed", "rolled back", "failed, not rolled back"
ROLLBACK_FAILED, SUPERSEDED = "rollback failed", "superseded"
REPLACED, FAILED_THEN_SUPERSEDED = "completed, then replaced", "failed, then superseded"
TIMED_OUT, IN_PROGRESS = "timed out", "in progress"
GONE, UNKNOWN = "service gone", "unknown deployment"
UNKNOWN_AFTER = 5
"""Looks that never show the deployment: with 15 s between them, a minute. AWS lags by seconds."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    time: datetime
    service: facts.Service


@dataclass(frozen=True, slots=True)
class Watched:
    """How one deployment went: `end` is one of the words above, `snapshots` oldest first."""

    deployment_id: str
    end: str
    snapshots: tuple[Snapshot, ...]
    failed_at: datetime | None

    @property
    def last(self) -> facts.Service:
        return self.snapshots[-1].service

    @property
    def started_at(self) -> datetime:
        return self.snapshots[0].time


@dataclass(slots=True)
class Following:
    """What has been seen so far of one deployment, and what it comes to.

    Who follows decides when to `look`, and gives up by `ended(TIMED_OUT)`.
    """

    session: Session
    cluster: str
    service: str
    deployment_id: str
    tell: Callable[[str], None]
    see: Callable[[Snapshot], None] | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)
    failed_at: datetime | None = None

    def __post_init__(self) -> None:
        """Raises `BadParameter` for what is no deployment's id, before anything is asked."""
        self.deployment_id = deployment_id(self.deployment_id)

    def look(self, now: datetime) -> Watched | None:
        """One DescribeServices. The result, if the deployment has come to an end."""
        return self.take(now, read_service(self.session, self.cluster, self.service))

    def take(self, now: datetime, found: facts.Service | None) -> Watched | None:
        """The same with what somebody else has read."""
        if found is None:
            return self.ended(GONE)
        self.snapshots.append(Snapshot(now, found))
        if self.see is not None:
            self.see(self.snapshots[-1])
        _tell_changes(self.session, found, self.lines, self.tell)
        if found.is_draining:
            return self.ended(GONE)
        entry = found.deployment(self.deployment_id)
        if entry is not None and entry.has_failed and self.failed_at is None:
            self.failed_at = entry.updated_at
        end = end_of(self.deployment_id, [each.service for each in self.snapshots])
        return self.ended(end) if end is not None else None

    @property
    def is_unknown(self) -> bool:
        """Looked at often enough to say that there is no such deployment."""
        return len(self.snapshots) >= UNKNOWN_AFTER and not _was_seen(
            self.snapshots, self.deployment_id
        )

    def ended(self, end: str) -> Watched:
        """Raises `NotThere` if the cluster or the service was never there."""
        if not self.snapshots:
            raise not_there(self.session, self.cluster, self.service)
        return Watched(self.deployment_id, end, tuple(self.snapshots), self.failed_at)


def not_there(session: Session, cluster: str, service: str) -> NotThere:
    """Which of the two is missing, and what to do about it."""
    if read_cluster(session, cluster) is None:
        there = ", ".join(read_cluster_names(session)) or "none"
        return NotThere(
            what=f"cluster {cluster}",
            where=session.region,
            next_step=f"set cluster to one that is there: {there}",
        )
    return NotThere(
        what=f"service {service}",
        where=f"cluster {cluster}",
        next_step="set service, and cluster, to one that is there",
    )


def watch(
    session: Session,
    *,
    cluster: str,
    service: str,
    deployment_id: str,
    timeout: timedelta = LONGEST,
    tell: Callable[[str], None] = print,
    see: Callable[[Snapshot], None] | None = None,
    clock: Clock | None = None,
) -> Watched:
    """Look every 15 s until the deployment with this id has come to an end.

    Calm is no end: after a rollback a service is just as steady as after a success. What counts is
    the id. `tell` gets one line for each change, nothing in between; `see` every look. `clock` says
    how to wait, where that is not simply the session's.
    """
    waiting = clock or session.clock
    following = Following(session, cluster, service, deployment_id, tell, see)
    deadline = waiting.now() + timeout
    while True:
        now = waiting.now()
        watched = following.look(now)
        if watched is not None:
            return watched
        if now >= deadline:
            return following.ended(TIMED_OUT)
        if following.is_unknown:
            return following.ended(UNKNOWN)
        waiting.sleep(POLL_SECONDS)


def end_of(deployment_id: str, seen: Sequence[facts.Service]) -> str | None:
    """The end that the last of these snapshots shows, or None while it is still open.

    With id B on top of A: B COMPLETED and PRIMARY: completed. B COMPLETED, and something else
    PRIMARY: completed, then replaced. B FAILED and still PRIMARY, nothing rolling back: failed, not
    rolled back. B gone and A, which was there before, COMPLETED: rolled back. A FAILED, too: the
    rollback failed. B FAILED and something newer PRIMARY before A had come back: failed, then
    superseded. B gone without having failed, and something newer PRIMARY: superseded. Once B is no
    longer listed, the service events come first: they outlive it.
    """
    last = seen[-1]
    entry, primary = last.deployment(deployment_id), last.primary
    if entry is not None and entry.is_completed:
        return COMPLETED if entry.is_primary else REPLACED
    if _has_failed(deployment_id, seen):
        return _end_of_failed(deployment_id, seen)
    if entry is not None and entry.is_primary:
        return None
    if entry is None and last.completed_at(deployment_id) is not None:
        return REPLACED
    if primary is None or not any(each.deployment(deployment_id) for each in seen):
        return None
    if not _is_older(primary, deployment_id, seen):
        return SUPERSEDED
    return _end_of_rollback(primary, entry)


def _has_failed(deployment_id: str, seen: Sequence[facts.Service]) -> bool:
    """As a look has shown it, or as a service event says."""
    listed = (each.deployment(deployment_id) for each in seen)
    return any(each is not None and each.has_failed for each in listed) or (
        seen[-1].failed_at(deployment_id) is not None
    )


def _end_of_failed(deployment_id: str, seen: Sequence[facts.Service]) -> str | None:
    """Rolled back, on the way back, left where it was, or overtaken by something newer."""
    last = seen[-1]
    entry, primary = last.deployment(deployment_id), last.primary
    if entry is not None and entry.is_primary:
        return STALLED
    back = last.rolled_back_to(deployment_id)
    came_back = last.came_back_from(deployment_id) if back and entry is None else None
    if came_back is not None:
        return ROLLED_BACK if came_back else FAILED_THEN_SUPERSEDED
    if primary is None:
        return None
    was_seen = any(each.deployment(deployment_id) for each in seen)
    if primary.id == back and not was_seen:
        return ROLLBACK_FAILED if primary.has_failed else None
    is_older = primary.id == back if back else was_seen and _is_older(primary, deployment_id, seen)
    return _end_of_rollback(primary, entry) if is_older else FAILED_THEN_SUPERSEDED


def _end_of_rollback(primary: facts.Deployment, entry: facts.Deployment | None) -> str | None:
    """The old deployment is PRIMARY again. It is over once the failed one has left the list."""
    if primary.has_failed:
        return ROLLBACK_FAILED
    return ROLLED_BACK if primary.is_completed and entry is None else None


def _was_seen(snapshots: Sequence[Snapshot], deployment_id: str) -> bool:
    return any(each.service.deployment(deployment_id) for each in snapshots)


def _is_older(primary: facts.Deployment, deployment_id: str, seen: Sequence[facts.Service]) -> bool:
    """Was what is PRIMARY now there before the watched deployment was?

    It was if it was listed below the watched one. Only else createdAt tells: some rollbacks have
    been seen to renew it.
    """
    first = next((each for each in seen if each.deployment(deployment_id)), None)
    own = first.deployment(deployment_id) if first else None
    if first is None or own is None:
        return True
    if own.is_primary and first.deployment(primary.id):
        return True
    return primary.created_at <= own.created_at


def _tell_changes(
    session: Session, service: facts.Service, lines: dict[str, str], tell: Callable[[str], None]
) -> None:
    """One line for each deployment whose state differs from the last time."""
    before = dict(lines)
    for each in service.deployments:
        state = state_line(each)
        if lines.get(each.id) != state:
            lines[each.id] = state
            moment = session.clock.now()
            tell(f"{moment:%H:%M:%S}  {state}")
            session.journal.note("state", moment, deployment=each.id, line=state)
    if lines != before:
        session.journal.note("snapshot", session.clock.now(), **_counts(service))


def _counts(service: facts.Service) -> dict[str, object]:
    """A snapshot as numbers, for the charts of the report."""
    return {
        "service": service.name,
        "desired": service.desired_count,
        "running": service.running_count,
        "pending": service.pending_count,
        "threshold": service.circuit_breaker.threshold(service.desired_count),
        "deployments": [
            {
                "id": each.id,
                "status": each.status,
                "rollout_state": each.rollout_state,
                "task_definition": each.task_definition,
                "desired": each.desired_count,
                "running": each.running_count,
                "pending": each.pending_count,
                "failed": each.failed_tasks,
            }
            for each in service.deployments
        ],
    }


def state_line(deployment: facts.Deployment) -> str:
    """PRIMARY my-task:2 ecs-svc/294… IN_PROGRESS  desired 1 running 0 pending 1 failed 2"""
    counts = (
        f"desired {deployment.desired_count} running {deployment.running_count} "
        f"pending {deployment.pending_count} failed {deployment.failed_tasks}"
    )
    return (
        f"{deployment.status:<8} {deployment.task_definition} {deployment.id} "
        f"{deployment.rollout_state:<11}  {counts}"
    )


def wait_until_steady(
    session: Session, *, cluster: str, service: str, timeout: timedelta = timedelta(minutes=15)
) -> facts.Service:
    """Wait until the service has one deployment, COMPLETED, with all its tasks running.

    Good after a first deployment. It does not tell a success from a rollback: `watch` does. Raises
    `RolloutFailed` where the deployment has failed and nothing is rolled back.
    """
    deadline = session.clock.now() + timeout
    while True:
        found = read_service(session, cluster, service)
        if found is not None and found.is_steady:
            return found
        if found is not None and found.primary is not None and found.primary.has_failed:
            raise RolloutFailed(
                deployment=found.primary.id,
                service=service,
                reason=found.last_complaint or found.primary.rollout_state_reason,
                next_step="fix the cause, then run this again",
            )
        if session.clock.now() >= deadline:
            raise DeadlineMissed(
                what=f"a steady state of service {service}",
                seconds=timeout.total_seconds(),
                next_step="read its events: tables.service_events",
            )
        session.clock.sleep(POLL_SECONDS)
