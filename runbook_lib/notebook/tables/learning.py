"""Room: tables about the learner.

Lives here: what was answered and proved so far, and the score.
Never here: keeping it (learner.progress).
"""

from __future__ import annotations

from runbook_lib.learner.progress import Progress
from runbook_lib.notebook.tables.table import Table, table

_SIGNS = {True: "✓", False: "✗", None: ""}


def progress(found: Progress) -> Table:
    """notebook, what, name, answer, right, tries: in the order of the notebooks."""
    columns = ("notebook", "what", "name", "answer", "right", "tries")
    rows = [
        (each.notebook, each.kind, each.name, each.answer, _SIGNS[each.right], each.tries)
        for each in found.entries
    ]
    return table(columns, rows)


def score(found: Progress) -> str:
    """ "Score: 3 of 4 right.", or what to do first."""
    if not found.entries:
        return "Nothing answered yet. Notebooks 10 to 60 have an exercise, each lab asks first."
    right, of = found.score
    return f"Score: {right} of {of} right. Predictions do not count: a wrong one teaches more."
