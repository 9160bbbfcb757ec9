"""The account without ECS, for the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from account_world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.account.close()
