"""The emulator in the process of who uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ecs_emulator import ControlRefused, Emulator
from runbook_lib.aws.session import close_private_emulator

GUARDED = {
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}


@pytest.fixture
def aws() -> Iterator[Emulator]:
    close_private_emulator()
    with Emulator() as emulator:
        yield emulator


def definition(image: str) -> dict[str, object]:
    return {
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789876:role/ecsTaskExecutionRole",
        "containerDefinitions": [{"name": "web", "image": image, "essential": True}],
    }


def deploy(aws: Emulator) -> None:
    """A service that runs, then a release whose image does not exist."""
    ecs, ec2 = aws.client("ecs"), aws.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    ecs.register_task_definition(**definition("nginx:alpine"))
    ecs.create_service(
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        deploymentConfiguration=GUARDED,
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
    )
    aws.advance(minutes=5)
    ecs.register_task_definition(**definition("nginx:no-such-tag"))
    ecs.update_service(service="web", taskDefinition="web:2")


def running(aws: Emulator) -> list[str]:
    (service,) = aws.client("ecs").describe_services(services=["web"])["services"]
    return [each["taskDefinition"].rpartition("/")[2] for each in service["deployments"]]


def test_a_deployment_trips_and_goes_back_while_fifteen_minutes_pass_at_once(aws: Emulator) -> None:
    deploy(aws)
    assert running(aws) == ["web:2", "web:1"]

    aws.advance(minutes=15)

    assert running(aws) == ["web:1"]


def test_time_stands_still_until_it_is_advanced(aws: Emulator) -> None:
    before = aws.now

    after = aws.advance(hours=1, minutes=2, seconds=3)

    assert after == aws.now == before + timedelta(hours=1, minutes=2, seconds=3)


def test_a_mail_arrives_once_its_reader_has_confirmed(aws: Emulator) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="releases")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    aws.confirm("team@example.com")

    sns.publish(TopicArn=topic, Message="rolled back")

    assert [(each["kind"], each["to"]) for each in aws.mail] == [
        ("confirmation", "team@example.com"),
        ("notification", "team@example.com"),
    ]
    assert "rolled back" in aws.mail[-1]["body"]


def test_nobody_can_confirm_what_was_never_asked(aws: Emulator) -> None:
    with pytest.raises(LookupError, match=r"No mail to nobody@example\.com"):
        aws.confirm("nobody@example.com")


def test_an_event_and_what_became_of_it_can_be_looked_at(aws: Emulator) -> None:
    events, topic = aws.client("events"), aws.client("sns").create_topic(Name="t")["TopicArn"]
    pattern = {
        "detail-type": ["ECS Deployment State Change"],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failed", Targets=[{"Id": "1", "Arn": topic}])
    deploy(aws)

    aws.advance(minutes=15)

    (delivery,) = aws.deliveries
    assert (delivery["rule"], delivery["outcome"]) == ("failed", "failed")
    assert "topic policies cannot use Condition blocks" in delivery["error"]


def test_an_image_is_there_once_it_was_pushed(aws: Emulator) -> None:
    aws.set_images(aws.images | {"docker.io/library/nginx": ["alpine", "no-such-tag"]})
    deploy(aws)

    aws.advance(minutes=15)

    assert running(aws) == ["web:2"]


def test_faults_hold_until_they_are_ended_and_a_wrong_one_is_refused(aws: Emulator) -> None:
    aws.set_faults(no_capacity=True)
    with pytest.raises(ControlRefused, match="weather"):
        aws.set_faults(weather=True)
    aws.set_faults()

    deploy(aws)

    assert running(aws) == ["web:2", "web:1"]


def test_a_reset_brings_the_same_first_world_at_the_same_address(aws: Emulator) -> None:
    url, ids = aws.url, []
    for _ in range(2):
        deploy(aws)
        (service,) = aws.client("ecs").describe_services(services=["web"])["services"]
        ids.append([each["id"] for each in service["deployments"]])
        aws.reset(seed=1)

    assert ids[0] == ids[1]
    assert aws.url == url
    assert aws.client("ecs").list_services()["serviceArns"] == []


def test_another_program_finds_it_in_its_environment(aws: Emulator) -> None:
    program = "import boto3; print(boto3.client('ecs').list_clusters()['clusterArns'])"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=aws.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "123456789876:cluster/default" in done.stdout


def test_a_second_one_in_the_process_has_to_wait_until_the_first_is_closed(aws: Emulator) -> None:
    with pytest.raises(RuntimeError, match="already has an emulated account"):
        Emulator()
    aws.close()

    with Emulator() as second:
        assert second.client("ecs").list_clusters()["clusterArns"]
