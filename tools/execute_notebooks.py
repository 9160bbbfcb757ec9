"""Room: the committed form of a notebook.

Lives here: executing notebooks in place, each in a fresh kernel, and everything that makes the
file the same to the byte each time: metadata, cell ids, the writer.
Never here: what a notebook should contain (check_notebooks), links between notebooks
(write_navigation).

    execute_notebooks.py               execute all, in place
    execute_notebooks.py --check       execute all, change nothing, exit 1 on a difference
    execute_notebooks.py --clean-only  only normalise the form, keep the outputs
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from runbook_lib.headless.warm_kernel import new_kernel_manager

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("notebooks", "labs")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
CELL_METADATA = ("jupyter", "tags")
"""All that a cell keeps: hidden sources, and the tags of papermill and nbval."""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
"""Points at a widget's state by a new id each time; without the kernel it shows nothing."""


def find_notebooks(root: Path = ROOT) -> list[Path]:
    """Every notebook below the folders of notebooks, in order; never JupyterLab's checkpoints."""
    found = (path for name in FOLDERS for path in (root / name).rglob("*.ipynb"))
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def clean(notebook: NotebookNode) -> NotebookNode:
    """The notebook in its committed form: same cells and outputs, nothing that time or place left.

    The execution counts stay: nbval takes a cell without one for a cell that never ran, and they
    are 1, 2, 3 … in a fresh kernel anyway.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    seen: Counter[str] = Counter()
    fold_answers(notebook)
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(kept)
        text = f"{cell.cell_type}\n{cell.source}"
        cell.id = hashlib.sha256(f"{seen[text]}\n{text}".encode()).hexdigest()[:8]
        seen[text] += 1
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def fold_answers(notebook: NotebookNode) -> None:
    """What tells the end is folded: JupyterLab shows it when its cell is run.

    That is every output below a prediction, and in the drill what its board shows and all below.
    """
    is_told = False
    for cell in notebook.cells:
        is_told = is_told or "widgets.follow(" in cell.source
        if is_told and cell.cell_type == "code":
            cell.metadata["jupyter"] = {"outputs_hidden": True}
        is_told = is_told or "widgets.prediction(" in cell.source


def serialise(notebook: NotebookNode) -> str:
    """The text of the file, with one newline at its end."""
    text: str = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return text.rstrip("\n") + "\n"


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def private_environment() -> dict[str, str]:
    """This environment without the user's AWS settings: notebooks then use a private emulator."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return kept | nowhere | {"AWS_EC2_METADATA_DISABLED": "true"}


def execute(path: Path) -> NotebookNode:
    """The notebook after a run from top to bottom in a fresh kernel, in its committed form."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        km=new_kernel_manager(),
        record_timing=False,
        coalesce_streams=True,
        shutdown_kernel="immediate",
    )
    client.execute(cleanup_kc=True, cwd=str(path.parent), env=private_environment())
    return clean(notebook)


def differences(committed: NotebookNode, executed: NotebookNode) -> Iterator[str]:
    """Where two notebooks part: `cell 7 (outputs)` for the seventh cell, counted from 1."""
    cells: tuple[list[NotebookNode], ...] = committed.cells, executed.cells
    for number, (old, new) in enumerate(zip_longest(*cells, fillvalue=NotebookNode()), start=1):
        parts = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        if parts:
            yield f"cell {number} ({', '.join(parts)})"
    yield "the notebook's metadata or layout"


def handle(path: Path, *, check: bool, clean_only: bool) -> str:
    """What there is to complain about in one notebook; empty is good. Writes unless checking."""
    before = path.read_text("utf-8")
    try:
        notebook = clean(read(path)) if clean_only else execute(path)
    except CellExecutionError as error:
        return f"a cell failed\n{error}"
    after = serialise(notebook)
    if before == after:
        return ""
    if check:
        return f"not as committed, first at {next(differences(read(path), notebook))}"
    path.write_text(after, "utf-8")
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute the notebooks in place.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of them")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 on a difference")
    parser.add_argument("--clean-only", action="store_true", help="do not execute")
    options = parser.parse_args(arguments)
    wrong = False
    for path in options.notebooks or find_notebooks():
        complaint = handle(path.resolve(), check=options.check, clean_only=options.clean_only)
        print(f"{path.name}: {complaint or 'ok'}", flush=True)
        wrong = wrong or bool(complaint)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
