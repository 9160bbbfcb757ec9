"""Room: the questions at the end of a lab, asked.

Lives here: the options to choose from, the answer and why.
Never here: the questions (exercises.questions).
"""

from __future__ import annotations

from typing import Any

from runbook_lib.exercises.questions import Question, questions_of
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.parts import safe


def questions(lab: str) -> None:
    """Ask the questions of a lab: questions("01_choose_thresholds"). Raises `BadParameter`.

    Without a person in front of it each is shown with its answer folded away.
    """
    asked = questions_of(lab)
    if is_interactive():
        views = [QuestionView(lab, number, each) for number, each in enumerate(asked, 1)]
        kept = "".join(
            f"<p>{number}. {parts.prose(q.text)}</p>" for number, q in enumerate(asked, 1)
        )
        parts.Shown(parts.box(*(each.box for each in views)), _plain(asked), kept)
        return
    parts.show_text(_plain(asked), "".join(_folded(n, q) for n, q in enumerate(asked, 1)))


def _plain(asked: tuple[Question, ...]) -> str:
    return "\n".join(
        f"{number}. {each.text} {' / '.join(each.options)}" for number, each in enumerate(asked, 1)
    )


def _folded(number: int, question: Question) -> str:
    options = "".join(f"<li>{safe(each)}</li>" for each in question.options)
    return (
        f"<p>{number}. {parts.prose(question.text)}</p><ul>{options}</ul>"
        f"<details><summary>Answer</summary><p>{safe(question.answer)}. {safe(question.why)}</p>"
        "</details>"
    )


class QuestionView:
    """The widgets: `choice`, `check` and `said`."""

    def __init__(self, lab: str, number: int, question: Question) -> None:
        self.lab, self.question = lab, question
        self.choice: Any = parts.options(f"Answer {number}", question.options)
        self.check = parts.button("Check", self._check)
        self.said = parts.html()
        text = parts.html(f"<p><strong>{number}. {parts.prose(question.text)}</strong></p>")
        self.box = parts.column(text, self.choice, parts.row(self.check), self.said)
        self.box.add_class("runbook-question")

    def _check(self) -> None:
        question, answer = self.question, self.choice.value
        if answer is None:
            parts.fill(self.said, parts.told("Choose one of them first.", is_wrong=True))
            return
        is_right = answer == question.answer
        folder, kind = learner_folder(), progress.QUESTION
        progress.note(folder, self.lab, kind, question.name, answer, is_right)
        if is_right:
            parts.fill(self.said, parts.told(f"✓ Right. {question.why}"))
        else:
            parts.fill(self.said, parts.told("Not so. Try again.", is_wrong=True))
