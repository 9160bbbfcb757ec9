"""The way through the notebooks: done, here, next, and the minutes that are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.errors import BadParameter
from runbook_lib.learner.notebook_files import lab_notebooks, walk_notebooks
from runbook_lib.learner.progress import (
    EXERCISE,
    PREDICTION,
    VERDICT,
    Entry,
    Progress,
)
from runbook_lib.overview.parts import (
    ABSENT,
    EVENT,
    FAILED_EVENT,
    GOOD,
    MADE_BY,
    UNKNOWN,
    Part,
    Parts,
)
from runbook_lib.overview.way import Page, Step, Way, find_way, is_lab, minutes_of, read_page
from runbook_lib.overview.words import lines, sentence, way_line

NOTHING = Progress()
WALK = [each.stem for each in walk_notebooks()]
LABS = [each.stem for each in lab_notebooks()]


def parts(look: str, *, has_rolled_back: bool = False) -> Parts:
    """Every part with this look; nothing has failed."""
    made = [Part(kind, kind, look, look) for kind in MADE_BY if kind != EVENT]
    event = Part(EVENT, FAILED_EVENT, "", UNKNOWN if look == UNKNOWN else ABSENT)
    return Parts((*made, event), look == GOOD, has_rolled_back)


def record(*entries: tuple[str, str, bool]) -> Progress:
    return Progress(
        tuple(Entry(notebook, kind, "x", "y", right, 1) for notebook, kind, right in entries)
    )


def states(way: Way) -> dict[str, str]:
    return {each.page.number: each.state for each in way.steps}


def test_what_aws_shows_wins_over_the_record() -> None:
    answered = record(("10_register_task_definition", EXERCISE, True))
    wrong = record(("10_register_task_definition", EXERCISE, False))

    gone = find_way("30_create_sns_topic", answered, parts(ABSENT), target="emulator")
    there = find_way("30_create_sns_topic", wrong, parts(GOOD), target="emulator")

    assert states(gone) == {
        "00": "done",
        "10": "not done",
        "20": "not done",
        "30": "here",
        "40": "next",
        "50": "later",
        "60": "later",
        "90": "later",
    }
    assert [states(there)[each] for each in ("10", "20", "40", "50")] == [
        "done",
        "done",
        "done",
        "next",
    ]


def test_where_aws_does_not_say_the_record_does() -> None:
    answered = record(
        ("10_register_task_definition", EXERCISE, True),
        ("20_create_service", EXERCISE, False),
        ("60_review_evidence", EXERCISE, True),
        ("60_review_evidence", VERDICT, True),
    )

    way = find_way("30_create_sns_topic", answered, parts(UNKNOWN), target="emulator")

    assert [states(way)[each] for each in ("10", "20", "60")] == ["done", "not done", "done"]


@pytest.mark.parametrize(
    ("kept", "has_rolled_back", "state"),
    [
        ((), False, "not done"),
        ((), True, "done"),
        ((VERDICT, True), False, "done"),
        ((VERDICT, False), False, "not done"),
        ((EXERCISE, True), False, "not done"),
    ],
)
def test_a_drill_is_done_by_a_rollback_or_by_its_verdict(
    kept: tuple[str, bool], has_rolled_back: bool, state: str
) -> None:
    name = MADE_BY[EVENT]
    answered = record((name, *kept)) if kept else NOTHING

    seen = parts(GOOD, has_rolled_back=has_rolled_back)
    way = find_way("60_review_evidence", answered, seen, target="emulator")

    assert states(way)["50"] == state


def test_where_no_record_is_kept_what_was_gone_past_is_done() -> None:
    way = find_way("90_clean_up", None, parts(GOOD, has_rolled_back=True), target="emulator")

    assert set(states(way).values()) == {"done", "here"}


def test_the_start_and_the_end_ask_nothing_so_going_on_tells() -> None:
    assert states(find_way("10_register_task_definition", NOTHING, target="aws"))["00"] == "done"
    assert states(find_way("00_start_here", NOTHING, target="aws"))["90"] == "later"


def test_labs_are_done_by_the_record_alone_and_in_any_order() -> None:
    answered = record((LABS[0], EXERCISE, True), (LABS[1], PREDICTION, True))

    way = find_way(LABS[3], answered, parts(GOOD), target="emulator")

    assert way.place == "Lab 4 of 8"
    assert list(states(way).values()) == [
        "done",
        "open",
        "open",
        "here",
        "next",
        "open",
        "open",
        "open",
    ]


def test_a_name_that_is_no_notebooks_is_said() -> None:
    assert is_lab(LABS[0])
    assert not is_lab(WALK[0])
    with pytest.raises(BadParameter, match="notebook: '20' is no notebook"):
        find_way("20", NOTHING, target="emulator")


# --- minutes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("**Takes** 5 minutes. **Changes** nothing.", (5, 5)),
        ("**Takes** 5 minutes; on AWS 2 more. **Changes** it.", (5, 7)),
        ("**Takes** 10 minutes; on AWS about 15 more.", (10, 25)),
        ("**Takes** 15 minutes; on AWS about 40. **Changes** it.", (15, 40)),
        ("**Takes** 15 minutes; on AWS a day.", (15, None)),
        ("**Takes** a while.", (None, None)),
        ("It changes nothing.", (None, None)),
    ],
)
def test_minutes_are_read_off_what_the_notebook_says(
    text: str, minutes: tuple[int | None, int | None]
) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("path", [*walk_notebooks(), *lab_notebooks()], ids=lambda path: path.stem)
def test_every_notebook_says_its_title_and_its_minutes(path: Path) -> None:
    page = read_page(path)

    assert page.title
    assert not page.title.startswith("#")
    assert page.minutes
    assert page.minutes_on_aws is not None
    assert page.minutes <= page.minutes_on_aws


def way_of(*minutes: int | None, is_lab: bool = False) -> Way:
    """The first is done, the second here."""
    steps = [
        Step(Page(f"{number}0_a_{number}", "Do it", each, each), each, state)
        for number, (each, state) in enumerate(
            zip(minutes, ("done", "here", "next", "later"), strict=False)
        )
    ]
    return Way(tuple(steps), is_lab)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ((10, 5, 5), "Part 2 of 3: Do it. About 10 minutes to go."),
        ((10, 7, 5), "Part 2 of 3: Do it. About 15 minutes to go."),
        ((None, 5, 5), "Part 2 of 3: Do it. About 10 minutes to go."),
        ((10, 40, 45), "Part 2 of 3: Do it. About 85 minutes to go."),
        ((10, 50, 45), "Part 2 of 3: Do it. About 1.5 hours to go."),
        ((10, 60, 60), "Part 2 of 3: Do it. About 2 hours to go."),
        ((10, 5, None), "Part 2 of 3: Do it."),
    ],
)
def test_what_is_left_counts_this_one_and_not_what_is_done(
    minutes: tuple[int | None, ...], said: str
) -> None:
    assert sentence(way_of(*minutes)) == said


def test_a_lab_says_its_own_minutes_first() -> None:
    said = sentence(way_of(10, 20, 30, is_lab=True))

    assert said == "Lab 2 of 3: Do it. About 20 minutes; all labs that are left, about 50 minutes."


def test_the_way_in_one_line() -> None:
    way = find_way("30_create_sns_topic", NOTHING, parts(ABSENT), target="emulator")

    assert way_line(way) == "Done: 00. Here: 30. Next: 40. Not done: 10, 20."
    assert lines(way)[-1] == way_line(way)


def test_on_aws_it_takes_longer() -> None:
    left = [
        find_way("20_create_service", NOTHING, parts(ABSENT), target=target).minutes_left or 0
        for target in ("emulator", "aws")
    ]

    assert left[0] < left[1]
