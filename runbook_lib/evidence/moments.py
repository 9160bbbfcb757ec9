"""Room: when it happened.

Lives here: which deployment a drill was about, the moments of it, and the seconds between them.
Never here: reading a journal, showing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.evidence.evidence import Evidence, Hop, Snapshot


@dataclass(frozen=True, slots=True)
class Moments:
    """When the watched deployment began, failed, was rolled back; when its alert arrived."""

    began: datetime | None = None
    failed: datetime | None = None
    rolled_back: datetime | None = None
    alerted: datetime | None = None

    @property
    def seconds_to_fail(self) -> float | None:
        return seconds_between(self.began, self.failed)

    @property
    def seconds_to_roll_back(self) -> float | None:
        return seconds_between(self.failed, self.rolled_back)

    @property
    def seconds_to_alert(self) -> float | None:
        return seconds_between(self.failed, self.alerted)


def watched_deployment(evidence: Evidence) -> str:
    """The id of the deployment that the drill was about: the verdict's, else the newest seen."""
    if evidence.verdict is not None and evidence.verdict.deployment:
        return evidence.verdict.deployment
    return newest_deployment(evidence.snapshots)


def moments_of_drill(evidence: Evidence) -> Moments:
    return moments_of(evidence.snapshots, watched_deployment(evidence), evidence.hops)


def newest_deployment(snapshots: Sequence[Snapshot]) -> str:
    """The deployment that was seen first at the latest: the one that a drill has started."""
    seen: list[str] = []
    for snapshot in snapshots:
        new = [each for each in snapshot.deployments if each.id not in seen]
        seen += [each.id for each in sorted(new, key=lambda each: each.status == "PRIMARY")]
    return seen[-1] if seen else ""


def moments_of(snapshots: Sequence[Snapshot], deployment: str, hops: Sequence[Hop] = ()) -> Moments:
    """A hop's own time is exact; a snapshot is up to 15 s late."""
    times = {each.hop: each.time for each in hops if each.state == "ok"}
    own = [each for each in snapshots if each.deployment(deployment)]
    failed = next((each.time for each in own if _has_failed(each, deployment)), None)
    return Moments(
        began=times.get("UpdateService") or (own[0].time if own else None),
        failed=times.get("failure event") or times.get("deployment") or failed,
        rolled_back=_rolled_back(snapshots, deployment, failed),
        alerted=times.get("subscriber"),
    )


def _has_failed(snapshot: Snapshot, deployment: str) -> bool:
    entry = snapshot.deployment(deployment)
    return entry is not None and entry.rollout_state == "FAILED"


def _rolled_back(
    snapshots: Sequence[Snapshot], deployment: str, failed: datetime | None
) -> datetime | None:
    """When the failed deployment had left the list and an older one was COMPLETED again."""
    older: set[str] = set()
    for snapshot in snapshots:
        if snapshot.deployment(deployment) is not None:
            older.update(each.id for each in snapshot.deployments)
            continue
        primary = snapshot.primary
        is_over = failed is not None and snapshot.time is not None and snapshot.time > failed
        if is_over and primary and primary.id in older and primary.rollout_state == "COMPLETED":
            return snapshot.time
    return None


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """None if one of them is unknown, or if they are the wrong way round."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def duration(seconds: float | None) -> str:
    """0.25 → "0.25 s", 62 → "1 min 2 s", 3700 → "1 h 1 min"; "" if unknown."""
    if seconds is None:
        return ""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
