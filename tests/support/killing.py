"""Room: a process that is killed.

Lives here: `Fate`, which ends the process of a session at a chosen step.
Never here: what has to be true afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runbook_lib.aws.session import Session

READING = ("Describe", "List", "Get", "Receive", "Test")
SERVICES = "ecs iam sns sqs events ec2 cloudwatch kms".split()


class Killed(BaseException):
    """The process is dead: it catches nothing and makes no further call."""


class Fate:
    """Ends the process at its n-th step, before AWS gets the call or before the reply is read."""

    def __init__(self) -> None:
        self.spare()

    def spare(self) -> None:
        self.at, self.when, self.is_dead = 0, "", False
        self.steps: list[str] = []

    def kill(self, at: int, when: str) -> None:
        self.spare()
        self.at, self.when = at, when

    def before(self, model: Any, **_: Any) -> None:
        if self.is_dead:
            raise Killed
        if not model.name.startswith(READING):
            self.steps.append(model.name)
            self._strike("before")

    def after(self, model: Any, **_: Any) -> None:
        if not model.name.startswith(READING):
            self._strike("after")

    def _strike(self, when: str) -> None:
        if len(self.steps) == self.at and when == self.when:
            self.is_dead = True
            raise Killed


@contextmanager
def fate_of(session: Session) -> Iterator[Fate]:
    """Hears every call of the session; stands before what the session itself hears."""
    fate = Fate()
    heard = [session.client(each).meta.events for each in SERVICES]
    for events in heard:
        events.register_first("before-call.*.*", fate.before)
        events.register_first("after-call.*.*", fate.after)
    try:
        yield fate
    finally:
        for events in heard:
            events.unregister("before-call.*.*", fate.before)
            events.unregister("after-call.*.*", fate.after)
