"""Room: the environment's two descriptions agree, and the README names the two commands.

Lives here: what pyproject.toml, environment.yml and the README say about setting up.
Never here: whether a version works; the other tests show that.
"""

import ast
import re
import sys
import tomllib
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


def asked_for(*extras: str) -> dict[str, str]:
    """What the distribution and these extras ask for: name → range. Its own name is left out."""
    about = project()
    wanted = [
        *about["dependencies"],
        *(each for name in extras for each in about["optional-dependencies"][name]),
    ]
    return {name: ranged for name, ranged in map(split, wanted) if name != about["name"]}


def test_conda_environment_has_the_same_packages_and_ranges():
    ours = asked_for("notebooks", "dev")
    expected = {CONDA_NAMES.get(name, name): wanted for name, wanted in ours.items()}

    *listed, by_pip = in_conda()
    found = dict(split(line) for line in [*listed, *by_pip["pip"][:-1]])

    assert expected == {k: v for k, v in found.items() if k not in CONDA_ONLY}


def imported(*rooms: str) -> set[str]:
    """Foreign packages, wherever in the modules of these folders: boto3, IPython, jupyter_core."""
    found: set[str] = set()
    for file in (each for room in rooms for each in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    foreign = found - set(sys.stdlib_module_names) - {"ecs_emulator", "runbook_lib"}
    return {INSTALLED_AS.get(each, each) for each in foreign}


def test_what_the_packages_import_is_asked_for_by_name():
    """And not only brought along by something else, which may leave it behind one day."""
    names = {each.replace("-", "_") for each in asked_for("notebooks")}

    assert imported("runbook_lib", "ecs_emulator") - {"pytest"} <= names  # pytest has its plugin


def test_the_emulator_and_what_a_pipeline_calls_need_no_extra():
    names = {each.replace("-", "_") for each in asked_for()}
    below_the_notebooks = ("facts", "plans", "following", "alerts", "verdict", "cli")

    assert imported("ecs_emulator") - {"pytest"} <= names
    assert imported(*(f"runbook_lib/{room}" for room in below_the_notebooks)) <= names


def test_conda_environment_asks_for_the_same_python():
    assert f"python{project()['requires-python']}" in in_conda()


def test_conda_environment_ends_by_installing_this_package():
    assert in_conda()[-1]["pip"][-1] == "-e ."


def test_every_range_has_a_floor_and_a_ceiling():
    ranges = asked_for(*project()["optional-dependencies"])

    open_ended = [name for name, wanted in ranges.items() if not re.match(r">=[^,]+,<", wanted)]

    assert open_ended == []


@pytest.mark.parametrize("command", ["make drill", "make test"])
def test_readme_names_the_command(command: str):
    assert command in (ROOT / "README.md").read_text("utf-8")
