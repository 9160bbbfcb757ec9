"""Room: the drill of a service that the user already has.

Lives here: which services must not be drilled, the bad revision made of the service's own task
definition, and the way back to the original.
Never here: the alert chain, services that the runbook made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook_lib import facts
from runbook_lib.aws.registries import Image
from runbook_lib.errors import BadParameter, NotDrillable
from runbook_lib.facts.settings import BAD_IMAGE, Settings
from runbook_lib.facts.tags import in_lower_case, is_ours, is_used_by, shared_tags
from runbook_lib.plans.steps import Secret, Step

RESTORES = "drill-restores"
"""Tag of a bad revision: the revision that ran before it, such as web:7."""
WRONG_TAG = "wrong-image-tag"
_NOT_REGISTRABLE = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)
"""What DescribeTaskDefinition adds to what RegisterTaskDefinition was given."""


def check_drillable(service: facts.Service) -> None:
    """Raises `NotDrillable` where a drill would leave the service worse off, or prove nothing."""
    breaker = service.circuit_breaker
    if service.deployment_controller != "ECS":
        _refuse(
            service,
            f"its deployment controller is {service.deployment_controller}, and the circuit "
            "breaker belongs to ECS",
            "choose a service with rolling updates",
        )
    if not breaker.enable:
        _refuse(service, "its circuit breaker is off", "switch it on, with rollback")
    if not breaker.rollback:
        _refuse(service, "its rollback is off, so the bad release would stay", "switch it on")
    if service.desired_count == 0:
        _refuse(service, "its desired count is 0, so no task could fail", "scale it up")
    if len(service.deployments) != 1 or not service.deployments[0].is_completed:
        _refuse(service, "a deployment is running", "wait until it is COMPLETED")


def _refuse(service: facts.Service, problem: str, next_step: str) -> None:
    raise NotDrillable(service=service.name, problem=problem, next_step=next_step)


def broken_container(settings: Settings, definition: facts.TaskDefinition) -> str:
    """The container whose image is replaced: `container`, or the only one there is."""
    names = list(definition.images)
    if settings.container in names:
        return settings.container
    if len(names) == 1:
        return names[0]
    raise BadParameter(
        name="container",
        problem=f"{settings.container!r} is not in {definition.name}, which has {', '.join(names)}",
        example=names[0],
    )


def bad_image_for(settings: Settings, definition: facts.TaskDefinition) -> str:
    """`bad_image`; where that is left at its default, a wrong tag of the service's own image.

    So the pull goes the way that the service's pulls go, and ends at a tag that is not there.
    """
    if settings.bad_image != BAD_IMAGE:
        return settings.bad_image
    own = definition.images[broken_container(settings, definition)]
    return Image.read(own).tagged(WRONG_TAG)


def bad_definition_input(settings: Settings, definition: facts.TaskDefinition) -> dict[str, Any]:
    """The service's own task definition with one image replaced, in a family of its own."""
    name, image = broken_container(settings, definition), bad_image_for(settings, definition)
    kept: dict[str, Any] = {
        key: value
        for key, value in definition.spec.items()
        if key not in _NOT_REGISTRABLE and value not in ([], {})
    }
    containers = [
        _discreet({**each, "image": image} if each["name"] == name else each)
        for each in kept["containerDefinitions"]
    ]
    return {
        **kept,
        "family": settings.drill_family,
        "containerDefinitions": containers,
        "tags": in_lower_case({**shared_tags(settings.user), RESTORES: definition.name}),
    }


def _discreet(container: dict[str, Any]) -> dict[str, Any]:
    """The same container, whose environment is sent and never shown: it may hold anything."""
    if not container.get("environment"):
        return container
    environment = [
        {"name": each["name"], "value": Secret(each["value"])} for each in container["environment"]
    ]
    return {**container, "environment": environment}


def register_bad_step(
    settings: Settings,
    definition: facts.TaskDefinition,
    revisions: Sequence[facts.TaskDefinition],
) -> Step:
    """Register the bad revision, unless one that is just so is there."""
    image = bad_image_for(settings, definition)
    present = bad_revision_of(settings, definition, revisions)
    return Step(
        service="ecs",
        operation="RegisterTaskDefinition",
        input=bad_definition_input(settings, definition),
        why="the service's own task definition with an image that does not exist",
        makes=f"task definition revision of {settings.drill_family} with {image}",
        permissions=("ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"),
        undo="aws ecs deregister-task-definition",
        satisfied=f"{present.name} has this image" if present else "",
    )


def bad_revision_of(
    settings: Settings,
    definition: facts.TaskDefinition,
    revisions: Sequence[facts.TaskDefinition],
) -> facts.TaskDefinition | None:
    """The newest bad revision that the runbook made of this very definition."""
    name, image = broken_container(settings, definition), bad_image_for(settings, definition)
    for each in revisions:
        is_own = is_used_by(each.tags, settings.user)
        if is_own and each.tags.get(RESTORES) == definition.name and each.images.get(name) == image:
            return each
    return None


def restore_steps(
    settings: Settings,
    service: facts.Service | None,
    revisions: Sequence[facts.TaskDefinition],
) -> tuple[Step, ...]:
    """Back to the original, if a bad revision of ours is what the service is to run.

    `revisions` are those of the drill's family. After a rollback there is nothing to do.
    """
    primary = service.primary if service is not None and service.is_active else None
    bad = next((r for r in revisions if primary and r.name == primary.task_definition), None)
    if bad is None or RESTORES not in bad.tags or not is_ours(bad.tags):
        return ()
    original = bad.tags[RESTORES]
    return (
        Step(
            service="ecs",
            operation="UpdateService",
            input={
                "cluster": settings.cluster,
                "service": settings.service,
                "taskDefinition": original,
            },
            why="the drill is over, and the bad release was not rolled back",
            makes=f"a deployment of {original}, which ran before the drill",
            permissions=("ecs:UpdateService", "iam:PassRole"),
            undo="none: this is the service's own release",
        ),
    )
