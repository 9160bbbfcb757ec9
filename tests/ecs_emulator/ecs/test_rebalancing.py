"""Availability Zone rebalancing, and a scheduler whose own calls are throttled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from deployed import Deployed, behind, rule_to_queue, target_group

from ecs_emulator.client import EmulatorControls
from ecs_emulator.ecs.rebalancing import moves

UNEVEN = "(service web) is not AZ balanced with "


@pytest.fixture
def deployed(aws: Callable[..., Any], advance: Callable[[float], None]) -> Deployed:
    """A service that may run in two zones."""
    found = Deployed(aws, advance)
    subnets = aws("ec2").describe_subnets()["Subnets"][:2]
    found.network["awsvpcConfiguration"]["subnets"] = [each["SubnetId"] for each in subnets]
    return found


def tasks(deployed: Deployed) -> list[dict[str, Any]]:
    arns = deployed.ecs.list_tasks(serviceName="web")["taskArns"]
    found: list[dict[str, Any]] = deployed.ecs.describe_tasks(tasks=arns)["tasks"]
    return found


def zones(deployed: Deployed) -> list[int]:
    return sorted(Counter(each["availabilityZone"] for each in tasks(deployed)).values())


def unbalance(deployed: Deployed, seconds: float = 120, **settings: Any) -> None:
    """Four tasks, of which both in one zone are stopped: their successors are spread over both."""
    deployed.create(desiredCount=4, **settings)
    (zone, _), *_ = Counter(each["availabilityZone"] for each in tasks(deployed)).items()
    for each in tasks(deployed):
        if each["availabilityZone"] == zone:
            deployed.ecs.stop_task(task=each["taskArn"])
    deployed.advance(seconds)


@pytest.mark.parametrize(
    ("spread", "room", "planned"),
    [
        ({"a": 2, "b": 2, "c": 1}, 9, []),
        ({"a": 1, "b": 0}, 9, []),
        ({"a": 3, "b": 1}, 9, [("a", "b")]),
        ({"a": 3, "b": 1, "c": 1}, 9, [("a", "b")]),
        ({"a": 4, "b": 0}, 9, [("a", "b"), ("a", "b")]),
        ({"a": 4, "b": 0}, 1, [("a", "b")]),
        ({"a": 4, "b": 0}, 0, []),
        ({}, 9, []),
    ],
)
@pytest.mark.fact("zones.uneven")
def test_a_difference_of_two_is_uneven(
    spread: Mapping[str, int], room: int, planned: list[tuple[str, str]]
) -> None:
    assert moves(spread, room) == planned


@pytest.mark.fact("zones.rebalance", "zones.messages", "zones.order")
def test_an_uneven_service_is_evened_out_by_starting_first_and_stopping_then(
    deployed: Deployed,
) -> None:
    unbalance(deployed)
    assert zones(deployed) == [1, 3]
    deployed.advance(600)

    assert zones(deployed) == [2, 2]
    full, empty = "eu-west-1b", "eu-west-1a"
    uneven, started, stopped, even = deployed.events[:4][::-1]
    assert uneven == (f"{UNEVEN}3 tasks in {full}, 1 tasks in {empty}. AZ Rebalancing in progress.")
    assert started.startswith(
        f"(service web) has started 1 tasks in {empty} to AZ Rebalance: (task "
    )
    assert stopped.startswith(
        f"(service web) has stopped 1 running tasks in {full} due to AZ rebalancing: (task "
    )
    assert even == f"(service web) is AZ balanced with 2 tasks in {empty}, 2 tasks in {full}."
    assert deployed.service["runningCount"] == 4
    arns = deployed.ecs.list_tasks(serviceName="web", desiredStatus="STOPPED")["taskArns"]
    reasons = {each["stoppedReason"] for each in deployed.ecs.describe_tasks(tasks=arns)["tasks"]}
    deployment = deployed.service["deployments"][0]["id"]
    assert f"Availability-zone rebalancing initiated by (deployment {deployment})" in reasons


def hear(deployed: Deployed, *names: str) -> Callable[[], list[dict[str, Any]]]:
    """The details of all service actions of these names, as a queue hears them from now on."""
    rule_to_queue(deployed)
    pattern = {"detail-type": ["ECS Service Action"], "detail": {"eventName": list(names)}}
    deployed.aws("events").put_rule(Name="all", EventPattern=json.dumps(pattern))
    sqs = deployed.aws("sqs")
    url = sqs.get_queue_url(QueueName="events")["QueueUrl"]

    def heard() -> list[dict[str, Any]]:
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(each["Body"])["detail"] for each in reply.get("Messages", [])]

    return heard


@pytest.mark.fact("eventbridge.service-actions")
def test_the_scheduler_says_that_it_changed_the_desired_count_and_no_person_does(
    deployed: Deployed,
) -> None:
    heard = hear(deployed, "SERVICE_DESIRED_COUNT_UPDATED")
    deployed.create(desiredCount=2)
    deployed.ecs.update_service(service="web", desiredCount=4)
    deployed.advance(300)
    assert heard() == []

    for task in [t for t in tasks(deployed) if t["availabilityZone"] == zone_of_most(deployed)]:
        deployed.ecs.stop_task(task=task["taskArn"])
    deployed.advance(900)

    assert [each["eventType"] for each in heard()] == ["INFO", "INFO"]


def zone_of_most(deployed: Deployed) -> str:
    return Counter(each["availabilityZone"] for each in tasks(deployed)).most_common(1)[0][0]


@pytest.mark.fact("eventbridge.service-actions")
def test_a_role_that_cannot_be_assumed_yet_is_a_failure_of_configuration(
    deployed: Deployed, emulator: Any
) -> None:
    heard = hear(deployed, "SERVICE_TASK_CONFIGURATION_FAILURE", "SERVICE_HEALTH_UNKNOWN")
    controls = EmulatorControls(emulator.url)
    deployed.create(**behind(target_group(deployed)))
    controls.call("PUT", "/_emulator/faults", {"role_delay_seconds": 86_400})
    deployed.update(deployed.register("nginx:stable"), 60)
    first = heard()
    controls.call("PUT", "/_emulator/faults", {"throttled_scheduler": ["elb"]})
    deployed.advance(120)
    second = heard()

    assert first[0]["eventName"] == "SERVICE_TASK_CONFIGURATION_FAILURE"
    assert first[0]["eventType"] == "ERROR"
    assert "unable to assume the role" in first[0]["reason"]
    assert [(each["eventType"], each["eventName"]) for each in second][-1] == (
        "ERROR",
        "SERVICE_HEALTH_UNKNOWN",
    )


@pytest.mark.fact("zones.off", "zones.no-room")
@pytest.mark.parametrize(
    "settings",
    [
        {"availabilityZoneRebalancing": "DISABLED"},
        {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 50}},
    ],
)
def test_a_service_that_does_not_want_it_or_has_no_room_stays_uneven(
    deployed: Deployed, settings: dict[str, Any]
) -> None:
    unbalance(deployed, 1200, **settings)

    assert zones(deployed) == [1, 3]
    assert not [each for each in deployed.events if "AZ" in each]


@pytest.mark.fact("zones.stopped")
def test_a_new_deployment_stops_the_rebalancing(deployed: Deployed) -> None:
    unbalance(deployed)
    while UNEVEN not in deployed.events[1]:
        deployed.advance(1)
    deployed.update(deployed.register("nginx:stable"), 1)

    assert "(service web) stopped AZ Rebalancing." in deployed.events
    deployed.advance(600)
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert deployed.service["runningCount"] == 4


@pytest.mark.fact("zones.protected")
def test_protected_tasks_hold_the_rebalancing_up(deployed: Deployed) -> None:
    unbalance(deployed)
    arns = [each["taskArn"] for each in tasks(deployed)]
    deployed.ecs.update_task_protection(
        cluster="default", tasks=arns, protectionEnabled=True, expiresInMinutes=20
    )
    deployed.advance(600)
    (deployment,) = deployed.service["deployments"]
    said = [each for each in deployed.events if "unable to AZ Rebalance" in each]

    assert said == [
        (
            "(service web) was unable to AZ Rebalance because "
            f"(taskSet {deployment['id']}) was unable to scale in due to (reason 4 tasks under "
            "protection)"
        )
    ]
    deployed.advance(1200)
    assert zones(deployed) == [2, 2]


@pytest.mark.fact("events.throttled", "eventbridge.operation-throttled")
def test_a_throttled_scheduler_says_so_once_and_counts_no_failure(
    deployed: Deployed, emulator: Any
) -> None:
    deployed.create()
    rule_to_queue(deployed)
    deployed.aws("events").put_rule(
        Name="all", EventPattern='{"detail": {"eventName": ["ECS_OPERATION_THROTTLED"]}}'
    )
    controls = EmulatorControls(emulator.url)
    controls.call("PUT", "/_emulator/faults", {"throttled_scheduler": ["ecs"]})
    deployed.update(deployed.register("nginx:stable"), 900)

    throttled = "(service web) operations are being throttled. Will try again later."
    assert [each for each in deployed.events if "throttled" in each] == [throttled]
    assert deployed.service["deployments"][0]["failedTasks"] == 0
    sqs = deployed.aws("sqs")
    url = sqs.get_queue_url(QueueName="events")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"]["eventType"] == "ERROR"
    controls.call("PUT", "/_emulator/faults", {})
    deployed.advance(300)
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("events.throttled-elb")
def test_a_throttled_load_balancer_delays_the_registration(
    deployed: Deployed, emulator: Any
) -> None:
    controls = EmulatorControls(emulator.url)
    controls.call("PUT", "/_emulator/faults", {"throttled_scheduler": ["elb"]})
    deployed.create(**behind(target_group(deployed)))

    throttled = "(service web) operations are being throttled on elb. Will try again later."
    assert [each for each in deployed.events if "throttled" in each] == [throttled]
    assert deployed.service["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    controls.call("PUT", "/_emulator/faults", {})
    deployed.advance(300)
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"
