"""The wording and the fields of events, where no other test spells them out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from ecs_emulator.ecs.engine import Engine
from ecs_emulator.ecs.outside import Outside
from ecs_emulator.world.configuration import DeploymentConfiguration

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
WRONG = "nginx:wrong-image-tag"
EXIT_1 = {"command": ["sh", "-c", "exit 1"]}
NO_BREAKER = DeploymentConfiguration()
SERVICE = "arn:aws:ecs:eu-west-1:123456789876:service/default/web"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789876:cluster/default"
SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
MILLISECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z"


def sent(story: Story, name: str) -> Mapping[str, Any]:
    """The first event of that name since the last update, whole."""
    events = [each.event for each in story.sent if each.at >= story.began]
    return next(each for each in events if each["detail"].get("eventName") == name)


def of_task(story: Story, status: str) -> Mapping[str, Any]:
    """The last task event with that lastStatus, whole."""
    events = [each.event for each in story.sent]
    return [each for each in events if each["detail"].get("lastStatus") == status][-1]


@pytest.mark.fact("events.id")
def test_a_service_event_has_a_uuid_and_milliseconds(tell: Tell) -> None:
    events = tell().settled().service.events

    assert len({UUID(each.id) for each in events}) == len(events)
    assert all(each.created_at.microsecond % 1000 == 0 for each in events)


@pytest.mark.fact("events.impaired", "eventbridge.impaired")
def test_throttled_restarts_are_said_and_told(tell: Tell) -> None:
    story = tell(configuration=NO_BREAKER).settled()
    story.update(WRONG)
    story.advance(3600)

    ((_, text),) = story.said("unable to consistently")
    assert text == (
        "(service web) is unable to consistently start tasks successfully. For more information, "
        "see the Troubleshooting section of the Amazon ECS Developer Guide."
    )
    event = sent(story, "SERVICE_TASK_START_IMPAIRED")
    assert (event["detail-type"], event["detail"]["eventType"]) == ("ECS Service Action", "WARN")


@pytest.mark.fact("eventbridge.placement")
def test_missing_capacity_is_told_as_a_placement_failure(tell: Tell) -> None:
    story = tell(kind=partial(Engine, outside=Outside(has_capacity=lambda: False)))
    story.advance(60)
    event = sent(story, "SERVICE_TASK_PLACEMENT_FAILURE")

    assert event["detail-type"] == "ECS Service Action"
    assert (event["detail"]["eventType"], event["detail"]["reason"]) == (
        "ERROR",
        "RESOURCE:FARGATE",
    )


@pytest.mark.fact(
    "eventbridge.envelope", "eventbridge.times", "eventbridge.detail", "eventbridge.cluster-arn"
)
def test_a_deployment_event_has_the_fields_of_awss_sample(tell: Tell) -> None:
    story = tell().settled()
    bad = story.update(WRONG)
    story.until_state(bad, "FAILED")
    event = sent(story, "SERVICE_DEPLOYMENT_FAILED")
    detail = event["detail"]

    assert UUID(event["id"])
    assert re.fullmatch(SECONDS, event["time"])
    assert event | {"id": "", "time": "", "detail": {}} == {
        "version": "0",
        "id": "",
        "detail-type": "ECS Deployment State Change",
        "source": "aws.ecs",
        "account": "123456789876",
        "time": "",
        "region": "eu-west-1",
        "resources": [SERVICE],
        "detail": {},
    }
    assert re.fullmatch(MILLISECONDS, detail["updatedAt"])
    assert detail | {"updatedAt": ""} == {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "clusterArn": CLUSTER,
        "deploymentId": bad.id,
        "updatedAt": "",
        "reason": "ECS deployment circuit breaker: tasks failed to start.",
    }


@pytest.mark.fact("eventbridge.updated-at")
def test_the_time_of_an_event_is_when_it_happens_and_updated_at_is_before_a_failure(
    tell: Tell,
) -> None:
    story = tell().settled()
    done = sent(story, "SERVICE_DEPLOYMENT_COMPLETED")
    failed_at = story.until_state(story.update(WRONG), "FAILED")
    failed = sent(story, "SERVICE_DEPLOYMENT_FAILED")

    def lies(event: Mapping[str, Any]) -> float:
        updated_at = datetime.fromisoformat(event["detail"]["updatedAt"])
        return (datetime.fromisoformat(event["time"]) - updated_at).total_seconds()

    assert failed["time"] == f"{story.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    assert failed_at == story.seconds()
    assert -1 < lies(done) <= 0
    assert 0 < lies(failed) < 485


@pytest.mark.fact("eventbridge.service-actions")
def test_what_the_guide_lists_as_service_actions_is_sent_as_such(tell: Tell) -> None:
    story = tell().settled()
    story.until_state(story.update(WRONG), "FAILED")
    story.advance(600)

    actions = [e.event for e in story.sent if e.event["detail-type"] == "ECS Service Action"]

    assert {(e["detail"]["eventType"], e["detail"]["eventName"]) for e in actions} >= {
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
        ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
        ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
        ("INFO", "SERVICE_STEADY_STATE"),
    }
    assert all(e["resources"] == [SERVICE] for e in actions)
    assert all("deploymentId" not in e["detail"] for e in actions)
    story.update("nginx:latest")
    story.advance(600)
    assert "TASKS_STOPPED" in {e.event["detail"].get("eventName") for e in story.sent}


@pytest.mark.fact("eventbridge.steady")
def test_a_service_action_has_the_fields_of_awss_sample(tell: Tell) -> None:
    story = tell().settled()
    event = sent(story, "SERVICE_STEADY_STATE")

    assert (event["detail-type"], event["resources"]) == ("ECS Service Action", [SERVICE])
    assert re.fullmatch(MILLISECONDS, event["detail"]["createdAt"])
    assert event["detail"] | {"createdAt": ""} == {
        "eventType": "INFO",
        "eventName": "SERVICE_STEADY_STATE",
        "clusterArn": CLUSTER,
        "createdAt": "",
    }


ALWAYS = {
    *("attachments", "availabilityZone", "clusterArn", "containers", "createdAt", "launchType"),
    *("cpu", "memory", "desiredStatus", "group", "lastStatus", "overrides", "startedBy"),
    *("updatedAt", "taskArn", "taskDefinitionArn", "version", "platformVersion"),
}
ONCE_CONNECTED = {"connectivity", "connectivityAt"}
ONCE_PULLED = {"pullStartedAt", "pullStoppedAt"}
ONCE_STOPPED = {"executionStoppedAt", "stoppingAt", "stoppedAt", "stoppedReason", "stopCode"}


@pytest.mark.fact("eventbridge.task")
def test_a_task_event_has_the_fields_of_awss_sample(tell: Tell) -> None:
    story = tell().settled()
    story.update("nginx:latest", **EXIT_1)
    story.until(lambda: any(task.stopped_at for task in story.tasks))
    new, stopped = of_task(story, "PROVISIONING"), of_task(story, "STOPPED")

    assert new["detail-type"] == "ECS Task State Change"
    assert new["resources"] == [new["detail"]["taskArn"]]
    assert new["detail"].keys() == ALWAYS
    assert stopped["detail"].keys() == (
        ALWAYS | ONCE_CONNECTED | ONCE_PULLED | ONCE_STOPPED | {"startedAt"}
    )
    (container,) = stopped["detail"]["containers"]
    assert container["exitCode"] == 1
    assert stopped["detail"]["stopCode"] == "EssentialContainerExited"


@pytest.mark.fact("eventbridge.task-never-started", "tasks.never-started-containers")
def test_the_event_of_a_task_that_never_started_says_why(tell: Tell) -> None:
    story = tell().settled()
    story.update(WRONG)
    story.until(lambda: story.tasks[-1].stopped_at)
    detail = of_task(story, "STOPPED")["detail"]

    assert detail.keys() == ALWAYS | ONCE_CONNECTED | ONCE_PULLED | ONCE_STOPPED
    assert detail["stopCode"] == "TaskFailedToStart"
    assert detail["stoppedReason"].startswith("CannotPullContainerError: ")
    assert detail["containers"][0].keys().isdisjoint({"exitCode", "reason", "runtimeId"})
