"""Room: how moto's backends look inside, read into plain values.

Lives here: the answers to `lookups`, for SNS and EventBridge and for ECS.
Never here: an import of moto (that is `moto`), or a rule of AWS.

moto's objects have no stable types, so inside this room they are Any; outside it nobody sees them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ecs_emulator.access.resource_policies import role_permits
from ecs_emulator.messaging import filter_policies
from ecs_emulator.messaging.event_patterns import parse
from ecs_emulator.world import lookups
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.configuration import HealthCheck

Backends = Callable[[str, str], Any]
"""A service and a region give moto's backend. KeyError if there is no such region."""
SERVICE_LINKED_ROLE = "AWSServiceRoleForECS"
AWS_MANAGED_ALIAS = "alias/aws/sns"
_GLOBAL = "aws"
SINCE = "_there_since"
"""What we note at a rule of moto: since when it is there (None), and each target by its id."""


class MotoLookups:
    """`lookups.AccountLookups`, answered out of moto's backends."""

    def __init__(self, backends: Backends, account_id: str, clock: Clock) -> None:
        self._backends = backends
        self._account_id = account_id
        self._clock = clock

    def _backend_of(self, arn: str, service: str) -> Any:
        """The backend that could hold this ARN. None: another service, account or no region."""
        parts = arn.split(":")
        if len(parts) < 6 or parts[2] != service or parts[4] != self._account_id:
            return None
        return regional(self._backends, service, parts[3])

    def topic(self, arn: str) -> lookups.Topic | None:
        backend = self._backend_of(arn, "sns")
        topic = backend.topics.get(arn) if backend else None
        if topic is None:
            return None
        key = self._key(topic.kms_master_key_id, arn.split(":")[3])
        return lookups.Topic(arn, _document(topic.policy), topic.display_name or "", key)

    def _key(self, key_id: str, region: str) -> lookups.EncryptionKey | None:
        """None for a topic that is not encrypted. A key that is gone lets nobody in."""
        if not key_id:
            return None
        if key_id.endswith(AWS_MANAGED_ALIAS):
            return lookups.EncryptionKey(AWS_MANAGED_ALIAS, None)
        backend = regional(self._backends, "kms", region)
        try:
            key = backend.describe_key(key_id)
        except KeyError:
            return lookups.EncryptionKey(key_id, None)
        return lookups.EncryptionKey(key.arn, _document(key.policy))

    def subscriptions(self, topic_arn: str) -> list[lookups.Subscription]:
        backend = self._backend_of(topic_arn, "sns")
        known = backend.subscriptions.values() if backend else ()
        return [subscription(each) for each in known if each.topic_arn == topic_arn]

    def subscription(self, arn: str) -> lookups.Subscription | None:
        found = self._moto_subscription(arn)
        return None if found is None else subscription(found)

    def _moto_subscription(self, arn: str) -> Any:
        backend = self._backend_of(arn, "sns")
        return backend.subscriptions.get(arn) if backend else None

    def accepts(self, subscription_arn: str, message: str, attributes: lookups.Policy) -> bool:
        found = self._moto_subscription(subscription_arn)
        text = found.attributes.get("FilterPolicy") if found else None
        if not filter_policies.has_filter(text):
            return True
        scope = found.attributes.get("FilterPolicyScope") or filter_policies.ATTRIBUTES
        return filter_policies.parse(text, scope).accepts(attributes, message)

    def set_pending(self, subscription_arn: str, *, pending: bool) -> None:
        found = self._moto_subscription(subscription_arn)
        if found is not None:
            found.confirmed = not pending
            found.attributes["PendingConfirmation"] = pending
            found.attributes["ConfirmationWasAuthenticated"] = False

    def remove_subscription(self, subscription_arn: str) -> None:
        backend = self._backend_of(subscription_arn, "sns")
        if backend is not None:
            backend.subscriptions.pop(subscription_arn, None)

    def queue(self, arn: str) -> lookups.Queue | None:
        backend = self._backend_of(arn, "sqs")
        queue = backend.queues.get(arn.split(":")[5]) if backend else None
        if queue is None:
            return None
        policy = _document(queue.policy) if queue.policy else None
        return lookups.Queue(arn, policy, queue.fifo_queue)

    def send_to_queue(
        self,
        arn: str,
        body: str,
        attributes: lookups.Policy,
        group_id: str | None,
        dedup_id: str | None,
    ) -> str:
        backend = self._backend_of(arn, "sqs")
        try:
            message = backend.send_message(
                arn.split(":")[5],
                body,
                message_attributes=dict(attributes),
                group_id=group_id,
                deduplication_id=dedup_id,
            )
        except Exception as refusal:
            raise lookups.NotAccepted(str(refusal)) from refusal
        return str(message.id)

    def role(self, arn: str) -> lookups.Role | None:
        return role_of(self._backends, arn)

    def log_group(self, arn: str) -> lookups.LogGroup | None:
        """A target ends in :*, or it does not: it is the same log group."""
        backend = self._backend_of(arn, "logs")
        bare = arn.removesuffix(":*")
        if backend is None or _log_group_name(bare) not in backend.groups:
            return None
        policies = [each.policy_document for each in backend.resource_policies.values()]
        return lookups.LogGroup(bare, tuple(map(_document, policies)))

    def write_log(self, arn: str, stream: str, text: str) -> None:
        backend, name = self._backend_of(arn, "logs"), _log_group_name(arn)
        backend.create_log_stream(name, stream)
        timestamp = int(self._clock.now.timestamp() * 1000)
        backend.put_log_events(name, stream, [{"timestamp": timestamp, "message": text}])

    def rules_matching(self, region: str, event: lookups.Event, bus: str) -> list[lookups.Rule]:
        rules = self._backends("events", region).event_buses[bus].rules.values()
        return [rule_of(rule) for rule in rules if matches(rule, event)]

    def could_match(self, region: str, known: lookups.Event) -> bool:
        """Whether a rule might hear an event of which so much is known."""
        backend = regional(self._backends, "events", region)
        rules = backend.event_buses["default"].rules.values() if backend else ()
        texts = (rule.event_pattern.dump() for rule in rules)
        return any(parse(text).could_match(known) for text in texts if text)

    def count(self, region: str, metric: str, rule_name: str) -> None:
        datum = {
            "MetricName": metric,
            "Value": 1.0,
            "Unit": "Count",
            "Dimensions": [{"Name": "RuleName", "Value": rule_name}],
        }
        self._backends("cloudwatch", region).put_metric_data("AWS/Events", [datum])


def note_rule(rule: Any, before: Mapping[str | None, datetime], now: datetime) -> None:
    """Since when a rule and its targets are there. One that was there before is no new one."""
    there = [None, *(target["Id"] for target in rule.targets)]
    setattr(rule, SINCE, {each: before.get(each, now) for each in there})


class EcsLookups:
    """What ECS asks about the account. An unknown region has nothing in it."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def role_exists(self, name: str) -> bool:
        return any(role.name == name for role in self._backends("iam", _GLOBAL).roles.values())

    def role_created_at(self, arn: str) -> datetime | None:
        roles = self._backends("iam", _GLOBAL).roles.values()
        made = next((role.create_date for role in roles if role.arn == arn), None)
        return None if made is None else made.replace(tzinfo=UTC)

    def has_ecs_service_linked_role(self) -> bool:
        return self.role_exists(SERVICE_LINKED_ROLE)

    def subnet(self, region: str, subnet_id: str) -> lookups.SubnetInfo | None:
        backend = regional(self._backends, "ec2", region)
        for zone in backend.subnets.values() if backend else ():
            if subnet := zone.get(subnet_id):
                return lookups.SubnetInfo(subnet.id, subnet.vpc_id, subnet.availability_zone)
        return None

    def security_group(self, region: str, group_id: str) -> lookups.SecurityGroupInfo | None:
        backend = regional(self._backends, "ec2", region)
        group = backend.get_security_group_from_id(group_id) if backend else None
        return None if group is None else lookups.SecurityGroupInfo(group.id, group.vpc_id)

    def target_group(self, region: str, arn: str) -> lookups.TargetGroupInfo | None:
        backend = regional(self._backends, "elbv2", region)
        group = backend.target_groups.get(arn) if backend else None
        if group is None:
            return None
        balancers = tuple(group.load_balancer_arns)
        kind = group.target_type or "instance"
        check = HealthCheck(
            port=str(group.health_check_port or "traffic-port"),
            path=str(group.health_check_path or "/"),
            interval=int(group.health_check_interval_seconds or 30),
            healthy_threshold=int(group.healthy_threshold_count or 5),
            unhealthy_threshold=int(group.unhealthy_threshold_count or 2),
            codes=str((getattr(group, "matcher", None) or {}).get("HttpCode", "200")),
        )
        delay = int(group.attributes.get("deregistration_delay.timeout_seconds", 300))
        return lookups.TargetGroupInfo(
            group.arn, group.name, group.vpc_id, kind, balancers, check, delay
        )

    def role_may(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether the policies of a role, inline and attached, allow this. No role: no."""
        role = role_of(self._backends, role_arn)
        if role is None:
            return False
        return role_permits(role.permissions, action=action, resource=resource).allowed

    def alarms(self, region: str, names: Sequence[str]) -> lookups.Alarms:
        """The bake time is the longest period × evaluation periods: 60 s × 3: 180 s."""
        backend = regional(self._backends, "cloudwatch", region)
        found = [backend.alarms[name] for name in names if backend and name in backend.alarms]
        times = [float((a.period or 0) * (a.evaluation_periods or 0)) for a in found]
        in_alarm = tuple(a.name for a in found if a.state_value == "ALARM")
        return lookups.Alarms(in_alarm, max(times, default=0.0))

    def secret_exists(self, region: str, name_or_arn: str) -> bool:
        backend = regional(self._backends, "secretsmanager", region)
        return backend is not None and name_or_arn in backend.secrets

    def ecr_image_exists(self, region: str, repository: str, tag: str) -> bool:
        backend = regional(self._backends, "ecr", region)
        found = backend.repositories.get(repository) if backend else None
        return found is not None and any(tag in image.image_tags for image in found.images)


def role_of(backends: Backends, arn: str) -> lookups.Role | None:
    for role in backends("iam", _GLOBAL).roles.values():
        if role.arn == arn:
            attached = [_in_force(policy) for policy in role.managed_policies.values()]
            permissions = tuple(map(_document, (*role.policies.values(), *attached)))
            return lookups.Role(arn, _document(role.assume_role_policy_document), permissions)
    return None


def _in_force(policy: Any) -> Any:
    """The document of a managed policy's default version."""
    return next(each.document for each in policy.versions if each.is_default)


def regional(backends: Backends, service: str, region: str) -> Any:
    try:
        return backends(service, region)
    except KeyError:
        return None


def subscription(found: Any) -> lookups.Subscription:
    is_pending = bool(found.attributes.get("PendingConfirmation"))
    is_raw = bool(found.attributes.get("RawMessageDelivery"))
    return lookups.Subscription(
        found.arn, found.topic_arn, found.protocol, found.endpoint, is_pending, is_raw
    )


def matches(rule: Any, event: lookups.Event) -> bool:
    """A rule with a schedule and no pattern hears no events."""
    text = rule.event_pattern.dump()
    return bool(text) and parse(text).matches(event)


def rule_of(rule: Any) -> lookups.Rule:
    targets = tuple(_target(rule, each) for each in rule.targets)
    since = getattr(rule, SINCE, {})
    is_enabled = rule.state.startswith("ENABLED")
    return lookups.Rule(rule.name, rule.arn, is_enabled, targets, since.get(None))


def _target(rule: Any, target: Mapping[str, Any]) -> lookups.Target:
    transformer = target.get("InputTransformer") or {}
    retry = target.get("RetryPolicy") or {}
    return lookups.Target(
        target["Id"],
        target["Arn"],
        rule.name,
        rule.arn,
        role_arn=target.get("RoleArn"),
        input=target.get("Input"),
        input_path=target.get("InputPath"),
        input_template=transformer.get("InputTemplate"),
        input_paths=tuple((transformer.get("InputPathsMap") or {}).items()),
        dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn"),
        message_group_id=(target.get("SqsParameters") or {}).get("MessageGroupId"),
        most_retries=retry.get("MaximumRetryAttempts", 185),
        oldest_event_seconds=retry.get("MaximumEventAgeInSeconds", 86_400),
        since=getattr(rule, SINCE, {}).get(target["Id"]),
    )


def _log_group_name(arn: str) -> str:
    return arn.partition(":log-group:")[2]


def _document(document: Any) -> lookups.Policy:
    found: lookups.Policy = json.loads(document) if isinstance(document, str) else document
    return found
