"""Room: the pictures of a drill.

Lives here: what each chart shows and its text alternative, from what a journal says.
Never here: reading a journal, how a line is painted, SVG.

Nothing is told by colour alone: each line has its own stroke and its name at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from runbook_lib.evidence import painting
from runbook_lib.evidence.evidence import Hop, Snapshot, read_hops, read_snapshots
from runbook_lib.evidence.moments import (
    Moments,
    duration,
    moments_of,
    newest_deployment,
    seconds_between,
)
from runbook_lib.evidence.painting import DASH_DOTTED, DASHED, DOTTED, End
from runbook_lib.evidence.scrubbing import scrubbed
from runbook_lib.evidence.svg import COLOURS, Chart, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELLED_FAILURES = 8
_ROW, _HOP_LEFT = 30, 140


def deployment_timeline(
    entries: Iterable[Mapping[str, Any]],
    *,
    deployment: str = "",
    threshold: int | None = None,
    hops: Iterable[Mapping[str, Any]] = (),
) -> Chart | None:
    """Desired, running, pending and failed tasks over time; None if nothing was seen.

    `entries` are those of a journal; of them the snapshots count, from the first that shows the
    deployment to its end. Without `deployment` it is the newest that was seen. The `hops` of the
    delivery, if they are known, say exactly when it failed.
    """
    story = _story(entries, deployment, threshold, hops)
    if story is None:
        return None
    return draw(
        lambda figure: _paint_timeline(figure, story),
        name="timeline",
        height=322,
        title="Tasks over time",
        description=_told(story),
    )


def breaker_count(
    entries: Iterable[Mapping[str, Any]],
    *,
    deployment: str = "",
    threshold: int | None = None,
    hops: Iterable[Mapping[str, Any]] = (),
) -> Chart | None:
    """The failures that the circuit breaker counts, against its threshold."""
    story = _story(entries, deployment, threshold, hops)
    if story is None:
        return None
    return draw(
        lambda figure: _paint_count(figure, story),
        name="breaker",
        height=220,
        title="What the circuit breaker counted",
        description=_told_count(story),
    )


def delivery_waterfall(hops: Iterable[Mapping[str, Any]]) -> Chart | None:
    """The way of the alert, hop under hop, with the time that each took; None without hops."""
    rows = read_hops(hops)
    if not rows:
        return None
    foot = 64 if any(end for _, end in _spans(rows)) else 32
    return draw(
        lambda figure: _paint_waterfall(figure, rows),
        name="delivery",
        height=foot + _ROW * len(rows),
        title="The way of the alert",
        description="; ".join(_told_hop(each) for each in rows) + ".",
    )


@dataclass(frozen=True, slots=True)
class _Story:
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


def _story(
    entries: Iterable[Mapping[str, Any]],
    deployment: str,
    threshold: int | None,
    hops: Iterable[Mapping[str, Any]],
) -> _Story | None:
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
    return _Story(own, seconds, watched, limit, moments, times[0])


def _is_told(snapshot: Snapshot, moments: Moments) -> bool:
    """What comes after the rollback is another story."""
    end = moments.rolled_back
    return end is None or (snapshot.time is not None and snapshot.time <= end)


def _told(story: _Story) -> str:
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


def _told_count(story: _Story) -> str:
    limit = f"The threshold is {story.threshold}." if story.threshold else "No threshold is known."
    if not story.failures:
        return f"No failed task was counted. {limit}"
    told = ", ".join(f"{count} after {duration(at)}" for at, count in story.failures)
    return f"{limit} Failed tasks: {told}."


def _told_hop(hop: Hop) -> str:
    took = f" after {duration(hop.seconds)}" if hop.seconds is not None else ""
    return f"{hop.hop}: {hop.state}{took}"


def _paint_timeline(figure: Figure, story: _Story) -> None:
    _paint_running(figure, story)
    _paint_pending(figure, story)
    _paint_failed(figure, story, top=202, height=74)
    _paint_moments(figure, story)


def _paint_running(figure: Figure, story: _Story) -> None:
    running, desired = story.of_service("running"), story.of_service("desired")
    fresh = story.of_deployment("running")
    lane = painting.lane(
        figure, "running", top=62, height=66, longest=story.longest, points=[*running, *desired]
    )
    painting.steps(lane, running, "running", filled=True, linewidth=2)
    painting.steps(lane, desired, "faint", linewidth=1.5, linestyle=DASHED)
    painting.steps(lane, fresh, "fresh", linewidth=2.5, linestyle=DOTTED)
    ends = [
        End(desired[-1][1], f"desired {desired[-1][1]}", "faint", DASHED),
        End(running[-1][1], f"running {running[-1][1]}", "running"),
        End(fresh[-1][1], f"new release {fresh[-1][1]}", "fresh", DOTTED),
    ]
    painting.label_ends(lane, ends, height=66)


def _paint_pending(figure: Figure, story: _Story) -> None:
    pending = story.of_service("pending")
    lane = painting.lane(
        figure, "pending", top=148, height=34, longest=story.longest, points=pending
    )
    painting.steps(lane, pending, "pending", filled=True, linewidth=2)
    end = End(pending[-1][1], f"pending {pending[-1][1]}", "pending")
    painting.label_ends(lane, [end], height=34)


def _paint_failed(figure: Figure, story: _Story, *, top: float, height: float) -> Axes:
    """Failed tasks of the watched deployment, and the threshold above them."""
    failed = story.of_deployment("failed")
    points = [*failed, *story.limit]
    lane = painting.lane(
        figure, "failed", top=top, height=height, longest=story.longest, points=points
    )
    painting.steps(lane, story.limit, "threshold", linewidth=1.5, linestyle=DASH_DOTTED)
    painting.steps(lane, failed, "failed", filled=True, linewidth=2)
    painting.mark(lane, story.failures, "failed")
    ends = [
        End(count, f"threshold {count}", "threshold", DASH_DOTTED) for _, count in story.limit[1:]
    ]
    ends.append(End(failed[-1][1], f"failed {failed[-1][1]}", "failed"))
    painting.label_ends(lane, ends, height=height)
    painting.time_below(lane, began=story.began, longest=story.longest)
    return lane


def _paint_moments(figure: Figure, story: _Story) -> None:
    """An upright line through all lanes for the failure and for the rollback, named above."""
    axes = painting.band(figure, top=24, height=252, longest=story.longest)
    axes.axis("off")
    axes.set_ylim(0, 252)
    marks = (
        (story.moments.failed, "✕ failed", "failed", DASHED, 222),
        (story.moments.rolled_back, "↩ rolled back", "good", "-", 240),
    )
    for moment, name, colour, stroke, height in marks:
        at = story.at(moment)
        if at is not None:
            look: dict[str, Any] = {"color": COLOURS[colour], "linestyle": stroke, "linewidth": 1.5}
            axes.plot([at, at], [0, height + 7], clip_on=False, **look)
            text = f"{name} after {duration(at)}"
            _name_point(axes, (at, height), text, colour, story, weight="bold")


def _name_point(
    axes: Axes, point: tuple[float, float], text: str, colour: str, story: _Story, **look: Any
) -> None:
    """Beside the point, on the side where there is more room."""
    is_late = point[0] > story.longest * look.pop("late", 0.5)
    axes.annotate(
        text,
        point,
        xytext=(-8 if is_late else 8, look.pop("up", 0)),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="center",
        color=COLOURS[colour],
        annotation_clip=False,
        **look,
    )


def _paint_count(figure: Figure, story: _Story) -> None:
    lane = _paint_failed(figure, story, top=34, height=134)
    before = 0.0
    for at, count in story.failures[:_LABELLED_FAILURES]:
        text = f"{count}: +{painting.tick_label(round(at - before))}"
        _name_point(lane, (at, count), text, "failed", story, up=10, late=0.14)
        before = at


_LOOKS = {
    "ok": ("✓", "good"),
    "broken": ("✕", "failed"),
    "unknown": ("?", "pending"),
    "not reached": ("–", "faint"),
}


def _paint_waterfall(figure: Figure, hops: Sequence[Hop]) -> None:
    """Seconds since the failure event; what came before it has no bar, only its time."""
    spans = _spans(hops)
    longest = max((end for _, end in spans), default=0.0) * 1.04
    tall = _ROW * len(hops)
    axes = painting.band(figure, top=16, height=tall, longest=longest, left=_HOP_LEFT)
    axes.set_ylim(len(hops), 0)
    axes.set_yticks([])
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=1)
    axes.set_axisbelow(True)
    if longest:
        painting.name_time(axes, "seconds since the failure event")
    else:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    event = _event(hops)
    for row, (hop, span) in enumerate(zip(hops, spans, strict=True)):
        _paint_hop(axes, hop, span, middle=row + 0.5, share=1 - (row + 0.5) / len(hops))
        if hop.time is not None:
            is_before = event is None or hop.time < event
            colour = COLOURS[_look_of(hop)[1]]
            arrow = "<" if is_before else "D"
            axes.plot(span[1], row + 0.5, marker=arrow, markersize=5, color=colour, clip_on=False)


def _look_of(hop: Hop) -> tuple[str, str]:
    """A sign and the name of a colour."""
    return _LOOKS.get(hop.state, ("?", "pending"))


def _paint_hop(
    axes: Axes, hop: Hop, span: tuple[float, float], *, middle: float, share: float
) -> None:
    sign, colour = _look_of(hop)
    start, end = span
    axes.barh(middle, end - start, left=start, height=0.5, color=COLOURS[colour], alpha=0.3)
    painting.beside(axes, sign, x=16 - _HOP_LEFT, share=share, color=COLOURS[colour], weight="bold")
    painting.beside(axes, hop.hop[:20], x=34 - _HOP_LEFT, share=share)
    took = f"+{duration(hop.seconds)}" if hop.seconds is not None else ""
    text = took if hop.state == "ok" else f"{hop.state} {took}".strip()
    painting.beside(axes, text, x=_right_of(axes), share=share, color=COLOURS[colour])


def _right_of(axes: Axes) -> float:
    return float(axes.get_position().width) * 760 + 12


def _spans(hops: Sequence[Hop]) -> list[tuple[float, float]]:
    """(start, end) of each hop since the failure event: the end of the one before, its own."""
    event = _event(hops)
    spans, last = [], 0.0
    for hop in hops:
        end = seconds_between(event, hop.time)
        spans.append((last, last) if end is None else (min(last, end), end))
        last = spans[-1][1]
    return spans


def _event(hops: Sequence[Hop]) -> datetime | None:
    return next((each.time for each in hops if each.hop == "failure event" and each.time), None)
