"""Did the alert arrive? From the event to the queue at the end of the chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib import (
    apply,
    await_alert,
    facts,
    read_probe,
    rule_would_match,
    walk,
)
from runbook_lib.alerts.delivery import PATIENCE, find_alert, trace_delivery
from runbook_lib.alerts.diagnosis import sample_event
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.bad_release import probe_arn
from runbook_lib.plans.steps import Plan
from runbook_lib.plans.topic import topic_arn

SETTINGS = Settings()
RAW = Settings(alert_format="event")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FAILED = "SERVICE_DEPLOYMENT_FAILED"


def fail(session: Session, settings: Settings = SETTINGS) -> str:
    """The walk up to a deployment that was rolled back: its id."""
    for stage in walk.STAGES[:4]:
        outcome = apply(session, stage.plan(session, settings))
        stage.afterwards(session, settings, outcome)
    return ship(session, settings)


def ship(session: Session, settings: Settings = SETTINGS) -> str:
    outcome = apply(session, walk.bad_release_plan(session, settings))
    deployment = walk.started_deployment(session, settings, outcome)
    session.clock.sleep(1200)
    return deployment.id


def break_topic_policy(session: Session) -> None:
    """Only the owner may publish."""
    arn = topic_arn(SETTINGS, session.account)
    owner = {
        "Sid": "my_topic_default",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "SNS:Publish",
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": session.account}},
    }
    policy = json.dumps({"Version": "2008-10-17", "Statement": [owner]})
    session.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )


def break_queue_policy(session: Session) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=SETTINGS.probe_queue)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def disable_rule(session: Session) -> None:
    session.client("events").disable_rule(Name=SETTINGS.rule)


def remove_target(session: Session) -> None:
    session.client("events").remove_targets(Rule=SETTINGS.rule, Ids=["1"])


def break_pattern(session: Session) -> None:
    """What the article's readers get wrong: the reason instead of the name, outside `detail`."""
    pattern = {"source": ["aws.ecs"], "eventName": [FAILED]}
    session.client("events").put_rule(Name=SETTINGS.rule, EventPattern=json.dumps(pattern))


def test_the_alert_arrives_with_what_ecs_says(session: Session) -> None:
    bad = fail(session)

    alert = await_alert(session, SETTINGS, bad)

    assert alert
    assert alert.deployment_id == bad
    assert alert.event_name == FAILED
    assert alert.reason == "ECS deployment circuit breaker: tasks failed to start."
    assert alert.text.splitlines()[0] == (
        '"ECS deployment failed: '
        f'arn:aws:ecs:eu-west-1:{session.account}:service/default/my-sample-service"'
    )
    moments = (alert.event_time, alert.ingested_at, alert.published_at, alert.received_at)
    assert all(moments)
    assert list(moments) == sorted(moments)
    assert moments[-1] - moments[0] < timedelta(seconds=5)
    assert alert.message_id
    assert read_probe(session, SETTINGS) == (alert,)


def test_only_an_alert_that_is_not_there_yet_is_waited_for(session: Session) -> None:
    bad = fail(session)
    before = session.clock.now()

    assert await_alert(session, SETTINGS, bad)
    assert session.clock.now() == before
    assert await_alert(session, SETTINGS, "ecs-svc/1", timeout=timedelta(seconds=30)) is None
    assert session.clock.now() - before == timedelta(seconds=30)


def test_a_second_drill_brings_a_second_alert(session: Session) -> None:
    first = fail(session)
    second = ship(session)

    assert first != second
    assert [each.deployment_id for each in read_probe(session, SETTINGS)] == [first, second]
    found = await_alert(session, SETTINGS, second)
    assert found
    assert found.deployment_id == second


def test_a_broken_chain_is_silence_until_patience_ends_and_running_again_fixes_it(
    session: Session,
) -> None:
    for stage in walk.STAGES[:4]:
        outcome = apply(session, stage.plan(session, SETTINGS))
        stage.afterwards(session, SETTINGS, outcome)
    break_topic_policy(session)
    bad = ship(session)
    before = session.clock.now()

    assert await_alert(session, SETTINGS, bad) is None

    assert PATIENCE <= session.clock.now() - before <= PATIENCE + timedelta(seconds=5)
    apply(session, walk.topic_plan(session, SETTINGS))
    apply(session, walk.event_rule_plan(session, SETTINGS))
    assert await_alert(session, SETTINGS, ship(session)) is not None


@pytest.mark.parametrize("breakage", [disable_rule, break_pattern, remove_target])
def test_wherever_the_chain_is_broken_there_is_silence(
    session: Session, breakage: Callable[[Session], None]
) -> None:
    for stage in walk.STAGES[:4]:
        outcome = apply(session, stage.plan(session, SETTINGS))
        stage.afterwards(session, SETTINGS, outcome)
    apply(session, _only_probe(session))
    breakage(session)

    assert await_alert(session, SETTINGS, ship(session)) is None


def test_a_probe_that_lets_nobody_in_hears_nothing_until_the_plan_fixes_it(
    session: Session,
) -> None:
    for stage in walk.STAGES[:4]:
        stage.afterwards(session, SETTINGS, apply(session, stage.plan(session, SETTINGS)))
    plan = walk.bad_release_plan(session, SETTINGS)
    apply(session, replace(plan, steps=plan.steps[:2]))
    break_queue_policy(session)
    first = apply(session, replace(plan, steps=plan.steps[2:]))
    deployment = walk.started_deployment(session, SETTINGS, first)
    session.clock.sleep(1200)

    assert await_alert(session, SETTINGS, deployment.id) is None
    assert await_alert(session, SETTINGS, ship(session)) is not None


def _only_probe(session: Session) -> Plan:
    plan = walk.bad_release_plan(session, SETTINGS)
    return replace(plan, steps=plan.steps[:2])


def test_without_a_probe_there_is_nothing_to_read(session: Session) -> None:
    assert read_probe(session, SETTINGS) == ()
    assert await_alert(session, SETTINGS, "ecs-svc/1", timeout=timedelta(seconds=5)) is None


def test_the_alert_is_found_by_deployment_and_name() -> None:
    def alert(deployment_id: str, name: str) -> facts.Alert:
        return facts.Alert(deployment_id, name, "", "", NOON)

    started = alert("ecs-svc/2", "SERVICE_DEPLOYMENT_IN_PROGRESS")
    other = alert("ecs-svc/1", FAILED)
    wanted = alert("ecs-svc/2", FAILED)

    assert find_alert((started, other, wanted), "ecs-svc/2") is wanted
    assert find_alert((started, other), "ecs-svc/2") is None
    assert find_alert((), "ecs-svc/2") is None


# --- would the rule match? -----------------------------------------------------------------------


def test_the_runbooks_rule_would_match_a_failure(session: Session) -> None:
    apply(session, walk.event_rule_plan(session, SETTINGS))

    assert rule_would_match(session, SETTINGS) is True


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_DEPLOYMENT_COMPLETED"]}},
        {"source": ["aws.ecs"], "eventName": [FAILED]},
        {"source": ["aws.ecs"], "detail": {"eventName": [FAILED], "reason": ["no"]}},
    ],
)
def test_a_broken_pattern_would_not_match(session: Session, pattern: dict[str, object]) -> None:
    session.client("events").put_rule(Name=SETTINGS.rule, EventPattern=json.dumps(pattern))

    assert rule_would_match(session, SETTINGS) is False


def test_a_rule_that_does_not_exist_would_not_match(session: Session) -> None:
    assert rule_would_match(session, SETTINGS) is False


def test_the_sample_event_has_the_members_of_a_real_one(session: Session) -> None:
    sample = sample_event(session, SETTINGS)
    alert = await_alert(session, RAW, fail(session, RAW))

    assert alert
    event = json.loads(alert.text)
    assert set(sample) == set(event)
    assert set(sample["detail"]) == set(event["detail"])
    constant = ("version", "detail-type", "source", "account", "region", "resources")
    assert {name: sample[name] for name in constant} == {name: event[name] for name in constant}


def test_the_probe_is_in_the_settings_region() -> None:
    settings = Settings(region="us-east-1", service="web")

    assert probe_arn(settings, "1") == "arn:aws:sqs:us-east-1:1:web-drill-probe"


def test_clocks_that_disagree_by_milliseconds_bring_no_negative_latency(session: Session) -> None:
    bad = fail(session)
    alert = await_alert(session, SETTINGS, bad)
    assert alert
    assert alert.ingested_at
    early = replace(alert, received_at=alert.ingested_at - timedelta(milliseconds=40))

    found = trace_delivery(
        session, SETTINGS, deployment_id=bad, started_at=None, failed_at=None, alert=early
    )

    assert all(each.seconds is None or each.seconds >= 0 for each in found.hops)
