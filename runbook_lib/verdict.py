"""Room: the verdict on a drill.

Lives here: the pure rule that turns what was seen into pass or fail, with the reason in words.
Never here: looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbook_lib import facts
from runbook_lib.watching import (
    COMPLETED,
    GONE,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    Watched,
)

_SENTENCES = {
    COMPLETED: "it completed: the release that should fail did not",
    STALLED: "it failed and was not rolled back: nothing to return to, or rollback is off",
    SUPERSEDED: "somebody started another deployment, so this drill proves nothing",
    TIMED_OUT: "it came to no end in time",
    GONE: "the service was deleted meanwhile",
}
_NEXT = {
    COMPLETED: "set bad_image to an image that does not exist",
    STALLED: "look at the service's deployment configuration, then run 20_create_service",
    SUPERSEDED: "run the drill again when nobody deploys",
    TIMED_OUT: "look at the service events; see whether the circuit breaker is on",
    GONE: "run 20_create_service, then the drill again",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passed` only if the breaker rolled the deployment back *and* the alert arrived.

    `cause` is the reason that most stopped tasks give. `threshold` and `failure_count` are AWS's
    own, from the service deployment; None if AWS does not say.
    """

    passed: bool
    deployment_id: str
    end: str
    tripped_by: str
    cause: str
    rolled_back_to: str
    failure_count: int | None
    threshold: int | None
    alert_arrived: bool
    unconfirmed: tuple[str, ...]
    is_steady: bool
    sentence: str
    next_step: str


def judge(
    watched: Watched,
    *,
    tasks: Sequence[facts.Task],
    record: facts.ServiceDeployment | None,
    alert: facts.Alert | None,
    unconfirmed: Sequence[str] = (),
) -> Verdict:
    """`record` is the service deployment of the watched deployment, `alert` what the probe got.

    `unconfirmed` are subscribers who have not followed their link: they are named, no failure.
    """
    service = watched.last
    back_to = service.primary if watched.end == ROLLED_BACK else None
    tripped_by = _tripped_by(watched, record)
    problems, next_step = _problems(watched, tripped_by, alert, service)
    cause = _cause(tasks, watched.deployment_id)
    return Verdict(
        passed=not problems,
        deployment_id=watched.deployment_id,
        end=watched.end,
        tripped_by=tripped_by,
        cause=cause,
        rolled_back_to=f"{back_to.task_definition} ({back_to.id})" if back_to else "",
        failure_count=record.failure_count if record else None,
        threshold=record.threshold if record else None,
        alert_arrived=alert is not None,
        unconfirmed=tuple(unconfirmed),
        is_steady=service.is_steady,
        sentence=_sentence(watched, back_to, problems, unconfirmed),
        next_step=next_step,
    )


def _tripped_by(watched: Watched, record: facts.ServiceDeployment | None) -> str:
    """AWS's reason if it gives one, else what the deployment itself said when it failed."""
    if record is not None and record.status_reason:
        return record.status_reason
    for snapshot in reversed(watched.snapshots):
        entry = snapshot.service.deployment(watched.deployment_id)
        if entry is not None and entry.has_failed:
            return entry.rollout_state_reason
    return ""


def _problems(
    watched: Watched, tripped_by: str, alert: facts.Alert | None, service: facts.Service
) -> tuple[list[str], str]:
    if watched.end != ROLLED_BACK:
        return [_SENTENCES.get(watched.end, watched.end)], _NEXT.get(watched.end, "run it again")
    if "circuit breaker" not in tripped_by:
        return ["not by the circuit breaker"], "read the service events"
    if alert is None:
        return (
            ["the alert did not arrive"],
            "check the topic policy, the rule and its target: run 30 and 40 again",
        )
    if not service.is_steady:
        return ["the service is not steady after the rollback"], "read the service events"
    return [], "run 90_clean_up when you are done"


def _cause(tasks: Sequence[facts.Task], deployment_id: str) -> str:
    """The stoppedReason that most of the deployment's own failures share."""
    reasons = [
        task.stopped_reason
        for task in tasks
        if task.deployment_id == deployment_id
        and task.stopped_reason
        and not task.stopped_reason.startswith("Scaling activity")
    ]
    return max(reasons, key=reasons.count) if reasons else ""


def _sentence(
    watched: Watched,
    back_to: facts.Deployment | None,
    problems: list[str],
    unconfirmed: Sequence[str],
) -> str:
    if back_to is None:
        return f"Deployment {watched.deployment_id}: {problems[0]}."
    text = f"Deployment {watched.deployment_id} was rolled back to {back_to.task_definition}"
    if problems:
        return f"{text}, but {problems[0]}."
    text = f"{text} by the circuit breaker, and the alert arrived."
    if not unconfirmed:
        return text
    return f"{text} Not told, because the subscription is unconfirmed: {', '.join(unconfirmed)}."
