"""Room: an exercise, asked.

Lives here: question, field, hints one after another, the solution, and the grade in words.
Never here: what is right (exercises).
"""

from __future__ import annotations

from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.exercises import Exercise, Grade, find_exercise
from runbook_lib.facts.settings import Settings
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.asking.hints import Hints
from runbook_lib.notebook.widgets.asking.trying import or_why_not
from runbook_lib.notebook.widgets.parts import safe


class ExerciseCard:
    """One exercise against the real state. `grade` is that of the last answer, or None."""

    def __init__(self, session: Session, settings: Settings, exercise: Exercise) -> None:
        self.session, self.settings, self.exercise = session, settings, exercise
        self.grade: Grade | None = None

    @property
    def question(self) -> str:
        return self.exercise.ask(self.settings)

    @property
    def solution(self) -> str:
        """The answer that is right at this moment."""
        return self.exercise.solve(self.session, self.settings)

    def check(self, answer: str) -> Grade:
        """Grade an answer on what AWS says now, and keep the grade."""
        self.grade = self.exercise.check(self.session, self.settings, answer)
        return self.grade

    @property
    def hints(self) -> tuple[str, ...]:
        """One after another, each with the parameters in it."""
        return self.exercise.hints_for(self.session, self.settings)

    def __repr__(self) -> str:
        state = self.grade.sentence if self.grade else "not answered yet"
        return f"{self.exercise.name}: {state}"


def exercise(session: Session, settings: Settings, name: str) -> ExerciseCard:
    """Ask the exercise of that name: "threshold". `.grade` is how the last answer was graded.

    Without a person in front of it the solution is given, and graded like any other answer.
    """
    card = ExerciseCard(session, settings, find_exercise(name))
    if is_interactive():
        view = ExerciseView(card)
        view.shown = parts.Shown(view.box, *view.left)
        return card
    try:
        solution = card.solution
    except MissingPrerequisite as error:
        # An exercise must never end a headless run: its verdict comes after it.
        plain = f"Question: {card.question}\nIt cannot be answered now: {error}"
        parts.show_text(plain, f"<p>{safe(plain)}</p>")
        return card
    grade = card.check(solution)
    plain = f"Question: {card.question}\nSolution: {solution}\nGrade: {grade.sentence}"
    parts.show_text(plain, _folded(card.question, solution, grade))
    return card


def _folded(question: str, solution: str, grade: Grade) -> str:
    """The solution is there, but only who opens it sees it."""
    return (
        f"<p>{parts.prose(question)}</p><details><summary>Solution</summary>"
        f"<p><code>{safe(solution)}</code></p><p>{safe(grade.sentence)}</p></details>"
    )


class ExerciseView:
    """The widgets: `answer`, `check`, `hints`, `solution` and `said`."""

    def __init__(self, card: ExerciseCard) -> None:
        self.card = card
        self.shown: parts.Shown | None = None
        self.question = parts.html(f"<p>{parts.prose(card.question)}</p>")
        takes_json = card.exercise.takes_json
        self.answer = parts.text_area("Answer") if takes_json else parts.text_field("Answer")
        self.check = parts.button("Check", self._check)
        if not takes_json:
            parts.on_enter(self.answer, self._check)
        self.hints = Hints(lambda: card.hints)
        self.solution = parts.button("Show solution", self._solve)
        self.said = parts.html()
        buttons = parts.row(self.check, self.hints.button, self.solution)
        self.box = parts.box(self.question, self.answer, buttons, self.said, self.hints.shown)

    @property
    def left(self) -> tuple[str, str]:
        """The question and how it was answered, plain and as HTML: all that needs no kernel."""
        question = self.card.question
        plain, html_text = f"Question: {question}", f"<p>{parts.prose(question)}</p>"
        if self.card.grade is None:
            return plain, html_text
        rows = {"Answer": self.answer.value, "Grade": self.card.grade.sentence}
        said = "".join(f"<p>{name}: {safe(value)}</p>" for name, value in rows.items())
        return "\n".join([plain, *(f"{n}: {v}" for n, v in rows.items())]), html_text + said

    def _check(self) -> None:
        def checked() -> str:
            grade = self.card.check(self.answer.value)
            self._keep(grade)
            return parts.told(f"✓ {grade.sentence}" if grade.passed else grade.sentence,
                              is_wrong=not grade.passed)  # fmt: skip

        said = or_why_not(checked)
        if self.shown:
            self.shown.keep(*self.left)
        parts.fill(self.said, said)

    def _keep(self, grade: Grade) -> None:
        if grade.is_understood:
            exercise = self.card.exercise
            folder, kind = learner_folder(), progress.EXERCISE
            answer = self.answer.value
            progress.note(folder, exercise.notebook, kind, exercise.name, answer, grade.passed)

    def _solve(self) -> None:
        def solved() -> str:
            return parts.told("The solution:") + parts.copyable(self.card.solution, "the solution")

        parts.fill(self.said, or_why_not(solved))
