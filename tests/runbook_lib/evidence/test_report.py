"""The report: what stands in it, that nothing leaves it, and that everybody can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import Watched, open_browser, open_page
from contrast import low_contrast
from playwright.sync_api import Browser

from runbook_lib.evidence import report
from runbook_lib.evidence.evidence import read
from runbook_lib.evidence.report import console_links

pytestmark = pytest.mark.whole

EVIDENCE = Path(__file__).parent / "journals"
NAMES = ("passed", "not_delivered", "superseded", "broken_off")
VOID = {"meta", "br"}


def journal(name: str) -> dict[str, Any]:
    return json.loads((EVIDENCE / f"{name}.json").read_text("utf-8"))


class Page(HTMLParser):
    """Elements with their attributes, and the text; raises where a tag is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {name: Page(report.render(journal(name))) for name in NAMES}


def test_the_verdict_stands_first_in_words_then_what_is_next(pages: dict[str, Page]) -> None:
    sentence = journal("not_delivered")["verdict"]["sentence"]

    for name, start in (
        ("passed", "PASS Deployment ecs-svc/2942440254381718020 of my-task:2 was rolled back"),
        ("not_delivered", f"FAIL {sentence} Next: run 30_create_sns_topic again"),
        ("broken_off", "BROKE OFF The run broke off in 20_create_service, before there was a"),
    ):
        after_the_kicker = pages[name].text.partition("09:00 UTC ")[2]
        assert after_the_kicker.startswith(start)


def test_the_facts_of_the_drill_are_there(pages: dict[str, Page]) -> None:
    for fact in (
        "Breaker count 3 of 3",
        "Time to fail 11 min 27 s",
        "From failure to rollback 1 min 3 s",
        "From failure to alert 0.53 s",
        "Account 123456789876",
        "Region eu-west-1",
        "Service my-sample-service Cluster default",
        "Rolled back to my-task:1 (ecs-svc/3203581604050535102)",
        "Ended by circuit breaker",
        "There is none: this drill ran on the emulator",
    ):
        assert fact in pages["passed"].text


def test_it_says_where_the_drill_ran_and_which_dates_are_virtual(pages: dict[str, Page]) -> None:
    assert (
        "failure drill of my-sample-service · on the emulator · ran 2026-10-04 17:31 UTC All other"
        " dates and times here are virtual: of the emulator's own clock, which began the run at"
        " 2026-01-05 09:00 UTC PASS"
    ) in pages["passed"].text
    assert "Really ran 2026-10-04 17:31:09 UTC" in pages["passed"].text
    assert ("· on AWS, account 111122223333, Region us-east-1 · ran 2026-01-05 09:00 UTC") in pages[
        "superseded"
    ].text
    assert "virtual" not in pages["superseded"].text


def test_a_journal_that_does_not_know_when_it_really_ran_says_so(pages: dict[str, Page]) -> None:
    assert (
        "on the emulator When it really ran is not recorded. All dates and times here are virtual"
    ) in pages["not_delivered"].text


def test_it_says_who_would_be_told_and_in_which_words(pages: dict[str, Page]) -> None:
    text = pages["passed"].text.partition("Who would be told The subscribers")[2]

    assert text.startswith(
        " of topic my-topic. SNS sends nothing to a subscription that is pending. Protocol Endpoint"
        " Subscription email example@example.com ✓ confirmed https https://chat.example/hook"
        " ? pending sqs"
    )
    assert "probe (the drill's own probe: nobody reads it) ✓ confirmed" in text
    assert 'Message”: "ECS deployment failed: <my-sample-service>" "Deployment: ecs-svc/29' in text


def test_an_old_journal_tells_whom_the_run_subscribed(pages: dict[str, Page]) -> None:
    text = pages["not_delivered"].text

    assert "Whom the run subscribed to topic my-topic." in text
    assert "email example@example.com ? pending" in text
    assert "The text of the alert is not recorded." in text
    assert "No subscriber is recorded." in pages["broken_off"].text


def test_a_topic_without_subscribers_tells_nobody() -> None:
    told = {**journal("passed"), "told": {"subscribers": [], "alert": None}}

    assert "Nobody: the topic has no subscriber." in Page(report.render(told)).text


def test_to_hear_that_something_is_not_there_is_no_failed_call(pages: dict[str, Page]) -> None:
    assert "calls, none failed. 13 asked whether something exists" in pages["passed"].text
    assert "not there (AWS.SimpleQueueService.NonExistentQueue)" in pages["passed"].text
    assert "not emulated (NotImplemented)" in pages["passed"].text
    assert "calls, 1 failed." in pages["broken_off"].text


@pytest.mark.parametrize(
    ("operation", "error", "failed"),
    [
        ("DescribeRule", "ResourceNotFoundException", False),
        ("DescribeServices", "ClusterNotFoundException", False),
        ("GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue", False),
        ("GetRole", "NoSuchEntity", False),
        ("GetServiceQuota", "NotImplemented", False),
        ("UpdateService", "ServiceNotFoundException", True),
        ("DescribeServices", "NotImplemented", True),
        ("DescribeRule", "AccessDeniedException", True),
        ("DescribeRule", "ReadTimeoutError", True),
        ("DescribeRule", None, False),
    ],
)
def test_a_call_failed_unless_it_asked_and_was_answered(
    operation: str, error: str | None, failed: bool
) -> None:
    entry = {"kind": "call", "operation": operation, "error": error}

    assert read({"entries": [entry]}).calls[0].failed is failed


def test_each_part_of_the_evidence_is_there(pages: dict[str, Page]) -> None:
    text = pages["passed"].text

    assert "3 counted" in text  # by the circuit breaker
    assert "3 the image does not exist: there is no such tag CannotPullContainerError" in text
    assert "bc4fc365c0d005a807d7910e2e4e7e5c" in text
    assert "Before ✓ met at 09:01:45 Probe Tolerance Value Hypothesis status ACTIVE" in text
    assert "service event (service my-sample-service) has started 1 tasks" in text
    assert "deployment PRIMARY my-task:2 ecs-svc/2942440254381718020 IN_PROGRESS" in text
    assert "runbook ecs:UpdateService" in text
    assert "bad_image nginx:wrong-image-tag" in text
    assert "boto3 1.44.5" in text


def test_what_happened_is_told_in_the_order_of_time() -> None:
    times = re.findall(r"<td><time[^>]*>(\d\d:\d\d:\d\d)</time>", story_of(journal("passed")))

    assert len(times) > 40
    assert times == sorted(times)


def story_of(told: dict[str, Any]) -> str:
    return report.render(told).partition('id="story"')[2].partition("</section>")[0]


def test_every_call_is_there_with_its_request_id_folded_away(pages: dict[str, Page]) -> None:
    calls = [each for each in journal("passed")["entries"] if each["kind"] == "call"]

    assert pages["passed"].all("details") == [{"class": "plate"}]
    ids = [each["request_id"] for each in calls if each["request_id"]]
    assert len(ids) > 200
    assert all(each in pages["passed"].text for each in ids)


def test_a_broken_hop_is_named_with_how_to_fix_it(pages: dict[str, Page]) -> None:
    assert (
        "It stopped at: topic. the policy of my-topic does not let events.amazonaws.com publish"
        " How to fix it: run 30_create_sns_topic again"
    ) in pages["not_delivered"].text
    assert "Not told, because the subscription is not confirmed: example@example.com" in (
        pages["not_delivered"].text
    )


def test_a_run_that_broke_off_says_where_and_what_it_did_not_get_to(
    pages: dict[str, Page],
) -> None:
    text = pages["broken_off"].text

    assert "StepRefused: ecs:CreateService was refused" in text
    for missing in ("No deployment was watched.", "The alert was not followed.", "not measured"):
        assert missing in text


def test_executed_notebooks_are_linked_and_those_not_run_are_not(pages: dict[str, Page]) -> None:
    linked = {each["href"] for each in pages["broken_off"].all("a")}

    assert {"00_start_here.ipynb", "20_create_service.ipynb", "journal.json"} <= linked
    assert "30_create_sns_topic.ipynb" not in linked


def test_on_aws_it_links_to_the_console() -> None:
    assert console_links(read(journal("superseded"))) == {
        "service": "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/default/services/"
        "my-sample-service/health?region=us-east-1",
        "deployments": "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/default/services/"
        "my-sample-service/deployments?region=us-east-1",
        "rule": "https://us-east-1.console.aws.amazon.com/events/home?region=us-east-1"
        "#/eventbus/default/rules/EcsServiceDeploymentFailed",
        "topic": "https://us-east-1.console.aws.amazon.com/sns/v3/home?region=us-east-1"
        "#/topic/arn:aws:sns:us-east-1:111122223333:my-topic",
    }


@pytest.mark.parametrize(
    ("region", "host", "partition"),
    [
        ("cn-north-1", "cn-north-1.console.amazonaws.cn", "aws-cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com", "aws-us-gov"),
    ],
)
def test_other_partitions_have_their_own_console(region: str, host: str, partition: str) -> None:
    links = console_links(read({**journal("superseded"), "region": region}))

    assert all(each.startswith(f"https://{host}/") for each in links.values())
    assert f"arn:{partition}:sns:" in links["topic"]


@pytest.mark.parametrize(
    "region", ["", "us-iso-east-1", "x.evil.example/?", "eu-west-1.evil.example#", "javascript:1"]
)
def test_an_odd_region_makes_no_link(region: str) -> None:
    assert console_links(read({**journal("superseded"), "region": region})) == {}


HOSTILE = (
    "</script></style></title><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>"
    "\" ' onmouseover='alert(1)' style=\"background:url(//evil.example)\" javascript:alert(1) "
    "{{ 7*7 }} {% raw %} --> ]]> \x00\x1b[31m\u202e &lt; ../../etc/passwd?x#y 日本 🚀"
)
"""Whoever names a service, or writes what a container says as it dies, may write this."""


def with_everywhere(value: Any, text: str) -> Any:
    """Every text replaced; kinds, times and numbers stay, so that every part is still shown."""
    if isinstance(value, dict):
        kept = ("kind", "time", "target", "started", "ended", "state")
        return {
            name: each if name in kept and isinstance(each, str) else with_everywhere(each, text)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [with_everywhere(each, text) for each in value]
    return text if isinstance(value, str) else value


def test_whatever_the_texts_hold_they_stay_text(pages: dict[str, Page]) -> None:
    for name in NAMES:
        hostile = with_everywhere(journal(name), HOSTILE)
        page = Page(report.render(hostile))

        assert {tag for tag, _ in page.elements} <= {
            tag for p in pages.values() for tag, _ in p.elements
        }
        assert not page.all("script")
        assert not page.all("img")
        for _, attributes in page.elements:
            assert not any(each.startswith("on") or each == "style" for each in attributes)
            for address in (attributes.get("href"), attributes.get("xlink:href")):
                assert address is None or re.fullmatch(r"(#[\w-]+|journal\.json)", address)


def test_hostile_names_in_an_address_are_quoted() -> None:
    told = journal("superseded")
    told["parameters"].update(dict.fromkeys(("cluster", "service", "rule", "topic"), HOSTILE))
    links = console_links(read(told))

    assert len(links) == 4
    for address in links.values():
        assert address.startswith("https://us-east-1.console.aws.amazon.com/")
        assert not set(address) & set(" \"'<>\x00{}")
        assert "../" not in address


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "javascript:alert(1)", "//evil.example", "", "a b"]
)
def test_a_notebook_whose_name_is_no_file_name_is_not_linked(name: str) -> None:
    told = journal("broken_off")
    told["notebooks"] = [{"name": name, "state": "ok"}]

    addresses = {each["href"] for each in Page(report.render(told)).all("a")}
    assert {each for each in addresses if each and each[0] != "#"} == {"journal.json"}


SECRETS = {
    "key id": "AKIAIOSFODNN7EXAMPLE",
    "secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session token": "IQoJb3JpZ2luX2VjEXAMPLE0123456789" * 5,
    "header": "Authorization: Bearer s3cr3tbearer",
    "signed": "AWS4-HMAC-SHA256 Credential=a/b, Signature=s3cr3tsignature",
    "confirmation": "https://sns.example/?Action=ConfirmSubscription&Token=s3cr3ttoken",
    "address": "https://me:s3cr3tpassword@registry.example/app",
}


@pytest.mark.parametrize("what", SECRETS)
def test_no_secret_comes_out_wherever_it_was_put(what: str, tmp_path: Path) -> None:
    from runbook_lib.evidence import junit
    from runbook_lib.evidence.compare import as_table, compare

    secret = SECRETS[what]
    told = with_everywhere(journal("passed"), f"say {secret} here")
    written = report.write(told, tmp_path).read_text("utf-8")
    written += junit.write(told, tmp_path).read_text("utf-8")
    written += as_table(compare(journal("passed"), told))

    assert secret not in written
    assert not re.search("s3cr3t", written)


def test_nothing_may_be_loaded_run_or_sent(pages: dict[str, Page]) -> None:
    page = pages["passed"]
    policy = next(
        each["content"]
        for each in page.all("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    )

    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'",
        policy or "",
    )
    for tag in ("script", "link", "img", "iframe", "object", "embed", "form", "base", "audio"):
        assert page.all(tag) == []
    assert "@import" not in report.render(journal("passed"))
    assert "url(" not in report.render(journal("passed"))


def test_tables_have_heads_pictures_have_words_and_headings_have_an_order(
    pages: dict[str, Page],
) -> None:
    for page in pages.values():
        assert page.all("html") == [{"lang": "en"}]
        assert all(each.get("scope") in ("col", "row") for each in page.all("th"))
        assert all(
            each.get("aria-hidden") == "true" or {"role", "aria-labelledby"} <= set(each)
            for each in page.all("svg")
        )
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in page.elements:
            assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("part", sorted(journal("passed")))
@pytest.mark.parametrize("value", [None, "text", [None, 1, {}]], ids=repr)
def test_any_part_may_be_missing(part: str, value: Any) -> None:
    Page(report.render({**journal("broken_off"), part: value}))


def test_nothing_at_all_is_a_report_without_a_verdict() -> None:
    assert "NO VERDICT The drill itself was not part of this run" in Page(report.render({})).text


def test_it_is_the_same_each_time_and_leaves_the_journal_alone(tmp_path: Path) -> None:
    told = journal("not_delivered")
    before = deepcopy(told)
    file = report.write(told, tmp_path / "new" / "folder")

    assert file == tmp_path / "new" / "folder" / "report.html"
    assert file.read_bytes() == report.render(told).encode()
    assert told == before


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for name in NAMES:
        report.write(journal(name), folder / name)
    report.write(with_everywhere(journal("superseded"), HOSTILE), folder / "hostile")
    return folder


def show(watched: Watched, folder: Path, name: str) -> None:
    watched.page.goto((folder / name / "report.html").as_uri())
    watched.page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")


GROUND = "() => getComputedStyle(document.body).backgroundColor"
GROUNDS = {"light": "rgb(246, 248, 250)", "dark": "rgb(13, 17, 23)"}


@pytest.mark.parametrize("name", [*NAMES, "hostile"])
def test_every_text_can_be_read_in_light_and_dark_and_nothing_is_asked_of_the_network(
    name: str, browser: Browser, folder: Path
) -> None:
    with open_page(browser) as watched:
        show(watched, folder, name)
        for theme, ground in GROUNDS.items():
            watched.page.emulate_media(color_scheme=theme)
            texts, low = low_contrast(watched.page)
            watched.page.screenshot(path=folder / f"{name}-{theme}.png", full_page=True)

            assert texts > 30
            assert low == []
            assert watched.page.evaluate(GROUND) == ground
        assert watched.requests == [(folder / name / "report.html").as_uri()]
        assert watched.complaints == []


@pytest.mark.parametrize("name", [*NAMES, "hostile"])
def test_nothing_runs_over_the_edge_when_it_is_enlarged(
    name: str, browser: Browser, folder: Path
) -> None:
    """640 is a screen of 1280 at 200 %, 320 at 400 %. A wide table scrolls in its own frame."""
    with open_page(browser) as watched:
        show(watched, folder, name)
        for width in (1280, 640, 320):
            watched.page.set_viewport_size({"width": width, "height": 900})
            watched.page.screenshot(path=folder / f"{name}-{width}.png")

            assert watched.page.evaluate("() => document.documentElement.scrollWidth") <= width


_SCROLLED = """
() => [...document.querySelectorAll(".scroll")]
  .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.ariaLabel)
"""


@pytest.mark.parametrize("name", NAMES)
def test_on_a_screen_no_table_has_to_be_scrolled_for_its_last_column(
    name: str, browser: Browser, folder: Path
) -> None:
    with open_page(browser) as watched:
        show(watched, folder, name)
        for width in (1440, 900):
            watched.page.set_viewport_size({"width": width, "height": 1000})

            assert watched.page.evaluate(_SCROLLED) == []


def test_the_reason_of_stopped_tasks_has_most_of_the_width(browser: Browser, folder: Path) -> None:
    with open_page(browser) as watched:
        show(watched, folder, "passed")
        for width in (1440, 900):
            watched.page.set_viewport_size({"width": width, "height": 1000})
            table = watched.page.locator('[aria-label="Reasons of stopped tasks"] table')
            whole, reason = table.bounding_box(), table.locator("td.text").first.bounding_box()

            assert whole is not None
            assert reason is not None
            assert reason["width"] > 0.6 * whole["width"]


def test_it_can_be_walked_through_by_keyboard(browser: Browser, folder: Path) -> None:
    with open_page(browser) as watched:
        watched.page.goto((folder / "passed" / "report.html").as_uri())
        watched.page.keyboard.press("Tab")
        first = watched.page.evaluate("() => document.activeElement.textContent")
        watched.page.keyboard.press("Enter")
        where = watched.page.evaluate("() => location.hash")
        reached = set()
        for _ in range(60):
            watched.page.keyboard.press("Tab")
            reached.add(watched.page.evaluate("() => document.activeElement.tagName"))

    assert (first, where) == ("Skip to the facts", "#facts")
    assert {"A", "FIGURE", "DIV", "SUMMARY"} <= reached


def test_printed_it_is_dark_on_white_even_for_who_prefers_dark(
    browser: Browser, folder: Path
) -> None:
    with open_page(browser, theme="dark") as watched:
        show(watched, folder, "not_delivered")
        watched.page.emulate_media(media="print", color_scheme="dark")
        _, low = low_contrast(watched.page)
        ground = watched.page.evaluate(GROUND)

    assert low == []
    assert ground == "rgb(255, 255, 255)"


A4_WITHIN_ITS_MARGINS = 703
"""CSS pixels: 186 mm at 96 to the inch."""
_CUT_OFF = """
() => [...document.querySelectorAll("body *")].filter(each => {
  const box = each.getBoundingClientRect(), style = getComputedStyle(each);
  const hides = style.overflowX !== "visible" && each.scrollWidth > each.clientWidth + 1;
  return box.width && !each.closest("svg") && (hides || box.right > innerWidth + 1);
}).map(each => each.outerHTML.slice(0, 80))
"""
_PARTED = """
all => all.filter(each => getComputedStyle(each).breakAfter !== "avoid").map(each => each.tagName)
"""
_TORN = _PARTED.replace("breakAfter", "breakInside")


@pytest.mark.parametrize("name", NAMES)
def test_printed_on_a4_nothing_is_cut_off_and_no_heading_stands_alone(
    name: str, browser: Browser, folder: Path
) -> None:
    with open_page(browser, width=A4_WITHIN_ITS_MARGINS) as watched:
        show(watched, folder, name)
        watched.page.emulate_media(media="print")
        cut_off = watched.page.evaluate(_CUT_OFF)
        parted = watched.page.locator("h2, h3, .lead, caption").evaluate_all(_PARTED)
        torn = watched.page.locator("figure, .tiles > div, tr, pre").evaluate_all(_TORN)
        printed = watched.page.pdf(prefer_css_page_size=True)

    assert (cut_off, parted, torn) == ([], [], [])
    sizes = re.findall(rb"/MediaBox \[0 0 (\S+) (\S+)\]", printed)
    assert {(round(float(wide)), round(float(high))) for wide, high in sizes} == {(595, 842)}


def test_an_injected_style_or_script_is_refused_by_the_page(browser: Browser, folder: Path) -> None:
    """Even if a text were to get through, the policy would stop it."""
    page = report.render(journal("passed"))
    injected = '<p id="x" style="color: red">x</p><script>document.title = "owned"</script>'
    file = folder / "injected.html"
    file.write_text(page.replace("<main>", f"<main>{injected}"), "utf-8")
    with open_page(browser) as watched:
        watched.page.goto(file.as_uri())
        colour = watched.page.locator("#x").evaluate("each => getComputedStyle(each).color")

        assert colour != "rgb(255, 0, 0)"
        assert watched.page.title() != "owned"
        assert len(watched.complaints) >= 2


def test_without_chromium_the_test_fails_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from browser import chromium

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium()
