"""Room: what is known of the way of an alert.

Lives here: the rule, its target, the topic, its subscribers, and an alert that arrived.
Never here: AWS calls, camelCase, decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """`arn` is "PendingConfirmation" until the link in the mail has been followed.

    `filter_policy` is only read where a diagnosis asks for it.
    """

    arn: str
    protocol: str
    endpoint: str
    filter_policy: Mapping[str, object] = field(default_factory=dict)
    filters_body: bool = False

    @property
    def is_confirmed(self) -> bool:
        return self.arn.startswith("arn:")


@dataclass(frozen=True, slots=True)
class Topic:
    """`key_id` is the KMS key of an encrypted topic, "" of one that is not."""

    arn: str
    policy: Mapping[str, object]
    subscriptions: tuple[Subscription, ...]
    tags: Mapping[str, str]
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule sends an event, and what it makes of it.

    `template` and `paths` are the input transformer's; `input` a constant, `input_path` a part of
    the event; all empty: the event as it is.
    """

    id: str
    arn: str
    template: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    input: str = ""
    input_path: str = ""
    dead_letter_arn: str = ""
    role_arn: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    arn: str
    state: str
    event_pattern: Mapping[str, object]
    targets: tuple[Target, ...]
    tags: Mapping[str, str]
    event_bus: str = "default"

    @property
    def is_enabled(self) -> bool:
        return self.state.startswith("ENABLED")

    def target(self, target_id: str) -> Target | None:
        return next((each for each in self.targets if each.id == target_id), None)


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key. `manager` is AWS or CUSTOMER, `state` such as Enabled or PendingDeletion."""

    arn: str
    manager: str
    state: str
    policy: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What CloudWatch counted for a rule: events that matched, calls of a target, failed ones."""

    matched: int
    invocations: int
    failed: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that EventBridge could not deliver, and why."""

    deployment_id: str
    target_arn: str
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class Queue:
    url: str
    arn: str
    tags: Mapping[str, str]
    policy: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """A message about a deployment as it reached the probe queue behind the topic.

    `text` is the whole of it: the event as JSON, or what the input transformer made of it.
    `event_time` is ECS's, in whole seconds, `ingested_at` EventBridge's, `published_at` SNS's,
    `received_at` SQS's; None where the message does not say.
    """

    deployment_id: str
    event_name: str
    reason: str
    text: str
    received_at: datetime
    event_time: datetime | None = None
    ingested_at: datetime | None = None
    published_at: datetime | None = None
    message_id: str = ""
