"""Room: beginning again.

Lives here: what a learner has done so far, and buttons that empty the emulated account, bring new
notebooks or forget the progress.
Never here: AWS: nothing of a real account is ever reset.
"""

from __future__ import annotations

from IPython.display import display

from runbook_lib.aws.session import Session
from runbook_lib.errors import RunbookError
from runbook_lib.learner.folder import START, learner_folder
from runbook_lib.learner.notebook_files import notebook_folder
from runbook_lib.learner.progress import forget, read_progress
from runbook_lib.learner.working_copy import begin_anew
from runbook_lib.notebook import tables
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts


def progress(session: Session) -> None:
    """Show what was answered and proved so far; in JupyterLab with buttons to begin again."""
    found = read_progress(learner_folder())
    if found.entries:
        display(tables.progress(found))
    parts.say(tables.score(found))
    if is_interactive():
        view = StartOverView(session)
        parts.Shown(view.box, "")


class StartOverView:
    """The widgets: `empty`, which only an emulated account has, `renew`, `forget` and `said`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.said = parts.html()
        self.empty = parts.button("Empty the emulated account", self._empty)
        self.renew = parts.button("Bring new notebooks", self._renew)
        self.forget = parts.button("Forget my progress", self._forget)
        buttons = [self.empty] if session.start_over else []
        self.box = parts.box(parts.row(*buttons, self.renew, self.forget), self.said)

    def _empty(self) -> None:
        if self._session.start_over:
            self._session.start_over()
        said = "The emulated account is empty: clusters, services, topics and mails are gone."
        parts.fill(self.said, parts.told(f"✓ {said} Go on with the first notebook."))

    def _renew(self) -> None:
        folder = learner_folder()
        if folder is None:
            said = "This is no copy of the notebooks of your own: make lab opens one."
            parts.fill(self.said, parts.told(said, is_wrong=True))
            return
        try:
            count, kept = begin_anew(notebook_folder(), folder, but=(START,))
        except RunbookError as error:
            parts.fill(self.said, parts.told(str(error), is_wrong=True))
            return
        said = "✓ Nothing to do: no notebook but this one has been changed."
        if kept is not None:
            said = (
                f"✓ {count} new; what you had is in {kept.name}/. Close tabs that are still open."
            )
        parts.fill(self.said, parts.told(said))

    def _forget(self) -> None:
        folder = learner_folder()
        count = forget(folder) if folder else 0
        what = "entry" if count == 1 else "entries"
        parts.fill(self.said, parts.told(f"✓ Forgotten: {count} {what} of progress.json."))
