"""Room: something to do, set and graded.

Lives here: the text, hints in steps, the commands of the solution, following what the learner has
started, and the grade.
Never here: what is asked and what is right (exercises.challenges).
"""

from __future__ import annotations

from runbook_lib.aws.journal import record_facts
from runbook_lib.aws.session import Session
from runbook_lib.exercises.challenges import Challenge, Situation, find_challenge
from runbook_lib.exercises.grading import Grade
from runbook_lib.facts.settings import Settings
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.asking.hints import Hints
from runbook_lib.notebook.widgets.asking.trying import or_why_not
from runbook_lib.notebook.widgets.commands import folded
from runbook_lib.notebook.widgets.live_board import board
from runbook_lib.notebook.widgets.parts import safe
from runbook_lib.plans.applying import apply
from runbook_lib.plans.steps import Plan


class ChallengeCard:
    """One challenge against the real state. `grade` is that of the last check, or None."""

    def __init__(self, challenge: Challenge, here: Situation, confirm: str) -> None:
        self.challenge, self.here, self._confirm = challenge, here, confirm
        self.grade: Grade | None = None

    @property
    def text(self) -> str:
        return self.challenge.ask(self.here)

    @property
    def hints(self) -> tuple[str, ...]:
        """One after another, each with the parameters in it, commands between backticks."""
        return self.challenge.hints_for(self.here)

    @property
    def solution(self) -> str:
        """The AWS CLI commands that do it, from what is there at this moment; "" for none."""
        return _commands(self.challenge.solve(self.here))

    def check(self) -> None:
        """Wait for what is being deployed, look whether it is done, and record the answer.

        With a person in front of the notebook it changes nothing, and may be run again. Without
        one the solution is applied first.
        """
        solution = ""
        if not is_interactive():
            plan = self.challenge.solve(self.here)
            solution = _commands(plan)
            apply(self.here.session, plan, confirm=self._confirm)
        if deployment := self.here.under_way():
            board(self.here.session, self.here.settings, deployment)
        self.grade = self.challenge.grade(self.here)
        self._show(self.grade, solution)
        if is_interactive():
            folder, kind = learner_folder(), progress.CHALLENGE
            name, said = self.challenge.name, self.grade.sentence
            progress.note(folder, self.challenge.lab, kind, name, said, self.grade.passed)

    def _show(self, grade: Grade, solution: str) -> None:
        shown = parts.banner(grade.sentence, look="good" if grade.passed else "plain")
        if solution:
            commands = f"<pre>{safe(solution)}</pre>"
            shown = f"<details><summary>Solution</summary>{commands}{shown}</details>"
        elif not grade.passed:
            shown += "<p>Do it, then run this cell again. The card above has hints.</p>"
        record_facts({self.challenge.name: grade.passed}, grade.sentence, html=shown)

    def __repr__(self) -> str:
        state = self.grade.sentence if self.grade else "not checked yet"
        return f"{self.challenge.name}: {state}"


def challenge(
    session: Session, settings: Settings, name: str, *, confirm: str = "", **more: str
) -> ChallengeCard:
    """Set the challenge of that name: "two-failures". `.check()` looks whether it is done.

    `more` are names that its text needs beside the parameters: other_service="checkout". `confirm`
    is for a run without a person, in which `check` applies the solution. Raises `BadParameter`.
    """
    here = Situation(session, settings, session.clock.now().replace(microsecond=0), more)
    card = ChallengeCard(find_challenge(name), here, confirm)
    if is_interactive():
        view = ChallengeView(card)
        parts.Shown(view.box, f"To do: {card.text}", f"<p><strong>{safe(card.text)}</strong></p>")
        return card
    parts.say(f"To do: {card.text}")
    return card


class ChallengeView:
    """The widgets: `hints`, `solution` and `said`, where it appears."""

    def __init__(self, card: ChallengeCard) -> None:
        self.card = card
        self.hints = Hints(lambda: card.hints)
        self.solution = parts.button("Show solution", self._solve)
        self.said = parts.html()
        text = parts.html(f"<p><strong>{safe(card.text)}</strong></p>")
        self.box = parts.box(
            text, parts.row(self.hints.button, self.solution), self.hints.shown, self.said
        )

    def _solve(self) -> None:
        def solved() -> str:
            commands = self.card.solution
            if not commands:
                return parts.told("There is nothing left to do.")
            own = "a terminal with your AWS credentials"
            where = own if self.card.here.session.needs_confirmation else "JupyterLab's terminal"
            return parts.told(f"For {where}:") + parts.copyable(commands, "the solution")

        parts.fill(self.said, or_why_not(solved))


def _commands(plan: Plan) -> str:
    if plan.is_satisfied:
        return ""
    return "\n".join(folded(line) for line in plan.commands.splitlines())
