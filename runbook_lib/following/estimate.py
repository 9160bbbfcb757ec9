"""Room: how long a drill takes, and what it costs, before it begins.

Lives here: the arithmetic, from measured intervals and list prices.
Never here: AWS calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from runbook_lib.facts import CircuitBreaker

FIRST_START = (17, 50)
ATTEMPT = (85, 92)
SHORT_PAUSE = (30, 41)
LONG_PAUSE = (297, 660)
ROLLBACK = (24, 80)
"""Seconds as recorded on Fargate with an image that is missing: from UpdateService to the first
start, a failing attempt, the pause after the first and second failed task, after every later one,
and a rollback whose tasks still run. AWS may at any time be slower."""
LONGEST_PAUSE = 930
"""Documented: the wait between restarts grows to at most 15 minutes.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html"""
_SHORT_AFTER, _GROWS_AFTER = 2, 10
SETTING_UP = (120, 300)
"""Seconds for a first deployment, the alert chain, confirming it, and the clean-up."""
VCPU_HOUR_USD, GB_HOUR_USD, ADDRESS_HOUR_USD = 0.04048, 0.004445, 0.005
"""Fargate for Linux on x86 and a public IPv4 address, list prices of eu-west-1 and us-east-1.
https://aws.amazon.com/fargate/pricing/ https://aws.amazon.com/vpc/pricing/"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`shortest` and `longest` for the whole walk; `usd` is the most that its tasks cost."""

    threshold: int
    rounds: int
    until_failed: tuple[timedelta, timedelta]
    shortest: timedelta
    longest: timedelta
    usd: float

    @property
    def sentence(self) -> str:
        """ "The breaker trips at 3 failures, after 10 to 18 minutes; …"""
        low, high = (_minutes(each) for each in self.until_failed)
        return (
            f"The breaker trips at {self.threshold} failures, after {low} to {high} minutes; the "
            f"whole walk takes {_minutes(self.shortest)} to {_minutes(self.longest)} minutes and "
            f"costs at most {self.usd:.2f} USD on Fargate (list price of eu-west-1)."
        )


def estimate(
    desired_count: int,
    *,
    breaker: CircuitBreaker | None = None,
    vcpus: float = 0.25,
    memory_gb: float = 0.5,
) -> Estimate:
    """For an image that is missing: the drill of this runbook.

    Tasks of a round fail together, so desired count 1 needs three rounds for the threshold of 3 and
    desired count 3 one. The verdict comes when ECS would start the next round, so the pause before
    that counts, too. That tasks which fail together lengthen it is assumed: only services with one
    task have been recorded. Both the old and the new tasks may run at the same time.
    """
    guard = breaker or CircuitBreaker(enable=True, rollback=True)
    threshold = guard.threshold(desired_count) or 0
    rounds = max(-(-threshold // desired_count), 1)
    low, high = (_until_failed(rounds, desired_count, side) for side in (0, 1))
    shortest, longest = (
        timedelta(seconds=failed + ROLLBACK[side] + SETTING_UP[side])
        for side, failed in ((0, low), (1, high))
    )
    hours = longest.total_seconds() / 3600
    an_hour = vcpus * VCPU_HOUR_USD + memory_gb * GB_HOUR_USD + ADDRESS_HOUR_USD
    return Estimate(
        threshold=threshold,
        rounds=rounds,
        until_failed=(timedelta(seconds=low), timedelta(seconds=high)),
        shortest=shortest,
        longest=longest,
        usd=max(2 * desired_count * hours * an_hour, 0.01),
    )


def _until_failed(rounds: int, desired_count: int, side: int) -> int:
    pauses = [_pause(each * desired_count, side) for each in range(1, rounds + 1)]
    return FIRST_START[side] + rounds * ATTEMPT[side] + sum(pauses)


def _pause(failed_tasks: int, side: int) -> int:
    if failed_tasks <= _SHORT_AFTER:
        return SHORT_PAUSE[side]
    return LONG_PAUSE[side] if failed_tasks <= _GROWS_AFTER or side == 0 else LONGEST_PAUSE


def _minutes(duration: timedelta) -> int:
    return round(duration.total_seconds() / 60)
