"""Room: the shapes of a small picture, as SVG.

Lives here: lines of text that fit, boxes, arrows, the row of steps; the colours, light and dark.
Never here: what a picture shows. matplotlib takes most of a second, and every notebook shows one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from runbook_lib.evidence.scrubbing import clean
from runbook_lib.evidence.svg import COLOURS, DARK, FONT

TITLE, TEXT, SMALL = 14, 13, 12
"""Sizes in pixels where a picture has its full width."""
LINE = 17
PADDING = 12
_RULES = f"""text{{font:13px {FONT};fill:var(--ink)}}
.mid{{text-anchor:middle}}
.title{{font-size:14px;font-weight:600}}
.small{{font-size:12px}}
.soft{{fill:var(--faint)}}
.strong{{font-weight:700}}
.plate{{fill:var(--plate);stroke:var(--edge)}}
.box{{fill:var(--plate);stroke:var(--faint);stroke-width:1.25}}
.absent{{stroke-dasharray:5 4}}
.box.here{{stroke:var(--running);stroke-width:3;stroke-dasharray:none}}
.line{{fill:none;stroke:var(--faint);stroke-width:1.75}}
.head{{fill:var(--faint)}}
.line.good{{stroke:var(--good);stroke-width:2.5}}
.line.here{{stroke:var(--running);stroke-width:2.5}}
.head.good,text.good{{fill:var(--good)}}
.head.here,text.here,.pill{{fill:var(--running)}}
text.busy{{fill:var(--running)}}
text.bad{{fill:var(--failed)}}
text.unknown{{fill:var(--pending)}}
.pill+text,.dot.here+text,.dot.done+text{{fill:var(--plate)}}
.dot{{fill:var(--plate);stroke:var(--faint);stroke-width:1.75}}
.dot.here{{fill:var(--running);stroke:var(--running)}}
.dot.done{{fill:var(--good);stroke:var(--good)}}
.dot.next{{stroke:var(--ink);stroke-width:2.5}}"""
_VARIABLE = re.compile(r"var\(--(\w+)\)")
_NARROW, _WIDE = set("iljtfrI.,:;'|!()[] -"), set("mwMW@%—…")
_BREAKS = re.compile(r"(?<=[-_.:/])|(?<=[a-z0-9])(?=[A-Z])")


def page_style(scope: str) -> str:
    """The rules for a picture in a page: its colours follow JupyterLab's theme."""
    rules = "\n".join(
        ",".join(f"{scope} {each}" for each in chosen.split(",")) + "{" + declared
        for chosen, _, declared in (rule.partition("{") for rule in _RULES.splitlines())
    )
    dark = f'[data-jp-theme-light="false"] {scope},.vscode-dark {scope}'
    return f"{scope}{{{_variables(COLOURS)}}}\n{dark}{{{_variables(DARK)}}}\n{rules}"


def own_style() -> str:
    """The rules for a picture by itself: the colours as they are on a light plate."""
    return _VARIABLE.sub(lambda found: COLOURS[found[1]], _RULES)


def _variables(colours: dict[str, str]) -> str:
    used = {found[1] for found in _VARIABLE.finditer(_RULES)}
    return ";".join(f"--{name}:{colours[name]}" for name in colours if name in used)


def svg(shapes: str, *, width: int, height: float, attributes: str, inside: str = "") -> str:
    """The whole picture on its plate; `inside` is what has to stand before any shape."""
    size = f'width="{width}" height="{height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" {size} '
        f'role="img" {attributes} stroke-linejoin="round">{inside}'
        f'<rect class="plate" x="0.5" y="0.5" width="{width - 1}" height="{height - 1:.0f}" '
        f'rx="8"/>\n{shapes}</svg>'
    )


def named(name: str, title: str = "", description: str = "") -> tuple[str, str]:
    """The attributes and elements by which a picture is read out.

    Without a title those of another picture of this name on the page: named("way")[0].
    """
    attributes = f'aria-labelledby="{name}-title {name}-desc"'
    elements = f'<title id="{name}-title">{safe(title)}</title>\n'
    return attributes, elements + f'<desc id="{name}-desc">{safe(description)}</desc>\n'


def safe(text: str) -> str:
    """Text as nothing but text: "<b>" → "&lt;b&gt;"."""
    return escape(clean(text))


def text(x: float, y: float, said: str, look: str = "") -> str:
    """A line that begins at x; with the look "mid" its middle is there."""
    kind = f' class="{look}"' if look else ""
    return f'<text x="{x:g}" y="{y:g}"{kind}>{said}</text>\n'


def width_of(said: str, size: int) -> float:
    """Never too little: as wide as the letters of a wide font are."""
    return size * sum(_em(each) for each in said)


def _em(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _WIDE:
        return 0.95
    if ord(letter) > 0x2000 and unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.7 if letter.isupper() else 0.63


def fitted(said: str, width: float, *, most: int, size: int = TEXT) -> list[str]:
    """At most so many lines of at most this width: broken at words, then shortened with "…"."""
    lines = [""]
    for piece in _pieces(clean(said), width, size):
        if width_of((lines[-1] + piece).rstrip(), size) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
        if len(lines) > most:
            lines[most - 1 :] = [_shortened(lines[most - 1].rstrip(), width, size)]
            break
    return [each.strip() for each in lines]


def _pieces(said: str, width: float, size: int) -> Iterator[str]:
    """What a line may end with: a word, or where that is too wide, a part of it."""
    for word in re.findall(r"\S+\s*", said):
        if width_of(word.rstrip(), size) <= width:
            yield word
            continue
        for part in filter(None, _BREAKS.split(word)):
            if width_of(part.rstrip(), size) <= width:
                yield part
            else:
                yield from part


def _shortened(line: str, width: float, size: int) -> str:
    while width_of(line + "…", size) > width:
        line = line[:-1]
    return line + "…"


@dataclass(frozen=True, slots=True)
class Box:
    """A part as it is drawn: title, name, and a line on its state after a sign."""

    title: str
    name: str = ""
    state: str = ""
    sign: str = ""
    look: str = ""
    is_here: bool = False
    has_pill: bool = True

    def lines(self, width: float) -> list[tuple[str, str]]:
        """What stands in it, each line with its look."""
        inner = width - 2 * PADDING
        said = [("title", each) for each in fitted(self.title, inner, most=1, size=TITLE)]
        said += [("", each) for each in fitted(self.name, inner, most=2)] if self.name else []
        if self.state:
            first, *more = fitted(f"{self.sign} {self.state}".strip(), inner, most=3)
            said += [("state", first), *(("more", each) for each in more)]
        return said

    def height(self, width: float) -> float:
        return len(self.lines(width)) * LINE + 2 * PADDING

    def draw(
        self, x: float, y: float, width: float, height: float, *, text_width: float = 0
    ) -> Iterator[str]:
        """`text_width` where another box stands inside, on the right."""
        looks = ["box", self.look, "here" if self.is_here else ""]
        look = " ".join(filter(None, looks))
        yield (
            f'<rect class="{look}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="9"/>\n'
        )
        for number, (kind, said) in enumerate(self.lines(text_width or width)):
            where = x + PADDING, y + PADDING + 12 + number * LINE
            if kind == "state" and self.sign:
                rest = safe(said.removeprefix(self.sign))
                yield text(*where, f'<tspan class="strong">{self.sign}</tspan>{rest}', self._tone)
            else:
                yield text(*where, safe(said), {"title": kind, "": ""}.get(kind, self._tone))
        if self.is_here and self.has_pill:
            yield from pill(x + PADDING, y, "here")

    @property
    def _tone(self) -> str:
        if self.look == "absent":
            return "here" if self.is_here else "soft"
        return self.look or "soft"


def pill(x: float, y: float, said: str) -> Iterator[str]:
    """A word on a coloured ground, its middle at `y`: on the edge of what it is about."""
    width = width_of(said, SMALL) + 16
    yield f'<rect class="pill" x="{x:g}" y="{y - 10:g}" width="{width:g}" height="20" rx="10"/>'
    yield text(x + width / 2, y + 4, safe(said), "mid small strong")


def arrow(points: Sequence[tuple[float, float]], look: str = "") -> str:
    """A line with a head at its last point, along lines that are level or upright."""
    (before_x, before_y), (x, y) = points[-2:]
    dx, dy = _sign(x - before_x), _sign(y - before_y)
    path = " ".join(
        f"{each_x:g},{each_y:g}" for each_x, each_y in (*points[:-1], (x - 6 * dx, y - 6 * dy))
    )
    sides = [(x, y)] + [
        (x - 9 * dx + side * 5 * dy, y - 9 * dy + side * 5 * dx) for side in (1, -1)
    ]
    head = " ".join(f"{each_x:g},{each_y:g}" for each_x, each_y in sides)
    end = f" {look}" if look else ""
    return (
        f'<polyline class="line{end}" points="{path}"/>'
        f'<polygon class="head{end}" points="{head}"/>\n'
    )


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
