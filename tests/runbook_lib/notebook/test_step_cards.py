"""A plan as cards: everything about a step, and on AWS nothing without the service's name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

import pytest
from widget_world import do, everything_in, opened, read, unnamed

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, tables, walk, widgets
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import NotConfirmed
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook.widgets.commands import WIDTH, folded
from runbook_lib.notebook.widgets.documentation_links import documentation_link, documentation_of
from runbook_lib.notebook.widgets.step_cards import CardsView, StepCards, card
from runbook_lib.plans.existing_service import restore_steps
from runbook_lib.plans.steps import Plan, Step, service_model

SETTINGS = Settings()
STEP = Step(
    service="sns",
    operation="CreateTopic",
    input={"Name": "my-topic"},
    why="alerts are published here",
    makes="topic my-topic",
    permissions=("sns:CreateTopic", "sns:TagResource"),
    undo="aws sns delete-topic",
)


@pytest.fixture(scope="module")
def sessions(emulator_server: EmulatorServer) -> tuple[Session, Session]:
    return opened(emulator_server.url), opened(emulator_server.url, "aws")


@pytest.fixture
def session(emulator: EmulatorServer, sessions: tuple[Session, Session]) -> Session:
    return sessions[0]


@pytest.fixture
def on_aws(emulator: EmulatorServer, sessions: tuple[Session, Session]) -> Session:
    return sessions[1]


def cards(session: Session, confirm: str = "") -> CardsView:
    return CardsView(StepCards(session, walk.topic_plan(session, SETTINGS), confirm))


def words_of(commands: str) -> list[str]:
    """The words that a shell makes of it; JSON without its layout."""
    words = shlex.split(commands.replace("\\\n", ""))
    return [json.dumps(json.loads(each)) if each[0] in "{[" else each for each in words]


def is_asking(view: CardsView) -> bool:
    return view.button in list(everything_in(view.box))


def test_without_a_person_the_table_and_the_commands_are_shown(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    made = walk.topic_plan(session, SETTINGS)

    shown = widgets.plan(session, made, confirm="given")

    printed = capsys.readouterr().out
    assert printed == f"{tables.plan(made)!r}\n{shown.commands}\n"
    assert words_of(shown.commands) == words_of(made.commands)
    assert shown.confirm == "given"


@pytest.mark.parametrize(
    "value",
    [
        {"Sid": "one " * 40, "Name": "it's"},
        {"Sid": 'a "quoted" word ' * 10},
        "no JSON, only a long text " * 8,
    ],
    ids=["apostrophe", "quotes", "text"],
)
def test_a_long_command_is_folded_and_does_the_same(value: object) -> None:
    given = value if isinstance(value, str) else json.dumps(value)
    command = f"aws sns do --name my-topic --policy {shlex.quote(given)} --flag"

    lines = folded(command)
    words = words_of(lines)

    assert lines.splitlines()[0] == "aws sns do \\"
    assert words == words_of(command)
    assert folded("aws sns list-topics") == "aws sns list-topics"


def test_the_policy_of_a_topic_is_shown_over_several_lines(session: Session) -> None:
    shown = StepCards(session, walk.topic_plan(session, SETTINGS), "").commands

    assert max(len(line) for line in shown.splitlines()) <= WIDTH


def test_a_card_says_everything_about_its_step() -> None:
    shown = card(STEP, 2, 3)

    for text in (
        "Step 2 of 3: sns:CreateTopic: ● to do",
        "alerts are published here",
        "topic my-topic",
        "<code>sns:CreateTopic</code>, <code>sns:TagResource</code>",
        "aws sns delete-topic",
        "<code>aws sns create-topic --name my-topic</code>",
        'href="https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"',
    ):
        assert text in shown


def test_a_step_that_is_done_is_folded_and_has_no_command() -> None:
    shown = card(replace(STEP, satisfied="topic my-topic exists"), 1, 3)

    assert shown.startswith("<details")
    assert "✓ nothing to do, topic my-topic exists" in shown
    assert "<button" not in shown
    assert "alerts are published here" in shown


def test_the_copy_button_is_a_real_button_with_a_name_and_a_fall_back() -> None:
    shown = card(STEP, 2, 3)

    (button,) = re.findall(r"<button[^>]*>", shown)
    assert 'aria-label="Copy the command of step 2"' in button
    assert "navigator.clipboard" in button
    assert "selectAllChildren" in button


def test_text_from_outside_is_never_taken_as_html() -> None:
    hostile = replace(STEP, why="<script>alert(1)</script>", input={"Name": "</code><b>x"})

    shown = card(hostile, 1, 1)

    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


def test_on_the_emulator_nothing_is_asked(session: Session) -> None:
    view = cards(session)

    assert not is_asking(view)
    assert "On the emulator nothing needs to be confirmed" in read(view.box)


def test_on_aws_the_cards_ask_for_the_name_of_the_service(on_aws: Session) -> None:
    view = cards(on_aws)

    assert is_asking(view)
    assert view.cards.confirm == ""
    assert "account 123456789876, eu-west-1" in read(view.answer)
    with pytest.raises(NotConfirmed):
        apply(on_aws, view.cards.plan, confirm=view.cards.confirm)
    assert reading.read_topic(on_aws, SETTINGS.topic) is None


def test_typing_alone_confirms_nothing(on_aws: Session) -> None:
    view = cards(on_aws)

    view.name.value = SETTINGS.service

    assert view.cards.confirm == ""


@pytest.mark.parametrize("typed", ["", "yes", "my-sample-servic", "MY-SAMPLE-SERVICE", "other"])
def test_another_name_confirms_nothing(on_aws: Session, typed: str) -> None:
    view = cards(on_aws)

    view.name.value = typed
    view.button.click()

    assert view.cards.confirm == ""
    assert "✗ Not confirmed" in read(view.answer)
    with pytest.raises(NotConfirmed):
        apply(on_aws, view.cards.plan, confirm=view.cards.confirm)


def test_the_name_and_the_button_let_the_plan_be_applied(on_aws: Session) -> None:
    view = cards(on_aws)

    view.name.value = SETTINGS.service
    view.button.click()

    assert "✓ Confirmed: my-sample-service in account 123456789876" in read(view.answer)
    apply(on_aws, view.cards.plan, confirm=view.cards.confirm)
    assert reading.read_topic(on_aws, SETTINGS.topic) is not None


def test_whoever_changes_the_name_afterwards_has_not_confirmed(on_aws: Session) -> None:
    view = cards(on_aws)
    view.name.value = SETTINGS.service
    view.button.click()

    view.name.value = "something else"

    assert view.cards.confirm == ""
    assert "Until then the next cell changes nothing" in read(view.answer)


def test_a_confirmation_holds_for_its_own_cards_only(on_aws: Session) -> None:
    view = cards(on_aws)
    view.name.value = SETTINGS.service
    view.button.click()

    again = cards(on_aws)

    assert again.cards.confirm == ""
    assert is_asking(again)


def test_what_follows_the_plan_can_be_told_that_it_is_confirmed(on_aws: Session) -> None:
    view = cards(on_aws)
    assert view.cards.confirmed(SETTINGS) == SETTINGS

    view.name.value = SETTINGS.service
    view.button.click()

    assert view.cards.confirmed(SETTINGS) == replace(SETTINGS, confirm=SETTINGS.service)


def test_the_name_is_whole_when_the_button_is_clicked(on_aws: Session) -> None:
    """With an update for every letter the last ones would arrive after the click."""
    assert cards(on_aws).name.continuous_update is False


def test_the_parameter_confirms_without_a_question(on_aws: Session) -> None:
    view = cards(on_aws, confirm=SETTINGS.service)

    assert not is_asking(view)
    assert view.cards.confirm == SETTINGS.service
    assert "The parameter confirm allows these changes" in read(view.answer)


def test_nothing_is_asked_where_nothing_is_to_do(session: Session, on_aws: Session) -> None:
    do(session, SETTINGS, "30")

    view = cards(on_aws)

    assert not is_asking(view)
    assert "There is nothing to do" in read(view.answer)


def test_the_field_and_the_button_have_names(on_aws: Session) -> None:
    assert unnamed(cards(on_aws).box) == []


def every_plan(session: Session) -> Iterator[Plan]:
    for stage in walk.STAGES:
        yield stage.plan(session, SETTINGS)
        do(session, SETTINGS, stage.notebook[:2])
    yield walk.clean_up_plan(session, SETTINGS)
    own = replace(SETTINGS, service_mode="existing")
    yield walk.bad_release_plan(session, own)
    service = reading.read_service(session, own.cluster, own.service)
    yield Plan("Restore", own.service, tuple(restore_steps(own, service, ())))


def test_every_step_of_every_plan_has_its_page_in_the_api_reference(session: Session) -> None:
    steps = [step for plan in every_plan(session) for step in plan]

    assert {each.service for each in steps} == {"ecs", "iam", "sns", "sqs", "events"}
    for step in steps:
        assert step.operation in service_model(step.service).operation_names
        page = documentation_of(step)
        assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+/API_[A-Za-z]+\.html", page), page


def test_an_operation_of_another_service_is_found_by_awss_own_redirect() -> None:
    link = documentation_link("logs", "CreateLogGroup")

    assert link == "https://docs.aws.amazon.com/goto/WebAPI/logs-2014-03-28/CreateLogGroup"


def test_a_card_says_that_its_step_was_done_and_keeps_its_command(session: Session) -> None:
    plan = walk.topic_plan(session, Settings())
    cards = StepCards(session, plan, "")
    cards.view = CardsView(cards)
    assert "sns:CreateTopic: ● to do" in read(cards.view.steps)

    shown = cards.done(apply(session, plan))

    assert "done" in repr(shown)
    said = read(cards.view.steps)
    assert "sns:CreateTopic: ✓ done, topic my-topic" in said
    assert "to do" not in said
    assert "aws sns create-topic" in said
    assert "Applied: 3 of 3 steps done." in read(cards.view.answer)


def test_what_was_there_already_is_not_counted_as_done(session: Session) -> None:
    plan = walk.task_definition_plan(session, Settings())
    cards = StepCards(session, plan, "")
    cards.view = CardsView(cards)

    cards.done(apply(session, plan))

    assert read(cards.view.answer) == "✓ Applied: 1 of 3 steps done; 2 had nothing to do."


def test_a_card_that_deletes_says_what_it_removes(session: Session) -> None:
    apply(session, walk.topic_plan(session, Settings()))

    plan = walk.clean_up_plan(session, Settings())

    said = read(CardsView(StepCards(session, plan, "")).steps)
    assert "Removes topic my-topic" in said
    assert "Makes" not in said
