"""Room: why tasks stopped.

Lives here: stopped tasks grouped by the reason they share, and for each reason what it means and
what to do about it.
Never here: reading tasks, whether the deployment is good.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
https://repost.aws/knowledge-center/ecs-task-stopped
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runbook_lib.facts import Container, ServiceEvent, Task

REPLACED = "Scaling activity"
"""How the stoppedReason of a task begins that a deployment replaced: it did not fail."""
_UNABLE = re.compile(r"was unable to place a task\. Reason: (.*?)\.?$")
_VOLATILE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|\d+\.\d+\.\d+\.\d+"
)
"""Request ids, task ids and addresses: what differs between tasks that stopped alike."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason that tasks share. `tasks` are their ids, oldest first.

    `container` is the one that ended the task, "" where it was not a container; `exit_code` its
    code. Where several ended by themselves it is the first, and `meaning`, the sentence that a
    person needs, names the others. `next_step` is what to do.
    """

    reason: str
    container: str
    exit_code: int | None
    count: int
    tasks: tuple[str, ...]
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True)
class _Meaning:
    pattern: re.Pattern[str]
    meaning: str
    next_step: str


def _known(pattern: str, meaning: str, next_step: str) -> _Meaning:
    return _Meaning(re.compile(pattern, re.IGNORECASE | re.DOTALL), meaning, next_step)


_MEANINGS = (
    _known(
        r"ResourceInitializationError.*(secret|ssm|parameter|asm)",
        "a secret or parameter of the task definition cannot be read",
        "check that it exists and that the execution role may read it",
    ),
    _known(
        r"(CannotPull|ResourceInitializationError).*(timeout|no such host|dial tcp|deadline)",
        "the task cannot reach the registry",
        "give its subnets a route: a public IP, a NAT gateway or VPC endpoints",
    ),
    _known(
        r"CannotPull.*(AccessDenied|not authorized|403 Forbidden)",
        "the execution role may not pull the image",
        "attach AmazonECSTaskExecutionRolePolicy, and look at the repository's policy",
    ),
    _known(
        r"CannotPull.*(pull access denied|insufficient_scope|repository .*does not exist)",
        "the registry shows no such repository: it does not exist, or is private",
        "check the repository's name; for a private one set repositoryCredentials",
    ),
    _known(
        r"CannotPull.*(not found|manifest unknown)",
        "the image does not exist: there is no such tag",
        "check the tag of the image, or push it, and deploy again",
    ),
    _known(
        r"CannotPull.*toomanyrequests",
        "the registry limits how often it may be asked",
        "wait, log in to the registry, or pull through a cache in ECR",
    ),
    _known(r"CannotPull", "the image cannot be pulled", "read the end of the reason"),
    _known(
        r"OutOfMemory",
        "the container used more memory than it may",
        "raise memory in the task definition, or fix the leak",
    ),
    _known(
        r"Task failed ELB health checks",
        "the load balancer found the task unhealthy",
        "check the path and port of the target group, and healthCheckGracePeriodSeconds",
    ),
    _known(
        r"Task failed container health checks",
        "the container's own health check failed",
        "run its command in the container; check interval, retries and startPeriod",
    ),
    _known(
        r"Capacity is unavailable",
        "AWS has no capacity for the task at the moment: the release may be good",
        "try again later, or in other subnets",
    ),
    _known(
        r"account is currently blocked",
        "the account is blocked",
        "ask AWS Support",
    ),
    _known(
        r"unable to assume the role|unable to assume role",
        "ECS cannot assume a role of the task",
        "check that the role exists and trusts ecs-tasks.amazonaws.com",
    ),
    _known(
        r"SpotInterruption|Your Spot Task was interrupted",
        "AWS took the Spot capacity back",
        "nothing is wrong with the release",
    ),
)
_EXITED = _known(r"Essential container", "container {container} exited{code}", "read its log{hint}")
_STOPPED_BY_ECS = (137, 143)
_UNKNOWN = ("", "look it up: stopped-task-error-codes in the ECS Developer Guide")
_EXIT_HINTS = {
    0: ": a service's container has to keep running",
    125: ": the container could not be started",
    126: ": the command cannot be executed",
    127: ": the command was not found",
    134: ": it aborted itself",
    137: ": it was killed, often for want of memory",
    139: ": it crashed (segmentation fault)",
    143: ": it was told to stop (SIGTERM)",
    255: ": the command failed",
}


def group_causes(
    tasks: Iterable[Task], deployment_id: str, events: Sequence[ServiceEvent] = ()
) -> tuple[Cause, ...]:
    """Why the tasks of a deployment stopped, most frequent reason first.

    Three tasks that could not pull the image are one cause with count 3. Tasks that were merely
    replaced are left out. Where no task was made at all, `events` (those of the deployment) tell:
    "was unable to place a task. Reason: …", with count for each time it was said and no task ids.
    """
    found: dict[tuple[object, ...], Cause] = {}
    for task in tasks:
        if task.deployment_id != deployment_id or not _failed(task):
            continue
        culprits = _culprits(task)
        reason = _reason(task, culprits[0])
        key = (_VOLATILE.sub("…", reason), *((each.name, each.exit_code) for each in culprits))
        known = found.get(key) or _cause(reason, culprits)
        found[key] = replace(known, count=known.count + 1, tasks=(*known.tasks, task.id))
    if not found:
        return _from_events(events)
    return tuple(sorted(found.values(), key=lambda cause: -cause.count))


def _failed(task: Task) -> bool:
    return bool(task.stopped_reason) and not task.stopped_reason.startswith(REPLACED)


def _culprits(task: Task) -> list[Container]:
    """The containers that ended by themselves, in the order of the definition; else the likeliest.

    ECS stops the others of a task with SIGTERM, then SIGKILL: 143 and 137 are what it did to them,
    unless a container gives a reason of its own, such as OutOfMemoryError. Of [logs 137, app 3] it
    is app, of [app 3, worker 5] both, of [app 0, logs 143] app: a service's container must not end.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
    """
    exited = [each for each in task.containers if each.exit_code is not None]
    by_themselves = [
        each for each in exited if each.reason or each.exit_code not in (0, *_STOPPED_BY_ECS)
    ]
    silent = [each for each in task.containers if each.reason and each.exit_code is None]
    if found := silent or by_themselves:
        return found
    ended = [each for each in exited if each.exit_code == 0]
    if likeliest := ended or exited or (task.containers if len(task.containers) == 1 else ()):
        return [likeliest[0]]
    return [Container("")]


def _reason(task: Task, container: Container) -> str:
    """The task's reason; the container's own behind it where that says more."""
    own = container.reason
    if not own or own in task.stopped_reason or task.stopped_reason in own:
        return task.stopped_reason
    return f"{task.stopped_reason}: {own}"


def _cause(reason: str, culprits: Sequence[Container]) -> Cause:
    container, *others = culprits
    meaning, next_step = explain(reason, container)
    if others and meaning:
        told = ", ".join(f"{each.name} with code {each.exit_code}" for each in others)
        meaning = f"{meaning}; so did {told}"
    return Cause(reason, container.name, container.exit_code, 0, (), meaning, next_step)


def explain(reason: str, container: Container | None = None) -> tuple[str, str]:
    """What a stopped reason means, and what to do: ("the image does not exist: …", "check …").

    ("", …) for a reason that is not in the catalogue.
    """
    for each in _MEANINGS:
        if each.pattern.search(reason):
            return each.meaning, each.next_step
    code = container.exit_code if container else None
    if container is not None and (_EXITED.pattern.search(reason) or code is not None):
        said = "" if code is None else f" with code {code}"
        hint = _EXIT_HINTS.get(code, "") if code is not None else ""
        meaning = _EXITED.meaning.format(container=container.name, code=said)
        return meaning, _EXITED.next_step.format(hint=hint)
    return _UNKNOWN


def _from_events(events: Sequence[ServiceEvent]) -> tuple[Cause, ...]:
    counts: dict[str, int] = {}
    for event in reversed(events):
        said = _UNABLE.search(event.message)
        blocked = "account is currently blocked" in event.message
        if said or blocked:
            reason = said[1] if said else "your account is currently blocked"
            counts[reason] = counts.get(reason, 0) + 1
    return tuple(
        Cause(reason, "", None, count, (), *explain(reason)) for reason, count in counts.items()
    )
