"""Room: what a notebook declares as its parameters.

Lives here: the names and default values in the cell tagged `parameters`, read without running it.
Never here: what a parameter means (settings), running notebooks.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path


class NotebookParametersError(ValueError):
    """A notebook's parameters cell is missing, or holds more than names with literal values."""


class UnknownParameterError(NotebookParametersError):
    """A value was given for a name that the notebook does not declare; papermill only warns."""


def declared_parameters(path: Path) -> dict[str, object]:
    """The names and default values in the cell tagged `parameters`, in their order.

    `desired_count = 2  # how many tasks` declares {"desired_count": 2}.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [each for each in cells if "parameters" in each["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise NotebookParametersError(
            f"{path.name}: expected one cell tagged `parameters`, found {len(tagged)}."
        )
    try:
        return dict(map(_declaration, ast.parse("".join(tagged[0]["source"])).body))
    except (SyntaxError, ValueError) as error:
        raise NotebookParametersError(
            f"{path.name}: the parameters cell may hold only `name = literal` lines: {error}."
        ) from error


def _declaration(statement: ast.stmt) -> tuple[str, object]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            return name, ast.literal_eval(value)
    raise ValueError(f"line {statement.lineno} is something else")


def refuse_unknown(path: Path, names: Iterable[str]) -> None:
    """Raises `UnknownParameterError` for a name that the notebook does not declare."""
    declared = declared_parameters(path)
    unknown = [name for name in names if name not in declared]
    if unknown:
        raise UnknownParameterError(
            f"{path.name} has no parameter {', '.join(unknown)}. It has: {', '.join(declared)}."
        )
