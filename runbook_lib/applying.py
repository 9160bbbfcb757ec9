"""Room: plan → AWS calls.

Lives here: `apply`, its outcome, and how long AWS needs after a call before the next may follow.
Never here: which steps there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib.errors import DeadlineMissed, NotConfirmed, StepRefused
from runbook_lib.session import Session
from runbook_lib.steps import Plan, Step, shown

ROLE_SECONDS = 10.0
"""IAM is eventually consistent: a new role is given this long before it is used.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html"""
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
    try:
        reply = getattr(session.client(step.service), xform_name(step.operation))(**arguments)
    except (ClientError, BotoCoreError) as error:
        made = [each.step.makes for each in results if each.state == "done"]
        raise StepRefused(
            operation=operation,
            reason=_reason(error),
            exists=made,
            next_step="mend the cause and run again, or run 90_clean_up",
        ) from error
    session.note_step(operation, shown(arguments))
    return reply


def _reason(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        details = error.response["Error"]
        return f"{details.get('Code')}: {str(details.get('Message')).rstrip('.')}."
    return f"{str(error).rstrip('.')}."


def _let_settle(session: Session, step: Step) -> None:
    if step.operation == "AttachRolePolicy":
        session.clock.sleep(ROLE_SECONDS)
    if step.operation == "DeleteService":
        _wait_until_drained(session, step)


def _wait_until_drained(session: Session, step: Step) -> None:
    """A cluster can only be deleted once its services are INACTIVE."""
    ecs = session.client("ecs")
    where = {"cluster": step.input["cluster"], "services": [step.input["service"]]}
    waited = 0.0
    while waited < DRAIN_SECONDS:
        services = ecs.describe_services(**where)["services"]
        if all(each["status"] == "INACTIVE" for each in services):
            return
        session.clock.sleep(DRAIN_POLL_SECONDS)
        waited += DRAIN_POLL_SECONDS
    raise DeadlineMissed(
        what=f"draining service {step.input['service']}",
        seconds=waited,
        next_step="look at its tasks, then run 90_clean_up again",
    )
