"""Room: what our own services ask about the rest of the account, as plain values.

Lives here: small frozen answers (a subnet, a queue, a rule) and the shape of whoever can give them.
Never here: where the answers are kept. That is `account`, and it hands nothing else across.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ecs_emulator.world.configuration import HealthCheck

Policy = Mapping[str, Any]
Event = Mapping[str, Any]


class NotAccepted(Exception):
    """A queue that is there and open does not take this message: too long, or no group."""


@dataclass(frozen=True, slots=True)
class SubnetInfo:
    subnet_id: str
    vpc_id: str
    availability_zone: str


@dataclass(frozen=True, slots=True)
class SecurityGroupInfo:
    group_id: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class TargetGroupInfo:
    arn: str
    name: str
    vpc_id: str
    target_type: str
    load_balancer_arns: tuple[str, ...]
    health_check: HealthCheck = field(default_factory=HealthCheck)
    deregistration_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Alarms:
    """Which of some CloudWatch alarms are in ALARM, and the longest time that one evaluates."""

    in_alarm: tuple[str, ...] = ()
    bake_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """The KMS key of an encrypted topic. A key that AWS manages has no policy to change."""

    arn: str
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class Topic:
    arn: str
    policy: Policy
    display_name: str
    key: EncryptionKey | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    is_pending: bool
    is_raw: bool


@dataclass(frozen=True, slots=True)
class Queue:
    arn: str
    policy: Policy | None
    is_fifo: bool


@dataclass(frozen=True, slots=True)
class Role:
    arn: str
    trust_policy: Policy
    permissions: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class LogGroup:
    arn: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What PutTargets said about one target, and which rule it belongs to."""

    id: str
    arn: str
    rule_name: str
    rule_arn: str
    role_arn: str | None = None
    input: str | None = None
    input_path: str | None = None
    input_template: str | None = None
    input_paths: tuple[tuple[str, str], ...] = ()
    dead_letter_arn: str | None = None
    message_group_id: str | None = None
    most_retries: int = 185
    oldest_event_seconds: int = 86_400
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    arn: str
    is_enabled: bool
    targets: tuple[Target, ...]
    since: datetime | None = None


class AccountLookups(Protocol):
    """What notifications and events need from the account that they are sent in."""

    def topic(self, arn: str) -> Topic | None: ...
    def subscriptions(self, topic_arn: str) -> Sequence[Subscription]: ...
    def subscription(self, arn: str) -> Subscription | None: ...
    def accepts(self, subscription_arn: str, message: str, attributes: Policy) -> bool: ...
    def set_pending(self, subscription_arn: str, *, pending: bool) -> None: ...
    def remove_subscription(self, subscription_arn: str) -> None: ...
    def queue(self, arn: str) -> Queue | None: ...
    def send_to_queue(
        self, arn: str, body: str, attributes: Policy, group_id: str | None, dedup_id: str | None
    ) -> str: ...
    def role(self, arn: str) -> Role | None: ...
    def log_group(self, arn: str) -> LogGroup | None: ...
    def write_log(self, arn: str, stream: str, text: str) -> None: ...
    def rules_matching(self, region: str, event: Event, bus: str) -> Sequence[Rule]: ...
    def count(self, region: str, metric: str, rule_name: str) -> None: ...
