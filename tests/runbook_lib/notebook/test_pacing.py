"""How an emulated deployment plays: at a pace, paused, at once, and on a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ecs_emulator.client import EmulatorClock, EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib.aws.clock import WallClock
from runbook_lib.board.pacing import INSTANT, STEP_SECONDS, PacedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Real:
    """Real time that passes only while somebody sleeps. `each` happens after every sleep."""

    def __init__(self, each: Callable[[int], None] = lambda _: None) -> None:
        self.moment, self.naps, self.each = NOON, 0, each

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.moment += timedelta(seconds=seconds)
        self.naps += 1
        self.each(self.naps)

    @property
    def passed(self) -> float:
        return (self.moment - NOON).total_seconds()


@pytest.fixture
def virtual(emulator: EmulatorServer) -> EmulatorClock:
    return EmulatorClock(EmulatorControls(emulator.url))


def seconds_between(before: datetime, after: datetime) -> float:
    return (after - before).total_seconds()


@pytest.mark.parametrize(("pace", "real_seconds"), [(1, 15), (10, 1.5), (60, 0.25), (300, 0.05)])
def test_a_sleep_takes_as_long_as_the_pace_says(
    pace: float, real_seconds: float, virtual: EmulatorClock
) -> None:
    real, before = Real(), virtual.now()

    PacedClock(virtual, pace=pace, real=real).sleep(15)

    assert real.passed == pytest.approx(real_seconds)
    assert seconds_between(before, virtual.now()) == pytest.approx(15, abs=0.01)


def test_instant_does_not_wait_at_all(virtual: EmulatorClock) -> None:
    real, before = Real(), virtual.now()

    PacedClock(virtual, pace=INSTANT, real=real).sleep(900)

    assert real.naps == 0
    assert seconds_between(before, virtual.now()) == 900


def test_time_passes_in_small_steps_and_each_is_told(virtual: EmulatorClock) -> None:
    told: list[datetime] = []
    before = virtual.now()

    PacedClock(virtual, pace=10, tick=told.append, real=Real()).sleep(15)

    steps = [seconds_between(before, each) for each in told]
    assert steps == pytest.approx(range(1, 16), abs=0.01)


def test_a_new_pace_counts_from_the_next_step_on(virtual: EmulatorClock) -> None:
    def faster(naps: int) -> None:
        clock.pace = INSTANT if naps == 3 else clock.pace

    real = Real(faster)
    clock = PacedClock(virtual, pace=1, real=real)
    before = virtual.now()
    clock.sleep(15)

    assert real.passed == pytest.approx(3 * STEP_SECONDS)
    assert seconds_between(before, virtual.now()) == pytest.approx(15, abs=0.01)


def test_nothing_moves_while_it_is_paused(virtual: EmulatorClock) -> None:
    seen: list[datetime] = []

    def play(naps: int) -> None:
        seen.append(virtual.now())
        clock.is_paused = 2 <= naps < 20

    clock = PacedClock(virtual, pace=10, real=Real(play))
    clock.sleep(15)

    assert len(set(seen[2:20])) == 1
    assert seconds_between(seen[0], virtual.now()) == pytest.approx(15, abs=0.01)


@pytest.mark.parametrize("pace", [1, 60, INSTANT])
def test_a_pause_holds_at_every_pace(pace: float, virtual: EmulatorClock) -> None:
    def resume(naps: int) -> None:
        clock.is_paused = naps < 30

    real = Real(resume)
    clock = PacedClock(virtual, pace=pace, real=real)
    clock.is_paused = True
    before = virtual.now()
    clock.sleep(15)

    assert real.naps >= 30
    assert seconds_between(before, virtual.now()) == pytest.approx(15, abs=0.01)


@pytest.mark.parametrize("is_paused", [False, True])
def test_ctrl_c_ends_a_sleep(is_paused: bool, virtual: EmulatorClock) -> None:
    def interrupt(naps: int) -> None:
        if naps == 5:
            raise KeyboardInterrupt

    clock = PacedClock(virtual, real=Real(interrupt))
    clock.is_paused = is_paused

    with pytest.raises(KeyboardInterrupt):
        clock.sleep(15)


def test_a_computer_that_slept_does_not_leap_over_the_next_look(virtual: EmulatorClock) -> None:
    def sleep_through_the_night(_: int) -> None:
        real.moment += timedelta(hours=9)

    real, before = Real(sleep_through_the_night), virtual.now()
    PacedClock(virtual, pace=60, real=real).sleep(15)

    assert seconds_between(before, virtual.now()) == 15


def test_a_running_emulator_stands_still_meanwhile_and_runs_on_afterwards(
    virtual: EmulatorClock,
) -> None:
    virtual.speed = 600.0
    clock = PacedClock(virtual, pace=60, real=Real())

    with clock.steering():
        before = virtual.now()
        clock.sleep(15)
        passed = seconds_between(before, virtual.now())
        speed_meanwhile = virtual.speed

    assert (passed, speed_meanwhile) == (pytest.approx(15, abs=0.01), 0.0)
    assert virtual.speed == 600.0


def test_it_runs_on_even_after_an_interruption(virtual: EmulatorClock) -> None:
    virtual.speed = 600.0

    with pytest.raises(KeyboardInterrupt), PacedClock(virtual).steering():
        raise KeyboardInterrupt

    assert virtual.speed == 600.0


def test_on_aws_there_is_no_pace_time_takes_as_long_as_it_takes() -> None:
    real, told = Real(), list[datetime]()
    clock = PacedClock(real, pace=60, tick=told.append, real=real)

    with clock.steering():
        clock.sleep(15)

    assert not clock.is_steerable
    assert not PacedClock(WallClock()).is_steerable
    assert clock.now() == NOON + timedelta(seconds=15)
    assert told[-1] == NOON + timedelta(seconds=15)
