"""Room: rules of the breaker that can be worked out without AWS.

Lives here: the two ways of counting, and when a container health check gives its verdict.
Never here: what really happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbook_lib import facts


def count_failures(
    outcomes: Sequence[str], breaker: facts.CircuitBreaker, desired_count: int
) -> list[tuple[int, bool]]:
    """What the breaker has counted after each outcome, and whether it has tripped by then.

    Outcomes are "failed" and "healthy". By default a healthy task sets the count back to 0: failed,
    failed, healthy, failed counts 1, 2, 0, 1. With `reset_on_healthy_task` false: 1, 2, 2, 3.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    threshold, count, tripped, counted = breaker.threshold(desired_count), 0, False, []
    for outcome in outcomes:
        if outcome == "failed":
            count += 1
        elif breaker.reset_on_healthy_task:
            count = 0
        tripped = tripped or (threshold is not None and count >= threshold)
        counted.append((count, tripped))
    return counted


def detection_seconds(check: Mapping[str, int]) -> int:
    """Seconds from RUNNING until a container health check that only fails is UNHEALTHY.

    startPeriod + interval × retries: 30 s, 3 retries and no start period are 90.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    return check.get("startPeriod", 0) + check.get("interval", 30) * check.get("retries", 3)
