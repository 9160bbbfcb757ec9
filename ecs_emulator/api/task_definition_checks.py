"""Room: which task definitions ECS refuses.

Lives here: every rule that RegisterTaskDefinition holds a request against, and how it reads sizes.
Never here: families, revisions, what is filled in.

The words are those of errors that people met, where one is known:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecs_emulator.api.context import is_name
from ecs_emulator.api.errors import client_error

MOST_CONTAINERS = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""

FARGATE_MEMORY = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""CPU units → MiB that Fargate allows with them.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html"""


HEALTH_CHECK_LIMITS = {
    "interval": (5, 300),
    "timeout": (2, 60),
    "retries": (1, 10),
    "startPeriod": (0, 300),
}
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"""

NOT_IN_A_FARGATE_CONTAINER = ("dockerSecurityOptions", "privileged")
NOT_IN_FARGATE_LINUX_PARAMETERS = ("devices", "sharedMemorySize", "maxSwap", "swappiness", "tmpfs")


def check_task_definition(params: Mapping[str, Any]) -> None:
    """Raise the ClientException that RegisterTaskDefinition answers with; return nothing."""
    _check_roles(params)
    _check_containers(params)
    _check_ports(params)
    if "FARGATE" in params.get("requiresCompatibilities", []):
        _check_fargate(params)
    _check_memory(params)


def cpu_units(text: str) -> int:
    """256, "256" and ".25 vCPU" are 256 units."""
    return _number(text, "VCPU")


def memory_mib(text: str) -> int:
    """512, "512" and "0.5 GB" are 512 MiB."""
    return _number(text, "GB")


def _check_roles(params: Mapping[str, Any]) -> None:
    """An ARN of a role, if there is one at all: "" is none.

    https://github.com/fabfuel/ecs-deploy/issues/231
    """
    for name in ("taskRoleArn", "executionRoleArn"):
        given = params.get(name)
        if given is not None and ":role/" not in str(given):
            raise client_error("Role is not valid")


def _check_containers(params: Mapping[str, Any]) -> None:
    containers = params["containerDefinitions"]
    if not containers:
        raise client_error("Container list cannot be empty.")
    if len(containers) > MOST_CONTAINERS:
        raise client_error("Too many containers.")
    for container in containers:
        if not is_name(container.get("name", "")):
            raise client_error("Container.name contains invalid characters.")
        if not container.get("image"):
            raise client_error("Container.image should not be null or empty.")
        _check_health_check(container.get("healthCheck", {}))
    names = [container["name"] for container in containers]
    if len(set(names)) < len(names):
        raise client_error("Container names must be unique within a task definition.")
    if not any(container.get("essential", True) for container in containers):
        raise client_error("No essential container specified in the task definition.")


def _check_health_check(check: Mapping[str, Any]) -> None:
    for name, (low, high) in HEALTH_CHECK_LIMITS.items():
        if not low <= check.get(name, low) <= high:
            raise client_error(f"healthCheck.{name} must be between {low} and {high}.")


def _check_ports(params: Mapping[str, Any]) -> None:
    """With awsvpc the task has addresses of its own: there is no other port on a host."""
    if params.get("networkMode") != "awsvpc":
        return
    for container in params["containerDefinitions"]:
        for mapping in container.get("portMappings", ()):
            port = mapping.get("containerPort")
            if mapping.get("hostPort") not in (None, 0, port):
                raise client_error(
                    "When networkMode=awsvpc, the host ports and container ports in port mappings "
                    "must match."
                )


def _check_memory(params: Mapping[str, Any]) -> None:
    """Somewhere a limit is said, and no container's is above the task's.

    https://github.com/pulumi/pulumi-awsx/issues/1220
    https://github.com/sil-org/ecs-deploy/issues/59
    https://github.com/cloudnativedaysjp/dreamkast-infra/pull/4766
    """
    task = memory_mib(params["memory"]) if params.get("memory") else None
    reserved = 0
    for container in params["containerDefinitions"]:
        limit, soft = container.get("memory"), container.get("memoryReservation")
        reserved += soft or 0
        if task is None and limit is None and soft is None:
            raise client_error(
                f"Invalid setting for container '{container['name']}'. At least one of 'memory' or "
                "'memoryReservation' must be specified."
            )
        if task is not None and (limit or 0) > task:
            raise client_error(
                f"The 'memory' setting for container '{container['name']}' is greater than for the "
                "task."
            )
    if task is not None and reserved > task:
        raise client_error(
            "The sum of all container 'memoryReservation' values cannot be greater than the value "
            "of the task 'memory'."
        )


def _not_on_fargate(params: Mapping[str, Any]) -> Iterator[str]:
    """What is there and needs a host: ipcMode, sourcePath, devices, …"""
    if params.get("ipcMode"):
        yield "ipcMode"
    if params.get("pidMode") not in (None, "", "task"):
        yield "pidMode"
    if params.get("placementConstraints"):
        yield "constraints"
    for volume in params.get("volumes", ()):
        if volume.get("host", {}).get("sourcePath"):
            yield "sourcePath"
        if volume.get("dockerVolumeConfiguration"):
            yield "dockerVolumeConfiguration"
    for container in params["containerDefinitions"]:
        yield from (each for each in NOT_IN_A_FARGATE_CONTAINER if container.get(each))
        linux = container.get("linuxParameters", {})
        yield from (each for each in NOT_IN_FARGATE_LINUX_PARAMETERS if linux.get(each))


def _check_fargate(params: Mapping[str, Any]) -> None:
    if params.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode ‘awsvpc’.")
    cpu, memory = params.get("cpu"), params.get("memory")
    if cpu is None:
        raise client_error("Fargate requires that 'cpu' be defined at the task level.")
    if memory is None:
        raise client_error("Fargate requires that 'memory' be defined at the task level.")
    if memory_mib(memory) not in FARGATE_MEMORY.get(cpu_units(cpu), ()):
        raise client_error(
            "No Fargate configuration exists for given values: "
            f"{cpu_units(cpu)} CPU, {memory_mib(memory)} memory."
        )
    for refused in _not_on_fargate(params):
        raise client_error(f"Fargate compatible task definitions do not support {refused}")
    if not params.get("executionRoleArn"):
        _check_needs_no_execution_role(params)


def _check_needs_no_execution_role(params: Mapping[str, Any]) -> None:
    for container in params["containerDefinitions"]:
        if container.get("secrets"):
            raise client_error(
                "When you are specifying container secrets, you must also specify a value for "
                "'executionRoleArn'."
            )
        if ".dkr.ecr." in container["image"]:
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support ECR images."
            )
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support log "
                "driver awslogs."
            )


def _number(text: str, unit: str) -> int:
    upper = str(text).upper().replace(" ", "")
    try:
        if upper.endswith(unit):
            return int(float(upper.removesuffix(unit)) * 1024)
        return int(upper)
    except (ValueError, OverflowError):
        raise client_error(f"Invalid 'cpu' or 'memory' setting for task: {text!r}.") from None
