"""From an ECS event to the mail: rules, permissions, targets and dead letters, through boto3."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from account_world import World
from botocore.exceptions import ClientError

REGION = "eu-west-1"
TOPIC = "arn:aws:sns:eu-west-1:123456789876:my-topic"
RULE = "arn:aws:events:eu-west-1:123456789876:rule/EcsServiceDeploymentFailed"
PATTERN = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Deployment State Change"],
    "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
}
EVENT = {
    "version": "0",
    "id": "12345abc-2f7c-f86a-e544-a69218eb1446",
    "detail-type": "ECS Deployment State Change",
    "source": "aws.ecs",
    "account": "123456789876",
    "time": "2026-01-05T09:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:ecs:eu-west-1:123456789876:service/default/my-sample-service"],
    "detail": {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "deploymentId": "ecs-svc/9876543210987654321",
        "updatedAt": "2026-01-05T09:00:00.730Z",
        "reason": "ECS deployment circuit breaker: tasks failed to start.",
    },
}
EVENT_TEXT = json.dumps(EVENT, separators=(",", ":"))
OWNER_ONLY = {
    "Sid": "my_topic_default",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["SNS:Subscribe", "SNS:Publish"],
    "Resource": TOPIC,
    "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789876"}},
}
EVENTS_MAY_PUBLISH = {
    "Sid": "my_topic_for_sns_Publish",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}


def topic_with(world: World, *statements: Any) -> None:
    sns = world.client("sns")
    sns.create_topic(Name="my-topic")
    policy = {"Version": "2008-10-17", "Id": "my_topic_policy", "Statement": list(statements)}
    sns.set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="example@example.com")
    (asked,) = world.account.outbox
    assert world.account.follow_link(asked.link).status == 200
    world.account.outbox.clear()


def rule_to(world: World, arn: str = TOPIC, **target: Any) -> None:
    events = world.client("events")
    events.put_rule(Name="EcsServiceDeploymentFailed", EventPattern=json.dumps(PATTERN))
    answer = events.put_targets(
        Rule="EcsServiceDeploymentFailed", Targets=[{"Id": "1", "Arn": arn} | target]
    )
    assert answer["FailedEntryCount"] == 0


def queue(world: World, name: str, *statements: Any, **attributes: str) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    given = attributes | ({"Policy": policy} if statements else {})
    world.client("sqs").create_queue(QueueName=name, Attributes=given)
    return f"arn:aws:sqs:eu-west-1:123456789876:{name}"


def sender(name: str, service: str = "events.amazonaws.com", source: str = RULE) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:eu-west-1:123456789876:{name}",
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }


def messages(world: World, name: str) -> list[dict[str, Any]]:
    sqs = world.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(found.get("Messages", []))


@pytest.mark.fact(
    "timing.eventbridge", "eventbridge.topic-policy", "sns.event-as-mail", "sns.mail-sender"
)
def test_a_failed_deployment_reaches_the_mailbox_half_a_second_later(world: World) -> None:
    topic_with(world, OWNER_ONLY, EVENTS_MAY_PUBLISH)
    rule_to(world)

    assert world.account.bus.publish(EVENT, REGION) == 1
    world.pass_time(0.29)
    assert len(world.account.outbox) == 0
    world.pass_time(0.42)
    (mail,) = world.account.outbox
    assert mail.body.split("\n\n--\n")[0] == EVENT_TEXT
    assert (mail.to, mail.subject) == ("example@example.com", "AWS Notification Message")
    (delivery,) = world.account.bus.as_json()
    assert (delivery["outcome"], delivery["event_name"], delivery["rule"]) == (
        "delivered",
        "SERVICE_DEPLOYMENT_FAILED",
        "EcsServiceDeploymentFailed",
    )
    assert [each["outcome"] for each in delivery["subscriptions"]] == ["delivered"]


@pytest.mark.fact("eventbridge.pattern", "eventbridge.disabled")
def test_events_that_do_not_match_and_disabled_rules_schedule_nothing(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    rule_to(world)
    completed = EVENT | {"detail": EVENT["detail"] | {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}}

    assert world.account.bus.publish(completed, REGION) == 0
    assert world.account.bus.publish(EVENT, "us-east-1") == 0
    world.client("events").disable_rule(Name="EcsServiceDeploymentFailed")
    assert world.account.bus.publish(EVENT, REGION) == 0
    assert world.clock.next_due is None


def test_a_rule_with_only_a_schedule_hears_no_event(world: World) -> None:
    events = world.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": TOPIC}])

    assert world.account.bus.publish(EVENT, REGION) == 0


@pytest.mark.parametrize(
    ("statements", "word"),
    [
        ([OWNER_ONLY], "Condition"),
        (
            [EVENTS_MAY_PUBLISH | {"Condition": {"ArnEquals": {"aws:SourceArn": RULE}}}],
            "cannot use Condition blocks",
        ),
        ([EVENTS_MAY_PUBLISH, EVENTS_MAY_PUBLISH | {"Effect": "Deny", "Sid": "no"}], '"no" denies'),
        ([EVENTS_MAY_PUBLISH | {"Action": "sns:Subscribe"}], "No statement allows"),
    ],
)
@pytest.mark.fact(
    "eventbridge.topic-policy",
    "eventbridge.topic-condition",
    "eventbridge.topic-condition-silent",
    "eventbridge.no-retry",
)
def test_a_topic_that_does_not_let_eventbridge_in_gets_nothing(
    world: World, statements: list[Any], word: str
) -> None:
    topic_with(world, *statements)
    rule_to(world)

    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    (delivery,) = world.account.bus.deliveries
    assert (delivery.outcome, delivery.error_code) == ("failed", "NO_PERMISSIONS")
    assert word in delivery.error
    assert len(world.account.outbox) == 0
    world.pass_time(90_000)
    assert len(world.account.bus.deliveries) == 1


KEY_FOR_EVENTS = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


def encrypt_topic(world: World, *statements: Any) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    key = world.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    world.client("sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=key
    )


@pytest.mark.fact("eventbridge.key")
def test_an_encrypted_topic_whose_key_lets_eventbridge_in_gets_the_alert(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    encrypt_topic(world, KEY_FOR_EVENTS)

    assert outcome_of(world) == ("delivered", "")


@pytest.mark.parametrize(
    "statement",
    [
        {**KEY_FOR_EVENTS, "Principal": {"AWS": "arn:aws:iam::123456789876:root"}},
        {**KEY_FOR_EVENTS, "Action": "kms:Decrypt"},
        {**KEY_FOR_EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": RULE}}},
    ],
    ids=["only the account", "only decrypt", "with a condition"],
)
@pytest.mark.fact("eventbridge.key")
def test_an_encrypted_topic_whose_key_shuts_eventbridge_out_gets_nothing(
    world: World, statement: Any
) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    encrypt_topic(world, statement)

    assert outcome_of(world) == ("failed", "NO_PERMISSIONS")


@pytest.mark.fact("eventbridge.aws-managed-key")
def test_the_key_that_aws_manages_shuts_eventbridge_out(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    world.client("sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )

    assert outcome_of(world) == ("failed", "NO_PERMISSIONS")


def outcome_of(world: World) -> tuple[str, str]:
    """What became of one event at the topic: outcome, error code."""
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)
    (delivery,) = world.account.bus.as_json()
    return delivery["outcome"], delivery["error_code"]


@pytest.mark.fact("eventbridge.no-retry")
def test_a_missing_topic_is_no_resource(world: World) -> None:
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    (delivery,) = world.account.bus.deliveries
    assert (delivery.outcome, delivery.error_code) == ("failed", "NO_RESOURCE")


def role(world: World, service: str, action: str) -> str:
    iam = world.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": RULE}},
    }
    permission = {"Effect": "Allow", "Action": action, "Resource": TOPIC}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam.create_role(RoleName="teller", AssumeRolePolicyDocument=json.dumps(document))
    document = {"Version": "2012-10-17", "Statement": [permission]}
    iam.put_role_policy(RoleName="teller", PolicyName="p", PolicyDocument=json.dumps(document))
    return "arn:aws:iam::123456789876:role/teller"


@pytest.mark.parametrize(
    ("service", "action", "outcome"),
    [
        ("events.amazonaws.com", "sns:Publish", "delivered"),
        ("ecs.amazonaws.com", "sns:Publish", "failed"),
        ("events.amazonaws.com", "sns:Subscribe", "failed"),
    ],
)
@pytest.mark.fact("eventbridge.role")
def test_a_target_role_stands_in_for_the_topic_policy(
    world: World, service: str, action: str, outcome: str
) -> None:
    topic_with(world, OWNER_ONLY)
    rule_to(world, RoleArn=role(world, service, action))
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each.outcome for each in world.account.bus.deliveries] == [outcome]
    assert len(world.account.outbox) == (outcome == "delivered")


def test_a_role_that_does_not_exist_is_no_permission(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    rule_to(world, RoleArn="arn:aws:iam::123456789876:role/nobody")
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each.error_code for each in world.account.bus.deliveries] == ["NO_PERMISSIONS"]


@pytest.mark.fact("eventbridge.queue-policy")
def test_a_queue_gets_the_bare_event_if_its_policy_names_the_rule(world: World) -> None:
    rule_to(world, queue(world, "alerts", sender("alerts")))
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each["Body"] for each in messages(world, "alerts")] == [EVENT_TEXT]


@pytest.mark.fact("eventbridge.queue-policy")
def test_a_queue_with_another_rule_in_its_policy_gets_nothing(world: World) -> None:
    rule_to(world, queue(world, "alerts", sender("alerts", source=RULE + "2")))
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert messages(world, "alerts") == []
    assert [each.outcome for each in world.account.bus.deliveries] == ["failed"]


def test_a_fifo_queue_takes_events_in_the_group_of_the_target(world: World) -> None:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    arn = queue(world, "alerts.fifo", sender("alerts.fifo"), **attributes)
    rule_to(world, arn, SqsParameters={"MessageGroupId": "deployments"})
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each["Body"] for each in messages(world, "alerts.fifo")] == [EVENT_TEXT]


@pytest.mark.fact("eventbridge.dead-letter")
def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(world: World) -> None:
    topic_with(world, OWNER_ONLY)
    dead = queue(world, "dead", sender("dead"))
    rule_to(world, DeadLetterConfig={"Arn": dead})
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    (letter,) = messages(world, "dead")
    texts = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == EVENT_TEXT
    assert texts.pop("ERROR_MESSAGE").startswith("Statement")
    assert texts == {
        "RULE_ARN": RULE,
        "TARGET_ARN": TOPIC,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    assert world.account.bus.deliveries[0].dead_letter == "delivered"


@pytest.mark.fact("eventbridge.dead-letter-policy")
def test_a_dead_letter_queue_has_a_policy_of_its_own(world: World) -> None:
    rule_to(world, DeadLetterConfig={"Arn": queue(world, "dead")})
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert messages(world, "dead") == []
    assert "no policy" in world.account.bus.deliveries[0].dead_letter


@pytest.mark.fact("not.targets")
def test_a_target_that_the_emulator_lacks_is_reported_not_dropped(world: World) -> None:
    rule_to(world, "arn:aws:lambda:eu-west-1:123456789876:function:f")
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    (delivery,) = world.account.bus.deliveries
    assert delivery.outcome == "unsupported"
    assert "lambda" in delivery.error


def test_a_log_group_hears_of_events_if_a_resource_policy_says_so(world: World) -> None:
    logs = world.client("logs")
    logs.create_log_group(logGroupName="/aws/events/ecs")
    rule_to(world, "arn:aws:logs:eu-west-1:123456789876:log-group:/aws/events/ecs")
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-west-1:123456789876:log-group:/aws/events/*:*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    logs.put_resource_policy(policyName="events", policyDocument=document)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    found = logs.filter_log_events(logGroupName="/aws/events/ecs")["events"]
    assert [each["message"] for each in found] == [EVENT_TEXT]
    assert [each.outcome for each in world.account.bus.deliveries] == ["failed", "delivered"]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"Input": '{"fixed":1}'}, '{"fixed":1}'),
        ({"InputPath": "$.detail.eventName"}, '"SERVICE_DEPLOYMENT_FAILED"'),
        ({"InputPath": "$.resources"}, json.dumps(EVENT["resources"])),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {
                        "why": "$.detail.reason",
                        "service": "$.resources[0]",
                        "none": "$.detail.nothing",
                    },
                    "InputTemplate": (
                        '{"why": <why>, "text": "<service> by <aws.events.rule-name>", '
                        '"none": "<none>"}'
                    ),
                }
            },
            (
                '{"why": "ECS deployment circuit breaker: tasks failed to start.", '
                '"text": "arn:aws:ecs:eu-west-1:123456789876:service/default/my-sample-service '
                'by EcsServiceDeploymentFailed", "none": ""}'
            ),
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"detail": "$.detail.eventType", "all": "$.resources"},
                    "InputTemplate": '{"a": "an <detail>", "b": <all>}',
                }
            },
            '{"a": "an ERROR", "b": ["' + EVENT["resources"][0] + '"]}',
        ),
        (
            {"InputTransformer": {"InputTemplate": '"the event is" <aws.events.event.json>'}},
            f'"the event is" {EVENT_TEXT}',
        ),
    ],
)
@pytest.mark.fact("eventbridge.input")
def test_a_target_chooses_its_text(world: World, settings: Any, text: str) -> None:
    rule_to(world, queue(world, "alerts", sender("alerts")), **settings)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each["Body"] for each in messages(world, "alerts")] == [text]


@pytest.mark.fact("eventbridge.not-in-the-name-of-aws")
def test_nobody_can_send_events_in_the_name_of_aws(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    rule_to(world)
    entry = {
        "Source": "aws.ecs",
        "DetailType": EVENT["detail-type"],
        "Detail": json.dumps(EVENT["detail"]),
    }
    answer = world.client("events").put_events(Entries=[entry, entry | {"Source": "my.app"}])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {
        "ErrorCode": "NotAuthorizedForSourceException",
        "ErrorMessage": "Not authorized for the source.",
    }
    assert list(answer["Entries"][1]) == ["EventId"]
    assert world.clock.next_due is None


def test_other_events_take_the_same_way_as_those_of_ecs(world: World) -> None:
    events = world.client("events")
    arn = queue(world, "alerts", sender("alerts", source=RULE.replace("EcsServiceD", "MyD")))
    rule_arn = events.put_rule(Name="MyDeploymentFailed", EventPattern='{"source":["my.app"]}')
    assert rule_arn["RuleArn"] == RULE.replace("EcsServiceD", "MyD")
    events.put_targets(Rule="MyDeploymentFailed", Targets=[{"Id": "1", "Arn": arn}])
    answer = events.put_events(
        Entries=[{"Source": "my.app", "DetailType": "Hello", "Detail": '{"a":1}', "Resources": []}]
    )
    world.pass_time(1)

    (message,) = messages(world, "alerts")
    assert json.loads(message["Body"]) == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "Hello",
        "source": "my.app",
        "account": "123456789876",
        "time": "2026-01-05T09:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"a": 1},
    }


@pytest.mark.fact("eventbridge.pattern", "eventbridge.test-pattern")
def test_a_pattern_can_be_tried_before_it_is_used(world: World) -> None:
    events = world.client("events")
    misplaced = {"source": ["aws.ecs"], "reason": ["x"]}

    def matches(pattern: Any, event: Any = EVENT) -> bool:
        answer = events.test_event_pattern(
            EventPattern=json.dumps(pattern), Event=json.dumps(event)
        )
        return bool(answer["Result"])

    assert matches(PATTERN)
    assert not matches(misplaced)
    with pytest.raises(ClientError, match="InvalidEventPattern"):
        matches({"source": "aws.ecs"})
    lacking = {key: value for key, value in EVENT.items() if key != "account"}
    with pytest.raises(ClientError, match="it lacks account"):
        matches(PATTERN, lacking)


@pytest.mark.fact("sns.envelope")
def test_a_subscribed_queue_gets_the_envelope_of_sns(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    arn = queue(world, "inbox", sender("inbox", "sns.amazonaws.com", TOPIC))
    world.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    (message,) = messages(world, "inbox")
    envelope = json.loads(message["Body"])
    assert list(envelope) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    ]
    assert (envelope["Message"], envelope["SignatureVersion"]) == (EVENT_TEXT, "1")
    assert envelope["MessageId"] == world.account.bus.deliveries[0].message_id
    assert envelope["Timestamp"].startswith("2026-01-05T09:00:00.")


@pytest.mark.fact("sns.raw")
def test_raw_delivery_gives_the_event_itself(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    arn = queue(world, "inbox", sender("inbox", "sns.amazonaws.com", TOPIC))
    world.client("sns").subscribe(
        TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert [each["Body"] for each in messages(world, "inbox")] == [EVENT_TEXT]


@pytest.mark.fact("sns.queue-policy")
def test_a_subscribed_queue_that_does_not_let_sns_in_is_a_visible_failure(world: World) -> None:
    topic_with(world, EVENTS_MAY_PUBLISH)
    arn = queue(world, "inbox")
    world.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    assert messages(world, "inbox") == []
    (delivery,) = world.account.bus.as_json()
    assert [(each["protocol"], each["outcome"]) for each in delivery["subscriptions"]] == [
        ("email", "delivered"),
        ("sqs", "failed"),
    ]


@pytest.mark.fact("eventbridge.metrics")
def test_cloudwatch_counts_what_a_rule_did(world: World) -> None:
    rule_to(world)
    world.account.bus.publish(EVENT, REGION)
    world.pass_time(1)

    def total(metric: str) -> float:
        found = world.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events",
            MetricName=metric,
            Dimensions=[{"Name": "RuleName", "Value": "EcsServiceDeploymentFailed"}],
            StartTime=world.clock.now - timedelta(minutes=5),
            EndTime=world.clock.now + timedelta(minutes=5),
            Period=600,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(each["Sum"] for each in found))

    counted = [
        total(name)
        for name in ("MatchedEvents", "TriggeredRules", "Invocations", "FailedInvocations")
    ]
    assert counted == [1, 1, 1, 1]
