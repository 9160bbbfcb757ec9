"""Room: where a learner works.

Lives here: finding the folder of notebooks that a kernel or a terminal stands in, and a file of it
that is written whole or not at all.
Never here: what is in such a file.
"""

from __future__ import annotations

import os
from pathlib import Path

from runbook_lib.learner.notebook_files import notebook_folder

START = "00_start_here.ipynb"


def learner_folder(here: Path | None = None) -> Path | None:
    """The folder of notebooks around `here`, by default around the working folder.

    For my-notebooks/ and for my-notebooks/labs/ it is my-notebooks/. None where no notebooks are,
    and for the project's own: those are only read.
    """
    found = (here or Path.cwd()).resolve()
    if found.name == "labs":
        found = found.parent
    if not (found / START).is_file() or found == notebook_folder().resolve():
        return None
    return found


def write_whole(file: Path, text: str) -> None:
    """The file has the old text or the new one, also where somebody reads it meanwhile."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(file)
