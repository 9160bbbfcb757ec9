"""Room: how fast an emulated deployment plays before somebody's eyes.

Lives here: `PacedClock`, which lets virtual time pass at a pace that can change in the middle.
Never here: what is watched, sliders.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from runbook_lib.aws.clock import Clock, WallClock

REAL_TIME, INSTANT = 1.0, math.inf
STEP_SECONDS = 0.1
"""Real seconds: how long a new pace or a pause takes, at the most, to be noticed."""

_MOMENT = 0.001
"""Clocks tell time to the microsecond: what is left below this is over."""


@runtime_checkable
class Steerable(Clock, Protocol):
    """A clock that somebody may move: the emulator's. `speed` 0 stands still."""

    @property
    def speed(self) -> float: ...

    @speed.setter
    def speed(self, speed: float) -> None: ...

    def advance(self, seconds: float) -> None: ...


class PacedClock:
    """The same clock, waiting at `pace` virtual seconds a real second; 60: a minute a second.

    Only a `Steerable` clock has a pace; any other is waited for as it is. `pace` and `is_paused`
    may be set from another thread, also while somebody sleeps. `tick` is told the time every tenth
    of a real second of waiting. Ctrl-C ends a sleep, paused or not.

    >>> clock = PacedClock(session.clock, pace=60)
    >>> clock.sleep(15)  # a quarter of a second
    """

    def __init__(
        self,
        clock: Clock,
        *,
        pace: float = REAL_TIME,
        tick: Callable[[datetime], None] | None = None,
        real: Clock | None = None,
    ) -> None:
        self._clock, self._real, self._tick = clock, real or WallClock(), tick
        self._steered = clock if isinstance(clock, Steerable) else None
        self.pace = pace
        self.is_paused = False

    @property
    def is_steerable(self) -> bool:
        return self._steered is not None

    def now(self) -> datetime:
        return self._clock.now()

    def at(self, headers: Mapping[str, str], /) -> datetime:
        return self._clock.at(headers)

    def sleep(self, seconds: float) -> None:
        """Seconds of the clock, 15 of them at pace 60 within a quarter of a real one."""
        end = self.now() + timedelta(seconds=seconds)
        left = seconds
        while left > 0 or self.is_paused:
            passed = 0.0 if self._leaps else self._wait(left)
            left = self._move(left, passed, end)
            if self._tick is not None:
                self._tick(end - timedelta(seconds=left))

    @property
    def _leaps(self) -> bool:
        return self.is_steerable and self.pace == INSTANT and not self.is_paused

    def _wait(self, left: float) -> float:
        """The real seconds of one step. What a sleeping computer slept through counts once."""
        pace = self.pace if self.is_steerable and not self.is_paused else REAL_TIME
        began = self._real.now()
        self._real.sleep(STEP_SECONDS if self.is_paused else min(STEP_SECONDS, left / pace))
        return (self._real.now() - began).total_seconds()

    def _move(self, left: float, passed: float, end: datetime) -> float:
        """What is left of the sleep after a step of `passed` real seconds."""
        if self._steered is None:
            return (end - self._clock.now()).total_seconds()
        pace = self.pace
        if self.is_paused or left <= 0:
            return left
        is_over = pace == INSTANT or passed * pace > left - _MOMENT
        part = left if is_over else passed * pace
        self._steered.advance(part)
        return left - part

    @contextmanager
    def steering(self) -> Iterator[None]:
        """Meanwhile the emulator's own speed is off: time moves only where somebody sleeps here."""
        clock = self._steered
        if clock is None:
            yield
            return
        own, clock.speed = clock.speed, 0.0
        try:
            yield
        finally:
            clock.speed = own
