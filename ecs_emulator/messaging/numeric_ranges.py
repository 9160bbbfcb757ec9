"""Room: {"numeric": [">", 0, "<=", 5]}, as it is written.

Lives here: reading the operator numeric of an event pattern, and its refusals.
Never here: the other operators (pattern_operators).

The texts are those of https://github.com/aws/event-ruler, which EventBridge hands on.
"""

from __future__ import annotations

from ecs_emulator.messaging import json_tokens as json
from ecs_emulator.messaging import matchers
from ecs_emulator.messaging.json_tokens import Token, Tokens
from ecs_emulator.messaging.matchers import Matcher

TOO_MANY = "Too many elements in numeric expression"


def numeric(tokens: Tokens, _: object) -> Matcher:
    if tokens.next().kind != json.START_ARRAY:
        raise tokens.refuse("Value of numeric must be an array.")
    found = _range(tokens)
    if tokens.next().kind != json.END_OBJECT:
        raise tokens.refuse(TOO_MANY)
    return found


def _range(tokens: Tokens) -> Matcher:
    if tokens.next().kind != json.STRING:
        raise tokens.refuse(f"Invalid member in numeric match: {_written(tokens.current)}")
    sign = tokens.text()
    if sign not in ("=", "<", "<=", ">", ">="):
        tokens.next()
        raise tokens.refuse(f"Unrecognized numeric range operator: {sign}")
    value = _number(tokens, "equals" if sign == "=" else sign)
    if sign not in (">", ">="):
        if tokens.next().kind != json.END_ARRAY:
            raise tokens.refuse(TOO_MANY)
        if sign == "=":
            return matchers.between(value, value)
        return matchers.between(None, value, open_top=sign == "<")
    if tokens.next().kind == json.END_ARRAY:
        return matchers.between(value, None, open_bottom=sign == ">")
    return _upper_end(tokens, value, open_bottom=sign == ">")


def _upper_end(tokens: Tokens, bottom: float, *, open_bottom: bool) -> Matcher:
    if tokens.current.kind != json.STRING:
        raise tokens.refuse(f"Bad value in numeric range: {_written(tokens.current)}")
    sign = tokens.text()
    if sign not in ("<", "<="):
        raise tokens.refuse(f"Bad numeric range operator: {sign}")
    top = _number(tokens, sign)
    if tokens.next().kind != json.END_ARRAY:
        raise tokens.refuse("Too many terms in numeric range expression")
    if bottom >= top:
        raise tokens.refuse("Bottom must be less than top")
    return matchers.between(bottom, top, open_bottom=open_bottom, open_top=sign == "<")


def _number(tokens: Tokens, of: str) -> float:
    if tokens.next().kind != json.NUMBER:
        raise tokens.refuse(f"Value of {of} must be numeric")
    value = float(tokens.text())
    if value in (float("inf"), float("-inf")):
        raise tokens.refuse(f"Cannot compare number : {tokens.text()}")
    return value


def _written(token: Token) -> str:
    return token.text or token.kind
