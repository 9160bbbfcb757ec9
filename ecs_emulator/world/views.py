"""Room: the snapshot that the reconciler decides on.

Lives here: reading a `ServiceView` off a service, numbers only, made anew each time.
Never here: decisions.
"""

from __future__ import annotations

from ecs_emulator.world.state import DRAINING, Deployment, DeploymentView, Service, ServiceView


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
        stopping=counts.stopping,
        protected=_protected(deployment),
    )


def _protected(deployment: Deployment) -> tuple[str, ...]:
    """The place of each task that is protected from scale-in, and not on its way out."""
    tasks = [deployment.tasks[arn] for arn in sorted(deployment.protected)]
    return tuple(task.place for task in tasks if not task.is_stopping)
