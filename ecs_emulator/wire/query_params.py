"""Room: the flat names of a query, read by the definition of the operation.

Lives here: Tags.member.1.Key=a as {"Tags": [{"Key": "a"}]}, numbers as numbers.
Never here: what a parameter means; JSON.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_NUMBER = re.compile(r"[1-9]\d{0,4}")


class NotANumber(Exception):
    """A text stands where the definition has a number."""

    def __init__(self, path: str, value: str) -> None:
        super().__init__(f"Invalid value {value!r} for {path}: a number was expected")
        self.path = path


def read_query(
    flat: Mapping[str, str], shape: StructureShape, *, is_ec2: bool = False
) -> dict[str, Any]:
    """The parameters as the definition names them. What it does not name is left out.

    Raises `NotANumber`.
    """
    return _structure(flat, "", shape, is_ec2)


def _name_of(name: str, shape: Shape, is_ec2: bool) -> str:
    """EC2 writes names with a capital, of a list the location's."""
    given: Any = shape.serialization
    if not is_ec2:
        return str(given.get("name", name))
    if "queryName" in given:
        return str(given["queryName"])
    location = str(given.get("name", name))
    return location[:1].upper() + location[1:]


def _structure(
    flat: Mapping[str, str], prefix: str, shape: StructureShape, is_ec2: bool
) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        value = _value(flat, f"{prefix}{_name_of(name, member, is_ec2)}", member, is_ec2)
        if value is not None:
            found[name] = value
    return found


def _value(flat: Mapping[str, str], path: str, shape: Shape, is_ec2: bool) -> Any:
    if isinstance(shape, StructureShape):
        below = _below(flat, path)
        return _structure(below, "", shape, is_ec2) if below else None
    if isinstance(shape, ListShape):
        return _list(flat, path, shape, is_ec2)
    if isinstance(shape, MapShape):
        return _map(flat, path, shape, is_ec2)
    text = flat.get(path)
    if text is None or shape.type_name not in ("integer", "long", "float", "double"):
        return text
    try:
        return int(text) if shape.type_name in ("integer", "long") else float(text)
    except ValueError as error:
        raise NotANumber(path, text) from error


def _below(flat: Mapping[str, str], path: str) -> dict[str, str]:
    lead = f"{path}."
    return {name[len(lead) :]: value for name, value in flat.items() if name.startswith(lead)}


def _numbered(below: Mapping[str, str]) -> list[str]:
    numbers = {name.partition(".")[0] for name in below}
    return sorted((each for each in numbers if _NUMBER.fullmatch(each)), key=int)


def _list(flat: Mapping[str, str], path: str, shape: ListShape, is_ec2: bool) -> Any:
    below = _below(flat, path)
    if not is_ec2:
        words = {name.partition(".")[0] for name in below}
        word = next((each for each in words if not _NUMBER.fullmatch(each)), "")
        below = _below(below, word) if word else below
    if not below:
        return [] if path in flat else None
    return [_value(below, each, shape.member, is_ec2) for each in _numbered(below)]


def _map(flat: Mapping[str, str], path: str, shape: MapShape, is_ec2: bool) -> Any:
    below = _below(flat, path)
    entries = _below(below, "entry") or below
    key, value = shape.key.serialization.get("name", "key"), shape.value.serialization
    found = {}
    for each in _numbered(entries):
        entry = _below(entries, each)
        name = entry.get(str(key), entry.get("Name"))
        if name is not None:
            at = str(value.get("name", "value"))
            found[name] = _value(entry, at if at in entry else "value", shape.value, is_ec2)
    return found or None
