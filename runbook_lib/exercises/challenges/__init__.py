"""Something to do in each lab, graded on what AWS says afterwards."""

from runbook_lib.exercises.challenges.catalogue import CHALLENGES, find_challenge
from runbook_lib.exercises.challenges.challenge import Challenge, Situation

__all__ = ["CHALLENGES", "Challenge", "Situation", "find_challenge"]
