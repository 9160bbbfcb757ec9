"""Room: task definitions in the ECS API."""

from __future__ import annotations

from typing import Any

from ecs_emulator.api.context import Call, Context, is_name, page, tags_given
from ecs_emulator.api.errors import client_error, invalid_parameter
from ecs_emulator.api.task_definition_checks import check_task_definition, cpu_units, memory_mib
from ecs_emulator.world.state import ACTIVE, INACTIVE, TaskDefinition


def register_task_definition(context: Context, call: Call) -> dict[str, Any]:
    """Each registration is a new revision of the family: 1, 2, 3, …"""
    params = dict(call.params)
    tags, given = tags_given(call), params.pop("tags", [])
    family = str(params["family"])
    if not is_name(family):
        raise client_error(
            "Family contains invalid characters: use up to 255 letters, numbers, hyphens and "
            "underscores."
        )
    check_task_definition(params)
    revisions = context.engine.world.families.setdefault((call.region, family), [])
    revision = revisions[-1].revision + 1 if revisions else 1
    definition = TaskDefinition(
        arn=context.arn(call.region, "task-definition", f"{family}:{revision}"),
        family=family,
        revision=revision,
        spec=_filled_in(params),
        registered_at=context.engine.clock.now,
        registered_by=context.caller,
    )
    revisions.append(definition)
    context.engine.world.task_definitions[definition.arn] = definition
    context.add_tags(definition.arn, tags)
    return {"taskDefinition": _describe(definition), "tags": given}


def _filled_in(params: dict[str, Any]) -> dict[str, Any]:
    """What RegisterTaskDefinition adds by itself, and how it writes sizes: ".25 vCPU" is "256"."""
    network_mode = params.get("networkMode")
    containers = [
        {
            "cpu": 0,
            "essential": True,
            "environment": [],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            **container,
            "portMappings": [
                _port_mapping(mapping, network_mode)
                for mapping in container.get("portMappings", ())
            ],
        }
        for container in params["containerDefinitions"]
    ]
    fargate = "FARGATE" in params.get("requiresCompatibilities", [])
    sizes = {}
    if params.get("cpu"):
        sizes["cpu"] = str(cpu_units(params["cpu"]))
    if params.get("memory"):
        sizes["memory"] = str(memory_mib(params["memory"]))
    return {
        **params,
        **sizes,
        "containerDefinitions": containers,
        "volumes": params.get("volumes", []),
        "placementConstraints": params.get("placementConstraints", []),
        "compatibilities": ["EC2", "FARGATE"] if fargate else ["EC2"],
    }


def _port_mapping(mapping: dict[str, Any], network_mode: str | None) -> dict[str, Any]:
    """{"containerPort": 80} is also hostPort 80 with awsvpc and host, 0 with bridge; and tcp.

    A range of ports has no single port of its own.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
    """
    filled = {**mapping, "protocol": mapping.get("protocol", "tcp")}
    if "containerPort" in mapping and "hostPort" not in mapping:
        same = network_mode in ("awsvpc", "host")
        filled["hostPort"] = mapping["containerPort"] if same else 0
    return filled


def _describe(definition: TaskDefinition) -> dict[str, Any]:
    described = {
        "taskDefinitionArn": definition.arn,
        **definition.spec,
        "revision": definition.revision,
        "status": definition.status,
        "registeredAt": definition.registered_at,
        "registeredBy": definition.registered_by,
    }
    if definition.deregistered_at:
        described["deregisteredAt"] = definition.deregistered_at
    return described


def _by_revision(context: Context, call: Call, reference: str) -> TaskDefinition:
    if ":" not in reference.rpartition("/")[2]:
        raise client_error(
            "Invalid revision number. Number: null" if reference else "Task definition is blank."
        )
    found = context.task_definition(call.region, reference)
    if found is None:
        raise client_error("Unable to describe task definition.")
    return found


def describe_task_definition(context: Context, call: Call) -> dict[str, Any]:
    found = context.task_definition(call.region, str(call.params["taskDefinition"]))
    if found is None:
        raise client_error("Unable to describe task definition.")
    reply: dict[str, Any] = {"taskDefinition": _describe(found)}
    if "TAGS" in call.params.get("include", ()):
        reply["tags"] = context.tags_of(found.arn)
    return reply


def deregister_task_definition(context: Context, call: Call) -> dict[str, Any]:
    """INACTIVE: no new service may use it; services that do go on."""
    found = _by_revision(context, call, str(call.params["taskDefinition"]))
    if found.status == ACTIVE:
        found.status, found.deregistered_at = INACTIVE, context.engine.clock.now
    return {"taskDefinition": _describe(found)}


def _why_not_deleted(found: TaskDefinition | None, *, has_revision: bool) -> str:
    if not has_revision:
        return (
            "The specified task definition identifier is invalid. Specify a valid name or ARN and "
            "try again."
        )
    if found is None:
        return (
            "The specified task definition does not exist. Specify a valid account, family, "
            "revision and try again."
        )
    if found.status != INACTIVE:
        return (
            "The specified task definition is still in ACTIVE status. Please deregister the "
            "target and try again."
        )
    return ""


def delete_task_definitions(context: Context, call: Call) -> dict[str, Any]:
    """Only INACTIVE revisions. They become DELETE_IN_PROGRESS; here they are gone at once.

    One that cannot be deleted is no error: it is listed under `failures`.
    """
    references = call.params["taskDefinitions"]
    if not references:
        raise invalid_parameter("size of TaskDefinition references list must be greater than 0")
    if len(references) > 10:
        raise invalid_parameter("Size of TaskDefinition references list cannot exceed 10")
    deleted, failures = [], []
    for reference in references:
        has_revision = ":" in str(reference).rpartition("/")[2]
        found = context.task_definition(call.region, str(reference)) if has_revision else None
        reason = _why_not_deleted(found, has_revision=has_revision)
        if found is None or reason:
            failures.append({"arn": found.arn if found else str(reference), "reason": reason})
            continue
        deleted.append({**_describe(found), "status": "DELETE_IN_PROGRESS"})
        context.engine.world.task_definitions.pop(found.arn)
        context.engine.world.tags.pop(found.arn, None)
        found.status = "DELETE_IN_PROGRESS"
    return {"taskDefinitions": deleted, "failures": failures}


def list_task_definitions(context: Context, call: Call) -> dict[str, Any]:
    status = call.params.get("status", ACTIVE)
    prefix = call.params.get("familyPrefix")
    found = [
        each
        for (region, family), revisions in sorted(context.engine.world.families.items())
        for each in revisions
        if region == call.region and each.status == status and prefix in (None, family)
    ]
    if call.params.get("sort") == "DESC":
        found.reverse()
    return page(call, [each.arn for each in found], "taskDefinitionArns")


def list_task_definition_families(context: Context, call: Call) -> dict[str, Any]:
    status = call.params.get("status", "ALL")
    prefix = str(call.params.get("familyPrefix", ""))
    families = [
        family
        for (region, family), revisions in sorted(context.engine.world.families.items())
        if region == call.region
        and family.startswith(prefix)
        and _has_status([each.status for each in revisions], status)
    ]
    return page(call, families, "families")


def _has_status(statuses: list[str], wanted: str) -> bool:
    if wanted == "ALL":
        return True
    return (ACTIVE in statuses) == (wanted == ACTIVE)


OPERATIONS = {
    "RegisterTaskDefinition": register_task_definition,
    "DescribeTaskDefinition": describe_task_definition,
    "DeregisterTaskDefinition": deregister_task_definition,
    "DeleteTaskDefinitions": delete_task_definitions,
    "ListTaskDefinitions": list_task_definitions,
    "ListTaskDefinitionFamilies": list_task_definition_families,
}
