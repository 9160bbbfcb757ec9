"""Room: whether parameters fit the definition of an operation.

Lives here: types, required members, lengths, ranges, patterns and choices, and how AWS says what
does not fit.
Never here: where the parameters come from, which service checks what (requests).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_KINDS = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


class WrongType(Exception):
    """A JSON value of another type than the definition's: SerializationException."""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SCALARS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a String"),
    "integer": (_is_whole, "an Integer"),
    "long": (_is_whole, "a Long"),
    "float": (_is_number, "a Float"),
    "double": (_is_number, "a Double"),
    "timestamp": (_is_number, "a Timestamp"),
    "boolean": (lambda value: isinstance(value, bool), "a Boolean"),
    "blob": (lambda value: isinstance(value, str), "a Blob"),
}


def check_types(shape: Shape, value: Any) -> None:
    """Raises `WrongType`: "NUMBER_VALUE can not be converted to a String"."""
    if value is None:
        return
    if isinstance(shape, ListShape | MapShape | StructureShape):
        for inner, each in _inside(shape, value):
            check_types(inner, each)
    elif shape.type_name in _SCALARS:
        fits, name = _SCALARS[shape.type_name]
        if not fits(value):
            kind = _KINDS.get(type(value), "START_OBJECT")
            raise WrongType(f"{kind} can not be converted to {name}")


def _inside(shape: ListShape | MapShape | StructureShape, value: Any) -> Iterator[Any]:
    """Each member with its shape; what the definition does not name is left out."""
    if isinstance(shape, ListShape):
        yield from ((shape.member, each) for each in _expected(value, list))
    elif isinstance(shape, MapShape):
        yield from ((shape.value, each) for each in _expected(value, dict).values())
    else:
        members = shape.members
        named = _expected(value, dict).items()
        yield from ((members[name], each) for name, each in named if name in members)


def _expected(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise WrongType("Start of structure or map found where not expected.")
    return value


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """What the definition constrains, and is not kept: required, length, range, pattern, choice.

    "Value 'x' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [a, b]"
    """
    if isinstance(shape, StructureShape):
        yield from _of_members(shape, value if isinstance(value, Mapping) else {}, path)
        return
    yield from _of_size(shape, value, path)
    if isinstance(shape, ListShape) and isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from violations(shape.member, each, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for name, each in value.items():
            yield from violations(shape.value, each, f"{path}.{name}.member")
    elif isinstance(value, str):
        yield from _of_text(shape, value, path)


def _of_members(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _told(None, _below(path, name), "Member must not be null")
    for name, each in value.items():
        if name in shape.members and each is not None:
            yield from violations(shape.members[name], each, _below(path, name))


def _of_size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    size = value if is_number else len(value) if isinstance(value, str | list | Mapping) else None
    word = "value" if is_number else "length"
    if size is None:
        return
    if least is not None and size < least:
        yield _told(value, path, f"Member must have {word} greater than or equal to {least}")
    if most is not None and size > most:
        yield _told(value, path, f"Member must have {word} less than or equal to {most}")


def _of_text(shape: Shape, value: str, path: str) -> Iterator[str]:
    pattern, choices = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not _fits(pattern, value):
        text = f"Member must satisfy regular expression pattern: {pattern}"
        yield _told(value, path, text)
    if choices and value not in choices:
        yield _told(value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The patterns are Java's: what Python cannot read is not held against anybody."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _fits(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


def _below(path: str, name: str) -> str:
    word = name[:1].lower() + name[1:]
    return f"{path}.{word}" if path else word


def _told(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
