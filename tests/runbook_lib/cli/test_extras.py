"""What works without the notebooks' extra, and what a command says that needs it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from runbook_lib.cli.extras import DISTRIBUTION, extra_that_brings

IMPORTED_AS = {
    "ipython": "IPython",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
}
NOTEBOOKS = [
    re.split(r"[<>=]", each)[0]
    for each in requires(DISTRIBUTION) or ()
    if "extra == 'notebooks'" in each.replace('"', "'")
]
WITHOUT = """
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Missing())
from runbook_lib.cli.main import main

main({arguments!r})
"""


def runbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`runbook` in an interpreter that lacks every package of the extra."""
    packages = [IMPORTED_AS.get(each, each) for each in NOTEBOOKS]
    code = WITHOUT.format(packages=set(packages) - {"jinja2"}, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_extra_is_known_by_its_packages() -> None:
    assert {"jupyterlab", "papermill", "pandas", "matplotlib", "ipywidgets"} <= set(NOTEBOOKS)
    assert extra_that_brings("papermill") == extra_that_brings("IPython") == "notebooks"
    assert extra_that_brings("boto3") == extra_that_brings("weather") == ""


@pytest.mark.parametrize(
    ("command", "package"),
    [("drill", "jupyter_client"), ("lab", "jupyterlab"), ("clean-up", "pandas")],
)
def test_a_command_that_lacks_a_package_names_the_extra_in_one_line(
    command: str, package: str
) -> None:
    done = runbook(command)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"error: runbook {command} needs {package}, which is not installed. "
        "Next: pip install 'ecs-circuit-breaker-runbook[notebooks]'\n"
    )


def test_a_program_runs_beside_the_emulator_without_the_extra() -> None:
    assert runbook("emulator", "run", "--", "true").returncode == 0


def test_a_pipeline_asks_for_a_verdict_without_the_extra() -> None:
    done = runbook("verdict", "ecs-svc/1234567890123456789")

    assert "is missing" in done.stderr + done.stdout
    assert "not installed" not in done.stderr


def test_the_least_privilege_policy_is_printed_without_the_extra() -> None:
    assert '"Version": "2012-10-17"' in runbook("permissions").stdout


def test_two_drills_are_compared_without_the_extra() -> None:
    journal = str(Path(__file__).parents[1] / "evidence" / "journals" / "passed.json")
    done = runbook("compare", journal, journal)

    assert (done.returncode, done.stderr) == (0, "")
