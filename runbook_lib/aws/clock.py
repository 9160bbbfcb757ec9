"""Room: time for those who wait.

Lives here: the `Clock` that watchers are given, and the one that tells real time.
Never here: what is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable


class Clock(Protocol):
    """Now, and waiting. Waiting on the emulator leaps; on AWS it takes as long as it takes."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...

    def at(self, headers: Mapping[str, str], /) -> datetime:
        """When the response with these headers was given."""
        ...


@runtime_checkable
class LongPollClock(Clock, Protocol):
    """A clock that knows how to wait for a message before the queue is asked for it.

    On AWS the queue does the waiting. On the emulator's frozen clock nothing would ever come:
    there time leaps to the first message, 20 s at the most for until_message(arn, 20).
    """

    def until_message(self, queue_arn: str, seconds: float) -> None: ...


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def at(self, _: Mapping[str, str], /) -> datetime:
        """Just now: who asks has just received it."""
        return self.now()

    def until_message(self, queue_arn: str, seconds: float) -> None:
        """SQS waits, up to WaitTimeSeconds of the call that follows."""
