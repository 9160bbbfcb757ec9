"""progress.json: what was answered and proved, by notebook, and nothing about the learner."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from runbook_lib.cli.main import main
from runbook_lib.errors import BadParameter
from runbook_lib.learner.folder import START
from runbook_lib.learner.progress import EXERCISE, PREDICTION, forget, note, read_progress

NOTEBOOK, LAB = "20_create_service", "01_choose_thresholds"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / START).write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path)
    note(tmp_path, NOTEBOOK, EXERCISE, "threshold", "COUNT 3", False)
    note(tmp_path, NOTEBOOK, EXERCISE, "threshold", "COUNT 2", True)
    note(tmp_path, LAB, PREDICTION, "failures", 1, False)
    return tmp_path


def test_the_last_answer_and_the_number_of_tries_are_kept(own: Path) -> None:
    (entry,) = read_progress(own).of(NOTEBOOK)

    assert (entry.answer, entry.right, entry.tries) == ("COUNT 2", True, 2)
    assert read_progress(own).is_done(NOTEBOOK)


def test_a_wrong_prediction_costs_nothing(own: Path) -> None:
    assert read_progress(own).score == (1, 1)


def test_the_file_is_as_documented(own: Path) -> None:
    assert json.loads((own / "progress.json").read_text("utf-8")) == {
        "version": 1,
        "notebooks": {
            NOTEBOOK: {"exercise": {"threshold": {"answer": "COUNT 2", "right": True, "tries": 2}}},
            LAB: {"prediction": {"failures": {"answer": "1", "right": False, "tries": 1}}},
        },
    }


def test_a_key_in_an_answer_is_not_kept(own: Path) -> None:
    note(own, NOTEBOOK, EXERCISE, "threshold", "AKIAQWERTYUIOPASDFGH", False)

    assert "AKIAQWERTYUIOPASDFGH" not in (own / "progress.json").read_text("utf-8")


def test_without_a_folder_of_ones_own_nothing_is_kept(tmp_path: Path) -> None:
    note(None, NOTEBOOK, EXERCISE, "threshold", "COUNT 2", True)

    assert list(tmp_path.iterdir()) == []


def test_a_part_can_be_forgotten_and_the_rest_stays(own: Path) -> None:
    assert forget(own, "20") == 1
    assert [each.notebook for each in read_progress(own).entries] == [LAB]
    assert forget(own) == 1
    assert read_progress(own).entries == ()


def test_a_part_of_which_nothing_is_known_is_named(own: Path) -> None:
    with pytest.raises(BadParameter, match="nothing is known of '30'; there is 20_create_service"):
        forget(own, "30")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"notebooks": {"a": 1}}'])
def test_a_file_that_is_no_record_is_named_in_one_line(own: Path, text: str) -> None:
    (own / "progress.json").write_text(text, "utf-8")

    with pytest.raises(BadParameter, match="is no record of progress; delete it"):
        read_progress(own)


def test_the_command_shows_it_and_the_score(own: Path) -> None:
    done = CliRunner().invoke(main, ["progress"])

    assert done.exit_code == 0, done.output
    assert "20_create_service" in done.output
    assert "Score: 1 of 1 right." in done.output


def test_the_command_forgets_a_part_or_all(own: Path) -> None:
    assert "Forgotten: 1 entries." in CliRunner().invoke(main, ["progress", "--reset", "20"]).output
    assert (
        "Forgotten: 1 entries." in CliRunner().invoke(main, ["progress", "--reset", "all"]).output
    )
    assert "Nothing answered yet." in CliRunner().invoke(main, ["progress"]).output


def test_the_command_says_where_it_has_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, ["progress"])

    assert done.exit_code == 2
    assert "no notebooks of your own here" in done.output
