"""Room: what an exercise is.

Lives here: `Exercise`, `Grade`, and what a person means by an answer: a number, none, JSON.
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
    """`sentence` says why; `facts` are what it was graded on, as they were at that moment.

    `is_understood` is false for an answer of another kind than the one that was asked for.
    """

    passed: bool
    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)
    is_understood: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A question whose answer is in the real state.

    `text` may name parameters: "How many tasks has {service}?". `hints` are given one after
    another. `solve` finds the answer that is right now, `grade` judges any answer; both look at
    AWS, and neither changes anything. `takes_json`: its answer needs more than a line.
    """

    name: str
    notebook: str
    text: str
    hints: tuple[str, ...]
    solve: Callable[[Session, Settings], str]
    grade: Callable[[Session, Settings, str], Grade]
    takes_json: bool = False

    def ask(self, settings: Settings) -> str:
        """The question with the parameters in it."""
        return self.text.format(**asdict(settings))

    def hints_for(self, session: Session, settings: Settings) -> tuple[str, ...]:
        """The hints with the parameters in them, so that a command can be pasted as it is."""
        known = {**asdict(settings), "topic_arn": session.arn("sns", settings.topic)}
        return tuple(filled(each, known) for each in self.hints)

    def check(self, session: Session, settings: Settings, answer: str) -> Grade:
        """Grade what somebody has answered. Spaces around it do not matter."""
        return self.grade(session, settings, answer.strip())


def filled(text: str, known: Mapping[str, object]) -> str:
    """Like str.format, but the braces of JSON stay: "{service}" is a name, "{\"a\": 1}" is not."""
    return re.sub(r"\{(\w+)\}", lambda found: str(known.get(found[1], found[0])), text)


_NUMBER = re.compile(
    r"(\d{1,9}(?:[.,]\d{0,9})?|[.,]\d{1,9})\s*(?:s|secs?|seconds?|min|minutes?)?", re.I
)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NONE = {"none", "no", "nothing", "nowhere", "nil", "null", "-", "no revision", "no deployment"}
NONE = "none"


def number(answer: str) -> float | None:
    """ ".53", "0,53 s" and "2" → 0.53, 0.53 and 2.0; "two" → 2.0; None if it is no number."""
    text = answer.strip().lower()
    if text in _WORDS:
        return float(_WORDS.index(text))
    found = _NUMBER.fullmatch(text)
    return float(found[1].replace(",", ".")) if found else None


def means_none(answer: str) -> bool:
    """Does it say that there is none? "None.", "nothing" and "-" do; "" says nothing at all."""
    return answer.strip().rstrip(".").lower() in _NONE


def not_understood(answer: str, wanted: str) -> Grade:
    """The grade of an answer that is of another kind: not wrong, and not counted as a try."""
    said = f"{answer!r} is not" if answer else "an empty answer is not"
    return Grade(
        False, f"Not understood: {said} {wanted}.", {"answer": answer}, is_understood=False
    )


def json_object(answer: str) -> dict[str, Any] | str:
    """The answer as a JSON object, or what is wrong with it."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        return f"the answer is not JSON: {error}"
    return found if isinstance(found, dict) else "the answer is not a JSON object: { … }"
