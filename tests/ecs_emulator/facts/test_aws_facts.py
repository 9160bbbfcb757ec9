"""Documented behaviour of ECS, as given / when / then data with its public source, in `aws_facts/`.

A row that names a page of AWS or an issue of somebody's project says what real ECS did there; the
tests here only replay the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from ecs_emulator.client import EmulatorControls
from ecs_emulator.ecs.arithmetic import failure_threshold
from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.world.configuration import (
    CircuitBreaker,
    DeploymentConfiguration,
    ThresholdConfiguration,
)

if TYPE_CHECKING:
    from tests.conftest import Story

Row = Mapping[str, Any]
FOLDER = Path(__file__).parent / "aws_facts"


def rows(name: str) -> list[Row]:
    found: list[Row] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def cases(name: str) -> list[Any]:
    """The rows as parameters, each marked with the facts that it shows."""
    return [pytest.param(row, marks=pytest.mark.fact(*row["facts"])) for row in rows(name)]


def name_of(row: Row) -> str:
    return str(row["when"]["operation"] + ", " + row["given"])


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_every_fact_names_its_public_source(path: Path) -> None:
    found = rows(path.stem)

    assert found
    assert [row for row in found if not row["source"].startswith("https://")] == []


@pytest.mark.parametrize("row", cases("failure_thresholds"))
def test_failure_thresholds(row: Row) -> None:
    given = row["given"]
    breaker = CircuitBreaker(threshold=ThresholdConfiguration(given["type"], given["value"]))

    assert failure_threshold(breaker, given["desired_count"]) == row["then"]["threshold"]


@pytest.mark.parametrize("row", cases("rollouts"))
def test_the_deployments_of_a_service_phase_by_phase(tell: Callable[..., Story], row: Row) -> None:
    breaker = CircuitBreaker(enable=True, rollback=row["given"]["rollback"])
    story = tell(image=row["given"]["first"], configuration=DeploymentConfiguration(breaker))
    (old,) = story.service.deployments
    names = {old.id: "OLD"}

    def shown() -> list[list[str]]:
        texts = [[d.id, d.status, d.rollout_state, d.reason] for d in story.service.deployments]
        for full, short in names.items():
            texts = [[text.replace(full, short) for text in each] for each in texts]
        return texts

    story.until(lambda: old.rollout_state != "IN_PROGRESS")
    if row["when"] == "the first deployment is COMPLETED" or old.rollout_state == "FAILED":
        assert shown() == row["then"]
        return
    new = story.update("nginx:wrong-image-tag")
    names[new.id] = "NEW"
    if row["when"] != "an update has been asked for":
        story.until_state(new, "FAILED")
    if row["when"] == "a quarter of an hour has passed since":
        story.advance(900)
    assert shown() == row["then"]


@pytest.mark.fact(*(fact for row in rows("deployment_events") for fact in row["facts"]))
def test_the_events_of_a_rollback(tell: Callable[..., Story]) -> None:
    story = tell().settled()
    old = story.service.primary
    new = story.update("nginx:wrong-image-tag")
    story.until_state(new, "FAILED")
    story.until_state(old, "COMPLETED")
    told = [
        {
            "eventType": each["eventType"],
            "eventName": each["eventName"],
            "reason": each["reason"].replace(old.id, "OLD").replace(new.id, "NEW"),
        }
        for each in story.details()
        if "deploymentId" in each
    ]

    assert told == [row["then"] for row in rows("deployment_events")]


@dataclass(frozen=True)
class Peopled:
    """A world with what the rows speak of."""

    ecs: Any
    ids: Mapping[str, str]

    def named(self, value: Any) -> Any:
        """With the ids of this world in the places of {subnet} and {foreign_group}."""
        text = json.dumps(value)
        for place, found in self.ids.items():
            text = text.replace(place, found)
        return json.loads(text)


@pytest.fixture(scope="module")
def peopled(emulator_server: EmulatorServer, shared_aws: Callable[..., Any]) -> Iterator[Peopled]:
    """Services in each status, a deleted cluster, a deregistered revision, another VPC."""
    ecs, ec2 = shared_aws("ecs"), shared_aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    fargate = {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
    }
    for family, settings in (("web", fargate), ("web", fargate), ("bridge", {})):
        containers = [{"name": "c", "image": "nginx:alpine", "memory": 128}]
        ecs.register_task_definition(family=family, containerDefinitions=containers, **settings)
    for service in ("web", "draining", "inactive"):
        ecs.create_service(
            serviceName=service,
            taskDefinition="web:1",
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
        )
    ecs.deregister_task_definition(taskDefinition="web:2")
    ecs.create_cluster(clusterName="gone")
    ecs.delete_cluster(cluster="gone")
    controls = EmulatorControls(emulator_server.url)
    ecs.delete_service(service="inactive", force=True)
    controls.call("POST", "/_emulator/clock", {"advance_seconds": 300})
    ecs.delete_service(service="draining", force=True)
    yield Peopled(ecs, {"{subnet}": subnet, "{foreign_group}": foreign})
    controls.call("POST", "/_emulator/reset")


@pytest.mark.parametrize("row", cases("error_replies"), ids=name_of)
def test_error_replies(peopled: Peopled, row: Row) -> None:
    operation = getattr(peopled.ecs, xform_name(row["when"]["operation"]))
    with pytest.raises(ClientError) as refused:
        operation(**peopled.named(row["when"]["input"]))

    assert refused.value.response["Error"] == {
        "Code": row["then"]["code"],
        "Message": peopled.named(row["then"]["message"]),
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_no_refused_call_has_changed_anything(peopled: Peopled) -> None:
    found = peopled.ecs.describe_services(services=["web", "draining", "inactive", "new"])

    assert [(each["serviceName"], each["status"]) for each in found["services"]] == [
        ("web", "ACTIVE"),
        ("draining", "DRAINING"),
        ("inactive", "INACTIVE"),
    ]
    assert found["services"][0]["desiredCount"] == 1
    assert [each["reason"] for each in found["failures"]] == ["MISSING"]
    assert peopled.ecs.list_clusters()["clusterArns"] == [found["services"][0]["clusterArn"]]
    assert peopled.ecs.list_task_definition_families()["families"] == ["bridge", "web"]
