"""Room: a verdict as a banner.

Lives here: `verdict`, which shows it, records it for programs and keeps it as progress.
Never here: judging.
"""

from __future__ import annotations

from runbook_lib import walk
from runbook_lib.learner import progress
from runbook_lib.learner.folder import learner_folder
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.verdict.drill import DrillVerdict


def verdict(found: DrillVerdict, notebook: str) -> None:
    """Show the verdict of a drill: PASS or FAIL and its sentence; record it as `record_verdict`."""
    word = "PASS" if found.passed else "FAIL"
    shown = parts.banner(f"{word}. {found.sentence}", look="good" if found.passed else "bad")
    walk.record_verdict(found, html=shown)
    if is_interactive():
        folder, kind = learner_folder(), progress.VERDICT
        progress.note(folder, notebook, kind, "drill", found.sentence, found.passed)
