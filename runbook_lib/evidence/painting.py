"""Room: the brushes of the charts.

Lives here: a lane with its caption, a line of steps, labels at the ends of lines, time at the foot.
Never here: what is painted with them, SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runbook_lib.evidence.svg import COLOURS, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = Sequence[tuple[float, int]]
LEFT, RIGHT = 42, 160
"""Points for the counts at the left, and for the names of the lines at their ends."""
DASHED, DOTTED, DASH_DOTTED = (0, (5, 3)), (0, (1, 1.6)), (0, (8, 3, 2, 3))
_BETWEEN_LABELS = 15
_CAPTION_UP = 13
_STEPS = (5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def band(figure: Figure, *, top: float, height: float, longest: float, left: float = LEFT) -> Axes:
    """A band across the picture, `top` points from above; x is in seconds."""
    tall, wide = figure.get_figheight() * 72, WIDTH - left - RIGHT
    axes = figure.add_axes((left / WIDTH, 1 - (top + height) / tall, wide / WIDTH, height / tall))
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(COLOURS["edge"])
    axes.tick_params(length=0, labelcolor=COLOURS["faint"], labelsize=11)
    axes.set_xlim(0, longest or 1)
    return axes


def lane(
    figure: Figure, caption: str, *, top: float, height: float, longest: float, points: Points
) -> Axes:
    """A band for counts from 0 to the highest of `points`; the caption above says of what."""
    axes = band(figure, top=top, height=height, longest=longest)
    most = max((count for _, count in points), default=0) or 1
    axes.set_ylim(0, most * 1.1)
    axes.set_yticks([0, most])
    axes.set_xticks([])
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=1)
    axes.set_axisbelow(True)
    plate = {"facecolor": COLOURS["plate"], "edgecolor": "none", "pad": 1}
    share = 1 + _CAPTION_UP / height
    beside(axes, caption, x=14 - LEFT, share=share, weight="bold", bbox=plate)
    return axes


def beside(axes: Axes, text: str, *, x: float, share: float, **look: Any) -> None:
    """Text beside a band: `x` points from its left edge, `share` of its height from below."""
    axes.annotate(
        text,
        (0, share),
        xycoords="axes fraction",
        xytext=(x, 0),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
        **look,
    )


def steps(axes: Axes, points: Points, colour: str, *, filled: bool = False, **line: Any) -> None:
    """A line that keeps its height until the next point."""
    if not points:
        return
    seconds, counts = zip(*points, strict=True)
    look: dict[str, Any] = {"color": COLOURS[colour], "clip_on": False}
    if filled:
        axes.fill_between(seconds, counts, step="post", alpha=0.18, linewidth=0, **look)
    axes.plot(seconds, counts, drawstyle="steps-post", **look, **line)


@dataclass(frozen=True, slots=True)
class End:
    """The name of a line at its end: `value` is where it ends, `stroke` how it looks."""

    value: float
    text: str
    colour: str
    stroke: Any = "-"


def label_ends(axes: Axes, ends: Sequence[End], *, height: float) -> None:
    """A piece of each line with its name, pushed apart where they would meet."""
    top, wide = axes.get_ylim()[1], WIDTH - LEFT - RIGHT
    place = math.inf
    for end in sorted(ends, key=lambda each: -each.value):
        place = min(end.value / top * height, place - _BETWEEN_LABELS)
        share, colour = place / height, COLOURS[end.colour]
        look: dict[str, Any] = {
            "color": colour,
            "linestyle": end.stroke,
            "linewidth": 2,
            "clip_on": False,
        }
        piece = [1 + 9 / wide, 1 + 33 / wide]
        axes.plot(piece, [share, share], transform=axes.transAxes, **look)
        beside(axes, end.text, x=wide + 38, share=share, color=colour)


def mark(axes: Axes, points: Points, colour: str) -> None:
    """A cross where something happened."""
    if points:
        seconds, counts = zip(*points, strict=True)
        look: dict[str, Any] = {"color": COLOURS[colour], "clip_on": False}
        axes.plot(seconds, counts, linestyle="", marker="X", markersize=8, **look)


def time_below(axes: Axes, *, began: datetime, longest: float) -> None:
    days = math.ceil(longest / 9 / _STEPS[-1]) * _STEPS[-1]
    step = next((each for each in _STEPS if longest / each <= 9), days)
    ticks = [step * number for number in range(int(longest // step) + 1)]
    axes.set_xticks(ticks, [tick_label(each) for each in ticks])
    name_time(axes, f"time since the deployment began at {began:%H:%M:%S} UTC")


def name_time(axes: Axes, text: str) -> None:
    axes.set_xlabel(text, color=COLOURS["faint"], fontsize=11, labelpad=4)


def tick_label(seconds: int) -> str:
    """0, 45 s, 2 min, 2:30, 3 h."""
    if seconds == 0:
        return "0"
    if seconds < 60:
        return f"{seconds} s"
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds // 60}:{seconds % 60:02d}"
