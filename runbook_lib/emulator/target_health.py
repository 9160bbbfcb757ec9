"""Room: how a task looks to a load balancer.

Lives here: the rule that reads, from the target group and the image, whether a target passes its
health check, when, and with which reason it fails.
Never here: targets that are registered, what the scheduler does about them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.emulator.images import ImageReference
from runbook_lib.emulator.state import LoadBalancer, TaskDefinition

WEB_SERVERS = ("nginx", "httpd")
WEB_PORT = 80
WEB_PATHS = ("", "/", "/index.html")


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a target group asks of its targets."""

    port: str = "traffic-port"
    path: str = "/"
    interval: int = 30
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    codes: str = "200"


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """`fails_because` is the reason in the service event; None: the target is healthy.

    `after` seconds from registration: a new target is healthy after its first good check, which is
    taken to come at two thirds of the interval (30 s: 20 s), and unhealthy after as many bad ones
    as the threshold says: 30 s and 2: 60 s.
    """

    after: float
    fails_because: str | None = None


def target_verdict(
    balancer: LoadBalancer, check: HealthCheck, definition: TaskDefinition, grace_seconds: int
) -> TargetVerdict:
    """nginx and httpd answer on port 80 at / with 200, elsewhere with 404, on other ports not.

    Any other image is taken to answer as the target group wants. While the grace period lasts, a
    failing check has no consequence.
    """
    reason = _reason(balancer, check, definition)
    if reason is None:
        return TargetVerdict(check.interval * 2 / 3)
    bad = float(check.interval * check.unhealthy_threshold)
    return TargetVerdict(max(bad, float(grace_seconds)), reason)


def _reason(balancer: LoadBalancer, check: HealthCheck, definition: TaskDefinition) -> str | None:
    image = next(
        str(c["image"]) for c in definition.containers if c["name"] == balancer.container_name
    )
    if ImageReference.read(image).repository.rpartition("/")[2] not in WEB_SERVERS:
        return None
    port = balancer.container_port if check.port == "traffic-port" else int(check.port)
    if port != WEB_PORT:
        return "Health checks failed"
    status = 200 if check.path in WEB_PATHS else 404
    if not _is_wanted(status, check.codes):
        return f"Health checks failed with these codes: [{status}]"
    return None


def _is_wanted(status: int, codes: str) -> bool:
    """ "200", "200,302" and "200-299" are matchers."""
    for part in codes.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False
