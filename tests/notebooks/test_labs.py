"""The labs: what each records, where each of its claims comes from, and all of them in one run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runbook_lib.aws.journal import read_records
from runbook_lib.cli.main import main
from runbook_lib.errors import BadParameter
from runbook_lib.facts import CircuitBreaker
from runbook_lib.learner.notebook_files import lab_notebooks
from runbook_lib.walk.labs import count_failures, detection_seconds
from runbook_lib.walk.labs.breaks import BREAKS, find_break

FACTS = Path(__file__).parents[1] / "ecs_emulator" / "facts" / "aws_facts" / "facts.json"
RECORDS: dict[str, dict[str, Any]] = {
    "01_choose_thresholds": {"failures": 3, "failures with COUNT 1": 1, "two-failures": True},
    "02_return_to_nothing": {"a good task runs": 3, "rolled back": 1, "good-again": True},
    "03_catch_crash_loops": {
        "ended": "completed",
        "tasks that died": True,
        "ended with an alarm": "deployment alarm",
        "trips": False,
        "second-guard": True,
    },
    "04_tune_health_checks": {
        "ended": "rolled back",
        "ended with enough": "completed",
        "short-grace": True,
    },
    "05_read_stopped_tasks": {
        "rolled back": 6,
        "never ran": 3,
        "fixed": True,
        "corrected": True,
    },
    "06_find_lost_alerts": {
        "alert arrived": False,
        "broken hop": "rule",
        "alert arrived after the fix": True,
        "found": len(BREAKS),
        "repaired": True,
    },
    "07_see_through_false_greens": {
        "seen by the waiter": 0,
        "seen by the verdict": 4,
        "with the default threshold": "not stable: exit code 255, after 585 s and 40 calls",
        "it was": "rolled back",
        "truly-green": True,
    },
    "08_send_better_alerts": {
        "alert arrived": False,
        "kept": 1,
        "with a rule for all": 2,
        "with a rule of one service": 1,
        "fewer calls by queue": True,
        "two-services": True,
    },
}
CLAIMS: dict[str, dict[str, tuple[str, ...]]] = {
    "01_choose_thresholds": {
        "half the desired count, rounded up, never below 3 and never above 200": (
            "breaker.default-threshold",
            "breaker.bounded-percent",
        ),
        "`UNBOUNDED_PERCENT` is the same without the bounds": ("breaker.unbounded-percent",),
        "`COUNT` is simply a number": ("breaker.count",),
        "Tasks of one round start and fail together": ("breaker.parallel",),
        "it decides when it does": ("breaker.verdict-late",),
        "changing only the threshold starts no deployment": ("breaker.settings-no-deployment",),
        "by default a task that becomes healthy sets the count back to 0": ("breaker.resets",),
    },
    "02_return_to_nothing": {
        "rolls back to the most recent deployment that is COMPLETED": ("rollback.target",),
        "PRIMARY and FAILED, and ECS starts nothing more": ("rollback.no-target",),
        "`enable` alone stops a deployment; it does not undo it": ("rollback.off",),
        "it runs until its successor is healthy": ("rollback.old-task-serves",),
        "so a rollback to it should work": ("rollback.deregistered-target",),
        "is IN_PROGRESS until it is COMPLETED again": ("rollback.target-in-progress",),
    },
    "03_catch_crash_loops": {
        "counts tasks that do not become RUNNING": ("breaker.stage-1",),
        "tasks that fail their health checks": ("breaker.stage-2-container",),
        "so it counts as started": ("breaker.late-crash",),
        "ends it and rolls it back": ("alarms.fail",),
        "ECS goes on watching after the tasks are in place": ("alarms.bake",),
        "failures add up over the whole deployment": ("breaker.cumulative",),
    },
    "04_tune_health_checks": {
        "ECS then replaces it, and the breaker counts it": ("breaker.stage-2-container",),
        "says how long ECS ignores the answers": ("breaker.grace-period",),
    },
    "05_read_stopped_tasks": {
        "`TaskFailedToStart` means that the container never ran": ("tasks.never-started",),
        "ECS shows stopped tasks for about an hour only": ("tasks.visible-for-an-hour",),
        "The breaker counts all of them alike": ("breaker.stage-1", "breaker.exit-1"),
    },
    "06_find_lost_alerts": {
        "a rule that does not match is silent": ("eventbridge.pattern",),
        "a target that refuses is only a number in CloudWatch": ("eventbridge.metrics",),
    },
    "07_see_through_false_greens": {
        "one deployment is left, and as many tasks run as are desired": ("rollback.waiter",),
        "starts a deployment of the very revision that runs already": ("deployments.forced",),
        "Here an alarm rings while it is deployed, and ECS rolls it back": ("alarms.fail",),
        "A second deployment replaces the first before it has ended": ("deployments.second",),
        "with a desired count of 0 it completes, whatever its image": ("breaker.desired-0",),
        "by the id that `UpdateService` replied with": ("rollback.id-tells",),
    },
    "08_send_better_alerts": {
        "an *input transformer* makes a text of the same event": ("eventbridge.input",),
        "Nobody is told before he has confirmed": ("sns.nothing-before-confirmation",),
        "With one it is kept, and the reason beside it": ("eventbridge.dead-letter",),
        "`resources` in its pattern names your service's ARN": ("eventbridge.envelope",),
    },
}


def content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def prose(path: Path) -> str:
    cells = content(path)["cells"]
    return " ".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def known_facts() -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in json.loads(FACTS.read_text(encoding="utf-8"))}


def each_claim() -> Iterator[tuple[str, str, str]]:
    for lab, claims in CLAIMS.items():
        for claim, facts in claims.items():
            yield from ((lab, claim, fact) for fact in facts)


def test_there_are_eight_labs_and_each_is_known_here() -> None:
    stems = [path.stem for path in lab_notebooks()]

    assert stems == list(RECORDS) == list(CLAIMS)
    assert len(stems) == 8


@pytest.mark.parametrize("path", lab_notebooks(), ids=lambda path: path.stem)
def test_the_committed_outputs_record_what_each_lab_promises(path: Path) -> None:
    records = read_records(content(path))

    expected = RECORDS[path.stem]
    assert {name: records.get(name) for name in expected} == expected


@pytest.mark.parametrize("path", lab_notebooks(), ids=lambda path: path.stem)
def test_each_lab_asks_before_it_shows_and_cleans_up(path: Path) -> None:
    text, cells = prose(path), content(path)["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")

    assert len(cells) <= 36
    assert "prediction = " in code
    assert 'prediction = ""' in code, "nobody's guess is made for them"
    assert code.index("widgets.prediction(prediction, ") < code.index("guess.compare(")
    assert "labs.clean_up_plan" in code
    assert text.index("Question") < text.index("Explanation")
    assert re.search(r"\*\*Takes\*\* \d+ minutes", text)
    assert "https://docs.aws.amazon.com/" in text


@pytest.mark.parametrize(("lab", "claim", "fact"), list(each_claim()))
def test_each_claim_of_a_lab_has_a_fact_with_its_source(lab: str, claim: str, fact: str) -> None:
    path = next(each for each in lab_notebooks() if each.stem == lab)
    known = known_facts()[fact]

    assert claim in prose(path)
    assert known["source"].startswith("http") or known["known"] == "assumed"


def test_all_labs_run_in_one_go_and_each_does_what_it_says(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["drill", "--labs", "--out", str(tmp_path)])

    assert done.exit_code == 0, done.output
    assert f"Verdict: PASS. {len(RECORDS)} labs ran; each does what it says." in done.output
    for stem in RECORDS:
        assert re.search(rf"^{stem} +ok$", done.output, re.MULTILINE)
        assert (tmp_path / "labs" / f"{stem}.ipynb").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--target", "aws"], "target: 'aws', and --labs runs on the emulator only"),
        (["--set", "desired_count=2"], "--labs: the labs have parameters of their own"),
    ],
)
def test_labs_run_as_they_are_and_on_the_emulator_only(
    options: list[str], why: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(main, ["drill", "--labs", *options, "--out", str(tmp_path / "out")])

    assert done.exit_code == 2
    assert why in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("resets", "counted"),
    [
        (True, [(1, False), (2, False), (0, False), (1, False), (2, False), (3, True)]),
        (False, [(1, False), (2, False), (2, False), (3, True), (4, True), (5, True)]),
    ],
)
def test_the_two_ways_of_counting(resets: bool, counted: list[tuple[int, bool]]) -> None:
    breaker = CircuitBreaker(enable=True, rollback=True, reset_on_healthy_task=resets)
    story = ["failed", "failed", "healthy", "failed", "failed", "failed"]

    assert count_failures(story, breaker, 1) == counted


def test_a_breaker_that_is_off_never_trips() -> None:
    assert count_failures(["failed"] * 9, CircuitBreaker(False, False), 1)[-1] == (9, False)


def test_a_check_is_noticed_after_its_start_period_and_its_retries() -> None:
    assert detection_seconds({}) == 90
    assert detection_seconds({"interval": 10, "retries": 2, "startPeriod": 60}) == 80


@pytest.mark.parametrize("case", [0, len(BREAKS) + 1])
def test_there_is_no_break_of_another_number(case: int) -> None:
    with pytest.raises(BadParameter, match=r"^case: "):
        find_break(case)
