"""Room: the picture of what is built, and of the way there.

Lives here: what stands in each box, the picture in a page, and the one that is a file of its own.
Never here: shapes and colours (drawing), where they stand (layout), what a part is like (parts).
"""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.evidence.svg import IN_A_PAGE
from runbook_lib.overview import words
from runbook_lib.overview.drawing import Box, named, own_style, page_style, safe, svg
from runbook_lib.overview.layout import (
    NARROW,
    WIDE,
    Rollback,
    narrow_parts,
    steps,
    wide_parts,
)
from runbook_lib.overview.parts import (
    BREAKER,
    EVENT,
    MADE_BY,
    READER,
    RULE,
    SERVICE,
    TASK_DEFINITION,
    TOPIC,
    Part,
    Parts,
)
from runbook_lib.overview.way import Way

TITLE = "What you build"
_SCOPE = ".runbook-way"
_BACK = "rollback: back to the release that COMPLETED"
_STYLE = f"""<style>{page_style(_SCOPE)}
{_SCOPE}{{color:var(--jp-content-font-color1,#1f2328);max-width:{WIDE}px;container-type:inline-size}}
{IN_A_PAGE}
{_SCOPE} p{{margin:0 0 .5em;font-weight:600}}
{_SCOPE} svg{{display:block;width:100%;height:auto}}
{_SCOPE} svg.narrow{{display:none}}
{_SCOPE} summary{{cursor:pointer;margin:.3em 0}}
{_SCOPE} ul{{list-style:none;margin:.2em 0;padding:0}}
@container (max-width:{WIDE * 4 // 5}px){{{_SCOPE} svg.wide{{display:none}}
{_SCOPE} svg.narrow{{display:block;max-width:{NARROW * 5 // 4}px}}}}
</style>"""
_PLAIN: Mapping[str, str] = {
    TASK_DEFINITION: "a release: its image",
    SERVICE: "runs the release as tasks",
    BREAKER: "counts tasks that fail, stops the deployment",
    EVENT: "ECS says that a deployment failed",
    RULE: "EventBridge hands it on",
    TOPIC: "SNS tells all who subscribe",
    READER: "gets a mail",
}
_DESCRIPTION = (
    "A task definition is a release. The service runs it. Its circuit breaker counts the tasks "
    "of a deployment that fail; at the threshold it stops the deployment and rolls back to the "
    "release that COMPLETED. ECS sends an event, an EventBridge rule hands it to an SNS topic, "
    "and the topic tells the reader."
)


def overview_html(way: Way, parts: Parts | None = None) -> str:
    """Sentence, picture and the same in words, for a notebook's page; a lab has no parts."""
    said, *rest = words.lines(way, parts)
    items = "".join(f"<li>{safe(each)}</li>" for each in rest)
    return (
        f'<div class="runbook-way">{_STYLE}<p>{safe(said)}</p>{_pictures(way, parts)}'
        f"<details><summary>The same in words</summary><ul>{items}</ul></details></div>"
    )


def _pictures(way: Way, parts: Parts | None) -> str:
    """The parts with their states, if they are given, and the row of notebooks; wide and narrow."""
    name = f"runbook-way-{way.here.page.notebook}"
    said = " ".join(each.rstrip(".") + "." for each in words.lines(way, parts))
    attributes, inside = named(name, f"{TITLE}, and where you are", said)
    made = []
    for width, look, stand in ((WIDE, "wide", wide_parts), (NARROW, "narrow", narrow_parts)):
        shapes, end = "", 14.0
        if parts is not None:
            boxes = {each.kind: _box_of(each, way.here.page.notebook) for each in parts.all}
            shapes, end = stand(boxes, _rollback(parts, way.here.page.notebook))
        row, end = steps(way, end + 22, width)
        about = f'class="{look}" {attributes}'
        made.append(svg(shapes + row, width=width, height=end, attributes=about, inside=inside))
        inside = ""
    return "".join(made)


def _rollback(parts: Parts, notebook: str) -> Rollback:
    is_here = notebook == MADE_BY[EVENT]
    if parts.back_on:
        said = f"✓ rolled back to {parts.back_on}, the release that COMPLETED"
        return Rollback(said, "here" if is_here else "good")
    return Rollback(_BACK, "here" if is_here else "")


def _box_of(part: Part, notebook: str) -> Box:
    sign = words.sign_of(part, notebook)
    has_pill = part.kind != BREAKER  # the service around it has one
    is_here = part.notebook == notebook
    return Box(part.kind, part.name, part.state, sign, part.look, is_here, has_pill)


def static_picture() -> str:
    """What will be built, without states: a file of its own, on a light plate."""
    boxes = {
        kind: Box(kind, said, f"notebook {MADE_BY[kind][:2]}" if kind != EVENT else "")
        for kind, said in _PLAIN.items()
    }
    shapes, end = wide_parts(boxes, Rollback(_BACK, "good"))
    attributes, inside = named("what-you-build", TITLE, _DESCRIPTION)
    style = f"<style>{own_style()}</style>"
    return svg(shapes, width=WIDE, height=end, attributes=attributes, inside=inside + style)
