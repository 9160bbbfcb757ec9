"""Room: the wording of service events and of rollout reasons.

Lives here: every sentence that DescribeServices shows, one small constructor each.
Never here: when a sentence is said.

Texts as ECS writes them in 2026: always "tasks", even for one, each task id in its own brackets.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from __future__ import annotations

from collections.abc import Sequence


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


def deployment_failed(service: str, deployment_id: str) -> str:
    return (
        f"(service {service}) (deployment {deployment_id}) "
        "deployment failed: tasks failed to start."
    )


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


BREAKER_FAILED_REASON = "ECS deployment circuit breaker: tasks failed to start."
"""AWS's sample event says "task failed"; every deployment seen says "tasks failed"."""

ROLLBACK_REASON = (
    "Service deployment rolled back because the circuit breaker threshold was exceeded."
)
NO_ROLLBACK_CANDIDATE = "No rollback candidate was found to run the rollback."


def rolling_back_reason(deployment_id: str) -> str:
    return f"ECS deployment circuit breaker: rolling back to deploymentId {deployment_id}."


def scaling_activity(deployment_id: str) -> str:
    """The stoppedReason of a task that a deployment or a scale-in replaced."""
    return f"Scaling activity initiated by (deployment {deployment_id})"
