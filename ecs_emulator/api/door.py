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

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from ecs_emulator.api import (
    clusters,
    service_deployments,
    services,
    tags,
    task_definitions,
    tasks,
)
from ecs_emulator.api.context import Call, Context
from ecs_emulator.api.errors import EcsError, access_denied, not_emulated, throttled
from ecs_emulator.wire.service_models import shared_loader

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


_NUMBERS = {"integer": 2**31 - 1, "long": 2**63 - 1, "double": 1e308, "timestamp": 2e11}
"""Types of numbers, and how far from 0 they reach. A time is seconds since 1970."""


@cache
def service_model() -> ServiceModel:
    return ServiceModel(shared_loader().load_service_model("ecs", "service-2"), "ecs")


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
            self._refuse_by_fault(name)
            result = OPERATIONS[name](self._context, Call(name, params, region))
        except EcsError as error:
            return _as_reply({"__type": error.code, "message": error.message}, error.status)
        return _as_reply(result, 200)

    def _refuse_by_fault(self, name: str) -> None:
        faults = self._context.faults()
        if name in faults.throttled_calls:
            raise throttled()
        if name in faults.denied_calls:
            raise access_denied(self._context.caller, name)

    def _read(self, name: str, body: bytes) -> dict[str, Any]:
        model = service_model()
        if name not in model.operation_names:
            raise EcsError("UnknownOperationException", f"ECS has no operation {name!r}.")
        if name not in OPERATIONS:
            raise not_emulated(f"ecs:{name}")
        shape = model.operation_model(name).input_shape
        assert shape is not None
        try:
            given: dict[str, Any] = _without_nulls(_read_json(body))
            report = ParamValidator().validate(given, shape)
        except (ValueError, OverflowError, RuntimeError):  # nested too deep is a RuntimeError
            raise EcsError("SerializationException", "The request body is not JSON.") from None
        if report.has_errors():
            text = " ".join(report.generate_report().split())
            raise EcsError("InvalidParameterException", text)
        _check_values(given, shape, "")
        return given


def _read_json(body: bytes) -> dict[str, Any]:
    """Stricter than Python's reader: no NaN, and only text that UTF-8 can carry."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    params = json.loads(body or b"{}", parse_constant=refuse)
    if not isinstance(params, dict):
        raise EcsError("SerializationException", "The request body is not a JSON object.")
    if b"\\u" in body:
        json.dumps(params, ensure_ascii=False).encode()
    return params


def _without_nulls(value: Any) -> Any:
    """A member that is null counts as left out."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _check_values(value: Any, shape: Shape, path: str) -> None:
    """What botocore leaves to the server: the values of an enum, 32 bits, times as numbers."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            if name in shape.members:
                _check_values(each, shape.members[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        for each in value:
            _check_values(each, shape.member, path)
    elif isinstance(shape, MapShape):
        return
    elif shape.type_name in _NUMBERS:
        if isinstance(value, bool | str) or not abs(value) <= _NUMBERS[shape.type_name]:
            raise EcsError("SerializationException", f"{path}: {value!r} is out of range.")
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
