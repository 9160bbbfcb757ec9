"""Room: what a service is asked to be.

Lives here: reading and checking the settings of CreateService and UpdateService: deployment
configuration, network, scheduling.
Never here: services that exist, replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecs_emulator.api.context import Call, Neighbours
from ecs_emulator.api.errors import invalid_parameter, not_emulated
from ecs_emulator.world.configuration import (
    CircuitBreaker,
    DeploymentAlarms,
    DeploymentConfiguration,
    ThresholdConfiguration,
)
from ecs_emulator.world.state import TaskDefinition

MOST_PERCENT_VALUE = 100
EMULATED_DEPLOYMENT_SETTINGS = (
    "deploymentCircuitBreaker",
    "maximumPercent",
    "minimumHealthyPercent",
    "strategy",
    "bakeTimeInMinutes",
    "alarms",
)
NEUTRAL_DEPLOYMENT_SETTINGS = ("lifecycleHooks", "linearConfiguration", "canaryConfiguration")
"""Taken when they are empty, as tools send them beside ROLLING."""


def deployment_configuration(
    call: Call, before: DeploymentConfiguration
) -> DeploymentConfiguration:
    """Members that are left out keep their value."""
    given = call.params.get("deploymentConfiguration", {})
    for name in given:
        if name in NEUTRAL_DEPLOYMENT_SETTINGS and not given[name]:
            continue
        if name not in EMULATED_DEPLOYMENT_SETTINGS:
            raise not_emulated(f"deploymentConfiguration.{name} of ecs:{call.operation}")
    if given.get("strategy", "ROLLING") != "ROLLING":
        raise not_emulated(f"deployment strategy {given['strategy']}")
    if given.get("bakeTimeInMinutes"):
        raise not_emulated("bakeTimeInMinutes other than 0")
    configuration = DeploymentConfiguration(
        circuit_breaker=_breaker(given.get("deploymentCircuitBreaker"), before.circuit_breaker),
        alarms=_alarms(given.get("alarms"), before.alarms),
        minimum_healthy_percent=given.get("minimumHealthyPercent", before.minimum_healthy_percent),
        maximum_percent=given.get("maximumPercent", before.maximum_percent),
    )
    _check_percents(configuration)
    return configuration


def _check_percents(configuration: DeploymentConfiguration) -> None:
    low, high = configuration.minimum_healthy_percent, configuration.maximum_percent
    if low == 100 and high == 100:
        raise invalid_parameter(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block "
            "deployments."
        )
    if low < 0 or high < 0 or high < low:
        raise invalid_parameter(
            "maximumPercent and minimumHealthyPercent must be positive, and maximumPercent must "
            "not be less than minimumHealthyPercent."
        )


def _breaker(given: Mapping[str, Any] | None, before: CircuitBreaker) -> CircuitBreaker:
    if given is None:
        return before
    threshold = before.threshold
    if "thresholdConfiguration" in given:
        threshold = ThresholdConfiguration(**given["thresholdConfiguration"])
        _check_threshold(threshold)
    return CircuitBreaker(
        enable=given["enable"],
        rollback=given["rollback"],
        reset_on_healthy_task=given.get("resetOnHealthyTask", before.reset_on_healthy_task),
        threshold=threshold,
    )


def _alarms(given: Mapping[str, Any] | None, before: DeploymentAlarms) -> DeploymentAlarms:
    if given is None:
        return before
    return DeploymentAlarms(tuple(given["alarmNames"]), given["enable"], given["rollback"])


def _check_threshold(threshold: ThresholdConfiguration) -> None:
    """1 to 100 for the percentages, at least 1 for COUNT. AWS's own wording is not known."""
    most = MOST_PERCENT_VALUE if threshold.type.endswith("PERCENT") else None
    if threshold.value < 1 or (most is not None and threshold.value > most):
        allowed = f"between 1 and {most}" if most else "at least 1"
        raise invalid_parameter(
            f"The value of thresholdConfiguration must be {allowed} for the type {threshold.type}."
        )


def described(configuration: DeploymentConfiguration) -> dict[str, Any]:
    """As DescribeServices shows it, with every default filled in."""
    breaker = configuration.circuit_breaker
    return {
        "deploymentCircuitBreaker": {
            "enable": breaker.enable,
            "rollback": breaker.rollback,
            "resetOnHealthyTask": breaker.reset_on_healthy_task,
            "thresholdConfiguration": {
                "type": breaker.threshold.type,
                "value": breaker.threshold.value,
            },
        },
        "maximumPercent": configuration.maximum_percent,
        "minimumHealthyPercent": configuration.minimum_healthy_percent,
        "alarms": {
            "alarmNames": list(configuration.alarms.names),
            "enable": configuration.alarms.enable,
            "rollback": configuration.alarms.rollback,
        },
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }


def check_network(
    call: Call, neighbours: Neighbours, definition: TaskDefinition, network: Mapping[str, Any]
) -> None:
    """awsvpc needs subnets and security groups that exist, in one VPC."""
    if definition.spec.get("networkMode") != "awsvpc":
        if network:
            raise invalid_parameter(
                "Network Configuration is not valid for the given networkMode of this task "
                "definition."
            )
        return
    settings = network.get("awsvpcConfiguration")
    if not settings:
        raise invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if not settings["subnets"]:
        raise invalid_parameter("subnets can not be empty.")
    vpcs = [_subnet_vpc(call.region, neighbours, each) for each in settings["subnets"]]
    for group_id in settings.get("securityGroups", ()):
        group = neighbours.security_group(call.region, group_id)
        if group is None:
            raise invalid_parameter(
                f"Error retrieving security group information for [{group_id}]: The security group "
                f"'{group_id}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            )
        if group.vpc_id not in vpcs:
            raise invalid_parameter(
                f"Security group {group_id} does not appear to belong to the same VPC as the input "
                "subnets."
            )


def _subnet_vpc(region: str, neighbours: Neighbours, subnet_id: str) -> str:
    found = neighbours.subnet(region, subnet_id)
    if found is None:
        raise invalid_parameter(
            f"Error retrieving subnet information for [{subnet_id}]: The subnet ID '{subnet_id}' "
            "does not exist (ErrorCode: InvalidSubnetID.NotFound)"
        )
    return found.vpc_id


def check_what_goes_together(
    definition: TaskDefinition, spec: Mapping[str, Any], *, verb: str
) -> None:
    """A grace period needs a load balancer, ECS Exec a task role.

    https://github.com/aws-cloudformation/cfn-lint/issues/3612
    https://github.com/aws/aws-toolkit-jetbrains/issues/3649
    """
    if spec.get("healthCheckGracePeriodSeconds") and not spec.get("loadBalancers"):
        raise invalid_parameter(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    if spec.get("enableExecuteCommand") and not definition.spec.get("taskRoleArn"):
        raise invalid_parameter(
            f"The service couldn't be {verb} because a valid taskRoleArn is not being used. "
            "Specify a valid task role in your task definition and try again."
        )


def check_load_balancers(
    call: Call,
    neighbours: Neighbours,
    definition: TaskDefinition,
    balancers: Sequence[Mapping[str, Any]],
) -> None:
    """A target group of type ip, behind a load balancer, for a port that a container has."""
    for balancer in balancers:
        for member in ("targetGroupArn", "containerName", "containerPort"):
            if not balancer.get(member):
                raise invalid_parameter(f"{member} must be specified for a load balancer.")
        if balancer.get("loadBalancerName") or balancer.get("advancedConfiguration"):
            raise not_emulated("load balancers other than target groups")
        _check_target_group(call.region, neighbours, str(balancer["targetGroupArn"]))
        _check_container(definition, str(balancer["containerName"]), balancer["containerPort"])


def _check_target_group(region: str, neighbours: Neighbours, arn: str) -> None:
    group = neighbours.target_group(region, arn)
    if group is None:
        raise invalid_parameter(f"The target group {arn} does not exist.")
    if not group.load_balancer_arns:
        raise invalid_parameter(
            f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        )
    if group.target_type != "ip":
        raise invalid_parameter(
            f"The provided target group {arn} has target type {group.target_type}, which is "
            "incompatible with the awsvpc network mode specified in the task definition."
        )


def _check_container(definition: TaskDefinition, name: str, port: int) -> None:
    container = next((each for each in definition.containers if each["name"] == name), None)
    if container is None:
        raise invalid_parameter(f"The container {name} does not exist in the task definition.")
    if port not in [each.get("containerPort") for each in container.get("portMappings", ())]:
        raise invalid_parameter(
            f"The container {name} did not have a container port {port} defined."
        )
