"""Room: the parameters of a notebook as a form.

Lives here: a field for each parameter, checked while it is typed, and the lines for the parameters
cell, which stays the one place where a value is kept.
Never here: what is a good value (settings).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from runbook_lib.errors import BadParameter
from runbook_lib.facts.alert_text import ALERT_FORMATS
from runbook_lib.facts.settings import CREATE, EXISTING, TARGETS, Settings
from runbook_lib.notebook.frontend import is_interactive
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
    "bad_image": "an image that does not",
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
NOT_IN_FORM = "confirm"
"""It is given after the plan has been read, not before."""
_NUMBERS = {each.name for each in fields(Settings) if type(each.default) is int}
_SWITCHES = {each.name for each in fields(Settings) if isinstance(each.default, bool)}


class ParameterForm:
    """The parameters as the parameters cell gives them, or as they are in the form now."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)
        self.values = dict(given)

    @property
    def settings(self) -> Settings:
        """The parameters as they are now. Raises `BadParameter` while one cannot be used."""
        return Settings(**self.values)

    @property
    def changed(self) -> dict[str, Any]:
        """What differs from the parameters cell."""
        return {name: v for name, v in self.values.items() if v != self.given[name]}

    @property
    def lines(self) -> str:
        """The changed lines of the parameters cell: `desired_count = 2  # tasks of the service`."""
        return "\n".join(
            f"{name} = {_literal(value)}  # {MEANINGS[name]}"
            for name, value in self.changed.items()
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
        if name in _SWITCHES:
            self.values[name] = typed == "True"
            return
        is_number = name in _NUMBERS and typed.isascii() and typed.isdigit()
        self.values[name] = int(typed) if is_number else typed

    def __repr__(self) -> str:
        wrong = self.problems
        if wrong:
            return "\n".join(wrong.values())
        return f"{len(self.values)} parameters, all of them usable."


def _literal(value: Any) -> str:
    """As Python writes it, with the quotes of the parameters cell: "web", 2, False."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _problem(values: Mapping[str, Any]) -> BadParameter | None:
    try:
        Settings(**values)
    except BadParameter as problem:
        return problem
    return None


def parameters(**given: Any) -> ParameterForm:
    """The form over the values of the parameters cell; `form.settings` are the checked settings.

    parameters(service="web", desired_count=2).settings.desired_count is 2. Without a person in
    front of it nothing is asked: a value that cannot be used raises `BadParameter` at once.
    """
    form = ParameterForm(given)
    if is_interactive():
        view = FormView(form)
        view.shown = parts.Shown(view.box, repr(form), form.table)
        return form
    _ = form.settings
    print(form)
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
        cells = [parts.column(self.fields[name], self.notes[name]) for name in names]
        self.box = parts.box(parts.grid(cells), self.summary, parts.row(self.reset))
        self._refresh()

    def _listen(self, name: str) -> Any:
        def typed(change: Any) -> None:
            self.form.change(name, change["new"])
            self._refresh()

        return typed

    def _reset(self) -> None:
        for name, field in self.fields.items():
            field.value = str(self.form.given[name])

    def _refresh(self) -> None:
        problems = self.form.problems
        for name, note in self.notes.items():
            wrong = problems.get(name, "")
            help_text = f"<p>{parts.safe(MEANINGS[name])}</p>"
            parts.fill(note, parts.told(wrong, is_wrong=True) if wrong else help_text)
        if self.shown:
            self.shown.keep(repr(self.form), self.form.table)
        parts.fill(self.summary, self._summary(problems))

    def _summary(self, problems: Mapping[str, str]) -> str:
        if problems:
            elsewhere = [text for name, text in problems.items() if name not in self.fields]
            text = "; ".join(elsewhere) or f"Not usable yet: {', '.join(problems)}."
            return parts.told(text, is_wrong=True)
        if not self.form.changed:
            return parts.told("All parameters are usable, and as in the parameters cell.")
        lead = (
            "The next cell takes what the form says, in this kernel only. To keep it, put this "
            "into the parameters cell:"
        )
        return parts.told(lead) + parts.copyable(self.form.lines, "the lines")


def _field(name: str, value: Any) -> Any:
    if name in CHOICES:
        return parts.choice(name, str(value), CHOICES[name])
    return parts.text_field(name, str(value), while_typing=True)
