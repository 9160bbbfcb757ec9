"""Room: what is known of the account around a service.

Lives here: its cluster, its network, its execution role, an alarm, a load balancer.
Never here: AWS calls, camelCase, decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm. `state` is OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    arn: str
    state: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer of the runbook's: ARNs, "" where there is none."""

    target_group: str = ""
    load_balancer: str = ""
    has_listener: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """An ACTIVE cluster. `active_services` counts all of them, whoever made them."""

    name: str
    arn: str
    tags: Mapping[str, str]
    active_services: int = 0


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    arn: str
    policy_arns: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Network:
    """`source` says where it comes from: "default VPC vpc-…" or "parameters"."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    source: str
