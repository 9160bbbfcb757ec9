"""The picture: every text fits and can be read, states are words, names are nothing but text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from xml.etree import ElementTree

import pytest
from browser import open_browser, open_page
from contrast import low_contrast
from playwright.sync_api import Browser

from runbook_lib.learner.notebook_files import lab_notebooks, walk_notebooks
from runbook_lib.learner.progress import Progress
from runbook_lib.overview.drawing import fitted, width_of
from runbook_lib.overview.parts import (
    ABSENT,
    BAD,
    BUSY,
    EVENT,
    FAILED_EVENT,
    GOOD,
    MADE_BY,
    RULE,
    SERVICE,
    TASK_DEFINITION,
    UNKNOWN,
    Part,
    Parts,
)
from runbook_lib.overview.picture import overview_html, static_picture
from runbook_lib.overview.way import Way, find_way
from runbook_lib.overview.words import lines

WALK = [each.stem for each in walk_notebooks()]
LAB = lab_notebooks()[2].stem
HOSTILE = "</text><script>alert(1)</script>&\x00\u202e"
LONGEST = "EventBridge may not publish, 100 pending and more"
MOST_BYTES, MOST_BYTES_OF_LONG_NAMES = 15_000, 18_000
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def parts(look: str, *, name: str = "", state: str = "", back_on: str = "") -> Parts:
    names = {TASK_DEFINITION: "my-task:1", SERVICE: "my-sample-service", EVENT: FAILED_EVENT}
    names[RULE] = "EcsServiceDeploymentFailed"
    made = [Part(k, name or names.get(k, "my-topic"), state or look, look) for k in MADE_BY]
    return Parts(tuple(made), look == GOOD, bool(back_on), back_on)


def way(notebook: str) -> Way:
    return find_way(notebook, Progress(), parts(GOOD), target="emulator")


def every() -> list[str]:
    """Pages with each look, each notebook's place, the longest texts, and a lab."""
    looks = (GOOD, BUSY, ABSENT, BAD, UNKNOWN)
    found = [
        overview_html(way(notebook), parts(look))
        for notebook, look in (*product(WALK[1:3], looks), *product(WALK, [GOOD]))
    ]
    back = parts(GOOD, name="W" * 250, state=LONGEST, back_on=f"{'W' * 250}:1")
    found += [overview_html(way(WALK[5]), back), overview_html(way(WALK[6]), back)]
    return [*found, overview_html(way(LAB))]


def test_both_drawings_are_xml_and_the_page_is_small() -> None:
    for page in every():
        drawings = SVG.findall(page)

        assert len(drawings) == 2
        for each in drawings:
            assert ElementTree.fromstring(each).get("role") == "img"
        is_long = "WWWW" in page
        assert len(page.encode()) < (MOST_BYTES_OF_LONG_NAMES if is_long else MOST_BYTES)


def test_what_a_picture_shows_is_told_to_who_does_not_see_it() -> None:
    seen = parts(BAD)
    page = overview_html(way(WALK[2]), seen)
    drawing = ElementTree.fromstring(SVG.findall(page)[0])
    names = {each.get("id"): each.text for each in drawing if each.get("id")}

    said = [names[each] or "" for each in drawing.get("aria-labelledby", "").split()]

    assert said[0] == "What you build, and where you are"
    for line in lines(way(WALK[2]), seen):
        assert line.rstrip(".") in said[1]


def test_a_state_is_a_word_and_a_sign_not_a_colour_alone() -> None:
    for look, sign in ((GOOD, "✓"), (BUSY, "▸"), (ABSENT, "○"), (BAD, "!"), (UNKNOWN, "?")):
        page = overview_html(way(WALK[7]), parts(look, state="so it is"))

        assert f'<tspan class="strong">{sign}</tspan> so it is' in page


def test_what_this_notebook_makes_says_here() -> None:
    for notebook, count in ((WALK[0], 0), (WALK[1], 1), (WALK[2], 1), (WALK[3], 2), (WALK[7], 0)):
        drawing = SVG.findall(overview_html(way(notebook), parts(ABSENT)))[0]

        assert drawing.count('class="pill"') == count
        assert drawing.count(">here</text>") == count + 1  # and in the row of notebooks


def test_a_rollback_says_to_which_release() -> None:
    page = overview_html(way(WALK[6]), parts(GOOD, back_on="my-task:1"))

    assert "✓ rolled back to my-task:1, the release that COMPLETED" in page


def test_names_are_nothing_but_text() -> None:
    page = overview_html(way(WALK[2]), parts(GOOD, name=HOSTILE, back_on=HOSTILE))

    assert "<script" not in page
    assert "\x00" not in page
    assert "\u202e" not in page
    for each in SVG.findall(page):
        ElementTree.fromstring(each)


@pytest.mark.parametrize(
    "said", ["W" * 300, "a-" * 90, "EcsServiceDeploymentFailed", "a b c " * 40]
)
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_text_is_broken_to_fit_and_shortened(said: str, most: int) -> None:
    found = fitted(said, 140, most=most)

    assert len(found) <= most
    assert all(width_of(each, 13) <= 140 for each in found)
    if "".join(found).replace(" ", "") != said.replace(" ", ""):
        assert found[-1].endswith("…")


def test_a_name_is_broken_where_its_parts_meet() -> None:
    assert fitted("EcsServiceDeploymentFailed", 150, most=2) == ["EcsService", "DeploymentFailed"]
    assert fitted(FAILED_EVENT, 160, most=2) == ["SERVICE_", "DEPLOYMENT_FAILED"]
    assert fitted("my-task:1", 150, most=2) == ["my-task:1"]


def test_the_picture_by_itself_needs_no_page_around_it() -> None:
    drawing = static_picture()
    root = ElementTree.fromstring(drawing)

    assert "var(" not in drawing
    assert root.get("viewBox")
    text = " ".join("".join(each.itertext()) for each in root.iter() if each.tag.endswith("text"))
    for said in ("task definition", "circuit breaker", "rollback", "event", "rule", "reader"):
        assert said in text


# --- in a browser --------------------------------------------------------------------------------

OVER_THE_EDGE = """() => [...document.querySelectorAll(".runbook-way svg")]
  .filter(each => each.getClientRects().length).flatMap(drawing => {
    const plate = drawing.querySelector("rect").getBoundingClientRect();
    const texts = [...drawing.querySelectorAll("text")].filter(each => each.textContent);
    const rects = texts.map(each => each.getBoundingClientRect());
    const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1
      || a.bottom <= b.top + 3 || b.bottom <= a.top + 3;
    const boxes = [...drawing.querySelectorAll("rect.box")].map(e => e.getBoundingClientRect());
    const inside = (a, b) => a.left >= b.left && a.right <= b.right;
    return texts.flatMap((each, n) => {
      const r = rects[n], found = [];
      if (!inside(r, plate) || r.bottom > plate.bottom) found.push("plate: " + each.textContent);
      const own = boxes.find(b => r.left >= b.left && r.left <= b.right && r.top >= b.top
        && r.bottom <= b.bottom);
      if (own && !inside(r, own)) found.push("box: " + each.textContent);
      rects.slice(n + 1).forEach((other, m) => apart(r, other)
        || found.push("over: " + each.textContent + " / " + texts[n + 1 + m].textContent));
      return found;
    });
  })"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll(".runbook-way svg")]
  .filter(each => each.getClientRects().length)
  .map(each => 12 * each.getBoundingClientRect().width / each.viewBox.baseVal.width))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def page_of(html: str, *, is_light: bool = True) -> str:
    ground, ink = ("#fff", "#1f1f1f") if is_light else ("#111", "#eee")
    style = f"background:{ground};--jp-content-font-color1:{ink}"
    return f'<body data-jp-theme-light="{str(is_light).lower()}" style="{style}">{html}</body>'


@pytest.mark.whole
@pytest.mark.parametrize("width", [1440, 900, 640, 480])
def test_no_text_runs_over_another_or_out_of_its_box(width: int, browser: Browser) -> None:
    with open_page(browser, width=width) as watched:
        for each in every():
            watched.page.set_content(page_of(each))

            assert watched.page.evaluate(OVER_THE_EDGE) == []
            wide = watched.page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= width
            assert watched.page.evaluate(SMALLEST) >= 9.5


@pytest.mark.whole
@pytest.mark.parametrize("is_light", [True, False])
@pytest.mark.parametrize("width", [1440, 480])
def test_every_text_can_be_read_in_light_and_dark(
    width: int, is_light: bool, browser: Browser
) -> None:
    with open_page(browser, width=width) as watched:
        for each in every():
            watched.page.set_content(page_of(each, is_light=is_light))
            texts, low = low_contrast(watched.page)

            assert texts > 12
            assert low == []
