"""Room: the parameters of a notebook as a form.

Lives here: a field for each parameter, checked while it is typed; what is changed in it is kept for
all notebooks, or told as lines for the parameters cell.
Never here: what is a good value (settings), the file that keeps it (learner.kept_parameters).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from runbook_lib.errors import BadParameter
from runbook_lib.facts.alert_text import ALERT_FORMATS
from runbook_lib.facts.settings import CREATE, EXISTING, TARGETS, Settings
from runbook_lib.learner import kept_parameters
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import cells_run, is_interactive
from runbook_lib.notebook.tables.table import table
from runbook_lib.notebook.widgets import parts

MEANINGS: Mapping[str, str] = {
    "target": '"emulator", or "aws" for your own account',
    "region": "AWS Region",
    "expected_account": "stop unless the credentials are of this account",
    "cluster": 'ECS cluster; only "default" is created when absent',
    "service": "ECS service",
    "service_mode": '"create", or "existing" to drill a service that you have',
    "family": "task definition family",
    "container": "name of the container",
    "good_image": "an image that exists",
    "bad_image": "an image that does not exist",
    "desired_count": "tasks of the service",
    "topic": "SNS topic",
    "rule": "EventBridge rule",
    "email": "who is told",
    "require_reader": "the drill fails if nobody has confirmed: only its own probe was told",
    "alert_format": '"text" for people, "event" for the raw event as JSON',
    "confirm": "on AWS only: the service's name, to allow changes",
    "threshold": 'when the circuit breaker trips; "COUNT 1" is the strictest',
    "subnets": "subnet ids, comma-separated; empty: all of the default VPC",
    "security_groups": "security group ids; empty: the default VPC's default group",
}
"""The comments of the parameters cells."""
CHOICES: Mapping[str, tuple[str, ...]] = {
    "target": TARGETS,
    "service_mode": (CREATE, EXISTING),
    "alert_format": tuple(ALERT_FORMATS),
    "require_reader": ("True", "False"),
}
NOT_IN_FORM = kept_parameters.NEVER_KEPT
"""It is given after the plan has been read, not before."""
_NUMBERS = {each.name for each in fields(Settings) if type(each.default) is int}
_SWITCHES = {each.name for each in fields(Settings) if isinstance(each.default, bool)}


class ParameterForm:
    """The parameters of a notebook: as its parameters cell and parameters.yaml give them, or as
    they are in the form now.

    `folded` are those that this notebook hands on and does not use. `of_the_place`: of the file
    only where it runs and who is told, as for a lab.
    """

    def __init__(
        self,
        cell: Mapping[str, Any],
        *,
        folded: Iterable[str] = (),
        folder: Path | None = None,
        injected: Collection[str] = (),
        of_the_place: bool = False,
    ) -> None:
        self.cell, self.folder, self.folded = dict(cell), folder, tuple(folded)
        self._injected = injected
        self._shared = kept_parameters.OF_THE_PLACE if of_the_place else tuple(cell)
        kept = {
            name: value
            for name, value in kept_parameters.read_kept(folder).items()
            if name in self._shared
        }
        self.given = kept_parameters.laid_over(self.cell, kept, injected)
        self.values = dict(self.given)
        self._touched: set[str] = set()

    @property
    def settings(self) -> Settings:
        """The parameters as they are now. Raises `BadParameter` while one cannot be used."""
        return Settings(**self.values)

    @property
    def changed(self) -> dict[str, Any]:
        """What differs from the parameters cell."""
        return {name: v for name, v in self.values.items() if v != self.cell[name]}

    @property
    def kept(self) -> dict[str, Any]:
        """Of that what parameters.yaml keeps, for every notebook of the folder."""
        return {name: value for name, value in self.changed.items() if self._can_keep(name)}

    @property
    def lines(self) -> str:
        """The changed lines of the parameters cell: `desired_count = 2  # tasks of the service`.

        Those that parameters.yaml keeps are not among them.
        """
        return "\n".join(
            f"{name} = {_literal(value)}  # {MEANINGS[name]}"
            for name, value in self.changed.items()
            if name not in self.kept
        )

    @property
    def problems(self) -> dict[str, str]:
        """Every parameter that cannot be used, with its one line; {} if all is well."""
        found = {}
        for name, value in self.values.items():
            problem = _problem({name: value})
            if problem and name != NOT_IN_FORM and problem.details["name"] == name:
                found[name] = str(problem)
        together = _problem(self.values)
        if together and not found:
            found[str(together.details["name"])] = str(together)
        return found

    @property
    def table(self) -> str:
        """Every parameter with its value, as HTML: what is left of the form without its kernel."""
        rows = [(name, value, MEANINGS[name]) for name, value in self.values.items()]
        shown: str = table(("parameter", "value", "meaning"), rows)._repr_html_()
        return f"{shown}<p>{parts.safe(repr(self))}</p>"

    def change(self, name: str, text: str) -> None:
        """Take what was typed or chosen: a whole number, or true and false, where it is one."""
        typed = text.strip()
        self._touched.add(name)
        if name in _SWITCHES:
            self.values[name] = typed == "True"
            return
        is_number = name in _NUMBERS and typed.isascii() and typed.isdigit()
        self.values[name] = int(typed) if is_number else typed

    def keep(self) -> None:
        """Write what was changed here into parameters.yaml, if all of it can be used."""
        changed = {name: self.values[name] for name in self._touched if self._can_keep(name)}
        if changed and self.folder and not self.problems:
            kept_parameters.keep(self.folder, changed)

    def _can_keep(self, name: str) -> bool:
        """A name that the parameters cell, or papermill, says itself is theirs to say."""
        return (
            self.folder is not None
            and name in self._shared
            and name != NOT_IN_FORM
            and name not in self._injected
            and self.cell[name] == kept_parameters.DEFAULTS[name]
        )

    def __repr__(self) -> str:
        wrong = self.problems
        if wrong:
            return "\n".join(wrong.values())
        count = f"{len(self.values)} parameters, all of them usable."
        return f"{count} {_from_the_file(self.kept)}".strip()


def _from_the_file(kept: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{name} = {_literal(value)}" for name, value in kept.items())
    return f"From {kept_parameters.NAME}: {listed}." if listed else ""


def _literal(value: Any) -> str:
    """As Python writes it, with the quotes of the parameters cell: "web", 2, False."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _problem(values: Mapping[str, Any]) -> BadParameter | None:
    try:
        Settings(**values)
    except BadParameter as problem:
        return problem
    return None


def parameters(*, more: Mapping[str, Any] | None = None, **used: Any) -> ParameterForm:
    """The form over the values of the parameters cell; `form.settings` are the checked settings.

    parameters(service="web", more=dict(email="a@b.example")) shows the field `service`; `email`,
    which this notebook does not use, is there too, folded away. Where parameters.yaml stands beside
    the notebooks, its values take the place of defaults, and what is changed in the form is kept in
    it. Without a person in front of it nothing is asked or written: a value that cannot be used
    raises `BadParameter` at once.
    """
    return _form(used, more or {}, of_the_place=False)


def lab_parameters(*, more: Mapping[str, Any] | None = None, **used: Any) -> ParameterForm:
    """The same for a lab, whose names are its own: of parameters.yaml it takes and keeps where it
    runs and who is told: target, region, expected_account, cluster, email and the network.
    """
    return _form(used, more or {}, of_the_place=True)


def _form(used: Mapping[str, Any], more: Mapping[str, Any], *, of_the_place: bool) -> ParameterForm:
    form = ParameterForm(
        {**used, **more},
        folded=more,
        folder=learner_folder(),
        injected=kept_parameters.injected(cells_run()),
        of_the_place=of_the_place,
    )
    if is_interactive():
        view = FormView(form)
        view.shown = parts.Shown(view.box, repr(form), form.table)
        return form
    _ = form.settings
    parts.say(repr(form))
    return form


class FormView:
    """The widgets of a form: `fields` and `notes` by parameter, `summary`, and `box` around all."""

    def __init__(self, form: ParameterForm) -> None:
        self.form = form
        self.shown: parts.Shown | None = None
        names = [name for name in form.given if name != NOT_IN_FORM]
        self.fields = {name: _field(name, form.given[name]) for name in names}
        self.notes = {name: parts.html() for name in names}
        self.summary = parts.html()
        self.reset = parts.button("Reset to the parameters cell", self._reset)
        for name, field in self.fields.items():
            field.observe(self._listen(name), names="value")
        cells = {name: parts.column(self.fields[name], self.notes[name]) for name in names}
        shown = [cell for name, cell in cells.items() if name not in form.folded]
        rest = [cell for name, cell in cells.items() if name in form.folded]
        self.rest = parts.grid(rest)
        self.rest.layout.display = "none"
        self._said_rest = f"{len(rest)} more that this notebook does not use"
        self.unfold = parts.button(f"Show {self._said_rest}", self._unfold)
        buttons = [self.unfold, self.reset] if rest else [self.reset]
        self.box = parts.box(parts.grid(shown), self.rest, self.summary, parts.row(*buttons))
        self._refresh()

    def _unfold(self) -> None:
        is_folded = self.rest.layout.display == "none"
        self.rest.layout.display = "grid" if is_folded else "none"
        self.unfold.description = f"{'Hide' if is_folded else 'Show'} {self._said_rest}"

    def _listen(self, name: str) -> Any:
        def typed(change: Any) -> None:
            self.form.change(name, change["new"])
            self._refresh()

        return typed

    def _reset(self) -> None:
        for name, field in self.fields.items():
            field.value = str(self.form.cell[name])

    def _refresh(self) -> None:
        problems = self.form.problems
        for name, note in self.notes.items():
            wrong = problems.get(name, "")
            help_text = f"<p>{parts.safe(MEANINGS[name])}</p>"
            parts.fill(note, parts.told(wrong, is_wrong=True) if wrong else help_text)
            parts.mark(self.fields[name], is_wrong=bool(wrong))
        said = self._keep() or self._summary(problems)
        if self.shown:
            self.shown.keep(repr(self.form), self.form.table)
        parts.fill(self.summary, said)

    def _keep(self) -> str:
        """Why what was changed could not be kept; "" if it was, or need not be."""
        try:
            self.form.keep()
        except (OSError, BadParameter) as error:
            text = f"{kept_parameters.NAME} was not written: {error}"
            return parts.told(text, is_wrong=True)
        return ""

    def _summary(self, problems: Mapping[str, str]) -> str:
        if problems:
            elsewhere = [text for name, text in problems.items() if name not in self.fields]
            text = "; ".join(elsewhere) or f"Not usable yet: {', '.join(problems)}."
            return parts.told(text, is_wrong=True)
        kept, lines = _from_the_file(self.form.kept), self.form.lines
        if not kept and not lines:
            return parts.told("All parameters can be used. They are those of the parameters cell.")
        said = ""
        if kept:
            said += parts.told(f"{kept} It holds for all notebooks of this folder.")
        if lines:
            lead = (
                "The next cell takes what the form says, in this kernel only. To keep it, put this "
                "into the parameters cell:"
            )
            said += parts.told(lead) + parts.copyable(lines, "the lines")
        return said


def _field(name: str, value: Any) -> Any:
    if name in CHOICES:
        return parts.choice(name, str(value), CHOICES[name])
    return parts.text_field(name, str(value), while_typing=True)
