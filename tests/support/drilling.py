"""Room: a whole drill at library level.

Lives here: what the notebooks of the walk do, one after the other, without a kernel.
Never here: assertions.
"""

from __future__ import annotations

from runbook_lib import apply, await_alert, walk
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.verdict.drill import DrillVerdict


def set_up(session: Session, settings: Settings) -> None:
    """Notebooks 10 to 40."""
    for stage in walk.STAGES[:-1]:
        outcome = apply(session, stage.plan(session, settings), confirm=settings.confirm)
        stage.afterwards(session, settings, outcome)


def drill(session: Session, settings: Settings) -> DrillVerdict:
    """Notebooks 10 to 50, and the verdict of the last."""
    set_up(session, settings)
    walk.probe_before(session, settings)
    plan = walk.bad_release_plan(session, settings)
    outcome = apply(session, plan, confirm=settings.confirm)
    deployment = walk.started_deployment(session, settings, outcome)
    watched = walk.follow(session, settings, deployment.id, tell=_nobody)
    alert = await_alert(session, settings, deployment.id)
    return walk.judge_drill(session, settings, watched, alert)[0]


def clean_up(session: Session, settings: Settings) -> None:
    """Notebook 90."""
    apply(session, walk.clean_up_plan(session, settings), confirm=settings.confirm)


def left_over(session: Session, settings: Settings) -> list[tuple[str, str]]:
    """What the runbook made and is still there: (what, name)."""
    rows = walk.inventory(session, settings)
    return [(what, name) for what, name, _, maker in rows if maker == "this runbook"]


def _nobody(_: str) -> None:
    """The lines of a deployment that nobody watches."""
