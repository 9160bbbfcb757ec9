"""Whole stories against the timelines in `timelines/`, to the byte: time, who, what.

Each timeline is what a reader may expect to see of such a deployment. When a change of the emulator
is meant to change one, the failing test says where the new text is, to be read and copied over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Story

Tell = Callable[..., "Story"]
TIMELINES = Path(__file__).parent / "timelines"


def rolling_update(tell: Tell) -> Story:
    story = tell(desired=2).settled()
    story.until_state(story.update("nginx:latest"), "COMPLETED")
    return story


def bad_tag_rolled_back(tell: Tell) -> Story:
    story = tell().settled()
    before = story.service.primary
    story.until_state(story.update("nginx:wrong-image-tag"), "FAILED")
    story.until_state(before, "COMPLETED")
    return story


def exit_1(tell: Tell) -> Story:
    story = tell().settled()
    before = story.service.primary
    ends = {"command": ["sh", "-c", "exit 1"]}
    story.until_state(story.update("nginx:latest", **ends), "FAILED")
    story.until_state(before, "COMPLETED")
    return story


def first_deployment_fails(tell: Tell) -> Story:
    story = tell(image="nginx:wrong-image-tag")
    story.until_state(story.service.primary, "FAILED")
    story.advance(600)
    return story


@pytest.mark.parametrize(
    "perform", [rolling_update, bad_tag_rolled_back, exit_1, first_deployment_fails]
)
@pytest.mark.fact("events.failure-order")
def test_the_story_goes_as_it_is_written(
    tell: Tell, tmp_path: Path, perform: Callable[[Tell], Story]
) -> None:
    written = TIMELINES / f"{perform.__name__}.txt"
    seen = tmp_path / written.name
    seen.write_text(perform(tell).timeline(), encoding="utf-8")

    assert seen.read_bytes() == written.read_bytes(), f"if this is meant: cp {seen} {written}"


def test_no_timeline_is_left_without_its_story() -> None:
    assert sorted(path.stem for path in TIMELINES.iterdir()) == [
        "bad_tag_rolled_back",
        "exit_1",
        "first_deployment_fails",
        "rolling_update",
    ]
