"""What EventBridge and SNS do, where no other test says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account_world import World

REGION = "eu-west-1"
TOPIC = "arn:aws:sns:eu-west-1:123456789876:my-topic"
EVENT: dict[str, Any] = {"source": "aws.ecs", "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED"}}


def rule_to(world: World, arn: str, **target: Any) -> None:
    events = world.client("events")
    events.put_rule(Name="failed", EventPattern='{"source": ["aws.ecs"]}')
    events.put_targets(Rule="failed", Targets=[{"Id": "1", "Arn": arn, **target}])
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)


@pytest.mark.fact("sns.default-policy")
def test_a_new_topic_lets_its_owner_in_and_nobody_else(world: World) -> None:
    sns = world.client("sns")
    sns.create_topic(Name="my-topic")
    policy = json.loads(sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"])
    (statement,) = policy["Statement"]

    assert (policy["Version"], policy["Id"]) == ("2008-10-17", "__default_policy_ID")
    assert statement["Sid"] == "__default_statement_ID"
    assert statement["Principal"] == {"AWS": "*"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": "123456789876"}}
    rule_to(world, TOPIC)
    assert [each.error_code for each in world.account.bus.deliveries] == ["NO_PERMISSIONS"]


@pytest.mark.fact("eventbridge.same-region")
def test_a_topic_in_another_region_hears_nothing(world: World) -> None:
    world.client("sns", "us-east-1").create_topic(Name="my-topic")
    rule_to(world, TOPIC.replace(REGION, "us-east-1"))

    (delivery,) = world.account.bus.deliveries
    assert (delivery.outcome, delivery.error_code) == ("failed", "NO_RESOURCE")
    assert "us-east-1" in delivery.error


@pytest.mark.fact("eventbridge.dead-letter-standard")
def test_a_fifo_queue_takes_no_dead_letters(world: World) -> None:
    world.client("sqs").create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})
    dead = "arn:aws:sqs:eu-west-1:123456789876:dead.fifo"
    rule_to(world, TOPIC, DeadLetterConfig={"Arn": dead})

    (delivery,) = world.account.bus.deliveries
    assert "standard queue" in delivery.dead_letter
