"""Room: how a task looks to a load balancer.

Lives here: the rule that reads, from the target group and the image, whether a target passes its
health check, when, and with which reason it fails.
Never here: targets that are registered, what the scheduler does about them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecs_emulator.world.configuration import LoadBalancer
from ecs_emulator.world.images import ImageReference
from ecs_emulator.world.state import TaskDefinition

WEB_SERVERS = ("nginx", "httpd")
WEB_PORT = 80
WEB_PATHS = ("", "/", "/index.html")
_NO_ANSWER = "Health checks failed"
_STARTS = re.compile(r"(?:sleep (\d+)\s*(?:;|&&)\s*)?(?:exec )?(?:nginx|httpd)(?:-foreground)?\b.*")


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

    With a command of its own the container answers from when that starts the web server: after 90 s
    with `sleep 90; nginx -g 'daemon off;'`, never with `sleep 600`. Any other image is taken to
    answer as the target group wants. While the grace period lasts, a failing check has no
    consequence.
    """
    container = next(c for c in definition.containers if c["name"] == balancer.container_name)
    starts_after = _starts_after(container)
    judged = max(float(check.interval * check.unhealthy_threshold), float(grace_seconds))
    reason = _reason(balancer, check, container)
    if reason is None and starts_after < judged:
        return TargetVerdict(starts_after + check.interval * 2 / 3)
    return TargetVerdict(judged, reason or _NO_ANSWER)


def _starts_after(container: Mapping[str, Any]) -> float:
    """Seconds until a web server answers. Without a command the image starts it at once."""
    command = [str(each) for each in container.get("command", ())]
    if not command or not _is_web_server(container):
        return 0.0
    script = command[-1] if command[0] in ("sh", "/bin/sh", "bash") else " ".join(command)
    found = _STARTS.fullmatch(script)
    return float(found[1] or 0) if found else math.inf


def _is_web_server(container: Mapping[str, Any]) -> bool:
    repository = ImageReference.read(str(container["image"])).repository
    return repository.rpartition("/")[2] in WEB_SERVERS


def _reason(balancer: LoadBalancer, check: HealthCheck, container: Mapping[str, Any]) -> str | None:
    if not _is_web_server(container):
        return None
    port = balancer.container_port if check.port == "traffic-port" else int(check.port)
    if port != WEB_PORT:
        return _NO_ANSWER
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
