"""The names of the package are imported when they are asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import runbook_lib


def told(program: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("heavy", ["boto3", "pandas", "matplotlib", "IPython", "botocore"])
def test_importing_the_library_imports_nothing_heavy(heavy: str) -> None:
    assert told(f"import runbook_lib, sys; print('{heavy}' in sys.modules)") == "False"


def test_what_type_checkers_are_told_is_where_the_names_are() -> None:
    tree = ast.parse(Path(runbook_lib.__file__).read_text(encoding="utf-8"))
    (checked,) = (each for each in tree.body if isinstance(each, ast.If))
    said = {
        alias.name: node.module.removeprefix("runbook_lib").removeprefix(".")
        for node in checked.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }

    assert set(said) == set(runbook_lib.__all__)
    assert {name: home for name, home in said.items() if home} == runbook_lib._HOMES


def test_a_module_of_the_same_name_does_not_hide_a_function() -> None:
    asked = (
        "import runbook_lib.plans.preflight as p, runbook_lib as r; print(callable(r.preflight))"
    )

    assert told(asked) == "True"


def test_every_name_can_be_imported_and_listed() -> None:
    asked = "from runbook_lib import *; import runbook_lib as r; print({*r.__all__} <= {*dir()})"

    assert told(asked) == "True"
    assert set(runbook_lib.__all__) <= set(dir(runbook_lib))


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'runbook_lib' has no attribute 'weather'"):
        runbook_lib.weather  # noqa: B018 - asking for it is the point
