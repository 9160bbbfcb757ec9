"""Room: the filter policies of SNS subscriptions.

Lives here: reading a policy, refusing it in the words of SNS, and whether it lets a message go
through.
Never here: subscriptions and deliveries; how a pattern is read and matched (event_patterns).

https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
https://docs.aws.amazon.com/sns/latest/dg/message-filtering-apply.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, TypeGuard

from ecs_emulator.messaging.event_patterns import EventPattern, read
from ecs_emulator.messaging.pattern_operators import SNS, Reading, Refused

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
MOST_KEYS, MOST_COMBINATIONS = 5, 150


class InvalidFilterPolicy(Exception):
    """SNS refuses the policy: InvalidParameter. The text goes behind "FilterPolicy: "."""


class NestedPolicy(Exception):
    """Only the scope MessageBody knows keys within keys."""


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """A policy that was read. `scope` is "MessageAttributes" or "MessageBody"."""

    pattern: EventPattern
    scope: str

    def accepts(self, attributes: Mapping[str, Any], message: str) -> bool:
        """Whether the message goes through. `attributes`: {"level": {"Type": …, "Value": …}}.

        {"level": ["high"]} lets a message through whose attribute level is the text high. A body
        that is no JSON object never goes through a policy on the body.
        """
        if self.scope == ATTRIBUTES:
            return self.pattern.matches({k: _value_of(v) for k, v in attributes.items()})
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(body, dict) and self.pattern.matches(body)


@lru_cache(maxsize=1024)
def parse(text: str, scope: str = ATTRIBUTES) -> FilterPolicy:
    """Read a policy. Raises `InvalidFilterPolicy`, or `NestedPolicy` where the scope knows none.

    SNS reads the text anew without spaces before it names a place in it.
    >>> parse('{"level": ["high"]}').accepts({"level": {"Type": "String", "Value": "high"}}, "")
    True
    """
    try:
        policy = json.loads(text)
        pattern = read(json.dumps(policy, separators=(",", ":")), Reading(SNS))
    except Refused as error:
        raise InvalidFilterPolicy(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidFilterPolicy("failed to parse JSON.") from error
    if scope == ATTRIBUTES and any(isinstance(value, dict) for value in policy.values()):
        raise NestedPolicy(
            "Filter policy scope MessageAttributes does not support nested filter policy"
        )
    if len({path for each in pattern.alternatives for path in each}) > MOST_KEYS:
        raise InvalidFilterPolicy(f"Filter policy can not have more than {MOST_KEYS} keys")
    if _combinations(pattern) > MOST_COMBINATIONS:
        raise InvalidFilterPolicy("Filter policy is too complex")
    return FilterPolicy(pattern, scope)


def has_filter(text: str | None) -> TypeGuard[str]:
    """An empty policy, {}, takes the filter away."""
    return bool(text) and "".join(str(text).split()) != "{}"


def _combinations(pattern: EventPattern) -> int:
    """For each alternative the product of its conditions, values times depth, and their sum.

    {"a": {"b": [1, 2]}, "c": [3]}: 2 values at depth 2, times 1 at depth 1: 4.
    """
    return sum(
        prod(len(matchers) * (path.count(".") + 1) for path, matchers in each.items())
        for each in pattern.alternatives
    )


def _value_of(attribute: Any) -> Any:
    """A number as a number, a list as its elements; what is binary is not looked at."""
    kind, value = str(attribute.get("Type", "")), attribute.get("Value", "")
    if kind.startswith("Number"):
        with suppress(ValueError):
            return float(value)
    if kind.startswith("String.Array"):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return [] if kind.startswith("Binary") else value
