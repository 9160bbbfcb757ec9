"""Room: tasks in the ECS API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ecs_emulator.api.context import Call, Context, page
from ecs_emulator.api.errors import invalid_parameter, service_not_found
from ecs_emulator.world import aws_events
from ecs_emulator.world.state import Cluster, Task

MOST_TASKS_A_CALL = 100
MOST_TASKS_A_PROTECTION = 10
DEFAULT_PROTECTION_MINUTES, MOST_PROTECTION_MINUTES = 120, 2880


def list_tasks(context: Context, call: Call) -> dict[str, Any]:
    """RUNNING ones, that is those that should run, unless desiredStatus says STOPPED."""
    call.emulated(
        "cluster",
        "family",
        "startedBy",
        "serviceName",
        "desiredStatus",
        "launchType",
        "nextToken",
        "maxResults",
    )
    params, cluster = call.params, context.cluster(call)
    service_arn = None
    if name := params.get("serviceName"):
        service = context.find_service(cluster, str(name))
        if service is None:
            raise service_not_found()
        service_arn = service.arn
    arns = [
        task.arn
        for task in context.engine.world.tasks.values()
        if task.cluster_arn == cluster.arn
        and task.desired_status == params.get("desiredStatus", "RUNNING")
        and service_arn in (None, task.service_arn)
        and params.get("startedBy") in (None, task.deployment_id)
        and params.get("family") in (None, task.task_definition.family)
        and params.get("launchType", "FARGATE") == "FARGATE"
    ]
    return page(call, arns, "taskArns")


def _find(context: Context, cluster: Cluster, reference: str) -> tuple[str, Task | None]:
    task_id = reference.rpartition("/")[2]
    arn = context.arn(cluster.region, "task", f"{cluster.name}/{task_id}")
    return arn, context.engine.world.tasks.get(arn)


def describe_tasks(context: Context, call: Call) -> dict[str, Any]:
    """Stopped tasks are shown for an hour; after that they are MISSING."""
    cluster, references = context.cluster(call), call.params["tasks"]
    if not references:
        raise invalid_parameter("Tasks cannot be empty.")
    if len(references) > MOST_TASKS_A_CALL:
        raise invalid_parameter(f"A maximum of {MOST_TASKS_A_CALL} tasks can be described.")
    found, failures = [], []
    for reference in references:
        arn, task = _find(context, cluster, str(reference))
        if task is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(_describe(context, task, call.params.get("include", ())))
    return {"tasks": found, "failures": failures}


def stop_task(context: Context, call: Call) -> dict[str, Any]:
    _, task = _find(context, context.cluster(call), str(call.params["task"]))
    if task is None:
        raise invalid_parameter("The referenced task was not found.")
    context.engine.stop_task(task, str(call.params.get("reason") or "Task stopped by user"))
    return {"task": _describe(context, task)}


def update_task_protection(context: Context, call: Call) -> dict[str, Any]:
    """Up to ten tasks of a service, for 1 minute to 48 hours, for two hours if nothing is said."""
    minutes = call.params.get("expiresInMinutes", DEFAULT_PROTECTION_MINUTES)
    if not 1 <= minutes <= MOST_PROTECTION_MINUTES:
        raise invalid_parameter(
            f"expiresInMinutes must be between 1 and {MOST_PROTECTION_MINUTES} minutes."
        )
    tasks, failures = _protectable(context, call, MOST_TASKS_A_PROTECTION)
    until = context.engine.clock.now + timedelta(minutes=minutes)
    for task in tasks:
        context.engine.protect_task(task, until if call.params["protectionEnabled"] else None)
    return {"protectedTasks": [_protection(each) for each in tasks], "failures": failures}


def get_task_protection(context: Context, call: Call) -> dict[str, Any]:
    tasks, failures = _protectable(context, call, MOST_TASKS_A_CALL)
    return {"protectedTasks": [_protection(each) for each in tasks], "failures": failures}


def _protectable(context: Context, call: Call, most: int) -> tuple[list[Task], list[Any]]:
    """Those that can be protected. One that is stopping is not valid, an unknown one MISSING."""
    cluster, references = context.cluster(call), call.params.get("tasks", ())
    if not references:
        raise invalid_parameter("Tasks cannot be empty.")
    if len(references) > most:
        raise invalid_parameter(f"A maximum of {most} tasks can be given.")
    found, failures = [], []
    for reference in references:
        arn, task = _find(context, cluster, str(reference))
        if task is None or task.is_stopping:
            reason = "MISSING" if task is None else "TASK_NOT_VALID"
            failures.append({"arn": arn, "reason": reason})
            continue
        found.append(task)
    return found, failures


def _protection(task: Task) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "taskArn": task.arn,
        "protectionEnabled": task.protected_until is not None,
    }
    if task.protected_until is not None:
        shown["expirationDate"] = task.protected_until
    return shown


def _describe(context: Context, task: Task, include: Any = ()) -> dict[str, Any]:
    definition = task.task_definition
    moments = {
        "connectivityAt": task.connectivity_at,
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.pull_stopped_at,
        "startedAt": task.started_at,
        "executionStoppedAt": task.execution_stopped_at,
        "stoppingAt": task.stopping_at,
        "stoppedAt": task.stopped_at,
    }
    reply: dict[str, Any] = {
        "attachments": [aws_events.attachment(task)],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": task.availability_zone,
        "clusterArn": task.cluster_arn,
        "containers": _containers(task),
        "cpu": str(definition.spec.get("cpu", "256")),
        "createdAt": task.created_at,
        "desiredStatus": task.desired_status,
        "enableExecuteCommand": False,
        "group": f"service:{task.service_arn.rpartition('/')[2]}",
        "healthStatus": task.health,
        "lastStatus": task.status,
        "launchType": "FARGATE",
        "memory": str(definition.spec.get("memory", "512")),
        "overrides": {
            "containerOverrides": [{"name": c["name"]} for c in definition.containers],
            "inferenceAcceleratorOverrides": [],
        },
        "platformFamily": "Linux",
        "platformVersion": "1.4.0",
        "startedBy": task.deployment_id,
        "tags": context.tags_of(task.arn) if "TAGS" in include else [],
        "taskArn": task.arn,
        "taskDefinitionArn": definition.arn,
        "version": task.version,
        "ephemeralStorage": {"sizeInGiB": 20},
        **{name: each for name, each in moments.items() if each},
    }
    if task.connectivity_at:
        reply["connectivity"] = "CONNECTED"
    if task.stop:
        reply |= {"stopCode": task.stop.code, "stoppedReason": task.stop.reason}
    return reply


def _containers(task: Task) -> list[dict[str, Any]]:
    """As the task event has them, and the health of each: UNKNOWN for one without a check."""
    checked = {each["name"] for each in task.task_definition.containers if "healthCheck" in each}
    return [
        {
            **container,
            "healthStatus": task.health if container["name"] in checked else "UNKNOWN",
            "managedAgents": [],
        }
        for container in aws_events.containers(task)
    ]


OPERATIONS = {
    "ListTasks": list_tasks,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
    "UpdateTaskProtection": update_task_protection,
    "GetTaskProtection": get_task_protection,
}
