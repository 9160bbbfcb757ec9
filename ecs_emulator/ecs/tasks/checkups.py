"""Room: the checkups of the tasks that run, and when each of them will make up its mind.

Lives here: what every checker hears from when on, sicknesses that strike from outside, and the
turns of health that follow, on the agenda.
Never here: what a turn leads to (failures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

from ecs_emulator.ecs.tasks.health import Checker, Spell, Turn, overlaid, spliced, turns
from ecs_emulator.wire.sickness import Sickness
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.messages import TaskBecomesHealthy, TaskBecomesUnhealthy
from ecs_emulator.world.state import Task

Complaint = Callable[[Task, Checker, int | str], str | None]
"""What this checker makes of an answer of the task: 503, "timeout". None: nothing is wrong."""


def everything_is_bad(_: Task, __: Checker, answer: int | str) -> str | None:
    return str(answer)


@dataclass(slots=True)
class _Checkup:
    checker: Checker
    begins: datetime
    healthy: tuple[Spell, ...]
    """Without sicknesses."""


class Checkups:
    """`sicknesses()` are those of now; `complaint` says what a checker makes of an answer."""

    def __init__(
        self,
        clock: Clock,
        sicknesses: Callable[[], Sequence[Sickness]],
        complaint: Complaint = everything_is_bad,
    ) -> None:
        self._clock = clock
        self._sicknesses = sicknesses
        self._complaint = complaint
        self._checkups: dict[str, dict[str, _Checkup]] = {}

    def begin(self, task: Task, checkers: Iterable[Checker], moment: datetime) -> None:
        """From this moment on these look at the task, too."""
        for checker in checkers:
            checkup = _Checkup(checker, moment, checker.spells)
            checkup.checker = replace(checker, spells=self._afflicted(task, checkup))
            self._checkups.setdefault(task.arn, {})[checker.name] = checkup
            self._plan(task, checkup)

    def end(self, task: Task) -> None:
        self._checkups.pop(task.arn, None)

    def look_again(self, task: Task, checkers: Iterable[Checker] = ()) -> None:
        """Something has changed: sicknesses, or what these checkers ask. It holds from now on."""
        known = self._checkups.get(task.arn)
        if not known:
            return
        changed = {each.name: each for each in checkers}
        task.health_plan += 1
        for name, checkup in known.items():
            since = (self._clock.now - checkup.begins).total_seconds()
            checker = changed.get(name, checkup.checker)
            if name in changed:
                checkup.healthy = checker.spells
            heard = checkup.checker.spells
            now = spliced(heard, since, self._afflicted(task, checkup))
            checkup.checker = replace(checker, spells=now)
            self._plan(task, checkup)

    def found_by(self, task: Task, checker: str) -> Turn | None:
        """What this checker has found by now, with consequences or, in a grace period, without."""
        checkup = self._checkups.get(task.arn, {}).get(checker)
        if checkup is None:
            return None
        since = (self._clock.now - checkup.begins).total_seconds()
        rhythm = replace(checkup.checker.rhythm, ignores_until=0.0)
        seen = (each for each in turns(rhythm, checkup.checker.spells) if each.at <= since)
        return max(seen, key=lambda each: each.at, default=None)

    def _afflicted(self, task: Task, checkup: _Checkup) -> tuple[Spell, ...]:
        spells = checkup.healthy
        for each in self._sicknesses():
            if not each.strikes(task.service_arn, task.task_definition):
                continue
            reason = self._complaint(task, checkup.checker, each.answer)
            if reason is None:
                continue
            started = task.started_at or checkup.begins
            begins = each.begins_at or started + timedelta(seconds=each.after_seconds)
            start = (begins - checkup.begins).total_seconds()
            end = start + each.for_seconds if each.for_seconds else inf
            spells = overlaid(spells, start, end, reason)
        return spells

    def _plan(self, task: Task, checkup: _Checkup) -> None:
        """Turns that were due are done with, unless the last one says what is not so."""
        late: TaskBecomesHealthy | TaskBecomesUnhealthy | None = None
        checker, known = checkup.checker, task.checks.get(checkup.checker.name)
        for turn in turns(checker.rhythm, checker.spells):
            stimulus: TaskBecomesHealthy | TaskBecomesUnhealthy
            if turn.reason is None:
                stimulus = TaskBecomesHealthy(task.arn, checker.name, task.health_plan)
            else:
                stimulus = TaskBecomesUnhealthy(
                    task.arn, checker.name, task.health_plan, checker.port, turn.reason
                )
            moment = checkup.begins + timedelta(seconds=turn.at)
            if moment > self._clock.now:
                self._clock.at(moment, stimulus)
                continue
            late = None if turn.is_healthy is known else stimulus
        if late is not None:
            self._clock.at(self._clock.now, late)
