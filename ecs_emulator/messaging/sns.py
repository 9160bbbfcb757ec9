"""Room: who hears what is published to a topic.

Lives here: the confirmation of e-mail subscriptions, the fan-out of one message, the SQS envelope.
Never here: the API of SNS and where topics are kept; the wording of mails.

https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from ecs_emulator.access.resource_policies import allows
from ecs_emulator.messaging import mail
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.lookups import AccountLookups, NotAccepted, Subscription, Topic

MAIL_PROTOCOLS = ("email", "email-json")
WEB_PROTOCOLS = ("http", "https")
TOKEN_LIFETIME = timedelta(hours=48)
SIGNATURE = "RVhBTVBMRS1OT1QtQS1SRUFMLVNJR05BVFVSRQ=="
"""The same for every message: nobody here can check it. It reads EXAMPLE-NOT-A-REAL-SIGNATURE."""
CERTIFICATE = "SimpleNotificationService-0000000000000000000000000000000f.pem"
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_KEPT = 1000

Outcome = Literal["delivered", "failed", "unsupported", "pending", "filtered"]


class SnsRefusal(Exception):
    """SNS says no with this text, as InvalidParameter."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody published to a topic. Attributes as SNS forwards them: {"Type", "Value"}."""

    topic_arn: str
    message: str
    subject: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    is_structured: bool = False


@dataclass(frozen=True, slots=True)
class SubscriptionDelivery:
    """What became of one message for one subscription."""

    time: datetime
    topic_arn: str
    message_id: str
    subscription_arn: str
    protocol: str
    endpoint: str
    outcome: Outcome
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"time": mail.stamp(self.time)}


@dataclass(frozen=True, slots=True)
class _Token:
    subscription_arn: str
    expires_at: datetime


class Sns:
    """The one fan-out: Publish, PublishBatch and EventBridge all end here."""

    def __init__(
        self, clock: Clock, ids: Ids, account: AccountLookups, outbox: mail.Outbox
    ) -> None:
        self.deliveries: list[SubscriptionDelivery] = []
        self._clock = clock
        self._ids = ids
        self._account = account
        self._outbox = outbox
        self._tokens: dict[str, _Token] = {}

    def request_confirmation(self, subscription_arn: str, *, is_new: bool) -> bool:
        """Mail a link if the subscription waits for one. True if it does."""
        if is_new:
            self._account.set_pending(subscription_arn, pending=True)
        subscription = self._account.subscription(subscription_arn)
        if subscription is None or not subscription.is_pending:
            return False
        token = self._ids.hexadecimal("sns token", 200)
        self._tokens[token] = _Token(subscription_arn, self._clock.now + TOKEN_LIFETIME)
        topic = self._account.topic(subscription.topic_arn)
        sender = topic.display_name if topic else ""
        self._outbox.add(
            mail.confirmation(
                self._clock.now, subscription.topic_arn, sender, subscription.endpoint, token
            )
        )
        return True

    def confirm(self, topic_arn: str, token: str) -> str:
        """The ARN of the subscription that the token confirms. Twice is as good as once."""
        self.forget_expired()
        known = self._tokens.get(token)
        subscription = self._account.subscription(known.subscription_arn) if known else None
        if subscription is None or subscription.topic_arn != topic_arn:
            raise SnsRefusal("Invalid token")
        self._account.set_pending(subscription.arn, pending=False)
        return subscription.arn

    def forget_expired(self) -> None:
        """Drop what nobody confirmed within 48 hours. The last mail sent is the one that counts."""
        now = self._clock.now
        expired = {
            each.subscription_arn for each in self._tokens.values() if now >= each.expires_at
        }
        self._tokens = {key: each for key, each in self._tokens.items() if now < each.expires_at}
        for arn in sorted(expired - {each.subscription_arn for each in self._tokens.values()}):
            subscription = self._account.subscription(arn)
            if subscription is not None and subscription.is_pending:
                self._account.remove_subscription(arn)

    def publish(self, publication: Publication) -> str:
        """Hand a message to every subscription of its topic, and say its message id."""
        self.forget_expired()
        check_structure(publication)
        message_id = self._ids.uuid("sns message")
        topic = self._account.topic(publication.topic_arn)
        for subscription in self._account.subscriptions(publication.topic_arn):
            outcome, error = self._hand_over(publication, message_id, subscription, topic)
            self.deliveries.append(
                SubscriptionDelivery(
                    self._clock.now,
                    publication.topic_arn,
                    message_id,
                    subscription.arn,
                    subscription.protocol,
                    subscription.endpoint,
                    outcome,
                    error,
                )
            )
        del self.deliveries[:-_KEPT]
        return message_id

    def as_json(self) -> list[dict[str, Any]]:
        return [delivery.as_json() for delivery in self.deliveries]

    def _hand_over(
        self,
        publication: Publication,
        message_id: str,
        subscription: Subscription,
        topic: Topic | None,
    ) -> tuple[Outcome, str]:
        if subscription.is_pending:
            return "pending", "The address has not confirmed the subscription."
        message = text_for(publication, subscription.protocol)
        if not self._account.accepts(subscription.arn, message, publication.attributes):
            return "filtered", "The filter policy of the subscription does not match."
        if subscription.protocol in MAIL_PROTOCOLS:
            sender = topic.display_name if topic else ""
            self._mail(publication, message, message_id, subscription, sender)
            return "delivered", ""
        if subscription.protocol == "sqs":
            return self._enqueue(publication, message, message_id, subscription)
        protocol = subscription.protocol
        return "unsupported", f"The emulator does not deliver to {protocol}: it calls nobody."

    def _mail(
        self,
        publication: Publication,
        message: str,
        message_id: str,
        subscription: Subscription,
        sender: str,
    ) -> None:
        letter = mail.notification(
            self._clock.now,
            subscription.arn,
            sender,
            subscription.endpoint,
            publication.subject,
            message,
        )
        if subscription.protocol == "email-json":
            envelope = self._envelope(publication, message, message_id, subscription)
            letter = replace(letter, body=envelope)
        self._outbox.add(letter)

    def _enqueue(
        self,
        publication: Publication,
        message: str,
        message_id: str,
        subscription: Subscription,
    ) -> tuple[Outcome, str]:
        queue = self._account.queue(subscription.endpoint)
        if queue is None:
            return "failed", f"The queue {subscription.endpoint} does not exist."
        decision = allows(
            queue.policy,
            service="sns.amazonaws.com",
            action="sqs:SendMessage",
            resource=queue.arn,
            source_arn=publication.topic_arn,
            source_account=publication.topic_arn.split(":")[4],
            conditions_supported=True,
        )
        if not decision.allowed:
            return "failed", decision.reason
        raw = subscription.is_raw
        attributes = queue_attributes(publication.attributes) if raw else {}
        if not raw:
            message = self._envelope(publication, message, message_id, subscription)
        group, deduplication = publication.group_id, publication.deduplication_id
        try:
            self._account.send_to_queue(queue.arn, message, attributes, group, deduplication)
        except NotAccepted as refusal:
            return "failed", str(refusal)
        return "delivered", ""

    def _envelope(
        self,
        publication: Publication,
        message: str,
        message_id: str,
        subscription: Subscription,
    ) -> str:
        host = f"https://sns.{publication.topic_arn.split(':')[3]}.amazonaws.com"
        envelope: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": publication.topic_arn,
        }
        if publication.subject:
            envelope["Subject"] = publication.subject
        envelope |= {
            "Message": message,
            "Timestamp": mail.stamp(self._clock.now),
            "SignatureVersion": "1",
            "Signature": SIGNATURE,
            "SigningCertURL": f"{host}/{CERTIFICATE}",
            "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
        }
        if publication.attributes:
            envelope["MessageAttributes"] = dict(publication.attributes)
        return json.dumps(envelope, indent=2, separators=(",", " : "), ensure_ascii=False)


def is_address(endpoint: str) -> bool:
    return bool(_ADDRESS.fullmatch(endpoint))


def check_structure(publication: Publication) -> None:
    """MessageStructure json wants an object with at least a text named default."""
    if not publication.is_structured:
        return
    try:
        texts = json.loads(publication.message)
    except ValueError:
        raise SnsRefusal(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise SnsRefusal(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )


def text_for(publication: Publication, protocol: str) -> str:
    """The text for this protocol: its own if the message is structured and has one."""
    if not publication.is_structured:
        return publication.message
    texts: dict[str, Any] = json.loads(publication.message)
    return str(texts.get(protocol, texts["default"]))


def queue_attributes(attributes: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """SNS says {"Type": "String", "Value": "x"}, SQS {"DataType": "String", "StringValue": "x"}."""
    return {
        name: {
            "DataType": value["Type"],
            "BinaryValue" if value["Type"].startswith("Binary") else "StringValue": value["Value"],
        }
        for name, value in attributes.items()
    }
