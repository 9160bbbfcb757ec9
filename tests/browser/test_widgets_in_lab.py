"""Forms, cards, mailbox and exercises in a real JupyterLab, by keyboard alone, in both themes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from browser import open_browser
from contrast import low_contrast
from jupyterlab import choose_theme, open_lab, run_all, wait_until_idle
from learner import SOON
from playwright.sync_api import Page, expect
from widget_world import do, opened

from runbook_lib.facts.settings import Settings

NOTEBOOK = "30_create_sns_topic"
BOXES = ".runbook-box"
CONTROLS = "input, select, button, a, summary, pre[tabindex]"
IN_BOX = f"""(box) => [...box.querySelectorAll('{CONTROLS}')]
  .filter(each => each.checkVisibility() && !each.disabled).length"""
"""What is inside of a closed <details> has a place, and yet is not seen."""
WIDER_THAN_ITS_BOX = """(box) => [...box.querySelectorAll('*')]
  .filter(each => each.getClientRects().length)
  .filter(each => each.getBoundingClientRect().right > box.getBoundingClientRect().right + 1)
  .map(each => each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Notebook 30, run once in a JupyterLab; the tests below go through it from top to bottom."""
    folder = tmp_path_factory.mktemp("lab")
    with open_lab(folder, "--speed", "0") as lab, open_browser() as browser:
        do(opened(lab.emulator.url), Settings(), "10", "20")
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.url)
        made = context.new_page()
        lab.open(made, NOTEBOOK)
        run_all(made)
        wait_until_idle(made)
        expect(made.locator(BOXES)).to_have_count(4, timeout=SOON)
        yield made
        context.close()


def test_every_field_and_button_has_a_name_for_a_screen_reader(page: Page) -> None:
    for role in ("textbox", "combobox", "listbox", "button"):
        for each in page.locator(BOXES).get_by_role(role).all():
            name = each.evaluate(
                "e => e.labels?.[0]?.textContent || e.ariaLabel || e.textContent.trim()"
            )
            assert name, each.evaluate("e => e.outerHTML")


def test_the_tab_key_reaches_everything_in_a_box_in_its_order(page: Page) -> None:
    for number, box in enumerate(page.locator(BOXES).all()):
        wanted = box.evaluate(IN_BOX)
        box.locator(CONTROLS).locator("visible=true").first.focus()
        reached = 0
        while box.evaluate("box => box.contains(document.activeElement)"):
            reached += 1
            page.keyboard.press("Tab")

        assert reached == wanted > 2, number


def test_the_form_is_typed_into_and_keeps_it_for_all_notebooks(page: Page) -> None:
    form = page.locator(BOXES).first
    form.get_by_label("topic").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("no spaces")
    expect(form.get_by_role("alert").first).to_contain_text("'no spaces' is not a topic name")

    page.keyboard.press("Control+A")
    page.keyboard.type("alerts")
    expect(form.get_by_role("alert")).to_have_count(0)
    expect(form.get_by_text('From parameters.yaml: topic = "alerts".')).to_be_visible()

    form.get_by_role("button", name="Reset to the parameters cell").focus()
    page.keyboard.press("Enter")
    expect(form.get_by_label("topic")).to_have_value("my-topic")


def test_the_parameters_of_other_notebooks_are_folded_away(page: Page) -> None:
    form = page.locator(BOXES).first
    expect(form.get_by_label("desired_count")).to_be_hidden()

    form.get_by_role("button", name=re.compile("^Show .* that this notebook does not use")).focus()
    page.keyboard.press("Enter")
    expect(form.get_by_label("desired_count")).to_be_visible()

    form.get_by_role("button", name=re.compile("^Hide ")).click()
    expect(form.get_by_label("desired_count")).to_be_hidden()


def test_enter_checks_an_answer(page: Page) -> None:
    exercise = page.locator(BOXES).nth(3)
    exercise.get_by_label("Answer").focus()
    page.keyboard.type("a few")
    page.keyboard.press("Enter")

    expect(exercise.get_by_role("alert")).to_contain_text("Not understood: 'a few'")
    exercise.get_by_label("Answer").fill("")


def test_the_command_of_a_step_is_copied_whole(page: Page) -> None:
    cards = page.locator(BOXES).nth(1)
    cards.get_by_text("Step 3 of 3: sns:Subscribe: ✓ done").click()
    cards.get_by_role("button", name="Copy the command of step 3").focus()

    page.keyboard.press("Space")

    expect(cards.get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    words = shlex.split(copied.replace("\\\n", ""))
    assert words[:4] == ["aws", "sns", "subscribe", "--topic-arn"]
    assert words[-2:] == ["--notification-endpoint", "example@example.com"]


def test_the_subscription_is_confirmed_and_the_exercise_knows(page: Page) -> None:
    inbox, exercise = page.locator(BOXES).nth(2), page.locator(BOXES).nth(3)
    expect(inbox.get_by_text("is pending confirmation")).to_be_visible()
    exercise.get_by_label("Answer").focus()
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(exercise.get_by_role("alert")).to_contain_text("Who has not confirmed receives nothing")

    inbox.get_by_role("button", name="Confirm subscription").focus()
    page.keyboard.press("Enter")
    expect(
        inbox.get_by_text("The subscription of example@example.com is confirmed.")
    ).to_be_visible()
    exercise.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")

    expect(exercise.get_by_text("✓ Right: 1 confirmed.")).to_be_visible()


@pytest.mark.parametrize("is_light", [True, False], ids=["light", "dark"])
def test_every_text_can_be_read_in_both_themes(page: Page, is_light: bool) -> None:
    choose_theme(page, is_light=is_light)
    for number, box in enumerate(page.locator(BOXES).all()):
        box.evaluate("(box, id) => { box.id = id; }", f"box-{number}")

        texts, low = low_contrast(page, f"#box-{number}")

        assert texts > 3
        assert low == []


def test_a_picture_is_no_wider_than_its_page(page: Page) -> None:
    """A chart is 760 pixels wide, and JupyterLab shows it as it is."""
    wide = page.locator(".jp-Notebook").first.evaluate(
        """notebook => { const area = document.createElement("div");
          area.className = "jp-RenderedSVG"; area.style.width = "700px";
          area.innerHTML = '<img src="data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg'
            + '%22 width=%22760%22 height=%2276%22/>">';
          notebook.append(area);
          const image = area.firstChild;
          return image.decode().then(() => { const box = image.getBoundingClientRect();
            area.remove(); return [box.width, Math.round(box.height)]; }); }"""
    )

    assert wide == [700, 70]


def test_lines_that_are_said_stand_as_close_as_lines(page: Page) -> None:
    """JupyterLab puts an empty line after each paragraph of an output."""
    margin = page.locator(".jp-Notebook").first.evaluate(
        """notebook => { const area = document.createElement("div");
          area.className = "jp-RenderedHTMLCommon";
          area.innerHTML = '<p class="runbook-said">one</p><p class="runbook-said">two</p>';
          notebook.append(area);
          const found = getComputedStyle(area.firstChild).marginBottom;
          area.remove(); return found; }"""
    )

    assert margin == "0px"


def test_at_200_percent_nothing_is_cut_off(page: Page) -> None:
    """A page of 1280 pixels at 200 % has room for 640."""
    page.set_viewport_size({"width": 640, "height": 450})
    try:
        for box in page.locator(BOXES).all():
            assert box.evaluate("box => box.clientWidth") < 640
            assert box.evaluate(WIDER_THAN_ITS_BOX) == []
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
