"""Each notebook begins where the one before it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, open_session, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import ROLLED_BACK, STALLED
from runbook_lib.learner.notebook_files import walk_notebooks
from runbook_lib.verdict.words import BREAKER, ROLLBACK_OFF

SETTINGS = Settings()
NOTEBOOKS = [each.stem for each in walk_notebooks()]


def do(session: Session, notebook: str, settings: Settings = SETTINGS) -> None:
    """What running this notebook does; a drill is slept through, not watched."""
    (stage,) = [each for each in walk.STAGES if each.notebook == notebook]
    outcome = apply(session, stage.plan(session, settings))
    if notebook == "50_run_failure_drill":
        session.clock.sleep(1200)
    else:
        stage.afterwards(session, settings, outcome)


def test_every_stage_is_a_notebook_of_the_walk_in_its_order() -> None:
    stages = [each.notebook for each in walk.STAGES]

    assert stages == sorted(stages)
    assert set(NOTEBOOKS) - set(stages) == {
        "00_start_here",
        "60_review_evidence",
        walk.CLEAN_UP,
    }


def test_on_a_shared_emulator_what_is_missing_names_the_notebook_that_makes_it(
    session: Session,
) -> None:
    walk.begin(session, SETTINGS, "00_start_here")
    walk.begin(session, SETTINGS, "10_register_task_definition")
    for number, stage in enumerate(walk.STAGES):
        before = walk.inventory(session, SETTINGS)
        for later in [each for each in NOTEBOOKS if each > stage.notebook]:
            if later == walk.CLEAN_UP:
                continue
            with pytest.raises(MissingPrerequisite, match=f"run {stage.notebook} first") as caught:
                walk.begin(session, SETTINGS, later)
            assert stage.makes(SETTINGS) in str(caught.value)
            assert "account 123456789876, eu-west-1" in str(caught.value)
        assert walk.inventory(session, SETTINGS) == before
        do(session, stage.notebook)
        for now_possible in NOTEBOOKS[: number + 3]:
            walk.begin(session, SETTINGS, now_possible)
    walk.begin(session, SETTINGS, "60_review_evidence")


def test_on_aws_too_nothing_is_made_for_the_reader(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    session = open_session("aws")

    with pytest.raises(MissingPrerequisite, match="run 10_register_task_definition first"):
        walk.begin(session, replace(SETTINGS, target="aws"), "20_create_service")
    steps = [each for each in session.journal.entries if each["kind"] == "step"]
    assert steps == []


@pytest.mark.parametrize("last", [None, "10_register_task_definition", "30_create_sns_topic"])
def test_cleaning_up_needs_no_finished_walk_and_can_be_done_twice(
    session: Session, last: str | None
) -> None:
    before = walk.inventory(session, SETTINGS)
    for stage in walk.STAGES:
        if last and stage.notebook <= last:
            do(session, stage.notebook)

    for _ in range(2):
        walk.begin(session, SETTINGS, walk.CLEAN_UP)
        apply(session, walk.clean_up_plan(session, SETTINGS))

        assert walk.inventory(session, SETTINGS) == before


@pytest.mark.whole
def test_a_private_emulator_prepares_itself_and_only_as_far_as_needed() -> None:
    code = """
from runbook_lib import open_session, walk
from runbook_lib.facts.settings import Settings
session, settings = open_session(), Settings()
def there():
    return sum(by == "this runbook" for *_, by in walk.inventory(session, settings))
for notebook in ("10_register_task_definition", "30_create_sns_topic", "60_review_evidence"):
    walk.begin(session, settings, notebook)
    print(there(), end=" ")
    now = session.clock.now()
    walk.begin(session, settings, notebook)
    assert session.clock.now() == now
print(walk.review_drill(session, settings)[0].sentence)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )

    assert done.stdout == (
        "0 2 6 Deployment ecs-svc/2942440254381718020 of my-task:2 was rolled back to my-task:1 "
        "by the circuit breaker, and the alert arrived.\n"
    ), done.stderr


# --- inventory ---------------------------------------------------------------------


def test_the_inventory_of_a_new_account_is_what_it_had_before(session: Session) -> None:
    assert walk.inventory(session, SETTINGS) == [
        ("execution role", "ecsTaskExecutionRole", "exists", "somebody else"),
        ("cluster", "default", "ACTIVE", "somebody else"),
        ("service", "my-sample-service", "absent", ""),
        ("topic", "my-topic", "absent", ""),
        ("rule", "EcsServiceDeploymentFailed", "absent", ""),
        ("probe queue", "my-sample-service-drill-probe", "absent", ""),
    ]


# --- the drill and its review --------------------------------------------------------------------


def drill(session: Session) -> str:
    for stage in walk.STAGES:
        do(session, stage.notebook)
    return walk.review_drill(session, SETTINGS)[0].deployment.deployment_id


def test_a_review_comes_to_the_same_verdict_as_whoever_watched(session: Session) -> None:
    drill(session)

    found, _ = walk.review_drill(session, SETTINGS)

    assert found.passed
    of = found.deployment
    assert (of.ending, of.ended_by) == (ROLLED_BACK, BREAKER)
    assert of.reason == (
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )
    assert of.cause.startswith("CannotPullContainerError: ")
    assert (of.failure_count, of.threshold) == (3, 3)
    assert of.rolled_back_to.startswith("my-task:1 (ecs-svc/")
    assert found.unconfirmed == ()


def test_a_review_names_who_has_not_confirmed(session: Session) -> None:
    drill(session)
    arn = f"arn:aws:sns:eu-west-1:{session.account}:my-topic"
    session.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint="late@b.example")

    found, _ = walk.review_drill(session, SETTINGS)

    assert found.passed
    assert found.unconfirmed == ("late@b.example",)


def resubscribed(session: Session, *addresses: str) -> None:
    """The topic's readers are these, and none has confirmed."""
    sns, arn = session.client("sns"), f"arn:aws:sns:eu-west-1:{session.account}:my-topic"
    for each in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        if each["Protocol"] == "email":
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    for address in addresses:
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)


def test_an_alert_that_only_the_probe_has_read_is_no_pass(session: Session) -> None:
    drill(session)
    resubscribed(session, "late@b.example")

    found, _ = walk.review_drill(session, SETTINGS)

    assert (found.passed, found.alert_arrived) == (False, True)
    assert "nobody was told: late@b.example has not confirmed" in found.sentence


def test_a_topic_that_only_the_probe_hears_is_no_pass(session: Session) -> None:
    drill(session)
    resubscribed(session)

    found, _ = walk.review_drill(session, SETTINGS)

    assert not found.passed
    assert "topic my-topic has no subscriber but the drill's own probe" in found.sentence


def test_who_knows_that_nobody_reads_yet_says_so(session: Session) -> None:
    drill(session)
    resubscribed(session, "late@b.example")

    found, _ = walk.review_drill(session, replace(SETTINGS, require_reader=False))

    assert found.passed


def test_a_review_is_about_the_last_of_several_drills(session: Session) -> None:
    first = drill(session)
    do(session, "50_run_failure_drill")

    found, _ = walk.review_drill(session, SETTINGS)

    assert found.passed
    assert found.deployment.deployment_id != first


def test_without_a_failure_there_is_nothing_to_review(session: Session) -> None:
    with pytest.raises(MissingPrerequisite, match="run 50_run_failure_drill first"):
        walk.review_drill(session, SETTINGS)
    do(session, "10_register_task_definition")
    do(session, "20_create_service")
    with pytest.raises(MissingPrerequisite, match="a failed deployment of my-sample-service"):
        walk.review_drill(session, SETTINGS)


def test_a_drill_without_rollback_fails_in_the_review_too(session: Session) -> None:
    for stage in walk.STAGES[:4]:
        do(session, stage.notebook)
    off = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    session.client("ecs").update_service(
        cluster="default", service=SETTINGS.service, deploymentConfiguration=off
    )
    do(session, "50_run_failure_drill")

    found, _ = walk.review_drill(session, SETTINGS)

    assert not found.passed
    assert found.deployment.ending == STALLED
    assert found.deployment.why_no_rollback == ROLLBACK_OFF


def test_the_started_deployment_is_the_one_that_aws_named_or_the_one_that_runs(
    session: Session,
) -> None:
    for stage in walk.STAGES[:4]:
        do(session, stage.notebook)
    outcome = apply(session, walk.bad_release_plan(session, SETTINGS))
    named = outcome.reply_of("UpdateService")["service"]["deployments"][0]["id"]
    assert walk.started_deployment(session, SETTINGS, outcome).id == named

    again = apply(session, walk.bad_release_plan(session, SETTINGS))

    assert again.reply_of("UpdateService") is None
    assert walk.started_deployment(session, SETTINGS, again).id == named
    session.clock.sleep(3600)
    assert walk.started_deployment(session, SETTINGS, outcome).id == named


def test_a_bad_release_needs_a_service(session: Session) -> None:
    with pytest.raises(MissingPrerequisite, match="service my-sample-service is missing"):
        walk.bad_release_plan(session, SETTINGS)


def test_two_services_in_one_account_do_not_disturb_each_other(
    session: Session, aws: Callable[..., Any]
) -> None:
    drill(session)
    other = Settings(service="other", family="other-task")
    for stage in walk.STAGES:
        do(session, stage.notebook, other)

    assert walk.review_drill(session, other)[0].passed
    assert walk.review_drill(session, SETTINGS)[0].passed
    apply(session, walk.clean_up_plan(session, replace(other, rule="x", topic="x")))
    assert reading.read_service(session, "default", "other") is None
    assert reading.read_service(session, "default", SETTINGS.service) is not None
    assert aws("sqs").get_queue_url(QueueName=SETTINGS.probe_queue)
