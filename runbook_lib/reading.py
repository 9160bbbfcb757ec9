"""Room: AWS replies → facts.

Lives here: every read call, its paging and batching, and the translation out of camelCase.
Never here: decisions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.facts import short
from runbook_lib.session import Session

TASKS_A_CALL = 100
LATEST_REVISIONS = 20
MOST_LOOKS = 4
DEPLOYMENT_EVENT = "ECS Deployment State Change"


def _tags(pairs: Iterable[dict[str, str]]) -> dict[str, str]:
    return {
        each.get("key", each.get("Key", "")): each.get("value", each.get("Value", ""))
        for each in pairs
    }


def _pages(session: Session, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    paginator = session.client(service).get_paginator(operation)
    return [item for page in paginator.paginate(**arguments) for item in page[key]]


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def read_cluster(session: Session, name: str) -> dict[str, Any] | None:
    """The ACTIVE cluster of that name, as AWS describes it with tags; None if there is none."""
    reply = session.client("ecs").describe_clusters(clusters=[name], include=["TAGS"])
    found = [each for each in reply["clusters"] if each["status"] == "ACTIVE"]
    return found[0] if found else None


def read_cluster_names(session: Session) -> list[str]:
    return [short(arn) for arn in _pages(session, "ecs", "list_clusters", "clusterArns")]


def read_service(session: Session, cluster: str, name: str) -> facts.Service | None:
    """The service, or None if it does not exist or is INACTIVE."""
    try:
        reply = session.client("ecs").describe_services(
            cluster=cluster, services=[name], include=["TAGS"]
        )
    except ClientError as error:
        if _code(error) == "ClusterNotFoundException":
            return None
        raise
    found = [_service(each) for each in reply["services"] if each["status"] != "INACTIVE"]
    return found[0] if found else None


def _service(raw: dict[str, Any]) -> facts.Service:
    breaker = raw["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    threshold = breaker.get("thresholdConfiguration", {})
    return facts.Service(
        name=raw["serviceName"],
        arn=raw["serviceArn"],
        cluster_arn=raw["clusterArn"],
        status=raw["status"],
        desired_count=raw["desiredCount"],
        running_count=raw["runningCount"],
        pending_count=raw["pendingCount"],
        task_definition=short(raw["taskDefinition"]),
        circuit_breaker=facts.CircuitBreaker(
            enable=breaker.get("enable", False),
            rollback=breaker.get("rollback", False),
            threshold_type=threshold.get("type", "BOUNDED_PERCENT"),
            threshold_value=threshold.get("value", 50),
        ),
        deployments=tuple(_deployment(each) for each in raw["deployments"]),
        events=tuple(
            facts.ServiceEvent(each["createdAt"], each["message"]) for each in raw["events"]
        ),
        tags=_tags(raw.get("tags", ())),
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
        for arn in _pages(
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
        for batch in _batches(arns, TASKS_A_CALL)
        for raw in session.client("ecs").describe_tasks(cluster=cluster, tasks=batch)["tasks"]
    ]
    return tuple(sorted(tasks, key=lambda task: (str(task.created_at), task.id)))


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _task(raw: dict[str, Any]) -> facts.Task:
    containers = raw["containers"]
    return facts.Task(
        id=short(raw["taskArn"]),
        deployment_id=raw.get("startedBy", ""),
        task_definition=short(raw["taskDefinitionArn"]),
        last_status=raw["lastStatus"],
        stop_code=raw.get("stopCode", ""),
        stopped_reason=raw.get("stoppedReason", ""),
        container_reasons=tuple(each["reason"] for each in containers if "reason" in each),
        exit_codes=tuple(each.get("exitCode") for each in containers),
        created_at=raw.get("createdAt"),
        started_at=raw.get("startedAt"),
        stopped_at=raw.get("stoppedAt"),
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
    breaker = raw.get("deploymentCircuitBreaker", {})
    return facts.ServiceDeployment(
        arn=raw["serviceDeploymentArn"],
        status=raw["status"],
        status_reason=raw.get("statusReason", ""),
        target_task_definition=names.get(raw["targetServiceRevision"]["arn"], ""),
        created_at=raw["createdAt"],
        finished_at=raw.get("finishedAt"),
        failure_count=breaker.get("failureCount"),
        threshold=breaker.get("threshold"),
    )


def read_task_definitions(session: Session, family: str) -> tuple[facts.TaskDefinition, ...]:
    """The newest 20 ACTIVE revisions of the family, newest first."""
    arns = session.client("ecs").list_task_definitions(
        familyPrefix=family, sort="DESC", status="ACTIVE", maxResults=LATEST_REVISIONS
    )["taskDefinitionArns"]
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
        tags=_tags(reply.get("tags", ())),
    )


def read_role(session: Session, name: str) -> facts.Role | None:
    iam = session.client("iam")
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if _code(error) == "NoSuchEntity":
            return None
        raise
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return facts.Role(
        name=name,
        arn=role["Arn"],
        policy_arns=tuple(each["PolicyArn"] for each in attached),
        tags=_tags(role.get("Tags", ())),
    )


def read_default_network(session: Session) -> facts.Network | None:
    """Every subnet of the Region's default VPC, and its default security group."""
    ec2 = session.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        return None
    inside = {"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}
    subnets = ec2.describe_subnets(Filters=[inside])["Subnets"]
    groups = ec2.describe_security_groups(
        Filters=[inside, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    ordered = sorted(subnets, key=lambda each: each["AvailabilityZone"])
    return facts.Network(
        subnet_ids=tuple(each["SubnetId"] for each in ordered),
        security_group_ids=tuple(each["GroupId"] for each in groups),
        source=f"default VPC {vpcs[0]['VpcId']}",
    )


def read_missing_network_ids(session: Session, network: facts.Network) -> tuple[str, ...]:
    """Those of the network's ids that do not exist in the Region."""
    ec2 = session.client("ec2")
    subnets = _existing(
        ec2.describe_subnets, "Subnets", "SubnetId", "subnet-id", network.subnet_ids
    )
    groups = _existing(
        ec2.describe_security_groups,
        "SecurityGroups",
        "GroupId",
        "group-id",
        network.security_group_ids,
    )
    wanted = (*network.subnet_ids, *network.security_group_ids)
    return tuple(each for each in wanted if each not in subnets | groups)


def _existing(call: Any, key: str, member: str, name: str, ids: tuple[str, ...]) -> set[str]:
    if not ids:
        return set()
    found = call(Filters=[{"Name": name, "Values": list(ids)}])[key]
    return {each[member] for each in found}


def read_topic(session: Session, name: str) -> facts.Topic | None:
    sns = session.client("sns")
    arn = f"arn:aws:sns:{session.region}:{session.account}:{name}"
    try:
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        if _code(error) in ("NotFound", "NotFoundException"):
            return None
        raise
    subscriptions = _pages(
        session, "sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn
    )
    return facts.Topic(
        arn=arn,
        policy=json.loads(attributes.get("Policy", "{}")),
        subscriptions=tuple(
            facts.Subscription(each["SubscriptionArn"], each["Protocol"], each["Endpoint"])
            for each in subscriptions
        ),
        tags=_tags(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]),
    )


def read_rule(session: Session, name: str) -> facts.Rule | None:
    events = session.client("events")
    try:
        rule = events.describe_rule(Name=name)
    except ClientError as error:
        if _code(error) == "ResourceNotFoundException":
            return None
        raise
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    return facts.Rule(
        name=name,
        arn=rule["Arn"],
        state=rule["State"],
        event_pattern=json.loads(rule.get("EventPattern", "{}")),
        targets={each["Id"]: each["Arn"] for each in targets},
        tags=_tags(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
    )


def read_queue(session: Session, name: str) -> facts.Queue | None:
    sqs = session.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if _code(error) in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            return None
        raise
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])
    found = attributes["Attributes"]
    return facts.Queue(
        url=url,
        arn=found["QueueArn"],
        tags=sqs.list_queue_tags(QueueUrl=url).get("Tags", {}),
        policy=json.loads(found.get("Policy", "{}")),
    )


def read_alerts(session: Session, queue: facts.Queue) -> tuple[facts.Alert, ...]:
    """What the probe queue holds, oldest first. Nothing is taken out: it can be read again."""
    sqs = session.client("sqs")
    found: dict[str, facts.Alert | None] = {}
    for _ in range(MOST_LOOKS):
        reply = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            WaitTimeSeconds=1,  # without waiting, SQS asks only some of its servers
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        fresh = [each for each in reply.get("Messages", []) if each["MessageId"] not in found]
        if not fresh:
            break
        found |= {each["MessageId"]: _alert(each) for each in fresh}
    alerts = [each for each in found.values() if each is not None]
    return tuple(sorted(alerts, key=lambda alert: alert.received_at))


def _alert(message: dict[str, Any]) -> facts.Alert | None:
    """The deployment event in a message, delivered raw or in the SNS envelope.

    A topic that others use too may bring anything else: that is no alert.
    """
    try:
        content = json.loads(message["Body"])
        if content.get("Type") == "Notification":
            content = json.loads(content["Message"])
        is_event = content.get("detail-type") == DEPLOYMENT_EVENT
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000
    return facts.Alert(content, datetime.fromtimestamp(sent, UTC)) if is_event else None
