"""Calls of right shape and wrong values, and of wrong shape, to every service that there is.

None is answered by a 500, none unreadably, none holds the emulator up, and the clock moves on after
them. `FUZZ_CALLS=20000 pytest -k random_calls` makes so many instead of 400 for each seed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random  # noqa: TID251 - seeded: the same calls each time
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from ecs_emulator.http.emulated_aws import EmulatedAws
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse
from ecs_emulator.wire.service_models import shared_loader

CALLS = int(os.environ.get("FUZZ_CALLS", "400"))
SIGNED_FOR = {"cloudwatch": "monitoring", "elbv2": "elasticloadbalancing"}
MAIN = ("ecs", "events", "sns", "sqs")
OTHERS = ("iam", "ec2", "sts", "cloudwatch", "logs", "elbv2", "kms")
ACCOUNT = "123456789876"
TEXTS = (
    "web",
    "",
    "default",
    ":::",
    f"arn:aws:sns:eu-west-1:{ACCOUNT}:t",
    f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q",
    f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/default/web",
    f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole",
    f"http://127.0.0.1/{ACCOUNT}/q",
    '{"source":["a"]}',
    '{"a": [{"numeric": [">"]}]}',
    "{}",
    "[]",
    "a\x01b",
    "é",
    "x" * 300,
    "0",
    "-1",
    "true",
    "vpc-1",
    "2026-01-01T00:00:00Z",
    "a token of my own",
)
NUMBERS = (0, 1, -1, 10, 2**31, 99_999, 1.5)


class Caller:
    """Makes up calls from the definitions of botocore."""

    def __init__(self, seed: int, services: tuple[str, ...]) -> None:
        self.chance = Random(seed)
        load = shared_loader().load_service_model
        self.models = {each: ServiceModel(load(each, "service-2"), each) for each in services}

    def call(self) -> tuple[str, HttpRequest]:
        service = self.chance.choice(list(self.models))
        model = self.models[service]
        operation = model.operation_model(self.chance.choice(model.operation_names))
        params = self.value(operation.input_shape) if operation.input_shape else {}
        return f"{service}:{operation.name}", request_of(service, model, operation, params)

    def value(self, shape: Shape, depth: int = 0) -> Any:
        if self.chance.random() < 0.06:
            texts = self.chance.choice(TEXTS)
            return self.chance.choice([None, texts, 7, [], {}, ["a"], {"a": "b"}, True])
        if isinstance(shape, StructureShape):
            return {
                name: self.value(member, depth + 1)
                for name, member in shape.members.items()
                if depth < 5 and self.wants(name in shape.required_members, depth)
            }
        if isinstance(shape, ListShape):
            count = self.chance.choice((0, 1, 1, 2))
            return [self.value(shape.member, depth + 1) for _ in range(count)]
        if isinstance(shape, MapShape):
            return {self.chance.choice(TEXTS): self.value(shape.value, depth + 1)}
        return self.scalar(shape)

    def wants(self, is_required: bool, depth: int) -> bool:
        share = 0.93 if is_required else 0.35 if depth < 2 else 0.2
        return self.chance.random() < share

    def scalar(self, shape: Shape) -> Any:
        if shape.type_name == "boolean":
            return self.chance.random() < 0.5
        if shape.type_name in ("integer", "long", "float", "double", "timestamp"):
            return self.chance.choice(NUMBERS)
        choices = getattr(shape, "enum", None)
        return self.chance.choice(choices if choices and self.chance.random() < 0.8 else TEXTS)


def request_of(
    service: str, model: ServiceModel, operation: OperationModel, params: Any
) -> HttpRequest:
    signed = SIGNED_FOR.get(service, service)
    scope = f"Credential=AKIAIOSFODNN7EXAMPLE/20260105/eu-west-1/{signed}/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {scope}, Signature=s", "host": "127.0.0.1"}
    if model.metadata["protocol"] == "json" or "json" in model.metadata.get("protocols", ()):
        version = model.metadata.get("jsonVersion", "1.0")
        headers["x-amz-target"] = f"{model.metadata['targetPrefix']}.{operation.name}"
        headers["content-type"] = f"application/x-amz-json-{version}"
        body = json.dumps(params).encode()
    else:
        flat = {"Action": operation.name, "Version": model.metadata["apiVersion"]}
        flat |= dict(flattened("", params, is_ec2=service == "ec2"))
        headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
        body = urlencode(flat).encode()
    headers["content-length"] = str(len(body))
    return HttpRequest("POST", "/", "", headers, body)


def flattened(prefix: str, value: Any, *, is_ec2: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from flattened(f"{prefix}.{name}" if prefix else name, each, is_ec2=is_ec2)
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            word = f"{number}" if is_ec2 else f"member.{number}"
            yield from flattened(f"{prefix}.{word}", each, is_ec2=is_ec2)
    elif value is not None and prefix:
        yield prefix, str(value)


def is_readable(response: HttpResponse) -> bool:
    kind = response.headers.get("content-type", "")
    try:
        if "xml" in kind and response.body:
            ET.fromstring(response.body)
        elif "json" in kind:
            json.loads(response.body or b"{}")
    except (ET.ParseError, ValueError):
        return False
    return True


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    emulated = EmulatedAws()
    yield emulated
    emulated.close()


@pytest.mark.parametrize(("seed", "services"), [(1, MAIN), (2, MAIN), (3, OTHERS)])
def test_random_calls_are_all_answered_and_the_clock_moves_on(
    aws: EmulatedAws, seed: int, services: tuple[str, ...]
) -> None:
    caller, wrong = Caller(seed, services), []
    for number in range(CALLS):
        name, request = caller.call()
        response = aws.answer(request)
        if response.status >= 500 or not is_readable(response):
            wrong.append((name, response.status, request.body, response.body))
        if number % 50 == 0:
            before = aws.clock.now
            aws.engine.advance(30)
            assert aws.clock.now == before + timedelta(seconds=30)

    assert wrong == []
