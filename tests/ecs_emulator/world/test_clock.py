"""Virtual time: it moves when the agenda is worked off, and never otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ecs_emulator.world.clock import FIRST_MOMENT, Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.messages import LookAgain, Stimulus

A, B, C = LookAgain("a"), LookAgain("b"), LookAgain("c")


def seconds(number: float) -> datetime:
    return FIRST_MOMENT + timedelta(seconds=number)


def work_off(clock: Clock, until: float) -> list[tuple[datetime, Stimulus]]:
    return [(clock.now, stimulus) for stimulus in clock.due(seconds(until))]


def test_the_agenda_is_worked_off_in_order_of_time_and_then_of_arrival() -> None:
    clock = Clock()
    clock.after(20, C)
    clock.after(10, B)
    clock.after(20, A)

    assert work_off(clock, 30) == [(seconds(10), B), (seconds(20), C), (seconds(20), A)]
    assert clock.now == seconds(30)
    assert clock.next_due is None


def test_what_is_due_at_the_very_end_is_due() -> None:
    clock = Clock()
    clock.after(30, A)
    clock.after(30.001, B)

    assert work_off(clock, 30) == [(seconds(30), A)]
    assert clock.next_due == seconds(30.001)


def test_what_a_stimulus_puts_on_the_agenda_is_done_in_the_same_interval() -> None:
    clock = Clock()
    clock.after(10, A)
    seen = []
    for stimulus in clock.due(seconds(30)):
        seen.append((clock.now, stimulus))
        if stimulus == A:
            clock.after(5, B)
            clock.after(25, C)

    assert seen == [(seconds(10), A), (seconds(15), B)]
    assert clock.next_due == seconds(35)


def test_a_time_that_has_passed_means_now() -> None:
    clock = Clock()
    assert work_off(clock, 60) == []
    clock.at(seconds(10), A)

    assert clock.next_due == seconds(60)
    assert work_off(clock, 60) == [(seconds(60), A)]


def test_time_never_runs_backwards() -> None:
    clock = Clock()
    work_off(clock, 60)
    work_off(clock, 30)

    assert clock.now == seconds(60)


def test_a_frozen_clock_is_always_due_where_it_is() -> None:
    clock = Clock()
    clock._synced_at -= 3600

    assert (clock.due_now(), clock.now) == (FIRST_MOMENT, FIRST_MOMENT)


def test_a_running_clock_is_due_as_far_on_as_real_time_times_its_speed() -> None:
    clock = Clock(speed=60)
    clock._synced_at -= 10

    due = clock.due_now()

    assert seconds(600) <= due < seconds(660)
    assert clock.now == FIRST_MOMENT


def test_a_new_speed_counts_from_now_on() -> None:
    clock = Clock()
    clock._synced_at -= 3600
    clock.speed = 1

    assert FIRST_MOMENT <= clock.due_now() < seconds(60)


def test_the_first_moment_is_the_same_in_every_run() -> None:
    assert Clock().now == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_one_seed_gives_one_series_of_ids_whatever_else_is_drawn() -> None:
    alone, beside = Ids(7), Ids(7)
    beside.between("pause", 0, 1)

    assert [alone.hexadecimal("task") for _ in range(3)] == [
        beside.hexadecimal("task") for _ in range(3)
    ]
    assert Ids(7).hexadecimal("task") != Ids(8).hexadecimal("task")
    assert len({beside.number("deployment") for _ in range(100)}) == 100
    assert all(len(beside.number("deployment")) == 19 for _ in range(100))
    assert len(beside.url_safe("service deployment")) == 21
    assert len(beside.hexadecimal("task")) == 32
