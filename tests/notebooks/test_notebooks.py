"""The notebooks as papermill users meet them: alone, with parameters, with no emulator running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.aws.journal import read_records
from runbook_lib.learner.notebook_files import walk_notebooks

PAPERMILL = Path(sys.executable).parent / "papermill"
RECORDS: dict[str, dict[str, Any]] = {
    "00_start_here": {"account": "123456789876", "region": "eu-west-1"},
    "10_register_task_definition": {"revision": "my-task:1", "status": "ACTIVE"},
    "20_create_service": {"steady": True, "breaker": True, "rollback": True},
    "30_create_sns_topic": {"subscriptions": 1, "confirmed": 1},
    "40_create_event_rule": {"state": "ENABLED", "matches": True},
    "50_run_failure_drill": {"passed": True, "ending": "rolled back", "alert arrived": True},
    "60_review_evidence": {"passed": True, "ending": "rolled back", "alert arrived": True},
    "90_clean_up": {"left": 0},
}


def papermill(path: Path, target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [str(PAPERMILL), "--no-progress-bar", str(path), str(target), *arguments],
        env=kept,
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", walk_notebooks(), ids=lambda path: path.stem)
def test_the_committed_outputs_record_what_each_notebook_promises(path: Path) -> None:
    records = read_records(json.loads(path.read_text(encoding="utf-8")))

    expected = RECORDS[path.stem]
    assert {name: records.get(name) for name in expected} == expected


def test_every_notebook_of_the_walk_is_known_here() -> None:
    assert [path.stem for path in walk_notebooks()] == list(RECORDS)


def test_a_fresh_run_gives_the_committed_outputs_to_the_byte() -> None:
    tool = Path(__file__).parents[2] / "tools" / "execute_notebooks.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drill_notebook_works_alone(tmp_path: Path) -> None:
    path = next(each for each in walk_notebooks() if each.stem == "50_run_failure_drill")
    target = tmp_path / "out.ipynb"

    done = papermill(path, target, "-y", "{desired_count: 2, service: web, family: web}")

    assert done.returncode == 0, done.stderr
    records = read_records(json.loads(target.read_text(encoding="utf-8")))
    assert records["passed"] is True
    assert records["rolled back to"].startswith("web:1 ")


def test_a_bad_parameter_stops_a_notebook_with_its_one_line(tmp_path: Path) -> None:
    path = next(each for each in walk_notebooks() if each.stem == "10_register_task_definition")
    target = tmp_path / "out.ipynb"

    done = papermill(path, target, "-y", "{desired_count: many}")

    assert done.returncode == 1
    assert "BadParameter: desired_count: 'many' is not a whole number" in done.stderr
