"""Room: where a learner is, shown in a notebook.

Lives here: `overview`, which asks AWS and the record of progress, and shows picture and words.
Never here: what they say and how they look (overview).
"""

from __future__ import annotations

from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.folder import learner_folder
from runbook_lib.learner.progress import read_progress
from runbook_lib.notebook.widgets import parts
from runbook_lib.overview.parts import read_parts
from runbook_lib.overview.picture import overview_html
from runbook_lib.overview.way import find_way, is_lab
from runbook_lib.overview.words import lines


def overview(session: Session, settings: Settings, notebook: str) -> None:
    """Show what is built so far, what this notebook adds, and how long the rest takes.

    overview(session, settings, "20_create_service"). In a lab only the way through the labs. In
    `runbook drill` nothing: nobody is on the way, and its report shows what there is.
    """
    if session.journal.file is not None:
        return
    found = None if is_lab(notebook) else read_parts(session, settings)
    folder = learner_folder()
    record = read_progress(folder) if folder else None
    way = find_way(notebook, record, found, target=settings.target)
    parts.show_text("\n".join(lines(way, found)), overview_html(way, found))
