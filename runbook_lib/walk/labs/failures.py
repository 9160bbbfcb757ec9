"""Room: releases that fail, each in its own way.

Lives here: the catalogue that a lab ships one after the other, and one whose fault is to be found.
Never here: what a reason means (causes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter
from runbook_lib.plans.labs.release import Release

FEATURE = {"name": "FEATURE", "value": "on"}
"""What makes the mystery release a new one: a container without it is not that release."""
MYSTERY = "mystery"
NO_SUCH_SECRET = "lab-no-such-secret"  # noqa: S105 - the name of a secret that does not exist


def failing_releases(session: Session) -> tuple[Release, ...]:
    """Six releases that work nowhere; on AWS they fail for the same reasons as here."""
    secret = session.arn("secretsmanager", f"secret:{NO_SUCH_SECRET}")
    return (
        Release(name="wrong tag", image="nginx:wrong-image-tag"),
        Release(name="wrong repository", image="nginx-no-such-repository:alpine"),
        Release(name="unreadable secret", container=_with_secret(secret)),
        Release(name="exits at once", command="exit 3"),
        Release(name="takes too much memory", command="tail /dev/zero"),
        Release(name="fails its health check", container=_with_check()),
    )


def mystery_release(session: Session, number: int) -> Release:
    """A release with a fault, from 1 to 5, which its name does not tell. Raises `BadParameter`."""
    secret = session.arn("secretsmanager", f"secret:{NO_SUCH_SECRET}")
    faults: tuple[Mapping[str, Any], ...] = (
        {"container": _with_check()},
        {"image": "nginx:alpin"},
        {"command": "exit 1"},
        {"container": _with_secret(secret)},
        {"command": "tail /dev/zero"},
    )
    if not 1 <= number <= len(faults):
        problem = f"{number} is not between 1 and {len(faults)}"
        raise BadParameter(name="mystery", problem=problem, example=1)
    fault = faults[number - 1]
    container = {**fault.get("container", {}), "environment": [FEATURE]}
    return Release(name=f"{MYSTERY} {number}", **{**fault, "container": container})


def _with_check() -> dict[str, object]:
    dead = {"command": ["CMD-SHELL", "exit 1"], "interval": 10, "timeout": 5, "retries": 2}
    return {"healthCheck": dead}


def _with_secret(arn: str) -> dict[str, object]:
    return {"secrets": [{"name": "PASSWORD", "valueFrom": arn}]}
