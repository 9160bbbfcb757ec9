"""Short exercises, one for each part of the walk, graded on what AWS says. They change nothing."""

from runbook_lib.exercises.catalogue import EXERCISES, find_exercise
from runbook_lib.exercises.grading import Exercise, Grade

__all__ = ["EXERCISES", "Exercise", "Grade", "find_exercise"]
