"""Room: exercises on the service, its deployments and its circuit breaker.

Lives here: what a rollback returns to, the threshold, what a waiter makes of a rollback, why tasks
stopped.
Never here: the alert (telling).
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.validate import ParamValidator

from runbook_lib import facts
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.exercises.grading import (
    NONE,
    Exercise,
    Grade,
    json_object,
    means_none,
    not_understood,
)
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.steps import service_model
from runbook_lib.verdict import judging
from runbook_lib.walk.planning import missing

WANTED_FAILURES = 2


def _service(session: Session, settings: Settings) -> facts.Service | None:
    return reading.read_service(session, settings.cluster, settings.service)


def _required(session: Session, settings: Settings) -> facts.Service:
    found = _service(session, settings)
    if found is None:
        raise missing(session, "service", settings.service, "20_create_service")
    return found


def _completed(service: facts.Service | None) -> facts.Deployment | None:
    """The deployment that a rollback would return to: the newest one that is COMPLETED."""
    done = [each for each in service.deployments if each.is_completed] if service else []
    return max(done, key=lambda each: each.created_at, default=None)


def _rollback_target(session: Session, settings: Settings) -> str:
    target = _completed(_service(session, settings))
    return target.task_definition if target else NONE


def _grade_rollback_target(session: Session, settings: Settings, answer: str) -> Grade:
    service = _service(session, settings)
    target = _completed(service)
    right = target.task_definition if target else NONE
    found = {"service": bool(service), "returns to": right, "answer": answer}
    given = _revision(settings, answer)
    if given is None:
        wanted = f"a revision such as {settings.family}:7, and not none"
        return not_understood(answer, wanted)
    if given != right:
        return Grade(False, _wrong_target(settings, service, target, answer), found)
    if target:
        why = f"deployment {target.id}, the newest that is COMPLETED, runs {right}"
    elif service:
        why = f"no deployment of {settings.service} is COMPLETED"
    else:
        why = f"there is no service {settings.service} yet, so no deployment has completed"
    return Grade(True, f"Right: {why}.", found)


_REVISION = re.compile(r"[A-Za-z0-9_-]{1,255}:\d+")


def _revision(settings: Settings, answer: str) -> str | None:
    """ "my-task:7", its ARN and "7" are my-task:7; "none" is none; what else, is not understood."""
    if means_none(answer):
        return NONE
    named = f"{settings.family}:{answer}" if answer.isascii() and answer.isdigit() else answer
    short = facts.short(named)
    return short if _REVISION.fullmatch(short) else None


def _wrong_target(
    settings: Settings,
    service: facts.Service | None,
    target: facts.Deployment | None,
    answer: str,
) -> str:
    if target is None:
        return (
            f"Not so: {answer!r} may be registered, but ECS returns to a deployment that is "
            f"COMPLETED, and {'there is none' if service else 'there is no service yet'}."
        )
    return f"Not so: the newest COMPLETED deployment of {settings.service} does not run {answer!r}."


ROLLBACK_TARGET = Exercise(
    name="rollback-target",
    notebook="10_register_task_definition",
    text="If a deployment of {service} failed now, to which revision would the circuit breaker "
    "return? Answer like {family}:7, or none.",
    hints=(
        "ECS returns to a deployment, not to a revision that is merely registered.",
        "Only a deployment that is COMPLETED counts. Is there a service, and has one completed?",
        "`aws ecs describe-services --cluster {cluster} --services {service}` shows rolloutState.",
    ),
    solve=_rollback_target,
    grade=_grade_rollback_target,
)


def _count_two(_: Session, __: Settings) -> str:
    threshold = {"type": "COUNT", "value": WANTED_FAILURES}
    return json.dumps({"enable": True, "rollback": True, "thresholdConfiguration": threshold})


def _grade_threshold(session: Session, settings: Settings, answer: str) -> Grade:
    service = _service(session, settings)
    desired = service.desired_count if service else settings.desired_count
    breaker = _described_breaker(answer) if answer else _actual_breaker(session, settings)
    if isinstance(breaker, str):
        return Grade(False, f"Not understood: {breaker}.", {"answer": answer}, is_understood=False)
    trips_at = breaker.threshold(desired)
    found = {"trips at": trips_at, "rollback": breaker.rollback, "desired count": desired}
    means = f"{breaker.threshold_type} {breaker.threshold_value} with desired count {desired}"
    if trips_at is None:
        return Grade(False, "Not so: the breaker is off, and trips at no number.", found)
    if trips_at != WANTED_FAILURES:
        return Grade(False, f"Not so: {means} trips at {_failures(trips_at)}.", found)
    if not breaker.rollback:
        text = "Not quite: it trips at 2 failures, but rollback is off, so nothing goes back."
        return Grade(False, text, found)
    return Grade(True, f"Right: {means} trips at {_failures(trips_at)}, and goes back.", found)


def _failures(count: int) -> str:
    return f"{count} failure{'' if count == 1 else 's'}"


def _actual_breaker(session: Session, settings: Settings) -> facts.CircuitBreaker:
    return _required(session, settings).circuit_breaker


def _described_breaker(answer: str) -> facts.CircuitBreaker | str:
    """The breaker that the JSON describes, checked against AWS's own definition."""
    given = json_object(answer)
    if isinstance(given, str):
        return given
    given = given.get("deploymentCircuitBreaker", given)
    shape = service_model("ecs").shape_for("DeploymentCircuitBreaker")
    report = ParamValidator().validate(given, shape)
    if report.has_errors():
        return " ".join(report.generate_report().split())
    threshold: dict[str, Any] = given.get("thresholdConfiguration", {})
    return facts.CircuitBreaker(
        enable=given["enable"],
        rollback=given["rollback"],
        threshold_type=threshold.get("type", "BOUNDED_PERCENT"),
        threshold_value=threshold.get("value", 50),
    )


THRESHOLD = Exercise(
    name="threshold",
    notebook="20_create_service",
    text="With which deploymentCircuitBreaker would {service} go back after exactly two failures? "
    "Answer with its JSON. Or set it on the service with the AWS CLI, leave the answer empty, and "
    "the service itself is looked at.",
    hints=(
        "The default, BOUNDED_PERCENT 50, never trips below 3 failures. There are other types.",
        "The type COUNT takes its value as it is: no percentage, no bounds.",
        (
            "On the service: `aws ecs update-service --cluster {cluster} --service {service} "
            '--deployment-configuration \'{"deploymentCircuitBreaker": {"enable": true, '
            '"rollback": true, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", '
            '"value": 50}}}\'` puts the default back, and starts no deployment. What has to be '
            "changed in it?"
        ),
    ),
    solve=_count_two,
    grade=_grade_threshold,
    takes_json=True,
)


WAITER_CODES = {True: "0", False: "255"}
"""`aws ecs wait services-stable`: it is stable, or it was not within 40 looks.

https://docs.aws.amazon.com/cli/latest/reference/ecs/wait/services-stable.html
"""


def _is_calm(service: facts.Service) -> bool:
    """The waiter's own rule: one deployment, and as many tasks as are desired."""
    return len(service.deployments) == 1 and service.running_count == service.desired_count


def _waiter(session: Session, settings: Settings) -> str:
    return WAITER_CODES[_is_calm(_required(session, settings))]


def _grade_waiter(session: Session, settings: Settings, answer: str) -> Grade:
    service = _required(session, settings)
    right = WAITER_CODES[_is_calm(service)]
    found = {"exit code": right, "answer": answer}
    if answer not in WAITER_CODES.values():
        return not_understood(answer, "0 or 255")
    if answer != right:
        text = "Not so: look at its rule. How many deployments does the service list now?"
        return Grade(False, text, found)
    failed = service.last_failure
    primary = service.primary.task_definition if service.primary else NONE
    why = f"one deployment is listed, of {primary}, and its tasks run"
    if right != WAITER_CODES[True]:
        return Grade(True, "Right: not yet; it looks 40 times, then gives 255.", found)
    seen = f". It does not see that {failed[0]} failed" if failed else ""
    return Grade(True, f"Right: {why}{seen}.", found)


WAITER = Exercise(
    name="waiter",
    notebook="50_run_failure_drill",
    text="The drill is over. A pipeline asks `aws ecs wait services-stable` for {service} at this "
    "moment, and waits as long as that does. With which exit code does it end, 0 or 255?",
    hints=(
        "Its rule: one deployment is listed, and as many tasks run as are desired.",
        "Try it: `aws ecs wait services-stable --cluster {cluster} --services {service}; echo $?`",
    ),
    solve=_waiter,
    grade=_grade_waiter,
)


WORDS = {
    "image": ("image", "tag", "repository"),
    "secret": ("secret", "parameter"),
    "memory": ("memory", "oom", "out of memory"),
    "health check": ("health check", "healthcheck", "health"),
    "command": ("command", "exit code", "application", "program"),
}
"""The causes that can be named, each with what people also call it."""
_SIGNS = (
    ("secret", "secret"),
    ("CannotPull", "image"),
    ("OutOfMemory", "memory"),
    ("health checks", "health check"),
)


def _named_cause(session: Session, settings: Settings) -> tuple[str, str]:
    """The word for why the tasks of the newest failed deployment stopped, and their reason."""
    where = {"cluster": settings.cluster, "service": settings.service}
    watched = judging.last_failure(session, **where)
    causes = judging.judge_watched(session, watched, **where).causes if watched else ()
    if not causes:
        what = "a task of a failed deployment of"
        raise missing(session, what, settings.service, "this notebook")
    reason = causes[0].reason
    return next((word for sign, word in _SIGNS if sign in reason), "command"), reason


def _cause(session: Session, settings: Settings) -> str:
    return _named_cause(session, settings)[0]


def _grade_cause(session: Session, settings: Settings, answer: str) -> Grade:
    right, reason = _named_cause(session, settings)
    meant = answer.lower().strip(" .")
    given = next((word for word, said in WORDS.items() if meant in said), None)
    found = {"cause": right, "reason": reason, "answer": answer}
    if given is None:
        return not_understood(answer, f"one of {', '.join(WORDS)}")
    if given != right:
        return Grade(False, "Not so: read the stoppedReason of its task once more.", found)
    return Grade(True, f"Right: {reason}", found)


CAUSE = Exercise(
    name="cause",
    notebook="05_read_stopped_tasks",
    text="What was wrong with the release that failed last: its image, a secret, its command, its "
    "memory or its health check? Answer with one word.",
    hints=(
        (
            "Does the reason begin with CannotPull or ResourceInitializationError? Then the "
            "container never ran."
        ),
        "If it ran, its exit code tells: 137 is a kill, mostly for memory; others are its own.",
        (
            "`aws ecs list-tasks --cluster {cluster} --service-name {service} "
            "--desired-status STOPPED` lists the tasks; `describe-tasks` shows their reasons."
        ),
    ),
    solve=_cause,
    grade=_grade_cause,
)
