"""The rules of the verdict: facts by hand, one verdict each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib import facts
from runbook_lib.following.deployment import (
    COMPLETED,
    GONE,
    IN_PROGRESS,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    UNKNOWN,
    Snapshot,
    Watched,
)
from runbook_lib.verdict.deployment import judge, record_of
from runbook_lib.verdict.drill import judge_drill
from runbook_lib.verdict.steady_state import SteadyState, probe_steady_state
from runbook_lib.verdict.words import (
    ALARM,
    BREAKER,
    ECS,
    NOT_YET,
    NOTHING_TO_RETURN_TO,
    PERSON,
    ROLLBACK_OFF,
    SCALED_TO_ZERO,
    STOPPED_WITHOUT_ROLLBACK,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BAD = "ecs-svc/2"
TRIPPED = "ECS deployment circuit breaker: tasks failed to start."
EXCEEDED = "Service deployment rolled back because the circuit breaker threshold was exceeded."
PULL = "CannotPullContainerError: nginx:wrong-image-tag: not found"


def deployment(
    number: int, status: str, state: str, reason: str = "", desired: int = 1
) -> facts.Deployment:
    return facts.Deployment(
        id=f"ecs-svc/{number}",
        status=status,
        rollout_state=state,
        rollout_state_reason=reason,
        task_definition=f"my-task:{number}",
        desired_count=desired,
        running_count=1,
        pending_count=0,
        failed_tasks=3,
        created_at=NOON,
        updated_at=NOON,
    )


def service(
    *deployments: facts.Deployment, running: int = 1, desired: int = 1, said: tuple[str, ...] = ()
) -> facts.Service:
    return facts.Service(
        name="web",
        arn="arn",
        cluster_arn="arn",
        status="ACTIVE",
        desired_count=desired,
        running_count=running,
        pending_count=0,
        task_definition="my-task:1",
        circuit_breaker=facts.CircuitBreaker(enable=True, rollback=True),
        deployments=deployments,
        events=tuple(facts.ServiceEvent(NOON, f"(service web) {text}") for text in said),
    )


def task(number: int, reason: str, deployment_id: str = BAD) -> facts.Task:
    return facts.Task(
        id=f"t{number}",
        deployment_id=deployment_id,
        task_definition="my-task:2",
        last_status="STOPPED",
        stop_code="TaskFailedToStart",
        stopped_reason=reason,
        containers=(facts.Container("web"),),
        created_at=NOON,
        started_at=None,
        stopped_at=NOON,
    )


FAILED = service(
    deployment(1, "PRIMARY", "IN_PROGRESS"), deployment(2, "ACTIVE", "FAILED", TRIPPED)
)
BACK = service(deployment(1, "PRIMARY", "COMPLETED"))
RECORD = facts.ServiceDeployment(
    arn="arn",
    status="ROLLBACK_SUCCESSFUL",
    status_reason=EXCEEDED,
    target_task_definition="my-task:2",
    created_at=NOON,
    finished_at=NOON,
    failure_count=3,
    threshold=3,
    breaker_status="TRIGGERED",
)
ALERT = facts.Alert(BAD, "SERVICE_DEPLOYMENT_FAILED", TRIPPED, "{}", NOON)


def steady(of: facts.Service = BACK) -> SteadyState:
    return probe_steady_state(of, (), NOON)


def watched(end: str, *snapshots: facts.Service) -> Watched:
    return Watched(BAD, end, tuple(Snapshot(NOON, each) for each in snapshots), NOON)


GOOD = judge(
    watched(ROLLED_BACK, FAILED, BACK),
    tasks=[task(1, PULL)],
    record=RECORD,
    steady_state=steady(),
)


def test_rolled_back_by_the_breaker_names_everything() -> None:
    assert not GOOD.passed
    assert GOOD.ending == ROLLED_BACK
    assert GOOD.ended_by == BREAKER
    assert GOOD.reason == EXCEEDED
    assert GOOD.cause == PULL
    assert GOOD.task_definition == "my-task:2"
    assert GOOD.rolled_back_to == "my-task:1 (ecs-svc/1)"
    assert (GOOD.failure_count, GOOD.threshold) == (3, 3)
    assert GOOD.is_steady
    assert GOOD.sentence == (
        "Deployment ecs-svc/2 of my-task:2 was rolled back to my-task:1 by the circuit breaker."
    )


def test_a_drill_passes_if_the_breaker_rolled_back_and_the_alert_arrived() -> None:
    drill = judge_drill(GOOD, alert=ALERT)

    assert drill.passed
    assert drill.sentence == (
        "Deployment ecs-svc/2 of my-task:2 was rolled back to my-task:1 by the circuit breaker, "
        "and the alert arrived."
    )
    assert drill.next_step == "run 90_clean_up when you are done"


def test_a_drill_without_its_alert_fails_and_says_what_is_broken() -> None:
    drill = judge_drill(GOOD, alert=None, broken="the rule is disabled")

    assert not drill.passed
    assert drill.sentence.endswith("but the alert did not arrive: the rule is disabled.")


def test_a_drill_that_told_nobody_but_its_own_probe_fails() -> None:
    drill = judge_drill(
        GOOD,
        alert=ALERT,
        unconfirmed=["a@b.example"],
        unread="a@b.example has not confirmed the subscription",
    )

    assert (drill.passed, drill.alert_arrived) == (False, True)
    assert drill.sentence.endswith(
        "but nobody was told: a@b.example has not confirmed the subscription."
    )
    assert "follow the link in the mail" in drill.next_step


def test_who_has_not_confirmed_is_named_and_is_no_failure_if_somebody_else_was_told() -> None:
    drill = judge_drill(GOOD, alert=ALERT, unconfirmed=["a@b.example"])

    assert drill.passed
    assert drill.sentence.endswith("because the subscription is unconfirmed: a@b.example.")


def test_a_drill_after_which_the_service_is_not_steady_fails() -> None:
    limping = service(deployment(1, "PRIMARY", "COMPLETED"), running=0)
    verdict = replace(GOOD, steady_state=steady(limping))

    assert judge_drill(verdict, alert=ALERT).sentence.endswith(
        "but the service is not steady: running tasks is 0, not 1."
    )


def test_a_drill_whose_release_completed_fails() -> None:
    live = service(deployment(2, "PRIMARY", "COMPLETED"))
    verdict = judge(watched(COMPLETED, live), steady_state=steady(live))

    assert verdict.passed
    drill = judge_drill(verdict, alert=None)
    assert not drill.passed
    assert drill.next_step == "set bad_image to an image that does not exist"


# --- who ended it --------------------------------------------------------------------------------

BY = {
    "the breaker's status": (replace(RECORD, status_reason=""), (), "", BREAKER),
    "the breaker's reason, without a record": (None, (), TRIPPED, BREAKER),
    "the service event, without anything else": (
        None,
        ("(deployment ecs-svc/2) deployment failed: tasks failed to start.",),
        "",
        BREAKER,
    ),
    "the alarm's status": (
        replace(RECORD, breaker_status="MONITORING_COMPLETE", alarm_status="TRIGGERED"),
        (),
        "",
        ALARM,
    ),
    "the alarms that were triggered": (
        replace(RECORD, breaker_status="", triggered_alarms=("errors",), status_reason=""),
        (),
        "",
        ALARM,
    ),
    "the alarm's service event": (
        None,
        ("(deployment ecs-svc/2) deployment failed: alarm detected.",),
        "",
        ALARM,
    ),
    "a failure that ECS saw itself": (
        replace(RECORD, breaker_status="MONITORING_COMPLETE", status_reason=""),
        ("(deployment ecs-svc/2) deployment failed: deployment failure.",),
        "",
        ECS,
    ),
    "nobody else, so a person": (
        replace(RECORD, breaker_status="MONITORING_COMPLETE", status_reason=""),
        (),
        "",
        PERSON,
    ),
}


@pytest.mark.parametrize(("record", "said", "reason", "by"), BY.values(), ids=BY)
def test_who_ended_a_deployment_is_told_by(
    record: facts.ServiceDeployment | None, said: tuple[str, ...], reason: str, by: str
) -> None:
    failed = service(
        deployment(1, "PRIMARY", "IN_PROGRESS"), deployment(2, "ACTIVE", "FAILED", reason)
    )
    back = replace(BACK, events=service(said=said).events)

    verdict = judge(watched(ROLLED_BACK, failed, back), record=record, steady_state=steady())

    assert verdict.ended_by == by
    assert judge_drill(verdict, alert=ALERT).passed == (by == BREAKER)


# --- every other ending --------------------------------------------------------------------------


def test_a_release_that_completed_and_runs_passes() -> None:
    live = service(deployment(2, "PRIMARY", "COMPLETED"))

    verdict = judge(watched(COMPLETED, live), steady_state=steady(live))

    assert verdict.passed
    assert verdict.sentence == "Deployment ecs-svc/2 of my-task:2 completed: the release runs."


def test_a_release_whose_tasks_died_after_it_completed_does_not_pass() -> None:
    """The crash loop that the breaker does not see: healthy first, gone later."""
    dying = service(deployment(2, "PRIMARY", "COMPLETED"), running=0)

    verdict = judge(watched(COMPLETED, dying), steady_state=steady(dying))

    assert not verdict.passed
    assert "the service is not steady: running tasks is 0, not 1" in verdict.sentence


def test_a_release_without_a_task_proves_nothing() -> None:
    empty = service(deployment(2, "PRIMARY", "COMPLETED", desired=0), running=0, desired=0)

    verdict = judge(watched(COMPLETED, empty), steady_state=steady(empty))

    assert not verdict.passed
    assert verdict.ending == SCALED_TO_ZERO


STALLS = {
    "nothing to return to": (
        replace(RECORD, status="ROLLBACK_FAILED"),
        {},
        NOTHING_TO_RETURN_TO,
    ),
    "nothing to return to, without a record": (None, {}, NOTHING_TO_RETURN_TO),
    "rollback off": (
        replace(RECORD, status="STOPPED"),
        {"circuit_breaker": facts.CircuitBreaker(enable=True, rollback=False)},
        ROLLBACK_OFF,
    ),
    "an alarm without rollback": (
        replace(RECORD, status="STOPPED", breaker_status="", alarm_status="TRIGGERED"),
        {},
        ROLLBACK_OFF,
    ),
    "a person who wanted none": (
        replace(RECORD, status="STOPPED", breaker_status="", status_reason=""),
        {},
        STOPPED_WITHOUT_ROLLBACK,
    ),
    "there is one to return to": (
        None,
        {
            "deployments": (
                deployment(2, "PRIMARY", "FAILED", TRIPPED),
                deployment(1, "ACTIVE", "COMPLETED"),
            )
        },
        NOT_YET,
    ),
}


@pytest.mark.parametrize(("record", "changes", "why"), STALLS.values(), ids=STALLS)
def test_why_there_was_no_rollback(
    record: facts.ServiceDeployment | None, changes: dict[str, object], why: str
) -> None:
    reason = TRIPPED if record is None else ""
    stalled = replace(service(deployment(2, "PRIMARY", "FAILED", reason)), **changes)  # type: ignore[arg-type]

    verdict = judge(watched(STALLED, stalled), record=record, steady_state=steady(stalled))

    assert verdict.why_no_rollback == why
    assert why in verdict.sentence
    assert not verdict.passed
    assert not judge_drill(verdict, alert=ALERT).passed


@pytest.mark.parametrize(
    "end", [ROLLBACK_FAILED, SUPERSEDED, TIMED_OUT, IN_PROGRESS, GONE, UNKNOWN]
)
def test_no_other_ending_passes_whatever_else_is_well(end: str) -> None:
    live = service(deployment(3, "PRIMARY", "COMPLETED"))

    verdict = judge(watched(end, live), record=RECORD, steady_state=steady(live))

    assert not verdict.passed
    assert verdict.ending == end
    assert verdict.sentence.startswith("Deployment ecs-svc/2 ")
    assert verdict.next_step
    assert not judge_drill(verdict, alert=ALERT).passed


# --- which service deployment --------------------------------------------------------------------


def record(minute: float, definition: str = "my-task:2") -> facts.ServiceDeployment:
    return replace(
        RECORD,
        arn=f"arn:{minute}",
        created_at=NOON + timedelta(minutes=minute),
        target_task_definition=definition,
    )


def test_the_service_deployment_is_the_one_that_was_created_with_it() -> None:
    records = [record(20), record(0.01), record(-5)]

    found = record_of(records, created_at=NOON, ended_at=None, task_definition="my-task:2")

    assert found == records[1]
    other = record_of(records, created_at=NOON, ended_at=None, task_definition="my-task:9")
    assert other is None


def test_where_only_the_end_is_known_it_is_the_last_that_had_begun() -> None:
    records = [record(20), record(0), record(-5)]

    assert record_of(records, created_at=None, ended_at=NOON + timedelta(minutes=9)) == records[1]
    assert record_of(records, created_at=None, ended_at=None) is None
    assert record_of([], created_at=NOON, ended_at=None) is None
