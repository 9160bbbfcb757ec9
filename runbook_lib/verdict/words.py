"""Room: what a verdict says.

Lives here: the words for each ending, for who ended it and why nothing was rolled back, and the
next step after each.
Never here: which of them holds.
"""

from __future__ import annotations

from runbook_lib import facts
from runbook_lib.following.deployment import (
    COMPLETED,
    FAILED_THEN_SUPERSEDED,
    GONE,
    IN_PROGRESS,
    REPLACED,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    UNKNOWN,
)

SCALED_TO_ZERO = "completed without a task"
BREAKER, ALARM, PERSON, ECS = "circuit breaker", "deployment alarm", "a person", "Amazon ECS"
NOTHING_TO_RETURN_TO = "there was no completed deployment to return to"
ROLLBACK_OFF = "rollback is off"
STOPPED_WITHOUT_ROLLBACK = "it was stopped without a rollback"
NOT_YET = "no rollback has begun"
ROLLBACK_OVERTAKEN = "a newer deployment took the place of its rollback"


def words(
    ending: str,
    ended_by: str,
    why: str,
    deviations: str,
    *,
    instead: facts.Deployment | None = None,
    is_same: bool = False,
) -> tuple[str, str]:
    """What happened, without its subject, and the next step.

    `instead` is what has taken its place since, `is_same` whether it is of the same revision.
    """
    if ending == COMPLETED and deviations:
        return (
            f"completed, but the service is not steady: {deviations}",
            "look at its stopped tasks: after COMPLETED the breaker no longer counts",
        )
    if ending == ROLLED_BACK:
        return f"was rolled back{_by(ended_by)}", _AFTER_ROLLBACK[ended_by]
    if ending == STALLED:
        return f"failed{_by(ended_by)} and was not rolled back: {why}", _AFTER_STALL[why]
    if ending == REPLACED:
        return _replaced(instead, deviations, is_same)
    if ending == FAILED_THEN_SUPERSEDED:
        told = f"failed{_by(ended_by)} and was not rolled back: {why}{_now(instead)}"
        return told, "ask for the verdict on the newer one; fix what ended this one"
    return _WORDS[ending]


def _replaced(instead: facts.Deployment | None, deviations: str, is_same: bool) -> tuple[str, str]:
    if is_same and instead is not None:
        still = f"but not steadily: {deviations}" if deviations else "and still runs"
        told = f"completed, {still}, as {instead.id} of the same revision"
        return told, "nothing is left to do" if not deviations else "read the service events"
    return (
        f"completed, and was replaced since: the release does not run any more{_now(instead)}",
        "ask for the verdict on what runs instead",
    )


def _now(instead: facts.Deployment | None) -> str:
    """ "; now my-task:3 runs (ecs-svc/…)", or is being deployed."""
    if instead is None:
        return ""
    does = "runs" if instead.is_completed else f"is {instead.rollout_state}"
    return f"; now {instead.task_definition} {does} ({instead.id})"


def _by(ended_by: str) -> str:
    return {BREAKER: " by the circuit breaker", ALARM: " because of a deployment alarm"}.get(
        ended_by, f" by {ended_by}" if ended_by else ""
    )


_AFTER_ROLLBACK = {
    BREAKER: "fix what stopped the tasks, then deploy again",
    ALARM: "look at the alarm's metric; an alarm that is in ALARM at the start is ignored",
    PERSON: "ask who called StopServiceDeployment: CloudTrail knows",
    ECS: "read the service events",
}
_AFTER_STALL = {
    NOTHING_TO_RETURN_TO: "deploy a revision that works: ECS does not try again by itself",
    ROLLBACK_OFF: "deploy the last good revision, and switch rollback on",
    STOPPED_WITHOUT_ROLLBACK: "deploy the revision that should run",
    NOT_YET: "look again in a minute; then deploy the last good revision",
}
_WORDS = {
    COMPLETED: ("completed: the release runs", "nothing is left to do"),
    SCALED_TO_ZERO: (
        "completed without a task: the desired count is 0, so it proves nothing",
        "raise the desired count and deploy again",
    ),
    ROLLBACK_FAILED: (
        "failed, and so did the rollback: neither release runs as it should",
        "deploy a revision that works; read the service events",
    ),
    SUPERSEDED: (
        "was superseded: somebody started another deployment before it ended",
        "ask for the verdict on that one; deploy again when nobody else does",
    ),
    IN_PROGRESS: ("is still in progress", "ask again later, or wait for the end"),
    TIMED_OUT: (
        "came to no end in time",
        "read the service events; see whether the circuit breaker is on",
    ),
    GONE: ("ended with its service, which was deleted meanwhile", "create the service again"),
    UNKNOWN: (
        "is not known: no list and no service event has it",
        "check the id; ECS keeps the last 100 service events, none of a superseded deployment",
    ),
}


def full_sentence(own: str, name: str, sentence: str, back_to: str | None) -> str:
    subject = f"Deployment {own}" + (f" of {name}" if name else "")
    if not back_to:
        return f"{subject} {sentence}."
    head, by, rest = sentence.partition("rolled back")
    return f"{subject} {head}{by} to {back_to.split(' ')[0]}{rest}."
