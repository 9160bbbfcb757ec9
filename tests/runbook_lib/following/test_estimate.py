"""What a drill takes, said in advance, against what it then takes on the emulator."""

from __future__ import annotations

import pytest
from drilling import set_up

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, estimate, labs
from runbook_lib.aws.session import Session
from runbook_lib.facts import CircuitBreaker
from runbook_lib.facts.settings import Settings


@pytest.mark.whole
@pytest.mark.parametrize("threshold", ["BOUNDED_PERCENT 50", "COUNT 1"])
@pytest.mark.parametrize("desired_count", [1, 2, 3, 6, 25])
def test_a_missing_image_fails_within_the_time_that_was_said(
    desired_count: int, threshold: str, emulator: EmulatorServer, connected: Session
) -> None:
    settings = Settings(desired_count=desired_count, threshold=threshold)
    set_up(connected, settings)
    bad = labs.Release(name="bad", image=settings.bad_image)
    outcome = apply(connected, labs.release_plan(connected, settings, bad))

    watched = labs.watch(connected, settings, outcome)

    low, high = estimate(desired_count, breaker=settings.circuit_breaker).until_failed
    assert watched.failed_at is not None
    assert low <= watched.failed_at - watched.started_at <= high


def test_the_sentence_says_threshold_time_and_cost() -> None:
    assert estimate(1).sentence == (
        "The breaker trips at 3 failures, after 10 to 18 minutes; the whole walk takes 13 to 24 "
        "minutes and costs at most 0.01 USD on Fargate (list price of eu-west-1)."
    )


def test_a_strict_breaker_makes_a_drill_of_two_to_three_minutes() -> None:
    strict = CircuitBreaker(enable=True, rollback=True, threshold_type="COUNT", threshold_value=1)

    low, high = (each.total_seconds() for each in estimate(1, breaker=strict).until_failed)

    assert (low, high) == (132, 183)
