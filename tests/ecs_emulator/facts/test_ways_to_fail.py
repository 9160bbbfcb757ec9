"""Every way for a deployment to fail, caused as on AWS: by definitions, permissions and settings.

What cannot stand in a definition, capacity and the route to a registry, is set as a fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import (
    ACCOUNT,
    BARE_ROLE,
    ECR,
    Advance,
    Aws,
    Deployed,
    behind,
    put_alarm,
    received,
    rule_to_queue,
    target_group,
)

from ecs_emulator.client import ControlRefused, EmulatorControls


@pytest.fixture
def deployed(aws: Aws, advance: Advance) -> Deployed:
    return Deployed(aws, advance)


@pytest.fixture
def faults(emulator: Any) -> Callable[..., Any]:
    """faults(no_capacity=True) sets them, faults() ends them."""
    return lambda **on: EmulatorControls(emulator.url).call("PUT", "/_emulator/faults", on)


def make_bare_role(deployed: Deployed, *actions: str) -> str:
    """A role that Fargate may assume and that may do only this."""
    iam = deployed.aws("iam")
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            }
        ]
    }
    iam.create_role(RoleName="bare", AssumeRolePolicyDocument=json.dumps(trust))
    if actions:
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="bare", PolicyName="p", PolicyDocument=document)
    return BARE_ROLE


def stopped_reason(deployed: Deployed, definition: str, seconds: float = 300) -> str:
    deployed.create()
    deployed.update(definition, seconds)
    task = deployed.first_stopped()
    assert task["stopCode"] == "TaskFailedToStart"
    assert "startedAt" not in task
    reason = task["stoppedReason"].removesuffix(".")
    assert f"(service web) was unable to place a task. Reason: {reason}." in deployed.events
    return str(task["stoppedReason"])


@pytest.mark.fact("tasks.wrong-tag-ecr")
def test_an_ecr_tag_that_does_not_exist(deployed: Deployed) -> None:
    deployed.aws("ecr").create_repository(repositoryName="web")

    reason = stopped_reason(deployed, deployed.register(f"{ECR}/web:gone"))

    assert reason == (
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to "
        f"resolve ref {ECR}/web:gone: {ECR}/web:gone: not found"
    )


def test_an_ecr_image_that_is_there_runs(deployed: Deployed) -> None:
    ecr = deployed.aws("ecr")
    ecr.create_repository(repositoryName="web")
    manifest = {
        "schemaVersion": 2,
        "config": {},
        "layers": [],
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    }
    ecr.put_image(repositoryName="web", imageManifest=json.dumps(manifest), imageTag="good")
    deployed.create()

    deployed.update(deployed.register(f"{ECR}/web:good"))

    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert deployed.service["taskDefinition"].endswith("web:2")


@pytest.mark.fact("tasks.no-token")
def test_a_role_that_may_not_ask_ecr_for_a_token(deployed: Deployed) -> None:
    role = make_bare_role(deployed)

    reason = stopped_reason(deployed, deployed.register(f"{ECR}/web:1", role))

    assert reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
        "retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 "
        f"time(s): AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/bare/"
    )
    assert reason.endswith(
        "is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no "
        "identity-based policy allows the ecr:GetAuthorizationToken action"
    )


@pytest.mark.fact("tasks.no-pull")
def test_a_role_that_may_not_read_the_repository(deployed: Deployed) -> None:
    role = make_bare_role(deployed, "ecr:GetAuthorizationToken")

    reason = stopped_reason(deployed, deployed.register(f"{ECR}/web:1", role))

    assert reason == (
        "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref "
        f'"{ECR}/web:1": unexpected status code [manifests 1]: 403 Forbidden'
    )


def secret_in(deployed: Deployed) -> str:
    made = deployed.aws("secretsmanager").create_secret(Name="db", SecretString="s")
    return str(made["ARN"])


@pytest.mark.fact("tasks.secret-denied")
def test_a_secret_that_the_role_may_not_read(deployed: Deployed) -> None:
    arn = secret_in(deployed)
    definition = deployed.register(secrets=[{"name": "DB", "valueFrom": arn}])

    reason = stopped_reason(deployed, definition)

    assert reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
        "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 "
        f"time(s): failed to fetch secret {arn} from secrets manager: AccessDeniedException: "
    )
    task = deployed.first_stopped()["taskArn"].rpartition("/")[2]
    assert f"assumed-role/ecsTaskExecutionRole/{task} is not authorized" in reason


def test_a_secret_that_the_role_may_read(deployed: Deployed) -> None:
    arn = secret_in(deployed)
    role = make_bare_role(deployed, "secretsmanager:GetSecretValue")
    deployed.create()

    deployed.update(deployed.register(role=role, secrets=[{"name": "DB", "valueFrom": arn}]))

    assert deployed.service["taskDefinition"].endswith("web:2")
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("timing.secret-trip")
def test_a_secret_that_cannot_be_fetched_fails_the_deployment_after_the_long_pause(
    deployed: Deployed,
) -> None:
    arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:gone-AbCdEf"
    role = make_bare_role(deployed, "secretsmanager:GetSecretValue")
    deployed.create()
    secrets = [{"name": "DB", "valueFrom": arn}]
    deployed.update(deployed.register(role=role, secrets=secrets), 1200)
    events = [(each["message"], each["createdAt"]) for each in deployed.service["events"]]
    last = max(at for text, at in events if "was unable to place" in text)
    failed = next(at for text, at in events if "tasks failed to start" in text)

    assert 300 <= (failed - last).total_seconds() <= 340


@pytest.mark.fact("tasks.parameter-store")
def test_a_parameter_is_taken_to_be_there(deployed: Deployed) -> None:
    arn = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/db"
    deployed.create()
    deployed.update(deployed.register(secrets=[{"name": "DB", "valueFrom": arn}]))

    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("tasks.secret-missing")
def test_a_secret_that_does_not_exist(deployed: Deployed) -> None:
    arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:gone-AbCdEf"
    role = make_bare_role(deployed, "secretsmanager:GetSecretValue")

    definition = deployed.register(role=role, secrets=[{"name": "DB", "valueFrom": arn}])

    assert "ResourceNotFoundException" in stopped_reason(deployed, definition)


@pytest.mark.fact("timing.no-route", "tasks.no-route-docker-hub")
def test_no_route_to_docker_hub(deployed: Deployed, faults: Callable[..., Any]) -> None:
    deployed.create()
    faults(no_route=True)
    deployed.update(deployed.register("httpd:2.4"), 400)

    task = deployed.first_stopped()

    assert task["stoppedReason"].startswith(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to "
        "resolve ref docker.io/library/httpd:2.4: failed to do request: Head "
        '"https://registry-1.docker.io/v2/library/httpd/manifests/2.4": dial tcp '
    )
    assert 287 <= (task["stoppingAt"] - task["createdAt"]).total_seconds() <= 290


@pytest.mark.fact("tasks.no-route-ecr")
def test_no_route_to_ecr(deployed: Deployed, faults: Callable[..., Any]) -> None:
    deployed.create()
    faults(no_route=True)
    deployed.update(deployed.register(f"{ECR}/web:1"), 400)

    assert deployed.first_stopped()["stoppedReason"].startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot "
        "pull registry auth from Amazon ECR: There is a connection issue between the task and "
    )


@pytest.mark.fact("events.no-capacity", "events.not-repeated", "timing.no-capacity")
def test_no_capacity_is_said_once_and_trips_after_three_quarters_of_an_hour(
    deployed: Deployed, faults: Callable[..., Any]
) -> None:
    deployed.create()
    faults(no_capacity=True)
    deployed.update(deployed.register("httpd:2.4"), 3300)

    refusals = [each for each in deployed.service["events"] if "Capacity is" in each["message"]]
    failures = [
        each for each in deployed.service["events"] if "deployment failed" in each["message"]
    ]

    text = (
        "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. "
        "Please try again later or in a different availability zone."
    )
    assert [each["message"] for each in refusals] == [text]
    minutes = (failures[0]["createdAt"] - refusals[0]["createdAt"]).total_seconds() / 60
    assert 45 <= minutes <= 47
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(
    "command", [["tail", "/dev/zero"], ["stress", "--vm", "1", "--vm-bytes", "1G"]]
)
@pytest.mark.fact("tasks.memory")
def test_a_command_that_fills_the_memory_is_killed(deployed: Deployed, command: list[str]) -> None:
    deployed.create()
    deployed.update(deployed.register(command=command), 150)

    task = deployed.first_stopped()

    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"] == (
        "OutOfMemoryError: Container killed due to memory usage"
    )


@pytest.mark.fact("events.registered", "events.draining", "events.good-order")
def test_a_good_deployment_behind_a_load_balancer_registers_and_drains(deployed: Deployed) -> None:
    arn = target_group(deployed)
    deployed.create(**behind(arn))
    old = deployed.service["deployments"][0]["id"]
    deployed.update(deployed.register("nginx:stable"))

    new = deployed.service["deployments"][0]["id"]
    texts = [text.partition(": (task")[0] for text in reversed(deployed.events)]

    assert texts[-7:] == [
        "(service web) has started 1 tasks",
        f"(service web) registered 1 targets in (target-group {arn})",
        "(service web) has stopped 1 running tasks",
        f"(service web) deregistered 1 targets in (target-group {arn})",
        f"(service web, taskSet {old}) has begun draining connections on 1 tasks.",
        f"(service web) (deployment {new}) deployment completed.",
        "(service web) has reached a steady state.",
    ]


@pytest.mark.fact(
    "breaker.stage-2-target-group",
    "events.unhealthy-target",
    "events.unhealthy-codes",
    "timing.verdict-after-check",
    "tasks.target-check",
)
def test_a_target_that_fails_its_health_check_trips_the_breaker(
    deployed: Deployed, faults: Callable[..., Any]
) -> None:
    arn = target_group(deployed, HealthCheckIntervalSeconds=10, UnhealthyThresholdCount=2)
    deployed.create(**behind(arn))
    faults(sick_tasks=[{"task_definition": "web:2", "answer": 404}])
    deployed.update(deployed.register("nginx:stable"), 900)

    unhealthy = [
        each for each in deployed.service["events"] if "is unhealthy in" in each["message"]
    ]
    failed = [each for each in deployed.service["events"] if "deployment failed" in each["message"]]

    task = deployed.first_stopped()
    assert unhealthy[-1]["message"] == (
        f"(service web) (task {task['taskArn'].rpartition('/')[2]}) (port 80) is unhealthy in "
        f"(target-group {arn}) due to (reason Health checks failed with these codes: [404])."
    )
    assert (task["stopCode"], task["stoppedReason"]) == (
        "ServiceSchedulerInitiated",
        f"Task failed ELB health checks in (target-group {arn})",
    )
    third = sorted(each["createdAt"] for each in unhealthy)[2]
    assert 37 <= (failed[0]["createdAt"] - third).total_seconds() <= 64
    assert deployed.service["taskDefinition"].endswith("web:1")


@pytest.mark.fact("breaker.grace-period")
def test_the_grace_period_puts_off_the_verdict_of_the_target_group(deployed: Deployed) -> None:
    arn = target_group(deployed, HealthCheckIntervalSeconds=10, HealthCheckPath="/ready")
    deployed.create(healthCheckGracePeriodSeconds=200, **behind(arn))

    events = deployed.service["events"]
    registered = next(e["createdAt"] for e in reversed(events) if "registered" in e["message"])
    unhealthy = next(e["createdAt"] for e in reversed(events) if "unhealthy in" in e["message"])

    assert 200 <= (unhealthy - registered).total_seconds() < 201


SLOW = ["sh", "-c", "sleep 90; nginx -g 'daemon off;'"]


@pytest.mark.parametrize(
    ("command", "grace", "ending"),
    [
        (SLOW, 60, "ROLLBACK_SUCCESSFUL"),
        (SLOW, 180, "SUCCESSFUL"),
        (["nginx", "-g", "daemon off;"], 0, "SUCCESSFUL"),
        (["sh", "-c", "sleep 3600"], 180, "ROLLBACK_SUCCESSFUL"),
    ],
)
@pytest.mark.fact("breaker.grace-period")
def test_a_container_answers_its_target_group_from_when_its_command_starts_the_server(
    deployed: Deployed, command: list[str], grace: int, ending: str
) -> None:
    arn = target_group(deployed, HealthCheckIntervalSeconds=10, UnhealthyThresholdCount=2)
    deployed.create(**behind(arn))
    deployed.update(deployed.register(command=command), 0, healthCheckGracePeriodSeconds=grace)
    deployed.advance(3600)

    assert deployed.record["status"] == ending


BAD_BALANCERS = {
    "no load balancer in front": (
        {},
        "does not have an associated load balancer.",
    ),
    "no such container": (
        {"containerName": "other"},
        "The container other does not exist in the task definition.",
    ),
    "no such port": (
        {"containerPort": 8080},
        "The container c did not have a container port 8080 defined.",
    ),
}


@pytest.mark.parametrize("case", BAD_BALANCERS)
@pytest.mark.fact("errors.target-group")
def test_a_load_balancer_that_does_not_fit_is_refused(deployed: Deployed, case: str) -> None:
    changed, text = BAD_BALANCERS[case]
    arn = target_group(deployed, has_balancer=bool(changed))
    balancer = behind(arn)["loadBalancers"][0] | changed

    with pytest.raises(deployed.ecs.exceptions.InvalidParameterException, match=text):
        deployed.create(loadBalancers=[balancer])


ALARM = {"alarmNames": ["errors"], "enable": True, "rollback": True}


@pytest.mark.fact("alarms.fail", "alarms.event", "alarms.record")
def test_an_alarm_rolls_a_deployment_back(deployed: Deployed) -> None:
    put_alarm(deployed, "OK")
    deployed.create(deploymentConfiguration={"alarms": ALARM})
    old = deployed.service["deployments"][0]["id"]
    deployed.update(deployed.register("nginx:stable"), 60)
    new = deployed.service["deployments"][0]["id"]
    put_alarm(deployed, "ALARM")
    deployed.advance(30)

    assert f"(service web) (deployment {new}) deployment failed: alarm detected." in deployed.events
    assert f"(service web) rolling back to deployment {old}." in deployed.events
    deployed.advance(300)
    assert deployed.record["status"] == "ROLLBACK_SUCCESSFUL"
    assert deployed.record["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }


@pytest.mark.fact("alarms.ignored")
def test_an_alarm_that_rings_already_is_ignored(deployed: Deployed) -> None:
    put_alarm(deployed, "ALARM")
    deployed.create(deploymentConfiguration={"alarms": ALARM})
    deployed.update(deployed.register("nginx:stable"), 600)

    assert deployed.service["taskDefinition"].endswith("web:2")
    assert deployed.record["status"] == "SUCCESSFUL"


@pytest.mark.fact("alarms.no-rollback")
def test_without_rollback_an_alarm_leaves_the_failed_deployment_in_place(
    deployed: Deployed,
) -> None:
    put_alarm(deployed, "OK")
    deployed.create(deploymentConfiguration={"alarms": ALARM | {"rollback": False}})
    deployed.update(deployed.register("nginx:stable"), 60)
    put_alarm(deployed, "ALARM")
    deployed.advance(120)

    states = [(each["status"], each["rolloutState"]) for each in deployed.service["deployments"]]
    assert states == [("PRIMARY", "FAILED"), ("ACTIVE", "COMPLETED")]
    assert deployed.record["status"] == "STOPPED"


@pytest.mark.fact("alarms.bake")
def test_alarms_are_watched_for_a_while_after_the_tasks_are_in_place(deployed: Deployed) -> None:
    put_alarm(deployed, "OK")
    deployed.create(deploymentConfiguration={"alarms": ALARM})
    deployed.update(deployed.register("nginx:stable"), 200)

    assert deployed.service["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert deployed.service["runningCount"] == 1
    deployed.advance(180)
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("service-deployments.stop-rollback", "service-deployments.conflict")
def test_a_person_can_stop_a_deployment_and_roll_it_back(deployed: Deployed) -> None:
    deployed.create()
    deployed.update(deployed.register("nginx:wrong"), 60)
    arn = deployed.record["serviceDeploymentArn"]

    deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    statuses = [deployed.record["status"]]
    for seconds in (5, 120):
        deployed.advance(seconds)
        statuses.append(deployed.record["status"])

    assert statuses == ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert deployed.service["taskDefinition"].endswith("web:1")
    with pytest.raises(deployed.ecs.exceptions.ConflictException):
        deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_stop_during_the_rollback_lets_the_rollback_go_on(deployed: Deployed) -> None:
    deployed.create()
    deployed.update(deployed.register("nginx:wrong"), 60)
    arn = deployed.record["serviceDeploymentArn"]
    deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    deployed.advance(5)
    assert deployed.record["status"] == "ROLLBACK_IN_PROGRESS"

    for stop_type in ("ROLLBACK", "ABORT"):
        again = deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType=stop_type)
        assert again["serviceDeploymentArn"] == arn
    deployed.advance(120)

    assert deployed.record["status"] == "ROLLBACK_SUCCESSFUL"


def test_a_service_deployment_that_has_ended_never_changes_again(deployed: Deployed) -> None:
    deployed.create(desiredCount=3)
    before = deployed.record
    assert before["targetServiceRevision"] | {"arn": ""} == {
        "arn": "",
        "requestedTaskCount": 3,
        "runningTaskCount": 3,
        "pendingTaskCount": 0,
    }

    deployed.ecs.update_service(
        service="web",
        desiredCount=1,
        deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50},
    )
    deployed.advance(300)
    assert deployed.record == before
    deployed.update(deployed.register("nginx:stable"), 600)

    arns = [before["serviceDeploymentArn"]]
    found = deployed.ecs.describe_service_deployments(serviceDeploymentArns=arns)
    assert found["serviceDeployments"] == [before]
    assert deployed.record["deploymentConfiguration"]["maximumPercent"] == 150


@pytest.mark.fact("service-deployments.stop-abort")
def test_a_deployment_can_be_aborted_without_rolling_back(deployed: Deployed) -> None:
    deployed.create()
    deployed.update(deployed.register("nginx:wrong"), 60)
    arn = deployed.record["serviceDeploymentArn"]

    deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    deployed.advance(300)

    assert deployed.record["status"] == "STOPPED"
    assert deployed.record["stoppedAt"]
    assert [each["rolloutState"] for each in deployed.service["deployments"]] == [
        "FAILED",
        "COMPLETED",
    ]


@pytest.mark.fact("service-deployments.not-found")
def test_a_service_deployment_that_does_not_exist_cannot_be_stopped(deployed: Deployed) -> None:
    arn = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service-deployment/default/web/ejGvqq2ilnbKT9qj0vLJe"

    with pytest.raises(deployed.ecs.exceptions.ServiceDeploymentNotFoundException):
        deployed.ecs.stop_service_deployment(serviceDeploymentArn=arn)


OFF = {
    "no_capacity": False,
    "no_route": False,
    "account_blocked": False,
    "throttled_targets": False,
    "throttled_scheduler": [],
    "throttled_calls": [],
    "denied_calls": [],
    "call_faults": [],
    "sick_tasks": [],
    "role_delay_seconds": 0.0,
    "rule_delay_seconds": 0.0,
}


DENIED = (
    f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: ecs:ListClusters on "
    "resource: * because no identity-based policy allows the ecs:ListClusters action"
)


@pytest.mark.fact("errors.throttling", "errors.access-denied")
@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        ("throttled_calls", "ThrottlingException", "Rate exceeded"),
        (
            "denied_calls",
            "AccessDeniedException",
            DENIED,
        ),
    ],
)
def test_a_call_can_be_throttled_or_denied(
    aws: Aws, faults: Callable[..., Any], fault: str, code: str, text: str
) -> None:
    faults(**{fault: ["ListClusters"]})

    with pytest.raises(ClientError) as refused:
        aws("ecs").list_clusters()

    assert refused.value.response["Error"] == {"Code": code, "Message": text}
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert aws("ecs").describe_clusters()["clusters"]


@pytest.mark.fact("eventbridge.retry")
def test_a_throttled_target_is_tried_again_until_it_takes_the_event(
    deployed: Deployed, emulator: Any, faults: Callable[..., Any]
) -> None:
    rule_to_queue(deployed)
    faults(throttled_targets=True)
    deployed.create()
    assert received(deployed, "events") == []

    faults()
    deployed.advance(600)

    assert len(received(deployed, "events")) == 1
    outcomes = [
        each["outcome"]
        for each in EmulatorControls(emulator.url).call("GET", "/_emulator/deliveries")
    ]
    assert outcomes == ["retrying"] * (len(outcomes) - 1) + ["delivered"]
    assert 8 <= len(outcomes) <= 12


@pytest.mark.fact("eventbridge.retry-policy")
@pytest.mark.parametrize(
    ("policy", "condition", "attempts"),
    [
        ({"MaximumRetryAttempts": 3}, "MaximumRetryAttempts", "3"),
        ({"MaximumEventAgeInSeconds": 60}, "MaximumEventAgeInSeconds", "5"),
    ],
)
def test_retries_end_where_the_retry_policy_says(
    deployed: Deployed,
    faults: Callable[..., Any],
    policy: dict[str, int],
    condition: str,
    attempts: str,
) -> None:
    rule_to_queue(deployed, RetryPolicy=policy)
    faults(throttled_targets=True)
    deployed.create()

    (message,) = received(deployed, "dead")
    told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}

    assert told["ERROR_CODE"] == "THROTTLING"
    assert told["EXHAUSTED_RETRY_CONDITION"] == condition
    assert told["RETRY_ATTEMPTS"] == attempts


DEADLOCKED = (
    "(service web) was unable to stop or start tasks during a deployment because of the service "
    "deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try "
    "again."
)


@pytest.mark.fact("events.deadlock")
def test_percentages_that_leave_no_room_are_said_once_and_stop_everything(
    deployed: Deployed,
) -> None:
    """150 % of one task is one task: none may start before the old one stops, and it may not."""
    percentages = {"minimumHealthyPercent": 100, "maximumPercent": 150}
    deployed.create(deploymentConfiguration=percentages)
    deployed.update(deployed.register("nginx:stable"), 3600)

    said = [each for each in deployed.events if "service deployment configuration" in each]
    assert said == [DEADLOCKED]
    assert [each["rolloutState"] for each in deployed.service["deployments"]] == [
        "IN_PROGRESS",
        "COMPLETED",
    ]
    deployed.update("web:2", 600, deploymentConfiguration=percentages | {"maximumPercent": 200})
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("service-deployments.history")
def test_service_deployments_are_listed_for_90_days(deployed: Deployed) -> None:
    deployed.create()
    deployed.advance(89 * 24 * 3600)
    assert len(deployed.ecs.list_service_deployments(service="web")["serviceDeployments"]) == 1

    deployed.advance(2 * 24 * 3600)
    assert deployed.ecs.list_service_deployments(service="web")["serviceDeployments"] == []


@pytest.mark.fact("rollback.deregistered-target")
def test_a_rollback_returns_to_a_revision_that_was_deregistered_meanwhile(
    deployed: Deployed,
) -> None:
    """A service that uses an INACTIVE revision may go on using it."""
    deployed.create()
    deployed.update(deployed.register("nginx:wrong"), 60)
    deployed.ecs.deregister_task_definition(taskDefinition="web:1")
    deployed.advance(900)

    assert deployed.service["taskDefinition"].endswith("web:1")
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert deployed.record["status"] == "ROLLBACK_SUCCESSFUL"


def test_faults_are_read_back_and_checked(emulator: Any, faults: Callable[..., Any]) -> None:
    assert faults(no_route=True) == {**OFF, "no_route": True}
    assert faults() == OFF
    with pytest.raises(
        ControlRefused, match=r"^There is no fault 'weather'\. There are no_capacity"
    ):
        faults(weather=True)
