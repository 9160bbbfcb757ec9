"""What the ECS API answers, where no other test says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import Deployed

Aws = Callable[..., Any]
Advance = Callable[[float], None]
ROLLBACK = {"alarmNames": ["errors"], "enable": True, "rollback": True}


@pytest.fixture
def deployed(aws: Aws, advance: Advance) -> Deployed:
    return Deployed(aws, advance)


@pytest.mark.fact("breaker.read-back")
def test_deployment_settings_that_were_not_given_are_shown_with_their_defaults(
    deployed: Deployed,
) -> None:
    deployed.create(deploymentConfiguration={})

    assert deployed.service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {
            "enable": False,
            "rollback": False,
            "resetOnHealthyTask": True,
            "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
        },
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "alarms": {"alarmNames": [], "enable": False, "rollback": False},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }


@pytest.mark.fact("rollback.waiter")
def test_the_waiter_for_stable_services_is_content_with_a_rollback(deployed: Deployed) -> None:
    deployed.create()
    deployed.update(deployed.register("nginx:wrong-image-tag"), 1200)

    deployed.ecs.get_waiter("services_stable").wait(
        services=["web"], WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    assert deployed.record["status"] == "ROLLBACK_SUCCESSFUL"


@pytest.mark.fact("service-deployments.arn")
def test_service_deployments_and_revisions_have_ids_of_their_own_form(deployed: Deployed) -> None:
    deployed.create()
    head = r"arn:aws:ecs:eu-west-1:123456789876"
    record, revision = deployed.record, deployed.service["currentServiceRevisions"][0]

    assert re.fullmatch(
        f"{head}:service-deployment/default/web/[A-Za-z0-9_-]{{21}}", record["serviceDeploymentArn"]
    )
    assert re.fullmatch(rf"{head}:service-revision/default/web/\d{{19}}", revision["arn"])


@pytest.mark.fact("errors.wire")
def test_an_error_on_the_wire(aws: Aws) -> None:
    ecs, seen = aws("ecs"), {}
    ecs.meta.events.register(
        "before-parse.ecs.UpdateService", lambda response_dict, **_: seen.update(response_dict)
    )
    ecs.create_cluster(clusterName="default")
    with pytest.raises(ClientError):
        ecs.update_service(service="no-such-service")

    assert seen["status_code"] == 400
    assert seen["headers"]["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(seen["body"]) == {
        "__type": "ServiceNotFoundException",
        "message": "Service not found.",
    }


@pytest.mark.fact("tasks.stopped-without-reason")
def test_a_task_stopped_without_a_reason_says_by_whom(deployed: Deployed) -> None:
    deployed.create()
    (arn,) = deployed.ecs.list_tasks()["taskArns"]

    assert deployed.ecs.stop_task(task=arn)["task"]["stoppedReason"] == "Task stopped by user"


def reasons(deployed: Deployed) -> list[str]:
    return [each["rolloutStateReason"] for each in deployed.service["deployments"]]


def listen(deployed: Deployed) -> str:
    """A queue that hears of every failed deployment: its URL."""
    sqs, events = deployed.aws("sqs"), deployed.aws("events")
    arn = "arn:aws:sqs:eu-west-1:123456789876:failures"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName="failures", Attributes={"Policy": policy})["QueueUrl"]
    pattern = {
        "detail-type": ["ECS Deployment State Change"],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    events.put_rule(Name="failures", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failures", Targets=[{"Id": "1", "Arn": arn}])
    return str(url)


def heard(deployed: Deployed, url: str) -> list[str]:
    """The reasons of the failures that the queue has heard of."""
    found = deployed.aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(each["Body"])["detail"]["reason"] for each in found.get("Messages", [])]


@pytest.mark.fact("service-deployments.stop-wording")
def test_what_is_said_of_a_deployment_that_somebody_stopped(deployed: Deployed) -> None:
    url = listen(deployed)
    deployed.create()
    old = deployed.service["deployments"][0]["id"]
    deployed.update(deployed.register("nginx:wrong-image-tag"), 60)
    bad = deployed.service["deployments"][0]["id"]
    deployed.ecs.stop_service_deployment(
        serviceDeploymentArn=deployed.record["serviceDeploymentArn"]
    )
    deployed.advance(5)

    assert f"(service web) (deployment {bad}) deployment failed: stopped by a user." in (
        deployed.events
    )
    assert reasons(deployed) == [
        f"ECS deployment stopped by a user: rolling back to deploymentId {old}.",
        "ECS deployment stopped by a user.",
    ]
    assert deployed.record["statusReason"] == (
        "Service deployment rolled back because a user requested it."
    )
    assert heard(deployed, url) == []


@pytest.mark.fact("alarms.reasons", "alarms.told")
def test_what_is_said_of_a_deployment_that_an_alarm_ended(deployed: Deployed) -> None:
    url = listen(deployed)
    cloudwatch = deployed.aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="5XX",
        Namespace="app",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    deployed.create(deploymentConfiguration={"alarms": ROLLBACK})
    old = deployed.service["deployments"][0]["id"]
    deployed.update(deployed.register("nginx:stable"), 60)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    deployed.advance(20)

    assert reasons(deployed) == [
        f"ECS deployment alarms: rolling back to deploymentId {old}.",
        "ECS deployment alarms: alarm detected.",
    ]
    assert deployed.record["statusReason"] == (
        "Service deployment rolled back because of CloudWatch alarm(s)."
    )
    assert heard(deployed, url) == ["ECS deployment alarms: alarm detected."]


@pytest.mark.fact("not.strategies", "not.controllers")
@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"deploymentController": {"type": "EXTERNAL"}}, "deployment controller EXTERNAL"),
        ({"deploymentConfiguration": {"strategy": "LINEAR"}}, "deployment strategy LINEAR"),
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, "deployment strategy CANARY"),
        (
            {"deploymentConfiguration": {"earlySuccessCriteria": {"enable": False}}},
            "deploymentConfiguration.earlySuccessCriteria",
        ),
    ],
    ids=["external", "linear", "canary", "early success"],
)
def test_other_ways_to_deploy_are_refused_by_name(
    deployed: Deployed, settings: dict[str, Any], what: str
) -> None:
    with pytest.raises(ClientError, match=what) as refused:
        deployed.create(**settings)

    assert refused.value.response["Error"]["Code"] == "UnsupportedFeatureException"
    assert deployed.ecs.list_services()["serviceArns"] == []
