"""Room: exercises on the service, its deployments and its circuit breaker.

Lives here: what a rollback returns to, the threshold, who is PRIMARY after a rollback.
Never here: the alert (telling).
"""

from __future__ import annotations

import json
from typing import Any

from botocore.validate import ParamValidator

from runbook_lib import facts
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook.exercises.grading import Exercise, Grade, json_object
from runbook_lib.plans.steps import service_model

NONE = "none"
WANTED_FAILURES = 2


def _service(session: Session, settings: Settings) -> facts.Service | None:
    return reading.read_service(session, settings.cluster, settings.service)


def _required(session: Session, settings: Settings) -> facts.Service:
    found = _service(session, settings)
    if found is None:
        where = f"account {session.account}, {session.region}"
        name = f"service {settings.service}"
        raise MissingPrerequisite(missing=name, where=where, notebook="20_create_service")
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
    if facts.short(answer) != right:
        return Grade(False, _wrong_target(settings, service, target, answer), found)
    if target:
        why = f"deployment {target.id}, the newest that is COMPLETED, runs {right}"
    elif service:
        why = f"no deployment of {settings.service} is COMPLETED"
    else:
        why = f"there is no service {settings.service} yet, so no deployment has completed"
    return Grade(True, f"Right: {why}.", found)


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
        "aws ecs describe-services lists the deployments of a service, with their rolloutState.",
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
        return Grade(False, f"Not so: {breaker}.", {"answer": answer})
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
            "On the service: aws ecs update-service --service NAME --deployment-configuration "
            "'{\"deploymentCircuitBreaker\": …}'. That starts no deployment. The type "
            "BOUNDED_PERCENT with the value 50 puts the default back."
        ),
    ),
    solve=_count_two,
    grade=_grade_threshold,
)


def _primary(session: Session, settings: Settings) -> str:
    primary = _required(session, settings).primary
    return primary.id if primary else NONE


def _grade_primary(session: Session, settings: Settings, answer: str) -> Grade:
    service = _required(session, settings)
    primary, failed = service.primary, service.last_failure
    right, failed_id = (primary.id if primary else NONE), (failed[0] if failed else "")
    found = {"primary": right, "failed": failed_id, "answer": answer}
    if answer == right:
        why = "its rollout is the newest"
        if failed and service.rolled_back_to(failed_id) == right:
            why = f"ECS went back to it, under its old id, when {failed_id} failed"
        return Grade(True, f"Right: {right} is PRIMARY: {why}.", found)
    if answer and answer == failed_id:
        text = f"Not so: {answer} is the deployment that failed. Who took its place?"
        return Grade(False, text, found)
    return Grade(False, f"Not so: {answer!r} is not PRIMARY.", found)


PRIMARY = Exercise(
    name="primary",
    notebook="50_run_failure_drill",
    text="The drill is over. What is the id of the deployment of {service} that is PRIMARY now?",
    hints=(
        "A rollback starts no new deployment: an old one becomes PRIMARY again.",
        "Look at the table of deployments, or at the service event 'rolling back to deployment'.",
    ),
    solve=_primary,
    grade=_grade_primary,
)
