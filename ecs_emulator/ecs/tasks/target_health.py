"""Room: how a task looks to a load balancer.

Lives here: the rule that reads, from the target group and the image, what the health check of a
target finds at which time, and with which reason it fails.
Never here: targets that are registered, what the scheduler does about them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ecs_emulator.ecs.tasks.health import Checker, Rhythm, Spell, overlaid
from ecs_emulator.world.configuration import HealthCheck, LoadBalancer
from ecs_emulator.world.images import ImageReference
from ecs_emulator.world.state import TaskDefinition

WEB_SERVERS = ("nginx", "httpd")
WEB_PORT = 80
WEB_PATHS = ("", "/", "/index.html")
NO_ANSWER = "Health checks failed"
TIMED_OUT = "Request timed out"
_STARTS = re.compile(
    r"(?:sleep (?P<sleep>\d+)\s*(?:;|&&)\s*)?(?:exec )?(?:timeout (?P<timeout>\d+) )?"
    r"(?:nginx|httpd)(?:-foreground)?\b.*"
)


def target_checker(
    balancer: LoadBalancer, check: HealthCheck, definition: TaskDefinition, grace_seconds: int
) -> Checker:
    """nginx and httpd answer on port 80 at / with 200, elsewhere with 404, on other ports not.

    With a command of its own the container answers from when that starts the web server: after 90 s
    with `sleep 90; nginx -g 'daemon off;'`, never with `sleep 600`, and with `timeout 300 nginx …;
    sleep 600` for 300 s. Any other image is taken to answer as the target group wants.

    A new target is healthy after its first good check, which is taken to come at two thirds of the
    interval (30 s: 20 s), and unhealthy after as many bad ones as the threshold says: 30 s and 2:
    60 s. While the grace period lasts, a failing check has no consequence.
    """
    container = next(c for c in definition.containers if c["name"] == balancer.container_name)
    rhythm = Rhythm(
        first_pass=check.interval * 2 / 3,
        passes=float(check.interval * check.healthy_threshold),
        fails=float(check.interval * check.unhealthy_threshold),
        ignores_until=float(grace_seconds),
    )
    spells = _spells(container, _reason(balancer, check, container))
    return Checker(balancer.target_group_arn, rhythm, spells, balancer.container_port)


def reason_for(answer: int | str, check: HealthCheck) -> str | None:
    """What a target group says of a target that answers like this: 503, "timeout", "refused"."""
    if isinstance(answer, int):
        return None if _is_wanted(answer, check.codes) else _status(answer)
    return TIMED_OUT if answer == "timeout" else NO_ANSWER


def _spells(container: Mapping[str, Any], reason: str | None) -> tuple[Spell, ...]:
    """From when to when the web server is there. Without a command the image starts it at once."""
    command = [str(each) for each in container.get("command", ())]
    if not command or not _is_web_server(container):
        return (Spell(0.0, reason),)
    script = command[-1] if command[0] in ("sh", "/bin/sh", "bash") else " ".join(command)
    found = _STARTS.fullmatch(script)
    if found is None:
        return (Spell(0.0, reason or NO_ANSWER),)
    serves: tuple[Spell, ...] = (Spell(0.0, reason),)
    starts = float(found["sleep"] or 0)
    if found["timeout"]:
        serves = overlaid(serves, starts + float(found["timeout"]), math.inf, NO_ANSWER)
    return overlaid(serves, 0.0, starts, reason or NO_ANSWER)


def _is_web_server(container: Mapping[str, Any]) -> bool:
    repository = ImageReference.read(str(container["image"])).repository
    return repository.rpartition("/")[2] in WEB_SERVERS


def _reason(balancer: LoadBalancer, check: HealthCheck, container: Mapping[str, Any]) -> str | None:
    if not _is_web_server(container):
        return None
    port = balancer.container_port if check.port == "traffic-port" else int(check.port)
    if port != WEB_PORT:
        return NO_ANSWER
    status = 200 if check.path in WEB_PATHS else 404
    if not _is_wanted(status, check.codes):
        return _status(status)
    return None


def _status(code: int) -> str:
    return f"Health checks failed with these codes: [{code}]"


def _is_wanted(status: int, codes: str) -> bool:
    """ "200", "200,302" and "200-299" are matchers."""
    for part in codes.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False
