"""Room: the tag of what the runbook made.

Lives here: its key and value, and whether a thing carries it.
Never here: making or deleting anything.
"""

from __future__ import annotations

from collections.abc import Mapping

TAG_KEY, TAG_VALUE = "created-by", "ecs-circuit-breaker-runbook"
"""What the runbook makes carries this tag; only what carries it is ever deleted."""

ECS_TAGS = [{"key": TAG_KEY, "value": TAG_VALUE}]
AWS_TAGS = [{"Key": TAG_KEY, "Value": TAG_VALUE}]


def is_ours(tags: Mapping[str, str]) -> bool:
    return tags.get(TAG_KEY) == TAG_VALUE
