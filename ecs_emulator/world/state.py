"""Room: the nouns of the emulated ECS.

Lives here: clusters, task definitions, services, deployments, tasks, service deployments and
service revisions, and the `World` that holds them.
Never here: time passing, AWS's JSON replies, rules. Only the engine writes these records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ecs_emulator.world.configuration import DeploymentConfiguration, LoadBalancer

PRIMARY, ACTIVE, INACTIVE, DRAINING = "PRIMARY", "ACTIVE", "INACTIVE", "DRAINING"
IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"


@dataclass(slots=True)
class Cluster:
    name: str
    arn: str
    region: str
    status: str = ACTIVE
    settings: tuple[Mapping[str, str], ...] = ()


@dataclass(slots=True)
class TaskDefinition:
    """A task definition revision. `spec` is what was registered, as the API returns it."""

    arn: str
    family: str
    revision: int
    spec: Mapping[str, Any]
    registered_at: datetime
    registered_by: str
    status: str = ACTIVE
    deregistered_at: datetime | None = None

    @property
    def containers(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.spec["containerDefinitions"])


@dataclass(slots=True)
class Stop:
    """Why a task stops, in AWS's own words."""

    code: str
    reason: str
    exit_code: int | None = None
    container_reason: str | None = None


@dataclass(slots=True)
class Counts:
    """Tasks of one deployment, each in one place. RUNNING: warming, healthy or unhealthy.

    `leaving`: stopped because they were unhealthy, and not STOPPED yet.
    """

    pending: int = 0
    warming: int = 0
    healthy: int = 0
    unhealthy: int = 0
    stopping: int = 0
    leaving: int = 0

    @property
    def running(self) -> int:
        return self.warming + self.healthy + self.unhealthy

    def add(self, place: str, number: int) -> None:
        if place != "gone":
            setattr(self, place, getattr(self, place) + number)


@dataclass(slots=True)
class Task:
    id: str
    arn: str
    region: str
    cluster_arn: str
    service_arn: str
    deployment_id: str
    task_definition: TaskDefinition
    created_at: datetime
    subnet_id: str
    availability_zone: str
    network_ids: Mapping[str, str]
    counts: Counts
    counted_as: str = "pending"
    status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health: str = "UNKNOWN"
    is_healthy: bool = False
    is_condemned: bool = False
    condemned_because: str = ""
    complaint: str = ""
    """The service event about its sickness, as long as it has not been said."""
    checks: dict[str, bool | None] = field(default_factory=dict)
    """What each checker finds: a container health check by its name, a target group by its ARN.
    None: it has not made up its mind yet."""
    health_plan: int = 0
    registered_at: datetime | None = None
    protected_until: datetime | None = None
    version: int = 1
    connectivity_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    stop: Stop | None = None
    exit_codes: dict[str, int] = field(default_factory=dict)
    container_reasons: dict[str, str] = field(default_factory=dict)

    @property
    def is_stopping(self) -> bool:
        return self.desired_status == "STOPPED"

    @property
    def place(self) -> str:
        """The column of the counts in which this task stands."""
        if self.status == "STOPPED":
            return "gone"
        if self.is_stopping:
            return "leaving" if self.is_condemned else "stopping"
        if self.status != "RUNNING":
            return "pending"
        if self.is_condemned:
            return "unhealthy"
        return "healthy" if self.is_healthy else "warming"


@dataclass(frozen=True, slots=True)
class RegisteredTarget:
    """A task in a target group. `state` is initial, healthy, unhealthy, draining or unused."""

    ip: str
    port: int
    zone: str
    state: str
    reason: str | None = None
    description: str | None = None


@dataclass(slots=True)
class Deployment:
    id: str
    task_definition: TaskDefinition
    revision_arn: str
    spec: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    reason: str
    can_start_at: datetime
    settles_in: float
    status: str = PRIMARY
    rollout_state: str = IN_PROGRESS
    desired_count: int = 0
    is_picked_up: bool = False
    failed_attempts: int = 0
    failures: int = 0
    counted_at: datetime | None = None
    verdict_at: datetime | None = None
    changed_at: datetime | None = None
    rolls_back: bool = False
    lacks_capacity: bool = False
    is_deadlocked: bool = False
    stop_requested: str = ""
    ignored_alarms: tuple[str, ...] = ()
    triggered_alarms: tuple[str, ...] = ()
    bakes_for: float = 0.0
    counts: Counts = field(default_factory=Counts)
    tasks: dict[str, Task] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ServiceEvent:
    id: str
    created_at: datetime
    message: str


@dataclass(slots=True)
class ServiceDeployment:
    """One run of the ServiceDeployments API: what became of one request to deploy."""

    arn: str
    service_arn: str
    cluster_arn: str
    deployment_id: str
    created_at: datetime
    updated_at: datetime
    target_revision_arn: str
    source_revisions: tuple[tuple[str, int], ...]
    status: str = "PENDING"
    status_reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    breaker_status: str = "MONITORING"
    failure_count: int = 0
    threshold: int = 0
    rollback_started_at: datetime | None = None
    rollback_reason: str | None = None
    rollback_revision_arn: str | None = None
    alarm_status: str = "DISABLED"
    alarm_names: tuple[str, ...] = ()
    triggered_alarms: tuple[str, ...] = ()
    configuration: DeploymentConfiguration = field(default_factory=DeploymentConfiguration)
    last_counts: tuple[int, int, int] | None = None
    """Requested, running and pending tasks of the target as it ended; None while it goes on."""


@dataclass(slots=True)
class ServiceRevision:
    arn: str
    service_arn: str
    cluster_arn: str
    task_definition_arn: str
    spec: Mapping[str, Any]
    created_at: datetime


@dataclass(slots=True)
class Service:
    """`spec` is the part of the service that the emulator only hands back: network, launch type."""

    arn: str
    name: str
    region: str
    cluster_arn: str
    desired_count: int
    configuration: DeploymentConfiguration
    spec: Mapping[str, Any]
    created_at: datetime
    created_by: str
    status: str = ACTIVE
    deployments: list[Deployment] = field(default_factory=list)
    events: list[ServiceEvent] = field(default_factory=list)
    service_deployments: list[ServiceDeployment] = field(default_factory=list)
    revisions: list[ServiceRevision] = field(default_factory=list)
    acts_at: datetime | None = None
    wakes_at: datetime | None = None
    held: tuple[str, int] | None = None
    throttled_on: set[str] = field(default_factory=set)
    extra_tasks: int = 0
    looks_at_zones: bool = False
    is_steady: bool = False
    steady_said_at: datetime | None = None

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        return tuple(
            LoadBalancer(each["targetGroupArn"], each["containerName"], each["containerPort"])
            for each in self.spec.get("loadBalancers", ())
        )

    def deployment(self, deployment_id: str) -> Deployment | None:
        return next((d for d in self.deployments if d.id == deployment_id), None)

    def target_counts(self, record: ServiceDeployment) -> tuple[int, int, int]:
        """Requested, running and pending tasks of what is being deployed: (3, 2, 1).

        (0, 0, 0) once it is rolled back. One that has ended stays as it ended.
        """
        if record.last_counts is not None:
            return record.last_counts
        deployment = self.deployment(record.deployment_id)
        if deployment is None or deployment.revision_arn != record.target_revision_arn:
            return 0, 0, 0
        counts = deployment.counts
        return deployment.desired_count, counts.running, counts.pending

    def service_deployment(self, deployment_id: str) -> ServiceDeployment | None:
        """The newest one for this deployment id."""
        return next(
            (s for s in reversed(self.service_deployments) if s.deployment_id == deployment_id),
            None,
        )


@dataclass(slots=True)
class World:
    """Everything that exists, by ARN."""

    clusters: dict[str, Cluster] = field(default_factory=dict)
    task_definitions: dict[str, TaskDefinition] = field(default_factory=dict)
    families: dict[tuple[str, str], list[TaskDefinition]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
