"""The record of a run: real time, and who would be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.aws.session import Session, close_private_emulator, open_session
from runbook_lib.evidence.run_record import RunRecord
from runbook_lib.facts.settings import Settings

DEPLOYMENT = "ecs-svc/2942440254381718020"
TEXT = f"Deployment: {DEPLOYMENT}\nEvent: SERVICE_DEPLOYMENT_FAILED at 2026-01-05T09:13:12Z"
VERDICT = {"kind": "verdict", "verdict": {"passed": True, "deployment": DEPLOYMENT}}
MAIL, PENDING = "example@example.com", "other@example.com"


@pytest.fixture
def session() -> Iterator[Session]:
    yield open_session()
    close_private_emulator()


@pytest.fixture
def topic(session: Session) -> str:
    """With one reader who has confirmed, and one who has not."""
    sns = session.client("sns")
    arn: str = sns.create_topic(Name=Settings().topic)["TopicArn"]
    for address in (MAIL, PENDING):
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
    session.mailbox.confirm(MAIL, arn)
    return arn


def settings() -> Settings:
    return Settings(email=MAIL)


def journal_of(session: Session, ran: RunRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(ran.journal(session, settings(), [VERDICT])))
    return found


def test_when_it_really_ran_is_kept_beside_the_time_of_the_targets_clock(session: Session) -> None:
    kept = journal_of(session, RunRecord.begin([], session.clock.now()))

    assert kept["started"] == "2026-01-05T09:00:00.000+00:00"
    ran_at = datetime.fromisoformat(kept["ran_at"])
    assert abs(ran_at - RunRecord.begin([], ran_at).ran_at) < timedelta(minutes=5)
    assert ran_at.tzinfo == UTC


def test_who_would_be_told_and_the_alert_that_arrived_are_kept(
    session: Session, topic: str
) -> None:
    session.client("sns").publish(TopicArn=topic, Message=TEXT)
    told = journal_of(session, RunRecord.begin([], session.clock.now()))["told"]

    assert told["subscribers"] == [
        {"protocol": "email", "endpoint": MAIL, "state": "confirmed"},
        {"protocol": "email", "endpoint": PENDING, "state": "pending"},
    ]
    assert told["alert"]["where"] == f"the mailbox of {MAIL}"
    assert told["alert"]["text"].startswith(TEXT)


def test_what_was_seen_before_the_clean_up_is_kept(session: Session, topic: str) -> None:
    ran = RunRecord.begin([], session.clock.now())
    ran.look_who_is_told(session, settings(), DEPLOYMENT)
    session.client("sns").delete_topic(TopicArn=topic)

    assert len(journal_of(session, ran)["told"]["subscribers"]) == 2


@pytest.mark.usefixtures("topic")
def test_a_run_that_broke_off_asks_nothing_more(session: Session) -> None:
    ran = RunRecord.begin(["50_run_failure_drill"], session.clock.now())
    with pytest.raises(ConnectionError), ran.notebook("50_run_failure_drill"):
        raise ConnectionError("the network is gone")
    before = len(session.journal.entries)

    assert journal_of(session, ran)["told"] is None
    assert len(session.journal.entries) == before


def test_what_is_not_there_is_left_out_and_the_record_is_made(session: Session) -> None:
    assert journal_of(session, RunRecord.begin([], session.clock.now()))["told"] is None
