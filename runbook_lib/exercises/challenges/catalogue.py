"""Room: which challenges there are.

Lives here: all of them, in the order of the labs, and finding one by its name.
Never here: what they ask.
"""

from __future__ import annotations

from runbook_lib.errors import BadParameter
from runbook_lib.exercises.challenges.breaking import (
    GOOD_AGAIN,
    SECOND_GUARD,
    TRULY_GREEN,
    TWO_FAILURES,
)
from runbook_lib.exercises.challenges.challenge import Challenge
from runbook_lib.exercises.challenges.releasing import CORRECTED, SHORT_GRACE
from runbook_lib.exercises.challenges.telling import REPAIRED, TWO_SERVICES

CHALLENGES = (
    TWO_FAILURES,
    GOOD_AGAIN,
    SECOND_GUARD,
    SHORT_GRACE,
    CORRECTED,
    REPAIRED,
    TRULY_GREEN,
    TWO_SERVICES,
)


def find_challenge(name: str) -> Challenge:
    """The challenge of that name: find_challenge("two-failures"). Raises `BadParameter`."""
    for each in CHALLENGES:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in CHALLENGES)
    raise BadParameter(
        name="challenge", problem=f"{name!r} is none of {known}", example=CHALLENGES[0].name
    )
