"""Room: following many deployments at once.

Lives here: `watch_many`, and how often it may look without being throttled.
Never here: what counts as an end (following).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from runbook_lib.aws.reading import SERVICES_A_CALL, read_services
from runbook_lib.aws.session import Session
from runbook_lib.following.deployment import (
    LONGEST,
    POLL_SECONDS,
    TIMED_OUT,
    UNKNOWN,
    Following,
    Watched,
)

SERVICE_READS_BURST, SERVICE_READS_A_SECOND = 100, 20.0
"""What an account may ask in a Region with DescribeServices and ListServices together.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"""
SHARE = 0.5
"""Of that; the rest is for whoever else asks."""


def seconds_between_looks(services: int) -> float:
    """15 s, or longer where that would be more than half of what AWS allows.

    500 services are 50 calls, 3.3 a second: 15 s. 2,000 are 200 calls, at 10 a second: 20 s.
    """
    calls = -(-services // SERVICES_A_CALL)
    return max(POLL_SECONDS, calls / (SERVICE_READS_A_SECOND * SHARE))


def watch_many(
    session: Session,
    *,
    cluster: str,
    deployments: Mapping[str, str],
    timeout: timedelta = LONGEST,
    tell: Callable[[str], None] = print,
) -> dict[str, Watched]:
    """Follow a deployment of each of many services to its end. Service name → its `Watched`.

    All that are still open are looked at together, ten services a call. `tell` gets a line for
    each end.

    >>> watch_many(session, cluster="default", deployments={"web": "ecs-svc/12…"})["web"].end
    'rolled back'
    """
    clock = session.clock
    open_ones = {
        service: Following(session, cluster, service, deployment_id, _nobody)
        for service, deployment_id in deployments.items()
    }
    ended: dict[str, Watched] = {}
    deadline = clock.now() + timeout
    while open_ones:
        now = clock.now()
        found = read_services(session, cluster, list(open_ones))
        for service, following in list(open_ones.items()):
            watched = following.take(now, found.get(service))
            if watched is None and now >= deadline:
                watched = following.ended(TIMED_OUT)
            if watched is None and following.is_unknown:
                watched = following.ended(UNKNOWN)
            if watched is not None:
                ended[service] = watched
                del open_ones[service]
                tell(f"{now:%H:%M:%S}  {service}  {watched.end}")
        if open_ones:
            clock.sleep(seconds_between_looks(len(open_ones)))
    return {service: ended[service] for service in deployments}


def _nobody(_: str) -> None:
    """Of hundreds of deployments only the ends are told."""
