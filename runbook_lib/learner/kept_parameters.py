"""Room: parameters that hold for all notebooks of a folder.

Lives here: `parameters.yaml`: reading it, writing it, and who wins where it and a notebook differ.
Never here: what is a good value (settings), the form.

A value of the file takes the place of a default. Whatever a notebook is given otherwise wins: by
`papermill -p`, by `runbook drill --set`, or by a line of its parameters cell that is not the
default any more.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.facts.settings import Settings, read_parameters
from runbook_lib.learner.folder import write_whole

NAME = "parameters.yaml"
NEVER_KEPT = "confirm"
"""It allows changes after a plan has been read; a file would allow them for ever."""
OF_THE_PLACE = (
    "target",
    "region",
    "expected_account",
    "cluster",
    "email",
    "subnets",
    "security_groups",
)
"""What a lab takes from the file: where it runs and who is told. Its names are its own."""
DEFAULTS: Mapping[str, Any] = {each.name: each.default for each in fields(Settings)}
_INJECTED = "# Parameters\n"
"""How the cell begins that papermill puts below the parameters cell."""
_HEAD = "# For all notebooks of this folder. A notebook's form writes it; see the README.\n"


def read_kept(folder: Path | None) -> dict[str, Any]:
    """What the folder's parameters.yaml says: {"service": "shop"}; {} where there is none.

    Raises `BadParameter` for a file that is no map and `UnknownParameter` for a name that is none.
    """
    file = folder / NAME if folder else None
    if file is None or not file.is_file() or not file.read_text("utf-8").strip("\n #"):
        return {}
    kept = read_parameters(file, (), told_as=NAME)
    return {name: value for name, value in kept.items() if name != NEVER_KEPT}


def keep(folder: Path, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Write these into the folder's parameters.yaml, beside what it says already; returns all.

    A value that is the default needs no line, and a file without lines is removed.
    """
    found = {**read_kept(folder), **changed}
    kept = {
        name: found[name] for name in DEFAULTS if name in found and found[name] != DEFAULTS[name]
    }
    kept.pop(NEVER_KEPT, None)
    file = folder / NAME
    if kept:
        write_whole(file, _HEAD + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))
    else:
        file.unlink(missing_ok=True)
    return kept


def laid_over(
    cell: Mapping[str, Any], kept: Mapping[str, Any], given: Collection[str]
) -> dict[str, Any]:
    """The values of a notebook: `cell` is what its parameters are now, `given` what was injected.

    laid_over({"service": "my-sample-service"}, {"service": "shop"}, ()) is {"service": "shop"}.
    """
    return {
        name: kept[name]
        if name in kept and name not in given and value == DEFAULTS[name]
        else value
        for name, value in cell.items()
    }


def injected(cells: Iterable[str]) -> set[str]:
    """The names that papermill has set, read off the cells that were run so far."""
    found: set[str] = set()
    for source in cells:
        if not source.startswith(_INJECTED):
            continue
        for each in ast.walk(ast.parse(source)):
            if isinstance(each, ast.Assign):
                found |= {name.id for name in each.targets if isinstance(name, ast.Name)}
    return found
