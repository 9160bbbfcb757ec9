"""Room: the environment's two descriptions agree, and the README names the two commands.

Lives here: what pyproject.toml, environment.yml and the README say about setting up.
Never here: whether a version works; the other tests show that.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
}
"""Where conda-forge calls a package something else."""

CONDA_ONLY = {"jsonpath-ng", "pip", "python"}
"""jsonpath-ng is what the extra moto[events] brings, and conda-forge has no extras."""

INSTALLED_AS = {"IPython": "ipython", "yaml": "pyyaml"}
"""What a package is installed as, where that is not the name it is imported by."""

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*\])?(?P<range>.*)")


def split(requirement: str) -> tuple[str, str]:
    """`moto[events]>=5.2.5,<5.3` is ("moto", ">=5.2.5,<5.3")."""
    match = REQUIREMENT.fullmatch(requirement)
    assert match is not None, requirement
    return match["name"], match["range"]


def project() -> dict[str, dict]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def in_conda() -> list:
    return yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]


def test_conda_environment_has_the_same_packages_and_ranges():
    about = project()
    ours = map(split, about["dependencies"] + about["optional-dependencies"]["dev"])
    expected = {CONDA_NAMES.get(name, name): wanted for name, wanted in ours}

    *listed, by_pip = in_conda()
    found = dict(split(line) for line in [*listed, *by_pip["pip"][:-1]])

    assert expected == {k: v for k, v in found.items() if k not in CONDA_ONLY}


def imported() -> Iterator[str]:
    """By the library itself, wherever in a module: boto3, IPython, jupyter_core."""
    for file in (ROOT / "runbook_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_what_the_library_imports_is_asked_for_by_name():
    """And not only brought along by something else, which may leave it behind one day."""
    foreign = set(imported()) - set(sys.stdlib_module_names) - {"runbook_lib"}
    asked_for = {split(each)[0].replace("-", "_") for each in project()["dependencies"]}

    assert {INSTALLED_AS.get(each, each) for each in foreign} <= asked_for


def test_conda_environment_asks_for_the_same_python():
    assert f"python{project()['requires-python']}" in in_conda()


def test_conda_environment_ends_by_installing_this_package():
    assert in_conda()[-1]["pip"][-1] == "-e ."


def test_every_range_has_a_floor_and_a_ceiling():
    about = project()
    ranges = dict(map(split, about["dependencies"] + about["optional-dependencies"]["dev"]))

    open_ended = [name for name, wanted in ranges.items() if not re.match(r">=[^,]+,<", wanted)]

    assert open_ended == []


@pytest.mark.parametrize("command", ["make drill", "make test"])
def test_readme_names_the_command(command: str):
    assert command in (ROOT / "README.md").read_text("utf-8")
