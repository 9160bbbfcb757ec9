"""Room: what comes next in a deployment that cannot pull its image, and when.

Lives here: reading off the service events where the deployment stands, and the published interval
to its next change.
Never here: the intervals themselves (estimate), how they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook_lib.evidence.moments import duration
from runbook_lib.facts import Deployment, Service, ServiceEvent
from runbook_lib.facts.causes import explain
from runbook_lib.following import estimate
from runbook_lib.following.deployment import POLL_SECONDS

_STARTED = re.compile(r"has started \d+ tasks")
_UNABLE = re.compile(r"was unable to place a task\. Reason: (.*?)\.?$")
_LONG_FROM = 3
_NO_SUCH_TAG = explain("CannotPullContainerError: not found")[0]


@dataclass(frozen=True, slots=True)
class Expected:
    """`what` happens between `earliest` and `latest`, going by what was recorded on AWS."""

    what: str
    earliest: datetime
    latest: datetime

    def told(self, now: datetime) -> str:
        """ "the next attempt: expected in 30 to 41 s"; once it is late by a look, that it is."""
        low, high = (round((each - now).total_seconds()) for each in (self.earliest, self.latest))
        if high < -POLL_SECONDS:
            return f"{self.what}: {spoken(-high)} later than was recorded on AWS"
        if high <= 0:
            return f"{self.what}: any moment"
        if low <= 0:
            return f"{self.what}: any moment, expected within {spoken(high)}"
        first = str(low) if high < 60 else spoken(low)
        return f"{self.what}: expected in {first} to {spoken(high)}"


def spoken(seconds: float) -> str:
    """Whole seconds: 5 → "5 s", 85 → "1 min 25 s"."""
    whole = max(round(seconds), 0)
    return f"{whole} s" if whole < 60 else duration(whole)


def expected_next(
    service: Service, deployment_id: str, *, image_is_missing: bool | None = None
) -> Expected | None:
    """The next change of the deployment; None where nothing is known of it.

    The intervals were recorded with an image that does not exist. Whether this is such a case the
    stopped tasks tell; before the first has stopped, `image_is_missing` may.
    """
    entry = service.deployment(deployment_id)
    if entry is None or entry.is_completed:
        return None
    events = own_events(service, entry)
    if entry.has_failed:
        return _rollback(service, deployment_id)
    if not any(_STARTED.search(each.message) for each in events):
        return _after(entry.created_at, estimate.FIRST_START, "the first attempt")
    failed = unplaced(events)
    if failed:
        reasons = (_UNABLE.search(each.message) for each in failed)
        image_is_missing = all(each and explain(each[1])[0] == _NO_SUCH_TAG for each in reasons)
    if not image_is_missing or entry.running_count:
        return None
    if entry.pending_count:
        started = _newest(events, _STARTED)
        return _after(started, estimate.ATTEMPT, f"failure {len(failed) + 1}")
    return _after_pause(service, events, failed=len(failed))


def own_events(service: Service, entry: Deployment) -> list[ServiceEvent]:
    """What was said since the deployment began, newest first."""
    return [each for each in service.events if each.created_at >= entry.created_at]


def unplaced(events: Sequence[ServiceEvent]) -> list[ServiceEvent]:
    """Those that tell of a task that could not be placed: of a failed attempt."""
    return [each for each in events if _UNABLE.search(each.message)]


def _after_pause(
    service: Service, events: Sequence[ServiceEvent], *, failed: int
) -> Expected | None:
    """ECS waits longer from the third failed task on; the verdict comes when it would try again."""
    threshold = service.circuit_breaker.threshold(service.desired_count)
    pause = estimate.SHORT_PAUSE if failed < _LONG_FROM else estimate.LONG_PAUSE
    is_enough = threshold is not None and failed >= threshold
    what = "the verdict of the circuit breaker" if is_enough else "the next attempt"
    return _after(_newest(events, _UNABLE), pause, what)


def _rollback(service: Service, deployment_id: str) -> Expected | None:
    """Known where the tasks that ran before still run."""
    primary = service.primary
    if primary is None or primary.id == deployment_id:
        return None
    if primary.running_count < primary.desired_count:
        return None
    return _after(service.failed_at(deployment_id), estimate.ROLLBACK, "the end of the rollback")


def _newest(events: Sequence[ServiceEvent], pattern: re.Pattern[str]) -> datetime | None:
    return next((each.created_at for each in events if pattern.search(each.message)), None)


def _after(since: datetime | None, span: tuple[int, int], what: str) -> Expected | None:
    if since is None:
        return None
    return Expected(what, *(since + timedelta(seconds=each) for each in span))
