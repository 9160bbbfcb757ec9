"""Room: what a person sees who follows a deployment.

Lives here: `view`, from the looks so far to what the board says.
Never here: HTML, widgets, waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runbook_lib import facts
from runbook_lib.facts.causes import Cause, group_causes
from runbook_lib.following import deployment as following
from runbook_lib.following.deployment import Snapshot
from runbook_lib.following.expectation import Expected, expected_next, own_events, unplaced

INTERRUPTED = "interrupted"
_MOST_FAILURES, _MOST_EVENTS = 4, 8
_AGAIN = "run this cell again"
_ENDS = {
    following.COMPLETED: "{release} is deployed: the deployment is COMPLETED.",
    following.ROLLED_BACK: "{release} failed, and ECS has rolled back{to}.",
    following.STALLED: "{release} failed, and nothing rolls it back.",
    following.ROLLBACK_FAILED: "{release} failed, and the rollback failed too.",
    following.REPLACED: "{release} was deployed, and has been replaced since.",
    following.FAILED_THEN_SUPERSEDED: "{release} failed, and a newer deployment has taken over.",
    following.SUPERSEDED: "A newer deployment has taken the place of {release}.",
    following.TIMED_OUT: (
        f"The waiting ended before the deployment did: {_AGAIN} to go on watching."
    ),
    following.GONE: "The service is not there any more.",
    following.UNKNOWN: "The service never listed this deployment.",
    INTERRUPTED: (
        f"You stopped watching; the deployment goes on by itself: {_AGAIN} to watch it further."
    ),
}
_OPEN = ("", following.TIMED_OUT, INTERRUPTED)
"""Nobody looks any further, or not yet: the deployment itself goes on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One deployment of the service. `is_watched` is true for the one that is followed."""

    id: str
    status: str
    rollout_state: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    is_watched: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """What the circuit breaker has counted. `stopped` tasks may be ahead of `failures`.

    `threshold` is None where the breaker is off. After the end, `is_over`, nothing trips any more.
    """

    failures: int
    threshold: int | None
    stopped: int = 0
    has_tripped: bool = False
    is_over: bool = False

    @property
    def sentence(self) -> str:
        """ "2 of 3, the next failure trips it"."""
        if self.threshold is None:
            return f"{self.failures} failed; the circuit breaker is off, so nothing trips"
        count, left = f"{self.failures} of {self.threshold}", self.threshold - self.failures
        if self.has_tripped:
            return f"{count}, the circuit breaker has tripped"
        if self.is_over:
            return f"{count}, the circuit breaker has not tripped"
        if left <= 0:
            return f"{count}, it trips when ECS would start the next task"
        ahead = self.stopped - self.failures
        if ahead > 0:
            return f"{count}, {ahead} more stopped: ECS counts when it is about to try again"
        return f"{count}, " + ("the next failure trips it" if left == 1 else f"{left} more trip it")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: `kind` is "began", "failure", "tripped" or "rollback"."""

    kind: str
    time: datetime
    after: timedelta
    text: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """All that the board shows. `end` is "" while the deployment is open."""

    deployment_id: str
    sentence: str
    end: str
    now: datetime
    elapsed: timedelta
    rows: tuple[Row, ...]
    breaker: Breaker
    causes: tuple[Cause, ...]
    events: tuple[facts.ServiceEvent, ...]
    earlier_events: int
    expected: Expected | None
    moments: tuple[Moment, ...]

    @property
    def next_change(self) -> str:
        """ "the next attempt: expected in 30 to 41 s", "unknown", or "" after the end."""
        if self.end:
            return ""
        return self.expected.told(self.now) if self.expected else "unknown"


def view(
    snapshots: Sequence[Snapshot],
    tasks: Sequence[facts.Task],
    deployment_id: str,
    *,
    now: datetime | None = None,
    end: str = "",
    image_is_missing: bool | None = None,
) -> BoardView:
    """The board after these looks, oldest first, of which there is at least one.

    `now` is the time of the last look unless time has passed since; `end` an end that the looks do
    not show by themselves, such as `INTERRUPTED`. `image_is_missing` as for `expected_next`.
    """
    last = snapshots[-1].service
    entry = _last_entry(snapshots, deployment_id)
    began = entry.created_at if entry else snapshots[0].time
    ended = following.end_of(deployment_id, [each.service for each in snapshots]) or end
    moment = max(now or snapshots[-1].time, began)
    events = own_events(last, entry) if entry else []
    causes = group_causes(tasks, deployment_id, events)
    breaker = replace(_breaker(last, entry, causes, deployment_id), is_over=ended not in _OPEN)
    return BoardView(
        deployment_id=deployment_id,
        sentence=_sentence(last, entry, breaker, ended, deployment_id),
        end=ended,
        now=moment,
        elapsed=moment - began,
        rows=_rows(last, deployment_id),
        breaker=breaker,
        causes=causes,
        events=tuple(events[:_MOST_EVENTS]),
        earlier_events=max(len(events) - _MOST_EVENTS, 0),
        expected=expected_next(last, deployment_id, image_is_missing=image_is_missing),
        moments=_moments(snapshots, entry, deployment_id),
    )


def _last_entry(snapshots: Sequence[Snapshot], deployment_id: str) -> facts.Deployment | None:
    """The deployment as it was last listed: after a rollback it is not any more."""
    found = (each.service.deployment(deployment_id) for each in reversed(snapshots))
    return next((each for each in found if each), None)


def _rows(service: facts.Service, deployment_id: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            id=each.id,
            status=each.status,
            rollout_state=each.rollout_state,
            task_definition=each.task_definition,
            desired=each.desired_count,
            running=each.running_count,
            pending=each.pending_count,
            failed=each.failed_tasks,
            is_watched=each.id == deployment_id,
        )
        for each in service.deployments
    )


def _breaker(
    service: facts.Service,
    entry: facts.Deployment | None,
    causes: Sequence[Cause],
    deployment_id: str,
) -> Breaker:
    """The count, as ECS last listed it.

    Where the clock has leapt over the end, the last look is older than the verdict: a deployment
    that failed with its tasks has met the threshold, though nobody looked at that moment.
    """
    threshold = service.circuit_breaker.threshold(service.desired_count)
    failures = entry.failed_tasks if entry else 0
    has_failed = service.failed_at(deployment_id) is not None
    if has_failed and threshold is not None and _failed_by_tasks(service, deployment_id):
        failures = max(failures, threshold)
    return Breaker(
        failures=failures,
        threshold=threshold,
        stopped=sum(each.count for each in causes),
        has_tripped=has_failed and threshold is not None and failures >= threshold,
    )


def _failed_by_tasks(service: facts.Service, deployment_id: str) -> bool:
    told = (each.message for each in service.events)
    return any(f"(deployment {deployment_id}) deployment failed: tasks" in each for each in told)


def _sentence(
    service: facts.Service,
    entry: facts.Deployment | None,
    breaker: Breaker,
    end: str,
    deployment_id: str,
) -> str:
    release = entry.task_definition if entry else deployment_id
    back = _release_of(service, service.rolled_back_to(deployment_id))
    if end:
        return _ENDS[end].format(release=release, to=f" to {back}" if back else "")
    if entry is None:
        return f"Waiting for {deployment_id} to be listed."
    if entry.has_failed:
        by = "The circuit breaker has tripped" if breaker.has_tripped else f"{release} failed"
        return f"{by}: ECS is rolling back{f' to {back}' if back else ''}."
    if breaker.failures or breaker.stopped:
        return f"{release} does not start. Failures: {breaker.sentence}."
    return f"{release} is being deployed; no task of it has failed."


def _release_of(service: facts.Service, deployment_id: str) -> str:
    found = service.deployment(deployment_id)
    return found.task_definition if found else deployment_id


def _moments(
    snapshots: Sequence[Snapshot], entry: facts.Deployment | None, deployment_id: str
) -> tuple[Moment, ...]:
    """What happened, oldest first, of the failures the last few."""
    if entry is None:
        return ()
    last, began = snapshots[-1].service, entry.created_at
    told = [(began, "began", f"the deployment of {entry.task_definition} began")]
    told += _failures(snapshots, entry)[-_MOST_FAILURES:]
    failed_at, back = last.failed_at(deployment_id), last.rolled_back_to(deployment_id)
    if failed_at:
        told.append((failed_at, "tripped", "ECS called the deployment failed"))
    if failed_at and back:
        told.append((failed_at, "rollback", f"rolling back to {_release_of(last, back)} began"))
        done = last.completed_at(back)
        if done and done >= failed_at:
            text = f"rolled back to {_release_of(last, back)}"
            told.append((done, "rollback", text))
    return tuple(Moment(kind, time, time - began, text) for time, kind, text in told)


def _failures(
    snapshots: Sequence[Snapshot], entry: facts.Deployment
) -> list[tuple[datetime, str, str]]:
    """Each failed attempt: as the service events tell of it, else as the count was seen to rise."""
    placing = reversed(unplaced(own_events(snapshots[-1].service, entry)))
    times = [(each.created_at, "a task could not be placed") for each in placing]
    if not times:
        looks = [(each.time, each.service.deployment(entry.id)) for each in snapshots]
        counts = [(time, found.failed_tasks) for time, found in looks if found]
        pairs = zip([(entry.created_at, 0), *counts[:-1]], counts, strict=True)
        rises = [(after[0], after[1] - before[1]) for before, after in pairs]
        times = [(time, "ECS counted it") for time, count in rises for _ in range(count)]
    return [(time, "failure", f"failure {n}: {text}") for n, (time, text) in enumerate(times, 1)]
