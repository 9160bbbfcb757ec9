"""Whatever is asked of the ECS API, it gives a reply of its model or an AWS-shaped error.

Requests are made up from botocore's own model of ECS, every operation of it. Replies are held
against the same model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecs_emulator.api.door import OPERATIONS, service_model
from ecs_emulator.http.emulated_aws import EmulatedAws
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse

TARGET = "AmazonEC2ContainerServiceV20141113."
SCOPE = "AWS4-HMAC-SHA256 Credential=k/20260105/eu-west-1/ecs/aws4_request, Signature=s"
ARN = "arn:aws:ecs:eu-west-1:123456789876"
TEXTS = [
    "default",
    "web",
    "web:1",
    "my-task",
    "",
    "nginx:alpine",
    "256",
    "512",
    "awsvpc",
    "0",
    "é",
    f"{ARN}:service/default/web",
    f"{ARN}:cluster/default",
    f"{ARN}:task-definition/web:1",
]
NUMBERS = [0, 1, 2, 50, 100, 200, -1, 2**31 - 1]
DEEPEST = 4


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    """A world with a service in it, which the requests of all examples go on changing."""
    emulated = EmulatedAws()
    ask(emulated, "RegisterTaskDefinition", REGISTER)
    ask(emulated, "CreateService", {"serviceName": "web", "taskDefinition": "web"})
    emulated.engine.advance(300)
    yield emulated
    emulated.close()


REGISTER = {"family": "web", "containerDefinitions": [{"name": "c", "image": "nginx:alpine"}]}


def ask(aws: EmulatedAws, operation: str, content: object) -> HttpResponse:
    headers = {
        "x-amz-target": TARGET + operation,
        "authorization": SCOPE,
        "content-type": "application/x-amz-json-1.1",
    }
    return aws.answer(HttpRequest("POST", "/", "", headers, json.dumps(content).encode()))


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """What the model allows for a shape; deep down only what it requires."""
    if isinstance(shape, StructureShape):
        return st.deferred(lambda: _structures(shape, depth))
    if isinstance(shape, ListShape):
        most = 2 if depth < DEEPEST else 0
        return st.lists(st.deferred(lambda: values(shape.member, depth + 1)), max_size=most)
    if isinstance(shape, MapShape):
        return st.dictionaries(st.sampled_from(TEXTS), values(shape.value, depth + 1), max_size=1)
    if enum := getattr(shape, "enum", None):
        return st.sampled_from(list(enum))
    kinds: Mapping[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.sampled_from(NUMBERS),
        "long": st.sampled_from(NUMBERS),
        "double": st.sampled_from([0.0, 1.5]),
        "float": st.sampled_from([0.0, 1.5]),
        "timestamp": st.sampled_from([0, 1_767_603_600]),
        "blob": st.just("YQ=="),
    }
    return kinds.get(shape.type_name, st.sampled_from(TEXTS))


def _structures(shape: StructureShape, depth: int) -> st.SearchStrategy[Any]:
    """The required members and up to three others: with more, hardly any request would pass."""
    required = list(shape.required_members)
    others = [name for name in shape.members if name not in required]
    chosen = st.lists(st.sampled_from(others), max_size=3, unique=True) if others else st.just([])

    def filled(names: list[str]) -> st.SearchStrategy[Any]:
        members = [*required, *(names if depth < DEEPEST else [])]
        return st.fixed_dictionaries({n: values(shape.members[n], depth + 1) for n in members})

    return chosen.flatmap(filled)


def model(name: str) -> OperationModel:
    return service_model().operation_model(name)


def check(response: HttpResponse, name: str) -> None:
    """Either a reply of the operation, or an error with a code and a message."""
    content = json.loads(response.body)
    if response.status == 200:
        shape = model(name).output_shape
        known = shape.members if shape else {}
        assert set(content) <= set(known)
        report = ParamValidator().validate(_times_as_texts(content, shape), shape)
        assert not report.has_errors(), report.generate_report()
        return
    assert response.status == 400, content
    assert set(content) == {"__type", "message"}
    assert content["__type"].endswith("Exception")
    assert content["message"]


def _times_as_texts(content: Any, shape: Any) -> Any:
    """botocore's validator takes a time as a text, the wire has seconds."""
    if isinstance(shape, StructureShape):
        return {n: _times_as_texts(v, shape.members[n]) for n, v in content.items()}
    if isinstance(shape, ListShape):
        return [_times_as_texts(each, shape.member) for each in content]
    return "2026-01-05T09:00:00Z" if shape.type_name == "timestamp" else content


@pytest.mark.whole
@pytest.mark.parametrize("name", sorted(service_model().operation_names))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(data=st.data())
def test_any_request_of_the_model_is_answered(
    aws: EmulatedAws, name: str, data: st.DataObject
) -> None:
    shape = model(name).input_shape
    request = data.draw(values(shape)) if shape and name in OPERATIONS else {}

    check(ask(aws, name, request), name)
    aws.engine.advance(data.draw(st.sampled_from([0, 1, 60])))


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(sorted(OPERATIONS)),
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["cluster", "service", "services", "tasks", "tags", "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=6,
    ),
)
def test_a_request_that_no_model_allows_is_refused_in_awss_form(
    aws: EmulatedAws, name: str, content: Any
) -> None:
    check(ask(aws, name, content), name)
