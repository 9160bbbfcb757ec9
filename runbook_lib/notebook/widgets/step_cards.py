"""Room: a plan as cards, one for each step.

Lives here: what a step does, why, with which permission and command, and on AWS the field in which
the service's name is typed to allow it.
Never here: applying a plan. `apply` compares `confirm` with the plan's service by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from IPython.display import display

from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook import tables
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.tables.table import Table
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.commands import folded
from runbook_lib.notebook.widgets.documentation_links import documentation_of
from runbook_lib.notebook.widgets.parts import safe
from runbook_lib.plans.applying import Outcome
from runbook_lib.plans.steps import REMOVING, Plan, Step


class StepCards:
    """The cards of one plan. `confirm` is what to give to `apply`."""

    def __init__(self, session: Session, plan: Plan, confirm: str) -> None:
        self.session, self.plan = session, plan
        self.given = confirm
        self.typed = ""
        self.view: CardsView | None = None

    @property
    def confirm(self) -> str:
        """The parameter `confirm`, or the service's name once it has been confirmed on the cards.

        It holds for this plan: cards of another plan, or of this one made anew, ask again.
        """
        return self.typed or self.given

    @property
    def commands(self) -> str:
        """The AWS CLI commands of what is still to do, in lines that a page has room for."""
        return "\n".join(folded(line) for line in self.plan.commands.splitlines())

    def type(self, name: str) -> bool:
        """Take the typed name; anything but the service's own withdraws what was typed before."""
        self.typed = name if name == self.plan.service else ""
        return bool(self.typed)

    def confirmed(self, settings: Settings) -> Settings:
        """The same settings with this `confirm`, for what is done after `apply`.

        `walk.follow` gives an existing service its own release back, and needs it for that.
        """
        return replace(settings, confirm=self.confirm)

    @property
    def asks(self) -> bool:
        """Is there anything to confirm: on AWS, with steps to do, and not confirmed before?"""
        wanted = self.given != self.plan.service
        return self.session.needs_confirmation and bool(self.plan.open_steps) and wanted

    def done(self, outcome: Outcome) -> Table:
        """The outcome as a table; on the page each card says from now on that its step is done."""
        if self.view:
            self.view.mark(outcome)
        return tables.outcome(outcome)

    def __repr__(self) -> str:
        return f"{tables.plan(self.plan)!r}\n\n{self.commands}"


def plan(session: Session, plan: Plan, *, confirm: str = "") -> StepCards:
    """Show what the plan will do, and give back its cards: `apply(…, confirm=cards.confirm)`.

    Without a person in front of it: the plan's table and its AWS CLI commands, and `cards.confirm`
    is the `confirm` that was given.
    """
    cards = StepCards(session, plan, confirm)
    table = tables.plan(plan)
    if is_interactive():
        shown = f"{table._repr_html_()}<pre>{safe(cards.commands)}</pre>"
        cards.view = CardsView(cards)
        parts.Shown(cards.view.box, repr(cards), shown)
        return cards
    display(table)
    print(cards.commands)
    return cards


def card(step: Step, number: int, of: int, *, result: str = "") -> str:
    """One step as HTML; of one that is done the details are folded away.

    `result` is the state of the step once its plan was applied: "done".
    """
    title = f"Step {number} of {of}: {safe(step.service)}:{safe(step.operation)}"
    name = f'class="runbook-card runbook-facts" aria-label="Step {number} of {of}"'
    if step.satisfied:
        head = f"<summary>{title}: ✓ nothing to do, {safe(step.satisfied)}</summary>"
        return f"<details {name}>{head}{_facts(step)}</details>"
    command = parts.copyable(folded(step.cli), f"the command of step {number}")
    if result:
        head = f"<summary>{title}: ✓ {safe(result)}, {safe(step.makes)}</summary>"
        return f"<details {name}>{head}{_facts(step)}{command}</details>"
    return f"<section {name}><h4>{title}: ● to do</h4>{_facts(step)}{command}</section>"


def _facts(step: Step) -> str:
    page = safe(documentation_of(step))
    link = f'<a href="{page}" target="_blank" rel="noopener">{safe(step.operation)}</a>'
    actions = ", ".join(f"<code>{safe(each)}</code>" for each in step.permissions)
    rows = {
        "Why": safe(step.why),
        _said_result(step): safe(step.makes),
        "IAM actions": actions or "none",
        "Undo": safe(step.undo),
        "AWS page": f"{link} (opens in a new tab)",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items())
    return f"<dl>{listed}</dl>"


def _said_result(step: Step) -> str:
    return "Removes" if step.operation.startswith(REMOVING) else "Makes"


class CardsView:
    """The widgets: the cards, and on AWS `name`, `button` and `answer` to confirm them."""

    def __init__(self, cards: StepCards) -> None:
        self.cards = cards
        steps = cards.plan.steps
        shown = [card(step, number, len(steps)) for number, step in enumerate(steps, 1)]
        self.steps = parts.html(f"{''.join(shown)}{_table(cards.plan)}")
        self.name = parts.text_field("Service", placeholder="type its name")
        self.name.observe(self._withdraw, names="value")
        self.button = parts.button("Confirm", self._confirm)
        self.answer = parts.html(parts.told(self._lead()))
        asking = (
            (self.answer, parts.row(self.name, self.button, align="flex-end"))
            if cards.asks
            else (self.answer,)
        )
        self.box = parts.box(self.steps, *asking)

    def mark(self, outcome: Outcome) -> None:
        """Say on each card what became of its step."""
        of = len(outcome.results)
        shown = [
            card(each.step, number, of, result=each.state)
            for number, each in enumerate(outcome.results, 1)
        ]
        steps = [
            replace(each.step, satisfied=each.step.satisfied or each.state)
            for each in outcome.results
        ]
        table = _table(replace(self.cards.plan, steps=tuple(steps)))
        parts.fill(self.steps, f"{''.join(shown)}{table}")
        done = sum(each.state == "done" for each in outcome.results)
        there = f"; {of - done} had nothing to do" if done < of else ""
        parts.fill(self.answer, parts.told(f"✓ Applied: {done} of {of} steps done{there}."))

    def _lead(self) -> str:
        cards = self.cards
        where = f"account {cards.session.account}, {cards.session.region}"
        if not cards.plan.open_steps:
            return "There is nothing to do. The next cell changes nothing."
        if not cards.session.needs_confirmation:
            return "On the emulator nothing needs to be confirmed. Run the next cell."
        if not cards.asks:
            return f"The parameter confirm allows these changes in {where}. Run the next cell."
        return (
            f"These steps change {where}. To allow them, type the name of the service, "
            f"{cards.plan.service}, and confirm. Until then the next cell changes nothing."
        )

    def _confirm(self) -> None:
        cards, given = self.cards, self.name.value.strip()
        if cards.type(given):
            where = f"account {cards.session.account}, {cards.session.region}"
            parts.fill(
                self.answer,
                parts.told(f"✓ Confirmed: {given} in {where}. Run the next cell."),
            )
            return
        text = f"Not confirmed: {given!r} is not {cards.plan.service!r}. Nothing will be changed."
        parts.fill(self.answer, parts.told(text, is_wrong=True))

    def _withdraw(self, _: Any) -> None:
        """Whoever changes the name after confirming has not confirmed any more."""
        if self.cards.typed:
            self.cards.type("")
            parts.fill(self.answer, parts.told(self._lead()))


def _table(plan: Plan) -> str:
    table = tables.plan(plan)._repr_html_()
    return f"<details><summary>The plan as a table</summary>{table}</details>"
