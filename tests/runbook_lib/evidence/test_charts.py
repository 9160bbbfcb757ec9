"""The pictures: what they say, to the byte, and without colour."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser import Watched, open_browser, open_page
from PIL import Image

from runbook_lib.evidence import svg
from runbook_lib.evidence.charts import breaker_count, delivery_waterfall, deployment_timeline
from runbook_lib.evidence.svg import COLOURS, DARK, Chart

EVIDENCE = Path(__file__).parent / "journals"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '</text><script>alert(1)</script>" onload="x" $\\frac{ 日本 🚀 \x00\x1b[31m ]]> &amp; {{7*7}}'
)


def journal(name: str) -> dict[str, Any]:
    return json.loads((EVIDENCE / f"{name}.json").read_text("utf-8"))


def charts_of(name: str) -> tuple[Chart, Chart, Chart]:
    told = journal(name)
    hops, deployment = told["delivery"]["hops"], told["verdict"]["deployment"]
    found = (
        deployment_timeline(told["entries"], deployment=deployment, hops=hops),
        breaker_count(told["entries"], deployment=deployment, hops=hops),
        delivery_waterfall(hops),
    )
    assert all(found)
    return found


def texts(chart: Chart) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]


def test_the_timeline_names_each_line_the_failure_and_the_rollback() -> None:
    timeline, *_ = charts_of("passed")

    assert set(texts(timeline)) >= {
        "running tasks, by task definition",
        "1 desired",
        "1 of my-task:1",
        "0 of my-task:2",
        "pending tasks of the service",
        "0 at the end",
        "✕ failed after 11 min 27 s",
        "↩ rolled back after 12 min 30 s",
        "time since the deployment began at 09:01:45 UTC",
    }


def test_the_count_names_each_failure_and_how_long_it_took() -> None:
    _, count, _ = charts_of("passed")

    assert set(texts(count)) >= {
        "failed tasks of my-task:2 counted by the circuit breaker (+ time since the one before)",
        "+2 min 15 s",
        "+6 min 45 s",
        "3 counted",
        "threshold 3",
    }


def test_no_name_stands_twice_and_no_line_is_drawn_in_two_charts() -> None:
    timeline, count, way = charts_of("passed")
    counts = re.compile(r"[\d.]+|[✓✕?–]|\+.*|\d+ min")

    for chart in (timeline, count, way):
        names = [each for each in texts(chart) if not counts.fullmatch(each)]
        assert len(names) == len(set(names))
    assert "whole" in strokes_of(count)["failed"]
    assert "whole" not in strokes_of(timeline)["failed"]  # only the upright line of the failure
    assert "threshold" not in strokes_of(timeline)


def test_a_long_name_of_a_release_keeps_its_revision() -> None:
    told = json.loads(json.dumps(journal("passed")).replace("my-task:", "a-task-with-a-long-name:"))
    chart = deployment_timeline(told["entries"])

    assert chart is not None
    assert {"1 of a-task-with-a…:1", "0 of a-task-with-a…:2"} <= set(texts(chart))


def test_the_path_of_the_alert_says_what_its_times_count_from() -> None:
    *_, way = charts_of("passed")

    assert way.title == "The alert's path"
    assert {
        "hop",
        "since the hop before",
        "seconds since EventBridge received the failure event",
    } <= set(texts(way))


def test_the_way_of_the_alert_says_where_it_stopped() -> None:
    *_, way = charts_of("not_delivered")

    assert [each for each in texts(way) if each in ("✓", "✕", "?", "–")] == [*"✓✓✓✓✓✕–"]
    assert {"topic", "broken", "not reached", "+11 min 27 s"} <= set(texts(way))


def test_a_deployment_that_was_replaced_neither_failed_nor_went_back() -> None:
    timeline, count, _ = charts_of("superseded")

    assert not any("after" in each for each in texts(timeline))
    assert "1 of others" in texts(timeline)
    assert "2 counted" in texts(count)


def test_the_text_alternative_says_the_same_in_words() -> None:
    timeline, count, way = charts_of("passed")

    assert repr(timeline) == (
        "Tasks over time. Deployment ecs-svc/2942440254381718020 from 2026-01-05 09:01:45 to"
        " 09:14:15 UTC. Desired tasks: 1; running: at least 1, at most 1. Failed tasks of the new"
        " release: 3, the threshold is 3. It failed after 11 min 27 s. It was rolled back after"
        " 12 min 30 s."
    )
    assert count.description == (
        "The threshold is 3. Failed tasks: 1 after 2 min 15 s, 2 after 4 min 30 s, 3 after"
        " 11 min 15 s."
    )
    assert way.description.startswith("UpdateService: ok; deployment: ok after 11 min 27 s; ")


@pytest.mark.parametrize("name", ["passed", "not_delivered", "superseded"])
def test_each_picture_is_named_and_described_for_who_does_not_see_it(name: str) -> None:
    for chart in charts_of(name):
        root = ElementTree.fromstring(chart.svg)
        ids = root.get("aria-labelledby", "").split()
        named = [each for each in root if each.get("id") in ids]

        assert root.get("role") == "img"
        assert [each.text for each in named] == [chart.title, chart.description]


def test_lines_differ_by_stroke_and_moments_by_mark_not_by_colour_alone() -> None:
    timeline, count, _ = charts_of("passed")
    dashes = {name: strokes_of(timeline)[name] for name in ("running", "faint", "fresh")}

    assert all(one.isdisjoint(other) for one, other in combinations(dashes.values(), 2))
    assert strokes_of(count)["threshold"].isdisjoint(strokes_of(count)["failed"])


def strokes_of(chart: Chart) -> dict[str, set[str]]:
    """Of each named colour of a line, how its lines are dashed."""
    names = {colour: name for name, colour in COLOURS.items()}
    found: dict[str, set[str]] = {}
    for each in ElementTree.fromstring(chart.svg).iter(f"{SVG}path"):
        name = names.get(each.get("stroke", ""), "")
        if each.get("fill") == "none" and name not in ("", "grid", "edge"):
            found.setdefault(name, set()).add(each.get("stroke-dasharray", "whole"))
    return found


def test_a_chart_in_a_notebook_has_its_own_plate_and_both_palettes() -> None:
    for chart in charts_of("passed"):
        bundle = chart._repr_mimebundle_()

        assert set(bundle) == {"image/svg+xml", "text/plain"}
        assert f'fill="{COLOURS["plate"]}"' in bundle["image/svg+xml"]
        assert bundle["image/svg+xml"].count("<style>@media screen and (prefers-color-scheme") == 1
        assert f'[fill="{COLOURS["plate"]}"]{{fill:{DARK["plate"]}}}' in bundle["image/svg+xml"]
        assert "var(" not in bundle["image/svg+xml"]
        assert bundle["text/plain"] == repr(chart)
        assert chart._repr_svg_() == bundle["image/svg+xml"]


def test_on_a_page_every_colour_is_a_variable_with_the_colour_to_fall_back_on() -> None:
    for chart in charts_of("not_delivered"):
        assert "style" not in chart.themed
        assert not re.search(r'"#[0-9a-f]{6}"', chart.themed)
        assert f'fill="var(--plate, {COLOURS["plate"]})"' in chart.themed


def test_every_colour_of_a_text_can_be_read_on_the_plate() -> None:
    for palette in (COLOURS, DARK):
        for colour, value in palette.items():
            if colour not in ("plate", "edge", "grid"):
                assert contrast(value, palette["plate"]) >= 4.5, colour


def test_the_report_has_the_same_two_palettes() -> None:
    style = Path(svg.__file__).with_name("report.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w+);", each)) for each in style.split("@media")[:2]
    )

    assert {name: light[name] for name in COLOURS} == COLOURS
    assert {name: dark[name] for name in DARK} == DARK


@pytest.mark.whole
@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_as_a_picture_of_a_page_it_follows_the_colour_scheme_of_its_element(
    preferred: str, tmp_path: Path
) -> None:
    """JupyterLab shows a chart as <img src="data:…">; its theme is not what the user prefers."""
    chart, *_ = charts_of("passed")
    source = base64.b64encode(chart.svg.encode()).decode()
    page = tmp_path / "page.html"
    page.write_text(
        "".join(
            f'<div id="{scheme}" style="color-scheme: {scheme}">'
            f'<img src="data:image/svg+xml;base64,{source}"></div>'
            for scheme in ("light", "dark")
        )
    )
    with open_browser() as browser, open_page(browser, theme=preferred) as watched:
        watched.page.goto(page.as_uri())
        grounds = {scheme: ground(watched, scheme) for scheme in ("light", "dark")}

    assert grounds == {"light": COLOURS["plate"], "dark": DARK["plate"]}


def ground(watched: Watched, scheme: str) -> str:
    """The colour of the plate, where nothing else is drawn."""
    shot = watched.page.locator(f"#{scheme} img").screenshot()
    with Image.open(io.BytesIO(shot)) as image:
        pixel = image.convert("RGB").crop((6, 120, 7, 121)).tobytes()
    return f"#{pixel.hex()}"


def contrast(one: str, other: str) -> float:
    """As WCAG 2 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


DRAW = """
import json, sys
from runbook_lib.evidence.charts import *
told = json.load(open(sys.argv[1], encoding="utf-8"))
hops, key = told["delivery"]["hops"], {"deployment": told["verdict"]["deployment"]}
print(deployment_timeline(told["entries"], **key).svg, breaker_count(told["entries"], **key).svg)
print(delivery_waterfall(hops).svg)
"""


def test_a_chart_is_the_same_to_the_byte_whatever_the_process_and_the_users_settings(
    tmp_path: Path,
) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 20\nlines.linewidth: 9\nsvg.fonttype: path\n"
    )
    elsewhere = {
        "MATPLOTLIBRC": str(tmp_path),
        "MPLCONFIGDIR": "/dev/null/none",
        "TZ": "Asia/Tokyo",
    }
    first, second = (
        subprocess.run(
            [sys.executable, "-c", DRAW, str(EVIDENCE / "not_delivered.json")],
            env={**os.environ, **settings, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        )
        for settings in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", **elsewhere})
    )

    assert first.stdout == second.stdout
    assert first.stderr == second.stderr == b""
    assert len(first.stdout) > 10_000


def test_drawing_leaves_the_settings_of_the_user_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    charts_of("passed")

    assert dict(mpl.rcParams) == before


def test_matplotlib_is_loaded_only_when_something_is_drawn() -> None:
    code = (
        "import sys; from runbook_lib.evidence import charts, report; "
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_what_a_chart_refers_to_is_in_it() -> None:
    for chart in charts_of("passed"):
        ids = set(re.findall(r' id="([^"]+)"', chart.svg))
        uses = set(re.findall(r'(?:href="#|url\(#)([^")]+)', chart.svg))

        assert uses <= ids


def test_two_charts_on_one_page_share_no_id() -> None:
    ids = [
        id_
        for name in ("passed", "superseded")
        for chart in charts_of(name)
        for id_ in re.findall(r' id="([^"]+)"', chart.svg)
    ]

    assert len(ids) == len(set(ids))


def test_whatever_a_name_holds_it_stays_text() -> None:
    told = journal("passed")
    text = (
        json.dumps(told["entries"]).replace("ecs-svc/2942440254381718020", "X").replace("my-", "Y")
    )
    entries = json.loads(text.replace('"X"', json.dumps(HOSTILE)))
    hops = [{**each, "hop": HOSTILE, "state": HOSTILE} for each in told["delivery"]["hops"]]

    for chart in (
        deployment_timeline(entries, deployment=HOSTILE, hops=hops),
        breaker_count(entries, deployment=HOSTILE, hops=hops),
        delivery_waterfall(hops),
    ):
        assert chart is not None
        root = ElementTree.fromstring(chart.svg)
        kinds = {each.tag.removeprefix(SVG) for each in root.iter()}
        names = {name for each in root.iter() for name in each.attrib}
        assert kinds <= {
            "svg",
            "title",
            "desc",
            "rect",
            "g",
            "defs",
            "path",
            "use",
            "text",
            "style",
        }
        assert not any(name.startswith("on") for name in names)


def test_nothing_seen_is_nothing_drawn() -> None:
    assert deployment_timeline([]) is None
    assert breaker_count(journal("broken_off")["entries"]) is None
    assert delivery_waterfall([]) is None


def look(second: int, failed: int, *, desired: int = 1) -> dict[str, Any]:
    counts = {"desired": desired, "running": 0, "pending": 0}
    own = {"id": "ecs-svc/1", "status": "PRIMARY", "rollout_state": "IN_PROGRESS", "failed": failed}
    time = f"2026-01-05T09:{second // 60:02d}:{second % 60:02d}+00:00"
    return {"kind": "snapshot", "time": time, **counts, "deployments": [{**own, **counts}]}


@pytest.mark.whole
@pytest.mark.parametrize(
    "entries",
    [
        [look(0, 0)],
        [look(0, 5, desired=0)],
        [look(0, 0), {**look(0, 0), "time": "9999-12-31T00:00:00+00:00"}],
        [look(second, 10 * second, desired=1000) for second in range(0, 3600, 5)],
    ],
    ids=["one look", "no tasks", "eight thousand years", "many tasks"],
)
def test_few_looks_or_many_make_a_picture(entries: list[dict[str, Any]]) -> None:
    for threshold in (None, 0, 3, 200):
        timeline = deployment_timeline(entries, threshold=threshold)
        count = breaker_count(entries, threshold=threshold)

        assert timeline is not None
        assert count is not None
        assert len(texts(timeline)) < 60
        assert len(texts(count)) < 60
