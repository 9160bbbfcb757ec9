"""Whatever goes wrong on the way, the verdict is right and nothing is left behind.

`SURVIVAL_DRILLS=200 pytest tests/runbook_lib/headless/test_survival.py -k chance` runs 200 drills
instead of 12.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from drilling import clean_up, drill, left_over, set_up
from killing import Fate, Killed, fate_of
from patience import LeapingTime, leap

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, open_session, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import CallRefused, NoReply, RolloutFailed, StepRefused
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE

SETTINGS = Settings(threshold="COUNT 1")
"""The first failure trips the breaker: the same steps in a fifth of the looks."""
AS_AWS = Settings()
DRILLS = int(os.environ.get("SURVIVAL_DRILLS", "12"))
FIVE_KINDS: tuple[dict[str, Any], ...] = (
    {"fault": "throttling"},
    {"fault": "internal_failure"},
    {"fault": "service_unavailable"},
    {"fault": "connection_dropped", "when": "before"},
    {"fault": "connection_dropped", "when": "after"},
)
SHARE = 1 - 0.8 ** (1 / len(FIVE_KINDS))
"""Of each kind, so that together they strike every fifth call."""
WRITES = (
    "CreateRole",
    "AttachRolePolicy",
    "RegisterTaskDefinition",
    "CreateCluster",
    "CreateService",
    "CreateTopic",
    "SetTopicAttributes",
    "Subscribe",
    "PutRule",
    "PutTargets",
    "CreateQueue",
    "Subscribe",
    "RegisterTaskDefinition",
    "UpdateService",
    "DeleteService",
    "RemoveTargets",
    "DeleteRule",
    "DeleteTopic",
    "DeleteQueue",
    "DeregisterTaskDefinition",
    "DeregisterTaskDefinition",
    "DeleteCluster",
    "DetachRolePolicy",
    "DeleteRole",
)
"""The steps of the walk and its clean-up in an account that has nothing yet."""


@pytest.fixture
def strike(emulator: EmulatorServer) -> Callable[..., None]:
    """strike({"call": "ecs:*", "fault": "throttling"}) injects these faults and no others."""
    controls = EmulatorControls(emulator.url)

    def strike(*faults: dict[str, Any], **more: Any) -> None:
        controls.call("PUT", "/_emulator/faults", {"call_faults": [*faults], **more})

    return strike


@pytest.fixture
def leaping(monkeypatch: pytest.MonkeyPatch) -> LeapingTime:
    return leap(monkeypatch)


@pytest.fixture(scope="module")
def fate(connected: Session) -> Iterator[Fate]:
    with fate_of(connected) as fate:
        yield fate


@pytest.fixture
def empty_account(session: Session, fate: Fate) -> Iterator[Fate]:
    """Neither the cluster `default` nor the execution role, so that the walk makes them."""
    fate.spare()
    empty(session)
    fate.spare()
    yield fate
    fate.spare()


def empty(session: Session) -> None:
    iam, role = session.client("iam"), SETTINGS.execution_role
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=each["PolicyArn"])
    iam.delete_role(RoleName=role)
    session.client("ecs").delete_cluster(cluster="default")


def test_the_steps_of_an_undisturbed_drill_are_these(session: Session, empty_account: Fate) -> None:
    assert drill(session, SETTINGS).passed
    clean_up(session, SETTINGS)

    assert tuple(empty_account.steps) == WRITES
    assert left_over(session, SETTINGS) == []


def there_and_back(session: Session) -> None:
    drill(session, SETTINGS)
    clean_up(session, SETTINGS)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, len(WRITES) + 1), ids=lambda n: f"{n}-{WRITES[n - 1]}")
def test_a_drill_that_was_killed_is_run_again_and_leaves_nothing(
    step: int, when: str, session: Session, empty_account: Fate
) -> None:
    empty_account.kill(step, when)
    with pytest.raises(Killed):
        there_and_back(session)
    assert empty_account.steps == list(WRITES[:step])
    empty_account.spare()

    again = drill(session, SETTINGS)
    clean_up(session, SETTINGS)

    assert again.passed, again.sentence
    assert left_over(session, SETTINGS) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [5, 11, 14, 15, 22], ids=lambda n: f"{n}-{WRITES[n - 1]}")
def test_a_drill_that_was_killed_can_be_cleaned_up_at_once(
    step: int, when: str, session: Session, empty_account: Fate
) -> None:
    empty_account.kill(step, when)
    with pytest.raises(Killed):
        there_and_back(session)
    empty_account.spare()

    clean_up(session, SETTINGS)

    assert left_over(session, SETTINGS) == []


def test_every_fifth_call_fails_by_chance_and_every_verdict_is_right(
    emulator: EmulatorServer, strike: Callable[..., None], leaping: LeapingTime
) -> None:
    controls, struck = EmulatorControls(emulator.url), Counter[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", emulator.url)
        for seed in range(1, DRILLS + 1):
            controls.call("POST", "/_emulator/reset", {"seed": seed})
            strike(*({"call": "*", "rate": SHARE, **each} for each in FIVE_KINDS))
            session = open_session()

            found = drill(session, AS_AWS)
            assert found.passed, f"seed {seed}: {found.sentence}"
            assert "wrong-image-tag" in found.deployment.cause, f"seed {seed}"
            clean_up(session, AS_AWS)
            assert left_over(session, AS_AWS) == [], f"seed {seed}"
            struck.update(each["error"] or "none" for each in calls(session))

    assert set(struck) <= {"none", "NotFound", "ResourceNotFoundException", NO_QUEUE}
    assert leaping.slept > DRILLS, "hardly a call was tried again"


NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


def calls(session: Session) -> list[dict[str, Any]]:
    return [each for each in session.journal.entries if each["kind"] == "call"]


def test_each_step_whose_reply_is_lost_once_is_not_done_twice(
    session: Session, empty_account: Fate, strike: Callable[..., None], leaping: LeapingTime
) -> None:
    lost = {"fault": "connection_dropped", "when": "after", "times": 1}
    strike(*({"call": f"*:{each}", **lost} for each in dict.fromkeys(WRITES)))

    found = drill(session, SETTINGS)
    topic = reading.read_topic(session, SETTINGS.topic)
    clean_up(session, SETTINGS)

    assert found.passed, found.sentence
    assert topic
    assert sorted(each.protocol for each in topic.subscriptions) == ["email", "sqs"]
    assert left_over(session, SETTINGS) == []


@pytest.mark.parametrize("seconds", [10, 30])
def test_a_role_that_cannot_be_assumed_yet_is_waited_for(
    seconds: int, session: Session, empty_account: Fate, strike: Callable[..., None]
) -> None:
    strike(role_delay_seconds=seconds)

    assert drill(session, AS_AWS).passed


def test_a_role_that_takes_too_long_is_named_and_the_next_run_goes_on(
    session: Session, empty_account: Fate, strike: Callable[..., None]
) -> None:
    """Three tasks fail within two minutes, and a first deployment has nothing to return to."""
    strike(role_delay_seconds=90)
    wanted = r"failed: .* ECS was unable to assume the role .* fix the cause, then run this again"
    with pytest.raises(RolloutFailed, match=wanted):
        drill(session, AS_AWS)
    strike()

    assert drill(session, AS_AWS).passed


def test_a_rule_that_hears_nothing_yet_is_ready_when_the_deployment_fails(
    session: Session, strike: Callable[..., None]
) -> None:
    strike(rule_delay_seconds=60)

    assert drill(session, SETTINGS).passed


def test_credentials_that_expire_before_a_step_are_named_with_what_exists(
    session: Session, strike: Callable[..., None]
) -> None:
    set_up(session, SETTINGS)
    strike({"call": "sqs:CreateQueue", "fault": "expired_token"})

    with pytest.raises(StepRefused, match=r"ExpiredToken.* Next: log in again") as caught:
        drill(session, SETTINGS)
    strike()

    assert "What exists so far: nothing from this plan" in str(caught.value)
    assert drill(session, SETTINGS).passed


def test_credentials_that_expire_while_a_deployment_is_watched_leave_it_to_be_found_again(
    session: Session, strike: Callable[..., None]
) -> None:
    strike({"call": "ecs:DescribeServices", "fault": "expired_token", "after_calls": 12})
    with pytest.raises(CallRefused) as caught:
        drill(session, SETTINGS)
    strike()

    assert isinstance(caught.value, ClientError)
    (line,) = caught.value._render_traceback_()
    assert line == (
        "CallRefused: ecs:DescribeServices was refused: ExpiredTokenException: The security token "
        "included in the request is expired. Next: log in again (aws sso login), then run this "
        "again; what was made is found again."
    )
    assert drill(session, SETTINGS).passed


def test_a_call_that_is_never_answered_is_one_line_and_in_the_journal(
    session: Session, strike: Callable[..., None], leaping: LeapingTime
) -> None:
    strike({"call": "ecs:DescribeClusters", "fault": "connection_dropped"})

    with pytest.raises(NoReply, match=r"ecs:DescribeClusters got no reply: .* Next: check the") as (
        caught
    ):
        reading.read_cluster(session, "default")

    assert isinstance(caught.value, BotoCoreError)
    assert caught.value.__cause__ is not None
    assert calls(session)[-1]["error"] == "ConnectionClosedError"
    assert calls(session)[-1]["operation"] == "DescribeClusters"


def test_a_step_that_is_never_answered_says_that_it_may_have_been_carried_out(
    session: Session, strike: Callable[..., None], leaping: LeapingTime
) -> None:
    strike({"call": "sns:CreateTopic", "fault": "connection_dropped", "when": "after"})

    with pytest.raises(StepRefused, match=r"whether it was carried out is not known"):
        set_up(session, SETTINGS)
    strike()
    clean_up(session, SETTINGS)

    assert left_over(session, SETTINGS) == []


def test_a_name_that_somebody_else_took_first_is_not_mistaken_for_a_repeated_step(
    session: Session, empty_account: Fate, strike: Callable[..., None], leaping: LeapingTime
) -> None:
    """CreateRole is refused at its first try: then nobody has carried it out for us."""
    plan = walk.task_definition_plan(session, SETTINGS)
    session.client("iam").create_role(
        RoleName=SETTINGS.execution_role, AssumeRolePolicyDocument="{}"
    )

    with pytest.raises(StepRefused, match="EntityAlreadyExists"):
        apply(session, plan)


def test_cleaning_up_finds_every_revision_however_many_runs_were_broken_off(
    session: Session, empty_account: Fate
) -> None:
    set_up(session, SETTINGS)
    register = session.client("ecs").register_task_definition
    for _ in range(25):
        register(
            family=SETTINGS.family,
            containerDefinitions=[{"name": "c", "image": "nginx:alpine"}],
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            tags=[{"key": TAG_KEY, "value": TAG_VALUE}],
        )

    clean_up(session, SETTINGS)

    assert left_over(session, SETTINGS) == []
