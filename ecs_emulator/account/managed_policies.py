"""Room: AWS's own managed policies, kept from one reset to the next.

Lives here: building them once for a seed, and a fresh copy for each new world.
Never here: an import of moto (its builder and its chance are handed in).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any


class ManagedPolicies:
    """`build(iam)` takes 0.1 s, which is what a reset would take, and draws an id for each policy.

    `chance` is moto's stream of chance. Afterwards it stands where the drawing would have left it,
    so that every id that is drawn later is the same. The first world gets what was built, and
    copies are kept from the second on: most processes never have one.
    """

    def __init__(self, build: Callable[[Any], list[Any]], chance: Any) -> None:
        self._build = build
        self._chance = chance
        self._before: Any = None
        self._after: Any = None
        self._pristine: list[Any] = []

    def of(self, iam: Any) -> list[Any]:
        before = self._chance.getstate()
        if before != self._before:
            self._before, self._pristine = before, []
            return self._build(iam)
        if not self._pristine:
            self._pristine = self._build(iam)
            self._after = self._chance.getstate()
        self._chance.setstate(self._after)
        return [_copied(policy) for policy in self._pristine]


def _copied(policy: Any) -> Any:
    """With versions and tags of its own, or what one world changes the next would find."""
    mine = copy.copy(policy)
    mine.versions = [copy.copy(version) for version in policy.versions]
    mine.tags = dict(policy.tags)
    return mine
