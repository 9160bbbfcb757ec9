"""Room: what is known of a service, its deployments and its tasks, at one moment.

Lives here: frozen facts with the predicates that the rest of the runbook speaks in.
Never here: AWS calls, camelCase, decisions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_ROLLING_BACK = re.compile(r"rolling back to deployment (\S+?)\.?$")
_FAILED = re.compile(r"\(deployment (\S+)\) deployment failed")
_COMPLAINT = re.compile(r"failed to launch a task|was unable to|is unhealthy")
_AT_ONCE = timedelta(seconds=5)


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
    """`reset_on_healthy_task` true: consecutive failures count, false: all of them."""

    enable: bool
    rollback: bool
    threshold_type: str = "BOUNDED_PERCENT"
    threshold_value: int = 50
    reset_on_healthy_task: bool = True

    @property
    def rolls_back(self) -> bool:
        return self.enable and self.rollback

    def has_threshold_of(self, other: CircuitBreaker) -> bool:
        return (self.threshold_type, self.threshold_value) == (
            other.threshold_type,
            other.threshold_value,
        )

    def threshold(self, desired_count: int) -> int | None:
        """Failures that trip it; None where the breaker is off.

        Half of the desired count, rounded up, held between 3 and 200 by default: 1 → 3, 25 → 13,
        400 → 200. UNBOUNDED_PERCENT knows no bounds (at least 1 is assumed); COUNT is the value
        itself.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        """
        if not self.enable:
            return None
        if self.threshold_type == "COUNT":
            return self.threshold_value
        share = -(-self.threshold_value * desired_count // 100)
        if self.threshold_type == "UNBOUNDED_PERCENT":
            return max(share, 1)
        return min(max(share, 3), 200)


@dataclass(frozen=True, slots=True)
class DeploymentAlarms:
    names: tuple[str, ...] = ()
    enable: bool = False
    rollback: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service as DescribeServices shows it. Events are newest first, as AWS gives them.

    `grace_seconds` is its healthCheckGracePeriodSeconds.
    """

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
    alarms: DeploymentAlarms = field(default_factory=DeploymentAlarms)
    deployment_controller: str = "ECS"
    grace_seconds: int = 0

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"

    @property
    def is_draining(self) -> bool:
        """It has been deleted, and its tasks are still stopping."""
        return self.status == "DRAINING"

    @property
    def primary(self) -> Deployment | None:
        return next((each for each in self.deployments if each.is_primary), None)

    @property
    def restored_task_definition(self) -> str:
        """What a rollback would return to: the task definition of the newest COMPLETED deployment.

        Where none is COMPLETED, what the service is to run.
        """
        completed = [each for each in self.deployments if each.is_completed]
        newest = max(completed, key=lambda each: each.created_at, default=None)
        return newest.task_definition if newest else self.task_definition

    def deployment(self, deployment_id: str) -> Deployment | None:
        return next((each for each in self.deployments if each.id == deployment_id), None)

    def failed_at(self, deployment_id: str) -> datetime | None:
        """When a service event called this deployment failed."""
        return self._said_at(f"(deployment {deployment_id}) deployment failed")

    def completed_at(self, deployment_id: str) -> datetime | None:
        """When a service event last called it completed; a rollback to it says so too."""
        return self._said_at(f"(deployment {deployment_id}) deployment completed")

    def rolled_back_to(self, deployment_id: str) -> str:
        """The id of the deployment that ECS went back to when this one failed; "" if to none.

        Read off the service event that follows the failure at once.
        """
        failed_at = self.failed_at(deployment_id)
        for event in self.events:
            found = _ROLLING_BACK.search(event.message)
            if found and failed_at and timedelta() <= event.created_at - failed_at <= _AT_ONCE:
                return found[1]
        return ""

    def came_back_from(self, deployment_id: str) -> bool | None:
        """Whether the rollback that followed this deployment's failure came to its end.

        True: "deployment completed" of the old deployment after the failure says so. False: another
        deployment failed first, so that it can only be the end of that one's rollback. None: no
        event says either.
        """
        failed_at, back = self.failed_at(deployment_id), self.rolled_back_to(deployment_id)
        completed = f"(deployment {back}) deployment completed"
        for event in reversed(self.events):
            if failed_at is None or event.created_at < failed_at:
                continue
            if completed in event.message:
                return True
            found = _FAILED.search(event.message)
            if found and found[1] != deployment_id:
                return False
        return None

    @property
    def last_failure(self) -> tuple[str, datetime] | None:
        """The id of the deployment that failed last, and when; None if no event tells of one."""
        for event in self.events:
            if found := _FAILED.search(event.message):
                return found[1], event.created_at
        return None

    @property
    def last_complaint(self) -> str:
        """The newest service event that says why a task could not be started; "" if none does."""
        return next((e.message for e in self.events if _COMPLAINT.search(e.message)), "")

    def _said_at(self, text: str) -> datetime | None:
        return next((each.created_at for each in self.events if text in each.message), None)

    @property
    def is_steady(self) -> bool:
        """One deployment, COMPLETED, and as many tasks running as desired."""
        return (
            len(self.deployments) == 1
            and self.deployments[0].is_completed
            and self.running_count == self.desired_count
        )


@dataclass(frozen=True, slots=True)
class Container:
    """`reason` is ECS's own, such as OutOfMemoryError; `exit_code` None if it never ran."""

    name: str
    exit_code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """`health_status` is HEALTHY, UNHEALTHY, or UNKNOWN where no container is checked."""

    id: str
    deployment_id: str
    task_definition: str
    last_status: str
    stop_code: str
    stopped_reason: str
    containers: tuple[Container, ...]
    created_at: datetime | None
    started_at: datetime | None
    stopped_at: datetime | None
    health_status: str = "UNKNOWN"


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
    breaker_status: str = ""
    alarm_status: str = ""
    triggered_alarms: tuple[str, ...] = ()
    rollback_started_at: datetime | None = None

    @property
    def was_stopped(self) -> bool:
        return self.status == "STOPPED"


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
