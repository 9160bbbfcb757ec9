"""A newcomer's first hour: `make lab`, JupyterLab as it comes, one Shift+Enter after another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import open_browser
from jupyterlab import PATIENCE_SECONDS, Lab, open_own_copy
from playwright.sync_api import Locator, Page, expect
from widget_world import opened

from runbook_lib import read_service
from runbook_lib.learner.notebook_files import notebook_folder

SIZES = ((1440, 1000), (1280, 720))
WALK = (
    "00_start_here",
    "10_register_task_definition",
    "20_create_service",
    "30_create_sns_topic",
    "40_create_event_rule",
)
DRILL, EVIDENCE, CLEAN_UP = "50_run_failure_drill", "60_review_evidence", "90_clean_up"
LAB = "labs/01_choose_thresholds"
GUESSES = {
    "02_return_to_nothing": "3",
    "03_catch_crash_loops": "rolled back",
    "04_tune_health_checks": "rolled back",
    "05_read_stopped_tasks": "6",
    "06_find_lost_alerts": "rule",
    "07_see_through_false_greens": "0",
    "08_send_better_alerts": "1",
}
"""What the newcomer expects in each lab, and not always what comes."""
TWO = '{"deploymentCircuitBreaker":{"enable":true,"rollback":true,"thresholdConfiguration":'
TWO += '{"type":"COUNT","value":2}}}'
DEED = (
    "aws ecs update-service --service lab-thresholds --task-definition lab-thresholds:2 "
    f"--query service.serviceName --deployment-configuration '{TWO}'"
)
"""What a learner types in JupyterLab's terminal after the first lab."""
SOON = PATIENCE_SECONDS * 1000
RED = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]'
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
IS_IDLE = f"""!!document.querySelector(
  '{SHOWN} .jp-Notebook-ExecutionIndicator[data-status=idle]')"""
IN_VIEW = f"""(each) => {{ const box = each.getBoundingClientRect();
  const page = document.querySelector('{SHOWN} .jp-WindowedPanel-outer').getBoundingClientRect();
  return box.top >= page.top - 1 && box.bottom <= page.bottom + 1; }}"""

TAKE_SLIDER = f"""(() => {{
  const slider = document.querySelector('{SHOWN} .ecs-pace [role=slider]');
  if (!slider || slider.getAttribute('aria-valuetext') !== 'a minute a second') return null;
  slider.focus();
  return slider.closest('.jp-Cell').getAttribute('data-windowed-list-index'); }})()"""


def digests() -> dict[str, str]:
    """What the project's own notebooks are like, to the byte."""
    found = sorted(notebook_folder().rglob("*.ipynb"))
    return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in found}


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def visit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lab, Page]]:
    """One lab and one page; the tests below are the hour, in its order."""
    width, height = request.param
    before = digests()
    folder = tmp_path_factory.mktemp("hour")
    with open_own_copy(folder) as lab, open_browser() as browser:
        page = browser.new_page(viewport={"width": width, "height": height})
        yield lab, page
        page.close()
    assert digests() == before, "a visit changes nothing of the project"


def step_on(page: Page) -> None:
    """Shift+Enter, and wait until its cell has run."""
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"() => {IS_IDLE}", timeout=SOON)


def go_below(page: Page, cell: Locator) -> None:
    """Make the cell below this one the active one, as a click beside it does."""
    place = int(cell.get_attribute("data-windowed-list-index") or 0)
    below = page.locator(f'{SHOWN} [data-windowed-list-index="{place + 1}"]')
    below.locator(".jp-InputPrompt").click()


def step_on_fast(page: Page) -> None:
    """The same; the first board that comes is set to the fastest speed, which later ones keep."""
    page.keyboard.press("Shift+Enter")
    while not page.evaluate(IS_IDLE):
        place = page.evaluate(TAKE_SLIDER)
        if place is not None:
            page.keyboard.press("End")
            page.wait_for_function(f"() => {IS_IDLE}", timeout=SOON)
            go_below(page, page.locator(f'{SHOWN} [data-windowed-list-index="{place}"]'))
        page.wait_for_timeout(50)


def count_cells(lab: Lab, notebook: str) -> int:
    book: dict[str, Any] = json.loads((lab.folder / f"{notebook}.ipynb").read_text("utf-8"))
    return len(book["cells"])


def begin(lab: Lab, page: Page, notebook: str) -> None:
    lab.open(page, notebook)
    page.locator(".jp-Notebook .jp-Cell").first.click()


def walk_through(lab: Lab, page: Page, notebook: str) -> None:
    begin(lab, page, notebook)
    for _ in range(count_cells(lab, notebook) - 1):
        step_on(page)
    assert page.locator(RED).all_text_contents() == [], notebook


def step_until(page: Page, wanted: Locator) -> None:
    """Shift+Enter when the cell before has run, until that is there."""
    for _ in range(40):
        if wanted.count():
            return
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(150)
        while not wanted.count() and not page.evaluate(IS_IDLE):
            page.wait_for_timeout(50)
    raise AssertionError(f"{wanted} never came")


def guess_in(page: Page, guess: str) -> None:
    """Say what one expects, and go on with the cell below."""
    asked = page.locator(".runbook-box").filter(has_text="That is my guess")
    field = asked.get_by_label("Your prediction")
    if field.evaluate("each => each.tagName") == "SELECT":
        field.select_option(guess)
    else:
        field.fill(guess)
    asked.get_by_role("button", name="That is my guess").click()
    expect(asked.get_by_text(f"Kept: {guess}.")).to_be_visible(timeout=SOON)
    go_below(page, page.locator(f"{SHOWN} .jp-Cell").filter(has=asked))


def walk_through_lab(lab: Lab, page: Page, stem: str) -> None:
    """Every cell, a guess where one is asked for, and never an error."""
    begin(lab, page, f"labs/{stem}")
    is_asked = False
    for _ in range(count_cells(lab, f"labs/{stem}") - 1):
        step_on_fast(page)
        if not is_asked and page.get_by_role("button", name="That is my guess").count():
            guess_in(page, GUESSES[stem])
            is_asked = True
    assert is_asked, stem
    assert page.locator(RED).all_text_contents() == [], stem


def progress_of(lab: Lab, notebook: str) -> dict[str, Any]:
    content = json.loads((lab.folder / "progress.json").read_text("utf-8"))
    found: dict[str, Any] = content["notebooks"][notebook]
    return found


def test_the_walk_up_to_the_drill_is_one_key(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    for notebook in WALK[:2]:
        walk_through(lab, page, notebook)


def test_a_wrong_and_a_right_answer_are_told_and_kept(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    walk_through(lab, page, WALK[2])
    begin(lab, page, WALK[1])
    asked = page.locator(".runbook-box").filter(has_text="to which revision")
    step_until(page, asked)
    for answer, said in (("none", "✗"), ("1", "✓ Right")):
        asked.get_by_label("Answer").fill(answer)
        asked.get_by_label("Answer").press("Enter")
        expect(asked.get_by_text(said).first).to_be_visible(timeout=SOON)

    entry = progress_of(lab, WALK[1])["exercise"]["rollback-target"]
    assert entry == {"answer": "1", "right": True, "tries": 2}


def test_the_mail_is_read_and_the_subscription_confirmed(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    begin(lab, page, WALK[3])
    confirm = page.get_by_role("button", name="Confirm subscription")
    step_until(page, confirm)
    inbox = page.locator(f"{SHOWN} .jp-CodeCell").filter(has=confirm)
    place = inbox.get_attribute("data-windowed-list-index")
    confirm.click()
    expect(confirm).to_have_count(0, timeout=SOON)
    go_below(page, page.locator(f'{SHOWN} [data-windowed-list-index="{place}"]'))
    step_until(page, page.get_by_text("confirmed = 1"))


def test_the_controls_and_the_sentence_of_the_board_stay_in_view(
    visit: tuple[Lab, Page],
) -> None:
    lab, page = visit
    walk_through(lab, page, WALK[4])
    begin(lab, page, DRILL)
    step_until(page, page.locator(".ecs-board .sentence"))
    expect(page.locator(".ecs-board").get_by_text("1 of 3").first).to_be_visible(timeout=SOON)

    for seen in (
        page.get_by_role("slider", name="Speed"),
        page.get_by_role("button", name="Pause"),
        page.locator(".ecs-board .sentence"),
        page.locator(".ecs-board .bar"),
    ):
        page.wait_for_function(IN_VIEW, arg=seen.element_handle(), timeout=SOON)


def test_the_tab_is_closed_in_the_middle_and_opened_again(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    lab.end_kernels()
    page.goto("about:blank")
    begin(lab, page, DRILL)
    step_until(page, page.locator(".ecs-board .sentence"))
    slider = page.get_by_role("slider", name="Speed")
    slider.focus()
    slider.press("End")
    expect(page.get_by_text("and ECS has rolled back").first).to_be_visible(timeout=SOON)


def test_a_lab_asks_first_and_shows_nothing_before(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    begin(lab, page, LAB)
    asked = page.locator(".runbook-box").filter(has_text="Your prediction")
    step_until(page, asked)
    assert "You expected" not in (page.locator(".jp-Notebook").text_content() or "")
    asked.get_by_label("Your prediction").fill("two")
    asked.get_by_label("Your prediction").press("Enter")
    expect(asked.get_by_text("Kept: 2.")).to_be_visible(timeout=SOON)

    page.locator(".jp-CodeCell").filter(has_text="default, strict =").first.click()
    step_until(page, page.locator(".ecs-board .sentence"))
    slider = page.get_by_role("slider", name="Speed")
    slider.focus()
    slider.press("End")

    expect(page.get_by_text("You expected 2. It was 3.").first).to_be_visible(timeout=SOON)
    guess = progress_of(lab, "01_choose_thresholds")["prediction"]["failures"]
    assert guess == {"answer": "2", "right": False, "tries": 1}


def type_in_terminal(page: Page, command: str) -> None:
    """File, New, Terminal; then the command and Enter."""
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^New$")).hover()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Terminal$")).click()
    page.locator(".jp-Terminal .xterm-screen").click(timeout=SOON)
    page.keyboard.type(f"{command}\n")


def test_what_is_done_in_the_terminal_is_graded(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    compared = page.locator(f"{SHOWN} .jp-CodeCell").filter(has_text="guess.compare")
    go_below(page, compared)
    step_until(page, page.get_by_text("Not yet: the breaker of lab-thresholds trips at 1"))
    ecs = opened(lab.emulator.url).client("ecs")

    type_in_terminal(page, DEED)
    for _ in range(PATIENCE_SECONDS * 2):
        (service,) = ecs.describe_services(services=["lab-thresholds"])["services"]
        if len(service["deployments"]) > 1:
            break
        page.wait_for_timeout(500)
    page.get_by_role("tab", name="01_choose_thresholds.ipynb").click()
    check = page.locator(f"{SHOWN} .jp-CodeCell").filter(has_text="task.check()")
    check.locator(".jp-InputPrompt").click()
    step_on(page)

    expect(page.get_by_text("Done: after 2 of 2 failures").first).to_be_visible(timeout=SOON)
    entry = progress_of(lab, "01_choose_thresholds")["challenge"]["two-failures"]
    assert (entry["right"], entry["tries"]) == (True, 2)


def test_the_questions_at_the_end_are_answered(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    step_until(page, page.get_by_role("radio", name="10", exact=True))
    first = page.locator(".widget-vbox").filter(has=page.get_by_role("radio", name="10")).last
    for answer, said in (("10", "Not so."), ("5", "✓ Right.")):
        first.get_by_role("radio", name=answer, exact=True).check()
        first.get_by_role("button", name="Check").click()
        expect(first.get_by_text(said)).to_be_visible(timeout=SOON)

    kept = progress_of(lab, "01_choose_thresholds")["question"]["ten-tasks"]
    assert kept == {"answer": "5", "right": True, "tries": 2}


def test_the_evidence_is_read_by_somebody_who_was_not_there(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    walk_through(lab, page, EVIDENCE)

    assert progress_of(lab, EVIDENCE)["verdict"]["drill"]["right"] is True


@pytest.mark.parametrize("stem", GUESSES)
def test_every_lab_is_walked_through(visit: tuple[Lab, Page], stem: str) -> None:
    lab, page = visit
    walk_through_lab(lab, page, stem)

    kept = progress_of(lab, stem)
    assert [each["answer"] for each in kept["prediction"].values()] == [GUESSES[stem]]
    assert [each["right"] for each in kept["challenge"].values()] == [False], "nobody has done it"


def test_clean_up_leaves_nothing(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    walk_through(lab, page, CLEAN_UP)

    session = opened(lab.emulator.url)
    assert session.client("sns").list_topics()["Topics"] == []
    assert read_service(session, "default", "my-sample-service") is None


def test_what_was_done_is_shown_in_the_first_notebook(visit: tuple[Lab, Page]) -> None:
    lab, page = visit
    begin(lab, page, WALK[0])
    step_until(page, page.get_by_text("Score: 4 of 11 right."))

    names = {path.name for path in Path(lab.folder).iterdir()}
    assert {"progress.json", "00_start_here.ipynb", "labs"} <= names
    assert "parameters.yaml" not in names
