"""What the board says at each look of a real (emulated) deployment, and as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from browser import open_browser, open_page
from contrast import low_contrast
from playwright.sync_api import Browser

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, facts, open_session, walk
from runbook_lib.aws import reading
from runbook_lib.board.html import board_html, body_html, sentence_html, times_html
from runbook_lib.board.view import INTERRUPTED, BoardView, Breaker, view
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import (
    COMPLETED,
    GONE,
    ROLLBACK_FAILED,
    STALLED,
    SUPERSEDED,
    TIMED_OUT,
    UNKNOWN,
    Snapshot,
)

SETTINGS = Settings()
HOSTILE = '</p><script>alert(1)</script><img src=x onerror="alert(1)"> password=hunter2'
VOID = {"br", "img"}


@dataclass(frozen=True)
class Story:
    """A drill as it was seen: its looks, and the tasks at each."""

    deployment_id: str
    snapshots: tuple[Snapshot, ...]
    tasks: tuple[tuple[facts.Task, ...], ...]

    def at(self, look: int) -> BoardView:
        """The board after so many looks; -1 at the last."""
        count = look % len(self.snapshots) + 1
        shown = self.snapshots[:count], self.tasks[count - 1]
        return view(*shown, self.deployment_id, image_is_missing=True)

    @property
    def views(self) -> list[BoardView]:
        return [self.at(look) for look in range(len(self.snapshots))]

    def first(self, text: str) -> BoardView:
        """The first board that says this of the breaker."""
        return next(each for each in self.views if text in each.breaker.sentence)


def play(url: str, desired_count: int, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    settings = replace(SETTINGS, desired_count=desired_count, service=f"web-{desired_count}")
    session = open_session()
    for stage in walk.STAGES[:4]:
        stage.afterwards(session, settings, apply(session, stage.plan(session, settings)))
    outcome = apply(session, walk.bad_release_plan(session, settings))
    deployment = walk.started_deployment(session, settings, outcome)
    snapshots: list[Snapshot] = []
    tasks: list[tuple[facts.Task, ...]] = []

    def see(snapshot: Snapshot) -> None:
        snapshots.append(snapshot)
        tasks.append(tuple(reading.read_tasks(session, settings.cluster, settings.service)))

    walk.follow(session, settings, deployment.id, tell=lambda _: None, see=see)
    return Story(deployment.id, tuple(snapshots), tuple(tasks))


@pytest.fixture(scope="module")
def stories(emulator_server: EmulatorServer) -> dict[int, Story]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "RUNBOOK_JOURNAL"):
            patch.delenv(name, raising=False)
        return {count: play(emulator_server.url, count, patch) for count in (1, 3)}


@pytest.fixture
def story(stories: dict[int, Story]) -> Story:
    return stories[1]


def test_the_first_look_says_that_nothing_has_failed_and_when_the_first_task_starts(
    story: Story,
) -> None:
    first = story.at(0)

    assert first.sentence == "my-task:2 is being deployed; no task of it has failed."
    assert first.next_change == "the first attempt: expected in 17 to 50 s"
    assert first.elapsed == timedelta()
    assert [(each.kind, each.after) for each in first.moments] == [("began", timedelta())]


def test_one_row_for_each_deployment_with_its_counts(story: Story) -> None:
    rows = story.first("2 of 3").rows

    assert [(r.task_definition, r.status, r.rollout_state, r.is_watched) for r in rows] == [
        ("my-task:2", "PRIMARY", "IN_PROGRESS", True),
        ("my-task:1", "ACTIVE", "COMPLETED", False),
    ]
    assert [(r.desired, r.running, r.pending, r.failed) for r in rows] == [
        (1, 0, 0, 2),
        (1, 1, 0, 0),
    ]


def test_the_bar_goes_from_no_failure_to_the_breaker_that_has_tripped(story: Story) -> None:
    said = list(dict.fromkeys(each.breaker.sentence for each in story.views))

    assert said == [
        "0 of 3, 3 more trip it",
        "0 of 3, 1 more stopped: ECS counts when it is about to try again",
        "1 of 3, 2 more trip it",
        "1 of 3, 1 more stopped: ECS counts when it is about to try again",
        "2 of 3, the next failure trips it",
        "2 of 3, 1 more stopped: ECS counts when it is about to try again",
        "3 of 3, it trips when ECS would start the next task",
        "3 of 3, the circuit breaker has tripped",
    ]


def test_a_breaker_that_is_off_trips_never() -> None:
    assert Breaker(7, None).sentence == "7 failed; the circuit breaker is off, so nothing trips"


def test_after_the_end_no_next_failure_is_announced() -> None:
    assert Breaker(0, 1, is_over=True).sentence == "0 of 1, the circuit breaker has not tripped"
    assert "not tripped" in Breaker(0, 3, stopped=1, is_over=True).sentence
    assert Breaker(3, 3, has_tripped=True, is_over=True).sentence.endswith("has tripped")


@pytest.mark.parametrize("end", [TIMED_OUT, INTERRUPTED])
def test_who_stops_watching_is_told_what_the_breaker_waits_for(end: str, story: Story) -> None:
    shown = view(story.snapshots[:1], (), story.deployment_id, end=end)

    assert shown.breaker.sentence == "0 of 3, 3 more trip it"


def test_stopped_tasks_are_grouped_by_reason(story: Story) -> None:
    counts = [sum(cause.count for cause in each.causes) for each in story.views]
    (cause,) = story.at(-1).causes

    assert counts == sorted(counts)
    assert (cause.count, cause.meaning) == (3, "the image does not exist: there is no such tag")


def test_service_events_come_as_they_are_said_newest_first(story: Story) -> None:
    counts = [len(each.events) + each.earlier_events for each in story.views]
    last = story.at(-1)

    assert counts == sorted(counts)
    assert counts[0] == 0
    assert last.events[0].message.endswith("has reached a steady state.")
    assert (len(last.events), last.earlier_events) == (8, 4)


def test_the_rollback_is_marked_with_its_moment(story: Story) -> None:
    moments = story.at(-1).moments

    assert [each.kind for each in moments] == [
        *("began", "failure", "failure", "failure", "tripped", "rollback", "rollback"),
    ]
    assert moments[-1].text == "rolled back to my-task:1"
    assert moments[-2].text == "rolling back to my-task:1 began"
    assert moments[-2].time < moments[-1].time <= story.snapshots[-1].time
    assert list(moments) == sorted(moments, key=lambda each: each.time)


def test_the_end_is_a_sentence_and_expects_nothing_more(story: Story) -> None:
    last = story.at(-1)

    assert last.sentence == "my-task:2 failed, and ECS has rolled back to my-task:1."
    assert (last.end, last.next_change) == ("rolled back", "")


@pytest.mark.parametrize("desired_count", [1, 3])
def test_each_change_comes_when_the_board_expected_it(
    desired_count: int, stories: dict[int, Story]
) -> None:
    """Every promise is held against what then happened, to the length of a look."""
    views = stories[desired_count].views
    look = timedelta(seconds=15)
    promises = 0
    for now, after in pairwise(views):
        if now.expected is None:
            continue
        is_over = after.expected is None or after.expected.what != now.expected.what
        if is_over:
            promises += 1
            assert now.expected.earliest - look <= after.now, now.next_change
            assert now.now <= now.expected.latest + look, now.next_change
    names = [each.expected.what for each in views if each.expected]

    assert promises >= 4
    assert names[0] == "the first attempt"
    assert "the verdict of the circuit breaker" in names


def test_what_is_late_is_said_to_be_late(story: Story) -> None:
    now = story.snapshots[0].time
    late = view(story.snapshots[:1], (), story.deployment_id, now=now + timedelta(seconds=80))

    assert late.next_change == "the first attempt: 30 s later than was recorded on AWS"
    assert late.elapsed == timedelta(seconds=80)


def test_what_may_have_happened_since_the_last_look_is_not_called_late(story: Story) -> None:
    now = story.snapshots[0].time
    due = view(story.snapshots[:1], (), story.deployment_id, now=now + timedelta(seconds=55))

    assert due.next_change == "the first attempt: any moment"


def test_nothing_is_promised_for_a_failure_whose_times_were_not_recorded(story: Story) -> None:
    seen = story.first("1 of 3, 2 more")
    look = story.snapshots[next(n for n, v in enumerate(story.views) if v == seen)]
    events = tuple(
        replace(each, message=each.message.replace(": not found", ": toomanyrequests"))
        for each in look.service.events
    )
    other = Snapshot(look.time, replace(look.service, events=events))

    assert seen.next_change.startswith("the next attempt: ")
    assert view([other], (), story.deployment_id, image_is_missing=True).next_change == "unknown"


def test_before_the_first_failure_only_a_known_missing_image_promises_anything(
    story: Story,
) -> None:
    pending = next(n for n, each in enumerate(story.views) if each.rows[0].pending)
    seen = story.snapshots[: pending + 1]

    assert view(seen, (), story.deployment_id).next_change == "unknown"
    known = view(seen, (), story.deployment_id, image_is_missing=True)
    assert known.next_change.startswith("failure 1: expected in 1 min ")


def test_failures_without_an_event_are_told_as_the_count_rises(story: Story) -> None:
    silent = tuple(
        Snapshot(each.time, replace(each.service, events=())) for each in story.snapshots[:-1]
    )
    told = view(silent, (), story.deployment_id)

    assert [each.text for each in told.moments if each.kind == "failure"] == [
        f"failure {number}: ECS counted it" for number in (1, 2, 3)
    ]


def test_it_can_begin_in_the_middle(story: Story) -> None:
    """The kernel was restarted: the looks before are lost, but not what AWS tells."""
    middle = len(story.snapshots) // 2
    resumed = view(
        story.snapshots[middle : middle + 1],
        story.tasks[middle],
        story.deployment_id,
        image_is_missing=True,
    )
    whole = story.at(middle)

    assert (resumed.elapsed, resumed.next_change) == (whole.elapsed, whole.next_change)
    assert resumed.moments == whole.moments
    assert resumed.breaker == whole.breaker


@pytest.mark.parametrize(
    "end",
    [COMPLETED, STALLED, ROLLBACK_FAILED, SUPERSEDED, TIMED_OUT, GONE, UNKNOWN, INTERRUPTED],
)
def test_every_end_has_a_sentence(end: str, story: Story) -> None:
    told = view(story.snapshots[:9], (), story.deployment_id, end=end)

    assert told.end == end
    assert re.fullmatch(r"[A-Zm][^{}]+\.", told.sentence)


def test_an_interrupted_board_says_what_to_do(story: Story) -> None:
    told = view(story.snapshots[:9], (), story.deployment_id, end=INTERRUPTED)

    assert "run this cell again" in told.sentence


class Page(HTMLParser):
    """The tags of a piece of HTML, checked to be closed in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def test_the_html_says_all_of_it(story: Story) -> None:
    shown = story.first("2 of 3, the next")
    page = Page(board_html(shown))
    text = "".join(page.texts)

    for said in (shown.sentence, shown.breaker.sentence, shown.next_change, "IN_PROGRESS"):
        assert said in text
    assert "4 min 30 s since it began" in text
    assert text.count("✕") >= 2


def test_who_does_not_see_it_can_hear_it(story: Story) -> None:
    shown = story.first("2 of 3, the next")
    page = Page(board_html(shown))
    by_role = {each["role"]: each for tag, each in page.found if "role" in each}

    assert by_role["status"]["aria-live"] == "polite"
    assert by_role["meter"]["aria-valuenow"] == "2"
    assert by_role["meter"]["aria-valuetext"] == shown.breaker.sentence
    assert [each["scope"] for each in page.all("th")] == ["col"] * 6 + ["row"] * 2
    assert len(page.all("caption")) == 1


def test_a_high_threshold_is_a_track_and_not_two_hundred_boxes(story: Story) -> None:
    many = replace(story.at(-1), breaker=Breaker(50, 200))

    assert 'style="width: 25.0%"' in body_html(many)
    assert 'class="box' not in body_html(many)


def hostile(story: Story) -> BoardView:
    """The same board with a text in every place that would like to be more."""
    shown = story.first("2 of 3, the next")
    return replace(
        shown,
        sentence=HOSTILE,
        rows=tuple(replace(each, id=HOSTILE, task_definition=HOSTILE) for each in shown.rows),
        causes=tuple(replace(c, reason=HOSTILE, meaning=HOSTILE) for c in shown.causes),
        events=tuple(replace(each, message=HOSTILE) for each in shown.events),
        moments=tuple(replace(each, text=HOSTILE) for each in shown.moments),
    )


def test_whatever_the_texts_hold_they_stay_text_and_no_secret_is_shown(story: Story) -> None:
    page = Page(board_html(hostile(story)))

    assert not {"script", "img"} & {tag for tag, _ in page.found}
    assert not [each for _, each in page.found if any(name.startswith("on") for name in each)]
    assert "hunter2" not in "".join(page.texts)


def test_paused_is_a_word(story: Story) -> None:
    assert "paused" in times_html(story.at(3), is_paused=True)
    assert "paused" not in times_html(story.at(3))


def test_only_the_sentence_is_spoken_when_something_changes(story: Story) -> None:
    shown = story.at(3)
    later = replace(shown, now=shown.now + timedelta(seconds=1))

    assert "aria-live" in sentence_html(shown)
    assert sentence_html(later) == sentence_html(shown)
    assert "aria-live" not in times_html(shown) + body_html(shown)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


LIGHT = {"--jp-content-font-color1": "rgba(0, 0, 0, 0.87)", "--jp-layout-color0": "#fff"}
DARK = {"--jp-content-font-color1": "#fff", "--jp-layout-color0": "#111"}


def page_of(board: str, *, is_light: bool) -> str:
    colours = ";".join(f"{name}:{value}" for name, value in (LIGHT if is_light else DARK).items())
    theme = str(is_light).lower()
    return f'<body data-jp-theme-light="{theme}" style="{colours}">{board}</body>'


@pytest.mark.whole
@pytest.mark.parametrize("is_light", [True, False])
def test_every_text_can_be_read_in_light_and_dark(
    is_light: bool, browser: Browser, story: Story
) -> None:
    boards = [story.at(0), story.first("2 of 3, 1 more"), story.at(-1), hostile(story)]
    with open_page(browser) as watched:
        for each in boards:
            watched.page.set_content(page_of(board_html(each), is_light=is_light))
            texts, low = low_contrast(watched.page)

            assert texts > 15
            assert low == []


@pytest.mark.whole
@pytest.mark.parametrize("width", [1280, 640, 320])
def test_nothing_runs_over_the_edge_when_it_is_enlarged(
    width: int, browser: Browser, story: Story
) -> None:
    with open_page(browser, width=width) as watched:
        for each in (story.first("2 of 3, 1 more"), story.at(-1), hostile(story)):
            watched.page.set_content(page_of(board_html(each), is_light=True))
            wide = watched.page.evaluate("() => document.documentElement.scrollWidth")

            assert wide <= width


def test_times_are_utc_whatever_the_machine_says(story: Story) -> None:
    assert re.search(r"\d\d:\d\d:\d\d UTC", times_html(story.at(0)))
    assert isinstance(story.at(0).now, datetime)


def test_a_clock_that_leapt_over_the_verdict_leaves_no_count_behind(story: Story) -> None:
    """Only the first looks and the last one: nobody was there when the third failure counted."""
    two = story.views.index(story.first("2 of 3"))
    looks = (*story.snapshots[: two + 1], story.snapshots[-1])

    shown = view(looks, story.tasks[-1], story.deployment_id, image_is_missing=True)

    assert shown.end == "rolled back"
    assert shown.breaker.sentence == "3 of 3, the circuit breaker has tripped"
    assert shown.next_change == ""


def test_while_it_is_live_only_what_stands_below_the_bar_scrolls(story: Story) -> None:
    page = body_html(story.at(2), is_live=True)

    head, live, below = page.partition('<div class="ecs-board live">')
    assert live
    assert "Failures:" in head
    assert "Deployments of the service" in below
    assert "live" not in body_html(story.at(2))
