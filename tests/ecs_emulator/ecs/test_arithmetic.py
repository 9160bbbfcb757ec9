"""The arithmetic of a rolling deployment: threshold, floor, ceiling, pauses."""

from __future__ import annotations

import pytest

from ecs_emulator.ecs.arithmetic import (
    failure_threshold,
    healthy_floor,
    live_ceiling,
    restart_pause,
)
from ecs_emulator.world.configuration import CircuitBreaker, ThresholdConfiguration


@pytest.mark.parametrize(
    ("kind", "value", "desired", "threshold"),
    [
        # The developer guide's table.
        ("BOUNDED_PERCENT", 50, 1, 3),
        ("BOUNDED_PERCENT", 50, 25, 13),
        ("BOUNDED_PERCENT", 50, 400, 200),
        ("BOUNDED_PERCENT", 50, 800, 200),
        ("UNBOUNDED_PERCENT", 50, 800, 400),
        # Held between 3 and 200.
        ("BOUNDED_PERCENT", 50, 0, 3),
        ("BOUNDED_PERCENT", 50, 6, 3),
        ("BOUNDED_PERCENT", 50, 7, 4),
        ("BOUNDED_PERCENT", 100, 2, 3),
        ("BOUNDED_PERCENT", 1, 100, 3),
        ("BOUNDED_PERCENT", 100, 200, 200),
        ("BOUNDED_PERCENT", 50, 401, 200),
        # Rounded up.
        ("BOUNDED_PERCENT", 33, 10, 4),
        ("BOUNDED_PERCENT", 100, 10, 10),
        ("BOUNDED_PERCENT", 1, 5000, 50),
        ("UNBOUNDED_PERCENT", 50, 3, 2),
        ("UNBOUNDED_PERCENT", 50, 1, 1),
        ("UNBOUNDED_PERCENT", 1, 1, 1),
        ("UNBOUNDED_PERCENT", 100, 5000, 5000),
        ("UNBOUNDED_PERCENT", 50, 0, 1),
        # COUNT is what it says, whatever is desired.
        ("COUNT", 5, 10, 5),
        ("COUNT", 1, 1000, 1),
        ("COUNT", 500, 1, 500),
    ],
)
@pytest.mark.fact(
    "breaker.bounded-percent",
    "breaker.unbounded-percent",
    "breaker.unbounded-at-least-1",
    "breaker.count",
)
def test_threshold_of_the_breaker(kind: str, value: int, desired: int, threshold: int) -> None:
    breaker = CircuitBreaker(enable=True, threshold=ThresholdConfiguration(kind, value))

    assert failure_threshold(breaker, desired) == threshold


@pytest.mark.fact("breaker.default-threshold")
def test_a_breaker_without_settings_takes_half_of_desired_and_at_least_three() -> None:
    assert [failure_threshold(CircuitBreaker(), desired) for desired in (1, 25, 1000)] == [
        3,
        13,
        200,
    ]


@pytest.mark.parametrize(
    ("minimum", "maximum", "desired", "floor", "ceiling"),
    [
        (100, 200, 1, 1, 2),
        (100, 200, 4, 4, 8),
        (50, 150, 5, 3, 7),
        (50, 100, 1, 1, 1),
        (50, 100, 3, 2, 3),
        (0, 100, 4, 0, 4),
        (99, 101, 10, 10, 10),
        (33, 134, 3, 1, 4),
        (100, 200, 0, 0, 0),
    ],
)
@pytest.mark.fact("deployments.floor", "deployments.ceiling")
def test_the_floor_is_rounded_up_and_the_ceiling_down(
    minimum: int, maximum: int, desired: int, floor: int, ceiling: int
) -> None:
    assert (healthy_floor(minimum, desired), live_ceiling(maximum, desired)) == (floor, ceiling)


@pytest.mark.parametrize(
    ("attempts", "shortest", "longest"),
    [
        (1, 30.0, 41.0),
        (2, 30.0, 41.0),
        (3, 305.0, 332.0),
        (4, 305.0, 332.0),
        (10, 305.0, 332.0),
        (100, 900.0, 900.0),
    ],
)
@pytest.mark.fact("timing.long-pause")
def test_the_third_failure_in_a_row_brings_the_long_pause(
    attempts: int, shortest: float, longest: float
) -> None:
    assert restart_pause(attempts) == (shortest, longest)


@pytest.mark.fact("timing.growing-pause", "timing.growth")
def test_pauses_never_get_shorter_and_end_at_a_quarter_of_an_hour() -> None:
    pauses = [restart_pause(attempts) for attempts in range(1, 60)]

    assert pauses == sorted(pauses)
    assert all(shortest <= longest <= 900 for shortest, longest in pauses)
    assert pauses[10] == pytest.approx((335.5, 365.2))
    assert pauses[-1] == (900.0, 900.0)
