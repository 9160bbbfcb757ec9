"""Room: what every operation of the ECS API needs.

Lives here: the call, the engine and the account behind it, names and ARNs, paging.
Never here: what an operation does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator.api.errors import (
    EcsError,
    client_error,
    cluster_not_found,
    invalid_parameter,
    not_emulated,
    service_not_found,
)
from ecs_emulator.ecs.engine import Engine
from ecs_emulator.wire.faults import Faults
from ecs_emulator.world.lookups import TargetGroupInfo
from ecs_emulator.world.state import ACTIVE, INACTIVE, Cluster, Service, TaskDefinition

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TOKEN = re.compile(r"[0-9]{1,9}")


def is_name(text: str) -> bool:
    """What ECS accepts as the name of a cluster, a service, a family or a container."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Call:
    operation: str
    params: Mapping[str, Any]
    region: str

    def emulated(self, *members: str) -> None:
        """Refuse loudly what this operation would otherwise drop."""
        for name in self.params:
            if name not in members:
                raise not_emulated(f"{name} of ecs:{self.operation}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subnet or a security group lives."""

    vpc_id: str
    availability_zone: str = ""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What ECS asks of EC2, IAM and ELB: (region, id) → the thing, or None if it does not exist."""

    subnet: Callable[[str, str], Place | None]
    security_group: Callable[[str, str], Place | None]
    has_service_linked_role: Callable[[], bool]
    target_group: Callable[[str, str], TargetGroupInfo | None]


@dataclass(frozen=True, slots=True)
class Context:
    engine: Engine
    account_id: str
    neighbours: Neighbours
    faults: Callable[[], Faults] = Faults

    @property
    def caller(self) -> str:
        return f"arn:aws:iam::{self.account_id}:root"

    def arn(self, region: str, kind: str, rest: str) -> str:
        return f"arn:aws:ecs:{region}:{self.account_id}:{kind}/{rest}"

    def cluster(self, call: Call) -> Cluster:
        """The cluster of the call, by name or ARN; `default` if it names none."""
        found = self.find_cluster(call.region, str(call.params.get("cluster") or "default"))
        if found is None or found.status != ACTIVE:
            raise cluster_not_found()
        return found

    def find_cluster(self, region: str, reference: str) -> Cluster | None:
        arn = reference if reference.startswith("arn:") else self.arn(region, "cluster", reference)
        return self.engine.world.clusters.get(arn)

    def find_service(self, cluster: Cluster, reference: str) -> Service | None:
        name = reference.rpartition("/")[2]
        arn = self.arn(cluster.region, "service", f"{cluster.name}/{name}")
        if reference.startswith("arn:") and reference != arn:
            return None
        return self.engine.world.services.get(arn)

    def service(self, call: Call, reference: str) -> Service:
        found = self.find_service(self.cluster(call), reference)
        if found is None or found.status == INACTIVE:
            raise service_not_found()
        return found

    def task_definition(self, region: str, reference: str) -> TaskDefinition | None:
        """By ARN, `family:revision`, or `family` for its latest ACTIVE revision."""
        name = reference.rpartition("/")[2]
        family, _, revision = name.partition(":")
        if revision:
            arn = self.arn(region, "task-definition", name)
            return self.engine.world.task_definitions.get(arn)
        revisions = self.engine.world.families.get((region, family), [])
        return next((each for each in reversed(revisions) if each.status == ACTIVE), None)

    def active_task_definition(self, region: str, reference: str) -> TaskDefinition:
        found = self.task_definition(region, reference)
        if found is None:
            raise client_error("Unable to describe task definition.")
        if found.status != ACTIVE:
            raise client_error("TaskDefinition is inactive")
        return found

    def tags_of(self, arn: str) -> list[dict[str, str]]:
        tags = self.engine.world.tags.get(arn, {})
        return [{"key": key, "value": value} for key, value in tags.items()]

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        if tags:
            self.engine.world.tags[arn] = {**self.engine.world.tags.get(arn, {}), **tags}


def tags_given(call: Call) -> dict[str, str]:
    """The tags of the call. A tag may lack a value, not a key."""
    tags = call.params.get("tags", ())
    if not all(each.get("key") for each in tags):
        raise invalid_parameter("Every tag needs a key.")
    return {each["key"]: each.get("value", "") for each in tags}


def page(
    call: Call, items: Sequence[Any], key: str, *, default: int = 100, most: int = 100
) -> dict[str, Any]:
    """One page under `key`, and a nextToken if there are more. 250 items: 100, 100, 50."""
    size = int(call.params.get("maxResults", default))
    if not 1 <= size <= most:
        raise invalid_parameter(f"maxResults must be between 1 and {most}.")
    token = str(call.params.get("nextToken", "0"))
    if not _TOKEN.fullmatch(token):
        raise EcsError("InvalidParameterException", "Invalid token.")
    start = int(token)
    reply: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        reply["nextToken"] = str(start + size)
    return reply
