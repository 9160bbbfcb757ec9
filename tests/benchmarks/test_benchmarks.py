"""The benchmarks' own machinery: what is listed, the table, the files. Nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from benchmarks.measurement import Measurement, Target, not_measured, side_by_side, single, table
from benchmarks.running import (
    MODULES,
    Benchmark,
    Run,
    all_benchmarks,
    chosen,
    interleaved,
    run,
    write,
)

ROOT = Path(__file__).parents[2]
NOT_BENCHMARKS = {
    "__init__",
    "__main__",
    "floor",
    "measurement",
    "processes",
    "raw_http",
    "running",
    "worlds",
}
HALF = Target(0.5)


def met() -> Measurement:
    return side_by_side(
        "sorting",
        "the other way",
        ours=[1.0, 2.0, 1.0],
        theirs=[4.0, 4.0, 4.0],
        unit="s",
        target=HALF,
        command="sort",
    )


def missed() -> Measurement:
    return single(
        "memory", value=0.6, shown="0.6 MB", target=HALF, command="ps", note="after a warm-up"
    )


def trivial(rounds: int) -> Sequence[Measurement]:
    assert rounds == 3
    return [met(), missed()]


def a_run(*rows: Measurement) -> Run:
    about = {
        "architecture": "x86_64",
        "cpu": "Some CPU",
        "cores": 2,
        "memory": "4 GB",
        "system": "Linux 6",
        "python": "3.11.7",
    }
    began = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return Run(began, "make bench", about, (1.0, 3.0, 2.0), rows)


def test_every_module_of_benchmarks_is_listed_and_lists_its_own() -> None:
    files = {each.stem for each in (ROOT / "benchmarks").glob("*.py")}

    assert files - NOT_BENCHMARKS == set(MODULES)
    names = [each.name for each in all_benchmarks()]
    assert len(names) == len(set(names)) >= len(MODULES)


def test_the_command_line_lists_them_without_measuring() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list", "-k", "services"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["10,000 services", "500 services followed"]


def test_a_word_that_no_benchmark_has_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "-k", "weather"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "error: no benchmark has 'weather' in its name\n")


def test_benchmarks_are_chosen_by_a_part_of_their_name() -> None:
    some = [Benchmark("import", trivial), Benchmark("first answer", trivial)]

    assert chosen(some, "imp") == some[:1]
    assert chosen(some, "") == some


def test_sides_are_measured_in_turn() -> None:
    turn = count(1)

    ours, theirs = interleaved(3, lambda: float(next(turn)), lambda: float(next(turn)))

    assert (ours, theirs) == ([1.0, 3.0, 5.0], [2.0, 4.0, 6.0])


def test_running_gives_every_row_and_says_what_runs() -> None:
    said: list[str] = []

    rows = list(run([Benchmark("trivial", trivial)], 3, said.append))

    assert rows == [met(), missed()]
    assert said == ["trivial …"]


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    row = met()

    assert row.value == 0.25
    assert row.ours == "1 s (1 to 2)"
    assert row.theirs == "4 s (4 to 4)"
    assert row.met


@pytest.mark.parametrize(
    ("target", "value", "missed_by"),
    [
        (Target(0.25), 0.25, ""),
        (Target(0.25), 0.3, "20 %"),
        (Target(10, at_least=True), 12, ""),
        (Target(10, at_least=True), 8, "20 %"),
    ],
)
def test_a_target_says_by_how_much_it_is_missed(
    target: Target, value: float, missed_by: str
) -> None:
    assert target.missed_by(value) == missed_by
    assert target.is_met(value) is (missed_by == "")


def test_the_table_shows_ratio_target_and_what_was_missed() -> None:
    absent = not_measured("speed", "ministack", Target(2, at_least=True), "run", "not installed")

    lines = table([met(), missed(), absent]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    assert len({len(line) for line in lines}) == 1
    assert cells[0] == ["what", "ours", "against", "theirs", "ratio", "target", "met"]
    assert cells[2:] == [
        [
            "sorting",
            "1 s (1 to 2)",
            "the other way",
            "4 s (4 to 4)",
            "0.25",
            "at most 0.5 x",
            "yes",
        ],
        ["memory", "0.6 MB", "—", "", "0.6", "at most 0.5 x", "no, by 20 %"],
        ["speed", "", "ministack", "not installed", "", "at least 2 x", "not measured"],
    ]


def test_results_are_written_with_the_machine_and_the_commands(tmp_path: Path) -> None:
    found = a_run(met(), missed())

    as_json, as_markdown = write(found, tmp_path)

    assert as_json.name == "2026-01-05-x86_64-2cpu.json"
    content = json.loads(as_json.read_text(encoding="utf-8"))
    assert content["machine"] == found.machine
    assert content["load_average"] == {"median": 2.0, "highest": 3.0}
    assert [(row["what"], row["value"], row["met"]) for row in content["rows"]] == [
        ("sorting", 0.25, True),
        ("memory", 0.6, False),
    ]
    text = as_markdown.read_text(encoding="utf-8")
    assert "`make bench` on Some CPU, 2 cores, 4 GB," in text
    assert "1 of 2 targets are met." in text
    assert table(found.rows) in text
    assert "- memory: after a warm-up" in text
    assert "- sorting: `sort`" in text


def test_the_committed_results_are_of_a_whole_run() -> None:
    folder = ROOT / "benchmarks" / "results"
    text = (folder / "latest.md").read_text(encoding="utf-8")
    newest = max(folder.glob("*.json"))
    content = json.loads(newest.read_text(encoding="utf-8"))

    assert content["command"] == "make bench"
    assert all(row["what"] in text and row["command"] for row in content["rows"])


def test_continuous_integration_runs_no_benchmarks() -> None:
    workflows = [*ROOT.glob(".github/workflows/*"), *ROOT.glob(".ci/*")]

    for each in workflows:
        if each.is_file():
            text = each.read_text(encoding="utf-8")
            assert "make bench" not in text
            assert "-m benchmarks" not in text
