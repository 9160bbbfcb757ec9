"""The learner's own copy of the notebooks: made once, kept current, never overwritten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runbook_lib.aws.clock import WallClock
from runbook_lib.errors import BadParameter
from runbook_lib.learner.notebook_files import notebook_folder
from runbook_lib.learner.working_copy import begin_anew, bring_up_to_date, set_aside

RUNBOOK = Path(sys.executable).parent / "runbook"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    (folder / "labs" / ".ipynb_checkpoints").mkdir(parents=True)
    for name in ("00_start.ipynb", "labs/01_lab.ipynb", "labs/.ipynb_checkpoints/x.ipynb"):
        (folder / name).write_text('{"version": 1}', "utf-8")
    return folder


def test_all_notebooks_are_copied_once(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine"

    assert bring_up_to_date(source, own) == ["00_start.ipynb", "labs/01_lab.ipynb"]
    assert bring_up_to_date(source, own) == []
    assert (own / "labs" / "01_lab.ipynb").read_text("utf-8") == '{"version": 1}'


def test_what_the_learner_changed_stays_and_the_rest_follows_the_project(
    source: Path, tmp_path: Path
) -> None:
    own = tmp_path / "mine"
    bring_up_to_date(source, own)
    (own / "00_start.ipynb").write_text("mine", "utf-8")
    for name in ("00_start.ipynb", "labs/01_lab.ipynb"):
        (source / name).write_text('{"version": 2}', "utf-8")

    assert bring_up_to_date(source, own) == ["labs/01_lab.ipynb"]
    assert (own / "00_start.ipynb").read_text("utf-8") == "mine"


def test_what_is_below_a_prediction_comes_without_its_answer(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    bring_up_to_date(notebook_folder(), own)
    lab = "labs/01_choose_thresholds.ipynb"
    committed, copied = (
        json.loads((folder / lab).read_text("utf-8"))["cells"]
        for folder in (notebook_folder(), own)
    )
    code = [(a, b) for a, b in zip(committed, copied, strict=True) if a["cell_type"] == "code"]
    is_below = False

    for before, after in code:
        assert after["source"] == before["source"]
        assert after["outputs"] == ([] if is_below else before["outputs"])
        is_below = is_below or "widgets.prediction(" in "".join(before["source"])
    assert is_below
    assert "outputs_hidden" not in (own / lab).read_text("utf-8")
    assert bring_up_to_date(notebook_folder(), own) == []


def test_starting_over_keeps_what_was_there(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine"
    assert set_aside(own) is None
    for number in (1, 2):
        bring_up_to_date(source, own)
        (own / "00_start.ipynb").write_text(f"mine {number}", "utf-8")
        assert set_aside(own) == tmp_path / f"mine.{number}"

    assert (tmp_path / "mine.1" / "00_start.ipynb").read_text("utf-8") == "mine 1"
    assert len(bring_up_to_date(source, own)) == 2


def test_new_notebooks_in_a_copy_that_is_open(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine"
    (source / "00_start.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}', "utf-8")
    (source / "labs" / "01_lab.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "utf-8"
    )
    bring_up_to_date(source, own)
    assert begin_anew(source, own) == (0, None)

    for turn in (1, 2):
        for name in ("00_start.ipynb", "labs/01_lab.ipynb"):
            (own / name).write_text(f'{{"mine": {turn}}}', "utf-8")
        count, kept = begin_anew(source, own, but=("00_start.ipynb",))

        assert (count, kept) == (1, own / f"before-{turn}")
        assert kept is not None
        assert (kept / "labs/01_lab.ipynb").read_text("utf-8") == f'{{"mine": {turn}}}'
        assert "cells" in (own / "labs/01_lab.ipynb").read_text("utf-8")
        assert (own / "00_start.ipynb").read_text("utf-8") == f'{{"mine": {turn}}}'


def test_nothing_is_begun_anew_where_there_is_no_copy(source: Path) -> None:
    with pytest.raises(BadParameter, match="is no copy of the notebooks"):
        begin_anew(source, source)


def test_a_folder_that_holds_something_else_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("…", "utf-8")

    with pytest.raises(BadParameter, match="is no copy of the notebooks, and it is not empty"):
        bring_up_to_date(source, tmp_path / "letters")


def test_a_sigterm_to_the_lab_ends_jupyterlab_too(tmp_path: Path) -> None:
    """And what a terminal in it finds is the emulated account, whoever the user is."""
    log = tmp_path / "log"
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **own, "AWS_PROFILE": "somebody", "AWS_ACCESS_KEY_ID": "real"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *(str(RUNBOOK), "lab", "--work", str(tmp_path / "mine"), "--"),
                *("--no-browser", "--ServerApp.port=0", "--allow-root"),
            ],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for _ in range(600):
            if "token=" in log.read_text("utf-8") or process.poll() is not None:
                break
            WallClock().sleep(0.1)
        (jupyter,) = _children_of(process.pid)
        found = dict(
            each.split("=", 1)
            for each in Path(f"/proc/{jupyter}/environ").read_text("utf-8").split("\0")
            if "=" in each
        )
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    assert not Path(f"/proc/{jupyter}").exists()
    assert found["AWS_ACCESS_KEY_ID"] == "AKIAIOSFODNN7EXAMPLE"
    assert "AWS_PROFILE" not in found
    assert found["PATH"].startswith(str(RUNBOOK.parent))
    copied = json.loads((tmp_path / "mine" / ".copied.json").read_text("utf-8"))
    assert len(copied) == len([*notebook_folder().rglob("*.ipynb")])


def _children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(each) for each in text.split()]
