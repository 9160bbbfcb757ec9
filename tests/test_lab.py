"""The notebooks in a real JupyterLab, as a person runs them, with the keyboard."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import open_browser, open_page
from contrast import low_contrast
from jupyterlab import (
    Lab,
    board,
    choose_theme,
    open_lab,
    restart_kernel,
    run_all,
    wait_until_idle,
)
from playwright.sync_api import Browser, Page, expect

from runbook_lib import Settings, apply, open_session, walk

PICTURES = os.environ.get("RUNBOOK_PICTURES", "")
"""A folder for pictures of the board, where tools/take_screenshots.py asks for them."""
SETTING_UP = (
    "10_register_task_definition",
    "20_create_service",
    "30_create_sns_topic",
    "40_create_event_rule",
)
DRILL = "50_run_failure_drill"
ELAPSED = re.compile(r"(?:(\d+) min)?(?: ?(\d+) s)? since it began")
SOON = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser) as watched:
        yield watched.page


@pytest.fixture
def prepared(lab: Lab, page: Page) -> Lab:
    """Notebooks 10 to 40 have been run, in a new world; run once more, they change nothing."""
    lab.emulator.call("POST", "/_emulator/reset", {})
    for name in SETTING_UP:
        lab.open(page, name)
        run_all(page)
        wait_until_idle(page)
        assert errors(page) == []
    return lab


def errors(page: Page) -> list[str]:
    """What stands in red."""
    found = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]')
    return [text.strip() for text in found.all_text_contents()]


def elapsed(page: Page) -> int:
    """The virtual seconds that the board says have passed."""
    found = ELAPSED.search(board(page).get_by_text("since it began").first.inner_text())
    assert found
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def picture(page: Page, name: str) -> None:
    """The cell with the board, the side bar folded away."""
    if PICTURES:
        page.keyboard.press("Control+b")
        page.set_viewport_size({"width": 1000, "height": 1120})
        cell = page.locator(".jp-Cell").filter(has=board(page))
        cell.evaluate("each => each.scrollIntoView()")
        page.mouse.move(0, 0)
        page.locator(".jp-Notebook").screenshot(path=Path(PICTURES) / f"{name}.png")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.keyboard.press("Control+b")


def test_the_drill_opened_first_is_one_line_that_says_what_to_do(lab: Lab, page: Page) -> None:
    lab.emulator.call("POST", "/_emulator/reset", {})
    lab.open(page, DRILL)
    run_all(page)
    wait_until_idle(page)

    (line,) = errors(page)
    assert line.startswith("MissingPrerequisite: ")
    assert line.endswith("Next: run 10_register_task_definition first.")


def test_the_board_is_watched_by_keyboard_until_the_rollback(prepared: Lab, page: Page) -> None:
    prepared.open(page, DRILL)
    run_all(page)
    expect(board(page).get_by_text("2 of 3").first).to_be_visible(timeout=SOON)

    pause(page)
    stood_at = elapsed(page)
    assert_readable(page, "board")
    assert_all_is_within_reach(page)
    assert elapsed(page) == stood_at

    page.get_by_role("button", name="Resume").press("Space")
    slider = page.get_by_role("slider")
    slider.focus()
    for said in ("5 minutes a second", "instant"):
        slider.press("ArrowRight")
        expect(page.locator(".widget-readout")).to_have_text(said)
    expect(board(page).get_by_text("has rolled back to my-task:1")).to_be_visible(timeout=SOON)
    wait_until_idle(page)

    assert elapsed(page) == 750
    assert page.get_by_role("slider").count() == 0
    assert "and the alert arrived." in (page.locator(".jp-Notebook").text_content() or "")
    assert_readable(page, "rollback")


def test_a_restarted_kernel_picks_the_deployment_up_and_a_second_run_is_a_second_drill(
    lab: Lab, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(lab, monkeypatch)
    lab.open(page, DRILL)
    run_all(page)
    expect(board(page).get_by_text("1 of 3").first).to_be_visible(timeout=SOON)
    restart_kernel(page)
    run_all(page)
    play_at_once(page)
    wait_until_idle(page)
    after_restart = alerts(lab)
    run_all(page)
    play_at_once(page)
    wait_until_idle(page)

    assert errors(page) == []
    assert (after_restart, alerts(lab)) == (1, 2)
    assert "and the alert arrived." in (page.locator(".jp-Notebook").text_content() or "")


def alerts(lab: Lab) -> int:
    """How many alerts were mailed; the mail that asks for confirmation is none."""
    mails = lab.emulator.call("GET", "/_emulator/mail")
    return sum(each["kind"] != "confirmation" for each in mails)


def set_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What notebooks 10 to 40 do, in a new world."""
    lab.emulator.call("POST", "/_emulator/reset", {})
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.emulator.url)
    session, settings = open_session(), Settings()
    for stage in walk.STAGES[:4]:
        outcome = apply(session, stage.plan(session, settings))
        stage.afterwards(session, settings, outcome)


def play_at_once(page: Page) -> None:
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")


def pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").press("Space")
    expect(board(page).get_by_text("paused")).to_be_visible()


def assert_readable(page: Page, name: str) -> None:
    """In the dark theme and in the light one, down to the end of the board."""
    for is_light in (False, True):
        choose_theme(page, is_light=is_light)
        picture(page, f"{name}-{'light' if is_light else 'dark'}")
        for part in range(board(page).count()):
            board(page).nth(part).evaluate("each => each.id = 'looked-at'")
            texts, low = low_contrast(page, "#looked-at")
            board(page).nth(part).evaluate("each => each.removeAttribute('id')")
            assert (texts > 0, low) == (True, [])


def assert_all_is_within_reach(page: Page) -> None:
    """640 is a screen of 1280 at 200 %; the side bar is folded away, as one does there."""
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": 640, "height": 500})
    for part in range(board(page).count()):
        wide = board(page).nth(part).evaluate("each => [each.scrollWidth, each.clientWidth]")
        assert wide[0] <= wide[1]
    output = page.locator(".jp-Cell .jp-OutputArea-output").filter(has=board(page)).first
    assert output.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("Control+b")
