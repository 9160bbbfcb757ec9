"""Room: the learner's own copy of the notebooks.

Lives here: making it, keeping it current where the learner has changed nothing, starting over.
Never here: the notebooks that are committed. They are only read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from runbook_lib.errors import BadParameter

NAME = "my-notebooks"
COPIED = ".copied.json"
"""In the copy: what each notebook was like when it was copied."""
FOLDED = {"outputs_hidden": True}
"""Of a cell whose output tells the end: JupyterLab shows its first line even so."""


def bring_up_to_date(source: Path, folder: Path) -> list[str]:
    """Copy every notebook of `source` that `folder` lacks, or has in an older state unchanged.

    A notebook that the learner has run or written in stays as it is. Outputs that would tell the
    end, below a lab's prediction and from the drill's board on, are left out. What was copied, by
    its path: ["00_start_here.ipynb", "labs/01_choose_thresholds.ipynb"]. Raises `BadParameter` for
    a folder that holds something else.
    """
    record = folder / COPIED
    if folder.is_dir() and any(folder.iterdir()) and not record.is_file():
        raise BadParameter(
            name="--work",
            problem=f"{folder} is no copy of the notebooks, and it is not empty",
            example=NAME,
        )
    known: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    copied = []
    for path in sorted(source.rglob("*.ipynb")):
        name = path.relative_to(source).as_posix()
        if ".ipynb_checkpoints" in name:
            continue
        own, text = folder / name, _unanswered(path.read_text("utf-8"))
        now = _digest(text)
        is_untouched = own.is_file() and _digest(own.read_text("utf-8")) == known.get(name)
        if own.is_file() and not (is_untouched and known[name] != now):
            continue
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(text, "utf-8")
        known[name] = now
        copied.append(name)
    folder.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
    return copied


def trust(notebooks: Iterable[Path]) -> None:
    """As `jupyter trust` does: charts of a notebook that was just copied show before it is run."""
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    for each in notebooks:
        notary.sign(nbformat.read(each, as_version=4))


def set_aside(folder: Path) -> Path | None:
    """Start over: what the learner has done is kept beside it, as `my-notebooks.1`. None: nothing.

    The next `bring_up_to_date` makes a new copy.
    """
    if not folder.exists():
        return None
    number = 1
    while (kept := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    folder.rename(kept)
    return kept


def begin_anew(source: Path, folder: Path, *, but: Iterable[str] = ()) -> tuple[int, Path | None]:
    """New notebooks in a copy that is open: how many there are, and where the old ones are kept.

    Those in which nothing has been changed stay, and those named by `but`. Kept are the others in
    `before-1/` of the copy, the next time in `before-2/`. Raises `BadParameter` for a folder that
    is no copy.
    """
    record = folder / COPIED
    if not record.is_file():
        raise BadParameter(
            name="folder",
            problem=f"{folder} is no copy of the notebooks",
            example="make lab, which opens one",
        )
    known: dict[str, str] = json.loads(record.read_text("utf-8"))
    changed = [
        name
        for name, was in known.items()
        if name not in but
        and (folder / name).is_file()
        and _digest((folder / name).read_text("utf-8")) != was
    ]
    if not changed:
        return 0, None
    number = 1
    while (kept := folder / f"before-{number}").exists():
        number += 1
    for name in changed:
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).rename(kept / name)
    trust(folder / name for name in bring_up_to_date(source, folder))
    return len(changed), kept


def _unanswered(text: str) -> str:
    """The notebook without the outputs that are folded in it."""
    notebook = json.loads(text)
    folded = [e for e in notebook.get("cells", ()) if e["metadata"].get("jupyter") == FOLDED]
    for cell in folded:
        del cell["metadata"]["jupyter"]
        cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n" if folded else text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
