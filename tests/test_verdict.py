"""Pass or fail, and why: facts by hand, one verdict each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib import facts
from runbook_lib.verdict import judge
from runbook_lib.watching import (
    COMPLETED,
    GONE,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    Snapshot,
    Watched,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BAD = "ecs-svc/2"
TRIPPED = "ECS deployment circuit breaker: tasks failed to start."
AWS_SAYS = "Service deployment rolled back because the circuit breaker threshold was exceeded."
PULL = "CannotPullContainerError: nginx:wrong-image-tag: not found"


def deployment(number: int, status: str, state: str, reason: str = "") -> facts.Deployment:
    return facts.Deployment(
        id=f"ecs-svc/{number}",
        status=status,
        rollout_state=state,
        rollout_state_reason=reason,
        task_definition=f"my-task:{number}",
        desired_count=1,
        running_count=1,
        pending_count=0,
        failed_tasks=3,
        created_at=NOON,
        updated_at=NOON,
    )


def service(*deployments: facts.Deployment, running: int = 1) -> facts.Service:
    return facts.Service(
        name="web",
        arn="arn",
        cluster_arn="arn",
        status="ACTIVE",
        desired_count=1,
        running_count=running,
        pending_count=0,
        task_definition="my-task:1",
        circuit_breaker=facts.CircuitBreaker(enable=True, rollback=True),
        deployments=deployments,
        events=(),
    )


def task(reason: str, deployment_id: str = BAD) -> facts.Task:
    return facts.Task(
        id="t",
        deployment_id=deployment_id,
        task_definition="my-task:2",
        last_status="STOPPED",
        stop_code="TaskFailedToStart",
        stopped_reason=reason,
        container_reasons=(),
        exit_codes=(None,),
        created_at=NOON,
        started_at=None,
        stopped_at=NOON,
    )


FAILED = service(
    deployment(1, "PRIMARY", "IN_PROGRESS"), deployment(2, "ACTIVE", "FAILED", TRIPPED)
)
BACK = service(deployment(1, "PRIMARY", "COMPLETED"))
RECORD = facts.ServiceDeployment(
    "arn", "ROLLBACK_SUCCESSFUL", AWS_SAYS, "my-task:2", NOON, NOON, failure_count=3, threshold=3
)
ALERT = facts.Alert(
    {"detail": {"deploymentId": BAD, "eventName": "SERVICE_DEPLOYMENT_FAILED"}}, NOON
)


def watched(end: str, *snapshots: facts.Service) -> Watched:
    return Watched(BAD, end, tuple(Snapshot(NOON, each) for each in snapshots), NOON)


GOOD = watched(ROLLED_BACK, FAILED, BACK)


def test_rolled_back_by_the_breaker_with_the_alert_and_steady_is_a_pass() -> None:
    verdict = judge(GOOD, tasks=[task(PULL)], record=RECORD, alert=ALERT)

    assert verdict.passed
    assert verdict.sentence == (
        "Deployment ecs-svc/2 was rolled back to my-task:1 by the circuit breaker, "
        "and the alert arrived."
    )
    assert verdict.deployment_id == BAD
    assert verdict.end == ROLLED_BACK
    assert verdict.tripped_by == AWS_SAYS
    assert verdict.cause == PULL
    assert verdict.rolled_back_to == "my-task:1 (ecs-svc/1)"
    assert (verdict.failure_count, verdict.threshold) == (3, 3)
    assert verdict.alert_arrived
    assert verdict.is_steady
    assert verdict.next_step == "run 90_clean_up when you are done"


def test_without_awss_record_the_deployments_own_reason_tells_what_tripped_it() -> None:
    verdict = judge(GOOD, tasks=[], record=None, alert=ALERT)

    assert verdict.passed
    assert verdict.tripped_by == TRIPPED
    assert (verdict.failure_count, verdict.threshold) == (None, None)
    assert verdict.cause == ""


def test_a_record_without_a_reason_is_no_reason() -> None:
    verdict = judge(GOOD, tasks=[], record=replace(RECORD, status_reason=""), alert=ALERT)

    assert verdict.tripped_by == TRIPPED


@pytest.mark.parametrize(
    ("end", "sentence", "next_step"),
    [
        (
            COMPLETED,
            "Deployment ecs-svc/2: it completed: the release that should fail did not.",
            "set bad_image to an image that does not exist",
        ),
        (
            STALLED,
            (
                "Deployment ecs-svc/2: it failed and was not rolled back: "
                "nothing to return to, or rollback is off."
            ),
            "look at the service's deployment configuration, then run 20_create_service",
        ),
        (
            SUPERSEDED,
            (
                "Deployment ecs-svc/2: somebody started another deployment, "
                "so this drill proves nothing."
            ),
            "run the drill again when nobody deploys",
        ),
        (
            TIMED_OUT,
            "Deployment ecs-svc/2: it came to no end in time.",
            "look at the service events; see whether the circuit breaker is on",
        ),
        (
            GONE,
            "Deployment ecs-svc/2: the service was deleted meanwhile.",
            "run 20_create_service, then the drill again",
        ),
    ],
)
def test_any_other_end_fails_with_its_own_sentence_and_next_step(
    end: str, sentence: str, next_step: str
) -> None:
    verdict = judge(watched(end, FAILED, BACK), tasks=[], record=RECORD, alert=ALERT)

    assert not verdict.passed
    assert verdict.sentence == sentence
    assert verdict.next_step == next_step
    assert verdict.rolled_back_to == ""


def test_an_alert_that_did_not_arrive_fails() -> None:
    verdict = judge(GOOD, tasks=[], record=RECORD, alert=None)

    assert not verdict.passed
    assert not verdict.alert_arrived
    assert verdict.sentence == (
        "Deployment ecs-svc/2 was rolled back to my-task:1, but the alert did not arrive."
    )
    assert "topic policy" in verdict.next_step
    assert "30 and 40" in verdict.next_step


@pytest.mark.parametrize(
    "reason", ["Service deployment rolled back because of a CloudWatch alarm.", ""]
)
def test_a_rollback_that_was_not_the_breakers_fails(reason: str) -> None:
    silent = service(deployment(2, "ACTIVE", "FAILED"), deployment(1, "PRIMARY", "IN_PROGRESS"))
    by_alarm = replace(RECORD, status_reason=reason)

    verdict = judge(watched(ROLLED_BACK, silent, BACK), tasks=[], record=by_alarm, alert=ALERT)

    assert not verdict.passed
    assert verdict.sentence == (
        "Deployment ecs-svc/2 was rolled back to my-task:1, but not by the circuit breaker."
    )
    assert verdict.next_step == "read the service events"


def test_a_service_that_is_not_steady_after_the_rollback_fails() -> None:
    limping = service(deployment(1, "PRIMARY", "COMPLETED"), running=0)

    verdict = judge(watched(ROLLED_BACK, FAILED, limping), tasks=[], record=RECORD, alert=ALERT)

    assert not verdict.passed
    assert not verdict.is_steady
    assert verdict.sentence.endswith("but the service is not steady after the rollback.")
    assert verdict.next_step == "read the service events"


def test_who_has_not_confirmed_is_named_but_fails_nothing() -> None:
    verdict = judge(
        GOOD, tasks=[], record=RECORD, alert=ALERT, unconfirmed=["a@b.example", "c@d.example"]
    )

    assert verdict.passed
    assert verdict.unconfirmed == ("a@b.example", "c@d.example")
    assert verdict.sentence.endswith("unconfirmed: a@b.example, c@d.example.")


@pytest.mark.parametrize(
    ("tasks", "cause"),
    [
        ([], ""),
        ([task("")], ""),
        ([task(PULL), task("OutOfMemory"), task(PULL)], PULL),
        ([task("OutOfMemory"), task(PULL)], "OutOfMemory"),
        ([task("OutOfMemory", "ecs-svc/1"), task("OutOfMemory", "ecs-svc/1"), task(PULL)], PULL),
        (
            [task("Scaling activity initiated by (deployment ecs-svc/2)")] * 2 + [task(PULL)],
            PULL,
        ),
    ],
)
def test_the_cause_is_what_most_of_the_deployments_own_failures_say(
    tasks: list[facts.Task], cause: str
) -> None:
    assert judge(GOOD, tasks=tasks, record=RECORD, alert=ALERT).cause == cause
