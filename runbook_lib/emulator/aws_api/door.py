"""Room: the door of the ECS API (protocol AWS JSON 1.1).

Lives here: finding the operation, checking the input against botocore's own service model, turning
a reply or a refusal into HTTP.
Never here: what an operation does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import botocore.loaders
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from runbook_lib.emulator.aws_api import (
    clusters,
    service_deployments,
    services,
    tags,
    task_definitions,
    tasks,
)
from runbook_lib.emulator.aws_api.context import Call, Context
from runbook_lib.emulator.aws_api.errors import EcsError, not_emulated

TARGET_PREFIX = "AmazonEC2ContainerServiceV20141113."
Operation = Callable[[Context, Call], dict[str, Any]]
OPERATIONS: Mapping[str, Operation] = {
    **clusters.OPERATIONS,
    **task_definitions.OPERATIONS,
    **services.OPERATIONS,
    **tasks.OPERATIONS,
    **service_deployments.OPERATIONS,
    **tags.OPERATIONS,
}


@cache
def service_model() -> ServiceModel:
    loader = botocore.loaders.create_loader()
    return ServiceModel(loader.load_service_model("ecs", "service-2"), "ecs")


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class EcsApi:
    """Answers one ECS call. Everything a client may send gets a reply or an AWS-shaped error."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def answer(self, target: str, body: bytes, region: str) -> Reply:
        name = target.rpartition(".")[2]
        try:
            params = self._read(name, body)
            result = OPERATIONS[name](self._context, Call(name, params, region))
        except EcsError as error:
            return _as_reply({"__type": error.code, "message": error.message}, error.status)
        return _as_reply(result, 200)

    def _read(self, name: str, body: bytes) -> dict[str, Any]:
        model = service_model()
        if name not in model.operation_names:
            raise EcsError("UnknownOperationException", f"ECS has no operation {name!r}.")
        if name not in OPERATIONS:
            raise not_emulated(f"ecs:{name}")
        try:
            params = json.loads(body or b"{}")
        except ValueError:
            raise EcsError("SerializationException", "The request body is not JSON.") from None
        if not isinstance(params, dict):
            raise EcsError("SerializationException", "The request body is not a JSON object.")
        given: dict[str, Any] = _without_nulls(params)
        shape = model.operation_model(name).input_shape
        assert shape is not None
        report = ParamValidator().validate(given, shape)
        if report.has_errors():
            text = " ".join(report.generate_report().split())
            raise EcsError("InvalidParameterException", text)
        _check_enums(given, shape, "")
        return given


def _without_nulls(value: Any) -> Any:
    """A member that is null counts as left out."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _check_enums(value: Any, shape: Shape, path: str) -> None:
    """botocore leaves the values of an enum to the server."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            if name in shape.members:
                _check_enums(each, shape.members[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        for each in value:
            _check_enums(each, shape.member, path)
    elif isinstance(shape, MapShape):
        return
    elif (enum := getattr(shape, "enum", None)) and value not in enum:
        allowed = ", ".join(enum)
        raise EcsError("InvalidParameterException", f"{path}: {value!r} is not one of {allowed}.")


def _as_reply(content: dict[str, Any], status: int) -> Reply:
    return Reply(status, json.dumps(content, default=_timestamp, separators=(",", ":")).encode())


def _timestamp(value: Any) -> float:
    """AWS JSON writes a time as seconds since 1970, to the millisecond."""
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} has no JSON form")
