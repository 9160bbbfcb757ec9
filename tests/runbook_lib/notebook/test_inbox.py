"""The mailbox as its owner sees it: on the emulator the mails, on AWS what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from widget_world import opened, read, unnamed

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, walk, widgets
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook.widgets.inbox import CONFIRMED, PENDING, Inbox, InboxView, heading, letter

SETTINGS = Settings()
HOSTILE = {
    "from": "<b>x</b> <no-reply@sns.amazonaws.com>",
    "to": "example@example.com",
    "sentAt": "2026-01-05T09:01:45.000Z",
    "subject": "<script>alert(1)</script>",
    "body": "</pre><img src=x onerror=alert(1)>",
    "kind": "notification",
}


@pytest.fixture(scope="module")
def sessions(emulator_server: EmulatorServer) -> tuple[Session, Session]:
    return opened(emulator_server.url), opened(emulator_server.url, "aws")


@pytest.fixture
def session(emulator: EmulatorServer, sessions: tuple[Session, Session]) -> Session:
    """A topic, and a subscription that waits for its link."""
    apply(sessions[0], walk.topic_plan(sessions[0], SETTINGS))
    return sessions[0]


@pytest.fixture
def on_aws(session: Session, sessions: tuple[Session, Session]) -> Session:
    return sessions[1]


def publish(session: Session, text: str) -> None:
    arn = session.arn("sns", SETTINGS.topic)
    session.client("sns").publish(TopicArn=arn, Message=text)


def inbox(session: Session, settings: Settings = SETTINGS) -> InboxView:
    return InboxView(Inbox(session, settings))


def test_without_a_person_the_link_of_the_mail_is_followed(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    found = widgets.inbox(session, SETTINGS)

    assert found.state == CONFIRMED
    printed = capsys.readouterr().out
    assert "AWS Notification - Subscription Confirmation" in printed
    assert printed.endswith(
        "Opened the mail to example@example.com and followed its link.\n"
        "example@example.com: confirmed\n"
    )


def test_a_second_time_there_is_nothing_to_follow(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    widgets.inbox(session, SETTINGS)
    capsys.readouterr()

    widgets.inbox(session, SETTINGS)

    assert "followed its link" not in capsys.readouterr().out


def test_looking_at_the_mails_confirms_nothing(session: Session) -> None:
    view = inbox(session)

    assert view.inbox.state == PENDING
    assert "is pending confirmation" in read(view.said)
    assert "To confirm this subscription" in read(view.letter)


def test_the_button_follows_the_link(session: Session) -> None:
    view = inbox(session)

    view.follow.click()

    assert view.inbox.state == CONFIRMED
    assert "followed its link" in read(view.said)
    assert read(view.said).startswith("✓ ")
    assert "The subscription of example@example.com is confirmed." in read(view.said)
    assert view.follow.layout.display == "none", "it is done"


def test_new_mail_comes_with_refresh_and_stands_on_top(session: Session) -> None:
    view = inbox(session)
    view.follow.click()
    publish(session, "something broke")
    assert "something broke" not in read(view.letter)

    view.refresh.click()

    assert len(view.list.options) == 2
    assert view.list.options[0].startswith("2. 2026-01-05 09:0")
    assert "AWS Notification Message" in view.list.options[0]
    assert "something broke" in read(view.letter)


def test_the_mail_that_asks_has_the_button_until_it_is_confirmed(session: Session) -> None:
    view = inbox(session)
    assert view.follow.layout.display == ""
    view.follow.click()
    publish(session, "something broke")
    view.refresh.click()
    assert view.follow.layout.display == "none"

    view.list.index = 1

    assert "To confirm this subscription" in read(view.letter)
    assert view.follow.layout.display == "none"


def test_mails_to_others_are_not_shown(session: Session) -> None:
    view = inbox(session, replace(SETTINGS, email="somebody@example.com"))

    assert view.list.options == ()
    assert "No mail has come yet" in read(view.letter)
    assert "somebody@example.com is not subscribed" in read(view.said)


def test_on_aws_the_owner_is_asked_to_look_and_the_state_is_checked_again(
    session: Session, on_aws: Session
) -> None:
    view = inbox(on_aws)
    assert "Open the mailbox of example@example.com and follow the link" in read(view.said)
    assert view.list not in view.box.children
    session.mailbox.confirm(SETTINGS.email, session.arn("sns", SETTINGS.topic))

    view.refresh.click()

    assert read(view.said) == "✓ The subscription of example@example.com is confirmed."


def test_on_aws_without_a_person_the_advice_is_printed_and_the_run_goes_on(
    on_aws: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    found = widgets.inbox(on_aws, SETTINGS)

    assert found.state == PENDING
    printed = capsys.readouterr().out
    assert printed.startswith("Open the mailbox of example@example.com")
    assert printed.endswith("example@example.com: pending confirmation\n")


def test_without_a_topic_the_notebook_that_makes_it_is_named(session: Session) -> None:
    with pytest.raises(MissingPrerequisite, match="run 30_create_sns_topic first"):
        widgets.inbox(session, replace(SETTINGS, topic="another"))


def test_nothing_in_a_mail_is_taken_as_html() -> None:
    shown = letter(HOSTILE)

    assert "<script>" not in shown
    assert "<img" not in shown
    assert shown.count("</pre>") == 1


def test_a_mail_is_one_line_in_the_list() -> None:
    line = heading({**HOSTILE, "subject": "two\r\nlines\u202e"})

    assert line == "2026-01-05 09:01:45, <b>x</b>: two lines"


@pytest.mark.parametrize("target", [0, 1])
def test_everything_in_the_mailbox_has_a_name(
    session: Session, sessions: tuple[Session, Session], target: int
) -> None:
    assert unnamed(inbox(sessions[target]).box) == []
