"""Room: services in the ECS API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecs_emulator.api.context import Call, Context, is_name, page, tags_given
from ecs_emulator.api.errors import (
    invalid_parameter,
    not_emulated,
    service_not_active,
    service_not_found,
)
from ecs_emulator.api.service_settings import (
    check_load_balancers,
    check_network,
    check_what_goes_together,
    deployment_configuration,
    described,
)
from ecs_emulator.world.configuration import DeploymentConfiguration
from ecs_emulator.world.state import ACTIVE, DRAINING, INACTIVE, Deployment, Service

MOST_SERVICES_A_CALL = 10
MOST_TASKS_A_SERVICE = 5_000
KEPT_SETTINGS = (
    "loadBalancers",
    "launchType",
    "platformVersion",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
"""Settings that the emulator keeps and hands back."""
IDENTITY = (
    "cluster",
    "serviceName",
    "taskDefinition",
    "desiredCount",
    "clientToken",
    "tags",
    "deploymentConfiguration",
    "deploymentController",
    "schedulingStrategy",
)
ONLY_EMPTY = (
    "serviceRegistries",
    "placementConstraints",
    "placementStrategy",
    "capacityProviderStrategy",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "role",
    "serviceConnectConfiguration",
    "monitoring",
)
"""Settings that are taken when they say nothing: [], "", {} or {"enabled": false}."""
NOT_A_TASK_SETTING = (
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "propagateTags",
    "availabilityZoneRebalancing",
    "enableExecuteCommand",
)
"""Changing these starts no new deployment."""


def create_service(context: Context, call: Call) -> dict[str, Any]:
    """The same call again returns the service; another one under its name is refused."""
    params = call.params
    call.emulated(*KEPT_SETTINGS, *IDENTITY, *ONLY_EMPTY)
    _refuse_what_is_not_emulated(call)
    cluster = context.cluster(call)
    name = str(params["serviceName"])
    tags = tags_given(call)
    if not tags and "tags" in params:
        raise invalid_parameter("Tags can not be empty.")
    if not is_name(name):
        raise invalid_parameter("Invalid service name.")
    if not context.neighbours.has_service_linked_role():
        raise invalid_parameter(
            "Unable to assume the service linked role. Please verify that the ECS service linked "
            "role exists."
        )
    if not params.get("taskDefinition"):
        raise invalid_parameter("TaskDefinition can not be blank.")
    definition = context.active_task_definition(call.region, str(params["taskDefinition"]))
    desired_count = _desired_count(call) or 0
    configuration = deployment_configuration(call, DeploymentConfiguration())
    check_network(call, context.neighbours, definition, params.get("networkConfiguration", {}))
    check_load_balancers(call, context.neighbours, definition, params.get("loadBalancers", []))
    spec = {key: params[key] for key in KEPT_SETTINGS if key in params}
    check_what_goes_together(definition, spec, verb="created")
    arn = context.arn(call.region, "service", f"{cluster.name}/{name}")
    existing = context.engine.world.services.get(arn)
    if existing is not None and existing.status == DRAINING:
        raise invalid_parameter("Unable to Start a service that is still Draining.")
    if existing is not None and existing.status == ACTIVE:
        return _create_again(
            context, existing, (definition.arn, desired_count, configuration, spec)
        )
    service = Service(
        arn=arn,
        name=name,
        region=call.region,
        cluster_arn=cluster.arn,
        desired_count=desired_count,
        configuration=configuration,
        spec=spec,
        created_at=context.engine.clock.now,
        created_by=context.caller,
    )
    context.add_tags(arn, tags)
    context.engine.create_service(service, definition)
    return {"service": describe(context, service)}


def _desired_count(call: Call) -> int | None:
    """At most as many as AWS allows. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""
    count: int | None = call.params.get("desiredCount")
    if count is not None and count < 0:
        raise invalid_parameter("Desired count must be positive.")
    if count is not None and count > MOST_TASKS_A_SERVICE:
        raise invalid_parameter(f"Desired count must be at most {MOST_TASKS_A_SERVICE}.")
    return count


def _create_again(
    context: Context,
    existing: Service,
    wanted: tuple[str, int, DeploymentConfiguration, dict[str, Any]],
) -> dict[str, Any]:
    present = (
        existing.primary.task_definition.arn,
        existing.desired_count,
        existing.configuration,
        dict(existing.spec),
    )
    if wanted != present:
        raise invalid_parameter("Creation of service was not idempotent.")
    return {"service": describe(context, existing)}


def _refuse_what_is_not_emulated(call: Call) -> None:
    params = call.params
    for name in ONLY_EMPTY:
        if params.get(name) and params[name] != {"enabled": False}:
            raise not_emulated(f"{name} of ecs:{call.operation}")
    if params.get("deploymentController", {}).get("type", "ECS") != "ECS":
        raise not_emulated(f"deployment controller {params['deploymentController']['type']}")
    if params.get("schedulingStrategy", "REPLICA") != "REPLICA":
        raise not_emulated(f"scheduling strategy {params['schedulingStrategy']}")
    if params.get("launchType", "FARGATE") != "FARGATE":
        raise not_emulated(f"launch type {params['launchType']}")


def update_service(context: Context, call: Call) -> dict[str, Any]:
    params = call.params
    call.emulated("service", "forceNewDeployment", *KEPT_SETTINGS, *IDENTITY, *ONLY_EMPTY)
    _refuse_what_is_not_emulated(call)
    service = context.find_service(context.cluster(call), str(params["service"]))
    if service is None:
        raise service_not_found()
    if service.status != ACTIVE:
        raise service_not_active()
    definition = None
    if params.get("taskDefinition"):
        definition = context.active_task_definition(call.region, str(params["taskDefinition"]))
    desired_count = _desired_count(call)
    configuration = deployment_configuration(call, service.configuration)
    spec = {**service.spec, **{key: params[key] for key in KEPT_SETTINGS if key in params}}
    check_network(
        call,
        context.neighbours,
        definition or service.primary.task_definition,
        spec.get("networkConfiguration", {}),
    )
    check_load_balancers(
        call,
        context.neighbours,
        definition or service.primary.task_definition,
        spec.get("loadBalancers", []),
    )
    check_what_goes_together(definition or service.primary.task_definition, spec, verb="updated")
    changed = [key for key in spec if spec[key] != service.spec.get(key)]
    context.engine.update_service(
        service,
        definition=definition,
        desired_count=desired_count,
        configuration=configuration,
        spec=spec,
        force_new_deployment=bool(params.get("forceNewDeployment"))
        or any(key not in NOT_A_TASK_SETTING for key in changed),
    )
    return {"service": describe(context, service)}


def delete_service(context: Context, call: Call) -> dict[str, Any]:
    """A service must be scaled to 0 first, or be deleted by force."""
    service = context.service(call, str(call.params["service"]))
    if service.status == DRAINING:
        return {"service": describe(context, service)}
    if service.desired_count and not call.params.get("force"):
        raise invalid_parameter("The service cannot be stopped while it is scaled above 0.")
    context.engine.delete_service(service)
    return {"service": describe(context, service)}


def describe_services(context: Context, call: Call) -> dict[str, Any]:
    """Up to ten. An unknown one is no error: it is listed under `failures`."""
    cluster = context.cluster(call)
    references = call.params["services"]
    if not references:
        raise invalid_parameter("Services cannot be empty.")
    if len(references) > MOST_SERVICES_A_CALL:
        raise invalid_parameter(
            f"A maximum of {MOST_SERVICES_A_CALL} services can be described in one call."
        )
    found, failures = [], []
    for reference in references:
        service = context.find_service(cluster, str(reference))
        if service is None:
            name = str(reference).rpartition("/")[2]
            arn = context.arn(call.region, "service", f"{cluster.name}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(describe(context, service, call.params.get("include", ())))
    return {"services": found, "failures": failures}


def list_services(context: Context, call: Call) -> dict[str, Any]:
    """A service that is being deleted is not listed any more; DescribeServices still has it."""
    call.emulated("cluster", "nextToken", "maxResults", "launchType", "schedulingStrategy")
    cluster = context.cluster(call)
    arns = [
        each.arn
        for each in context.engine.world.services.values()
        if each.cluster_arn == cluster.arn
        and each.status == ACTIVE
        and call.params.get("launchType", "FARGATE") == each.spec.get("launchType", "FARGATE")
        and call.params.get("schedulingStrategy", "REPLICA") == "REPLICA"
    ]
    return page(call, arns, "serviceArns", default=10)


def _counts(service: Service) -> dict[str, int]:
    return {
        "desiredCount": service.desired_count,
        "runningCount": sum(each.counts.running for each in service.deployments),
        "pendingCount": sum(each.counts.pending for each in service.deployments),
    }


def describe(context: Context, service: Service, include: Any = ("TAGS",)) -> dict[str, Any]:
    spec = service.spec
    primary = service.primary
    shown = () if service.status == INACTIVE else service.deployments
    newest = service.service_deployments[-1]
    reply = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn,
        "loadBalancers": list(spec.get("loadBalancers", [])),
        "serviceRegistries": [],
        "status": service.status,
        **_counts(service),
        "launchType": spec.get("launchType", "FARGATE"),
        "platformVersion": spec.get("platformVersion", "LATEST"),
        "platformFamily": "Linux",
        "taskDefinition": primary.task_definition.arn,
        "deploymentConfiguration": described(service.configuration),
        "deployments": [_describe_deployment(each) for each in shown],
        "roleArn": f"arn:aws:iam::{context.account_id}:role/aws-service-role/"
        "ecs.amazonaws.com/AWSServiceRoleForECS",
        "events": [
            {"id": each.id, "createdAt": each.created_at, "message": each.message}
            for each in service.events
        ],
        "createdAt": service.created_at,
        "currentServiceDeployment": newest.arn,
        "currentServiceRevisions": [
            {
                "arn": each.revision_arn,
                "requestedTaskCount": each.desired_count,
                "runningTaskCount": each.counts.running,
                "pendingTaskCount": each.counts.pending,
            }
            for each in shown
        ],
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": spec.get("networkConfiguration", {}),
        "healthCheckGracePeriodSeconds": spec.get("healthCheckGracePeriodSeconds", 0),
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": service.created_by,
        "enableECSManagedTags": spec.get("enableECSManagedTags", False),
        "propagateTags": spec.get("propagateTags", "NONE"),
        "enableExecuteCommand": spec.get("enableExecuteCommand", False),
        "availabilityZoneRebalancing": spec.get("availabilityZoneRebalancing", "ENABLED"),
    }
    if "TAGS" in include and (tags := context.tags_of(service.arn)):
        reply["tags"] = tags
    return reply


def _describe_deployment(deployment: Deployment) -> Mapping[str, Any]:
    spec = deployment.spec
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition.arn,
        "desiredCount": deployment.desired_count,
        "pendingCount": deployment.counts.pending,
        "runningCount": deployment.counts.running,
        "failedTasks": deployment.failures,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "launchType": spec.get("launchType", "FARGATE"),
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": spec.get("networkConfiguration", {}),
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.reason,
    }


OPERATIONS = {
    "CreateService": create_service,
    "UpdateService": update_service,
    "DeleteService": delete_service,
    "DescribeServices": describe_services,
    "ListServices": list_services,
}
