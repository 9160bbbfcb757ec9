"""Room: what an exercise is.

Lives here: `Exercise`, `Grade`, and reading an answer as a number or as JSON.
Never here: the exercises themselves, how they are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings


@dataclass(frozen=True, slots=True)
class Grade:
    """`sentence` says why; `facts` are what it was graded on, as they were at that moment."""

    passed: bool
    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A question whose answer is in the real state.

    `text` may name parameters: "How many tasks has {service}?". `hints` are given one after
    another. `solve` finds the answer that is right now, `grade` judges any answer; both look at
    AWS, and neither changes anything.
    """

    name: str
    notebook: str
    text: str
    hints: tuple[str, ...]
    solve: Callable[[Session, Settings], str]
    grade: Callable[[Session, Settings, str], Grade]

    def ask(self, settings: Settings) -> str:
        """The question with the parameters in it."""
        return self.text.format(**asdict(settings))

    def check(self, session: Session, settings: Settings, answer: str) -> Grade:
        """Grade what somebody has answered. Spaces around it do not matter."""
        return self.grade(session, settings, answer.strip())


def number(answer: str) -> float | None:
    """ "0.531 s" → 0.531, "2" → 2.0; None if it is no number."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(?:s|seconds?)?", answer)
    return float(found[1]) if found else None


def json_object(answer: str) -> dict[str, Any] | str:
    """The answer as a JSON object, or what is wrong with it."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        return f"the answer is not JSON: {error}"
    return found if isinstance(found, dict) else "the answer is not a JSON object: { … }"
