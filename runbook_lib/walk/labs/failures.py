"""Room: releases that fail, each in its own way.

Lives here: the catalogue that a lab ships one after the other.
Never here: what a reason means (causes).
"""

from __future__ import annotations

from runbook_lib.aws.session import Session
from runbook_lib.plans.labs.release import Release

NO_SUCH_SECRET = "lab-no-such-secret"  # noqa: S105 - the name of a secret that does not exist


def failing_releases(session: Session) -> tuple[Release, ...]:
    """Six releases that work nowhere; on AWS they fail for the same reasons as here."""
    secret = session.arn("secretsmanager", f"secret:{NO_SUCH_SECRET}")
    dead = {"command": ["CMD-SHELL", "exit 1"], "interval": 10, "timeout": 5, "retries": 2}
    return (
        Release(name="wrong tag", image="nginx:wrong-image-tag"),
        Release(name="wrong repository", image="nginx-no-such-repository:alpine"),
        Release(name="unreadable secret", container=_with_secret(secret)),
        Release(name="exits at once", command="exit 3"),
        Release(name="takes too much memory", command="tail /dev/zero"),
        Release(name="fails its health check", container={"healthCheck": dead}),
    )


def _with_secret(arn: str) -> dict[str, object]:
    return {"secrets": [{"name": "PASSWORD", "valueFrom": arn}]}
