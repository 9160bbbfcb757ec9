"""Room: what a learner does in the notebooks, by mouse and by keyboard.

Lives here: running on, typing into the form, answering, confirming the mail, the board's controls.
Never here: starting JupyterLab (jupyterlab), the order of it all (test_lab).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyterlab import (
    board,
    choose_theme,
    fold_side_bar,
    run_all,
    run_below,
    shown,
    wait_until_idle,
)
from playwright.sync_api import Locator, Page, expect

PICTURES = os.environ.get("RUNBOOK_PICTURES", "")
"""A folder for pictures, where tools/take_screenshots.py asks for them."""
RIGHT_THRESHOLD = (
    '{"enable": true, "rollback": true, "thresholdConfiguration": {"type": "COUNT", "value": 2}}'
)
SOON = 30_000
expect.set_options(timeout=SOON)
MARGIN = 4
ELAPSED = re.compile(r"(?:(\d+) min)?(?: ?(\d+) s)? since it began")


def errors(page: Page) -> list[str]:
    """What stands in red."""
    red = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]'
    return [text.strip() for text in shown(page).locator(red).all_text_contents()]


def told(page: Page) -> str:
    """Every text of the notebook."""
    return shown(page).locator(".jp-Notebook").text_content() or ""


def read_on(page: Page) -> None:
    """Run the whole notebook; nothing stands in red."""
    run_all(page)
    wait_until_idle(page)
    assert errors(page) == []


def cell(page: Page, code: str) -> Locator:
    """The cell with this in its code."""
    return (
        shown(page).locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea", has_text=code))
    )


def box(page: Page, code: str) -> Locator:
    """The form, cards, inbox or exercise that this code makes."""
    return cell(page, code).locator(".runbook-box")


def change_the_threshold(page: Page) -> None:
    """In the form of notebook 20; the cells below it apply it."""
    form = box(page, "widgets.parameters(")
    form.get_by_label("threshold").fill("COUNT 3")
    expect(form.get_by_text("It holds for all notebooks of this folder.")).to_be_visible()
    picture(page, "form", form)
    run_below(page, cell(page, "session = connect(settings)"))
    cards = box(page, "cards = widgets.plan(")
    applied = cards.get_by_text("ecs:UpdateService: ✓ done")
    expect(applied).to_be_visible()
    applied.click()
    picture(page, "card", cards)
    expect(cell(page, "cards.done(outcome)").get_by_role("cell", name="done")).to_be_visible()
    assert errors(page) == []


def answer_the_exercise(page: Page) -> None:
    """First with what is wrong, then with the right threshold."""
    asked = box(page, "widgets.exercise(")
    asked.get_by_label("Answer").fill('{"enable": true, "rollback": true}')
    asked.get_by_role("button", name="Check").press("Enter")
    expect(asked.get_by_role("alert")).to_be_visible()
    asked.get_by_role("button", name="Hint").press("Enter")
    expect(asked.get_by_text("Hints:")).to_be_visible()
    picture(page, "exercise", asked)
    asked.get_by_label("Answer").fill(RIGHT_THRESHOLD)
    page.keyboard.press("Tab")
    asked.get_by_role("button", name="Check").press("Enter")
    expect(asked.get_by_text("✓ Right: COUNT 2")).to_be_visible()


def confirm_the_mail(page: Page) -> None:
    inbox = box(page, "widgets.inbox(")
    expect(inbox.get_by_text("is pending confirmation")).to_be_visible()
    picture(page, "inbox", inbox)
    inbox.get_by_role("button", name="Confirm subscription").click()
    expect(
        inbox.get_by_text("The subscription of example@example.com is confirmed.")
    ).to_be_visible()


def pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").press("Space")
    expect(board(page).get_by_text("paused")).to_be_visible()


def play_at_once(page: Page, code: str = "widgets.follow(") -> None:
    """The slider of this code's board, by keyboard, to its end; its value can be heard."""
    slider = box(page, code).get_by_role("slider", name="Speed")
    slider.wait_for(timeout=SOON)
    slider.focus()
    for said in ("5 minutes a second", "instant"):
        slider.press("ArrowRight")
        expect(slider).to_have_attribute("aria-valuetext", said)


def elapsed(page: Page) -> int:
    """The virtual seconds that the board says have passed."""
    found = ELAPSED.search(board(page).get_by_text("since it began").first.inner_text())
    assert found
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def picture(page: Page, name: str, what: Locator) -> None:
    """In both themes, the side bar folded away, if pictures are asked for."""
    if not PICTURES:
        return
    fold_side_bar(page)
    page.set_viewport_size({"width": 960, "height": 2400})
    for is_light in (False, True):
        choose_theme(page, is_light=is_light)
        what.scroll_into_view_if_needed()
        page.mouse.move(0, 0)
        place = what.bounding_box()
        assert place
        page.screenshot(
            path=Path(PICTURES) / f"{name}-{'light' if is_light else 'dark'}.png",
            clip={
                "x": place["x"] - MARGIN,
                "y": place["y"] - MARGIN,
                "width": place["width"] + 2 * MARGIN,
                "height": place["height"] + 2 * MARGIN,
            },
        )
    page.set_viewport_size({"width": 1280, "height": 900})
