"""Room: the plan of a release that a lab ships: a revision that behaves as told, and its service.

Lives here: what a release is, and the steps that deploy it: role, revision, cluster, service.
Never here: the walk's own releases, what a lab teaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runbook_lib import facts
from runbook_lib.errors import NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import in_lower_case, is_ours, is_used_by, shared_tags
from runbook_lib.plans.service import (
    breaker_input,
    changed_breaker_input,
    cluster_steps,
    create_service_step,
)
from runbook_lib.plans.steps import Plan, Step
from runbook_lib.plans.task_definition import definition_input, registered, role_steps

RELEASE = "lab-release"
"""Tag of a revision: the name of the release that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One container and how it behaves. `name` tells the releases of a lab apart.

    Release(name="exits at once", command="exit 3"): `command` is given to `sh -c`. `image` is the
    lab's good_image where it is left empty. `container` and `definition` are merged into the
    container definition and the task definition: container={"healthCheck": {…}}.
    """

    name: str
    image: str = ""
    command: str = ""
    container: Mapping[str, Any] = field(default_factory=dict)
    definition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What there is already, under the names of the settings."""

    role: facts.Role | None
    revisions: Sequence[facts.TaskDefinition]
    cluster: facts.Cluster | None
    network: facts.Network
    service: facts.Service | None


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How the service deploys it. None and empty leave a service that exists as it is.

    `force` starts a new deployment even of the same revision; `alarms` are names of CloudWatch
    alarms that roll a deployment back; `settings` are further members of CreateService or
    UpdateService: {"healthCheckGracePeriodSeconds": 5}.
    """

    breaker: facts.CircuitBreaker | None = None
    desired_count: int | None = None
    force: bool = False
    alarms: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def plan_release(
    settings: Settings, *, account: str, release: Release, present: Present, how: How
) -> Plan:
    """Ship a release: the first one creates the service, each later one updates it.

    Raises `NotOurs` for a service of that name without the runbook's tag.
    """
    service = present.service
    if service is not None and not is_ours(service.tags):
        raise NotOurs(
            what=f"service {settings.service} in cluster {settings.cluster}",
            next_step="choose another name for the parameter service",
        )
    known = revision_of(settings, release, present.revisions)
    revision: Any = known.name if known else registered(settings.family, present.revisions)
    steps = (
        *role_steps(settings, present.role),
        _register(settings, account, release, known),
        *cluster_steps(settings, present.cluster),
    )
    is_there = service is not None and service.is_active
    if is_there:
        deploy = _update(settings, revision, how, service)
    else:
        deploy = _create(settings, revision, how, present.network)
    draining = settings.cluster if service is not None and service.is_draining else ""
    title = f"Ship the release {release.name!r}"
    return Plan(title, settings.service, (*steps, deploy), draining)


def revision_of(
    settings: Settings, release: Release, revisions: Sequence[facts.TaskDefinition]
) -> facts.TaskDefinition | None:
    """The newest revision of this service that is this release."""
    own = (each for each in revisions if is_used_by(each.tags, settings.user))
    return next((each for each in own if each.tags.get(RELEASE) == release.name), None)


def _register(
    settings: Settings, account: str, release: Release, known: facts.TaskDefinition | None
) -> Step:
    image = release.image or settings.good_image
    given = definition_input(settings, account, image)
    (container,) = given["containerDefinitions"]
    if release.command:
        container["command"] = ["sh", "-c", release.command]
    container |= release.container
    tags = in_lower_case({**shared_tags(settings.user), RELEASE: release.name})
    return Step(
        service="ecs",
        operation="RegisterTaskDefinition",
        input={**given, **release.definition, "tags": tags},
        why=f"the release {release.name!r}",
        makes=f"task definition revision of {settings.family}, {release.name!r}",
        permissions=("ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"),
        undo="aws ecs deregister-task-definition",
        satisfied=f"{known.name} is this release" if known else "",
    )


def _create(settings: Settings, revision: Any, how: How, network: facts.Network) -> Step:
    step = create_service_step(settings, network, revision, None)
    configuration = _configuration(how, None) or step.input["deploymentConfiguration"]
    wanted = settings.desired_count if how.desired_count is None else how.desired_count
    changed = {"deploymentConfiguration": configuration, "desiredCount": wanted, **how.settings}
    return Step(
        service=step.service,
        operation=step.operation,
        input={**step.input, **changed},
        why="its first deployment: there is nothing yet to return to",
        makes=step.makes,
        permissions=step.permissions,
        undo=step.undo,
        repeats=step.repeats,
    )


def _update(settings: Settings, revision: Any, how: How, service: facts.Service | None) -> Step:
    given: dict[str, Any] = {
        "cluster": settings.cluster,
        "service": settings.service,
        "taskDefinition": revision,
    }
    present = service.circuit_breaker if service else None
    if configuration := _configuration(how, present):
        given["deploymentConfiguration"] = configuration
    if how.desired_count is not None:
        given["desiredCount"] = how.desired_count
    if how.force:
        given["forceNewDeployment"] = True
    return Step(
        service="ecs",
        operation="UpdateService",
        input={**given, **how.settings},
        why="starts a deployment" if not how.force else "starts a deployment of the same revision",
        makes=f"a deployment of {settings.service}",
        permissions=("ecs:UpdateService", "iam:PassRole"),
        undo="aws ecs delete-service --force",
    )


def _configuration(how: How, present: facts.CircuitBreaker | None) -> dict[str, Any]:
    configuration: dict[str, Any] = {}
    if how.breaker:
        configuration = (
            changed_breaker_input(how.breaker, present) if present else breaker_input(how.breaker)
        )
    if how.alarms:
        watched = {"alarmNames": list(how.alarms), "enable": True, "rollback": True}
        configuration["alarms"] = watched
    return configuration
