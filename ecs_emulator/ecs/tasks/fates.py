"""Room: what becomes of a task.

Lives here: the rule that reads, from the task definition itself, whether a task starts, when it
ends and how healthy it is, with AWS's stop codes and reasons. The same definition fares the same on
AWS.
Never here: deployments, counting, what the scheduler makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.ecs.tasks.commands import check_spells, exit_of
from ecs_emulator.ecs.tasks.health import Checker, Rhythm, Turn, turns
from ecs_emulator.wire.faults import Faults
from ecs_emulator.world import timing
from ecs_emulator.world.images import EcrReference, ImageReference, Images
from ecs_emulator.world.state import Stop, TaskDefinition
from ecs_emulator.world.timing import Span

_RETRIED = "CannotPullContainerError: pull image manifest has been retried {times} time(s): "
_NO_RESOURCES = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: "
)
_SOME_ADDRESS = "172.31.54.241"
UP_LONG_ENOUGH = timing.HEALTHY_AFTER_RUNNING
TASK_ID = "{task id}"
"""Stands in a reason for the id of the task that has this fate."""


@dataclass(frozen=True, slots=True)
class Fate:
    """Decided as the task starts. At most one of the first two is set.

    `fails_to_start`: seconds after the start, and why. `exits`: seconds after RUNNING, and why.
    `checkers`: the health checks of its essential containers, in seconds after RUNNING.
    """

    fails_to_start: tuple[Span, Stop] | None = None
    exits: tuple[float, Stop] | None = None
    checkers: tuple[Checker, ...] = ()

    @property
    def has_health_check(self) -> bool:
        return bool(self.checkers)

    @property
    def healthy_after(self) -> float | None:
        """When all checks have passed. None: the first verdict of one is that it fails."""
        first = self._first_turns()
        well = all(each.is_healthy for each in first)
        return max((each.at for each in first), default=UP_LONG_ENOUGH) if well else None

    @property
    def unhealthy_after(self) -> float | None:
        """When a check fails that has never passed."""
        return min((each.at for each in self._first_turns() if not each.is_healthy), default=None)

    def _first_turns(self) -> list[Turn]:
        return [next(turns(each.rhythm, each.spells)) for each in self.checkers]


def _yes(*_: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides a task's fate beside its definition.

    `role_may(role ARN, action, resource)`, `secret_exists(ARN)`, `ecr_has(reference)`: asked of the
    account. Without them everything is there and allowed.
    """

    images: Images
    role_exists: Callable[[str], bool] = _yes
    role_may: Callable[[str, str, str], bool] = _yes
    secret_exists: Callable[[str], bool] = _yes
    ecr_has: Callable[[EcrReference], bool] = _yes
    faults: Faults = field(default_factory=Faults)


def fate_of(definition: TaskDefinition, around: Surroundings) -> Fate:
    """The first thing that goes wrong decides, in the order in which Fargate goes about it.

    Role, route to the registries, secrets, permission to pull, images, then the commands.
    """
    role = str(definition.spec.get("executionRoleArn", ""))
    if role and not around.role_exists(role.rpartition("/")[2]):
        stop = Stop("TaskFailedToStart", unable_to_assume(role))
        return Fate(fails_to_start=(timing.TO_ACCESS_DENIED, stop))
    for container in definition.containers:
        if refused := _secret_failure(container, role, around):
            return Fate(fails_to_start=(timing.TO_ACCESS_DENIED, refused))
    for container in definition.containers:
        if pull := _pull_failure(str(container["image"]), role, around):
            return Fate(fails_to_start=pull)
    essential = [c for c in definition.containers if c.get("essential", True)]
    exits = [found for c in essential if (found := exit_of(c, definition)) is not None]
    checkers = tuple(_checker(c) for c in essential if c.get("healthCheck", {}).get("command"))
    return Fate(exits=min(exits, key=lambda found: found[0], default=None), checkers=checkers)


def _checker(container: Mapping[str, Any]) -> Checker:
    """The first check runs one interval after the start, and failures in the start period do not
    count: 30 s, 3 retries: healthy after 30 s, unhealthy after 90 s.

    All checks must pass for HEALTHY; the first to fail makes the task UNHEALTHY.
    """
    check = container["healthCheck"]
    interval, start_period = float(check.get("interval", 30)), float(check.get("startPeriod", 0))
    bad = interval * int(check.get("retries", 3))
    rhythm = Rhythm(interval, interval, bad, ignores_until=start_period + bad)
    return Checker(str(container["name"]), rhythm, check_spells(container))


def unable_to_assume(role: str) -> str:
    return (
        f"ECS was unable to assume the role '{role}' that was provided for this task. Please "
        "verify that the role being passed has the proper trust relationship and permissions and "
        "that your IAM user has permissions to pass this role."
    )


def _denied(role: str, action: str, resource: str) -> str:
    """IAM's sentence. The session of a task's role is named after the task."""
    head, _, name = role.partition(":role/")
    session = f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/{TASK_ID}"
    return (
        f"AccessDeniedException: User: {session} is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action"
    )


def _secret_failure(container: Mapping[str, Any], role: str, around: Surroundings) -> Stop | None:
    """Secrets are fetched before the image. The permission is asked before the secret."""
    for secret in container.get("secrets", ()):
        arn = str(secret["valueFrom"])
        if ":secretsmanager:" not in arn:
            continue
        bare = ":".join(arn.split(":")[:7])
        action = "secretsmanager:GetSecretValue"
        cause = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
        if not around.role_may(role, action, bare):
            cause = _denied(role, action, bare)
        elif around.secret_exists(bare):
            continue
        return Stop(
            "TaskFailedToStart",
            f"{_NO_RESOURCES}unable to retrieve secret from asm: service call has been retried 1 "
            f"time(s): failed to fetch secret {arn} from secrets manager: {cause}",
        )
    return None


def _pull_failure(reference: str, role: str, around: Surroundings) -> tuple[Span, Stop] | None:
    """Docker Hub's wrong-tag line is put together from the form that ECR images are seen with."""
    image = ImageReference.read(reference)
    ecr = EcrReference.read(image)
    if around.faults.no_route:
        return timing.NO_ROUTE, Stop("TaskFailedToStart", _no_route(image, ecr))
    if ecr is not None and (stop := _ecr_refusal(image, ecr, role, around)):
        return timing.TO_ACCESS_DENIED, stop
    if around.images.has(image) or (ecr is not None and around.ecr_has(ecr)):
        return None
    if ecr is not None or around.images.has_repository(image):
        text = f"failed to resolve ref {image.full}: {image.full}: not found"
        reason = _RETRIED.format(times=7) + text
        return timing.FIRST_START_TO_BAD_TAG, Stop("TaskFailedToStart", reason)
    reason = _RETRIED.format(times=1) + (
        f"failed to resolve ref {image.full}: pull access denied, repository does not exist or may "
        "require authorization: server message: insufficient_scope: authorization failed"
    )
    return timing.TO_MISSING_REPOSITORY, Stop("TaskFailedToStart", reason)


def _no_route(image: ImageReference, ecr: EcrReference | None) -> str:
    """ECR fails when its API is asked for a token, Docker Hub when the manifest is."""
    if ecr is None:
        repository = image.repository.partition("/")[2]
        url = f"https://registry-1.docker.io/v2/{repository}/manifests/{image.tag}"
        return (
            f"{_RETRIED.format(times=5)}failed to resolve ref {image.full}: failed to do request: "
            f'Head "{url}": dial tcp {_SOME_ADDRESS}:443: i/o timeout'
        )
    return (
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot "
        "pull registry auth from Amazon ECR: There is a connection issue between the task and "
        "Amazon ECR. Check your task network configuration. operation error ECR: "
        "GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error "
        "StatusCode: 0, RequestID: , request send failed, Post "
        f'"https://api.ecr.{ecr.region}.amazonaws.com/": '
        f"dial tcp {_SOME_ADDRESS}:443: i/o timeout"
    )


def _ecr_refusal(
    image: ImageReference, ecr: EcrReference, role: str, around: Surroundings
) -> Stop | None:
    """A private repository needs a token, and then the right to read this repository."""
    action = "ecr:GetAuthorizationToken"
    if not around.role_may(role, action, "*"):
        return Stop(
            "TaskFailedToStart",
            f"{_NO_RESOURCES}unable to retrieve ecr registry auth: service call has been retried 1 "
            f"time(s): {_denied(role, action, '*')}",
        )
    if not around.role_may(role, "ecr:BatchGetImage", ecr.repository_arn):
        return Stop(
            "TaskFailedToStart",
            "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve "
            f'ref "{image.full}": unexpected status code [manifests {image.tag}]: 403 Forbidden',
        )
    return None
