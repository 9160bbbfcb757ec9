"""RegisterTaskDefinition: what it fills in, how it writes sizes, and what it refuses.

The refusals are in the words that people met:
https://github.com/pulumi/pulumi-awsx/issues/1220
https://github.com/sil-org/ecs-deploy/issues/59
https://github.com/fabfuel/ecs-deploy/issues/231
https://github.com/fabfuel/ecs-deploy/issues/87
https://github.com/cloudposse/terraform-aws-ecs-alb-service-task/issues/174
https://github.com/aws/amazon-ecs-cli/issues/184
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

FARGATE = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
}
APP = {"name": "app", "image": "nginx:alpine"}


@pytest.fixture
def register(shared_aws: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    ecs = shared_aws("ecs")

    def registered(container: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
        given = {"family": "f", "containerDefinitions": [{**APP, **(container or {})}], **settings}
        found: dict[str, Any] = ecs.register_task_definition(**given)["taskDefinition"]
        return found

    return registered


@pytest.mark.parametrize(
    ("cpu", "memory", "written"),
    [
        ("256", "512", ("256", "512")),
        (".25 vCPU", "0.5 GB", ("256", "512")),
        ("0.25vcpu", "1GB", ("256", "1024")),
        ("1 vCPU", "2 GB", ("1024", "2048")),
        ("16 vCPU", "120 GB", ("16384", "122880")),
    ],
)
def test_sizes_are_written_in_units_and_mebibytes(
    register: Callable[..., dict[str, Any]], cpu: str, memory: str, written: tuple[str, str]
) -> None:
    found = register(**{**FARGATE, "cpu": cpu, "memory": memory})

    assert (found["cpu"], found["memory"]) == written


@pytest.mark.parametrize(
    ("mode", "mapping", "filled"),
    [
        ("awsvpc", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80}),
        ("host", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80}),
        ("bridge", {"containerPort": 80}, {"containerPort": 80, "hostPort": 0}),
        (
            "bridge",
            {"containerPort": 80, "hostPort": 8080},
            {"containerPort": 80, "hostPort": 8080},
        ),
        ("awsvpc", {"containerPortRange": "80-90"}, {"containerPortRange": "80-90"}),
    ],
)
def test_a_port_mapping_is_filled_in_for_its_network_mode(
    register: Callable[..., dict[str, Any]],
    mode: str,
    mapping: dict[str, Any],
    filled: dict[str, Any],
) -> None:
    found = register({"portMappings": [mapping], "memory": 128}, networkMode=mode)

    assert found["containerDefinitions"][0]["portMappings"] == [{**filled, "protocol": "tcp"}]


def test_a_protocol_that_is_given_stays(register: Callable[..., dict[str, Any]]) -> None:
    ports = [{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]

    assert (
        register({"portMappings": ports}, **FARGATE)["containerDefinitions"][0]["portMappings"]
        == ports
    )


HOST_PORTS = (
    "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
)
NOT_ON_FARGATE = "Fargate compatible task definitions do not support "


@pytest.mark.parametrize(
    ("container", "settings", "text"),
    [
        ({"portMappings": [{"containerPort": 80, "hostPort": 8080}]}, FARGATE, HOST_PORTS),
        (
            {"memory": 1024},
            FARGATE,
            "The 'memory' setting for container 'app' is greater than for the task.",
        ),
        (
            {"memoryReservation": 1024},
            FARGATE,
            (
                "The sum of all container 'memoryReservation' values cannot be greater than the "
                "value of the task 'memory'."
            ),
        ),
        (
            {},
            {"networkMode": "awsvpc"},
            (
                "Invalid setting for container 'app'. At least one of 'memory' or "
                "'memoryReservation' must be specified."
            ),
        ),
        ({}, {**FARGATE, "taskRoleArn": ""}, "Role is not valid"),
        ({}, {**FARGATE, "executionRoleArn": "my-role"}, "Role is not valid"),
        ({}, {**FARGATE, "ipcMode": "task"}, f"{NOT_ON_FARGATE}ipcMode"),
        ({}, {**FARGATE, "pidMode": "host"}, f"{NOT_ON_FARGATE}pidMode"),
        (
            {},
            {**FARGATE, "volumes": [{"name": "v", "host": {"sourcePath": "/var"}}]},
            f"{NOT_ON_FARGATE}sourcePath",
        ),
        (
            {},
            {**FARGATE, "volumes": [{"name": "v", "dockerVolumeConfiguration": {"driver": "x"}}]},
            f"{NOT_ON_FARGATE}dockerVolumeConfiguration",
        ),
        ({"privileged": True}, FARGATE, f"{NOT_ON_FARGATE}privileged"),
        (
            {"linuxParameters": {"sharedMemorySize": 64}},
            FARGATE,
            f"{NOT_ON_FARGATE}sharedMemorySize",
        ),
        (
            {"secrets": [{"name": "A", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/a"}]},
            FARGATE,
            (
                "When you are specifying container secrets, you must also specify a value for "
                "'executionRoleArn'."
            ),
        ),
    ],
)
def test_what_ecs_refuses_is_refused_in_its_words(
    register: Callable[..., dict[str, Any]],
    container: dict[str, Any],
    settings: dict[str, Any],
    text: str,
) -> None:
    with pytest.raises(ClientError) as refused:
        register(container, **settings)

    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ClientException", text)


@pytest.mark.parametrize(
    ("container", "settings"),
    [
        ({"memory": 512, "memoryReservation": 512}, FARGATE),
        ({"memoryReservation": 64}, {}),
        ({}, {"memory": "512"}),
        ({}, {**FARGATE, "pidMode": "task"}),
        ({}, {**FARGATE, "volumes": [{"name": "v", "host": {}}]}),
        ({"memory": 64}, {"volumes": [{"name": "v", "host": {"sourcePath": "/var"}}]}),
        ({"memory": 64}, {"ipcMode": "host"}),
        ({"portMappings": [{"containerPort": 80, "hostPort": 80}]}, FARGATE),
        ({"linuxParameters": {"initProcessEnabled": True}}, FARGATE),
    ],
)
def test_what_comes_close_to_a_refusal_is_registered(
    register: Callable[..., dict[str, Any]], container: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert register(container, **settings)["status"] == "ACTIVE"


def test_a_task_has_at_most_ten_containers(shared_aws: Callable[..., Any]) -> None:
    ecs = shared_aws("ecs")
    many = [{**APP, "name": f"c{number}"} for number in range(11)]

    ecs.register_task_definition(family="ten", containerDefinitions=many[:10], **FARGATE)
    with pytest.raises(ClientError, match="Too many containers"):
        ecs.register_task_definition(family="eleven", containerDefinitions=many, **FARGATE)
