"""Room: the story that the pictures of a drill tell.

Lives here: the snapshots of one deployment as seconds and counts, and each chart in words.
Never here: how a picture is painted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runbook_lib.evidence.evidence import Hop, Snapshot, read_hops, read_snapshots
from runbook_lib.evidence.moments import (
    Moments,
    duration,
    moments_of,
    newest_deployment,
    seconds_between,
)
from runbook_lib.evidence.scrubbing import scrubbed


@dataclass(frozen=True, slots=True)
class Story:
    """The snapshots of one deployment, and their seconds since it began."""

    snapshots: tuple[Snapshot, ...]
    seconds: tuple[float, ...]
    deployment: str
    threshold: int | None
    moments: Moments
    began: datetime

    @property
    def longest(self) -> float:
        return self.seconds[-1]

    def of_deployment(self, member: str) -> list[tuple[float, int]]:
        """(seconds, count) for as long as the deployment is listed: until a look without it."""
        points: list[tuple[float, int]] = []
        for at, each in zip(self.seconds, self.snapshots, strict=True):
            own = each.deployment(self.deployment)
            if own is None:
                return [*points, (at, points[-1][1])]
            points.append((at, getattr(own, member) or 0))
        return points

    @property
    def of_others(self) -> list[tuple[float, int]]:
        """(seconds, running tasks) of all deployments of the service but this one."""
        counts = []
        for each in self.snapshots:
            own = each.deployment(self.deployment)
            counts.append(max(0, (each.running or 0) - ((own.running or 0) if own else 0)))
        return list(zip(self.seconds, counts, strict=True))

    @property
    def release(self) -> str:
        """my-task:2, as far as it is known."""
        own = filter(None, (each.deployment(self.deployment) for each in self.snapshots))
        return next((each.task_definition for each in own if each.task_definition), "new release")

    @property
    def other_release(self) -> str:
        """my-task:1 if the others all run it."""
        named = {
            each.task_definition
            for snapshot in self.snapshots
            for each in snapshot.deployments
            if each.id != self.deployment
        }
        return (named.pop() if len(named) == 1 else "") or "others"

    def of_service(self, member: str) -> list[tuple[float, int]]:
        counts = [getattr(each, member) or 0 for each in self.snapshots]
        return list(zip(self.seconds, counts, strict=True))

    @property
    def failures(self) -> list[tuple[float, int]]:
        """When the count rose, and to what."""
        counts = self.of_deployment("failed")
        pairs = zip([(0.0, 0), *counts[:-1]], counts, strict=True)
        return [now for before, now in pairs if now[1] > before[1]]

    @property
    def limit(self) -> list[tuple[float, int]]:
        """The threshold from end to end, if it is known."""
        return [(0.0, self.threshold), (self.longest, self.threshold)] if self.threshold else []

    def at(self, moment: datetime | None) -> float | None:
        seconds = seconds_between(self.began, moment)
        return seconds if seconds is not None and seconds <= self.longest else None


def story_of(
    entries: Iterable[Mapping[str, Any]],
    deployment: str,
    threshold: int | None,
    hops: Iterable[Mapping[str, Any]],
) -> Story | None:
    snapshots = read_snapshots(entries)
    watched = scrubbed(deployment) or newest_deployment(snapshots)
    first = next((n for n, each in enumerate(snapshots) if each.deployment(watched)), None)
    if first is None:
        return None
    moments = moments_of(snapshots, watched, read_hops(hops))
    own = tuple(each for each in snapshots[first:] if _is_told(each, moments))
    times = [each.time for each in own if each.time is not None]
    known = [each.threshold for each in own if each.threshold is not None]
    limit = threshold if threshold is not None else (known[-1] if known else None)
    seconds = tuple((each - times[0]).total_seconds() for each in times)
    return Story(own, seconds, watched, limit, moments, times[0])


def _is_told(snapshot: Snapshot, moments: Moments) -> bool:
    """What comes after the rollback is another story."""
    end = moments.rolled_back
    return end is None or (snapshot.time is not None and snapshot.time <= end)


def story_in_words(story: Story) -> str:
    first, last = story.began, story.began + timedelta(seconds=story.longest)
    running = [count for _, count in story.of_service("running")]
    desired = story.snapshots[-1].desired
    failed = max(count for _, count in story.of_deployment("failed"))
    limit = f", the threshold is {story.threshold}." if story.threshold else "."
    lines = [
        f"Deployment {story.deployment} from {first:%Y-%m-%d %H:%M:%S} to {last:%H:%M:%S} UTC.",
        f"Desired tasks: {desired}; running: at least {min(running)}, at most {max(running)}.",
        f"Failed tasks of the new release: {failed}{limit}",
    ]
    moments = (("failed", story.moments.failed), ("was rolled back", story.moments.rolled_back))
    lines += [f"It {what} after {duration(story.at(each))}." for what, each in moments if each]
    return " ".join(lines)


def count_in_words(story: Story) -> str:
    limit = f"The threshold is {story.threshold}." if story.threshold else "No threshold is known."
    if not story.failures:
        return f"No failed task was counted. {limit}"
    told = ", ".join(f"{count} after {duration(at)}" for at, count in story.failures)
    return f"{limit} Failed tasks: {told}."


def hop_in_words(hop: Hop) -> str:
    took = f" after {duration(hop.seconds)}" if hop.seconds is not None else ""
    return f"{hop.hop}: {hop.state}{took}"
