"""parameters.yaml: one place for what holds in all notebooks of a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from widget_world import read

from runbook_lib.errors import BadParameter
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.folder import START, learner_folder
from runbook_lib.learner.kept_parameters import injected, keep, laid_over, read_kept
from runbook_lib.learner.notebook_files import notebook_folder
from runbook_lib.notebook import widgets
from runbook_lib.notebook.widgets.parameter_form import FormView, ParameterForm

CELL: dict[str, Any] = {"target": "emulator", "service": "my-sample-service", "desired_count": 1}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's own notebooks, in which the kernel stands."""
    (tmp_path / "labs").mkdir()
    (tmp_path / START).write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def form(own: Path, **more: Any) -> FormView:
    return FormView(ParameterForm({**CELL, **more}, folder=own))


def test_the_folder_is_found_from_the_walk_and_from_a_lab(own: Path) -> None:
    assert learner_folder(own) == learner_folder(own / "labs") == own.resolve()


def test_the_projects_own_notebooks_are_nobodys(tmp_path: Path) -> None:
    assert learner_folder(notebook_folder()) is None
    assert learner_folder(notebook_folder() / "labs") is None
    assert learner_folder(tmp_path) is None


def test_what_is_changed_in_one_form_holds_in_the_next_notebook(own: Path) -> None:
    form(own).fields["service"].value = "shop"

    assert read_kept(own) == {"service": "shop"}
    assert widgets.parameters(**CELL).settings.service == "shop"
    assert widgets.parameters(**CELL).settings.desired_count == 1


def test_a_parameters_cell_that_says_something_else_wins(own: Path) -> None:
    keep(own, {"service": "shop", "desired_count": 3})

    found = widgets.parameters(**{**CELL, "service": "mine"}).settings

    assert (found.service, found.desired_count) == ("mine", 3)


def test_what_papermill_injects_wins_even_where_it_is_the_default() -> None:
    given = injected(["import x", "service = 1", "# Parameters\ndesired_count = 1\n"])

    assert given == {"desired_count"}
    kept = {"desired_count": 3, "service": "shop"}
    assert laid_over(CELL, kept, given) == {**CELL, "service": "shop"}


def test_the_reset_button_takes_it_out_of_the_file_again(own: Path) -> None:
    shown = form(own)
    shown.fields["service"].value = "shop"
    assert "It holds for all notebooks" in read(shown.summary)

    shown.reset.click()

    assert not (own / "parameters.yaml").exists()


def test_what_cannot_be_used_is_not_kept(own: Path) -> None:
    shown = form(own)
    shown.fields["desired_count"].value = "many"
    assert read_kept(own) == {}

    shown.fields["desired_count"].value = "2"
    assert read_kept(own) == {"desired_count": 2}


def test_a_value_that_the_cell_says_itself_is_told_as_a_line_for_the_cell(own: Path) -> None:
    shown = form(own, service="mine")

    shown.fields["service"].value = "shop"

    assert read_kept(own) == {}
    assert 'service = "shop" # ECS service' in read(shown.summary)


def test_a_lab_takes_the_place_and_keeps_its_own_names(own: Path) -> None:
    keep(own, {"region": "eu-west-3", "service": "shop", "desired_count": 9})

    found = widgets.lab_parameters(**CELL, region="eu-west-1").settings

    assert found.region == "eu-west-3"
    assert (found.service, found.desired_count) == ("my-sample-service", 1)


def test_nothing_that_allows_changes_is_ever_kept(own: Path) -> None:
    keep(own, {"service": "shop", "confirm": "shop"})
    assert "confirm" not in (own / "parameters.yaml").read_text("utf-8")

    (own / "parameters.yaml").write_text("confirm: shop\nservice: shop\n", "utf-8")
    assert read_kept(own) == {"service": "shop"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a\n", "parameters.yaml: .* is not a map of parameters"),
        ("colour: red\n", "colour: there is no such parameter"),
        ("a: [\n", "parameters.yaml: .* cannot be read"),
        ("desired_count: many\n", "desired_count: 'many' is not a whole number"),
    ],
)
def test_a_bad_file_is_named_in_one_line(own: Path, text: str, why: str) -> None:
    (own / "parameters.yaml").write_text(text, "utf-8")

    with pytest.raises(BadParameter, match=why) as caught:
        widgets.parameters(**CELL)
    assert "\n" not in str(caught.value)


def test_an_account_number_stays_a_text(own: Path) -> None:
    keep(own, {"expected_account": "012345678901"})

    assert read_kept(own) == {"expected_account": "012345678901"}
    assert Settings(**read_kept(own)).expected_account == "012345678901"


def test_papermill_in_the_folder_takes_the_file_and_its_own_options_over_it(own: Path) -> None:
    keep(own, {"family": "shop"})
    source = notebook_folder() / "10_register_task_definition.ipynb"
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", str(source), "out.ipynb"]

    subprocess.run(command, cwd=own, check=True, capture_output=True)
    assert "shop:1" in (own / "out.ipynb").read_text("utf-8")
    subprocess.run([*command, "-p", "family", "my-task"], cwd=own, check=True, capture_output=True)
    assert "my-task:1" in (own / "out.ipynb").read_text("utf-8")
