"""Room: the pictures of a drill.

Lives here: what each chart shows and its text alternative, from what a journal says.
Never here: reading a journal, how a line is painted, SVG.

Nothing is told by colour alone: each line has its own stroke and its name at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runbook_lib.evidence import painting
from runbook_lib.evidence.chart_story import (
    Story,
    count_in_words,
    hop_in_words,
    story_in_words,
    story_of,
)
from runbook_lib.evidence.evidence import Hop, read_hops
from runbook_lib.evidence.moments import (
    duration,
    seconds_between,
)
from runbook_lib.evidence.painting import DASH_DOTTED, DASHED, DOTTED, End
from runbook_lib.evidence.svg import COLOURS, Chart, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELLED_FAILURES = 8
_RELEASE = 16
"""Characters of a task definition's name beside a picture."""
_ROW, _HOP_LEFT = 30, 140


def deployment_timeline(
    entries: Iterable[Mapping[str, Any]],
    *,
    deployment: str = "",
    threshold: int | None = None,
    hops: Iterable[Mapping[str, Any]] = (),
) -> Chart | None:
    """Running, desired and pending tasks over time; None if nothing was seen.

    `entries` are those of a journal; of them the snapshots count, from the first that shows the
    deployment to its end. Without `deployment` it is the newest that was seen. The `hops` of the
    delivery, if they are known, say exactly when it failed.
    """
    story = story_of(entries, deployment, threshold, hops)
    if story is None:
        return None
    return draw(
        lambda figure: _paint_timeline(figure, story),
        name="timeline",
        height=_head_of(story) + 210,
        title="Tasks over time",
        description=story_in_words(story),
    )


def breaker_count(
    entries: Iterable[Mapping[str, Any]],
    *,
    deployment: str = "",
    threshold: int | None = None,
    hops: Iterable[Mapping[str, Any]] = (),
) -> Chart | None:
    """The failures that the circuit breaker counts, against its threshold."""
    story = story_of(entries, deployment, threshold, hops)
    if story is None:
        return None
    return draw(
        lambda figure: _paint_count(figure, story),
        name="breaker",
        height=220,
        title="What the circuit breaker counted",
        description=count_in_words(story),
    )


def delivery_waterfall(hops: Iterable[Mapping[str, Any]]) -> Chart | None:
    """The path of the alert, hop under hop, with the time that each took; None without hops."""
    rows = read_hops(hops)
    if not rows:
        return None
    foot = 80 if any(end for _, end in _spans(rows)) else 48
    return draw(
        lambda figure: _paint_waterfall(figure, rows),
        name="delivery",
        height=foot + _ROW * len(rows),
        title="The alert's path",
        description="; ".join(hop_in_words(each) for each in rows) + ".",
    )


def _head_of(story: Story) -> int:
    """Points above the lanes for the names of the moments, if there are any."""
    moments = (story.at(story.moments.failed), story.at(story.moments.rolled_back))
    return 36 if any(each is not None for each in moments) else 0


def _paint_timeline(figure: Figure, story: Story) -> None:
    head = _head_of(story)
    _paint_moments(figure, story)
    _paint_running(figure, story, top=head + 32)
    _paint_pending(figure, story, top=head + 132)


def _paint_running(figure: Figure, story: Story, *, top: float) -> None:
    others, desired = story.of_others, story.of_service("desired")
    own = story.of_deployment("running")
    lane = painting.lane(
        figure,
        "running tasks, by task definition",
        top=top,
        height=66,
        longest=story.longest,
        points=[*others, *own, *desired],
    )
    painting.steps(lane, others, "running", filled=True, linewidth=2)
    painting.steps(lane, desired, "faint", linewidth=1.5, linestyle=DASHED)
    painting.steps(lane, own, "fresh", linewidth=2.5, linestyle=DOTTED)
    ends = [
        End(desired[-1][1], f"{desired[-1][1]} desired", "faint", DASHED),
        End(others[-1][1], f"{others[-1][1]} of {_short(story.other_release)}", "running"),
        End(own[-1][1], f"{own[-1][1]} of {_short(story.release)}", "fresh", DOTTED),
    ]
    painting.label_ends(lane, ends, height=66)


def _short(release: str) -> str:
    """my-long-family…:12: what fits beside the picture, with the revision."""
    family, colon, revision = release.rpartition(":")
    if len(release) <= _RELEASE or not colon:
        return release if len(release) <= _RELEASE else f"{release[: _RELEASE - 1]}…"
    return f"{family[: max(1, _RELEASE - 2 - len(revision))]}…:{revision[: _RELEASE - 3]}"


def _paint_pending(figure: Figure, story: Story, *, top: float) -> None:
    pending = story.of_service("pending")
    lane = painting.lane(
        figure,
        "pending tasks of the service",
        top=top,
        height=34,
        longest=story.longest,
        points=pending,
    )
    painting.steps(lane, pending, "pending", filled=True, linewidth=2)
    painting.label_ends(
        lane, [End(pending[-1][1], f"{pending[-1][1]} at the end", "pending")], height=34
    )
    painting.time_below(lane, began=story.began, longest=story.longest)


def _paint_moments(figure: Figure, story: Story) -> None:
    """An upright line behind all lanes for the failure and for the rollback, named above."""
    axes = painting.band(figure, top=8, height=194, longest=story.longest)
    axes.axis("off")
    axes.set_ylim(0, 194)
    axes.set_zorder(-1)
    marks = (
        (story.moments.failed, "✕ failed", "failed", DASHED, 168),
        (story.moments.rolled_back, "↩ rolled back", "good", "-", 186),
    )
    for moment, name, colour, stroke, height in marks:
        at = story.at(moment)
        if at is not None:
            look: dict[str, Any] = {"color": COLOURS[colour], "linestyle": stroke, "linewidth": 1.5}
            axes.plot([at, at], [0, height + 7], clip_on=False, **look)
            text = f"{name} after {duration(at)}"
            _name_point(axes, (at, height), text, colour, story, weight="bold")


def _name_point(
    axes: Axes, point: tuple[float, float], text: str, colour: str, story: Story, **look: Any
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


def _paint_count(figure: Figure, story: Story) -> None:
    """Failed tasks of the watched deployment, and the threshold above them."""
    failed, height = story.of_deployment("failed"), 128
    lane = painting.lane(
        figure,
        f"failed tasks of {_short(story.release)} counted by the circuit breaker"
        " (+ time since the one before)",
        top=40,
        height=height,
        longest=story.longest,
        points=[*failed, *story.limit],
    )
    painting.steps(lane, story.limit, "threshold", linewidth=1.5, linestyle=DASH_DOTTED)
    painting.steps(lane, failed, "failed", filled=True, linewidth=2)
    painting.mark(lane, story.failures, "failed")
    ends = [
        End(count, f"threshold {count}", "threshold", DASH_DOTTED) for _, count in story.limit[1:]
    ]
    ends.append(End(failed[-1][1], f"{failed[-1][1]} counted", "failed"))
    painting.label_ends(lane, ends, height=height)
    painting.time_below(lane, began=story.began, longest=story.longest)
    before = 0.0
    for at, count in story.failures[:_LABELLED_FAILURES]:
        text = f"+{duration(round(at - before))}"
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
    axes = painting.band(figure, top=32, height=tall, longest=longest, left=_HOP_LEFT)
    axes.set_ylim(len(hops), 0)
    axes.set_yticks([])
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=1)
    axes.set_axisbelow(True)
    if longest:
        painting.name_time(axes, "seconds since EventBridge received the failure event")
    else:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    head: dict[str, Any] = {"share": 1 + 12 / tall, "color": COLOURS["faint"], "fontsize": 11}
    painting.beside(axes, "hop", x=34 - _HOP_LEFT, **head)
    painting.beside(axes, "since the hop before", x=_right_of(axes), **head)
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
