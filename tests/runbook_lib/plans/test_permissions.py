"""The printed policy: enough for the whole walk, and nothing in it that the walk does not need."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore import xform_name

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, preflight, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import CallRefused, RunbookError, StepRefused
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.watches import WATCH_PREFIX
from runbook_lib.following.watch_queue import WatchQueue, plan_watch_queue
from runbook_lib.plans.permissions import Statement, permissions_of, policy_of
from runbook_lib.plans.preflight import find_network

SETTINGS = Settings()
ACCOUNT = "123456789876"
STATEMENTS = permissions_of(SETTINGS, ACCOUNT)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
Aws = Callable[..., Any]


@pytest.fixture
def session(emulator: EmulatorServer, connected: Session, aws: Aws) -> Session:
    """An account without cluster and execution role, seen by a user who may do nothing yet."""
    connected.journal.entries.clear()
    ecs, iam = aws("ecs"), aws("iam")
    ecs.delete_cluster(cluster="default")
    for policy in iam.list_attached_role_policies(RoleName="ecsTaskExecutionRole")[
        "AttachedPolicies"
    ]:
        iam.detach_role_policy(RoleName="ecsTaskExecutionRole", PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName="ecsTaskExecutionRole")
    iam.detach_user_policy(UserName="learner", PolicyArn=ADMINISTRATOR)
    return connected


def allow(aws: Aws, statements: list[dict[str, Any]]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws("iam").put_user_policy(UserName="learner", PolicyName="runbook", PolicyDocument=document)


def leave_a_watch(session: Session, aws: Aws) -> None:
    """What is left of a watch by queue that an administrator began and that was killed."""
    name = f"{WATCH_PREFIX}2942440254381718020-090130"
    queue = WatchQueue(
        name=name,
        arn=session.arn("sqs", name),
        rule_arn=session.arn("events", f"rule/{name}"),
        service_arn=session.arn("ecs", f"service/{SETTINGS.cluster}/{SETTINGS.service}"),
    )
    for step in plan_watch_queue(SETTINGS.service, queue):
        getattr(aws(step.service), xform_name(step.operation))(**step.input)


def whole_walk(session: Session, aws: Aws) -> list[str]:
    """From the preflight to the clean-up; the calls that were refused for want of permission."""
    leave_a_watch(session, aws)
    preflight(session, SETTINGS)
    try:
        find_network(session, SETTINGS)
        for stage in walk.STAGES:
            outcome = apply(session, stage.plan(session, SETTINGS))
            stage.afterwards(session, SETTINGS, outcome)
        walk.inventory(session, SETTINGS)
        reading.would_match(session, reading.read_rule(session, SETTINGS.rule), EVENT)  # type: ignore[arg-type]
        verdict, _ = walk.review_drill(session, SETTINGS)
        assert verdict.passed
        apply(session, walk.clean_up_plan(session, SETTINGS))
    except Exception as error:
        if not isinstance(error, RunbookError) and "authorized" not in str(error):
            raise
        return [str(error)]
    return [
        f"{each['service']}:{each['operation']}"
        for each in session.journal.entries
        if each["kind"] == "call" and each["error"] and _is_denied(each["error"])
    ]


EVENT = {
    "id": "1",
    "detail-type": "x",
    "source": "aws.ecs",
    "account": ACCOUNT,
    "time": "2024-11-19T17:42:41Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {},
}
_OPTIONAL = ("iam:SimulatePrincipalPolicy", "service-quotas:GetServiceQuota")


def _is_denied(code: str) -> bool:
    return any(word in code for word in ("AccessDenied", "Authorization", "Unauthorized"))


def needed(refused: list[str]) -> list[str]:
    return [each for each in refused if each not in _OPTIONAL]


def test_the_printed_policy_is_enough_for_the_whole_walk(session: Session, aws: Aws) -> None:
    allow(aws, [each.as_json() for each in STATEMENTS])

    assert needed(whole_walk(session, aws)) == []
    assert all(row[3] != "this runbook" for row in walk.inventory(session, SETTINGS))
    assert aws("sqs").list_queues().get("QueueUrls", []) == []
    assert aws("events").list_rules()["Rules"] == []


def test_what_the_steps_say_that_they_need_is_in_the_policy(connected: Session) -> None:
    """A card shows the actions of its step, and the policy has to have them."""
    said: set[str] = set()
    for stage in walk.STAGES:
        plan = stage.plan(connected, SETTINGS)
        said |= {action for step in plan for action in step.permissions}
        stage.afterwards(connected, SETTINGS, apply(connected, plan))
    said |= {
        action for step in walk.clean_up_plan(connected, SETTINGS) for action in step.permissions
    }

    assert len(said) > 20
    assert said <= {action for each in STATEMENTS for action in each.actions}


FIRST_USE = "FirstUseOfEcsInTheAccount"
"""AWS makes the service-linked role on the first use of ECS; the emulator's account has it."""
GIVEN_BY_THE_TOPIC = {
    "sns:DeleteTopic",
    "sns:ListSubscriptionsByTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
}
"""The default policy of a topic lets the whole account do these; another policy may not."""
LEAVING = [each for each in STATEMENTS if each.sid.startswith("Leave")]
"""What is asked for only where another service stays behind."""

PARTS = [
    (each, action)
    for each in STATEMENTS
    for action in each.actions
    if each.sid != FIRST_USE and each not in LEAVING and action not in GIVEN_BY_THE_TOPIC
]


@pytest.mark.whole
@pytest.mark.parametrize(("statement", "action"), PARTS, ids=[f"{s.sid}-{a}" for s, a in PARTS])
def test_without_any_one_action_the_walk_is_refused(
    session: Session, aws: Aws, statement: Statement, action: str
) -> None:
    kept = []
    for each in STATEMENTS:
        content = each.as_json()
        if each is statement:
            content["Action"] = [name for name in each.actions if name != action]
        if content["Action"]:
            kept.append(content)
    allow(aws, kept)

    assert needed(whole_walk(session, aws)) != []


CHECKOUT = replace(SETTINGS, service="checkout", family="checkout")
CHECKOUTS = permissions_of(CHECKOUT, ACCOUNT)


def without_name(statement: Statement) -> dict[str, Any]:
    """Of two policies in one no two statements may have the same Sid."""
    return {key: value for key, value in statement.as_json().items() if key != "Sid"}


def make_and_leave(session: Session) -> None:
    """Make topic, rule, role and cluster, let another service use them, and clean up."""
    for stage in walk.STAGES[:4]:
        stage.afterwards(session, SETTINGS, apply(session, stage.plan(session, SETTINGS)))
    for stage in walk.STAGES[:4]:
        apply(session, stage.plan(session, CHECKOUT))
    apply(session, walk.clean_up_plan(session, SETTINGS))


def test_the_printed_policy_is_enough_to_leave_what_others_use(session: Session, aws: Aws) -> None:
    allow(aws, [without_name(each) for each in [*STATEMENTS, *CHECKOUTS]])

    make_and_leave(session)

    left = {row[0] for row in walk.inventory(session, SETTINGS) if row[3].endswith("checkout")}
    assert left == {"execution role", "cluster", "topic", "rule"}


@pytest.mark.parametrize("statement", LEAVING, ids=[each.sid for each in LEAVING])
def test_without_the_right_to_untag_what_others_use_it_is_said_and_nothing_is_lost(
    session: Session, aws: Aws, statement: Statement
) -> None:
    kept = [each for each in [*STATEMENTS, *CHECKOUTS] if each.actions != statement.actions]
    allow(aws, [without_name(each) for each in kept])

    with pytest.raises(StepRefused, match=statement.actions[0].partition(":")[2]):
        make_and_leave(session)

    kinds = {row[0] for row in walk.inventory(session, SETTINGS) if row[2] != "absent"}
    assert kinds >= {"execution role", "cluster", "topic", "rule"}


OPTIONAL = [each.sid for each in STATEMENTS if each.is_optional]


def test_without_all_that_a_killed_watch_asks_for_the_walk_goes_on(
    session: Session, aws: Aws
) -> None:
    rights = [each.as_json() for each in STATEMENTS if each.sid not in OPTIONAL]
    simulating = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    allow(aws, [*rights, simulating])

    assert set(whole_walk(session, aws)) <= {*_OPTIONAL, *LOOKING_FOR_WATCHES}

    (permissions,) = (c for c in preflight(session, SETTINGS) if c.name == "permissions")
    assert permissions.state == "ok"
    assert [row for row in walk.inventory(session, SETTINGS) if row[3] == "this runbook"] == []


LOOKING_FOR_WATCHES = ("sqs:ListQueues", "events:DescribeRule")
"""Refused, and nothing comes of it. The rules may be listed, but not looked at."""


def test_of_what_is_called_as_by_a_watch_only_what_has_the_tag_may_be_removed(
    session: Session, aws: Aws
) -> None:
    theirs = f"{WATCH_PREFIX}theirs"
    aws("events").put_rule(Name=theirs, EventPattern='{"source": ["aws.ecs"]}')
    url = aws("sqs").create_queue(QueueName=theirs)["QueueUrl"]
    allow(aws, [each.as_json() for each in STATEMENTS])

    with pytest.raises(CallRefused, match="AccessDenied"):
        session.client("events").delete_rule(Name=theirs)
    with pytest.raises(CallRefused, match="AccessDenied"):
        session.client("sqs").delete_queue(QueueUrl=url)


def test_the_preflight_names_what_is_missing(session: Session, aws: Aws) -> None:
    simulating = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    given = [each.as_json() for each in STATEMENTS]
    allow(aws, [*given, simulating])
    assert next(c.state for c in preflight(session, SETTINGS) if c.name == "permissions") == "ok"

    allow(aws, [*(each for each in given if each["Sid"] != "MakeRule"), simulating])
    check = next(c for c in preflight(session, SETTINGS) if c.name == "permissions")
    assert check.state == "problem"
    assert "events:PutRule" in check.found
    assert "runbook permissions" in check.found


def test_the_policy_is_one_that_iam_takes(session: Session, aws: Aws) -> None:
    text = policy_of(SETTINGS, ACCOUNT, diagnosis=True)

    aws("iam").put_user_policy(UserName="learner", PolicyName="all", PolicyDocument=text)
    assert len(text) < 2048 * 5
    assert set(json.loads(text)) == {"Version", "Statement"}


def test_an_existing_service_needs_no_right_to_make_or_delete_one() -> None:
    own = permissions_of(Settings(service_mode="existing"), ACCOUNT)
    actions = {action for each in own for action in each.actions}

    assert "ecs:UpdateService" in actions
    assert not actions & {"ecs:CreateService", "ecs:DeleteService", "iam:CreateRole"}


def test_names_of_the_parameters_are_the_only_ones_it_allows() -> None:
    policy = policy_of(Settings(service="web", topic="t", rule="r", cluster="c"), ACCOUNT)

    assert ":service/c/web" in policy
    assert f":{ACCOUNT}:t" in policy
    assert "rule/r" in policy
    assert "my-sample-service" not in policy
