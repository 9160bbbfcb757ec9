"""Where a learner is: the same words for a person, for a program and in the saved notebook."""

from __future__ import annotations

import ast
import io
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from rendering import bare
from widget_world import do

from runbook_lib import widgets
from runbook_lib.aws.journal import Journal
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.folder import START
from runbook_lib.learner.notebook_files import lab_notebooks
from runbook_lib.learner.progress import EXERCISE, note

SETTINGS = Settings()
BROUGHT_ABOUT = "(this notebook brings it about)"
LABS = [each.stem for each in lab_notebooks()]


def shown(session: Session, notebook: str) -> tuple[str, str]:
    """Its plain text and its HTML: outside of a notebook the whole output is printed."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        widgets.overview(session, SETTINGS, notebook)
    data = ast.literal_eval(printed.getvalue())
    assert set(data) == {"text/plain", "text/html"}
    return data["text/plain"], data["text/html"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's own folder of notebooks, in which the kernel stands."""
    (tmp_path / START).write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_at_the_start_nothing_is_there_and_the_first_step_is_next(
    session: Session, own: Path
) -> None:
    plain, _ = shown(session, "00_start_here")

    assert plain.splitlines() == [
        "Part 1 of 8: Start here. About 55 minutes to go.",
        "○ task definition my-task: absent",
        "○ service my-sample-service: absent",
        "○ circuit breaker: absent",
        "○ event SERVICE_DEPLOYMENT_FAILED: no deployment has failed",
        "○ rule EcsServiceDeploymentFailed: absent",
        "○ topic my-topic: absent",
        "○ reader: nobody",
        "Here: 00. Next: 10.",
    ]


def test_in_the_middle_it_says_what_is_there_and_what_this_notebook_makes(
    session: Session, own: Path
) -> None:
    do(session, SETTINGS, "10")

    plain, _ = shown(session, "20_create_service")

    assert plain.splitlines() == [
        "Part 3 of 8: Create the service with its circuit breaker. About 40 minutes to go.",
        "✓ task definition my-task:1: ACTIVE",
        "● service my-sample-service: absent (this notebook makes it)",
        "● circuit breaker: absent (this notebook makes it)",
        "○ event SERVICE_DEPLOYMENT_FAILED: no deployment has failed",
        "○ rule EcsServiceDeploymentFailed: absent",
        "○ topic my-topic: absent",
        "○ reader: nobody",
        "Done: 00, 10. Here: 20. Next: 30.",
    ]


def test_before_the_drill_everything_is_there_but_a_failure(session: Session, own: Path) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")

    plain, _ = shown(session, "50_run_failure_drill")

    assert plain.splitlines() == [
        "Part 6 of 8: Run the failure drill. About 25 minutes to go.",
        "✓ task definition my-task:1: ACTIVE",
        "✓ service my-sample-service: steady, runs my-task:1",
        "✓ circuit breaker: on, with rollback",
        f"● event SERVICE_DEPLOYMENT_FAILED: no deployment has failed {BROUGHT_ABOUT}",
        "✓ rule EcsServiceDeploymentFailed: enabled",
        "✓ topic my-topic: EventBridge may publish",
        "✓ reader: 1 confirmed",
        "Done: 00, 10, 20, 30, 40. Here: 50. Next: 60.",
    ]


def test_a_rule_that_was_disabled_is_pointed_at(session: Session, own: Path) -> None:
    do(session, SETTINGS, "30", "40")
    session.client("events").disable_rule(Name=SETTINGS.rule)

    plain, _ = shown(session, "50_run_failure_drill")

    assert "! rule EcsServiceDeploymentFailed: disabled" in plain.splitlines()
    assert "Not done: 10, 20, 40." in plain


def test_the_same_place_says_the_same_each_time_and_nothing_of_the_account(
    session: Session, own: Path
) -> None:
    do(session, SETTINGS, "10", "20", "30", "40", "50")

    first, again = (shown(session, "60_review_evidence") for _ in range(2))

    assert first == again
    for secret in (session.account, SETTINGS.email, "ecs-svc", "arn:"):
        assert secret not in "".join(first)


def test_a_lab_shows_the_way_alone_and_asks_aws_nothing(session: Session, own: Path) -> None:
    note(own, LABS[0], EXERCISE, "threshold", "COUNT 2", True)
    note(own, LABS[1], EXERCISE, "first", "nothing", False)
    session.journal.entries.clear()

    plain, html = shown(session, LABS[2])

    assert plain.startswith("Lab 3 of 8: Catch crash loops. About ")
    assert plain.endswith("Done: 01. Here: 03. Next: 04.")
    assert len(plain.splitlines()) == 2
    assert "circuit breaker" not in html
    assert session.journal.entries == []


def test_without_a_folder_of_ones_own_what_was_gone_past_counts_as_done(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    do(session, SETTINGS, "10", "20", "30", "40", "50")

    plain, _ = shown(session, "90_clean_up")

    assert plain.endswith("Done: 00, 10, 20, 30, 40, 50, 60. Here: 90.")


def test_a_saved_page_without_styles_says_it_all_in_words(session: Session, own: Path) -> None:
    plain, html = shown(session, "20_create_service")

    kept = bare(html)

    for line in plain.splitlines():
        assert line in kept
    assert "<svg" not in kept


def test_in_a_drill_nothing_is_shown_and_nothing_asked(session: Session, tmp_path: Path) -> None:
    drilled = replace(session, journal=Journal(tmp_path / "journal.jsonl"))
    before = len(session.journal.entries)

    with redirect_stdout(io.StringIO()) as printed:
        widgets.overview(drilled, SETTINGS, "20_create_service")

    assert printed.getvalue() == ""
    assert len(session.journal.entries) == before


def test_a_notebook_that_there_is_not_is_said(session: Session) -> None:
    with pytest.raises(BadParameter, match="'25_other' is no notebook"):
        widgets.overview(session, SETTINGS, "25_other")
