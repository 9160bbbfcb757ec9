"""A plan is applied once, in order, and never without consent on AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, open_session, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import NotConfirmed, StepRefused
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import AWS_TAGS
from runbook_lib.plans.steps import Plan, Result, Step
from runbook_lib.plans.task_definition import execution_policy

SETTINGS = Settings()


def step(aws: str, operation: str, makes: str = "", /, **arguments: Any) -> Step:
    return Step(
        service=aws,
        operation=operation,
        input=arguments,
        why="",
        makes=makes,
        permissions=(),
        undo="",
    )


def satisfied(made: Step) -> Step:
    return Step(
        service=made.service,
        operation=made.operation,
        input=made.input,
        why="",
        makes=made.makes,
        permissions=(),
        undo="",
        satisfied="it is there",
    )


CREATE_TOPIC = step("sns", "CreateTopic", "topic my-topic", Name="my-topic", Tags=AWS_TAGS)
PUT_RULE = step("events", "PutRule", "rule r", Name="r", EventPattern='{"source": ["aws.ecs"]}')
UPDATE_NOTHING = step("ecs", "UpdateService", "a deployment", cluster="default", service="nobody")


def plan(*steps: Step) -> Plan:
    return Plan("Test", SETTINGS.service, steps)


@pytest.fixture(scope="module")
def connected_to_aws(emulator_server: EmulatorServer) -> Session:
    """The real AWS path of the code: only the endpoint is the emulator's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", emulator_server.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        session = open_session("aws")
        walk.inventory(session, SETTINGS)  # makes its clients while the environment is set
        return session


@pytest.fixture
def on_aws(emulator: EmulatorServer, connected_to_aws: Session) -> Session:
    connected_to_aws.journal.entries.clear()
    return connected_to_aws


def calls(session: Session) -> list[str]:
    return [each["operation"] for each in session.journal.entries if each["kind"] == "call"]


def test_steps_are_done_in_order_and_satisfied_ones_left_out(session: Session) -> None:
    outcome = apply(session, plan(satisfied(UPDATE_NOTHING), CREATE_TOPIC, PUT_RULE))

    assert [each.state for each in outcome.results] == ["nothing to do", "done", "done"]
    assert calls(session) == ["CreateTopic", "PutRule"]
    assert outcome.reply_of("CreateTopic")["TopicArn"].endswith(":my-topic")
    assert outcome.reply_of("UpdateService") is None


def test_a_later_step_gets_what_an_earlier_reply_says(session: Session) -> None:
    arn = Result("CreateTopic", "TopicArn", shown="later")
    subscribe = step("sns", "Subscribe", TopicArn=arn, Protocol="email", Endpoint="a@b.example")

    apply(session, plan(CREATE_TOPIC, subscribe))

    topic = reading.read_topic(session, "my-topic")
    assert topic
    assert [each.endpoint for each in topic.subscriptions] == ["a@b.example"]


@pytest.mark.parametrize("number", ["10", "20", "30", "40"])
def test_applying_the_same_plan_object_twice_is_harmless(session: Session, number: str) -> None:
    for stage in walk.STAGES:
        made = stage.plan(session, SETTINGS)
        stage.afterwards(session, SETTINGS, apply(session, made))
        if stage.notebook.startswith(number):
            break
    before = walk.inventory(session, SETTINGS)

    again = apply(session, stage.plan(session, SETTINGS))

    assert {each.state for each in again.results} == {"nothing to do"}
    assert walk.inventory(session, SETTINGS) == before


def test_a_refusal_says_why_lists_what_exists_and_keeps_the_cause(session: Session) -> None:
    with pytest.raises(StepRefused) as caught:
        apply(session, plan(satisfied(PUT_RULE), CREATE_TOPIC, UPDATE_NOTHING, PUT_RULE))

    text = str(caught.value)
    assert text.startswith("ecs:UpdateService was refused: ServiceNotFoundException: ")
    assert (
        "What exists so far: topic my-topic. Next: fix the cause and run this again; cleaning up"
        in text
    )
    assert len(text.splitlines()) == 1
    assert isinstance(caught.value.__cause__, botocore.exceptions.ClientError)
    assert reading.read_topic(session, "my-topic") is not None
    assert reading.read_rule(session, "r") is None


def test_a_refusal_of_the_first_step_says_that_nothing_was_made(session: Session) -> None:
    with pytest.raises(StepRefused, match="What exists so far: nothing from this plan"):
        apply(session, plan(UPDATE_NOTHING))


def test_what_botocore_refuses_by_itself_is_a_refusal_too(session: Session) -> None:
    wrong = step("ecs", "UpdateService", servce="web")

    with pytest.raises(StepRefused, match=r"^ecs:UpdateService was refused: Parameter") as caught:
        apply(session, plan(wrong))

    assert isinstance(caught.value.__cause__, botocore.exceptions.ParamValidationError)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("confirm", ["", "yes", "MY-SAMPLE-SERVICE", " my-sample-service"])
def test_on_aws_nothing_is_called_before_confirm_names_the_service(
    on_aws: Session, confirm: str
) -> None:
    before = walk.inventory(on_aws, SETTINGS)
    made = walk.topic_plan(on_aws, SETTINGS)
    seen = len(on_aws.journal.entries)

    with pytest.raises(NotConfirmed) as caught:
        apply(on_aws, made, confirm=confirm)

    assert f"confirm is {confirm!r}" in str(caught.value)
    assert "set confirm to 'my-sample-service'" in str(caught.value)
    assert len(on_aws.journal.entries) == seen
    assert walk.inventory(on_aws, SETTINGS) == before


def test_on_aws_the_right_name_lets_it_happen(on_aws: Session) -> None:
    made = walk.topic_plan(on_aws, SETTINGS)

    outcome = apply(on_aws, made, confirm="my-sample-service")

    assert [each.state for each in outcome.results] == ["done"] * 3
    assert walk.topic_plan(on_aws, SETTINGS).is_satisfied


def test_the_emulator_needs_no_confirmation(session: Session) -> None:
    assert apply(session, walk.topic_plan(session, SETTINGS)).results[0].state == "done"


def test_a_new_role_is_given_time_before_it_is_used(
    session: Session, aws: Callable[..., Any]
) -> None:
    role = SETTINGS.execution_role
    aws("iam").detach_role_policy(RoleName=role, PolicyArn=execution_policy(SETTINGS))
    before = session.clock.now()

    apply(session, walk.task_definition_plan(session, SETTINGS))
    assert session.clock.now() == before  # somebody else's role is left as it is

    aws("iam").delete_role(RoleName=role)
    apply(session, walk.task_definition_plan(session, SETTINGS))
    assert (session.clock.now() - before).total_seconds() == 10


def test_a_deleted_service_is_drained_before_the_next_step(session: Session) -> None:
    for stage in walk.STAGES[:2]:
        outcome = apply(session, stage.plan(session, SETTINGS))
        stage.afterwards(session, SETTINGS, outcome)
    before = session.clock.now()

    apply(session, walk.clean_up_plan(session, SETTINGS))

    assert reading.read_service(session, SETTINGS.cluster, SETTINGS.service) is None
    assert (session.clock.now() - before).total_seconds() >= 15
