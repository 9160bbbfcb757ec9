"""Room: what is known of a service, its deployments and its tasks, at one moment.

Lives here: frozen facts with the predicates that the rest of the runbook speaks in.
Never here: AWS calls, camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


def short(arn: str) -> str:
    """The name at the end of an ARN: arn:aws:ecs:…:task-definition/my-task:1 → my-task:1."""
    return arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Deployment:
    id: str
    status: str
    rollout_state: str
    rollout_state_reason: str
    task_definition: str
    desired_count: int
    running_count: int
    pending_count: int
    failed_tasks: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_primary(self) -> bool:
        return self.status == "PRIMARY"

    @property
    def has_failed(self) -> bool:
        return self.rollout_state == "FAILED"

    @property
    def is_completed(self) -> bool:
        return self.rollout_state == "COMPLETED"


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    created_at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    enable: bool
    rollback: bool
    threshold_type: str = "BOUNDED_PERCENT"
    threshold_value: int = 50


@dataclass(frozen=True, slots=True)
class Service:
    """A service as DescribeServices shows it. Events are newest first, as AWS gives them."""

    name: str
    arn: str
    cluster_arn: str
    status: str
    desired_count: int
    running_count: int
    pending_count: int
    task_definition: str
    circuit_breaker: CircuitBreaker
    deployments: tuple[Deployment, ...]
    events: tuple[ServiceEvent, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"

    @property
    def primary(self) -> Deployment | None:
        return next((each for each in self.deployments if each.is_primary), None)

    def deployment(self, deployment_id: str) -> Deployment | None:
        return next((each for each in self.deployments if each.id == deployment_id), None)

    @property
    def is_steady(self) -> bool:
        """One deployment, COMPLETED, and as many tasks running as desired."""
        return (
            len(self.deployments) == 1
            and self.deployments[0].is_completed
            and self.running_count == self.desired_count
        )


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    deployment_id: str
    task_definition: str
    last_status: str
    stop_code: str
    stopped_reason: str
    container_reasons: tuple[str, ...]
    exit_codes: tuple[int | None, ...]
    created_at: datetime | None
    started_at: datetime | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceDeployment:
    """One entry of the ServiceDeployments API, which outlives `deployments` of the service."""

    arn: str
    status: str
    status_reason: str
    target_task_definition: str
    created_at: datetime
    finished_at: datetime | None
    failure_count: int | None
    threshold: int | None


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """`images` maps container names to image references."""

    arn: str
    family: str
    revision: int
    status: str
    images: Mapping[str, str]
    spec: Mapping[str, object]
    tags: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.family}:{self.revision}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """`arn` is "PendingConfirmation" until the link in the mail has been followed."""

    arn: str
    protocol: str
    endpoint: str

    @property
    def is_confirmed(self) -> bool:
        return self.arn.startswith("arn:")


@dataclass(frozen=True, slots=True)
class Topic:
    arn: str
    policy: Mapping[str, object]
    subscriptions: tuple[Subscription, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    arn: str
    state: str
    event_pattern: Mapping[str, object]
    targets: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Queue:
    url: str
    arn: str
    tags: Mapping[str, str]
    policy: Mapping[str, object] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Alert:
    """A deployment event as it reached the probe queue behind the topic."""

    event: Mapping[str, object]
    received_at: datetime

    @property
    def detail(self) -> Mapping[str, str]:
        return self.event["detail"]  # type: ignore[return-value]

    @property
    def deployment_id(self) -> str:
        return self.detail["deploymentId"]

    @property
    def event_name(self) -> str:
        return self.detail["eventName"]
