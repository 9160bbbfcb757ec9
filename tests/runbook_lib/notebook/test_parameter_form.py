"""The form says at once what cannot be used, and is never the only place that has a value."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from typing import Any

import nbformat
import pytest
from widget_world import read, unnamed

from runbook_lib import widgets
from runbook_lib.errors import BadParameter
from runbook_lib.facts.settings import PARAMETERS, Settings
from runbook_lib.learner.notebook_files import walk_notebooks
from runbook_lib.notebook.widgets.parameter_form import MEANINGS, FormView, ParameterForm

GIVEN: dict[str, Any] = {
    "target": "emulator",
    "service": "web",
    "good_image": "nginx:alpine",
    "bad_image": "nginx:wrong-image-tag",
    "desired_count": 1,
    "confirm": "",
}


def form(**given: Any) -> FormView:
    return FormView(ParameterForm({**GIVEN, **given}))


def test_without_a_person_the_parameters_are_checked_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = widgets.parameters(**GIVEN)

    assert made.settings == Settings(**GIVEN)
    assert "'text/plain': '6 parameters, all of them usable.'" in capsys.readouterr().out


def test_without_a_person_a_bad_parameter_stops_the_run_at_once() -> None:
    with pytest.raises(BadParameter, match="desired_count: 0 is not between 1 and 5000"):
        widgets.parameters(**{**GIVEN, "desired_count": 0})


def test_the_form_begins_with_what_the_parameters_cell_says() -> None:
    shown = form(service="my-web", desired_count=7)

    assert shown.fields["service"].value == "my-web"
    assert shown.fields["desired_count"].value == "7"
    assert "They are those of the parameters cell" in read(shown.summary)
    assert shown.form.settings == Settings(**{**GIVEN, "service": "my-web", "desired_count": 7})


def test_what_is_typed_is_checked_with_the_words_of_the_settings() -> None:
    shown = form()

    shown.fields["desired_count"].value = "many"

    with pytest.raises(BadParameter) as caught:
        Settings(desired_count="many")  # type: ignore[arg-type]
    assert read(shown.notes["desired_count"]) == f"✗ {caught.value}"
    assert 'role="alert"' in shown.notes["desired_count"].value
    assert "Not usable yet: desired_count" in read(shown.summary)


def test_every_bad_field_says_so_and_not_the_first_one_only() -> None:
    shown = form()

    shown.fields["desired_count"].value = "0"
    shown.fields["service"].value = "no spaces"

    assert read(shown.notes["desired_count"]).startswith("✗ desired_count: 0 is not between")
    assert read(shown.notes["service"]).startswith("✗ service: 'no spaces' is not a service name")
    assert read(shown.notes["good_image"]) == MEANINGS["good_image"]


def test_two_values_that_do_not_go_together_are_told_beside_one_of_them() -> None:
    shown = form()

    shown.fields["bad_image"].value = "nginx:alpine"

    assert "is also the good_image" in read(shown.notes["bad_image"])
    assert read(shown.notes["good_image"]) == MEANINGS["good_image"]


def test_while_a_field_is_bad_no_settings_can_be_had() -> None:
    shown = form()

    shown.fields["service"].value = ""

    with pytest.raises(BadParameter, match="service: '' is not"):
        _ = shown.form.settings


def test_a_number_becomes_a_number_and_a_text_of_digits_stays_a_text() -> None:
    shown = form(expected_account="")

    shown.fields["desired_count"].value = " 3 "
    shown.fields["expected_account"].value = "012345678901"

    assert shown.form.settings.desired_count == 3
    assert shown.form.settings.expected_account == "012345678901"


def test_a_change_is_shown_as_lines_for_the_parameters_cell() -> None:
    shown = form()

    shown.fields["desired_count"].value = "3"
    shown.fields["service"].value = "shop"

    assert ast.parse(shown.form.lines)
    assert shown.form.lines.splitlines() == [
        'service = "shop"  # ECS service',
        "desired_count = 3  # tasks of the service",
    ]
    assert 'service = "shop" # ECS service desired_count = 3' in read(shown.summary)


def test_the_way_back_to_the_parameters_cell_is_one_button() -> None:
    shown = form()
    shown.fields["service"].value = "shop"

    shown.reset.click()

    assert shown.fields["service"].value == "web"
    assert shown.form.changed == {}
    assert "They are those of the parameters cell" in read(shown.summary)


def test_a_bad_value_of_the_parameters_cell_is_shown_and_can_be_fixed() -> None:
    shown = form(target="azure", desired_count="many")
    assert read(shown.notes["target"]).startswith("✗ target: 'azure' is not emulator or aws")
    assert read(shown.notes["desired_count"]).startswith("✗ desired_count: 'many' is not")

    shown.fields["target"].value = "aws"
    shown.fields["desired_count"].value = "2"

    assert shown.form.settings == Settings(**{**GIVEN, "target": "aws", "desired_count": 2})


def test_the_confirmation_is_not_given_in_the_form_before_the_plan_was_seen() -> None:
    shown = form(confirm="web")

    assert "confirm" not in shown.fields
    shown.fields["service"].value = "shop"
    assert "confirm: 'web' is not the name of the service, 'shop'" in read(shown.summary)


def test_what_is_typed_is_never_taken_as_html() -> None:
    shown = form()

    shown.fields["service"].value = "<img src=x onerror=alert(1)>"

    assert "<img" not in shown.notes["service"].value
    assert "<img src=x" in read(shown.notes["service"])


def test_every_field_and_button_has_a_name() -> None:
    assert unnamed(form().box) == []


def test_every_parameter_has_a_meaning() -> None:
    assert set(MEANINGS) == set(PARAMETERS)


@pytest.mark.parametrize("path", walk_notebooks(), ids=lambda path: path.stem)
def test_the_form_says_of_a_parameter_what_the_parameters_cell_says(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = [each for each in cells if "parameters" in each.metadata.get("tags", ())]
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    comments = {
        token.line.partition(" =")[0]: token.string.removeprefix("# ")
        for token in tokens
        if token.type == tokenize.COMMENT
    }

    ours = {name: comment for name, comment in comments.items() if name in MEANINGS}
    assert len(ours) > 10
    assert ours == {name: MEANINGS[name] for name in ours}
