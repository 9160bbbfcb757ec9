"""Room: the tags of what the runbook made: that it did, and for which services.

Lives here: their keys and values, and what a thing's tags say.
Never here: making, tagging or deleting anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

TAG_KEY, TAG_VALUE = "created-by", "ecs-circuit-breaker-runbook"
"""What the runbook makes carries this tag; only what carries it is ever deleted."""

USED_BY = "used-by-"
"""Every service that a thing is for has a tag of its own on it: `used-by-5b1e6d0a92c4`. Its value
is the service: `eu-west-1/default/my-service`. The thing is deleted with the last of them."""

ECS_TAGS = [{"key": TAG_KEY, "value": TAG_VALUE}]
AWS_TAGS = [{"Key": TAG_KEY, "Value": TAG_VALUE}]
_LONGEST_VALUE = 256


def is_ours(tags: Mapping[str, str]) -> bool:
    return tags.get(TAG_KEY) == TAG_VALUE


def use_key(user: str) -> str:
    """The key of a user's tag; a digest, for a name may be longer than a key."""
    return f"{USED_BY}{sha256(user.encode()).hexdigest()[:12]}"


def use_tags(user: str) -> dict[str, str]:
    """The tag that says: this service uses it. `user` is `Settings.user`."""
    return {use_key(user): user[:_LONGEST_VALUE]}


def shared_tags(user: str) -> dict[str, str]:
    """The tags of a new thing that others may come to use, too."""
    return {TAG_KEY: TAG_VALUE, **use_tags(user)}


def is_used_by(tags: Mapping[str, str], user: str) -> bool:
    """Did the runbook make it, and for this service, too?"""
    return is_ours(tags) and use_key(user) in tags


def users_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The services that a thing is for: ("eu-west-1/default/my-service",)."""
    return tuple(sorted(value for key, value in tags.items() if key.startswith(USED_BY)))


def other_users(tags: Mapping[str, str], user: str) -> tuple[str, ...]:
    """Those who still use it when `user` has gone."""
    own = use_key(user)
    return users_of({key: value for key, value in tags.items() if key != own})


def in_lower_case(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As ECS takes them: [{"key": …, "value": …}]."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def in_upper_case(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As SNS, EventBridge and IAM take them: [{"Key": …, "Value": …}]."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
