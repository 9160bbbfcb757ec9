"""Room: the emulator in other people's tests.

Lives here: the pytest fixtures `ecs_emulator` and `ecs_emulator_session`.
Never here: what a test does with it.

Installing the distribution is enough: pytest finds the plugin by its entry point. While a test has
one of the fixtures, the process's environment leads to the emulator and nowhere else, so that code
under test that makes its own clients meets it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ecs_emulator.emulator import Emulator


class _Shared:
    """The emulator of the whole session. It steps aside for a test that wants one of its own."""

    def __init__(self) -> None:
        self._emulator: Emulator | None = None

    def in_a_new_world(self) -> Emulator:
        if self._emulator is None:
            from ecs_emulator.emulator import Emulator

            self._emulator = Emulator().__enter__()
        else:
            self._emulator.reset(seed=1)
        return self._emulator

    def close(self) -> None:
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None


@pytest.fixture(scope="session")
def _shared_ecs_emulator() -> Iterator[_Shared]:
    shared = _Shared()
    yield shared
    shared.close()


@contextmanager
def _in_the_environment(emulator: Emulator) -> Iterator[Emulator]:
    """Whatever the test makes of the environment is undone afterwards too."""
    before = dict(os.environ)
    environment = emulator.environment
    try:
        os.environ.clear()
        os.environ.update(environment)
        yield emulator
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def ecs_emulator(_shared_ecs_emulator: _Shared) -> Iterator[Emulator]:
    """An emulated AWS account for this test alone: an `ecs_emulator.Emulator`, seed 1, its clock
    frozen."""
    from ecs_emulator.emulator import Emulator

    _shared_ecs_emulator.close()
    with Emulator() as emulator, _in_the_environment(emulator):
        yield emulator


@pytest.fixture
def ecs_emulator_session(_shared_ecs_emulator: _Shared) -> Iterator[Emulator]:
    """One server for the whole session, with an empty world for each test: quicker, and its
    address stays the same as long as no test asks for `ecs_emulator`."""
    with _in_the_environment(_shared_ecs_emulator.in_a_new_world()) as emulator:
        yield emulator
