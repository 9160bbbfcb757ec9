"""Room: tables about the learner.

Lives here: what was answered and proved so far, and the score.
Never here: keeping it (learner.progress).
"""

from __future__ import annotations

from runbook_lib.learner.notebook_files import lab_notebooks
from runbook_lib.learner.progress import Progress
from runbook_lib.notebook.tables.table import Table, table

_SIGNS = {True: "✓", False: "✗", None: ""}


def progress(found: Progress) -> Table:
    """notebook, what, name, answer, right, tries: in the order of the walk, then of the labs."""
    labs = {each.stem for each in lab_notebooks()}
    columns = ("notebook", "what", "name", "answer", "right", "tries")
    rows = [
        (each.notebook, each.kind, each.name, each.answer, _SIGNS[each.right], each.tries)
        for each in sorted(found.entries, key=lambda entry: entry.notebook in labs)
    ]
    return table(columns, rows)


def score(found: Progress) -> str:
    """ "Score: 3 of 4 right.", or what to do first."""
    if not found.entries:
        return "Nothing answered yet. Notebooks 10 to 60 have an exercise, each lab asks first."
    right, of = found.score
    return f"Score: {right} of {of} right. Predictions do not count: a wrong one teaches more."
