"""The parts of what is built: each as AWS shows it, with few calls; unknown is what is denied."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from widget_world import do

from runbook_lib import apply, walk
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import EXISTING, Settings
from runbook_lib.overview.parts import (
    ABSENT,
    BAD,
    BREAKER,
    BUSY,
    EVENT,
    GOOD,
    MADE_BY,
    READER,
    RULE,
    SERVICE,
    TASK_DEFINITION,
    TOPIC,
    UNKNOWN,
    Part,
    Parts,
    read_parts,
)

SETTINGS = Settings()
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
Aws = Callable[..., Any]


def found(session: Session, settings: Settings = SETTINGS) -> Parts:
    return read_parts(session, settings)


def told(part: Part) -> tuple[str, str, str]:
    return part.name, part.state, part.look


def done(parts: Parts) -> list[str]:
    return [each[:2] for each in sorted(set(MADE_BY.values())) if parts.is_done(each)]


def calls(session: Session) -> list[str]:
    return [each["operation"] for each in session.journal.entries if each["kind"] == "call"]


def test_of_an_empty_account_every_part_is_absent(session: Session) -> None:
    parts = found(session)

    assert [each.kind for each in parts.all] == list(MADE_BY)
    assert {each.look for each in parts.all} == {ABSENT}
    assert parts[SERVICE].name == "my-sample-service"
    assert parts[READER].state == "nobody"
    assert done(parts) == []


@pytest.mark.parametrize(
    ("notebooks", "kind", "expected"),
    [
        ("10", TASK_DEFINITION, ("my-task:1", "ACTIVE", GOOD)),
        ("10 20", SERVICE, ("my-sample-service", "steady, runs my-task:1", GOOD)),
        ("10 20", BREAKER, ("", "on, with rollback", GOOD)),
        ("10 20 30", TOPIC, ("my-topic", "EventBridge may publish", GOOD)),
        ("10 20 30", READER, ("", "1 confirmed", GOOD)),
        ("10 20 30 40", RULE, ("EcsServiceDeploymentFailed", "enabled", GOOD)),
    ],
)
def test_each_notebook_is_seen_in_the_part_that_it_makes(
    session: Session, notebooks: str, kind: str, expected: tuple[str, str, str]
) -> None:
    do(session, SETTINGS, *notebooks.split())

    parts = found(session)

    assert told(parts[kind]) == expected
    assert done(parts) == notebooks.split()


def test_after_a_drill_the_service_is_back_on_the_release_that_completed(session: Session) -> None:
    do(session, SETTINGS, "10", "20", "30", "40", "50")
    session.clock.sleep(300)

    parts = found(session)

    assert told(parts[TASK_DEFINITION]) == ("my-task:1", "ACTIVE", GOOD)
    assert parts[SERVICE].state == "steady, back on my-task:1"
    assert parts[EVENT].state == "a deployment has failed"
    assert parts[READER].state == "1 confirmed"  # the probe queue reads nothing
    assert parts.back_on == "my-task:1"
    assert done(parts) == ["10", "20", "30", "40", "50"]


def test_at_most_eight_calls_are_made_on_the_way(session: Session) -> None:
    counts = []
    for stage in (None, *walk.STAGES):
        if stage is not None:
            do(session, SETTINGS, stage.notebook[:2])
        session.journal.entries.clear()
        found(session)
        counts.append(len(calls(session)))

    assert counts == [4, 5, 4, 6, 8, 8]


def test_nothing_is_changed(session: Session) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")
    session.journal.entries.clear()

    found(session)

    assert all(each.startswith(("Describe", "List", "Get")) for each in calls(session))


def test_a_deployment_in_progress_does_not_undo_notebook_20(session: Session) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")
    apply(session, walk.bad_release_plan(session, SETTINGS), confirm=SETTINGS.service)

    parts = found(session)

    assert told(parts[SERVICE])[1:] == ("deployment of my-task:2 in progress", BUSY)
    assert parts[TASK_DEFINITION].name == "my-task:1"  # what a rollback returns to
    assert done(parts) == ["10", "20", "30", "40"]


def test_a_rollback_is_seen_while_it_goes_on(session: Session) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")
    apply(session, walk.bad_release_plan(session, SETTINGS), confirm=SETTINGS.service)
    for _ in range(400):
        session.clock.sleep(5)
        parts = found(session)
        if parts[EVENT].look == GOOD:
            break

    assert told(parts[SERVICE])[1:] == ("rolling back to my-task:1", BUSY)
    assert done(parts)[-1] == "50"


def test_a_breaker_without_rollback_is_to_be_looked_at(session: Session) -> None:
    do(session, SETTINGS, "10", "20")
    for enable, said in ((True, "on, without rollback"), (False, "off")):
        breaker = {"enable": enable, "rollback": False}
        session.client("ecs").update_service(
            service=SETTINGS.service,
            deploymentConfiguration={"deploymentCircuitBreaker": breaker},
        )

        parts = found(session)

        assert told(parts[BREAKER]) == ("", said, BAD)
        assert not parts.is_done("20_create_service")


def test_a_service_that_was_deleted_is_on_its_way_out(session: Session) -> None:
    do(session, SETTINGS, "10", "20")
    session.client("ecs").delete_service(service=SETTINGS.service, force=True)

    assert told(found(session)[SERVICE])[1:] == ("being deleted", BUSY)


def test_a_revision_that_was_deregistered_is_inactive(session: Session) -> None:
    do(session, SETTINGS, "10", "20")
    session.client("ecs").deregister_task_definition(taskDefinition="my-task:1")

    assert told(found(session)[TASK_DEFINITION]) == ("my-task:1", "INACTIVE", BAD)


def test_the_revision_of_notebook_10_is_found_below_a_newer_one(session: Session) -> None:
    do(session, SETTINGS, "10")
    do(session, replace(SETTINGS, good_image="nginx:mainline"), "10")

    assert found(session)[TASK_DEFINITION].name == "my-task:1"


@pytest.mark.parametrize(
    ("breakage", "state"),
    [
        (lambda s: s.client("events").disable_rule(Name=SETTINGS.rule), "disabled"),
        (
            lambda s: s.client("events").remove_targets(
                Rule=SETTINGS.rule,
                Ids=[
                    each["Id"]
                    for each in s.client("events").list_targets_by_rule(Rule=SETTINGS.rule)[
                        "Targets"
                    ]
                ],
            ),
            "enabled, without a target",
        ),
    ],
)
def test_a_rule_that_hands_nothing_on_is_not_done(
    session: Session, breakage: Callable[[Session], object], state: str
) -> None:
    do(session, SETTINGS, "30", "40")
    breakage(session)

    parts = found(session)

    assert told(parts[RULE])[1:] == (state, BAD)
    assert not parts.is_done("40_create_event_rule")


def test_a_rule_whose_target_is_something_else_is_not_done(session: Session) -> None:
    do(session, SETTINGS, "30", "40")

    parts = found(session, replace(SETTINGS, topic="other"))

    assert told(parts[RULE])[1:] == ("enabled, target is not the topic", BAD)


def test_a_topic_that_does_not_let_eventbridge_publish_is_not_done(session: Session) -> None:
    do(session, SETTINGS, "30")
    session.client("sns").set_topic_attributes(
        TopicArn=session.arn("sns", SETTINGS.topic),
        AttributeName="Policy",
        AttributeValue=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "s3.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": session.arn("sns", SETTINGS.topic),
                    }
                ],
            }
        ),
    )

    parts = found(session)

    assert told(parts[TOPIC]) == ("my-topic", "EventBridge may not publish", BAD)
    assert not parts.is_done("30_create_sns_topic")


def test_a_reader_who_has_not_followed_the_link_is_pending(session: Session) -> None:
    apply(session, walk.topic_plan(session, SETTINGS), confirm=SETTINGS.service)

    parts = found(session)

    assert told(parts[READER]) == ("", "1 pending", BAD)
    assert not parts.is_done("30_create_sns_topic")


def test_one_who_has_is_enough(session: Session) -> None:
    do(session, SETTINGS, "30")
    session.client("sns").subscribe(
        TopicArn=session.arn("sns", SETTINGS.topic), Protocol="email", Endpoint="b@example.com"
    )

    parts = found(session)

    assert told(parts[READER]) == ("", "1 confirmed, 1 pending", GOOD)
    assert parts.is_done("30_create_sns_topic")


@pytest.fixture
def forbid(aws: Aws) -> Callable[[str], None]:
    """forbid("sns:GetTopicAttributes"): the session's user may do everything else."""

    def forbid(action: str) -> None:
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": action, "Resource": "*"},
        ]
        iam = aws("iam")
        iam.detach_user_policy(UserName="learner", PolicyArn=ADMINISTRATOR)
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="learner", PolicyName="some", PolicyDocument=document)

    return forbid


@pytest.mark.parametrize(
    ("action", "unknown"),
    [
        ("ecs:DescribeServices", {SERVICE, BREAKER, EVENT}),
        ("ecs:DescribeTaskDefinition", {TASK_DEFINITION}),
        ("events:DescribeRule", {RULE}),
        ("events:ListTargetsByRule", {RULE}),
        ("sns:GetTopicAttributes", {TOPIC, READER}),
        ("sns:ListSubscriptionsByTopic", {TOPIC, READER}),
    ],
)
def test_what_nobody_may_look_at_is_unknown_and_the_rest_is_told(
    session: Session, forbid: Callable[[str], None], action: str, unknown: set[str]
) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")
    forbid(action)

    parts = found(session)

    assert {each.kind for each in parts.all if each.look == UNKNOWN} == unknown
    assert {each.kind for each in parts.all if each.look == GOOD} == set(MADE_BY) - unknown - {
        EVENT
    }
    assert {parts.is_done(MADE_BY[kind]) for kind in unknown} == {None}


def test_a_service_of_ones_own_is_what_nobody_makes(session: Session) -> None:
    do(session, SETTINGS, "10", "20")

    parts = found(session, replace(SETTINGS, service_mode=EXISTING))

    assert [each.kind for each in parts.all if each.was_there] == [
        TASK_DEFINITION,
        SERVICE,
        BREAKER,
    ]
    assert done(parts) == ["10", "20"]
    absent = found(session, replace(SETTINGS, service_mode=EXISTING, service="gone"))
    assert absent[TASK_DEFINITION].look == ABSENT
