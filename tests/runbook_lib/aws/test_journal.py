"""The record of a run: every call, nothing secret, readable after a crash."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from botocore.exceptions import ClientError
from nbclient import NotebookClient

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, open_session, record, walk
from runbook_lib.aws.journal import Journal, masked, read_entries, read_records
from runbook_lib.facts.settings import Settings

SETTINGS = Settings()
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRETS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzEXAMPLETOKEN")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("RUNBOOK_JOURNAL", str(path))
    return path


@pytest.fixture
def walked(
    file: Path, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """What the journal holds after the topic was made on what looks like AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    for name, value in zip(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), SECRETS, strict=True
    ):
        monkeypatch.setenv(name, value)
    session = open_session("aws")
    apply(session, walk.topic_plan(session, SETTINGS), confirm=SETTINGS.service)
    sns, arn = session.client("sns"), f"arn:aws:sns:eu-west-1:{session.account}:my-topic"
    with pytest.raises(ClientError):
        sns.confirm_subscription(TopicArn=arn, Token="0123456789secret")
    return read_entries(file)


def test_every_call_is_there_with_its_request_id(walked: list[dict[str, Any]]) -> None:
    calls = [each for each in walked if each["kind"] == "call"]

    assert [each["operation"] for each in calls] == [
        "GetTopicAttributes",
        "CreateTopic",
        "SetTopicAttributes",
        "Subscribe",
        "ConfirmSubscription",
    ]
    assert {each["service"] for each in calls} == {"sns"}
    assert [each["status"] for each in calls] == [404, 200, 200, 200, 400]
    assert [each["error"] for each in calls] == [
        "NotFound",
        None,
        None,
        None,
        "InvalidParameter",
    ]
    assert all(each["request_id"] for each in calls)
    assert len({each["request_id"] for each in calls}) == len(calls)
    assert all(datetime.fromisoformat(each["time"]).tzinfo for each in calls)


def test_what_was_changed_is_there_with_its_input(walked: list[dict[str, Any]]) -> None:
    steps = [each for each in walked if each["kind"] == "step"]

    assert [each["operation"] for each in steps] == [
        "sns:CreateTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
    ]
    assert steps[0]["input"]["Name"] == "my-topic"
    assert steps[2]["input"]["Endpoint"] == "example@example.com"


def test_no_credential_and_no_token_gets_into_the_journal(
    walked: list[dict[str, Any]], file: Path
) -> None:
    assert walked
    text = file.read_text(encoding="utf-8")

    for secret in (*SECRETS, "0123456789secret", "Authorization", "X-Amz-Security-Token"):
        assert secret.lower() not in text.lower()


def test_secrets_are_masked_wherever_they_stand() -> None:
    value = {
        "Token": "t",
        "deep": [{"clientToken": "t", "Name": "n"}, ({"Password": "p"},)],
        "SecretString": {"user": "u"},
        "TokenCount": 3,
    }

    assert masked(value) == {
        "Token": "…",
        "deep": [{"clientToken": "…", "Name": "n"}, [{"Password": "…"}]],
        "SecretString": "…",
        "TokenCount": 3,
    }


def test_without_a_file_entries_are_only_kept() -> None:
    journal = Journal.from_environment()

    journal.note("state", NOON, line="PRIMARY")

    assert journal.file is None
    assert journal.entries == [
        {"kind": "state", "time": "2026-01-05T12:00:00.000+00:00", "line": "PRIMARY"}
    ]


def test_several_journals_append_to_one_file(file: Path) -> None:
    Journal.from_environment().note("state", NOON, line="サービス")
    Journal.from_environment().note("call", None, when=NOON)

    entries = read_entries(file)

    assert [each["kind"] for each in entries] == ["state", "call"]
    assert entries[0]["line"] == "サービス"
    assert entries[1]["time"] is None
    assert entries[1]["when"] == str(NOON)


def test_a_last_line_that_a_crash_cut_off_is_left_out(file: Path) -> None:
    journal = Journal(file)
    for number in range(3):
        journal.note("state", NOON, number=number)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[:-9], encoding="utf-8")

    assert [each["number"] for each in read_entries(file)] == [0, 1]


def test_a_journal_that_was_never_begun_is_empty(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "none.jsonl") == []


def test_recorded_facts_are_shown_journaled_and_read_back(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("steady", value=True)

    assert "steady = True" in capsys.readouterr().out
    assert read_entries(file) == [{"kind": "record", "time": None, "facts": {"steady": True}}]


@pytest.mark.parametrize("value", [[1], {"a": 1}, NOON, object(), b"x"])
def test_only_plain_values_can_be_recorded(file: Path, value: object) -> None:
    with pytest.raises(TypeError, match=r"record\('x'\): a \w+ is no plain value"):
        record("x", value)

    assert not file.exists()


def test_facts_are_read_from_an_executed_notebook_and_the_last_one_counts(tmp_path: Path) -> None:
    code = (
        "from runbook_lib import record\n"
        "record('state', 'FAILED')\nrecord('failures', 3)\nrecord('state', 'COMPLETED')\n"
        "record('nothing', None)"
    )
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell(code),
        nbformat.v4.new_code_cell("print('no record')"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    executed = json.loads(nbformat.writes(notebook))

    assert read_records(executed) == {"state": "COMPLETED", "failures": 3, "nothing": None}
    shown = [each["data"]["text/plain"] for each in notebook.cells[1].outputs]
    assert shown == [
        "state = 'FAILED'",
        "failures = 3",
        "state = 'COMPLETED'",
        "nothing = None",
    ]


def test_a_notebook_without_outputs_holds_no_facts() -> None:
    assert read_records({"cells": [{"cell_type": "markdown"}, {"outputs": []}]}) == {}
