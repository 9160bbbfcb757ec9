"""Room: where each part of the picture stands.

Lives here: the parts and the arrows between them, side by side or for a narrow page; the row of
notebooks.
Never here: shapes (drawing), what stands in a box (picture).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.overview.drawing import SMALL, Box, arrow, fitted, safe, text
from runbook_lib.overview.parts import (
    BREAKER,
    EVENT,
    READER,
    RULE,
    SERVICE,
    TASK_DEFINITION,
    TOPIC,
)
from runbook_lib.overview.way import DONE, HERE, NEXT, Way

WIDE, NARROW = 760, 460
_WHEN = "when a deployment fails"
_INSET = 14


@dataclass(frozen=True, slots=True)
class Rollback:
    """The arrow back to the release, and what is said of it; `look` is "", "here" or "good"."""

    said: str
    look: str = ""

    @property
    def cause(self) -> str:
        """The look of the arrow to the event: what happens here, both do."""
        return "here" if self.look == "here" else ""


def wide_parts(boxes: Mapping[str, Box], rollback: Rollback) -> tuple[str, float]:
    """Release and service above, the way of an alert in a row below; shapes, and where they end."""
    margin, top, release_width, service_x, text_width, breaker_width = 16, 60, 206, 262, 240, 228
    breaker, service, release = boxes[BREAKER], boxes[SERVICE], boxes[TASK_DEFINITION]
    inner = breaker.height(breaker_width)
    height = max(release.height(release_width), service.height(text_width), inner + 2 * _INSET)
    middle, bottom, right = top + height / 2, top + height, WIDE - margin
    breaker_x = right - _INSET - breaker_width
    from_x, to_x, over = breaker_x + breaker_width / 2, margin + release_width / 2, top - 24
    (said,) = fitted(rollback.said, from_x - to_x, most=1)
    shapes = [
        *release.draw(margin, top, release_width, height),
        *service.draw(service_x, top, right - service_x, height, text_width=text_width),
        *breaker.draw(breaker_x, middle - inner / 2, breaker_width, inner),
        arrow([(margin + release_width, middle), (service_x - 2, middle)]),
        arrow(
            [(from_x, middle - inner / 2), (from_x, over), (to_x, over), (to_x, top - 2)],
            rollback.look,
        ),
        text((from_x + to_x) / 2, over - 8, safe(said), f"mid {rollback.look or 'soft'}"),
    ]
    widths = {EVENT: 180, RULE: 168, TOPIC: 156, READER: 128}
    gap, row = 32, bottom + 52
    row_height = max(boxes[kind].height(width) for kind, width in widths.items())
    shapes += _down((service_x + 40, bottom), (margin + widths[EVENT] / 2, row), rollback.cause)
    x: float = margin
    for kind, width in widths.items():
        shapes += boxes[kind].draw(x, row, width, row_height)
        if kind != READER:
            half = row + row_height / 2
            shapes.append(arrow([(x + width, half), (x + width + gap - 2, half)]))
        x += width + gap
    return "".join(shapes), row + row_height + margin


def narrow_parts(boxes: Mapping[str, Box], rollback: Rollback) -> tuple[str, float]:
    """The same in less width: the breaker below in the service, the alert in two rows."""
    margin, top, release_width, service_x = 12, 22, 140, 180
    breaker, service, release = boxes[BREAKER], boxes[SERVICE], boxes[TASK_DEFINITION]
    right = NARROW - margin
    service_width, breaker_x = right - service_x, service_x + _INSET
    breaker_width = service_width - 2 * _INSET
    release_height, inner = release.height(release_width), breaker.height(breaker_width)
    said = fitted(rollback.said, service_x - margin - 10, most=3)
    breaker_y = top + max(service.height(service_width), release_height - inner / 2 + 24)
    back_y = breaker_y + inner / 2
    bottom = max(breaker_y + inner + _INSET, back_y + 18 * len(said) + 6)
    to_x, half = margin + release_width / 2, top + min(release_height, 70) / 2
    shapes = [
        *release.draw(margin, top, release_width, release_height),
        *service.draw(service_x, top, service_width, bottom - top),
        *breaker.draw(breaker_x, breaker_y, breaker_width, inner),
        arrow([(margin + release_width, half), (service_x - 2, half)]),
        arrow(
            [(breaker_x, back_y), (to_x, back_y), (to_x, top + release_height + 2)], rollback.look
        ),
        *(
            text(margin, back_y + 18 * number, safe(line), rollback.look or "soft")
            for number, line in enumerate(said, 1)
        ),
    ]
    columns = (margin, 208), (252, right - 252)
    (left_x, left_width), (right_x, right_width) = columns
    start = (service_x + 60.0, bottom)
    for pair, cause in (((EVENT, RULE), rollback.cause), ((TOPIC, READER), "")):
        row = start[1] + 52
        height = max(
            boxes[kind].height(width) for kind, (_, width) in zip(pair, columns, strict=True)
        )
        for kind, (x, width) in zip(pair, columns, strict=True):
            shapes += boxes[kind].draw(x, row, width, height)
        said_too = _WHEN if EVENT in pair else ""
        shapes += _down(start, (left_x + left_width / 2, row), cause, said_too)
        half = row + height / 2
        shapes.append(arrow([(left_x + left_width, half), (right_x - 2, half)]))
        start = right_x + right_width / 2, row + height
    return "".join(shapes), start[1] + margin


def _down(
    start: tuple[float, float], end: tuple[float, float], look: str, said: str = _WHEN
) -> list[str]:
    """An arrow down from a row to the next, further left, and what is said beside its turn."""
    (x, y), (to_x, to_y) = start, end
    turn = y + 24
    drawn = [arrow([start, (x, turn), (to_x, turn), (to_x, to_y - 2)], look)]
    return [*drawn, text(x + 12, turn + 4, said, "soft")] if said else drawn


def steps(way: Way, y: float, width: int) -> tuple[str, float]:
    """The notebooks in a row, done, here, next; a wide one says what each is, and its minutes."""
    margin = 16 if width == WIDE else 10
    slot = (width - 2 * margin) / len(way.steps)
    shapes = [
        f'<path class="line" d="M{margin + slot / 2:g} {y:g}h{width - 2 * margin - slot:g}"/>'
    ]
    labels = [fitted(each.page.label, slot - 6, most=3, size=SMALL) for each in way.steps]
    end = y + 50 + 15 * max(map(len, labels))
    for number, (step, label) in enumerate(zip(way.steps, labels, strict=True)):
        x = margin + slot * (number + 0.5)
        look = step.state.replace(" ", "-")
        tone = step.state if step.state in (HERE, NEXT) else "soft"
        weight = "" if tone == "soft" else "strong "
        inside = "✓" if step.state == DONE else step.page.number
        shapes.append(f'<circle class="dot {look}" cx="{x:g}" cy="{y:g}" r="13"/>')
        shapes.append(text(x, y + 4.5, inside, "mid small strong"))
        shapes.append(text(x, y + 31, step.state, f"mid small {weight}{tone}"))
        if width == NARROW:
            continue
        for line, part in enumerate(label):
            shapes.append(text(x, y + 48 + line * 15, safe(part), "mid small"))
        if step.state != DONE and step.minutes is not None:
            shapes.append(text(x, end, f"{step.minutes} min", "mid small soft"))
    return "".join(shapes), (y + 31 if width == NARROW else end) + margin + 2
