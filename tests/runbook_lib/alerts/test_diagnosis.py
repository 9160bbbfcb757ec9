"""Each way in which the alert chain can break: really broken, named, fixed by the advice.

The story is always the same: the chain stands, one link is broken, a bad release is rolled back and
nobody hears of it. The diagnosis names the link; its steps are applied; the next alert arrives.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, await_alert, diagnose, walk
from runbook_lib.alerts.delivery import BROKEN, NOT_REACHED, OK, Delivery
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import watch
from runbook_lib.plans.bad_release import probe_arn
from runbook_lib.plans.event_rule import EVENT_PATTERN
from runbook_lib.plans.steps import Plan

SETTINGS = Settings()
Break = Callable[[Session], None]


@pytest.fixture
def session(emulator: EmulatorServer, connected: Session) -> Session:
    """With the whole walk up to the drill done, and the probe listening."""
    connected.journal.entries.clear()
    for stage in walk.STAGES[:4]:
        outcome = apply(connected, stage.plan(connected, SETTINGS))
        stage.afterwards(connected, SETTINGS, outcome)
    plan = walk.bad_release_plan(connected, SETTINGS)
    apply(connected, replace(plan, steps=plan.steps[:2]))
    return connected


def drill(session: Session) -> Delivery:
    """Ship the bad release as a user would who has no runbook: nothing of the chain is touched."""
    plan = walk.bad_release_plan(session, SETTINGS)
    release = [step for step in plan.steps if step.service == "ecs"]
    outcome = apply(session, replace(plan, steps=tuple(release)))
    deployment = walk.started_deployment(session, SETTINGS, outcome)
    watched = watch(
        session,
        cluster=SETTINGS.cluster,
        service=SETTINGS.service,
        deployment_id=deployment.id,
        tell=lambda _: None,
    )
    alert = await_alert(session, SETTINGS, deployment.id)
    return walk.judge_drill(session, SETTINGS, watched, alert)[1]


def topic_arn(session: Session) -> str:
    return session.arn("sns", SETTINGS.topic)


def set_topic(session: Session, name: str, value: str) -> None:
    session.client("sns").set_topic_attributes(
        TopicArn=topic_arn(session), AttributeName=name, AttributeValue=value
    )


def put_policy(session: Session, *statements: dict[str, Any]) -> None:
    set_topic(session, "Policy", json.dumps({"Version": "2012-10-17", "Statement": statements}))


def publishing(session: Session, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {
        "Sid": f"{effect}Events",
        "Effect": effect,
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn(session),
        **more,
    }


def delete_rule(session: Session) -> None:
    events = session.client("events")
    events.remove_targets(Rule=SETTINGS.rule, Ids=["1"])
    events.delete_rule(Name=SETTINGS.rule)


def move_rule_to_another_bus(session: Session) -> None:
    delete_rule(session)
    events = session.client("events")
    events.create_event_bus(Name="orders")
    events.put_rule(
        Name=SETTINGS.rule, EventBusName="orders", EventPattern=json.dumps(EVENT_PATTERN)
    )


def move_rule_to_another_region(session: Session) -> None:
    delete_rule(session)
    elsewhere = session.client("events", "eu-central-1")
    elsewhere.put_rule(Name=SETTINGS.rule, EventPattern=json.dumps(EVENT_PATTERN))


def disable_rule(session: Session) -> None:
    session.client("events").disable_rule(Name=SETTINGS.rule)


def misspell_detail_type(session: Session) -> None:
    put_pattern(session, {**EVENT_PATTERN, "detail-type": ["ECS Service Deployment State Change"]})


def put_name_outside_of_detail(session: Session) -> None:
    put_pattern(session, {"source": ["aws.ecs"], "eventName": ["SERVICE_DEPLOYMENT_FAILED"]})


def match_another_service(session: Session) -> None:
    put_pattern(session, {**EVENT_PATTERN, "resources": [session.arn("ecs", "service/x/y")]})


def put_pattern(session: Session, pattern: object) -> None:
    session.client("events").put_rule(Name=SETTINGS.rule, EventPattern=json.dumps(pattern))


def remove_target(session: Session) -> None:
    session.client("events").remove_targets(Rule=SETTINGS.rule, Ids=["1"])


def put_target(session: Session, **target: Any) -> None:
    session.client("events").put_targets(Rule=SETTINGS.rule, Targets=[{"Id": "1", **target}])


def aim_at_another_topic(session: Session) -> None:
    other = session.client("sns").create_topic(Name="other")["TopicArn"]
    put_target(session, Arn=other)


def send_a_constant(session: Session) -> None:
    put_target(session, Arn=topic_arn(session), Input='"A deployment failed."')


def leave_the_deployment_out(session: Session) -> None:
    paths = {"reason": "$.detail.reason"}
    transformer = {"InputPathsMap": paths, "InputTemplate": '"It failed: <reason>"'}
    put_target(session, Arn=topic_arn(session), InputTransformer=transformer)


def use_a_role_that_may_not(session: Session) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = session.client("iam").create_role(
        RoleName="powerless", AssumeRolePolicyDocument=json.dumps(trust)
    )
    put_target(session, Arn=topic_arn(session), RoleArn=role["Role"]["Arn"])


def silence_the_topic_policy(session: Session) -> None:
    put_policy(session, publishing(session, Principal={"AWS": session.account}))


def add_a_condition(session: Session) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": session.account}}
    put_policy(session, publishing(session, Condition=condition))


def deny_it(session: Session) -> None:
    put_policy(session, publishing(session), publishing(session, "Deny"))


def encrypt_with_the_key_of_aws(session: Session) -> None:
    set_topic(session, "KmsMasterKeyId", "alias/aws/sns")


def encrypt_with_a_closed_key(session: Session) -> None:
    set_topic(session, "KmsMasterKeyId", own_key(session))


def own_key(session: Session) -> str:
    return str(session.client("kms").create_key()["KeyMetadata"]["KeyId"])


def filter_the_probe(session: Session) -> None:
    sns = session.client("sns")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic_arn(session))["Subscriptions"]
    own = probe_arn(SETTINGS, session.account)
    sns.set_subscription_attributes(
        SubscriptionArn=next(each["SubscriptionArn"] for each in listed if each["Endpoint"] == own),
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"severity": ["high"]}),
    )


def unsubscribe_the_probe(session: Session) -> None:
    sns = session.client("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=topic_arn(session))["Subscriptions"]:
        if each["Protocol"] == "sqs":
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def close_the_probe(session: Session) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=SETTINGS.probe_queue)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def delete_the_probe(session: Session) -> None:
    sqs = session.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=SETTINGS.probe_queue)["QueueUrl"])


BREAKS: dict[str, tuple[Break, str, str]] = {
    "the rule is deleted": (delete_rule, "rule", "rule-missing"),
    "the rule is on another bus": (move_rule_to_another_bus, "rule", "rule-on-another-bus"),
    "the rule is in another Region": (
        move_rule_to_another_region,
        "rule",
        "rule-in-another-region",
    ),
    "the rule is disabled": (disable_rule, "rule", "rule-disabled"),
    "detail-type is misspelt": (misspell_detail_type, "rule", "pattern-does-not-match"),
    "eventName stands outside of detail": (
        put_name_outside_of_detail,
        "rule",
        "pattern-does-not-match",
    ),
    "the pattern is of another service": (
        match_another_service,
        "rule",
        "pattern-does-not-match",
    ),
    "the rule has no target": (remove_target, "target", "no-target"),
    "the target is another topic": (aim_at_another_topic, "target", "target-elsewhere"),
    "the target sends a constant": (send_a_constant, "target", "input-hides-deployment"),
    "the transformer leaves the id out": (
        leave_the_deployment_out,
        "target",
        "input-hides-deployment",
    ),
    "the target's role may not publish": (use_a_role_that_may_not, "target", "target-role"),
    "the topic's policy is silent": (silence_the_topic_policy, "topic", "topic-policy-silent"),
    "the topic's policy has a condition": (add_a_condition, "topic", "topic-policy-condition"),
    "the topic's policy denies": (deny_it, "topic", "topic-policy-denies"),
    "the topic's key is AWS's": (encrypt_with_the_key_of_aws, "topic", "key-of-aws"),
    "the topic's key shuts EventBridge out": (
        encrypt_with_a_closed_key,
        "topic",
        "key-shuts-out",
    ),
    "the subscription is filtered": (filter_the_probe, "subscriber", "subscription-filtered"),
    "the probe is not subscribed": (
        unsubscribe_the_probe,
        "subscriber",
        "probe-not-subscribed",
    ),
    "the probe lets nobody in": (close_the_probe, "subscriber", "probe-shuts-out"),
    "the probe is deleted": (delete_the_probe, "subscriber", "probe-missing"),
}


@pytest.mark.whole
@pytest.mark.parametrize(("breaks", "hop", "name"), BREAKS.values(), ids=BREAKS)
def test_a_broken_link_is_named_and_the_advice_fixes_it(
    session: Session, breaks: Break, hop: str, name: str
) -> None:
    breaks(session)

    way = drill(session)

    assert way.breaks[0].name == name
    states = {each.hop: each.state for each in way.hops}
    assert states["UpdateService"] == states["deployment"] == OK
    assert states[hop] == BROKEN
    assert next(each.hop for each in way.hops if each.state != OK) == hop
    assert all(each.state == NOT_REACHED for each in way.hops if each.hop > hop and not each.found)
    for finding in way.breaks:
        apply(session, Plan("Fix", SETTINGS.service, finding.steps))
    fixed_at = session.clock.now()
    assert drill(session).arrived
    assert diagnose(session, SETTINGS, since=fixed_at) == ()


def test_the_advice_names_a_rule_that_has_a_name_of_its_own(session: Session) -> None:
    own = replace(SETTINGS, rule="LabAlerts")
    apply(session, walk.event_rule_plan(session, own))
    for rule in (SETTINGS.rule, own.rule):
        session.client("events").disable_rule(Name=rule)

    def advice(settings: Settings) -> list[str]:
        return [each.fix for each in diagnose(session, settings) if each.name == "rule-disabled"]

    assert advice(SETTINGS) == ["run 40_create_event_rule again"]
    assert advice(own) == [
        "apply the steps of this finding, or run 40_create_event_rule with rule=LabAlerts"
    ]


def test_a_whole_chain_has_nothing_to_fix(session: Session) -> None:
    way = drill(session)

    assert way.arrived
    assert way.broken == ""
    seconds = {each.hop: each.seconds for each in way.hops}
    assert 600 < (seconds["deployment"] or 0) < 1200
    assert 0 < (seconds["topic"] or 0) < 5
    assert diagnose(session, SETTINGS) == ()


def test_an_unconfirmed_subscriber_is_found_though_the_probe_hears_the_alert(
    session: Session,
) -> None:
    late = replace(SETTINGS, email="late@example.com")
    apply(session, walk.topic_plan(session, late))

    (finding,) = diagnose(session, late)
    assert (finding.name, finding.steps) == ("subscription-pending", ())

    session.mailbox.confirm(late.email, topic_arn(session))
    assert diagnose(session, late) == ()


def test_nobody_subscribed_is_found(session: Session) -> None:
    (finding,) = diagnose(session, replace(SETTINGS, email="other@example.com"))

    assert finding.name == "nobody-subscribed"
    assert [step.operation for step in finding.steps] == ["Subscribe"]


def test_without_the_breaker_no_event_is_sent(session: Session) -> None:
    threshold = {"type": "COUNT", "value": 7}
    off = {"enable": False, "rollback": False, "thresholdConfiguration": threshold}
    session.client("ecs").update_service(
        service=SETTINGS.service, deploymentConfiguration={"deploymentCircuitBreaker": off}
    )

    (finding,) = diagnose(session, SETTINGS)
    assert finding.name == "breaker-off"

    apply(session, Plan("Fix", SETTINGS.service, finding.steps))
    assert diagnose(session, SETTINGS) == ()
    (service,) = session.client("ecs").describe_services(services=[SETTINGS.service])["services"]
    fixed = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
    assert (fixed["enable"], fixed["rollback"]) == (True, True)
    assert fixed["thresholdConfiguration"] == threshold


def test_a_deleted_topic_is_found_and_made_again(session: Session) -> None:
    session.client("sns").delete_topic(TopicArn=topic_arn(session))

    found = diagnose(session, SETTINGS)

    assert found[0].name == "topic-missing"
    apply(session, Plan("Fix", SETTINGS.service, found[0].steps))
    assert "topic-missing" not in {each.name for each in diagnose(session, SETTINGS)}


def test_a_diagnosis_only_reads(session: Session) -> None:
    disable_rule(session)
    session.journal.entries.clear()

    diagnose(session, SETTINGS)

    called = [each["operation"] for each in session.journal.entries if each["kind"] == "call"]
    reading = ("Describe", "Get", "List", "Receive", "Test")
    assert called
    assert all(each.startswith(reading) for each in called)
