"""Room: plan → AWS calls.

Lives here: `apply`, its outcome, and how long AWS needs after a call before the next may follow.
Never here: which steps there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib.aws.refusals import code_of, lacks_role, next_step_for, was_tried_again
from runbook_lib.aws.session import Session
from runbook_lib.errors import (
    DeadlineMissed,
    NoReply,
    NotConfirmed,
    StepRefused,
    sentence,
)
from runbook_lib.plans.steps import REMOVING, Plan, Step, shown

ROLE_SECONDS = 10.0
"""IAM is eventually consistent: a new role is given this long before it is used.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html"""
ROLE_PATIENCE_SECONDS = 120.0
_AGAIN, _AGAIN_FROM_THERE = (
    "fix the cause and run this again; cleaning up removes what exists",
    "fix the cause and run this again; it goes on from there",
)
DRAIN_POLL_SECONDS, DRAIN_SECONDS = 15.0, 900.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """`state` is "done" or "nothing to do"."""

    step: Step
    state: str
    reply: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    plan: Plan
    results: tuple[StepResult, ...]

    def reply_of(self, operation: str) -> Any:
        """The reply of the last step with this operation that was done; None if there is none."""
        found = [r.reply for r in self.results if r.step.operation == operation and r.reply]
        return found[-1] if found else None


def apply(session: Session, plan: Plan, *, confirm: str = "") -> Outcome:
    """Do what the plan says; steps that are satisfied are left out. Doing it twice is harmless.

    On AWS nothing happens until `confirm` is the name of the plan's service: `NotConfirmed`. A
    step that AWS refuses ends it: `StepRefused` says why and lists what earlier steps made.
    """
    if session.needs_confirmation and confirm != plan.service:
        raise NotConfirmed(account=session.account, given=confirm, wanted=plan.service)
    if plan.draining:
        _wait_until_drained(session, plan.draining, plan.service)
    results: list[StepResult] = []
    replies: dict[str, Any] = {}
    for step in plan:
        if step.satisfied:
            results.append(StepResult(step, "nothing to do"))
            continue
        reply = _call(session, step, replies, results)
        replies[step.operation] = reply
        results.append(StepResult(step, "done", reply))
        _let_settle(session, step)
    return Outcome(plan, tuple(results))


def _call(session: Session, step: Step, replies: dict[str, Any], results: list[StepResult]) -> Any:
    arguments = step.filled_in(replies)
    operation = f"{step.service}:{step.operation}"
    call = getattr(session.client(step.service), xform_name(step.operation))
    try:
        reply = _once_roles_are_known(session, partial(call, **arguments))
    except (ClientError, BotoCoreError) as error:
        if _was_carried_out(step, error):
            reply = {}
        else:
            raise _refused(operation, error, results) from error
    session.note_step(operation, shown(arguments))
    return reply


def _once_roles_are_known(session: Session, call: Callable[[], Any]) -> Any:
    """The call's reply; while ECS cannot assume a role yet it is made again, for two minutes."""
    waited = 0.0
    while True:
        try:
            return call()
        except ClientError as error:
            if not lacks_role(error) or waited >= ROLE_PATIENCE_SECONDS:
                raise
        session.clock.sleep(ROLE_SECONDS)
        waited += ROLE_SECONDS


def _was_carried_out(step: Step, error: Exception) -> bool:
    """Whether AWS refuses only because botocore has tried again what had already been done.

    A connection that breaks before the answer leaves open whether the call was carried out.
    """
    return (
        isinstance(error, ClientError)
        and was_tried_again(error.response)
        and any(each in str(error) for each in step.repeats)
    )


def _refused(operation: str, error: Exception, results: list[StepResult]) -> StepRefused:
    made = [each.step.makes for each in results if each.state == "done"]
    advice = _AGAIN_FROM_THERE if operation.startswith(REMOVING) else _AGAIN
    reason, next_step = sentence(error), advice
    if isinstance(error, ClientError):
        reason = f"{code_of(error)}: {sentence(error.response['Error'].get('Message'))}"
        next_step = next_step_for(code_of(error), otherwise=advice)
    if isinstance(error, NoReply):
        reason = sentence(error.details["problem"])
        next_step = f"{error.details['next_step']}; whether it was carried out is not known"
    return StepRefused(operation=operation, reason=reason, exists=made, next_step=next_step)


def _let_settle(session: Session, step: Step) -> None:
    if step.operation == "AttachRolePolicy":
        session.clock.sleep(ROLE_SECONDS)
    if step.operation == "DeleteService":
        _wait_until_drained(session, step.input["cluster"], step.input["service"])


def _wait_until_drained(session: Session, cluster: str, service: str) -> None:
    """Until then its cluster cannot be deleted, and no service of its name created."""
    ecs = session.client("ecs")
    where = {"cluster": cluster, "services": [service]}
    waited = 0.0
    while waited < DRAIN_SECONDS:
        services = ecs.describe_services(**where)["services"]
        if all(each["status"] == "INACTIVE" for each in services):
            return
        session.clock.sleep(DRAIN_POLL_SECONDS)
        waited += DRAIN_POLL_SECONDS
    raise DeadlineMissed(
        what=f"draining service {service}",
        seconds=waited,
        next_step="look at its tasks, then clean up again",
    )
