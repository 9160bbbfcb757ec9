"""Room: tags in the ECS API."""

from __future__ import annotations

from typing import Any

from ecs_emulator.api.context import Call, Context, tags_given
from ecs_emulator.api.errors import EcsError, cluster_not_found, service_not_found
from ecs_emulator.world.state import INACTIVE


def _taggable(context: Context, arn: str) -> str:
    """The ARN, if something that can carry tags has it."""
    world = context.engine.world
    if arn in world.task_definitions or arn in world.tasks:
        return arn
    if cluster := world.clusters.get(arn):
        if cluster.status != INACTIVE:
            return arn
        raise cluster_not_found()
    if service := world.services.get(arn):
        if service.status != INACTIVE:
            return arn
        raise service_not_found()
    raise EcsError("InvalidParameterException", "The specified resource was not found.")


def tag_resource(context: Context, call: Call) -> dict[str, Any]:
    arn = _taggable(context, str(call.params["resourceArn"]))
    context.add_tags(arn, tags_given(call))
    return {}


def untag_resource(context: Context, call: Call) -> dict[str, Any]:
    arn = _taggable(context, str(call.params["resourceArn"]))
    tags = context.engine.world.tags.get(arn, {})
    for key in call.params["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(context: Context, call: Call) -> dict[str, Any]:
    arn = _taggable(context, str(call.params["resourceArn"]))
    return {"tags": context.tags_of(arn)}


OPERATIONS = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
