"""Following one deployment: what counts as its end, and what is said on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib import apply, facts, walk, watch
from runbook_lib.aws.session import Session
from runbook_lib.errors import DeadlineMissed, NotThere
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import (
    COMPLETED,
    FAILED_THEN_SUPERSEDED,
    GONE,
    REPLACED,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    Watched,
    end_of,
    wait_until_steady,
)

SETTINGS = Settings()
WHERE: dict[str, Any] = {"cluster": SETTINGS.cluster, "service": SETTINGS.service}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PRIMARY, ACTIVE = "PRIMARY", "ACTIVE"


def entry(name: str, status: str, state: str, minute: int) -> facts.Deployment:
    """A deployment that was made so many minutes after noon."""
    return facts.Deployment(
        id=name,
        status=status,
        rollout_state=state,
        rollout_state_reason="",
        task_definition="my-task:1",
        desired_count=1,
        running_count=1,
        pending_count=0,
        failed_tasks=0,
        created_at=NOON + timedelta(minutes=minute),
        updated_at=NOON,
    )


def old(status: str, state: str = "COMPLETED", minute: int = 0) -> facts.Deployment:
    return entry("old", status, state, minute)


def new(status: str, state: str) -> facts.Deployment:
    return entry("new", status, state, 5)


def newer(status: str, state: str) -> facts.Deployment:
    return entry("newer", status, state, 9)


def seen(*deployments: facts.Deployment) -> facts.Service:
    return facts.Service(
        name="web",
        arn="arn",
        cluster_arn="arn",
        status="ACTIVE",
        desired_count=1,
        running_count=1,
        pending_count=0,
        task_definition="my-task:1",
        circuit_breaker=facts.CircuitBreaker(enable=True, rollback=True),
        deployments=deployments,
        events=(),
    )


def told(*said: tuple[float, str], first: facts.Deployment | None = None) -> facts.Service:
    """A service that lists `first` (the old one) alone, and has said this: (minute, text)."""
    events = [facts.ServiceEvent(NOON + timedelta(minutes=at), text) for at, text in said]
    return replace(seen(first or old(PRIMARY)), events=tuple(reversed(events)))


FAILED = (
    (20, "(service web) (deployment new) deployment failed: tasks failed to start."),
    (20, "(service web) rolling back to deployment old."),
)
BACK = ((21, "(service web) (deployment old) deployment completed."),)
ROLLING_OUT = seen(new(PRIMARY, "IN_PROGRESS"), old(ACTIVE))
ROLLING_BACK = seen(old(PRIMARY, "IN_PROGRESS"), new(ACTIVE, "FAILED"))

ENDS: dict[str, tuple[list[facts.Service], str | None]] = {
    "on its way": ([ROLLING_OUT], None),
    "completed": ([ROLLING_OUT, seen(new(PRIMARY, "COMPLETED"))], COMPLETED),
    "completed while the old one drains": (
        [ROLLING_OUT, seen(new(PRIMARY, "COMPLETED"), old("DRAINING"))],
        COMPLETED,
    ),
    "rolling back": ([ROLLING_OUT, ROLLING_BACK], None),
    "back, but its last tasks still stop": (
        [ROLLING_OUT, ROLLING_BACK, seen(old(PRIMARY), new(ACTIVE, "FAILED"))],
        None,
    ),
    "rolled back": ([ROLLING_OUT, ROLLING_BACK, seen(old(PRIMARY))], ROLLED_BACK),
    "rolled back between two looks": ([ROLLING_OUT, seen(old(PRIMARY))], ROLLED_BACK),
    "gone while the old one is not back yet": (
        [ROLLING_OUT, seen(old(PRIMARY, "IN_PROGRESS"))],
        None,
    ),
    "never seen": ([seen(old(PRIMARY))], None),
    "rolled back before the first look": ([told(*FAILED, *BACK)], ROLLED_BACK),
    "rolled back long ago, and another one since": (
        [told(*FAILED, *BACK, first=newer(PRIMARY, "COMPLETED"))],
        ROLLED_BACK,
    ),
    "completed long ago, and another one since": (
        [
            told(
                (8, "(service web) (deployment new) deployment completed."),
                first=newer(PRIMARY, "COMPLETED"),
            )
        ],
        REPLACED,
    ),
    "completed, and another one is taking its place": (
        [ROLLING_OUT, seen(newer(PRIMARY, "IN_PROGRESS"), new(ACTIVE, "COMPLETED"))],
        REPLACED,
    ),
    "completed again, after the one that replaced it was rolled back": (
        [
            told(
                (8, "(service web) (deployment new) deployment completed."),
                (20, "(service web) (deployment newer) deployment failed: tasks failed to start."),
                (20, "(service web) rolling back to deployment new."),
                (21, "(service web) (deployment new) deployment completed."),
                first=new(PRIMARY, "COMPLETED"),
            )
        ],
        COMPLETED,
    ),
    "failed long ago without rollback, and another one since": (
        [told(FAILED[0], first=newer(PRIMARY, "COMPLETED"))],
        FAILED_THEN_SUPERSEDED,
    ),
    "failed without rollback, and another one is taking its place": (
        [seen(newer(PRIMARY, "IN_PROGRESS"), new(ACTIVE, "FAILED"), old(ACTIVE))],
        FAILED_THEN_SUPERSEDED,
    ),
    "failed, and its rollback was overtaken": (
        [told(*FAILED, first=newer(PRIMARY, "IN_PROGRESS"))],
        FAILED_THEN_SUPERSEDED,
    ),
    "failed, its rollback was overtaken, and that one went back to the old one": (
        [
            told(
                *FAILED,
                (30, "(service web) (deployment newer) deployment failed: tasks failed to start."),
                (30, "(service web) rolling back to deployment old."),
                (31, "(service web) (deployment old) deployment completed."),
                first=old(PRIMARY),
            )
        ],
        FAILED_THEN_SUPERSEDED,
    ),
    "rolling back before the first look": ([told(*FAILED)], None),
    "the rollback failed too": (
        [ROLLING_OUT, ROLLING_BACK, seen(old(PRIMARY, "FAILED"), new(ACTIVE, "FAILED"))],
        ROLLBACK_FAILED,
    ),
    "rolled back, and createdAt was renewed": (
        [ROLLING_OUT, seen(old(PRIMARY, minute=30))],
        ROLLED_BACK,
    ),
    "rolling back, and createdAt was renewed": (
        [ROLLING_OUT, seen(old(PRIMARY, "IN_PROGRESS", minute=30), new(ACTIVE, "FAILED"))],
        None,
    ),
    "failed with rollback off": (
        [ROLLING_OUT, seen(new(PRIMARY, "FAILED"), old(ACTIVE))],
        STALLED,
    ),
    "first deployment failed": ([seen(new(PRIMARY, "FAILED"))], STALLED),
    "first deployment on its way": ([seen(new(PRIMARY, "IN_PROGRESS"))], None),
    "superseded": (
        [ROLLING_OUT, seen(newer(PRIMARY, "IN_PROGRESS"), new(ACTIVE, "IN_PROGRESS"), old(ACTIVE))],
        SUPERSEDED,
    ),
    "superseded before the first look": (
        [seen(newer(PRIMARY, "IN_PROGRESS"), new(ACTIVE, "IN_PROGRESS"), old(ACTIVE))],
        SUPERSEDED,
    ),
    "superseded by one that has completed": (
        [ROLLING_OUT, seen(newer(PRIMARY, "COMPLETED"))],
        SUPERSEDED,
    ),
    "superseded while it was rolled back": (
        [ROLLING_OUT, ROLLING_BACK, seen(newer(PRIMARY, "IN_PROGRESS"), old(ACTIVE))],
        FAILED_THEN_SUPERSEDED,
    ),
    "no deployment listed": ([ROLLING_OUT, seen()], None),
}


@pytest.mark.parametrize(("snapshots", "end"), ENDS.values(), ids=ENDS)
def test_the_end_is_told_by_the_id_of_the_deployment(
    snapshots: list[facts.Service], end: str | None
) -> None:
    assert end_of("new", snapshots) == end


def test_a_calm_service_is_no_end_of_a_deployment_that_still_fails() -> None:
    calm = replace(ROLLING_OUT, running_count=1, desired_count=1)

    assert end_of("new", [calm]) is None


@pytest.mark.parametrize(
    ("service", "steady"),
    [
        (seen(old(PRIMARY)), True),
        (seen(old(PRIMARY, "IN_PROGRESS")), False),
        (seen(old(PRIMARY), new(ACTIVE, "FAILED")), False),
        (seen(), False),
        (replace(seen(old(PRIMARY)), running_count=0), False),
        (replace(seen(old(PRIMARY)), desired_count=0, running_count=0), True),
    ],
)
def test_steady_is_one_completed_deployment_with_all_its_tasks(
    *, service: facts.Service, steady: bool
) -> None:
    assert service.is_steady is steady


# --- on the emulator -----------------------------------------------------------------------------


@pytest.fixture
def running(session: Session) -> facts.Deployment:
    """The walk up to a steady service: its deployment."""
    for stage in walk.STAGES[:2]:
        stage.afterwards(session, SETTINGS, apply(session, stage.plan(session, SETTINGS)))
    return wait_until_steady(session, **WHERE).deployments[0]


@pytest.fixture
def release(session: Session, running: facts.Deployment) -> Callable[..., str]:
    """Ship an image: the id of the deployment that brings it."""

    def release(image: str) -> str:
        ecs = session.client("ecs")
        definition = ecs.register_task_definition(
            family=SETTINGS.family,
            containerDefinitions=[{"name": SETTINGS.container, "image": image}],
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=f"arn:aws:iam::{session.account}:role/{SETTINGS.execution_role}",
        )["taskDefinition"]["taskDefinitionArn"]
        reply = ecs.update_service(**WHERE, taskDefinition=definition)
        return str(reply["service"]["deployments"][0]["id"])

    return release


def follow(session: Session, deployment_id: str, **options: Any) -> tuple[Watched, list[str]]:
    lines: list[str] = []
    watched = watch(session, **WHERE, deployment_id=deployment_id, tell=lines.append, **options)
    return watched, lines


def test_a_bad_release_is_seen_to_be_rolled_back(
    session: Session, running: facts.Deployment, release: Callable[..., str]
) -> None:
    before = session.clock.now()
    bad = release("nginx:wrong-image-tag")

    watched, _ = follow(session, bad)

    assert watched.end == ROLLED_BACK
    assert watched.deployment_id == bad
    assert watched.last.primary
    assert watched.last.primary.id == running.id
    assert watched.started_at == before
    assert watched.failed_at
    minutes = (watched.failed_at - before).total_seconds() / 60
    assert 10 < minutes < 15
    gaps = {
        (later.time - sooner.time).total_seconds()
        for sooner, later in zip(watched.snapshots, watched.snapshots[1:], strict=False)
    }
    assert gaps == {15}


def test_a_line_is_told_for_each_change_and_only_then(
    session: Session, running: facts.Deployment, release: Callable[..., str]
) -> None:
    bad = release("nginx:wrong-image-tag")

    watched, lines = follow(session, bad)

    texts = [line.partition("  ")[2] for line in lines]
    for each in (bad, running.id):
        own = [text for text in texts if each in text]
        assert all(a != b for a, b in itertools.pairwise(own))
    changes = 0
    last: dict[str, facts.Deployment] = {}
    for snapshot in watched.snapshots:
        for found in snapshot.service.deployments:
            same = replace(found, updated_at=NOON, rollout_state_reason="")
            changes += last.get(found.id) != same
            last[found.id] = same
    assert len(lines) == changes
    assert len(lines) < len(watched.snapshots)
    assert lines[0] == (
        f"09:01:45  PRIMARY  my-task:2 {bad} IN_PROGRESS  desired 0 running 0 pending 0 failed 0"
    )
    assert texts[-1].startswith(f"PRIMARY  my-task:1 {running.id} COMPLETED ")
    noted = [each for each in session.journal.entries if each["kind"] == "state"]
    assert [each["line"] for each in noted] == texts


def test_a_good_release_is_seen_to_complete(session: Session, release: Callable[..., str]) -> None:
    watched, lines = follow(session, release("nginx:latest"))

    assert watched.end == COMPLETED
    assert watched.failed_at is None
    assert "COMPLETED" in lines[-1]


def test_without_rollback_a_bad_release_stalls(
    session: Session, release: Callable[..., str]
) -> None:
    off = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    session.client("ecs").update_service(**WHERE, deploymentConfiguration=off)

    watched, _ = follow(session, release("nginx:wrong-image-tag"))

    assert watched.end == STALLED
    assert watched.last.primary
    assert watched.last.primary.has_failed
    assert watched.failed_at


def test_a_newer_deployment_supersedes(session: Session, release: Callable[..., str]) -> None:
    bad = release("nginx:wrong-image-tag")
    session.clock.sleep(60)
    release("nginx:latest")

    assert follow(session, bad)[0].end == SUPERSEDED


def test_a_newer_deployment_supersedes_in_the_midst_of_watching(
    session: Session, release: Callable[..., str]
) -> None:
    bad = release("nginx:wrong-image-tag")
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if "failed 1" in line and len(lines) < 99:
            release("nginx:latest")
            lines.extend([""] * 99)

    watched = watch(session, **WHERE, deployment_id=bad, tell=tell)

    assert watched.end == SUPERSEDED
    assert len(watched.snapshots) > 1


def test_a_service_that_is_scaled_meanwhile_is_still_seen_to_be_rolled_back(
    session: Session, running: facts.Deployment, release: Callable[..., str]
) -> None:
    bad = release("nginx:wrong-image-tag")
    session.clock.sleep(120)
    session.client("ecs").update_service(**WHERE, desiredCount=3)

    watched, lines = follow(session, bad)

    assert watched.end == ROLLED_BACK
    assert watched.last.is_steady
    assert watched.last.running_count == 3
    assert any(bad in line and "desired 3" in line for line in lines)


def test_a_service_that_is_deleted_meanwhile_is_gone(
    session: Session, release: Callable[..., str]
) -> None:
    bad = release("nginx:wrong-image-tag")

    def tell(line: str) -> None:
        if "pending 1" in line:
            session.client("ecs").delete_service(**WHERE, force=True)

    watched = watch(session, **WHERE, deployment_id=bad, tell=tell)

    assert watched.end == GONE
    assert watched.snapshots


def test_a_service_that_was_never_there_is_called_missing(
    session: Session,
) -> None:
    with pytest.raises(NotThere, match="is missing in cluster default"):
        follow(session, "ecs-svc/1")


def test_watching_ends_when_the_time_is_up(session: Session, release: Callable[..., str]) -> None:
    before = session.clock.now()

    watched, _ = follow(session, release("nginx:wrong-image-tag"), timeout=timedelta(minutes=5))

    assert watched.end == TIMED_OUT
    assert session.clock.now() - before == timedelta(minutes=5)


def test_waiting_for_a_steady_state_ends_when_the_time_is_up(
    session: Session, release: Callable[..., str]
) -> None:
    release("nginx:wrong-image-tag")

    with pytest.raises(DeadlineMissed, match=r"did not happen within 60 s\. Next: read its events"):
        wait_until_steady(session, **WHERE, timeout=timedelta(seconds=60))


def test_waiting_for_a_service_that_does_not_exist_ends_too(session: Session) -> None:
    with pytest.raises(DeadlineMissed):
        wait_until_steady(session, **WHERE, timeout=timedelta(seconds=30))
