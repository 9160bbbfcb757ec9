"""Room: the operators of event patterns, as they are written.

Lives here: reading {"prefix": …}, {"anything-but": …}, {"numeric": …} and the others, and the
refusal of each that is written wrongly.
Never here: the pattern around them; what they mean for a value (matchers).

The texts are those of https://github.com/aws/event-ruler, which EventBridge hands on.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ecs_emulator.messaging import json_tokens as json
from ecs_emulator.messaging import matchers
from ecs_emulator.messaging.json_tokens import Tokens, Unreadable
from ecs_emulator.messaging.matchers import Matcher
from ecs_emulator.messaging.numeric_ranges import TOO_MANY, numeric

_ONE_KEY = "Only one key allowed in match expression"
_NO_TEXT_IN_CASE = (
    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
)
_MOST_ALIKE = 4
"""Wildcards that go on with the same character. Assumed: "*:*:*:*:*:event-bus/*" with five of them
was refused, and no public recording has four."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is being read: by which operators, and the wildcards that were met so far."""

    operators: Mapping[str, Reader]
    wildcards: list[str] = field(default_factory=list)


Reader = Callable[[Tokens, Reading], Matcher]
Inner = tuple[Callable[[str], Matcher], str]
"""What an operator within anything-but makes of a text, and its refusal of anything else."""


class Refused(Exception):
    """The value of an operator makes no sense. EventBridge names no place for these."""


def operator(tokens: Tokens, reading: Reading) -> Matcher:
    """The matcher of the object that has just been opened; a wildcard is noted, for its cost."""
    if tokens.next().kind != json.FIELD:
        raise tokens.refuse("Match expression name not found")
    name = tokens.current.text
    read = reading.operators.get(name)
    if read is None:
        raise tokens.refuse(f"Unrecognized match type {name}")
    return read(tokens, reading)


def is_too_complex(wildcards: Sequence[str]) -> bool:
    """Whether too many wildcards of one pattern look for the same thing."""
    return any(
        max(Counter(re.findall(r"\*(.)", each)).values(), default=0) > _MOST_ALIKE
        for each in wildcards
    )


def _text(tokens: Tokens, name: str) -> str:
    if tokens.next().kind != json.STRING:
        raise tokens.refuse(f"{name} match pattern must be a string")
    text = tokens.text()
    _end(tokens)
    return text


def _end(tokens: Tokens, reason: str = _ONE_KEY) -> None:
    if tokens.next().kind != json.END_OBJECT:
        raise tokens.refuse(reason)


def _exactly(tokens: Tokens, _: Reading) -> Matcher:
    return matchers.equals(_text(tokens, "exact"))


def _in_any_case(tokens: Tokens, _: Reading) -> Matcher:
    return matchers.equals_in_any_case(_text(tokens, "equals-ignore-case"))


def _end_of_text(
    name: str,
    plain: Callable[[str], Matcher],
    in_any_case: Callable[[str], Matcher] | None = None,
) -> Reader:
    """prefix and suffix: a text, or {"equals-ignore-case": a text} where there is that."""

    def read(tokens: Tokens, _: Reading) -> Matcher:
        kind = tokens.next().kind
        if kind == json.START_OBJECT and in_any_case is not None:
            if tokens.next().kind != json.FIELD:
                raise tokens.refuse(f"{name.capitalize()} expression name not found")
            inner = tokens.current.text
            if inner != "equals-ignore-case":
                raise tokens.refuse(f"Unsupported {name} pattern: {inner}")
            text = _text(tokens, "equals-ignore-case")
            _end(tokens)
            return in_any_case(text)
        if kind != json.STRING:
            raise tokens.refuse(f"{name} match pattern must be a string")
        text = tokens.text()
        _end(tokens)
        return plain(text)

    return read


def _exists(tokens: Tokens, _: Reading) -> Matcher:
    kind = tokens.next().kind
    if kind not in (json.TRUE, json.FALSE):
        raise tokens.refuse("exists match pattern must be either true or false.")
    _end(tokens)
    return matchers.Present() if kind == json.TRUE else matchers.Absent()


def _wildcard(tokens: Tokens, reading: Reading) -> Matcher:
    if tokens.next().kind != json.STRING:
        raise tokens.refuse("wildcard match pattern must be a string")
    text = tokens.text()
    _check_wildcard(tokens, text)
    reading.wildcards.append(text)
    _end(tokens)
    return matchers.like(text)


def _check_wildcard(tokens: Tokens, text: str) -> None:
    r"""Positions count bytes, from the quote that the text stands in: "a**" fails at 2."""
    raw = f'"{text}"'.encode()
    at = 0
    while at < len(raw):
        pair = raw[at : at + 2]
        if pair == b"**":
            raise tokens.refuse(f"Consecutive wildcard characters at pos {at}")
        if pair[:1] == b"\\":
            if pair not in (b"\\*", b"\\\\"):
                raise tokens.refuse(f"Invalid escape character at pos {at}")
            at += 1
        at += 1


def _cidr(tokens: Tokens, _: Reading) -> Matcher:
    if tokens.next().kind != json.STRING:
        raise tokens.refuse("prefix match pattern must be a string")
    network = _network(tokens.text())
    _end(tokens)
    return matchers.in_network(network)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    parts = text.split("/")
    if len(parts) != 2 or not parts[1]:
        raise Refused("Malformed CIDR, one '/' required")
    try:
        bits = int(parts[1])
    except ValueError as error:
        raise Refused("Malformed CIDR, mask bits must be an integer") from error
    if bits < 0:
        raise Refused("Malformed CIDR, mask bits must not be negative")
    address = matchers.address_of(parts[0])
    if address is None:
        raise Refused(f"Nonstandard IP address: {parts[0]}")
    most = 32 if address.version == 4 else 128
    if bits >= most:
        raise Refused(f"IPv{address.version} mask bits must be < {most}")
    return ipaddress.ip_network(f"{address}/{bits}", strict=False)


# --- anything-but --------------------------------------------------------------------------------


def _anything_but(inner_operators: Mapping[str, Inner]) -> Reader:
    """anything-but, of texts, numbers or these operators."""

    def read(tokens: Tokens, reading: Reading) -> Matcher:
        return _read_anything_but(tokens, reading, inner_operators)

    return read


def _read_anything_but(
    tokens: Tokens,
    reading: Reading,
    inner_operators: Mapping[str, Inner],
) -> Matcher:
    token, inner = tokens.next(), ""
    if token.kind == json.START_OBJECT:
        if tokens.next().kind != json.FIELD:
            raise tokens.refuse("Anything-But expression name not found")
        inner = tokens.current.text
        if inner not in inner_operators:
            raise tokens.refuse(f"Unsupported anything-but pattern: {inner}")
        token = tokens.next()
        if inner_operators is _INNER_OF_SNS and token.kind != json.STRING:
            raise tokens.refuse(inner_operators[inner][1])
    if token.kind not in (json.START_ARRAY, json.STRING, json.NUMBER):
        raise tokens.refuse("Value of anything-but must be an array or single string/number value.")
    found = (
        _texts(tokens, inner, reading, inner_operators[inner]) if inner else _plain_values(tokens)
    )
    _end(tokens, TOO_MANY)
    if inner:
        _end(tokens, TOO_MANY)
    return matchers.none_of(found)


def _plain_values(tokens: Tokens) -> list[Matcher]:
    """One text or number, or a list of texts or of numbers."""
    if tokens.current.kind != json.START_ARRAY:
        return [matchers.equals(_plain(tokens))]
    kinds, values = set(), []
    while tokens.next().kind != json.END_ARRAY:
        if tokens.current.kind not in (json.STRING, json.NUMBER):
            inner = tokens.refuse("Inside anything but list, start|null|boolean is not supported.")
            raise tokens.refuse(str(inner))  # EventBridge says the place twice
        kinds.add(tokens.current.kind)
        values.append(matchers.equals(_plain(tokens)))
    if len(kinds) != 1:
        raise tokens.refuse(
            "Inside anything but list, either all values are number or string, "
            "mixed type is not supported"
        )
    return values


def _plain(tokens: Tokens) -> str | float:
    is_number = tokens.current.kind == json.NUMBER
    text = tokens.text()
    return float(text) if is_number else text


def _texts(tokens: Tokens, inner: str, reading: Reading, how: Inner) -> list[Matcher]:
    if tokens.current.kind != json.START_ARRAY:
        return [_one(tokens, inner, reading, how)]
    found = []
    while tokens.next().kind != json.END_ARRAY:
        try:
            found.append(_one(tokens, inner, reading, how))
        except Unreadable as error:
            raise tokens.refuse(str(error)) from error
    return found


def _one(tokens: Tokens, inner: str, reading: Reading, how: Inner) -> Matcher:
    make, reason = how
    if tokens.current.kind != json.STRING:
        raise tokens.refuse(reason)
    text = tokens.text()
    if inner in ("prefix", "suffix") and not text:
        raise tokens.refuse("Null prefix/suffix not allowed")
    if inner == "wildcard":
        _check_wildcard(tokens, text)
        reading.wildcards.append(text)
    return make(text)


_INNER: Mapping[str, Inner] = {
    "equals-ignore-case": (matchers.equals_in_any_case, _NO_TEXT_IN_CASE),
    "prefix": (matchers.starts_with, "prefix/suffix match pattern must be a string"),
    "suffix": (matchers.ends_with, "prefix/suffix match pattern must be a string"),
    "wildcard": (matchers.like, "wildcard match pattern must be a string"),
}
_INNER_OF_SNS: Mapping[str, Inner] = {
    "prefix": (matchers.starts_with, "prefix match pattern must be a string")
}
EVENTBRIDGE: Mapping[str, Reader] = {
    "exactly": _exactly,
    "prefix": _end_of_text("prefix", matchers.starts_with, matchers.starts_in_any_case),
    "suffix": _end_of_text("suffix", matchers.ends_with, matchers.ends_in_any_case),
    "equals-ignore-case": _in_any_case,
    "anything-but": _anything_but(_INNER),
    "numeric": numeric,
    "cidr": _cidr,
    "exists": _exists,
    "wildcard": _wildcard,
}
SNS: Mapping[str, Reader] = {
    "prefix": _end_of_text("prefix", matchers.starts_with),
    "suffix": _end_of_text("suffix", matchers.ends_with),
    "equals-ignore-case": _in_any_case,
    "anything-but": _anything_but(_INNER_OF_SNS),
    "numeric": numeric,
    "cidr": _cidr,
    "exists": _exists,
}
"""SNS has an older matcher: no wildcards, and of anything-but only prefix beside plain values.
https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html"""
