"""Room: what EventBridge, SNS, SQS, KMS and CloudWatch say of the alert chain.

Lives here: the read calls of the chain and the translation out of their replies.
Never here: decisions, what is wrong with the chain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.aws.reading.paging import pages, tags_of
from runbook_lib.aws.refusals import code_of
from runbook_lib.aws.session import Session
from runbook_lib.facts.alert_text import read_alert

MOST_LOOKS = 4
DEFAULT_BUS = "default"
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NO_KEY = ("NotFoundException", "InvalidArnException")


def read_topic(session: Session, name: str) -> facts.Topic | None:
    return read_topic_by_arn(session, session.arn("sns", name))


def has_topic(session: Session, name: str) -> bool:
    """Whether there is such a topic: one call, where `read_topic` makes three."""
    return _topic_attributes(session, session.arn("sns", name)) is not None


def _topic_attributes(session: Session, arn: str) -> dict[str, str] | None:
    try:
        found: dict[str, str] = session.client("sns").get_topic_attributes(TopicArn=arn)[
            "Attributes"
        ]
    except ClientError as error:
        if code_of(error) in ("NotFound", "NotFoundException", "InvalidParameter"):
            return None
        raise
    return found


def read_topic_by_arn(session: Session, arn: str) -> facts.Topic | None:
    """The topic, or None if there is none, or none in this Region."""
    attributes = _topic_attributes(session, arn)
    if attributes is None:
        return None
    sns = session.client("sns")
    subscriptions = pages(
        session, "sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn
    )
    return facts.Topic(
        arn=arn,
        policy=json.loads(attributes.get("Policy", "{}")),
        subscriptions=tuple(
            facts.Subscription(each["SubscriptionArn"], each["Protocol"], each["Endpoint"])
            for each in subscriptions
        ),
        tags=tags_of(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]),
        key_id=attributes.get("KmsMasterKeyId", ""),
    )


def read_filter(session: Session, subscription: facts.Subscription) -> facts.Subscription:
    """The same subscription with its filter policy. One that is unconfirmed has none to read."""
    if not subscription.is_confirmed:
        return subscription
    attributes = session.client("sns").get_subscription_attributes(
        SubscriptionArn=subscription.arn
    )["Attributes"]
    return replace(
        subscription,
        filter_policy=json.loads(attributes.get("FilterPolicy") or "{}"),
        filters_body=attributes.get("FilterPolicyScope") == "MessageBody",
    )


def read_rule(
    session: Session, name: str, *, bus: str = DEFAULT_BUS, region: str = ""
) -> facts.Rule | None:
    events = session.client("events", region)
    where = {} if bus == DEFAULT_BUS else {"EventBusName": bus}
    rule = _described_rule(events, Name=name, **where)
    if rule is None:
        return None
    targets = events.list_targets_by_rule(Rule=name, **where)["Targets"]
    return facts.Rule(
        name=name,
        arn=rule["Arn"],
        state=rule["State"],
        event_pattern=json.loads(rule.get("EventPattern", "{}")),
        targets=tuple(_target(each) for each in targets),
        tags=tags_of(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
        event_bus=rule.get("EventBusName", DEFAULT_BUS),
    )


def has_rule(session: Session, name: str) -> bool:
    """Whether the default event bus has such a rule: one call, where `read_rule` makes three."""
    return _described_rule(session.client("events"), Name=name) is not None


def _described_rule(events: Any, **which: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = events.describe_rule(**which)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return found


def _target(raw: Mapping[str, Any]) -> facts.Target:
    transformer = raw.get("InputTransformer", {})
    return facts.Target(
        id=raw["Id"],
        arn=raw["Arn"],
        template=transformer.get("InputTemplate", ""),
        paths=transformer.get("InputPathsMap", {}),
        input=raw.get("Input", ""),
        input_path=raw.get("InputPath", ""),
        dead_letter_arn=raw.get("DeadLetterConfig", {}).get("Arn", ""),
        role_arn=raw.get("RoleArn", ""),
    )


def read_event_buses(session: Session) -> tuple[str, ...]:
    """The names of the Region's event buses, the default one too."""
    found = session.client("events").list_event_buses()["EventBuses"]
    return tuple(each["Name"] for each in found)


def count_rules(session: Session) -> int:
    """How many rules the default event bus has."""
    return len(pages(session, "events", "list_rules", "Rules"))


def read_regions(session: Session) -> tuple[str, ...]:
    """The Regions that are enabled for the account."""
    found = session.client("ec2").describe_regions()["Regions"]
    return tuple(sorted(each["RegionName"] for each in found))


def would_match(session: Session, rule: facts.Rule, event: Mapping[str, Any]) -> bool:
    """Ask EventBridge (TestEventPattern) whether the rule's pattern matches this event."""
    reply = session.client("events").test_event_pattern(
        EventPattern=json.dumps(rule.event_pattern), Event=json.dumps(event)
    )
    return bool(reply["Result"])


def read_rule_counts(
    session: Session, rule: str, *, since: datetime, until: datetime
) -> facts.RuleCounts:
    """What CloudWatch counted for a rule. On AWS the numbers come a minute or two late."""
    cloudwatch = session.client("cloudwatch")
    begin = since.replace(second=0, microsecond=0)

    def total(metric: str) -> int:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Events",
            MetricName=metric,
            Dimensions=[{"Name": "RuleName", "Value": rule}],
            StartTime=begin,
            EndTime=until + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return int(sum(each["Sum"] for each in points))

    return facts.RuleCounts(
        matched=total("MatchedEvents"),
        invocations=total("Invocations"),
        failed=total("FailedInvocations"),
    )


def read_key(session: Session, key_id: str) -> facts.Key | None:
    """The KMS key of a topic: by id, ARN or alias. None if there is no such key."""
    kms = session.client("kms")
    try:
        found = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    except ClientError as error:
        if code_of(error) in _NO_KEY:
            return None
        raise
    policy = "{}"
    if found["KeyManager"] == "CUSTOMER":
        policy = kms.get_key_policy(KeyId=found["KeyId"], PolicyName="default")["Policy"]
    return facts.Key(found["Arn"], found["KeyManager"], found["KeyState"], json.loads(policy))


def has_queue(session: Session, name: str) -> bool:
    """Whether there is such a queue: one call, where `read_queue` makes three."""
    try:
        session.client("sqs").get_queue_url(QueueName=name)
    except ClientError as error:
        if code_of(error) in _NO_QUEUE:
            return False
        raise
    return True


def read_queue(session: Session, name: str) -> facts.Queue | None:
    sqs = session.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])
        found = attributes["Attributes"]
        tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    except ClientError as error:
        if code_of(error) in _NO_QUEUE:
            return None
        raise
    return facts.Queue(
        url=url,
        arn=found["QueueArn"],
        tags=tags,
        policy=json.loads(found.get("Policy", "{}")),
    )


def read_alerts(session: Session, queue: facts.Queue) -> tuple[facts.Alert, ...]:
    """What the probe queue holds, oldest first. Nothing is taken out: it can be read again."""
    alerts = [
        alert
        for each in _messages(session, queue)
        if (alert := read_alert(each["Body"], _sent_at(each))) is not None
    ]
    return tuple(sorted(alerts, key=lambda alert: alert.received_at))


def read_dead_letters(session: Session, queue: facts.Queue) -> tuple[facts.DeadLetter, ...]:
    """The deployment events in a dead-letter queue of EventBridge. Nothing is taken out."""
    letters = []
    for each in _messages(session, queue):
        alert = read_alert(each["Body"], _sent_at(each))
        attributes = each.get("MessageAttributes", {})
        if alert is not None and "ERROR_CODE" in attributes:
            said = {name: value.get("StringValue", "") for name, value in attributes.items()}
            letters.append(
                facts.DeadLetter(
                    alert.deployment_id,
                    said.get("TARGET_ARN", ""),
                    said["ERROR_CODE"],
                    said.get("ERROR_MESSAGE", ""),
                )
            )
    return tuple(letters)


def _messages(session: Session, queue: facts.Queue) -> list[dict[str, Any]]:
    sqs = session.client("sqs")
    found: dict[str, dict[str, Any]] = {}
    for _ in range(MOST_LOOKS):
        reply = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            WaitTimeSeconds=1,  # without waiting, SQS asks only some of its servers
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        fresh = [each for each in reply.get("Messages", []) if each["MessageId"] not in found]
        if not fresh:
            break
        found |= {each["MessageId"]: each for each in fresh}
    return list(found.values())


def _sent_at(message: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
