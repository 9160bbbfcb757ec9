"""Room: botocore's waiting, without the wait.

Lives here: a time for botocore's retries that leaps. It pauses between its tries in real seconds;
these are the only pauses of the library that do not go by the emulator's clock.
Never here: whether and how often is tried again. That stays botocore's own.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import botocore.retries.bucket
import botocore.retries.standard
import pytest


class LeapingTime:
    """Stands for the module `time`: each look at it takes 10 ms, and a sleep no time at all."""

    def __init__(self) -> None:
        self.now = self.slept = 0.0

    def time(self) -> float:
        self.now += 0.01
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def leap(monkeypatch: pytest.MonkeyPatch) -> LeapingTime:
    """Let botocore's pauses leap until the test is over."""
    leaping = LeapingTime()

    class Condition:
        """What the token bucket of adaptive retries waits on."""

        def __init__(self, lock: Any) -> None:
            self._lock = lock

        def __enter__(self) -> Any:
            return self._lock.__enter__()

        def __exit__(self, *error: object) -> None:
            self._lock.__exit__(*error)

        def wait(self, seconds: float) -> None:
            leaping.sleep(seconds)

        def notify(self) -> None:
            """Nobody waits."""

    for module in (botocore.endpoint, botocore.retries.bucket, botocore.retries.standard):
        monkeypatch.setattr(module, "time", leaping)
    threads = SimpleNamespace(Lock=threading.Lock, Condition=Condition)
    monkeypatch.setattr(botocore.retries.bucket, "threading", threads)
    return leaping
