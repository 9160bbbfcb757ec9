"""Room: time for those who wait.

Lives here: the `Clock` that watchers are given, and the one that tells real time.
Never here: what is waited for.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Now, and waiting. Waiting on the emulator leaps; on AWS it takes as long as it takes."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
