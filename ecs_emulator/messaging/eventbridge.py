"""Room: from an event to the targets of the rules that match it.

Lives here: when a delivery is tried, who may be reached, and the record of what became of it.
Never here: patterns and rules as such (the account keeps them), and what SNS does afterwards.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ecs_emulator.access.resource_policies import Decision, allows, role_permits
from ecs_emulator.messaging.deliveries import AttemptDelivery, Delivery, Outcome
from ecs_emulator.messaging.sns import Publication, Sns
from ecs_emulator.messaging.target_input import NotJson, event_text, target_text
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.lookups import (
    AccountLookups,
    EncryptionKey,
    Event,
    NotAccepted,
    Rule,
    Target,
)

SERVICE = "events.amazonaws.com"
DEFAULT_BUS = "default"
_KEPT = 1000

LONGEST_WAIT_SECONDS = 900.0


class _Undeliverable(Exception):
    """No retry would help. The code is what the dead-letter queue is told."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _TryAgain(Exception):
    """The target is there and lets us in, but not now."""


class _Unsupported(Exception):
    """A target that exists in AWS and not here."""


class EventBus:
    """EventBridge's deliveries in one account, in all regions."""

    def __init__(self, clock: Clock, ids: Ids, account: AccountLookups, sns: Sns) -> None:
        self.deliveries: list[Delivery] = []
        self._clock = clock
        self._ids = ids
        self._account = account
        self._sns = sns
        self.is_throttled: Callable[[], bool] = lambda: False
        self.rule_delay_seconds: Callable[[], float] = lambda: 0.0
        self._senders = {
            "sns": self._to_topic,
            "sqs": self._to_queue,
            "logs": self._to_log_group,
        }

    def publish(self, event: Event, region: str, bus: str = DEFAULT_BUS) -> int:
        """Schedule a delivery for every target of every enabled rule that matches. How many."""
        rules = self._account.rules_matching(region, event, bus)
        return sum(self.offer(rule, event, region) for rule in rules)

    def offer(self, rule: Rule, event: Event, region: str) -> int:
        """The same for one rule, known to match. A disabled rule does nothing."""
        if not rule.is_enabled or not self._is_active(rule.since):
            return 0
        for metric in ("MatchedEvents", "TriggeredRules"):
            self._account.count(region, metric, rule.name)
        targets = [each for each in rule.targets if self._is_active(each.since)]
        for target in targets:
            attempt = AttemptDelivery(region, target, event_text(event), self._clock.now)
            self._clock.after(self._ids.between("eventbridge latency", 0.3, 0.7), attempt)
        return len(targets)

    def _is_active(self, since: datetime | None) -> bool:
        """Rules and targets may take a while before they hear events; by default they do not."""
        wait = timedelta(seconds=self.rule_delay_seconds())
        return since is None or self._clock.now >= since + wait

    def attempt(self, stimulus: AttemptDelivery) -> Delivery:
        """Deliver, try again later, or say why not and tell the dead-letter queue.

        A target that throttles is tried again for up to a day and 185 times, or as the target's
        RetryPolicy says. A missing permission or a missing target is not tried again.
        """
        target, event = stimulus.target, json.loads(stimulus.event_json)
        self._account.count(stimulus.region, "Invocations", target.rule_name)
        try:
            message_id = self._send(stimulus, event)
        except _Undeliverable as failure:
            self._account.count(stimulus.region, "FailedInvocations", target.rule_name)
            dead_letter = self._to_dead_letters(stimulus, failure)
            result = ("failed", failure.code, str(failure), "", dead_letter)
        except _TryAgain as failure:
            result = self._try_again(stimulus, str(failure))
        except _Unsupported as failure:
            result = ("unsupported", "", str(failure), "", "")
        else:
            result = ("delivered", "", "", message_id, "")
        delivery = self._record(stimulus, event, *result)
        self.deliveries.append(delivery)
        del self.deliveries[:-_KEPT]
        return delivery

    def _try_again(
        self, stimulus: AttemptDelivery, reason: str
    ) -> tuple[Outcome, str, str, str, str]:
        """The waits double, from a second to at most a quarter of an hour."""
        target, retries = stimulus.target, stimulus.retries
        self._account.count(stimulus.region, "FailedInvocations", target.rule_name)
        wait = min(float(2**retries), LONGEST_WAIT_SECONDS)
        age = (self._clock.now - stimulus.published_at).total_seconds() + wait
        exhausted = ""
        if retries >= target.most_retries:
            exhausted = "MaximumRetryAttempts"
        elif age > target.oldest_event_seconds:
            exhausted = "MaximumEventAgeInSeconds"
        if not exhausted:
            self._clock.after(wait, replace(stimulus, retries=retries + 1))
            return ("retrying", "THROTTLING", reason, "", "")
        failure = _Undeliverable("THROTTLING", reason)
        dead_letter = self._to_dead_letters(stimulus, failure, exhausted)
        return ("failed", "THROTTLING", reason, "", dead_letter)

    def as_json(self) -> list[dict[str, Any]]:
        """Every delivery, with what SNS made of it for each subscription of the topic."""
        heard: dict[str, list[dict[str, Any]]] = {}
        for each in self._sns.as_json():
            heard.setdefault(each["message_id"], []).append(each)
        return [
            delivery.as_json() | {"subscriptions": heard.get(delivery.message_id, [])}
            for delivery in self.deliveries
        ]

    def _record(self, stimulus: AttemptDelivery, event: Event, *result: Any) -> Delivery:
        target, detail = stimulus.target, event.get("detail")
        return Delivery(
            self._clock.now,
            stimulus.region,
            str(event.get("id", "")),
            str(event.get("detail-type", "")),
            str(detail.get("eventName", "")) if isinstance(detail, Mapping) else "",
            target.rule_name,
            target.id,
            target.arn,
            *result,
        )

    def _send(self, stimulus: AttemptDelivery, event: Event) -> str:
        target = stimulus.target
        _, _, service, region, *_ = (*target.arn.split(":"), "", "", "", "")
        sender = self._senders.get(service)
        if sender is not None and self.is_throttled():
            raise _TryAgain("Rate exceeded")
        if sender is None:
            raise _Unsupported(f"The emulator has no EventBridge target of service {service!r}.")
        if region != stimulus.region:
            raise _Undeliverable(
                "NO_RESOURCE", f"The target is in {region}, its rule in {stimulus.region}."
            )
        try:
            text = target_text(event, target, stimulus.published_at)
        except NotJson as error:
            raise _Undeliverable("INVALID_PARAMETER", str(error)) from error
        return sender(target, text)

    def _to_topic(self, target: Target, text: str) -> str:
        topic = self._account.topic(target.arn)
        if topic is None:
            raise _Undeliverable("NO_RESOURCE", f"The topic {target.arn} does not exist.")
        if target.role_arn:
            self._assume(target, "sns:Publish")
        else:
            _require(_asked(topic.policy, target, "sns:Publish", conditions=False))
        if topic.key is not None:
            self._use_key(target, topic.key)
        return self._sns.publish(Publication(topic.arn, text))

    def _use_key(self, target: Target, key: EncryptionKey) -> None:
        """An encrypted topic takes an event only if its key lets EventBridge encrypt with it.

        The key that AWS manages never does, and a Condition in a key policy is not supported.
        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        """
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            decision = _asked(key.policy, target, action, resource=key.arn, conditions=False)
            if not decision.allowed and target.role_arn:
                role = self._account.role(target.role_arn)
                permissions = role.permissions if role else ()
                decision = role_permits(permissions, action=action, resource=key.arn)
            _require(decision)

    def _to_queue(self, target: Target, text: str) -> str:
        queue = self._account.queue(target.arn)
        if queue is None:
            raise _Undeliverable("NO_RESOURCE", f"The queue {target.arn} does not exist.")
        if target.role_arn:
            self._assume(target, "sqs:SendMessage")
        else:
            _require(_asked(queue.policy, target, "sqs:SendMessage"))
        if queue.is_fifo and not target.message_group_id:
            raise _Undeliverable("INVALID_PARAMETER", "A FIFO queue needs a MessageGroupId.")
        try:
            return self._account.send_to_queue(queue.arn, text, {}, target.message_group_id, None)
        except NotAccepted as refusal:
            raise _Undeliverable("INVALID_PARAMETER", str(refusal)) from refusal

    def _to_log_group(self, target: Target, text: str) -> str:
        group = self._account.log_group(target.arn)
        if group is None:
            raise _Undeliverable("NO_RESOURCE", f"The log group {target.arn} does not exist.")
        refused = Decision(False, "No CloudWatch Logs resource policy allows events.amazonaws.com.")
        decisions = [
            allows(
                policy,
                service=SERVICE,
                action="logs:PutLogEvents",
                resource=f"{group.arn}:*",
                source_arn=target.rule_arn,
                source_account=_account_of(target.rule_arn),
                conditions_supported=True,
            )
            for policy in group.policies
        ]
        _require(next((each for each in decisions if each.allowed), refused))
        stream = self._ids.uuid("log stream")
        self._account.write_log(group.arn, stream, text)
        return stream

    def _assume(self, target: Target, action: str) -> None:
        """The role must be there, trust EventBridge, and be permitted to act on the target."""
        role = self._account.role(target.role_arn or "")
        if role is None:
            raise _Undeliverable("NO_PERMISSIONS", f"The role {target.role_arn} does not exist.")
        _require(
            allows(
                role.trust_policy,
                service=SERVICE,
                action="sts:AssumeRole",
                resource=role.arn,
                source_arn=target.rule_arn,
                source_account=_account_of(target.rule_arn),
                conditions_supported=True,
            )
        )
        _require(role_permits(role.permissions, action=action, resource=target.arn))

    def _to_dead_letters(
        self, stimulus: AttemptDelivery, failure: _Undeliverable, exhausted: str = ""
    ) -> str:
        target = stimulus.target
        if target.dead_letter_arn is None:
            return ""
        queue = self._account.queue(target.dead_letter_arn)
        if queue is None:
            return f"The queue {target.dead_letter_arn} does not exist."
        if queue.is_fifo:
            return "A dead-letter queue of EventBridge has to be a standard queue."
        decision = _asked(queue.policy, target, "sqs:SendMessage", resource=queue.arn)
        if not decision.allowed:
            return decision.reason
        attributes = {
            "RULE_ARN": target.rule_arn,
            "TARGET_ARN": target.arn,
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": str(failure),
            "RETRY_ATTEMPTS": str(stimulus.retries),
            **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
        }
        texts = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
        self._account.send_to_queue(queue.arn, stimulus.event_json, texts, None, None)
        return "delivered"


def _asked(
    policy: Mapping[str, Any] | None,
    target: Target,
    action: str,
    *,
    resource: str = "",
    conditions: bool = True,
) -> Decision:
    """May EventBridge do this to the target (or to another resource), because of its rule?"""
    return allows(
        policy,
        service=SERVICE,
        action=action,
        resource=resource or target.arn,
        source_arn=target.rule_arn,
        source_account=_account_of(target.rule_arn),
        conditions_supported=conditions,
    )


def _require(decision: Decision) -> None:
    if not decision.allowed:
        raise _Undeliverable("NO_PERMISSIONS", decision.reason)


def _account_of(arn: str) -> str:
    return arn.split(":")[4]
