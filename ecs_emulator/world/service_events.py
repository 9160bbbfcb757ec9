"""Room: the wording of service events and of rollout reasons.

Lives here: every sentence that DescribeServices shows, one small constructor each.
Never here: when a sentence is said.

Texts as ECS writes them in 2026: always "tasks", even for one, each task id in its own brackets.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def _each(task_ids: Sequence[str]) -> str:
    return " ".join(f"(task {task_id})" for task_id in task_ids)


def has_started(service: str, task_ids: Sequence[str], replaced: int = 0) -> str:
    text = f"(service {service}) has started {len(task_ids)} tasks: {_each(task_ids)}."
    if replaced:
        text += f" Amazon ECS replaced {replaced} tasks due to an unhealthy status."
    return text


def has_stopped_running(service: str, task_ids: Sequence[str]) -> str:
    return f"(service {service}) has stopped {len(task_ids)} running tasks: {_each(task_ids)}."


def stopped_pending(service: str, count: int) -> str:
    return f"(service {service}) stopped {count} pending tasks."


def unable_to_place(service: str, reason: str) -> str:
    return f"(service {service}) was unable to place a task. Reason: {reason.removesuffix('.')}."


def failed_container_health_checks(service: str, task_id: str) -> str:
    return f"(service {service}) (task {task_id}) failed container health checks."


def registered(service: str, count: int, target_group_arn: str) -> str:
    """No full stop at the end."""
    return f"(service {service}) registered {count} targets in (target-group {target_group_arn})"


def deregistered(service: str, count: int, target_group_arn: str) -> str:
    """No full stop at the end."""
    return f"(service {service}) deregistered {count} targets in (target-group {target_group_arn})"


def draining(service: str, deployment_id: str, count: int) -> str:
    """The form of 2026, in which the deployment's id stands as a task set's."""
    return (
        f"(service {service}, taskSet {deployment_id}) has begun draining connections on "
        f"{count} tasks."
    )


def unhealthy_in_target_group(
    service: str, task_id: str, port: int, target_group_arn: str, reason: str
) -> str:
    return (
        f"(service {service}) (task {task_id}) (port {port}) is unhealthy in "
        f"(target-group {target_group_arn}) due to (reason {reason})."
    )


FAILED_CONTAINER_HEALTH_CHECKS = "Task failed container health checks"


def account_blocked(service: str) -> str:
    return (
        f"(service {service}) was unable to place a task because your account is currently blocked."
    )


def deadlocked(service: str) -> str:
    return (
        f"(service {service}) was unable to stop or start tasks during a deployment because of the "
        "service deployment configuration. Update the minimumHealthyPercent or maximumPercent "
        "value and try again."
    )


def failed_to_launch(service: str, error: str) -> str:
    return f"(service {service}) failed to launch a task with (error {error})."


def throttled(service: str, by: str) -> str:
    """Tasks wait for ECS itself, or targets for the load balancer: then it is named."""
    where = "" if by == "ecs" else f" on {by}"
    return f"(service {service}) operations are being throttled{where}. Will try again later."


def _spread(zones: Mapping[str, int]) -> str:
    return ", ".join(f"{count} tasks in {zone}" for zone, count in zones.items())


def not_balanced(service: str, zones: Mapping[str, int]) -> str:
    return (
        f"(service {service}) is not AZ balanced with {_spread(zones)}. AZ Rebalancing in progress."
    )


def balanced(service: str, zones: Mapping[str, int]) -> str:
    return f"(service {service}) is AZ balanced with {_spread(zones)}."


def started_to_balance(service: str, zone: str, task_ids: Sequence[str]) -> str:
    tasks = f"{len(task_ids)} tasks in {zone} to AZ Rebalance: {_each(task_ids)}."
    return f"(service {service}) has started {tasks}"


def stopped_to_balance(service: str, zone: str, task_ids: Sequence[str]) -> str:
    tasks = f"{len(task_ids)} running tasks in {zone} due to AZ rebalancing: {_each(task_ids)}."
    return f"(service {service}) has stopped {tasks}"


def cannot_balance(service: str, deployment_id: str, count: int) -> str:
    return (
        f"(service {service}) was unable to AZ Rebalance because (taskSet {deployment_id}) was "
        f"unable to scale in due to (reason {count} tasks under protection)"
    )


def stopped_balancing(service: str) -> str:
    return f"(service {service}) stopped AZ Rebalancing."


def under_protection(service: str, deployment_id: str, count: int) -> str:
    """No full stop at the end. The developer guide words it in its own way."""
    return (
        f"(service {service}) was unable to reach steady state because (taskSet {deployment_id}) "
        f"was unable to scale in due to (reason {count} tasks under protection)"
    )


def impaired(service: str) -> str:
    return (
        f"(service {service}) is unable to consistently start tasks successfully. For more "
        "information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )


def failed_elb_health_checks(target_group_arn: str) -> str:
    """The stoppedReason of a task that a target group found unhealthy."""
    return f"Task failed ELB health checks in (target-group {target_group_arn})"


NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability "
    "zone."
)


def deployment_failed(service: str, deployment_id: str, event: str) -> str:
    return f"(service {service}) (deployment {deployment_id}) deployment failed: {event}."


def rolling_back(service: str, deployment_id: str) -> str:
    return f"(service {service}) rolling back to deployment {deployment_id}."


def deployment_completed(service: str, deployment_id: str) -> str:
    return f"(service {service}) (deployment {deployment_id}) deployment completed."


def steady_state(service: str) -> str:
    return f"(service {service}) has reached a steady state."


def in_progress_reason(deployment_id: str) -> str:
    return f"ECS deployment {deployment_id} in progress."


def completed_reason(deployment_id: str) -> str:
    return f"ECS deployment {deployment_id} completed."


@dataclass(frozen=True, slots=True)
class Cause:
    """What ends a deployment, in the five places where ECS words it.

    `event` ends the service event "deployment failed: …"; `rolling_back_reason` is followed by the
    deployment's id; `is_told` says whether EventBridge gets SERVICE_DEPLOYMENT_FAILED.
    """

    event: str
    failed_reason: str
    rolling_back_reason: str
    record_reason: str
    is_told: bool = True


CAUSES = {
    # AWS's sample event says "task failed"; every deployment seen says "tasks failed".
    "breaker": Cause(
        "tasks failed to start",
        "ECS deployment circuit breaker: tasks failed to start.",
        "ECS deployment circuit breaker: rolling back to deploymentId",
        "Service deployment rolled back because the circuit breaker threshold was exceeded.",
    ),
    # The event is as seen; how the reasons are worded is assumed.
    "alarm": Cause(
        "alarm detected",
        "ECS deployment alarms: alarm detected.",
        "ECS deployment alarms: rolling back to deploymentId",
        "Service deployment rolled back because of CloudWatch alarm(s).",
    ),
    # The event is as seen; how the reasons are worded is assumed.
    "blocked": Cause(
        "deployment failure",
        "ECS deployment failed: deployment failure.",
        "ECS deployment failed: rolling back to deploymentId",
        "Service deployment rolled back because of a deployment failure.",
    ),
    # No public text is known; all of it is assumed.
    "stop": Cause(
        "stopped by a user",
        "ECS deployment stopped by a user.",
        "ECS deployment stopped by a user: rolling back to deploymentId",
        "Service deployment rolled back because a user requested it.",
        is_told=False,
    ),
}
NO_ROLLBACK_CANDIDATE = "No rollback candidate was found to run the rollback."


def scaling_activity(deployment_id: str) -> str:
    """The stoppedReason of a task that a deployment or a scale-in replaced."""
    return f"Scaling activity initiated by (deployment {deployment_id})"


def rebalancing_activity(deployment_id: str) -> str:
    """The stoppedReason of a task whose Availability Zone had too many.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/track-service-rebalancing.html
    """
    return f"Availability-zone rebalancing initiated by (deployment {deployment_id})"
