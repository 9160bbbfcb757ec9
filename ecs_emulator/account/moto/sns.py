"""Room: moto's API of SNS, with what it lacks.

Lives here: subscriptions that wait to be confirmed, and what SNS refuses of endpoints, attributes
and filter policies.
Never here: what SNS does with a message, or what a filter policy means (messaging).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sns.exceptions import InvalidParameterValue, SNSNotFoundError
from moto.sns.responses import SNSResponse

from ecs_emulator.access import topic_policies
from ecs_emulator.account.lookups import subscription
from ecs_emulator.messaging.filter_policies import (
    ATTRIBUTES,
    BODY,
    InvalidFilterPolicy,
    NestedPolicy,
    has_filter,
    parse,
)
from ecs_emulator.messaging.sns import (
    MAIL_PROTOCOLS,
    WEB_PROTOCOLS,
    Sns,
    SnsRefusal,
    is_address,
)

WAITING_PROTOCOLS = (*MAIL_PROTOCOLS, *WEB_PROTOCOLS)
PROTOCOLS = (*WAITING_PROTOCOLS, "sqs", "sms", "lambda", "application", "firehose")
"""https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""


class SnsApi(SNSResponse):
    """moto's SNS, with e-mail subscriptions that wait to be confirmed."""

    sns: ClassVar[Sns]

    def subscribe(self) -> ActionResult:
        topic, protocol = self._get_param("TopicArn"), self._get_param("Protocol")
        endpoint = self._get_param("Endpoint") or ""
        _check_endpoint(protocol, endpoint)
        given = self._get_attributes() or {}
        _check_filter(given, given.get("FilterPolicyScope"), "Attributes Reason: ")
        if protocol not in WAITING_PROTOCOLS:
            return super().subscribe()
        is_new = self.backend._find_subscription(topic, endpoint, protocol) is None
        try:
            result = super().subscribe()
        except ServiceException:
            self._forget(topic, endpoint, protocol, is_new)
            raise
        arn = cast(Any, result).result["SubscriptionArn"]
        waits = self.sns.request_confirmation(arn, is_new=is_new)
        hidden = waits and not self._get_param("ReturnSubscriptionArn")
        return ActionResult({"SubscriptionArn": "pending confirmation" if hidden else arn})

    def _forget(self, topic: str, endpoint: str, protocol: str, is_new: bool) -> None:
        """moto creates first and reads the attributes after: undo it when they are not valid."""
        half_made = self.backend._find_subscription(topic, endpoint, protocol)
        if is_new and half_made is not None:
            self.backend.unsubscribe(half_made.arn)

    def set_subscription_attributes(self) -> ActionResult:
        """The scope that a policy is read in is the one that is set, or else set by this call."""
        name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
        found = self.backend.subscriptions.get(self._get_param("SubscriptionArn"))
        if found is not None and name in ("FilterPolicy", "FilterPolicyScope"):
            now = {
                each: found.attributes.get(each) for each in ("FilterPolicy", "FilterPolicyScope")
            }
            now |= {name: value}
            _check_filter(now, now["FilterPolicyScope"])
        return super().set_subscription_attributes()

    def confirm_subscription(self) -> ActionResult:
        topic = self._get_param("TopicArn")
        if topic not in self.backend.topics:
            raise SNSNotFoundError("Topic does not exist")
        try:
            arn = self.sns.confirm(topic, self._get_param("Token") or "")
        except SnsRefusal as refusal:
            raise InvalidParameterValue(str(refusal)) from refusal
        return ActionResult({"SubscriptionArn": arn})

    def unsubscribe(self) -> ActionResult:
        arn = self._get_param("SubscriptionArn")
        if (elements := len(arn.split(":"))) < 6:
            raise InvalidParameterValue(
                "Invalid parameter: SubscriptionArn Reason: "
                f"An ARN must have at least 6 elements, not {elements}"
            )
        found = self.backend.subscriptions.get(arn)
        if found is not None and subscription(found).is_pending:
            raise InvalidParameterValue(
                "Invalid parameter: SubscriptionArn Reason: "
                "A subscription that is pending confirmation cannot be deleted"
            )
        return super().unsubscribe()

    def list_subscriptions(self) -> ActionResult:
        return _with_pending(super().list_subscriptions())

    def list_subscriptions_by_topic(self) -> ActionResult:
        return _with_pending(super().list_subscriptions_by_topic())

    def get_topic_attributes(self) -> ActionResult:
        answer = super().get_topic_attributes()
        topic = self._get_param("TopicArn")
        pending = [
            subscription(each).is_pending
            for each in self.backend.subscriptions.values()
            if each.topic_arn == topic
        ]
        cast(Any, answer).result["Attributes"] |= {
            "SubscriptionsPending": str(pending.count(True)),
            "SubscriptionsConfirmed": str(pending.count(False)),
        }
        return answer

    def create_topic(self) -> ActionResult:
        attributes = self._get_param("Attributes", {})
        if "Policy" in attributes:
            name = self._get_param("Name")
            arn = f"arn:{self.partition}:sns:{self.region}:{self.current_account}:{name}"
            self._check_policy(str(attributes["Policy"]), arn)
        return super().create_topic()

    def set_topic_attributes(self) -> ActionResult:
        topic = self._get_param("TopicArn")
        if self._get_param("AttributeName") == "Policy" and topic in self.backend.topics:
            self._check_policy(self._get_param("AttributeValue") or "", topic)
        return super().set_topic_attributes()

    def _check_policy(self, text: str, topic_arn: str) -> None:
        if refused := topic_policies.refusal(text, topic_arn, self._has_principal):
            raise InvalidParameterValue(f"Invalid parameter: {refused}")

    def _has_principal(self, arn: str) -> bool:
        """Whether IAM has the user or role of this ARN."""
        iam: Any = iam_backends[self.current_account][self.partition]
        return any(each.arn == arn for each in [*iam.users.values(), *iam.roles.values()])


def _check_endpoint(protocol: str, endpoint: str) -> None:
    if protocol not in PROTOCOLS:
        raise InvalidParameterValue(
            f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
        )
    if protocol in MAIL_PROTOCOLS and not is_address(endpoint):
        raise InvalidParameterValue("Invalid parameter: Email address")
    if protocol in WEB_PROTOCOLS and not endpoint.startswith(f"{protocol}://"):
        raise InvalidParameterValue("Invalid parameter: Endpoint must match the specified protocol")


def _check_filter(given: Mapping[str, Any], scope: str | None, lead: str = "") -> None:
    if scope not in (None, ATTRIBUTES, BODY):
        raise InvalidParameterValue(
            f"Invalid parameter: {lead}FilterPolicyScope: Invalid value [{scope}]. "
            f"Please use either {BODY} or {ATTRIBUTES}"
        )
    try:
        if has_filter(text := given.get("FilterPolicy")):
            parse(text, scope or ATTRIBUTES)
    except InvalidFilterPolicy as refusal:
        raise InvalidParameterValue(
            f"Invalid parameter: {lead}FilterPolicy: {refusal}"
        ) from refusal
    except NestedPolicy as refusal:
        raise InvalidParameterValue(f"Invalid parameter: {refusal}") from refusal


def _with_pending(answer: ActionResult) -> ActionResult:
    """Until it is confirmed, a list shows PendingConfirmation where the ARN will be."""
    listed = cast(Any, answer).result
    rows = [
        {
            "SubscriptionArn": _shown_arn(each),
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in listed["Subscriptions"]
    ]
    return ActionResult(listed | {"Subscriptions": rows})


def _shown_arn(found: Any) -> str:
    return "PendingConfirmation" if subscription(found).is_pending else str(found.arn)
