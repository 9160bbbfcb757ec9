"""Room: something to do, set and graded.

Lives here: the text, hints in steps, the commands of the solution, following what the learner has
started, and the grade.
Never here: what is asked and what is right (exercises.challenges).
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib.aws.journal import record_facts
from runbook_lib.aws.session import Session
from runbook_lib.errors import RunbookError
from runbook_lib.exercises.challenges import Challenge, Situation, find_challenge
from runbook_lib.exercises.grading import Grade
from runbook_lib.facts.settings import Settings
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.asking.hints import Hints
from runbook_lib.notebook.widgets.commands import folded
from runbook_lib.notebook.widgets.live_board import board
from runbook_lib.notebook.widgets.parts import safe
from runbook_lib.plans.applying import apply


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
        """The AWS CLI commands that do it, from what is there at this moment."""
        commands = self.challenge.solve(self.here).commands
        return "\n".join(folded(line) for line in commands.splitlines())

    def check(self) -> None:
        """Wait for what is being deployed, look whether it is done, and record the answer.

        Where nobody is in front of the notebook, the solution is applied first. Run it as often as
        you like: it changes nothing by itself.
        """
        solution = ""
        if not is_interactive():
            solution = self.solution
            apply(self.here.session, self.challenge.solve(self.here), confirm=self._confirm)
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
        try:
            commands = self.card.solution
        except (RunbookError, ClientError, BotoCoreError) as error:
            parts.fill(self.said, parts.told(str(error), is_wrong=True))
            return
        said = "For JupyterLab's terminal (File, New, Terminal):" if commands else "It is done."
        shown = parts.copyable(commands, "the solution") if commands else ""
        parts.fill(self.said, parts.told(said) + shown)
