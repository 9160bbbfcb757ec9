"""Room: what ECS tells EventBridge.

Lives here: the envelope and the detail of each event that ECS sends, field by field.
Never here: which rule matches, who receives.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ecs_emulator.world.state import Service, Task

Event = dict[str, Any]

SOURCE = "aws.ecs"
TASK_CHANGE = "ECS Task State Change"
DEPLOYMENT_IN_PROGRESS = "SERVICE_DEPLOYMENT_IN_PROGRESS"
DEPLOYMENT_COMPLETED = "SERVICE_DEPLOYMENT_COMPLETED"
DEPLOYMENT_FAILED = "SERVICE_DEPLOYMENT_FAILED"
STEADY_STATE = "SERVICE_STEADY_STATE"
TASK_START_IMPAIRED = "SERVICE_TASK_START_IMPAIRED"
PLACEMENT_FAILURE = "SERVICE_TASK_PLACEMENT_FAILURE"
OPERATION_THROTTLED = "ECS_OPERATION_THROTTLED"
REBALANCING_STARTED = "SERVICE_REBALANCING_STARTED"
REBALANCING_COMPLETED = "SERVICE_REBALANCING_COMPLETED"
REBALANCING_STOPPED = "SERVICE_REBALANCING_STOPPED"
TASKS_STARTED, TASKS_STOPPED = "TASKS_STARTED", "TASKS_STOPPED"
SCALE_IN_FAILURE = "TASKSET_SCALE_IN_FAILURE_BY_TASK_PROTECTION"
TASK_CONFIGURATION_FAILURE = "SERVICE_TASK_CONFIGURATION_FAILURE"
HEALTH_UNKNOWN = "SERVICE_HEALTH_UNKNOWN"
DESIRED_COUNT_UPDATED = "SERVICE_DESIRED_COUNT_UPDATED"
_SERVICE_ACTION_TYPES = {
    DEPLOYMENT_FAILED: "ERROR",
    TASK_CONFIGURATION_FAILURE: "ERROR",
    HEALTH_UNKNOWN: "ERROR",
    TASK_START_IMPAIRED: "WARN",
    PLACEMENT_FAILURE: "ERROR",
    OPERATION_THROTTLED: "ERROR",
}

_TO_SECONDS, _TO_MILLISECONDS = len("2026-01-05T09:00:40"), len("2026-01-05T09:00:40.730")


def in_milliseconds(moment: datetime) -> str:
    """2026-01-05T09:00:40.730Z is written 2026-01-05T09:00:40.73Z: no zeros at the end."""
    text = moment.isoformat(timespec="milliseconds")[:_TO_MILLISECONDS]
    return f"{text.rstrip('0').rstrip('.') if text.endswith('0') else text}Z"


def in_whole_seconds(moment: datetime) -> str:
    """The envelope's time."""
    return f"{moment.isoformat()[:_TO_SECONDS]}Z"


def envelope(
    detail_type: str,
    *,
    account: str,
    region: str,
    resource: str,
    event_id: str,
    now: datetime,
    detail: Event,
) -> Event:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": SOURCE,
        "account": account,
        "time": in_whole_seconds(now),
        "region": region,
        "resources": [resource],
        "detail": detail,
    }


def deployment_detail(
    service: Service, *, name: str, deployment_id: str, reason: str, updated_at: datetime
) -> Event:
    """AWS's reference page shows no clusterArn; the event in AWS's own how-to of 2024 has it.

    `updated_at` is not when it failed: recordings have it 79 and 485 s before the event.
    """
    return {
        "eventType": "ERROR" if name == DEPLOYMENT_FAILED else "INFO",
        "eventName": name,
        "clusterArn": service.cluster_arn,
        "deploymentId": deployment_id,
        "updatedAt": in_milliseconds(updated_at),
        "reason": reason,
    }


def service_action_detail(service: Service, *, name: str, now: datetime, reason: str = "") -> Event:
    """`reason` only where ECS gives one: RESOURCE:FARGATE with a placement failure."""
    return {
        "eventType": _SERVICE_ACTION_TYPES.get(name, "INFO"),
        "eventName": name,
        "clusterArn": service.cluster_arn,
        **({"reason": reason} if reason else {}),
        "createdAt": in_milliseconds(now),
    }


def task_detail(task: Task, now: datetime) -> Event:
    """A field that has no value yet is left out, as ECS does: no startedAt, no stopCode."""
    definition = task.task_definition
    moments = {
        "connectivityAt": task.connectivity_at,
        "pullStartedAt": task.pull_started_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "stoppedAt": task.stopped_at,
        "pullStoppedAt": task.pull_stopped_at,
        "executionStoppedAt": task.execution_stopped_at,
    }
    detail: Event = {
        "attachments": [attachment(task)],
        "availabilityZone": task.availability_zone,
        "clusterArn": task.cluster_arn,
        "containers": containers(task),
        "createdAt": in_milliseconds(task.created_at),
        "launchType": "FARGATE",
        "cpu": str(definition.spec.get("cpu", "256")),
        "memory": str(definition.spec.get("memory", "512")),
        "desiredStatus": task.desired_status,
        "group": f"service:{task.service_arn.rpartition('/')[2]}",
        "lastStatus": task.status,
        "overrides": {"containerOverrides": [{"name": c["name"]} for c in definition.containers]},
    }
    if task.connectivity_at:
        detail["connectivity"] = "CONNECTED"
    detail |= {name: in_milliseconds(each) for name, each in moments.items() if each}
    if task.stop:
        detail |= {"stoppedReason": task.stop.reason, "stopCode": task.stop.code}
    return detail | {
        "startedBy": task.deployment_id,
        "updatedAt": in_milliseconds(now),
        "taskArn": task.arn,
        "taskDefinitionArn": definition.arn,
        "version": task.version,
        "platformVersion": "1.4.0",
    }


def attachment(task: Task) -> Event:
    """The task's network interface, as DescribeTasks and the task event show it."""
    names = ("subnetId", "networkInterfaceId", "macAddress", "privateIPv4Address")
    status = "DELETED" if task.status == "STOPPED" else "ATTACHED"
    if task.connectivity_at is None and status == "ATTACHED":
        status = "PRECREATED"
    known = {"subnetId": task.subnet_id, **task.network_ids}
    return {
        "id": task.network_ids["attachmentId"],
        "type": "eni",
        "status": status,
        "details": [{"name": name, "value": known[name]} for name in names],
    }


def containers(task: Task) -> list[Event]:
    """One entry a container. exitCode only if it ran, reason only if ECS gives one.

    Its health is in DescribeTasks alone: the task event does not show it.
    """
    head, _, task_id = task.arn.partition(":task/")
    shown = []
    for container in task.task_definition.containers:
        entry: Event = {
            "containerArn": f"{head}:container/{task_id}/{container['name']}",
            "lastStatus": _container_status(task),
            "name": container["name"],
            "image": container["image"],
            "taskArn": task.arn,
            "networkInterfaces": [
                {
                    "attachmentId": task.network_ids["attachmentId"],
                    "privateIpv4Address": task.network_ids["privateIPv4Address"],
                }
            ],
            "cpu": str(container.get("cpu", 0)),
        }
        if task.started_at:
            entry["runtimeId"] = f"{task.id}-{task.network_ids['runtimeNumber']}"
        if task.execution_stopped_at and container["name"] in task.exit_codes:
            entry["exitCode"] = task.exit_codes[container["name"]]
        if reason := task.container_reasons.get(container["name"]):
            entry["reason"] = reason
        shown.append(entry)
    return shown


def _container_status(task: Task) -> str:
    if task.status == "STOPPED" or task.execution_stopped_at:
        return "STOPPED"
    return "RUNNING" if task.started_at else "PENDING"
