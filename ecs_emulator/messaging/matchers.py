"""Room: what one value of an event has to be like.

Lives here: a matcher for each operator of an event pattern, and for a plain value.
Never here: where in an event the value stands, how a pattern is written.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Any

Matcher = Callable[[Any], bool]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_ADDRESS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


class Present:
    """{"exists": true}: some value, null too, is there."""

    def __call__(self, _: Any) -> bool:
        return True


class Absent:
    """{"exists": false}: no value at all is there. The only matcher that is content with none."""

    def __call__(self, _: Any) -> bool:
        return False


def address_of(text: Any) -> Address | None:
    """The IP address that a text is, if it is one."""
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equals(wanted: Any) -> Matcher:
    """1 is 1.0, true is not 1, and ::1 is 0:0:0:0:0:0:0:1."""
    if is_number(wanted):
        return lambda value: is_number(value) and value == wanted
    if isinstance(wanted, str) and (address := address_of(wanted)):
        return lambda value: value == wanted or address_of(value) == address
    return lambda value: type(value) is type(wanted) and value == wanted


def starts_with(text: str) -> Matcher:
    return lambda value: isinstance(value, str) and value.startswith(text)


def ends_with(text: str) -> Matcher:
    return lambda value: isinstance(value, str) and value.endswith(text)


def equals_in_any_case(text: str) -> Matcher:
    folded = text.lower()
    return lambda value: isinstance(value, str) and value.lower() == folded


def starts_in_any_case(text: str) -> Matcher:
    folded = text.lower()
    return lambda value: isinstance(value, str) and value.lower().startswith(folded)


def ends_in_any_case(text: str) -> Matcher:
    folded = text.lower()
    return lambda value: isinstance(value, str) and value.lower().endswith(folded)


def like(pattern: str) -> Matcher:
    r"""`*` is any text; `\*` and `\\` are themselves."""
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+", pattern)
    meaning = "".join(
        ".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" else part) for part in parts
    )
    compiled = re.compile(meaning, re.DOTALL)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def in_network(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> Matcher:
    def within(value: Any) -> bool:
        address = address_of(value)
        return address is not None and address.version == network.version and address in network

    return within


def between(
    bottom: float | None, top: float | None, *, open_bottom: bool = False, open_top: bool = False
) -> Matcher:
    """A number in the range; the ends belong to it unless they are open. None: no end."""

    def within(value: Any) -> bool:
        if not is_number(value):
            return False
        if bottom is not None and (value < bottom or (open_bottom and value == bottom)):
            return False
        return top is None or not (value > top or (open_top and value == top))

    return within


def none_of(matchers: Sequence[Matcher]) -> Matcher:
    """anything-but: any value, of whatever type, that is like none of these."""
    return lambda value: not any(each(value) for each in matchers)
