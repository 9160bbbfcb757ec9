"""Room: the report of a drill for CI.

Lives here: `junit.xml`: one suite, whose cases are the notebooks, the steady states, the rollback,
the verdict and the hops of the alert.
Never here: judging, reading a journal.

The elements and attributes are those that Jenkins, GitLab and GitHub's test reporters all read.
Each drill has the same cases, run or not, so that a history of drills lines up.
https://github.com/jenkinsci/xunit-plugin (junit-10.xsd)
https://docs.gitlab.com/ci/testing/unit_test_reports/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from runbook_lib.evidence.evidence import Evidence, Hop, Notebook, SteadyState, Verdict, read
from runbook_lib.evidence.moments import seconds_between

JUNIT_FILE = "junit.xml"
SUITE = "ECS deployment circuit breaker drill"
HOPS = ("UpdateService", "deployment", "failure event", "rule", "target", "topic", "subscriber")
_PASSED, _FAILED, _SKIPPED = "passed", "failure", "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """`state` is "passed", "failure" or "skipped"; `message` says why it is not passed."""

    group: str
    name: str
    state: str
    seconds: float = 0.0
    message: str = ""
    next_step: str = ""


def write(journal: Mapping[str, Any], folder: Path) -> Path:
    """Write `junit.xml` into the folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / JUNIT_FILE
    file.write_text(render(journal), encoding="utf-8", newline="\n")
    return file


def render(journal: Mapping[str, Any]) -> str:
    told = read(journal)
    root = ElementTree.Element("testsuites")
    root.append(_suite(told, cases(told)))
    for name in ("tests", "failures", "errors", "skipped", "time"):
        root.set(name, root[0].get(name, "0"))
    root.set("name", SUITE)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def cases(told: Evidence) -> tuple[Case, ...]:
    """What a drill has to show, in the order in which it shows it."""
    hops = {each.hop: each for each in told.hops}
    return (
        *(_notebook(each) for each in told.notebooks),
        _steady("before", told.before),
        _rolled_back(told.verdict),
        _steady("after", told.after),
        *(_hop(name, hops.get(name)) for name in dict.fromkeys((*HOPS, *hops))),
        _verdict(told.verdict),
    )


def _notebook(notebook: Notebook) -> Case:
    state = {"ok": _PASSED, "failed": _FAILED}.get(notebook.state, _SKIPPED)
    message = notebook.error or ("it failed" if state == _FAILED else notebook.state)
    return Case("notebooks", notebook.name, state, notebook.seconds or 0.0, message)


def _steady(when: str, found: SteadyState | None) -> Case:
    name = f"steady state {when} the bad release"
    if found is None:
        return Case("steady state", name, _SKIPPED, message="it was not measured")
    if found.met:
        return Case("steady state", name, _PASSED)
    wrong = [f"{p.name} is {p.value}, not {p.tolerance}" for p in found.probes if not p.met]
    message = "hypothesis deviated: " + (", ".join(wrong) or "no probe says why")
    return Case("steady state", name, _FAILED, message=message)


def _rolled_back(verdict: Verdict | None) -> Case:
    name = "the deployment was rolled back by the circuit breaker"
    if verdict is None:
        return Case("deployment", name, _SKIPPED, message="there is no verdict")
    if (verdict.ending, verdict.ended_by) == ("rolled back", "circuit breaker"):
        return Case("deployment", name, _PASSED)
    by = f" by {verdict.ended_by}" if verdict.ended_by else ""
    message = f"it ended otherwise: {verdict.ending or 'not known'}{by}. {verdict.sentence}"
    return Case("deployment", name, _FAILED, message=message, next_step=verdict.next_step)


def _hop(name: str, hop: Hop | None) -> Case:
    if hop is None:
        return Case("alert", name, _SKIPPED, message="the alert was not followed")
    found = f"{hop.state}: {hop.found}" if hop.found else hop.state
    state = {"ok": _PASSED, "broken": _FAILED}.get(hop.state, _SKIPPED)
    return Case("alert", name, state, max(hop.seconds or 0.0, 0.0), found, hop.fix)


def _verdict(verdict: Verdict | None) -> Case:
    if verdict is None:
        return Case("deployment", "the verdict is pass", _SKIPPED, message="there is no verdict")
    state = _PASSED if verdict.passed else _FAILED
    text, next_step = verdict.sentence or "the verdict is fail", verdict.next_step
    return Case("deployment", "the verdict is pass", state, message=text, next_step=next_step)


def _suite(told: Evidence, tests: Iterable[Case]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": SUITE})
    suite.append(_properties(told))
    suite.extend(_case(each) for each in tests)
    found = suite.findall("testcase")
    suite.set("tests", str(len(found)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    whole = seconds_between(told.started, told.ended)
    parts = sum(float(each.get("time", "0")) for each in found)
    suite.set("time", _seconds(parts if whole is None else whole))
    if told.started is not None:
        suite.set("timestamp", f"{told.started:%Y-%m-%dT%H:%M:%S}")  # the schema has no offset
    return suite


def _properties(told: Evidence) -> ElementTree.Element:
    where = {name: getattr(told, name) for name in ("target", "account", "region", "caller")}
    versions = {f"version.{name}": value for name, value in told.versions.items()}
    parameters = {f"parameter.{name}": value for name, value in told.parameters.items()}
    properties = ElementTree.Element("properties")
    for name, value in {**where, **versions, **parameters}.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    return properties


def _case(case: Case) -> ElementTree.Element:
    classname = f"drill.{case.group.replace(' ', '_')}"
    time = _seconds(case.seconds)
    element = ElementTree.Element(
        "testcase", {"classname": classname, "name": case.name, "time": time}
    )
    if case.state == _FAILED:
        failure = ElementTree.SubElement(
            element, "failure", {"message": case.message, "type": case.group}
        )
        failure.text = "\n".join(
            filter(None, (case.message, case.next_step and f"Next: {case.next_step}"))
        )
    elif case.state == _SKIPPED:
        ElementTree.SubElement(element, "skipped", {"message": case.message})
    return element


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"
