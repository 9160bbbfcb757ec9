"""Room: the snapshot that the reconciler decides on.

Lives here: `ServiceView` and how it is read off a service, numbers only, made anew each time.
Never here: decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ecs_emulator.world.configuration import DeploymentConfiguration
from ecs_emulator.world.state import DRAINING, Deployment, Service


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """What the reconciler may know of a deployment."""

    id: str
    rollout_state: str
    can_start_at: datetime
    changed_at: datetime
    settles_in: float
    desired_count: int = 0
    is_picked_up: bool = True
    failures: int = 0
    counted_at: datetime | None = None
    verdict_at: datetime | None = None
    stop_requested: str = ""
    is_alarmed: bool = False
    pending: int = 0
    warming: int = 0
    healthy: int = 0
    unhealthy: int = 0
    stopping: int = 0
    leaving: int = 0
    protected: tuple[str, ...] = ()

    @property
    def live(self) -> int:
        """Tasks in PENDING or RUNNING, the ones that maximumPercent counts."""
        return self.pending + self.warming + self.healthy + self.unhealthy

    def free(self, place: str) -> int:
        """Tasks in a place that a scale-in may stop. `protected` names the place of each other."""
        return int(getattr(self, place)) - self.protected.count(place)


@dataclass(frozen=True, slots=True)
class ServiceView:
    """What the reconciler may know of a service: `deployments[0]` is the PRIMARY one."""

    desired_count: int
    configuration: DeploymentConfiguration
    deployments: tuple[DeploymentView, ...]
    is_draining: bool = False
    acts_at: datetime | None = None
    extra_tasks: int = 0

    @property
    def primary(self) -> DeploymentView:
        return self.deployments[0]

    @property
    def others(self) -> tuple[DeploymentView, ...]:
        return self.deployments[1:]


def view_of(service: Service) -> ServiceView:
    return ServiceView(
        desired_count=service.desired_count,
        configuration=service.configuration,
        deployments=tuple(_view_of(each) for each in service.deployments),
        is_draining=service.status == DRAINING,
        acts_at=service.acts_at,
        extra_tasks=service.extra_tasks,
    )


def _view_of(deployment: Deployment) -> DeploymentView:
    counts = deployment.counts
    return DeploymentView(
        id=deployment.id,
        rollout_state=deployment.rollout_state,
        can_start_at=deployment.can_start_at,
        changed_at=deployment.changed_at or deployment.created_at,
        settles_in=deployment.settles_in + deployment.bakes_for,
        desired_count=deployment.desired_count,
        is_picked_up=deployment.is_picked_up,
        failures=deployment.failures,
        counted_at=deployment.counted_at,
        verdict_at=deployment.verdict_at,
        stop_requested=deployment.stop_requested,
        is_alarmed=bool(deployment.triggered_alarms),
        pending=counts.pending,
        warming=counts.warming,
        healthy=counts.healthy,
        unhealthy=counts.unhealthy,
        stopping=counts.stopping + counts.leaving,
        leaving=counts.leaving,
        protected=_protected(deployment),
    )


def _protected(deployment: Deployment) -> tuple[str, ...]:
    """The place of each task that is protected from scale-in, and not on its way out."""
    if not deployment.protected:
        return ()
    tasks = [deployment.tasks[arn] for arn in sorted(deployment.protected)]
    return tuple(task.place for task in tasks if not task.is_stopping)
