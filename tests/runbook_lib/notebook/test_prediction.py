"""A prediction is asked for, never made for somebody, and held against what happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from widget_world import read, unnamed

from runbook_lib.errors import BadParameter
from runbook_lib.notebook import widgets
from runbook_lib.notebook.widgets.asking.prediction import Prediction, PredictionView

LAB, QUESTION = "01_choose_thresholds", "How many?"
ENDS = ("completed", "rolled back")


def shown(*options: str) -> PredictionView:
    return PredictionView(Prediction(LAB, "failures", QUESTION, options))


def test_nothing_is_predicted_before_somebody_does() -> None:
    view = shown()

    assert view.answer.value == ""
    assert view.made.value is None
    assert shown(*ENDS).answer.value == "choose"


def test_a_guess_is_kept_and_said() -> None:
    view = shown()
    view.answer.value = "three"

    view.button.click()

    assert view.made.value == 3
    assert read(view.said) == "Kept: 3. Run the next cells, and see."


@pytest.mark.parametrize("text", ["", "soon", "2.5"])
def test_what_is_not_understood_is_said_and_not_kept(text: str) -> None:
    view = shown()
    view.answer.value = text

    view.button.click()

    assert view.made.value is None
    assert read(view.said).startswith("✗ Not understood:")


def test_a_choice_is_understood_in_other_letters() -> None:
    assert Prediction(LAB, "ended", QUESTION, ENDS).understand(" Rolled back. ") == "rolled back"


def test_without_a_person_the_parameter_is_taken_or_left_out() -> None:
    assert widgets.prediction("", "n", QUESTION, lab=LAB).value is None
    assert widgets.prediction(3, "n", QUESTION, lab=LAB).value == 3
    assert (
        widgets.prediction("completed", "n", QUESTION, lab=LAB, options=ENDS).value == "completed"
    )


def test_a_parameter_that_is_no_prediction_stops_the_run() -> None:
    with pytest.raises(BadParameter, match="prediction: 'maybe' is not completed or rolled back"):
        widgets.prediction("maybe", "n", QUESTION, lab=LAB, options=ENDS)


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        ("", "It was 3. You made no prediction."),
        (3, "You expected 3, and it was 3."),
        (1, "You expected 1. It was 3."),
    ],
)
def test_what_happened_is_said_beside_the_guess(
    guess: object, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = widgets.prediction(guess, "failures", QUESTION, lab=LAB)
    capsys.readouterr()

    made.compare(3)

    assert said in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_field_and_button_has_a_name() -> None:
    assert unnamed(shown().box) == []
    assert unnamed(shown(*ENDS).box) == []
