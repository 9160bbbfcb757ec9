"""Room: a prediction, asked where the question is, and held against what happened.

Lives here: the field, what a person means by a guess, and the comparison.
Never here: what happens (walk.labs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook_lib.aws.journal import record_facts
from runbook_lib.errors import BadParameter
from runbook_lib.exercises.grading import number
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.parts import safe

NOT_YET = "choose"


class Prediction:
    """What somebody expects. `value` is None until it was given: a number, or one of `options`."""

    def __init__(self, lab: str, name: str, question: str, options: Sequence[str] = ()) -> None:
        self.lab, self.name, self.question, self.options = lab, name, question, tuple(options)
        self.value: int | str | None = None

    def understand(self, text: str) -> int | str | None:
        """What is meant by it, or None: "Three" is 3, "Rolled back." is "rolled back"."""
        meant = text.strip().rstrip(".").strip("\"'").lower()
        if self.options:
            return next((each for each in self.options if each.lower() == meant), None)
        found = number(meant)
        return int(found) if found is not None and found == int(found) else None

    @property
    def wanted(self) -> str:
        return " or ".join(self.options) if self.options else "a whole number"

    def compare(self, observed: int | str | None) -> None:
        """Say whether it came so, record it under the prediction's name, keep it as progress.

        prediction.compare(3) after the guess 10 shows: You expected 10. It was 3.
        """
        is_right = self.value == observed
        if self.value is None:
            said = f"It was {observed}. You made no prediction."
        else:
            said = f"You expected {self.value}"
            said += f", and it was {observed}." if is_right else f". It was {observed}."
        shown = parts.banner(said, look="good" if is_right else "plain")
        if not is_interactive():
            shown = f"<details><summary>What happened</summary>{shown}</details>"
        record_facts({self.name: observed}, said, html=shown)
        if is_interactive() and self.value is not None:
            kind = progress.PREDICTION
            progress.note(learner_folder(), self.lab, kind, self.name, self.value, is_right)

    def __repr__(self) -> str:
        given = "not made yet" if self.value is None else str(self.value)
        return f"Question: {self.question}\nPrediction: {given}"


def prediction(
    given: object, name: str, question: str, *, lab: str, options: Sequence[str] = ()
) -> Prediction:
    """Ask what somebody expects, before it happens: a number, or one of the options.

    `given` is the parameter `prediction`, for a run without a person; "" leaves it out. What is
    observed is recorded under `name` by `compare`. Raises `BadParameter` for a `given` that cannot
    be understood.
    """
    made = Prediction(lab, name, question, options)
    if str(given).strip():
        made.value = made.understand(str(given))
        if made.value is None:
            problem = f"{given!r} is not {made.wanted}"
            raise BadParameter(name="prediction", problem=problem, example=(*options, 3)[0])
    if is_interactive():
        view = PredictionView(made)
        view.shown = parts.Shown(view.box, repr(made))
        return made
    parts.say(repr(made))
    return made


class PredictionView:
    """The widgets: `answer`, `button` and `said`."""

    def __init__(self, made: Prediction) -> None:
        self.made = made
        self.shown: parts.Shown | None = None
        first = "" if made.value is None else str(made.value)
        self.answer: Any = (
            parts.choice("Your prediction", first or NOT_YET, (NOT_YET, *made.options))
            if made.options
            else parts.text_field("Your prediction", first)
        )
        self.button = parts.button("That is my guess", self._take)
        self.said = parts.html()
        if not made.options:
            parts.on_enter(self.answer, self._take)
        asked = parts.html(f"<p><strong>{safe(made.question)}</strong></p>")
        row = parts.row(self.answer, self.button, align="flex-end")
        self.box = parts.box(asked, row, self.said)

    def _take(self) -> None:
        made, typed = self.made, self.answer.value
        meant = made.understand(typed)
        if meant is None:
            problem = f"Not understood: {typed!r} is not {made.wanted}."
            parts.fill(self.said, parts.told(problem, is_wrong=True))
            return
        made.value = meant
        if self.shown:
            self.shown.keep(repr(made))
        parts.fill(self.said, parts.told(f"Kept: {meant}. Run the next cells, and see."))
