"""Room: the plan of notebook 20: the cluster if it is absent, and the service with its breaker."""

from __future__ import annotations

from typing import Any

from runbook_lib import facts
from runbook_lib.errors import BadParameter, NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import ECS_TAGS, in_lower_case, is_ours, shared_tags
from runbook_lib.plans.sharing import Shared
from runbook_lib.plans.steps import Plan, Step

_AWS_DEFAULT = facts.CircuitBreaker(enable=True, rollback=True)


def breaker_input(breaker: facts.CircuitBreaker) -> dict[str, Any]:
    """`deploymentConfiguration` with this breaker. What is AWS's default is left out."""
    given: dict[str, Any] = {"enable": breaker.enable, "rollback": breaker.rollback}
    if not breaker.has_threshold_of(_AWS_DEFAULT):
        given["thresholdConfiguration"] = {
            "type": breaker.threshold_type,
            "value": breaker.threshold_value,
        }
    if not breaker.reset_on_healthy_task:
        given["resetOnHealthyTask"] = False
    return {"deploymentCircuitBreaker": given}


def changed_breaker_input(
    wanted: facts.CircuitBreaker, present: facts.CircuitBreaker
) -> dict[str, Any]:
    """`deploymentConfiguration` that brings a service from one breaker to another.

    UpdateService keeps what is left out, so even AWS's own threshold is given where another one is
    set, and the counting model where it is not the wanted one.
    """
    configuration = breaker_input(wanted)
    given = configuration["deploymentCircuitBreaker"]
    if not present.has_threshold_of(wanted):
        given["thresholdConfiguration"] = {
            "type": wanted.threshold_type,
            "value": wanted.threshold_value,
        }
    if present.reset_on_healthy_task != wanted.reset_on_healthy_task:
        given["resetOnHealthyTask"] = wanted.reset_on_healthy_task
    return configuration


def check_cluster(settings: Settings, *, exists: bool, known: list[str]) -> None:
    """Only the cluster `default` is made when it is absent: another name is likely a typo."""
    if exists or settings.cluster == "default":
        return
    listed = ", ".join(known) or "no cluster at all"
    raise BadParameter(
        name="cluster",
        problem=f"{settings.cluster!r} does not exist in {settings.region}; there is {listed}",
        example=known[0] if known else "default",
    )


def check_network(settings: Settings, missing: tuple[str, ...]) -> None:
    for each in missing:
        name = "subnets" if each.startswith("subnet-") else "security_groups"
        raise BadParameter(
            name=name,
            problem=f"{each} does not exist in {settings.region}; empty takes the default VPC's",
            example='""',
        )


def chosen_network(settings: Settings, default: facts.Network | None) -> facts.Network:
    """The parameters' subnets and security groups, or the default VPC's."""
    if settings.subnet_ids:
        groups = settings.security_group_ids
        return facts.Network(settings.subnet_ids, groups, "parameters")
    if default is None:
        raise BadParameter(
            name="subnets",
            problem=f"empty, and {settings.region} has no default VPC",
            example="subnet-0abc,subnet-0def",
        )
    if not settings.security_group_ids:
        return default
    return facts.Network(default.subnet_ids, settings.security_group_ids, default.source)


def plan_service(
    settings: Settings,
    *,
    cluster: facts.Cluster | None,
    network: facts.Network,
    revision: str,
    service: facts.Service | None,
) -> Plan:
    """`revision` is the good one, "my-task:1". An own service whose breaker is off is fixed.

    One whose deployment has FAILED is deployed again. One that is DRAINING is created anew, once
    it has drained: until then AWS refuses its name.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html

    Raises `NotOurs` for a service of that name without the runbook's tag.
    """
    if service is not None and not is_ours(service.tags):
        raise NotOurs(
            what=f"service {settings.service} in cluster {settings.cluster}",
            next_step="choose another name for the parameter service",
        )
    steps = [
        *cluster_steps(settings, cluster),
        create_service_step(settings, network, revision, service),
    ]
    steps += guard_steps(settings, service)
    if service is not None and service.is_active and _has_stalled(service):
        steps.append(_deploy_again(settings, revision))
    draining = settings.cluster if service is not None and service.is_draining else ""
    return Plan("Create the service", settings.service, tuple(steps), draining)


def cluster_steps(settings: Settings, cluster: facts.Cluster | None) -> tuple[Step, ...]:
    """The cluster, if it is absent; the tag that this service uses it, too, if it is shared."""
    create = Step(
        service="ecs",
        operation="CreateCluster",
        input={"clusterName": settings.cluster, "tags": in_lower_case(shared_tags(settings.user))},
        why="a service lives in a cluster",
        makes=f"cluster {settings.cluster}",
        permissions=("ecs:CreateCluster", "ecs:TagResource", "iam:CreateServiceLinkedRole"),
        undo="aws ecs delete-cluster",
        satisfied=f"cluster {settings.cluster} exists" if cluster else "",
    )
    return create, *(shared_cluster(cluster).use_steps(settings.user) if cluster else ())


def shared_cluster(cluster: facts.Cluster) -> Shared:
    return Shared("ecs", f"cluster {cluster.name}", cluster.arn, cluster.tags)


def create_service_step(
    settings: Settings, network: facts.Network, revision: Any, service: facts.Service | None
) -> Step:
    """`revision` is a name, "my-task:1", or the `Result` that will bring it."""
    configuration = {
        "subnets": list(network.subnet_ids),
        "securityGroups": list(network.security_group_ids),
        "assignPublicIp": "ENABLED",
    }
    return Step(
        service="ecs",
        operation="CreateService",
        input={
            "cluster": settings.cluster,
            "serviceName": settings.service,
            "deploymentController": {"type": "ECS"},
            "desiredCount": settings.desired_count,
            "deploymentConfiguration": breaker_input(settings.circuit_breaker),
            "taskDefinition": revision,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": configuration},
            "tags": ECS_TAGS,
        },
        why="circuit breaker and rollback are set here",
        makes=f"service {settings.service}",
        permissions=("ecs:CreateService", "ecs:TagResource"),
        undo="aws ecs delete-service --force",
        satisfied=f"service {settings.service} is ACTIVE" if service and service.is_active else "",
        repeats=("not idempotent",),
    )


def _has_stalled(service: facts.Service) -> bool:
    """What is PRIMARY has FAILED, so nothing was rolled back."""
    return service.primary is not None and service.primary.has_failed


def _deploy_again(settings: Settings, revision: str) -> Step:
    return Step(
        service="ecs",
        operation="UpdateService",
        input={
            "cluster": settings.cluster,
            "service": settings.service,
            "taskDefinition": revision,
            "forceNewDeployment": True,
        },
        why="its deployment has failed, and ECS does not try again by itself",
        makes=f"a deployment of {revision}",
        permissions=("ecs:UpdateService", "iam:PassRole"),
        undo="aws ecs delete-service --force",
    )


def guard_steps(settings: Settings, service: facts.Service | None) -> tuple[Step, ...]:
    """Set the breaker of a service of ours to what the parameters say, if it is anything else."""
    wanted = settings.circuit_breaker
    if service is None or not service.is_active or not is_ours(service.tags):
        return ()
    present = service.circuit_breaker
    if present.rolls_back and present.has_threshold_of(wanted):
        return ()
    why = "its breaker is set otherwise than the parameters say; this starts no deployment"
    return (set_breaker_step(settings, changed_breaker_input(wanted, present), why),)


def set_breaker_step(settings: Settings, configuration: dict[str, Any], why: str) -> Step:
    """`configuration` is a `deploymentConfiguration`, as `changed_breaker_input` gives it."""
    return Step(
        service="ecs",
        operation="UpdateService",
        input={
            "cluster": settings.cluster,
            "service": settings.service,
            "deploymentConfiguration": configuration,
        },
        why=why,
        makes=f"circuit breaker of {settings.service}",
        permissions=("ecs:UpdateService",),
        undo="aws ecs update-service --deployment-configuration",
    )
