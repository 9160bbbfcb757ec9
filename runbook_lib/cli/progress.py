"""Room: what a learner has done, on the command line.

Lives here: `runbook progress`.
Never here: the record itself (learner.progress).
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runbook_lib.errors import BadParameter
from runbook_lib.learner.folder import learner_folder
from runbook_lib.learner.working_copy import NAME

_BAD_PARAMETER = 2
ALL = "all"


@click.command()
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), help="Your own notebooks."
)
@click.option("--reset", metavar="NN", help="Forget this notebook (20, or its name), or all.")
def progress(work: Path | None, reset: str | None) -> None:
    """Show what you have answered and proved so far, and the score.

    It is read from progress.json in your own notebooks: in this folder, or in my-notebooks.
    """
    from runbook_lib.learner.progress import forget, read_progress
    from runbook_lib.notebook import tables

    try:
        folder = _own(work)
        if reset:
            count = forget(folder, "" if reset == ALL else reset)
            click.echo(f"Forgotten: {count} entries.")
            return
        found = read_progress(folder)
    except BadParameter as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_BAD_PARAMETER)
    if found.entries:
        click.echo(str(tables.progress(found)))
    click.echo(tables.score(found))


def _own(work: Path | None) -> Path:
    folder = learner_folder(work) if work else learner_folder() or learner_folder(Path(NAME))
    if folder is None:
        problem = "there are no notebooks of your own here"
        raise BadParameter(name="--work", problem=problem, example=NAME)
    return folder
