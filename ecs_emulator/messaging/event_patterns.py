"""Room: the event patterns of EventBridge rules.

Lives here: reading a pattern, refusing it in EventBridge's words, and whether an event matches.
Never here: rules and targets; what one value has to be like (matchers, pattern_operators).

A pattern is a list of alternatives (`$or`), each a list of conditions by path. A condition holds if
one value at its path is as it should be, and all conditions of an alternative have to hold within
the same element of every array that they reach into. Keys are joined by dots in a path, so that
{"a.b": 1} and {"a": {"b": 1}} are the same.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
https://github.com/aws/event-ruler
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ecs_emulator.messaging import json_tokens as json
from ecs_emulator.messaging.json_tokens import Tokens, Unreadable
from ecs_emulator.messaging.matchers import Absent, Matcher, equals
from ecs_emulator.messaging.pattern_operators import (
    EVENTBRIDGE,
    Reading,
    Refused,
    is_too_complex,
    operator,
)

MOST_COMBINATIONS = 1000
"""Of the alternatives of all $or together.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""
TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
    "sequences after a wildcard character"
)
_RESERVED = frozenset(
    "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr "
    "= < <= > >= regex not-wildcard not-equals-ignore-case date-after date-on-or-after date-before "
    "date-on-or-before in-date-range ip-address-in-range ip-address-not-in-range".split()
)
Place = Mapping[int, int]
"""Of each array on the way to a value: which element. By a number for the array."""
Conditions = dict[str, Sequence[Matcher]]


class InvalidPattern(Exception):
    """EventBridge refuses the pattern: InvalidEventPatternException, with this text."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")


@dataclass(frozen=True, slots=True)
class EventPattern:
    """A pattern that was read. `alternatives`: conditions by path, of which one set has to hold."""

    alternatives: tuple[Mapping[str, Sequence[Matcher]], ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is one that a rule with this pattern hears.

        {"resources": [{"suffix": "/web"}]} matches an event with at least one such resource.
        """
        likely = self._likely(event)
        if not likely:
            return False
        values = _values_of(event, {step for each in likely for step in _steps(each)})
        return any(_holds(list(each.items()), values, {}) for each in likely)

    def could_match(self, known: Mapping[str, Any]) -> bool:
        """Whether an event might match of which only these texts at the top are known."""
        return bool(self._likely(known))

    def _likely(self, event: Mapping[str, Any]) -> list[Mapping[str, Sequence[Matcher]]]:
        return [each for each in self.alternatives if _may_hold(each, event)]


@lru_cache(maxsize=4096)
def parse(text: str) -> EventPattern:
    """Read a pattern. Raises `InvalidPattern`, whose text is EventBridge's own.

    >>> parse('{"source": ["aws.ecs"]}').matches({"source": "aws.ecs"})
    True
    """
    reading = Reading(EVENTBRIDGE)
    try:
        found = read(text, reading)
    except Refused as error:
        raise InvalidPattern(str(error)) from error
    if is_too_complex(reading.wildcards):
        raise InvalidPattern(TOO_COMPLEX)
    return found


def read(text: str, reading: Reading) -> EventPattern:
    """The pattern by the operators of whoever reads it. Raises `Refused` with the bare reason."""
    tokens = Tokens(text)
    try:
        if tokens.next().kind != json.START_OBJECT:
            raise tokens.refuse("Filter is not an object")
        return EventPattern(tuple(_object([], (), tokens, reading)))
    except Unreadable as error:
        raise Refused(str(error)) from error
    except RecursionError as error:
        raise Refused("Pattern is nested too deeply") from error


# --- reading -------------------------------------------------------------------------------------


def _object(
    rules: list[Conditions],
    path: tuple[str, ...],
    tokens: Tokens,
    reading: Reading,
    *,
    in_or: bool = False,
) -> list[Conditions]:
    """The alternatives so far, each with the conditions of this object added."""
    is_empty = True
    while tokens.next().kind != json.END_OBJECT:
        is_empty, name = False, tokens.current.text
        if name == "$or":
            rules = _either(rules, path, tokens, reading)
            continue
        if in_or and name in _RESERVED:
            raise tokens.refuse(
                f"{name} is Ruler reserved fieldName which cannot be used inside $or."
            )
        kind = tokens.next().kind
        if kind == json.START_OBJECT:
            rules = _object(rules, (*path, name), tokens, reading, in_or=in_or)
        elif kind == json.START_ARRAY:
            matchers = _matchers(tokens, reading)
            key = ".".join((*path, name))
            rules = [{**each, key: matchers} for each in rules or [{}]]
        else:
            raise tokens.refuse(f'"{name}" must be an object or an array')
    if is_empty:
        raise tokens.refuse("Empty objects are not allowed")
    return rules


def _either(
    rules: list[Conditions], path: tuple[str, ...], tokens: Tokens, reading: Reading
) -> list[Conditions]:
    if tokens.next().kind != json.START_ARRAY:
        raise tokens.refuse("It must be an Array followed with $or.")
    found: list[Conditions] = []
    count = 0
    while tokens.next().kind != json.END_ARRAY:
        count += 1
        if tokens.current.kind != json.START_OBJECT:
            raise tokens.refuse("Only JSON object is allowed in array of $or relationship.")
        copies = [dict(each) for each in rules] or [{}]
        found += _object(copies, path, tokens, reading, in_or=True)
        if len(found) > MOST_COMBINATIONS:
            raise Refused("Rule is too complex - too many combinations of $or")
    if count < 2:
        raise tokens.refuse("There must have at least 2 Objects in $or relationship.")
    return found


def _matchers(tokens: Tokens, reading: Reading) -> list[Matcher]:
    found: list[Matcher] = []
    while (token := tokens.next()).kind != json.END_ARRAY:
        if token.kind == json.START_OBJECT:
            found.append(operator(tokens, reading))
        elif token.kind == json.STRING:
            found.append(equals(tokens.text()))
        elif token.kind == json.NUMBER:
            found.append(equals(_number(token.text)))
        elif token.kind in _PLAIN:
            found.append(equals(_PLAIN[token.kind]))
        else:
            raise tokens.refuse("Match value must be String, number, true, false, or null")
    if not found:
        raise tokens.refuse("Empty arrays are not allowed")
    return found


_PLAIN = {json.TRUE: True, json.FALSE: False, json.NULL: None}


def _number(text: str) -> float:
    """A whole number stays exact: account numbers and ids are longer than a float is precise."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


# --- matching ------------------------------------------------------------------------------------


def _may_hold(conditions: Mapping[str, Sequence[Matcher]], event: Mapping[str, Any]) -> bool:
    """Whether the texts at the top of the event, which cost little to look at, allow it."""
    for path, matchers in conditions.items():
        value = event.get(path)
        if isinstance(value, str) and not any(each(value) for each in matchers):
            return False
    return True


def _steps(conditions: Mapping[str, Sequence[Matcher]]) -> Iterator[str]:
    """Every key that a path of the conditions may go through."""
    for path in conditions:
        yield from path.split(".")


def _values_of(event: Mapping[str, Any], steps: set[str]) -> dict[str, list[tuple[Any, Place]]]:
    """Path → each value there, with the array elements that it is within."""
    found: dict[str, list[tuple[Any, Place]]] = {}
    arrays = iter(range(1 << 30))

    def look(node: Any, path: str, place: Place) -> None:
        if isinstance(node, Mapping):
            for key, value in node.items():
                if key in steps or "." in key:
                    look(value, f"{path}.{key}" if path else key, place)
        elif isinstance(node, list):
            array = next(arrays)
            for index, element in enumerate(node):
                is_leaf = not isinstance(element, Mapping | list)
                look(element, path, place if is_leaf else {**place, array: index})
        else:
            found.setdefault(path, []).append((node, place))

    look(event, "", {})
    return found


def _holds(
    conditions: Sequence[tuple[str, Sequence[Matcher]]],
    values: Mapping[str, list[tuple[Any, Place]]],
    chosen: Place,
) -> bool:
    """Whether a value can be chosen for each condition so that no two disagree on an element."""
    if not conditions:
        return True
    (path, matchers), *others = conditions
    there = values.get(path, ())
    if not there:
        is_content = any(isinstance(each, Absent) for each in matchers)
        return is_content and _holds(others, values, chosen)
    tried: list[Place] = []
    for value, place in there:
        if place in tried or not _agree(chosen, place):
            continue
        if any(each(value) for each in matchers):
            tried.append(place)
            if _holds(others, values, {**chosen, **place}):
                return True
    return False


def _agree(one: Place, other: Place) -> bool:
    return all(other.get(array, index) == index for array, index in one.items())
