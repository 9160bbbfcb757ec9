"""Room: service deployments and service revisions in the ECS API.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ecs_emulator.api.context import Call, Context, page
from ecs_emulator.api.errors import EcsError, invalid_parameter
from ecs_emulator.api.service_settings import described
from ecs_emulator.world.state import Service, ServiceDeployment, ServiceRevision

MOST_ARNS_A_CALL = 20
HISTORY = timedelta(days=90)


def list_service_deployments(context: Context, call: Call) -> dict[str, Any]:
    """Newest first, of the last 90 days."""
    service = context.service(call, str(call.params["service"]))
    oldest = context.engine.clock.now - HISTORY
    wanted = call.params.get("status")
    created = call.params.get("createdAt", {})
    briefs = [
        _brief(each)
        for each in reversed(service.service_deployments)
        if each.created_at >= oldest
        and (not wanted or each.status in wanted)
        and _is_between(each.created_at, created.get("after"), created.get("before"))
    ]
    return page(call, briefs, "serviceDeployments", default=20)


def _is_between(moment: datetime, after: Any, before: Any) -> bool:
    seconds = moment.timestamp()
    return (after is None or seconds >= float(after)) and (
        before is None or seconds <= float(before)
    )


def _brief(record: ServiceDeployment) -> dict[str, Any]:
    return _without_none(
        {
            "serviceDeploymentArn": record.arn,
            "serviceArn": record.service_arn,
            "clusterArn": record.cluster_arn,
            "createdAt": record.created_at,
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "targetServiceRevisionArn": record.target_revision_arn,
            "status": record.status,
            "statusReason": record.status_reason,
        }
    )


def _without_none(reply: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in reply.items() if each is not None}


def _arns(call: Call, member: str) -> list[str]:
    arns = [str(each) for each in call.params[member]]
    if not arns:
        raise invalid_parameter(f"{member} can not be empty.")
    if len(arns) > MOST_ARNS_A_CALL:
        raise invalid_parameter(f"You can specify up to {MOST_ARNS_A_CALL} ARNs in {member}.")
    return arns


def _service_of(context: Context, arn: str, kind: str) -> Service | None:
    head, _, _ = arn.replace(f":{kind}/", ":service/").rpartition("/")
    return context.engine.world.services.get(head)


def describe_service_deployments(context: Context, call: Call) -> dict[str, Any]:
    found, failures = [], []
    for arn in _arns(call, "serviceDeploymentArns"):
        service = _service_of(context, arn, "service-deployment")
        records = service.service_deployments if service else []
        record = next((each for each in records if each.arn == arn), None)
        if service is None or record is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(_describe(service, record))
    return {"serviceDeployments": found, "failures": failures}


def _describe(service: Service, record: ServiceDeployment) -> dict[str, Any]:
    reply: dict[str, Any] = {
        **_brief(record),
        "stoppedAt": record.stopped_at,
        "updatedAt": record.updated_at,
        "sourceServiceRevisions": [
            {
                "arn": arn,
                "requestedTaskCount": count,
                "runningTaskCount": count,
                "pendingTaskCount": 0,
            }
            for arn, count in record.source_revisions
        ],
        "targetServiceRevision": _target(service, record),
        "deploymentConfiguration": described(record.configuration),
        "deploymentCircuitBreaker": {
            "status": record.breaker_status,
            "failureCount": record.failure_count,
            "threshold": record.threshold,
        },
        "alarms": _alarms(record),
    }
    reply.pop("targetServiceRevisionArn")
    if record.rollback_started_at:
        reply["rollback"] = {
            "reason": record.rollback_reason,
            "startedAt": record.rollback_started_at,
            "serviceRevisionArn": record.rollback_revision_arn,
        }
    return _without_none(reply)


def _alarms(record: ServiceDeployment) -> dict[str, Any]:
    """Just the status while no alarm is configured."""
    if not record.alarm_names:
        return {"status": record.alarm_status}
    return {
        "status": record.alarm_status,
        "alarmNames": list(record.alarm_names),
        "triggeredAlarmNames": list(record.triggered_alarms),
    }


def _target(service: Service, record: ServiceDeployment) -> dict[str, Any]:
    requested, running, pending = service.target_counts(record)
    return {
        "arn": record.target_revision_arn,
        "requestedTaskCount": requested,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def stop_service_deployment(context: Context, call: Call) -> dict[str, Any]:
    """Only one that is in progress. Without a stopType it is rolled back.

    One that is already on its way back goes on: there is nothing more to ask for.
    """
    arn = str(call.params["serviceDeploymentArn"])
    service = _service_of(context, arn, "service-deployment")
    records = service.service_deployments if service else []
    record = next((each for each in records if each.arn == arn), None)
    if service is None or record is None:
        raise EcsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    if record.status in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"):
        return {"serviceDeploymentArn": arn}
    if record.status not in ("PENDING", "IN_PROGRESS"):
        raise EcsError(
            "ConflictException", f"The service deployment cannot be stopped: it is {record.status}."
        )
    rollback = call.params.get("stopType", "ROLLBACK") == "ROLLBACK"
    context.engine.stop_service_deployment(service, record, rollback=rollback)
    return {"serviceDeploymentArn": arn}


def describe_service_revisions(context: Context, call: Call) -> dict[str, Any]:
    found, failures = [], []
    for arn in _arns(call, "serviceRevisionArns"):
        service = _service_of(context, arn, "service-revision")
        revisions = service.revisions if service else []
        revision = next((each for each in revisions if each.arn == arn), None)
        if revision is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(_describe_revision(context, revision))
    return {"serviceRevisions": found, "failures": failures}


def _describe_revision(context: Context, revision: ServiceRevision) -> dict[str, Any]:
    definition = context.engine.world.task_definitions.get(revision.task_definition_arn)
    containers = definition.containers if definition else ()
    return {
        "serviceRevisionArn": revision.arn,
        "serviceArn": revision.service_arn,
        "clusterArn": revision.cluster_arn,
        "taskDefinition": revision.task_definition_arn,
        "launchType": revision.spec.get("launchType", "FARGATE"),
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "loadBalancers": list(revision.spec.get("loadBalancers", [])),
        "serviceRegistries": [],
        "networkConfiguration": revision.spec.get("networkConfiguration", {}),
        "containerImages": [
            {"containerName": each["name"], "image": each["image"]} for each in containers
        ],
        "guardDutyEnabled": False,
        "createdAt": revision.created_at,
        "vpcLatticeConfigurations": [],
    }


OPERATIONS = {
    "ListServiceDeployments": list_service_deployments,
    "DescribeServiceDeployments": describe_service_deployments,
    "StopServiceDeployment": stop_service_deployment,
    "DescribeServiceRevisions": describe_service_revisions,
}
