"""junit.xml as the readers of CI servers take it."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from runbook_lib.evidence import junit

EVIDENCE = Path(__file__).parent / "journals"
NAMES = ("passed", "not_delivered", "superseded", "broken_off")
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, {"failure", "skipped"}),
    "failure": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
}
"""element: (its attributes, its children), of those that the schema of Jenkins's xunit plugin and
the parsers of GitLab and of GitHub's reporters know."""
SECONDS = re.compile(r"\d+\.\d{3}")


def journal(name: str) -> dict[str, Any]:
    return json.loads((EVIDENCE / f"{name}.json").read_text("utf-8"))


def suite_of(told: dict[str, Any]) -> ElementTree.Element:
    return ElementTree.fromstring(junit.render(told).encode())[0]


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    return {
        each.get("name", ""): each[0].tag if len(each) else "passed"
        for each in suite_of(told).iter("testcase")
    }


def assert_follows_the_schema(text: str) -> None:
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = SCHEMA[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        assert {each.tag for each in element} <= children, element.tag
    for case in root.iter("testcase"):
        assert len(case) <= 1
        assert case.get("name")
        assert case.get("classname")
        assert SECONDS.fullmatch(case.get("time", ""))
    for counted in (root, root[0]):
        for name, path in (
            ("tests", ".//testcase"),
            ("failures", ".//failure"),
            ("skipped", ".//skipped"),
        ):
            assert counted.get(name) == str(len(counted.findall(path)))
        assert counted.get("errors") == "0"
        assert SECONDS.fullmatch(counted.get("time", ""))
    assert [each.tag for each in root[0]].index("properties") == 0


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_elements_and_attributes_that_every_reader_knows(name: str) -> None:
    assert_follows_the_schema(junit.render(journal(name)))


def test_a_drill_that_passed_has_passed_in_every_case() -> None:
    assert outcomes(journal("passed")) == dict.fromkeys(
        (
            "00_start_here",
            "10_register_task_definition",
            "20_create_service",
            "30_create_sns_topic",
            "40_create_event_rule",
            "50_run_failure_drill",
            "60_review_evidence",
            "90_clean_up",
            "steady state before the bad release",
            "the deployment was rolled back by the circuit breaker",
            "steady state after the bad release",
            "UpdateService",
            "deployment",
            "failure event",
            "rule",
            "target",
            "topic",
            "subscriber",
            "the verdict is pass",
        ),
        "passed",
    )


def test_a_hop_that_broke_fails_and_says_how_to_fix_it() -> None:
    told = journal("not_delivered")
    failed = {each: state for each, state in outcomes(told).items() if state != "passed"}
    failure = suite_of(told).find(".//testcase[@name='topic']/failure")

    assert failed == {"topic": "failure", "subscriber": "skipped", "the verdict is pass": "failure"}
    assert failure is not None
    assert failure.get("message") == (
        "broken: the policy of my-topic does not let events.amazonaws.com publish"
    )
    assert (failure.text or "").endswith("\nNext: run 30_create_sns_topic again")


def test_the_verdict_fails_with_its_sentence_and_next_step() -> None:
    told = journal("superseded")
    failure = suite_of(told).find(".//testcase[@name='the verdict is pass']/failure")

    assert failure is not None
    assert failure.get("message") == told["verdict"]["sentence"]
    assert failure.text == (f"{told['verdict']['sentence']}\nNext: {told['verdict']['next_step']}")


def test_a_rollback_by_something_else_is_none_by_the_circuit_breaker() -> None:
    told = journal("passed")
    told["verdict"].update(ended_by="deployment alarm", passed=False)

    assert outcomes(told)["the deployment was rolled back by the circuit breaker"] == "failure"


def test_a_run_that_broke_off_has_the_same_cases_and_skips_what_it_did_not_reach() -> None:
    found = outcomes(journal("broken_off"))

    assert list(found) == list(outcomes(journal("passed")))
    assert [name for name, state in found.items() if state == "failure"] == ["20_create_service"]
    assert [name for name, state in found.items() if state == "passed"] == [
        "00_start_here",
        "10_register_task_definition",
    ]


def test_a_steady_state_that_deviated_names_the_probe() -> None:
    told = journal("passed")
    told["steady_states"]["after"].update(
        met=False,
        probes=[{"name": "running tasks", "tolerance": "1", "value": "0", "met": False}],
    )
    failure = suite_of(told).find(".//testcase[@name='steady state after the bad release']/failure")

    assert failure is not None
    assert failure.get("message") == "hypothesis deviated: running tasks is 0, not 1"


def test_times_are_seconds_and_the_moment_has_no_offset() -> None:
    suite = suite_of(journal("passed"))
    times = {each.get("name"): each.get("time") for each in suite.iter("testcase")}

    assert times["deployment"] == "687.393"
    assert times["rule"] == "0.000"
    assert suite.get("time") == "900.000"
    assert suite.get("timestamp") == "2026-01-05T09:00:00"


def test_properties_say_where_and_with_which_versions() -> None:
    found = {each.get("name"): each.get("value") for each in suite_of(journal("passed"))[0]}

    assert found["account"] == "123456789876"
    assert found["region"] == "eu-west-1"
    assert found["version.boto3"] == "1.44.5"
    assert found["parameter.bad_image"] == "nginx:wrong-image-tag"


HOSTILE = (
    "\x00\x08\x0b\x1b[31m\ud800\ufffe ]]> <failure/> \" ' & &#0; <!-- <![CDATA[ \r\n\t 日本 🚀"
)


def with_everywhere(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: with_everywhere(each, text) for name, each in value.items()}
    if isinstance(value, list):
        return [with_everywhere(each, text) for each in value]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize("name", NAMES)
def test_it_is_well_formed_whatever_the_texts_hold(name: str) -> None:
    told = journal(name)
    told["notebooks"] = with_everywhere(told["notebooks"], HOSTILE)
    for part in ("verdict", "delivery", "steady_states", "versions", "parameters"):
        told[part] = with_everywhere(told[part], HOSTILE)
    for hop in (told["delivery"] or {"hops": []})["hops"]:
        hop["state"] = "broken"

    assert_follows_the_schema(junit.render(told))


def test_nothing_at_all_is_a_suite_with_everything_skipped() -> None:
    assert_follows_the_schema(junit.render({}))
    assert set(outcomes({}).values()) == {"skipped"}


def test_it_is_written_beside_the_journal(tmp_path: Path) -> None:
    told = journal("passed")
    before = deepcopy(told)
    file = junit.write(told, tmp_path / "out")

    assert file == tmp_path / "out" / "junit.xml"
    assert file.read_text("utf-8") == junit.render(told)
    assert told == before
