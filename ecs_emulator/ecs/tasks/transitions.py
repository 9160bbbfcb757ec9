"""Room: the life cycles, as tables.

Lives here: which move of a task, a deployment or a service deployment is allowed at all.
Never here: why a move happens.

Task states: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

TASK = {
    "PROVISIONING": {"PENDING", "DEPROVISIONING"},
    "PENDING": {"ACTIVATING", "RUNNING", "DEPROVISIONING"},
    "ACTIVATING": {"RUNNING", "DEPROVISIONING"},
    "RUNNING": {"DEACTIVATING", "STOPPING"},
    "DEACTIVATING": {"STOPPING"},
    "STOPPING": {"DEPROVISIONING"},
    "DEPROVISIONING": {"STOPPED"},
    "STOPPED": set[str](),
}

ROLLOUT = {
    "IN_PROGRESS": {"COMPLETED", "FAILED"},
    "COMPLETED": {"IN_PROGRESS"},
    "FAILED": set[str](),
}

SERVICE_DEPLOYMENT = {
    "PENDING": {"IN_PROGRESS", "STOPPED", "STOP_REQUESTED", "ROLLBACK_REQUESTED"},
    "IN_PROGRESS": {
        "SUCCESSFUL",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_FAILED",
        "STOPPED",
        "STOP_REQUESTED",
        "ROLLBACK_REQUESTED",
    },
    "STOP_REQUESTED": {"STOPPED"},
    "ROLLBACK_REQUESTED": {"ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "STOPPED"},
    "ROLLBACK_IN_PROGRESS": {"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"},
    "SUCCESSFUL": set[str](),
    "ROLLBACK_SUCCESSFUL": set[str](),
    "ROLLBACK_FAILED": set[str](),
    "STOPPED": set[str](),
}


class ForbiddenTransition(AssertionError):
    """The engine asked for a move that no life cycle has: a defect of the emulator."""


def allow(table: dict[str, set[str]], before: str, after: str) -> str:
    """Return `after` if the table has the move: RUNNING may become STOPPING, never PENDING."""
    if after not in table[before]:
        raise ForbiddenTransition(f"{before} may not become {after}")
    return after
