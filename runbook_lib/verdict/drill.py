"""Room: the verdict on a drill.

Lives here: what has to have happened for a drill to pass.
Never here: looking, the verdict on the deployment alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runbook_lib import facts
from runbook_lib.following.deployment import COMPLETED, ROLLED_BACK
from runbook_lib.verdict.deployment import Verdict
from runbook_lib.verdict.words import BREAKER


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillVerdict:
    """`passed` only if the breaker rolled the deployment back *and* somebody was told.

    `alert_arrived` is about the probe at the end of the chain; `unconfirmed` are subscribers who
    have not followed their link. They are named, and are a failure where nobody else was told.
    """

    passed: bool
    deployment: Verdict
    alert_arrived: bool
    unconfirmed: tuple[str, ...] = field(default=())
    sentence: str
    next_step: str

    def as_record(self) -> dict[str, Any]:
        """As plain values, for the journal and the report."""
        of = self.deployment
        return {
            "passed": self.passed,
            "sentence": self.sentence,
            "next_step": self.next_step,
            "deployment": of.deployment_id,
            "task_definition": of.task_definition,
            "ending": of.ending,
            "ended_by": of.ended_by,
            "reason": of.reason,
            "failures": of.failure_count,
            "threshold": of.threshold,
            "rolled_back_to": of.rolled_back_to,
            "causes": [
                {
                    "reason": each.reason,
                    "container": each.container,
                    "exit_code": each.exit_code,
                    "count": each.count,
                    "tasks": list(each.tasks),
                    "meaning": each.meaning,
                    "next_step": each.next_step,
                }
                for each in of.causes
            ],
            "alert_arrived": self.alert_arrived,
            "unconfirmed": list(self.unconfirmed),
        }


def judge_drill(
    deployment: Verdict,
    *,
    alert: facts.Alert | None,
    unconfirmed: Sequence[str] = (),
    broken: str = "",
    unread: str = "",
) -> DrillVerdict:
    """Did the drill show what it is to show? `broken` says why the alert did not arrive, if known;
    `unread` why nobody but the probe was told, "" if somebody was.

    Of everything that can happen only this passes: rolled back, by the circuit breaker, with the
    alert at a subscriber who is not our own probe, and the service steady again.
    """
    problem, next_step = _problem(deployment, alert, broken, unread)
    waiting = ", ".join(unconfirmed)
    sentence = deployment.sentence
    if not problem:
        sentence = f"{sentence.removesuffix('.')}, and the alert arrived."
        if waiting:
            sentence += f" Not told, because the subscription is unconfirmed: {waiting}."
    elif deployment.ending == ROLLED_BACK:
        sentence = f"{sentence.removesuffix('.')}, but {problem}."
    return DrillVerdict(
        passed=not problem,
        deployment=deployment,
        alert_arrived=alert is not None,
        unconfirmed=tuple(unconfirmed),
        sentence=sentence,
        next_step=next_step,
    )


_FIND_A_READER = "follow the link in the mail, or set require_reader to False if this is known"


def _problem(
    deployment: Verdict, alert: facts.Alert | None, broken: str, unread: str
) -> tuple[str, str]:
    if deployment.ending == COMPLETED:
        return "it completed", "set bad_image to an image that does not exist"
    if deployment.ending != ROLLED_BACK:
        return deployment.ending, deployment.next_step
    if deployment.ended_by != BREAKER:
        return "the circuit breaker did not do it", deployment.next_step
    if alert is None:
        found = f": {broken}" if broken else ""
        return f"the alert did not arrive{found}", "fix the hop that the delivery table names"
    if unread:
        return f"nobody was told: {unread}", _FIND_A_READER
    if not deployment.is_steady:
        state = deployment.steady_state
        found = f": {state.deviations}" if state else ""
        return f"the service is not steady{found}", "read the service events"
    return "", "run 90_clean_up when you are done"
