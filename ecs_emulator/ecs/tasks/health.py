"""Room: how the health of a task moves.

Lives here: spells in which every check is answered alike, and when a check makes up its mind: so
many good or bad answers in a row. One checker a container with a health check, one a target group.
Never here: what the answers are (fates, target_health), what a sick task leads to (failures).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Spell:
    """From `begins` on, in seconds, every check fails because of this; None: it passes."""

    begins: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds. `first_pass`: until a new task that answers well is healthy; `passes`: until one
    that was sick is; `fails`: until one that answers badly is unhealthy. Failures before
    `ignores_until` have no consequence.
    """

    first_pass: float
    passes: float
    fails: float
    ignores_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Checker:
    """Who asks how a task is: the container health check `name`, or the target group of this ARN.

    `port` is the one that a target group asks on.
    """

    name: str
    rhythm: Rhythm
    spells: tuple[Spell, ...] = (Spell(0.0),)
    port: int = 0

    @property
    def is_target_group(self) -> bool:
        return self.name.startswith("arn:")


@dataclass(frozen=True, slots=True)
class Turn:
    """At this second the checker finds the task healthy, or sick because of `reason`."""

    at: float
    reason: str | None = None

    @property
    def is_healthy(self) -> bool:
        return self.reason is None


def turns(rhythm: Rhythm, spells: Sequence[Spell]) -> Iterator[Turn]:
    """Interval 30 s, 2 bad answers, answers fail from second 100 on: healthy at 20, sick at 160.

    A spell that is over before the checker has made up its mind changes nothing.
    """
    was_healthy: bool | None = None
    for spell, ends in zip(spells, [*(each.begins for each in spells[1:]), inf], strict=True):
        if spell.reason is None:
            wait = rhythm.first_pass if was_healthy is None else rhythm.passes
            turn = Turn(spell.begins + wait)
        else:
            turn = Turn(max(spell.begins + rhythm.fails, rhythm.ignores_until), spell.reason)
        if turn.is_healthy is not was_healthy and turn.at <= ends:
            was_healthy = turn.is_healthy
            yield turn


def overlaid(
    spells: Sequence[Spell], begins: float, ends: float, reason: str | None
) -> tuple[Spell, ...]:
    """The same with another answer in between. From 100 to 200: three spells out of one."""
    if ends <= max(begins, 0.0):
        return tuple(spells)
    return spliced(spliced(spells, begins, (Spell(0.0, reason),)), ends, spells)


def spliced(before: Sequence[Spell], moment: float, after: Sequence[Spell]) -> tuple[Spell, ...]:
    """`before` until this moment, `after` from then on. Neighbours that answer alike are one."""
    if moment == inf:
        return tuple(before)
    kept = [each for each in before if each.begins < moment]
    current = [each for each in after if each.begins <= moment][-1:]
    later = [each for each in after if each.begins > moment]
    joined = [*kept, *(Spell(max(moment, 0.0), each.reason) for each in current), *later]
    return tuple(
        each
        for number, each in enumerate(joined)
        if number == 0 or joined[number - 1].reason != each.reason
    )
