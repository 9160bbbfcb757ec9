"""Room: all labs, headless, and whether each still shows what it says.

Lives here: running them one after the other, each in a new world, and comparing what they record
with what their committed outputs record.
Never here: the walk, what a lab teaches.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from papermill.exceptions import PapermillExecutionError

from runbook_lib.aws.journal import read_records
from runbook_lib.aws.session import ENDPOINT_VARIABLE
from runbook_lib.errors import BadParameter
from runbook_lib.headless.preparation import FAILED, PASSED, REFUSED
from runbook_lib.headless.warm_kernel import WarmKernel
from runbook_lib.learner.notebook_files import lab_notebooks

Say = Callable[[str], None]


def run_labs(given: Mapping[str, Any], out: Path, say: Say = print) -> int:
    """Run every lab on an emulator of its own; the executed copies go to `out`/labs.

    Returns 0 if each records what it promises, 1 if one does not, 3 if one breaks off; one that
    breaks off does not keep the others from being run. Raises `BadParameter` for any parameter but
    `target: emulator`.
    """
    _refuse(given)
    folder = out / "labs"
    folder.mkdir(parents=True, exist_ok=True)
    codes = []
    with _emulator() as (url, reset):
        environment = {**os.environ, ENDPOINT_VARIABLE: url}
        with WarmKernel(env=environment, cwd=folder) as kernel:
            for path in lab_notebooks():
                reset()
                codes.append(_run_one(kernel, path, folder, say))
    wrong = sum(code != PASSED for code in codes)
    say("")
    state = "FAIL" if wrong else "PASS"
    said = f"{wrong} of {len(codes)} do not" if wrong else "each does"
    say(f"Verdict: {state}. {len(codes)} labs ran; {said} what it says.")
    return max(codes, default=PASSED)


def _refuse(given: Mapping[str, Any]) -> None:
    if given.get("target", "emulator") != "emulator":
        raise BadParameter(
            name="target",
            problem="'aws', and --labs runs on the emulator only: on AWS each lab asks for its own "
            "confirm, so open it in JupyterLab or run it with papermill",
            example="emulator",
        )
    if set(given) - {"target"}:
        raise BadParameter(
            name="--labs",
            problem="the labs have parameters of their own; give them with papermill",
            example="runbook drill --labs",
        )


@contextlib.contextmanager
def _emulator() -> Iterator[tuple[str, Any]]:
    """An emulator for the labs alone: a new world for each makes what they record repeatable."""
    from ecs_emulator import Emulator

    with Emulator() as aws:
        yield aws.url, aws.reset


def _run_one(kernel: WarmKernel, path: Path, folder: Path, say: Say) -> int:
    try:
        executed = kernel.execute(path, folder / path.name, {})
    except PapermillExecutionError as error:
        say(f"{path.stem:<30} broke off")
        sys.stderr.write(f"error: {error.ename}, cell {error.exec_count}: {error.evalue}\n")
        return REFUSED
    promised = read_records(json.loads(path.read_text(encoding="utf-8")))
    wrong = list(_differences(promised, read_records(executed)))
    say(f"{path.stem:<30} {'; '.join(wrong) or 'ok'}")
    return FAILED if wrong else PASSED


def _differences(promised: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in promised.items():
        if found.get(name) != value:
            yield f"{name} is {found.get(name)!r}, not {value!r}"
