"""Room: virtual time and its agenda.

Lives here: what time it is in the emulated world, and what is due when.
Never here: what a stimulus means, or who handles it.

The clock only moves in `due`: to the time of each item as it is popped, and to the end of the
interval once nothing is left in it. The agenda holds data, not closures, so that it can be printed.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ecs_emulator.world.messages import Stimulus

FROZEN = 0.0
FIRST_MOMENT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Where a frozen world begins, so that two runs with one seed print the same times."""


def real_now() -> datetime:
    """The time on the wall, where a world whose clock runs by itself begins."""
    return datetime.now(UTC)


class Clock:
    """Now, and what is still to come.

    `speed` is virtual seconds per real second: 60 plays an hour in a minute, 0 is frozen, and
    then time moves only when somebody advances it.
    """

    def __init__(self, start: datetime = FIRST_MOMENT, speed: float = FROZEN) -> None:
        self.now = start
        self._agenda: list[tuple[datetime, int, Stimulus]] = []
        self._serial = 0
        self._speed = speed
        self._synced_at = time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._synced_at = time.monotonic()
        self._speed = speed

    def at(self, when: datetime, stimulus: Stimulus) -> None:
        """Put a stimulus on the agenda. A time that has passed means: as soon as time moves."""
        self._serial += 1
        heapq.heappush(self._agenda, (max(when, self.now), self._serial, stimulus))

    def after(self, seconds: float, stimulus: Stimulus) -> None:
        self.at(self.now + timedelta(seconds=seconds), stimulus)

    def due(self, until: datetime) -> Iterator[Stimulus]:
        """Pop what is due up to `until`, in order of time and then of arrival, and end there."""
        while self._agenda and self._agenda[0][0] <= until:
            when, _, stimulus = heapq.heappop(self._agenda)
            self.now = max(self.now, when)
            yield stimulus
        self.now = max(self.now, until)

    def due_now(self) -> datetime:
        """The moment the world should have reached by now: real time passed, times speed."""
        passed = time.monotonic() - self._synced_at
        self._synced_at += passed
        return self.now + timedelta(seconds=passed * self._speed)

    @property
    def next_due(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None
