"""Following many deployments at once: ten services a call, inside what AWS allows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from runbook_lib import watch_many
from runbook_lib.aws.reading import read_default_network, read_services
from runbook_lib.aws.session import Session
from runbook_lib.following.deployment import COMPLETED, ROLLED_BACK, TIMED_OUT, UNKNOWN
from runbook_lib.following.many import (
    SERVICE_READS_A_SECOND,
    SERVICE_READS_BURST,
    seconds_between_looks,
)

NAMES = [f"web-{number:02}" for number in range(1, 13)]
BAD = {"web-02", "web-12"}


@pytest.fixture
def deployments(session: Session) -> dict[str, str]:
    """Twelve services that ran well; two of them get a release that cannot start."""
    ecs, good, bad = session.client("ecs"), register(session, "alpine"), register(session, "no-tag")
    network = read_default_network(session)
    assert network
    vpc = {"subnets": [*network.subnet_ids], "securityGroups": [*network.security_group_ids]}
    for name in NAMES:
        ecs.create_service(
            serviceName=name,
            taskDefinition=good,
            desiredCount=1,
            launchType="FARGATE",
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True}
            },
            networkConfiguration={"awsvpcConfiguration": vpc},
        )
    session.clock.sleep(600)
    return {name: update(session, name, bad if name in BAD else good) for name in NAMES}


def register(session: Session, tag: str) -> str:
    made = session.client("ecs").register_task_definition(
        family="web",
        containerDefinitions=[{"name": "c", "image": f"nginx:{tag}"}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{session.account}:role/ecsTaskExecutionRole",
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def update(session: Session, name: str, definition: str) -> str:
    reply = session.client("ecs").update_service(
        service=name, taskDefinition=definition, forceNewDeployment=True
    )
    return str(reply["service"]["deployments"][0]["id"])


def follow(session: Session, deployments: dict[str, str], **options: Any) -> dict[str, str]:
    watched = watch_many(session, cluster="default", deployments=deployments, **options)
    assert {name: each.deployment_id for name, each in watched.items()} == deployments
    return {name: each.end for name, each in watched.items()}


def test_each_of_many_deployments_gets_its_own_end(
    session: Session, deployments: dict[str, str]
) -> None:
    lines: list[str] = []

    ends = follow(session, deployments, tell=lines.append)

    assert ends == {name: ROLLED_BACK if name in BAD else COMPLETED for name in NAMES}
    assert sorted(line[10:] for line in lines) == [f"{name}  {ends[name]}" for name in NAMES]


def test_ten_services_are_read_with_one_call(session: Session, deployments: dict[str, str]) -> None:
    before = len(session.journal.entries)

    found = read_services(session, "default", [*deployments, "nobody"])

    calls = Counter(each["operation"] for each in session.journal.entries[before:])
    assert list(found) == NAMES
    assert calls == {"DescribeServices": 2}


def test_a_service_that_has_come_to_its_end_is_not_asked_for_again(
    session: Session, deployments: dict[str, str]
) -> None:
    before = len(session.journal.entries)

    follow(session, deployments, tell=lambda _: None)

    times = Counter(
        each["time"] for each in session.journal.entries[before:] if "operation" in each
    )
    assert next(iter(times.values())) == 2
    assert list(times.values())[-1] == 1


def test_what_has_not_ended_in_time_timed_out_and_what_nobody_knows_is_unknown(
    session: Session, deployments: dict[str, str]
) -> None:
    strange = {"web-01": "ecs-svc/1", "web-02": deployments["web-02"]}

    ends = follow(session, strange, timeout=timedelta(minutes=5), tell=lambda _: None)

    assert ends == {"web-01": UNKNOWN, "web-02": TIMED_OUT}


def test_nobody_is_followed_without_a_call(session: Session) -> None:
    before = len(session.journal.entries)

    assert watch_many(session, cluster="default", deployments={}) == {}
    assert session.journal.entries[before:] == []


@pytest.mark.parametrize("services", [1, 10, 500, 1000, 2000, 5000])
def test_looking_takes_at_most_half_of_what_aws_allows(services: int) -> None:
    calls = -(-services // 10)

    assert calls / seconds_between_looks(services) <= SERVICE_READS_A_SECOND / 2


def test_five_hundred_services_are_looked_at_every_15_seconds() -> None:
    assert seconds_between_looks(500) == 15
    assert SERVICE_READS_BURST >= 500 / 10
