"""Room: the verdict on a deployment.

Lives here: the pure rules that turn what was seen into pass or fail.
Never here: looking, the words.

Calm is no success: after a rollback a service is as steady as after a release, and one scaled to
zero is steadier than both. So every verdict is about one deployment, by its id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook_lib import facts
from runbook_lib.facts.causes import Cause, group_causes
from runbook_lib.following.deployment import (
    COMPLETED,
    FAILED_THEN_SUPERSEDED,
    IN_PROGRESS,
    REPLACED,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    UNKNOWN,
    Watched,
)
from runbook_lib.verdict.steady_state import SteadyState
from runbook_lib.verdict.words import (
    ALARM,
    BREAKER,
    ECS,
    NOT_YET,
    NOTHING_TO_RETURN_TO,
    PERSON,
    ROLLBACK_OFF,
    ROLLBACK_OVERTAKEN,
    SCALED_TO_ZERO,
    STOPPED_WITHOUT_ROLLBACK,
    full_sentence,
    words,
)

_NO_CANDIDATE = "No rollback candidate"
_NAMED = re.compile(r"\(deployment (ecs-svc/[0-9]+)\) deployment (?:failed|completed)")
_SLACK = timedelta(minutes=1)
"""How far createdAt of a deployment and of its service deployment may lie apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one deployment.

    `passed`: the release is what runs, and the service is steady. `ending` is one of the words of
    `following`, or "completed without a task". `ended_by`: circuit breaker, deployment alarm,
    a person, Amazon ECS, or "" where nobody ended it early. `why_no_rollback` only where a failed
    deployment was not rolled back. `runs_instead`: "my-task:3 (ecs-svc/…)" where something newer
    has taken the deployment's place, else "". `failure_count` and `threshold` are AWS's own, from
    the service deployment; None if AWS does not say. `causes`: why tasks stopped, most frequent
    first.
    """

    passed: bool
    deployment_id: str
    task_definition: str
    ending: str
    ended_by: str
    reason: str
    why_no_rollback: str
    rolled_back_to: str
    runs_instead: str
    failure_count: int | None
    threshold: int | None
    causes: tuple[Cause, ...]
    steady_state: SteadyState | None
    sentence: str
    next_step: str

    @property
    def cause(self) -> str:
        """The reason that most stopped tasks give; "" if none does."""
        return self.causes[0].reason if self.causes else ""

    @property
    def is_steady(self) -> bool:
        return self.steady_state is not None and self.steady_state.met


def judge(
    watched: Watched,
    *,
    tasks: Sequence[facts.Task] = (),
    record: facts.ServiceDeployment | None = None,
    steady_state: SteadyState | None = None,
) -> Verdict:
    """The verdict on the watched deployment.

    `record` is its service deployment, `steady_state` the service's now; None where AWS does not
    show them any more.
    """
    service, own = watched.last, watched.deployment_id
    entry = first_seen(watched)
    ending = _ending(watched, entry)
    back_to = _back_to(watched) if ending == ROLLED_BACK else None
    reason = _reason(watched, record)
    ended_by = _ended_by(watched, record, reason) if ending in _ENDED_EARLY else ""
    why = _why_no_rollback(watched, record, ended_by) if ending in _NOT_ROLLED_BACK else ""
    deviations = "" if steady_state is None else steady_state.deviations
    name = entry.task_definition if entry else record.target_task_definition if record else ""
    instead = service.primary if ending in _OVERTAKEN else None
    same = ending == REPLACED and instead is not None and instead.task_definition == name
    sentence, next_step = words(ending, ended_by, why, deviations, instead=instead, is_same=same)
    runs = same and instead is not None and instead.is_completed
    return Verdict(
        passed=(ending == COMPLETED or runs) and not deviations,
        deployment_id=own,
        task_definition=name,
        ending=ending,
        ended_by=ended_by,
        reason=reason,
        why_no_rollback=why,
        rolled_back_to=back_to or "",
        runs_instead=f"{instead.task_definition} ({instead.id})" if instead else "",
        failure_count=record.failure_count if record else None,
        threshold=record.threshold if record else None,
        causes=group_causes(tasks, own, _events_of(watched)),
        steady_state=steady_state,
        sentence=full_sentence(own, name, sentence, back_to),
        next_step=next_step,
    )


_ENDED_EARLY = (ROLLED_BACK, STALLED, ROLLBACK_FAILED, FAILED_THEN_SUPERSEDED)
_NOT_ROLLED_BACK = (STALLED, FAILED_THEN_SUPERSEDED)
_OVERTAKEN = (REPLACED, FAILED_THEN_SUPERSEDED)


def first_seen(watched: Watched) -> facts.Deployment | None:
    """The deployment's own entry, as it was when it was first listed."""
    found = (each.service.deployment(watched.deployment_id) for each in watched.snapshots)
    return next((each for each in found if each is not None), None)


def _ending(watched: Watched, entry: facts.Deployment | None) -> str:
    """A completed deployment of no task at all proves nothing, so it is an ending of its own."""
    if watched.end != COMPLETED or entry is None:
        return watched.end
    latest = watched.last.deployment(watched.deployment_id)
    wanted = latest.desired_count if latest else entry.desired_count
    return SCALED_TO_ZERO if wanted == 0 and watched.last.desired_count == 0 else COMPLETED


def _back_to(watched: Watched) -> str:
    """ "my-task:1 (ecs-svc/…)": what ECS went back to."""
    target = watched.last.rolled_back_to(watched.deployment_id)
    for snapshot in reversed(watched.snapshots):
        if found := snapshot.service.deployment(target):
            return f"{found.task_definition} ({found.id})"
    if target:
        return target
    primary = watched.last.primary
    return f"{primary.task_definition} ({primary.id})" if primary else ""


def _reason(watched: Watched, record: facts.ServiceDeployment | None) -> str:
    """AWS's reason if it gives one, else what the deployment itself said when it failed."""
    if record is not None and record.status_reason:
        return record.status_reason
    return _own_reason(watched) or _event_reason(watched)


def _event_reason(watched: Watched) -> str:
    """ "tasks failed to start", the end of the service event that calls the deployment failed."""
    start = f"(deployment {watched.deployment_id}) deployment failed: "
    for event in watched.last.events:
        if start in event.message:
            return event.message.partition(start)[2]
    return ""


def _ended_by(watched: Watched, record: facts.ServiceDeployment | None, reason: str) -> str:
    """The states of breaker and alarms come first; then what ECS says; else it was a person.

    StopServiceDeployment leaves neither of them TRIGGERED, and ECS says of its own failures that
    it was a "deployment failure".
    """
    if record is not None and record.breaker_status == "TRIGGERED":
        return BREAKER
    if record is not None and (record.alarm_status == "TRIGGERED" or record.triggered_alarms):
        return ALARM
    said = f"{reason} {_event_reason(watched)} {_own_reason(watched)}".lower()
    if "circuit breaker" in said or "tasks failed to start" in said:
        return BREAKER
    if "alarm" in said:
        return ALARM
    return ECS if "deployment failure" in said else PERSON


def _own_reason(watched: Watched) -> str:
    for snapshot in reversed(watched.snapshots):
        entry = snapshot.service.deployment(watched.deployment_id)
        if entry is not None and entry.has_failed:
            return entry.rollout_state_reason
    return ""


def _why_no_rollback(
    watched: Watched, record: facts.ServiceDeployment | None, ended_by: str
) -> str:
    service = watched.last
    if service.rolled_back_to(watched.deployment_id):
        return ROLLBACK_OVERTAKEN
    if record is not None and record.status == "ROLLBACK_FAILED":
        return NOTHING_TO_RETURN_TO
    if ended_by == PERSON:
        return STOPPED_WITHOUT_ROLLBACK
    guard = service.alarms.rollback if ended_by == ALARM else service.circuit_breaker.rollback
    if not guard:
        return ROLLBACK_OFF
    others = [each for each in service.deployments if not each.has_failed and each.is_completed]
    return NOT_YET if others else NOTHING_TO_RETURN_TO


def _events_of(watched: Watched) -> list[facts.ServiceEvent]:
    """The service events since the deployment was made and until it failed, newest first."""
    entry = first_seen(watched)
    since = entry.created_at if entry else None
    until = watched.last.failed_at(watched.deployment_id)
    return [
        each
        for each in watched.last.events
        if (since is None or each.created_at >= since)
        and (until is None or each.created_at <= until)
        and (since or until)
    ]


def deployment_of(record: facts.ServiceDeployment, service: facts.Service) -> str:
    """The id of the deployment that a service deployment is about; "" if nothing tells.

    Of those listed, the one that was created within a minute of it for the same revision. Else the
    service event at its end says the id: "(deployment ecs-svc/…) deployment failed", or completed.
    """
    listed = [
        each
        for each in service.deployments
        if abs(each.created_at - record.created_at) <= _SLACK
        and each.task_definition == record.target_task_definition
    ]
    if listed:
        return min(listed, key=lambda each: abs(each.created_at - record.created_at)).id
    ended_at = record.rollback_started_at or record.finished_at
    for event in service.events if ended_at else ():
        found = _NAMED.search(event.message)
        if found and ended_at and abs(event.created_at - ended_at) <= _SLACK / 4:
            return found[1]
    return ""


def end_by_record(record: facts.ServiceDeployment | None, *, is_newest: bool) -> str:
    """The end that a service deployment tells by itself, in the words of `following`."""
    if record is None:
        return UNKNOWN
    guarded = record.breaker_status == "TRIGGERED" or record.alarm_status == "TRIGGERED"
    return {
        "SUCCESSFUL": COMPLETED if is_newest else REPLACED,
        "ROLLBACK_SUCCESSFUL": ROLLED_BACK,
        "ROLLBACK_FAILED": STALLED if _NO_CANDIDATE in record.status_reason else ROLLBACK_FAILED,
        "STOPPED": FAILED_THEN_SUPERSEDED if guarded else SUPERSEDED,
    }.get(record.status, IN_PROGRESS)


def record_of(
    records: Sequence[facts.ServiceDeployment],
    *,
    created_at: datetime | None,
    ended_at: datetime | None,
    task_definition: str = "",
) -> facts.ServiceDeployment | None:
    """The service deployment that goes with a deployment: the two ids have nothing in common.

    It was created within a minute of the deployment, and nearest to it. Where only the end is
    known, it is the last one that had begun by then: a newer deployment would have ended this one.
    """
    if created_at is not None:
        near = [
            each
            for each in records
            if abs(each.created_at - created_at) <= _SLACK
            and task_definition in ("", each.target_task_definition)
        ]
        return min(near, key=lambda each: abs(each.created_at - created_at), default=None)
    if ended_at is None:
        return None
    begun = [each for each in records if each.created_at <= ended_at]
    return max(begun, key=lambda each: each.created_at, default=None)
