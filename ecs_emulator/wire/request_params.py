"""Room: what a request asks for, as one tree of parameters whatever its protocol.

Lives here: reading the body of a JSON request, and the flat names of a query.
Never here: what any parameter means.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ecs_emulator.wire.http_messages import HttpRequest

_LIST_WORDS = ("member", "entry")
_NUMBER = re.compile(r"[1-9]\d{0,4}")


def params_of(request: HttpRequest) -> dict[str, Any]:
    """`Tags.member.1.Key=a` is read as {"Tags": [{"Key": "a"}]}. What cannot be read is empty."""
    if not request.is_json:
        return _tree(request.parameters)
    try:
        content = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _tree(flat: dict[str, str]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for name, value in flat.items():
        words = [word for word in name.split(".") if word not in _LIST_WORDS]
        here = root
        for word in words[:-1]:
            below = here.setdefault(word, {})
            if not isinstance(below, dict):
                break
            here = below
        else:
            here[words[-1]] = value
    return {name: _with_lists(each) for name, each in root.items()}


def _with_lists(value: Any) -> Any:
    """A level whose names are all numbers is a list, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    below = {name: _with_lists(each) for name, each in value.items()}
    if below and all(map(_NUMBER.fullmatch, below)):
        return [below[name] for name in sorted(below, key=int)]
    return below
