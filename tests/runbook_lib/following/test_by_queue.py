"""Following one deployment by a queue: the same endings, seen at once, and nothing left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, walk, watch, watch_by_queue
from runbook_lib.aws.session import Session
from runbook_lib.errors import NotConfirmed, NotThere, StepRefused
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE
from runbook_lib.following.deployment import (
    COMPLETED,
    GONE,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
)

SETTINGS = Settings()
WHERE: dict[str, Any] = {"cluster": SETTINGS.cluster, "service": SETTINGS.service}
BAD = "nginx:wrong-image-tag"
Release = Callable[..., str]


@pytest.fixture
def release(session: Session) -> Release:
    """A steady service; ship an image: the id of the deployment that brings it."""
    set_up(session)
    return partial(ship, session)


@pytest.fixture
def control(emulator: EmulatorServer) -> EmulatorControls:
    return EmulatorControls(emulator.url)


def set_up(session: Session) -> None:
    for stage in walk.STAGES[:2]:
        stage.afterwards(session, SETTINGS, apply(session, stage.plan(session, SETTINGS)))


def ship(session: Session, image: str, **settings: Any) -> str:
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
    reply = ecs.update_service(**WHERE, taskDefinition=definition, **settings)
    return str(reply["service"]["deployments"][0]["id"])


def follow(session: Session, deployment_id: str, **options: Any) -> Any:
    options = {"tell": lambda _: None, **options}
    return watch_by_queue(session, **WHERE, deployment_id=deployment_id, **options)


def left_behind(session: Session) -> list[str]:
    """Queues, and rules, of the account."""
    rules = session.client("events").list_rules()["Rules"]
    queues = session.client("sqs").list_queues().get("QueueUrls", [])
    return [*queues, *(each["Name"] for each in rules)]


def calls_since(session: Session, before: int) -> Mapping[str, int]:
    entries = session.journal.entries[before:]
    return Counter(each["operation"] for each in entries if each["kind"] == "call")


def test_the_end_of_a_rollback_is_seen_within_two_seconds(
    session: Session, release: Release
) -> None:
    bad = release(BAD)

    watched = follow(session, bad)

    assert watched.end == ROLLED_BACK
    assert watched.deployment_id == bad
    back_at = watched.last.completed_at(watched.last.primary.id)
    assert timedelta(0) <= session.clock.now() - back_at <= timedelta(seconds=2)
    assert watched.failed_at == watched.last.failed_at(bad)
    assert left_behind(session) == []


def test_it_takes_fewer_calls_than_looking_every_15_seconds(
    session: Session, control: EmulatorControls
) -> None:
    counted = []
    for watching in (watch_by_queue, watch):
        control.call("POST", "/_emulator/reset", {"seed": 1})
        set_up(session)
        bad, before = ship(session, BAD), len(session.journal.entries)
        watching(session, **WHERE, deployment_id=bad, tell=lambda _: None)
        counted.append(calls_since(session, before))
    told, asked = counted

    assert told["DescribeServices"] < asked["DescribeServices"] / 8
    assert sum(told.values()) < sum(asked.values())


def test_a_good_release_is_seen_to_complete(session: Session, release: Release) -> None:
    watched = follow(session, release("nginx:latest"))

    assert watched.end == COMPLETED
    assert watched.last.is_steady
    assert left_behind(session) == []


def test_a_deployment_that_ended_before_is_recognised_at_the_first_look(
    session: Session, release: Release
) -> None:
    good = release("nginx:latest")
    session.clock.sleep(600)
    before = len(session.journal.entries)

    assert follow(session, good).end == COMPLETED
    assert calls_since(session, before)["ReceiveMessage"] == 0


def test_without_rollback_a_bad_release_stalls(session: Session, release: Release) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}

    watched = follow(session, release(BAD, deploymentConfiguration=breaker))

    assert watched.end == STALLED
    assert left_behind(session) == []


def test_a_newer_deployment_supersedes_and_is_noticed_as_it_begins(
    session: Session, release: Release
) -> None:
    bad = release(BAD)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if "pending 1" in line and not any("newer" in each for each in lines):
            lines.append("newer")
            release("nginx:latest")

    began = session.clock.now()
    watched = follow(session, bad, tell=tell)

    assert watched.end == SUPERSEDED
    assert session.clock.now() - began < timedelta(minutes=2)
    assert left_behind(session) == []


def test_a_service_that_is_deleted_meanwhile_is_gone(session: Session, release: Release) -> None:
    def see(_: object) -> None:
        session.client("ecs").delete_service(**WHERE, force=True)

    watched = follow(session, release(BAD), see=see)

    assert watched.end == GONE
    assert left_behind(session) == []


def test_it_ends_when_the_time_is_up(session: Session, release: Release) -> None:
    began = session.clock.now()

    watched = follow(session, release(BAD), timeout=timedelta(minutes=3))

    assert watched.end == TIMED_OUT
    assert session.clock.now() - began == timedelta(minutes=3)
    assert left_behind(session) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ValueError])
def test_nothing_is_left_behind_by_whom_is_interrupted(
    session: Session, release: Release, interruption: type[BaseException]
) -> None:
    def see(_: object) -> None:
        assert len(left_behind(session)) == 2
        raise interruption

    with pytest.raises(interruption):
        follow(session, release(BAD), see=see)

    assert left_behind(session) == []


@pytest.mark.parametrize("refused", ["events:PutRule", "events:PutTargets", "sqs:ReceiveMessage"])
def test_nothing_is_left_behind_by_a_call_that_aws_refuses(
    session: Session, control: EmulatorControls, release: Release, refused: str
) -> None:
    bad = release(BAD)
    faults = {"call_faults": [{"call": refused, "fault": "expired_token"}]}
    control.call("PUT", "/_emulator/faults", faults)

    with pytest.raises((StepRefused, ClientError)):
        follow(session, bad)

    assert left_behind(session) == []


def test_a_service_that_was_never_there_leaves_nothing_behind(session: Session) -> None:
    with pytest.raises(NotThere, match="is missing in cluster default"):
        follow(session, "ecs-svc/1")

    assert left_behind(session) == []


def test_what_it_makes_carries_the_tag_of_the_runbook(session: Session, release: Release) -> None:
    tags: list[Mapping[str, str]] = []

    def see(_: object) -> None:
        queue, rule = left_behind(session)
        tags.append(session.client("sqs").list_queue_tags(QueueUrl=queue)["Tags"])
        arn = session.arn("events", f"rule/{rule}")
        shown = session.client("events").list_tags_for_resource(ResourceARN=arn)["Tags"]
        tags.append({each["Key"]: each["Value"] for each in shown})

    follow(session, release("nginx:latest"), see=see)

    assert tags
    assert all(each == {TAG_KEY: TAG_VALUE} for each in tags)


def test_where_it_has_to_be_confirmed_nothing_is_made_without(
    session: Session, release: Release
) -> None:
    careful = replace(session, needs_confirmation=True)
    good = release("nginx:latest")
    before = len(session.journal.entries)

    with pytest.raises(NotConfirmed):
        follow(careful, good)

    assert calls_since(session, before) == {}
    assert follow(careful, good, confirm=SETTINGS.service).end == COMPLETED


def test_on_a_running_clock_sqs_does_the_waiting(session: Session, release: Release) -> None:
    good = release("nginx:latest")
    session.clock.speed = 600

    assert follow(session, good).end == COMPLETED
    assert left_behind(session) == []
