"""Room: what Amazon ECS says of clusters, services, deployments, tasks and task definitions.

Lives here: every read call of ECS and the translation out of camelCase.
Never here: decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.aws.reading.paging import batches, pages, tags_of
from runbook_lib.aws.refusals import code_of
from runbook_lib.aws.session import Session
from runbook_lib.facts import short

TASKS_A_CALL = 100
SERVICES_A_CALL = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""
LATEST_REVISIONS = 20
ALL_REVISIONS = 1_000_000
"""More than a family can have. https://docs.aws.amazon.com/general/latest/gr/ecs-service.html"""


def read_cluster(session: Session, name: str) -> facts.Cluster | None:
    """The ACTIVE cluster of that name; None if there is none."""
    reply = session.client("ecs").describe_clusters(clusters=[name], include=["TAGS"])
    found = [
        facts.Cluster(
            name=each["clusterName"],
            arn=each["clusterArn"],
            tags={tag["key"]: tag["value"] for tag in each.get("tags", ())},
            active_services=each["activeServicesCount"],
        )
        for each in reply["clusters"]
        if each["status"] == "ACTIVE"
    ]
    return found[0] if found else None


def read_cluster_names(session: Session) -> list[str]:
    return [short(arn) for arn in pages(session, "ecs", "list_clusters", "clusterArns")]


def read_service(session: Session, cluster: str, name: str) -> facts.Service | None:
    """The service, or None if it does not exist or is INACTIVE."""
    try:
        reply = session.client("ecs").describe_services(
            cluster=cluster, services=[name], include=["TAGS"]
        )
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            return None
        raise
    found = [_service(each) for each in reply["services"] if each["status"] != "INACTIVE"]
    return found[0] if found else None


def read_services(session: Session, cluster: str, names: Sequence[str]) -> dict[str, facts.Service]:
    """The services of these names, ten a call: 500 names are 50 calls.

    One that does not exist or is INACTIVE is left out: read_services(…, ["web", "gone"]) has "web".
    """
    ecs = session.client("ecs")
    raw = [
        each
        for batch in batches(names, SERVICES_A_CALL)
        for each in ecs.describe_services(cluster=cluster, services=batch)["services"]
    ]
    return {each["serviceName"]: _service(each) for each in raw if each["status"] != "INACTIVE"}


def _service(raw: dict[str, Any]) -> facts.Service:
    configuration = raw["deploymentConfiguration"]
    alarms = configuration.get("alarms", {})
    return facts.Service(
        name=raw["serviceName"],
        arn=raw["serviceArn"],
        cluster_arn=raw["clusterArn"],
        status=raw["status"],
        desired_count=raw["desiredCount"],
        running_count=raw["runningCount"],
        pending_count=raw["pendingCount"],
        task_definition=short(raw["taskDefinition"]),
        circuit_breaker=_breaker(configuration.get("deploymentCircuitBreaker", {})),
        deployments=tuple(_deployment(each) for each in raw["deployments"]),
        events=tuple(
            facts.ServiceEvent(each["createdAt"], each["message"]) for each in raw["events"]
        ),
        tags=tags_of(raw.get("tags", ())),
        alarms=facts.DeploymentAlarms(
            names=tuple(alarms.get("alarmNames", ())),
            enable=alarms.get("enable", False),
            rollback=alarms.get("rollback", False),
        ),
        deployment_controller=raw.get("deploymentController", {}).get("type", "ECS"),
        grace_seconds=raw.get("healthCheckGracePeriodSeconds", 0),
    )


def _breaker(raw: Mapping[str, Any]) -> facts.CircuitBreaker:
    threshold = raw.get("thresholdConfiguration", {})
    return facts.CircuitBreaker(
        enable=raw.get("enable", False),
        rollback=raw.get("rollback", False),
        threshold_type=threshold.get("type", "BOUNDED_PERCENT"),
        threshold_value=threshold.get("value", 50),
        reset_on_healthy_task=raw.get("resetOnHealthyTask", True),
    )


def _deployment(raw: dict[str, Any]) -> facts.Deployment:
    return facts.Deployment(
        id=raw["id"],
        status=raw["status"],
        rollout_state=raw.get("rolloutState", ""),
        rollout_state_reason=raw.get("rolloutStateReason", ""),
        task_definition=short(raw["taskDefinition"]),
        desired_count=raw["desiredCount"],
        running_count=raw["runningCount"],
        pending_count=raw["pendingCount"],
        failed_tasks=raw.get("failedTasks", 0),
        created_at=raw["createdAt"],
        updated_at=raw["updatedAt"],
    )


def started_by(reply: Mapping[str, Any]) -> facts.Deployment:
    """The deployment that UpdateService says it started: the PRIMARY entry of its reply."""
    found = reply["service"]["deployments"]
    return next(_deployment(each) for each in found if each["status"] == "PRIMARY")


def read_tasks(session: Session, cluster: str, service: str) -> tuple[facts.Task, ...]:
    """All tasks of the service that AWS still shows, oldest first. Stopped ones: about an hour."""
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in pages(
            session,
            "ecs",
            "list_tasks",
            "taskArns",
            cluster=cluster,
            serviceName=service,
            desiredStatus=status,
        )
    ]
    tasks = [
        _task(raw)
        for batch in batches(arns, TASKS_A_CALL)
        for raw in session.client("ecs").describe_tasks(cluster=cluster, tasks=batch)["tasks"]
    ]
    return tuple(sorted(tasks, key=lambda task: (str(task.created_at), task.id)))


def _task(raw: dict[str, Any]) -> facts.Task:
    return facts.Task(
        id=short(raw["taskArn"]),
        deployment_id=raw.get("startedBy", ""),
        task_definition=short(raw["taskDefinitionArn"]),
        last_status=raw["lastStatus"],
        stop_code=raw.get("stopCode", ""),
        stopped_reason=raw.get("stoppedReason", ""),
        containers=tuple(
            facts.Container(each["name"], each.get("exitCode"), each.get("reason", ""))
            for each in raw["containers"]
        ),
        created_at=raw.get("createdAt"),
        started_at=raw.get("startedAt"),
        stopped_at=raw.get("stoppedAt"),
        health_status=raw.get("healthStatus", "UNKNOWN"),
    )


def read_service_deployments(
    session: Session, cluster: str, service: str
) -> tuple[facts.ServiceDeployment, ...]:
    """The newest 20, newest first, each with the task definition that it was to bring."""
    ecs = session.client("ecs")
    briefs = ecs.list_service_deployments(cluster=cluster, service=service)["serviceDeployments"]
    arns = [each["serviceDeploymentArn"] for each in briefs[:20]]
    if not arns:
        return ()
    found = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    targets = [each["targetServiceRevision"]["arn"] for each in found]
    revisions = ecs.describe_service_revisions(serviceRevisionArns=targets)["serviceRevisions"]
    definitions = {r["serviceRevisionArn"]: short(r["taskDefinition"]) for r in revisions}
    shown = [_service_deployment(each, definitions) for each in found]
    return tuple(sorted(shown, key=lambda each: each.created_at, reverse=True))


def _service_deployment(raw: dict[str, Any], names: dict[str, str]) -> facts.ServiceDeployment:
    breaker, alarms = raw.get("deploymentCircuitBreaker", {}), raw.get("alarms", {})
    return facts.ServiceDeployment(
        arn=raw["serviceDeploymentArn"],
        status=raw["status"],
        status_reason=raw.get("statusReason", ""),
        target_task_definition=names.get(raw["targetServiceRevision"]["arn"], ""),
        created_at=raw["createdAt"],
        finished_at=raw.get("finishedAt"),
        failure_count=breaker.get("failureCount"),
        threshold=breaker.get("threshold"),
        breaker_status=breaker.get("status", ""),
        alarm_status=alarms.get("status", ""),
        triggered_alarms=tuple(alarms.get("triggeredAlarmNames", ())),
        rollback_started_at=raw.get("rollback", {}).get("startedAt"),
    )


def read_task_definitions(
    session: Session, family: str, *, most: int = LATEST_REVISIONS
) -> tuple[facts.TaskDefinition, ...]:
    """The newest ACTIVE revisions of the family, newest first; 20 of them, or as many as `most`."""
    paginator = session.client("ecs").get_paginator("list_task_definitions")
    found = paginator.paginate(
        familyPrefix=family, sort="DESC", status="ACTIVE", PaginationConfig={"MaxItems": most}
    )
    arns = [arn for page in found for arn in page["taskDefinitionArns"]]
    own = [arn for arn in arns if short(arn).partition(":")[0] == family]
    return tuple(read_task_definition(session, arn) for arn in own)


def read_task_definition(session: Session, reference: str) -> facts.TaskDefinition:
    reply = session.client("ecs").describe_task_definition(
        taskDefinition=reference, include=["TAGS"]
    )
    raw = reply["taskDefinition"]
    return facts.TaskDefinition(
        arn=raw["taskDefinitionArn"],
        family=raw["family"],
        revision=raw["revision"],
        status=raw["status"],
        images={each["name"]: each["image"] for each in raw["containerDefinitions"]},
        spec=raw,
        tags=tags_of(reply.get("tags", ())),
    )
