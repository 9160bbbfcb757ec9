"""Room: what is wrong with an alert chain.

Lives here: the links of the chain as they are, each way in which one can be broken, how to mend it.
Never here: AWS calls (diagnosing), how long the alert took (delivery).

Rule and topic must be in the same Region and the rule on the default bus, because ECS sends there:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch_event_stream.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runbook_lib import facts
from runbook_lib.alert_text import PATHS
from runbook_lib.plans.bad_release import plan_probe, probe_arn, queue_policy
from runbook_lib.plans.event_rule import TARGET_ID, plan_event_rule
from runbook_lib.plans.topic import email_subscription, plan_topic, topic_arn
from runbook_lib.resource_statements import EVENTBRIDGE, permission_of, statements_of, without
from runbook_lib.settings import Settings
from runbook_lib.steps import Step, is_ours

EVENT, RULE, TARGET, TOPIC, SUBSCRIBER = "failure event", "rule", "target", "topic", "subscriber"
HOPS = ("UpdateService", "deployment", EVENT, RULE, TARGET, TOPIC, SUBSCRIBER)
KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
KEY_STATEMENT = "EventBridgeMayUseTheKeyOfTheTopic"
_RUN_30, _RUN_40, _RUN_50 = (
    "run 30_create_sns_topic again",
    "run 40_create_event_rule again",
    "run 50_run_failure_drill again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Everything between ECS and the probe, as AWS shows it; None or empty where there is nothing.

    `matches`: would the rule's pattern match the event as ECS sends it? `rule_is_also_in`: other
    buses or Regions that have a rule of this name. `unreadable`: what the caller may not read.
    """

    account: str
    service: facts.Service | None
    rule: facts.Rule | None
    topic: facts.Topic | None
    probe: facts.Queue | None
    key: facts.Key | None = None
    matches: bool | None = None
    rule_is_also_in: tuple[str, ...] = ()
    counts: facts.RuleCounts | None = None
    dead_letters: tuple[facts.DeadLetter, ...] = ()
    hidden_from: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken link. `name` is its kind, such as topic-policy-silent; `steps` mend it.

    Without steps only a person can mend it, as `mend` says.
    """

    hop: str
    name: str
    found: str
    mend: str
    steps: tuple[Step, ...] = field(default=())


def find_breaks(chain: Chain, settings: Settings) -> tuple[Finding, ...]:
    """Every broken link, in the order in which an alert would come to it. Empty: none is known."""
    found = (
        *_event(chain, settings),
        *_rule(chain, settings),
        *_target(chain, settings),
        *_topic(chain, settings),
        *_key(chain, settings),
        *_subscribers(chain, settings),
    )
    return found or tuple(_counted(chain, settings))


def _event(chain: Chain, settings: Settings) -> Iterator[Finding]:
    if chain.service is None or chain.service.circuit_breaker.enable:
        return
    yield Finding(
        EVENT,
        "breaker-off",
        f"the circuit breaker of {settings.service} is off, so ECS sends no failure event",
        "run 20_create_service again, which switches it on",
        (_breaker_on(settings),),
    )


def _breaker_on(settings: Settings) -> Step:
    return Step(
        service="ecs",
        operation="UpdateService",
        input={
            "cluster": settings.cluster,
            "service": settings.service,
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True}
            },
        },
        why="without the breaker no deployment fails, and nobody is told",
        makes=f"circuit breaker of {settings.service}",
        permissions=("ecs:UpdateService",),
        undo="aws ecs update-service --deployment-configuration",
    )


def _rule_steps(chain: Chain, settings: Settings) -> tuple[Step, ...]:
    """What notebook 40 would do; nothing if the rule is somebody else's."""
    if chain.rule is not None and not is_ours(chain.rule.tags):
        return ()
    return plan_event_rule(settings, account=chain.account, rule=chain.rule).open_steps


def _rule(chain: Chain, settings: Settings) -> Iterator[Finding]:
    rule, steps = chain.rule, _rule_steps(chain, settings)
    if rule is None:
        yield _absent_rule(chain, settings, steps)
        return
    if not rule.is_enabled:
        yield Finding(RULE, "rule-disabled", f"rule {rule.name} is {rule.state}", _RUN_40, steps)
    if chain.matches is False:
        pattern = json.dumps(rule.event_pattern)
        yield Finding(
            RULE,
            "pattern-does-not-match",
            f"EventBridge says that {pattern} does not match the event of this failure",
            _RUN_40,
            steps,
        )


def _absent_rule(chain: Chain, settings: Settings, steps: tuple[Step, ...]) -> Finding:
    missing = f"there is no rule {settings.rule} on the default bus of {settings.region}"
    if not chain.rule_is_also_in:
        return Finding(RULE, "rule-missing", missing, _RUN_40, steps)
    where = ", ".join(chain.rule_is_also_in)
    is_bus = any(each.startswith("bus ") for each in chain.rule_is_also_in)
    return Finding(
        RULE,
        "rule-on-another-bus" if is_bus else "rule-in-another-region",
        f"{missing}, but one on {where}; ECS sends only to the default bus of its own Region",
        f"{_RUN_40}, and delete the other one",
        steps,
    )


def _target(chain: Chain, settings: Settings) -> Iterator[Finding]:
    if chain.rule is None:
        return
    steps, wanted = _rule_steps(chain, settings), topic_arn(settings, chain.account)
    targets = chain.rule.targets
    if not targets:
        yield Finding(TARGET, "no-target", f"rule {settings.rule} has no target", _RUN_40, steps)
        return
    reaching = [each for each in targets if each.arn == wanted]
    if not reaching:
        listed = ", ".join(each.arn for each in targets)
        yield Finding(
            TARGET,
            "target-elsewhere",
            f"the rule sends to {listed}, not to {wanted}",
            _RUN_40,
            steps,
        )
        return
    if not any(_names_deployment(each) for each in reaching):
        yield Finding(
            TARGET,
            "input-hides-deployment",
            "the target's input leaves the deployment's id out, so nobody can tell what failed",
            _RUN_40,
            steps,
        )
    yield from _target_role(chain, settings, reaching[0])


def _names_deployment(target: facts.Target) -> bool:
    if target.input:
        return False
    if target.input_path:
        return target.input_path in ("$", "$.detail")
    if not target.template:
        return True
    named = [name for name, path in target.paths.items() if path == PATHS["deployment"]]
    whole = "<aws.events.event.json>" in target.template
    return whole or any(f"<{name}>" in target.template for name in named)


def _target_role(chain: Chain, settings: Settings, target: facts.Target) -> Iterator[Finding]:
    refused = [each for each in chain.dead_letters if each.error_code == "NO_PERMISSIONS"]
    failed = chain.counts.failed if chain.counts else 0
    if target.role_arn and (refused or failed):
        yield Finding(
            TARGET,
            "target-role",
            f"EventBridge failed to publish with the target's role {target.role_arn}",
            f"{_RUN_40}: it takes the role off and relies on the topic's policy",
            _rule_steps(chain, settings),
        )


def _topic(chain: Chain, settings: Settings) -> Iterator[Finding]:
    arn, topic = topic_arn(settings, chain.account), chain.topic
    steps = plan_topic(settings, account=chain.account, topic=topic).open_steps
    if topic is None:
        yield Finding(TOPIC, "topic-missing", f"there is no topic {settings.topic}", _RUN_30, steps)
        return
    if chain.rule and any(each.role_arn and each.arn == arn for each in chain.rule.targets):
        return  # the role publishes, so the policy does not matter
    permission = permission_of(topic.policy, "sns:Publish", arn)
    permit = tuple(step for step in steps if step.operation == "SetTopicAttributes")
    if permission.denied_by:
        names = ", ".join(permission.denied_by)
        yield Finding(
            TOPIC,
            "topic-policy-denies",
            f"the topic's policy forbids EventBridge to publish: {names}",
            f"take {names} out of the policy",
            (_set_policy(settings, arn, without(topic.policy, permission.denied_by)),),
        )
    elif permission.conditional and not permission.allowed_by:
        names = ", ".join(permission.conditional)
        yield Finding(
            TOPIC,
            "topic-policy-condition",
            f"{names} has a Condition; EventBridge supports none in a topic policy",
            f"{_RUN_30}: its statement has none",
            permit,
        )
    elif not permission.allowed_by:
        yield Finding(
            TOPIC,
            "topic-policy-silent",
            f"the topic's policy does not let {EVENTBRIDGE} publish",
            _RUN_30,
            permit,
        )


def _set_policy(settings: Settings, arn: str, policy: Mapping[str, Any]) -> Step:
    return _set_topic(
        settings,
        arn,
        "Policy",
        json.dumps(policy),
        why="EventBridge may publish; without this the alert is lost in silence",
    )


def _set_topic(settings: Settings, arn: str, name: str, value: str, *, why: str) -> Step:
    return Step(
        service="sns",
        operation="SetTopicAttributes",
        input={"TopicArn": arn, "AttributeName": name, "AttributeValue": value},
        why=why,
        makes=f"{name} of topic {settings.topic}",
        permissions=("sns:SetTopicAttributes",),
        undo="aws sns set-topic-attributes with the old value",
    )


def _key(chain: Chain, settings: Settings) -> Iterator[Finding]:
    topic, key = chain.topic, chain.key
    if topic is None or not topic.key_id:
        return
    if topic.key_id.startswith("alias/aws/") or (key and key.manager == "AWS"):
        yield _key_of_aws(settings, topic)
        return
    if "KMS key" in chain.unreadable:
        return
    if key is None or key.state not in ("Enabled", "Creating", "Updating"):
        state = key.state if key else "not there"
        yield Finding(
            TOPIC,
            "key-unusable",
            f"the topic is encrypted with {topic.key_id}, which is {state}",
            "enable the key, or encrypt the topic with another one",
            (_enable(key),) if key and key.state == "Disabled" else (),
        )
        return
    shut = [a for a in KEY_ACTIONS if not permission_of(key.policy, a, key.arn).is_given]
    if shut:
        yield Finding(
            TOPIC,
            "key-shuts-out",
            f"the policy of the topic's key does not let EventBridge {' and '.join(shut)}",
            f"add {KEY_STATEMENT} to the key's policy; it may have no Condition",
            (_open_key(key),),
        )


def _key_of_aws(settings: Settings, topic: facts.Topic) -> Finding:
    return Finding(
        TOPIC,
        "key-of-aws",
        f"the topic is encrypted with {topic.key_id}, whose policy cannot let EventBridge in",
        "encrypt the topic with a key of your own that lets EventBridge in, or not at all",
        (_set_topic(settings, topic.arn, "KmsMasterKeyId", "", why="no encryption at rest"),),
    )


def _enable(key: facts.Key) -> Step:
    return Step(
        service="kms",
        operation="EnableKey",
        input={"KeyId": key.arn},
        why="the topic cannot be encrypted while its key is disabled",
        makes="the key enabled",
        permissions=("kms:EnableKey",),
        undo="aws kms disable-key",
    )


def _open_key(key: facts.Key) -> Step:
    statement = {
        "Sid": KEY_STATEMENT,
        "Effect": "Allow",
        "Principal": {"Service": EVENTBRIDGE},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    kept = [each for each in statements_of(key.policy) if each.get("Sid") != KEY_STATEMENT]
    policy = {**key.policy, "Statement": [*kept, statement]}
    return Step(
        service="kms",
        operation="PutKeyPolicy",
        input={"KeyId": key.arn, "PolicyName": "default", "Policy": json.dumps(policy)},
        why="EventBridge encrypts what it publishes to an encrypted topic",
        makes=f"statement {KEY_STATEMENT} of the key's policy",
        permissions=("kms:PutKeyPolicy",),
        undo=f"take {KEY_STATEMENT} out of the key's policy",
    )


def _subscribers(chain: Chain, settings: Settings) -> Iterator[Finding]:
    topic = chain.topic
    if topic is None:
        return
    yield from _probe(chain, settings, topic)
    subscription = email_subscription(settings, topic)
    if subscription is None:
        steps = plan_topic(settings, account=chain.account, topic=topic).open_steps
        yield Finding(
            SUBSCRIBER,
            "nobody-subscribed",
            f"{settings.email} is not subscribed to {settings.topic}",
            f"{_RUN_30}, and follow the link in the mail",
            tuple(step for step in steps if step.operation == "Subscribe"),
        )
    elif not subscription.is_confirmed:
        yield Finding(
            SUBSCRIBER,
            "subscription-pending",
            f"{settings.email} has not followed the link in SNS's mail",
            "follow it: it is valid for two days; aws sns subscribe sends another one",
        )
    elif subscription.endpoint in chain.hidden_from:
        yield _filtered(subscription)


def _filtered(subscription: facts.Subscription) -> Finding:
    return Finding(
        SUBSCRIBER,
        "subscription-filtered",
        f"the filter policy of {subscription.endpoint} lets no alert through: "
        f"{json.dumps(subscription.filter_policy)}",
        "take the filter policy off the subscription",
        (
            Step(
                service="sns",
                operation="SetSubscriptionAttributes",
                input={
                    "SubscriptionArn": subscription.arn,
                    "AttributeName": "FilterPolicy",
                    "AttributeValue": "{}",
                },
                why="an empty policy lets everything through",
                makes=f"subscription of {subscription.endpoint} without a filter",
                permissions=("sns:SetSubscriptionAttributes",),
                undo="aws sns set-subscription-attributes with the old policy",
            ),
        ),
    )


def _probe(chain: Chain, settings: Settings, topic: facts.Topic) -> Iterator[Finding]:
    """The probe stands for any subscriber: what does not reach it reaches nobody like it."""
    if chain.probe is not None and not is_ours(chain.probe.tags):
        return
    steps = tuple(
        step
        for step in plan_probe(settings, chain.account, chain.probe, topic)
        if not step.satisfied
    )
    arn = probe_arn(settings, chain.account)
    own = next((each for each in topic.subscriptions if each.endpoint == arn), None)
    if chain.probe is None:
        yield Finding(
            SUBSCRIBER, "probe-missing", f"there is no queue {settings.probe_queue}", _RUN_50, steps
        )
    elif own is None:
        yield Finding(
            SUBSCRIBER,
            "probe-not-subscribed",
            f"queue {settings.probe_queue} is not subscribed to {settings.topic}",
            _RUN_50,
            steps,
        )
    elif chain.probe.policy != queue_policy(settings, chain.account):
        yield Finding(
            SUBSCRIBER,
            "probe-shuts-out",
            f"the policy of queue {settings.probe_queue} does not let the topic send to it",
            _RUN_50,
            steps,
        )
    elif arn in chain.hidden_from:
        yield _filtered(own)


def _counted(chain: Chain, settings: Settings) -> Iterator[Finding]:
    """Nothing looks broken: what did EventBridge count, and what lies in its dead letters?"""
    for letter in chain.dead_letters:
        yield Finding(
            TARGET,
            "dead-letter",
            f"the event lies in the dead-letter queue: {letter.error_code}: {letter.error_message}",
            "mend what it says, then send the event again with StartMessageMoveTask or by hand",
        )
        return
    if chain.counts and chain.counts.failed:
        yield Finding(
            TARGET,
            "failed-invocations",
            f"CloudWatch counts {chain.counts.failed} FailedInvocations of rule {settings.rule}",
            "EventBridge tries again for up to 24 hours; look again, or add a dead-letter queue "
            f"to target {TARGET_ID}",
        )
