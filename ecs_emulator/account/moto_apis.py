"""Room: moto's APIs of SNS and EventBridge, with what they lack.

Lives here: e-mail subscriptions that wait to be confirmed, the refusals of PutEvents,
TestEventPattern.
Never here: rules. What SNS and EventBridge do is in `sns` and `eventbridge`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, cast

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import ActionResult
from moto.events.models import EventPattern
from moto.events.responses import EventsHandler
from moto.sns.exceptions import InvalidParameterValue, SNSNotFoundError
from moto.sns.responses import SNSResponse

from ecs_emulator.account.lookups import SINCE, note_rule, subscription
from ecs_emulator.messaging.sns import MAIL_PROTOCOLS, Sns, SnsRefusal, is_address
from ecs_emulator.messaging.target_input import ENVELOPE
from ecs_emulator.world.clock import Clock


class SnsApi(SNSResponse):
    """moto's SNS, with e-mail subscriptions that wait to be confirmed."""

    sns: ClassVar[Sns]

    def subscribe(self) -> ActionResult:
        topic, protocol = self._get_param("TopicArn"), self._get_param("Protocol")
        endpoint = self._get_param("Endpoint") or ""
        if protocol not in MAIL_PROTOCOLS:
            return super().subscribe()
        if not is_address(endpoint):
            raise InvalidParameterValue("Invalid parameter: Email address")
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

    def set_topic_attributes(self) -> ActionResult:
        if self._get_param("AttributeName") == "Policy":
            try:
                json.loads(self._get_param("AttributeValue") or "")
            except ValueError as error:
                raise InvalidParameterValue("Invalid parameter: Policy Error: null") from error
        return super().set_topic_attributes()


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


class EventsApi(EventsHandler):
    """moto's EventBridge, with the refusals of PutEvents and with TestEventPattern."""

    clock: ClassVar[Clock]

    def put_rule(self) -> Any:
        return self._noted(self._get_param("Name"), super().put_rule)

    def put_targets(self) -> Any:
        return self._noted(self._get_param("Rule"), super().put_targets)

    def _noted(self, name: str, act: Callable[[], Any]) -> Any:
        """Note when a rule and its targets came, which moto does not."""
        bus = (self._get_param("EventBusName") or "default").rpartition("/")[2]
        rules = getattr(self.events_backend.event_buses.get(bus), "rules", {})
        before = getattr(rules.get(name), SINCE, {})
        answer = act()
        if rule := rules.get(name):
            note_rule(rule, before, self.clock.now)
        return answer

    def put_events(self) -> str:
        entries = self._get_param("Entries") or []
        own = [str(each.get("Source", "")).startswith("aws.") for each in entries]
        accepted = self.events_backend.put_events(
            [each for each, is_aws in zip(entries, own, strict=True) if not is_aws]
        )
        refusal = {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
        rest = iter(accepted)
        answers = [refusal if is_aws else next(rest) for is_aws in own]
        failed = sum("ErrorCode" in each for each in answers)
        return json.dumps({"FailedEntryCount": failed, "Entries": answers})

    def test_event_pattern(self) -> tuple[str, dict[str, Any]]:  # type: ignore[override]
        pattern = EventPattern.load(self._get_param("EventPattern"))
        try:
            event = json.loads(self._get_param("Event") or "")
        except ValueError as error:
            raise _invalid_event("it is not JSON") from error
        wanted = [key for key in ENVELOPE if key not in ("version", "detail")]
        missing = [key for key in wanted if not isinstance(event, dict) or key not in event]
        if missing:
            raise _invalid_event(f"it lacks {', '.join(missing)}")
        return json.dumps({"Result": pattern.matches_event(event)}), self.response_headers


def _invalid_event(reason: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", f"Parameter Event is not valid. Reason: {reason}.")
