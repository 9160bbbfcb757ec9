"""Room: the arithmetic of a rolling deployment.

Lives here: threshold, floor, ceiling, restart pauses: small pure functions of numbers.
Never here: the world, time passing.
"""

from __future__ import annotations

from ecs_emulator.world.configuration import CircuitBreaker

MINIMUM_THRESHOLD, MAXIMUM_THRESHOLD = 3, 200
SHORT_PAUSES = 2
LONGEST_PAUSE_SECONDS = 900.0


def failure_threshold(breaker: CircuitBreaker, desired_count: int) -> int:
    """Failed tasks that trip the breaker, for the service's latest desired count.

    BOUNDED_PERCENT: value % of desired, rounded up, held between 3 and 200: 50 % of 25 is 13, of
    1 is 3, of 800 is 200. UNBOUNDED_PERCENT: the same without the bounds, at least 1: 50 % of 800
    is 400. COUNT: the value itself.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    threshold = breaker.threshold
    if threshold.type == "COUNT":
        return threshold.value
    share = -(-threshold.value * desired_count // 100)
    if threshold.type == "UNBOUNDED_PERCENT":
        return max(1, share)
    return min(max(share, MINIMUM_THRESHOLD), MAXIMUM_THRESHOLD)


def healthy_floor(minimum_healthy_percent: int, desired_count: int) -> int:
    """Healthy tasks to keep: minimum % of desired, rounded up. Desired 5, 50 %: 3."""
    return -(-minimum_healthy_percent * desired_count // 100)


def live_ceiling(maximum_percent: int, desired_count: int) -> int:
    """PENDING and RUNNING tasks allowed: maximum % of desired, rounded down. 5, 150 %: 7."""
    return maximum_percent * desired_count // 100


def restart_pause(failed_attempts: int) -> tuple[float, float]:
    """Bounds, in seconds, of the pause after the n-th task in a row that never was RUNNING.

    30 to 41 s after the first and the second, about 5 minutes after the third (297 s to more than
    11 minutes were measured on Fargate in 2026), and from the eleventh on a tenth longer each time,
    up to 15 minutes.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    if failed_attempts <= SHORT_PAUSES:
        return (30.0, 41.0)
    growth = 1.1 ** max(0, failed_attempts - 10)
    return (min(305.0 * growth, LONGEST_PAUSE_SECONDS), min(332.0 * growth, LONGEST_PAUSE_SECONDS))
