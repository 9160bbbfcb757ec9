"""What the tests of the widgets share: sessions on one emulator, and what a person reads."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from runbook_lib import apply, open_session, walk
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings


def opened(url: str, target: str = "emulator") -> Session:
    """A session on the emulator at `url`; as target "aws" it behaves as on a real account.

    The clients are made here: a client takes its endpoint from the environment of that moment.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        session = open_session(target)
        for service in "ecs sns events sqs iam ec2".split():
            session.client(service)
    return session


def do(session: Session, settings: Settings, *notebooks: str) -> None:
    """What running these notebooks does: do(session, settings, "10", "20")."""
    for stage in walk.STAGES:
        if stage.notebook[:2] in notebooks:
            outcome = apply(session, stage.plan(session, settings), confirm=settings.service)
            stage.afterwards(session, settings, outcome)


def everything_in(widget: Any) -> Iterator[Any]:
    """The widget and all that is inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything_in(child)


def read(widget: Any) -> str:
    """The text that a reader sees in it: HTML without its tags, styles and scripts."""
    texts = [
        re.sub(r"<style>.*?</style>", "", each.value, flags=re.DOTALL)
        for each in everything_in(widget)
        if type(each).__name__ == "HTML"
    ]
    plain = html.unescape(re.sub(r"<[^>]*>", " ", " ".join(texts)))
    return " ".join(plain.split())


def unnamed(widget: Any) -> list[str]:
    """The fields and buttons in it that no label names."""
    kinds = {"Text", "Dropdown", "Select", "Button"}
    return [
        type(each).__name__
        for each in everything_in(widget)
        if type(each).__name__ in kinds and not each.description
    ]
