"""Room: a figure as static SVG.

Lives here: the style that every chart is drawn in, its colours, and making what matplotlib writes
small, the same to the byte everywhere, and readable by people who do not see it.
Never here: what a chart shows.

matplotlib is imported where it is used: it takes most of a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 760
"""Points. A chart has this width and whatever height it needs."""
IN_A_PAGE = ".jp-RenderedSVG img{max-width:100%;height:auto}"
"""JupyterLab shows a chart as an image of its own width; in a narrow page it shrinks."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
COLOURS = {
    "plate": "#ffffff",
    "edge": "#d1d9e1",
    "ink": "#1f2328",
    "faint": "#59636e",
    "grid": "#e4e8ec",
    "running": "#0550ae",
    "fresh": "#0a6c74",
    "pending": "#8a5300",
    "failed": "#b3202c",
    "threshold": "#6e40c9",
    "good": "#116329",
}
"""On the plate, each that is used for text has a contrast of at least 4.5."""
DARK = {
    "plate": "#151b23",
    "edge": "#3d444d",
    "ink": "#f0f6fc",
    "faint": "#9ba3ad",
    "grid": "#2a313c",
    "running": "#79c0ff",
    "fresh": "#56d4dd",
    "pending": "#e3b341",
    "failed": "#ff938a",
    "threshold": "#d2a8ff",
    "good": "#6fdd8b",
}
"""The same names where a dark page shows the picture; report.css has both too."""
_NAMES = {colour: name for name, colour in COLOURS.items()}
_SETTINGS: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: the same widths everywhere
    "font.size": 12.0,
    "path.simplify": False,
    "path.snap": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "chart",
    "text.color": COLOURS["ink"],
    "text.parse_math": False,  # a $ in a reason is a $
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_OWN_ID = re.compile(r'<svg [^>]*?\bid="([^"]+)"')
_NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
_UNTURNED = re.compile(r"rotate\(-?0 ")
_DROPPED = ("font-family", "stroke-dashoffset")
_LEFT_OUT = ("style", "metadata", "clipPath")
"""Nothing here is drawn over its edge, so nothing has to be clipped."""
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points")


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its text alternative. In a notebook it shows itself, on a plate of its own.

    So it is readable in a light and in a dark JupyterLab, on GitHub and on nbviewer, and its
    stored output is the same each time. `drawing` is the picture in its light colours, without
    a style.
    """

    title: str
    description: str
    drawing: str

    @property
    def svg(self) -> str:
        """In both palettes: an <img> shows the one that its own `color-scheme` asks for."""
        root, _, rest = self.drawing.partition(">")
        return f"{root}>\n{_dark_style(self.drawing)}{rest}"

    @property
    def themed(self) -> str:
        """For a page that defines the colours: #0550ae is var(--running, #0550ae)."""
        return re.sub(
            r'"(#[0-9a-f]{6})"',
            lambda found: (
                f'"var(--{_NAMES[found[1]]}, {found[1]})"' if found[1] in _NAMES else found[0]
            ),
            self.drawing,
        )

    def __repr__(self) -> str:
        return f"{self.title}. {self.description}"

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


def draw(
    paint: Callable[[Figure], None], *, name: str, height: int, title: str, description: str
) -> Chart:
    """`paint` gets an empty figure of this height; `name` keeps ids apart on one page."""
    written = io.StringIO()
    with _quiet():
        import matplotlib as mpl
        from matplotlib.figure import Figure
    with _quiet(), mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        figure.patch.set_visible(False)
        paint(figure)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", dpi=72, metadata=nothing)
    drawing = _tidied(
        written.getvalue(), name=name, height=height, title=title, description=description
    )
    return Chart(title, description, drawing)


def _dark_style(drawing: str) -> str:
    """Other colours on a dark screen, for this picture alone: a page may hold several."""
    own = _OWN_ID.search(drawing)
    rules = [
        f'#{own[1]} [{paint}="{colour}"]{{{paint}:{DARK[name]}}}'
        for name, colour in COLOURS.items()
        for paint in ("fill", "stroke")
        if own and f'{paint}="{colour}"' in drawing
    ]
    return f"<style>@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A word on the font cache, or on a glyph that only the browser has, is no output."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _tidied(svg: str, *, name: str, height: int, title: str, description: str) -> str:
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    drawn = ElementTree.fromstring(svg)  # noqa: S314 - matplotlib wrote it a moment ago
    _spread_styles(drawn)
    prefix = f"{name}-{hashlib.sha256(svg.encode()).hexdigest()[:8]}"
    _rename_ids(drawn, prefix)
    root = ElementTree.Element(f"{{{_SVG}}}svg", _root_attributes(prefix, height))
    for tag, text in (("title", title), ("desc", description)):
        ElementTree.SubElement(root, f"{{{_SVG}}}{tag}", {"id": f"{prefix}-{tag}"}).text = text
    root.append(_plate(height))
    for each in drawn:
        root.extend(_flattened(each))
    _strip_blanks(root)
    return ElementTree.tostring(root, encoding="unicode")


def _root_attributes(prefix: str, height: int) -> dict[str, str]:
    return {
        "id": prefix,
        "viewBox": f"0 0 {WIDTH} {height}",
        "width": str(WIDTH),
        "height": str(height),
        "role": "img",
        "aria-labelledby": f"{prefix}-title {prefix}-desc",
        "font-family": FONT,
        "stroke-linejoin": "round",
    }


def _plate(height: int) -> ElementTree.Element:
    size = {"x": "0.5", "y": "0.5", "width": str(WIDTH - 1), "height": str(height - 1), "rx": "8"}
    colours = {"fill": COLOURS["plate"], "stroke": COLOURS["edge"]}
    return ElementTree.Element(f"{{{_SVG}}}rect", size | colours)


def _spread_styles(root: ElementTree.Element) -> None:
    """style="fill: none" → fill="none": a page may then forbid styles; numbers to 0.01."""
    for element in root.iter():
        style = element.attrib.pop("style", "")
        pairs = [each.partition(":") for each in style.split(";") if each.strip()]
        given = {key.strip(): value.strip() for key, _, value in pairs}
        element.attrib.update({k: v for k, v in given.items() if k not in _DROPPED})
        element.attrib.pop("clip-path", None)
        if _UNTURNED.match(element.get("transform", "")):
            del element.attrib["transform"]
        for key in _GEOMETRY:
            if key in element.attrib:
                element.set(key, _NUMBER.sub(_rounded, " ".join(element.attrib[key].split())))


def _rounded(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    """Ids that something refers to are numbered, the others go.

    The prefix differs from chart to chart: a notebook on one page may hold several.
    """
    used = {each.get(_HREF, "").removeprefix("#") for each in root.iter()} - {""}
    numbers: dict[str, str] = {}
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in used and old is not None:
            numbers.setdefault(old, f"{prefix}-{len(numbers) + 1}")
            element.set("id", numbers[old])
    for element in root.iter():
        if _HREF in element.attrib:
            element.set(_HREF, "#" + numbers[element.attrib[_HREF].removeprefix("#")])


def _flattened(element: ElementTree.Element) -> list[ElementTree.Element]:
    """Without the groups that group nothing, and without what is left out."""
    children = [each for child in element for each in _flattened(child)]
    kind = element.tag.rpartition("}")[2]
    if kind in _LEFT_OUT:
        return []
    if kind in ("g", "defs") and not element.attrib:
        return children if kind == "g" else _defined(element, children)
    element[:] = children
    return [element]


def _defined(
    element: ElementTree.Element, children: list[ElementTree.Element]
) -> list[ElementTree.Element]:
    element[:] = children
    return [element] if children else []


def _strip_blanks(root: ElementTree.Element) -> None:
    for element in root.iter():
        element.tail = "\n"
        if not (element.text or "").strip():
            element.text = None
    root.tail = None
