"""Room: where the notebooks are.

Lives here: finding the folder of notebooks and their order.
Never here: what is in a notebook, or running one.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def notebook_folder() -> Path:
    """`notebooks/` of the checkout, or else the copy inside the installed package."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "notebooks").is_dir():
        return checkout / "notebooks"
    return _PACKAGE / "notebooks"


def walk_notebooks() -> list[Path]:
    """The notebooks of the walk, in order: 00, 10, 20 … 90. Labs are not part of the walk."""
    return sorted(notebook_folder().glob("[0-9][0-9]_*.ipynb"))


def lab_notebooks() -> list[Path]:
    """The labs, in order: 01, 02 …"""
    return sorted((notebook_folder() / "labs").glob("[0-9][0-9]_*.ipynb"))
