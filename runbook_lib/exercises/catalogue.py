"""Room: which exercises there are.

Lives here: all of them, those of the walk first, and finding one by its name.
Never here: what they ask.
"""

from __future__ import annotations

from runbook_lib.errors import BadParameter
from runbook_lib.exercises.deploying import CAUSE, ROLLBACK_TARGET, THRESHOLD, WAITER
from runbook_lib.exercises.grading import Exercise
from runbook_lib.exercises.telling import PATTERN, SUBSCRIBERS, TIME_TO_ALERT

EXERCISES = (ROLLBACK_TARGET, THRESHOLD, SUBSCRIBERS, PATTERN, WAITER, TIME_TO_ALERT, CAUSE)


def find_exercise(name: str) -> Exercise:
    """The exercise of that name: find_exercise("threshold"). Raises `BadParameter`."""
    for each in EXERCISES:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in EXERCISES)
    raise BadParameter(
        name="exercise", problem=f"{name!r} is none of {known}", example=EXERCISES[0].name
    )
