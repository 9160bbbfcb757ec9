"""What PutTargets refuses of a target's input, and what a transformer makes of an event.

Recorded from AWS by LocalStack, unless a test says otherwise:
https://github.com/localstack/localstack/blob/main/tests/aws/services/events/test_events_inputs.snapshot.json
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from ecs_emulator.messaging.target_input import InvalidTarget, NotJson, check_target, target_text
from ecs_emulator.world.lookups import Target

Aws = Callable[..., Any]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
EVENT = {
    "version": "0",
    "id": "1",
    "detail-type": "ECS Task State Change",
    "source": "aws.ecs",
    "resources": ["arn:task"],
    "detail": {"levels": ["HIGH"], "states": ["A", "B"], "task": {"id": "a-1", "kind": "new"}}
    | {"name": "web", "on": True, "count": 2},
}
PATHS = {
    "levels": "$.detail.levels",
    "states": "$.detail.states",
    "task": "$.detail.task",
    "name": "$.detail.name",
    "on": "$.detail.on",
    "count": "$.detail.count",
    "none": "$.detail.none",
}


def target(**given: Any) -> Target:
    return Target("1", "arn:queue", "failed", "arn:rule/failed", **given)


def transformed(template: str) -> str:
    paths = tuple(PATHS.items())
    return target_text(EVENT, target(input_template=template, input_paths=paths), NOON)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('"<levels> one"', '"[HIGH] one"'),
        ('"<states> two"', '"[A,B] two"'),
        ('"task <task> of <name>"', '"task {id:a-1,kind:new} of web"'),
        ('"it is <on>!"', '"it is true!"'),
        ('"<none> is nothing"', '" is nothing"'),
        ('"<levels>"\n"<name> below"', '"[HIGH]"\n"web below"'),
        ('"{[/ begins oddly <name>"', '"{[/ begins oddly web"'),
        ('{"levels": <levels>}', '{"levels": ["HIGH"]}'),
        ('{"path": "services/<name>", "task": <task>}', None),
        ('{"name": <name>, "again": "<name>/<name>"}', '{"name": "web", "again": "web/web"}'),
        ('{"list": [<name>, "fixed"]}', '{"list": ["web", "fixed"]}'),
        ('{"none": <none>}', '{"none": ""}'),
        ('{"deep": {"er": {"path": "x/<name>"}}}', '{"deep": {"er": {"path": "x/web"}}}'),
        ('{"count": <count>, "on": "<on>"}', '{"count": 2, "on": "true"}'),
    ],
)
def test_a_transformer_makes_this_of_the_event(template: str, text: str | None) -> None:
    wanted = text or '{"path": "services/web", "task": {"id":"a-1","kind":"new"}}'

    assert transformed(template) == wanted


@pytest.mark.parametrize(
    "template",
    [
        "<levels> without quotes",
        '{"levels": "<levels>"}',
        '{"levels": "<levels>", "states": "<states>"}',
        '{"task": "it is <task>"}',
        "plain text",
        '{"name": <name>',
    ],
)
def test_what_becomes_no_json_is_not_delivered(template: str) -> None:
    with pytest.raises(NotJson, match="makes no JSON of this event"):
        transformed(template)


def test_the_event_by_itself_has_its_detail_type_in_one_word() -> None:
    text = json.loads(transformed('{"event": <aws.events.event>, "all": <aws.events.event.json>}'))

    assert text["event"]["detailType"] == "ECS Task State Change"
    assert "detail" not in text["event"]
    assert text["all"] == EVENT


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"InputPath": "$.detail", "InputTransformer": {"InputTemplate": '"x"'}},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (
            {"Input": "{}", "InputPath": "$"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        ({"Input": "a bare word"}, "JSON syntax error in input for target t."),
        ({"Input": "{'a': 1}"}, "JSON syntax error in input for target t."),
        (
            {"InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<a> <b>"'}},
            "InputTemplate for target t contains invalid placeholder b.",
        ),
        ({"InputPath": "detail"}, "Invalid InputPath for target t."),
        ({"InputPath": "$detail"}, "Invalid InputPath for target t."),
        ({"InputPath": "$.."}, "Invalid InputPath for target t."),
        (
            {"InputTransformer": {"InputPathsMap": {"a": "detail"}, "InputTemplate": '"<a>"'}},
            "Invalid InputPathsMap path detail for target t.",
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"AWS.a": "$"}, "InputTemplate": '"x"'}},
            "Invalid InputPathsMap key AWS.a for target t: it must not start with AWS.",
        ),
    ],
)
def test_put_targets_refuses(given: dict[str, Any], text: str) -> None:
    """The texts on paths are assumed: AWS documents the rules, not the words."""
    with pytest.raises(InvalidTarget) as caught:
        check_target({"Id": "t", "Arn": "arn:queue", **given})

    assert str(caught.value) == text


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Input": '"a text"'},
        {"Input": "7"},
        {"InputPath": "$"},
        {"InputPath": "$.detail.a[0].b"},
        {"InputPath": "$['detail']['a-b']"},
        {"InputTransformer": {"InputTemplate": '"<aws.events.rule-name>"'}},
        {"InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": '{"b": <a>}'}},
    ],
)
def test_put_targets_takes(given: dict[str, Any]) -> None:
    check_target({"Id": "t", "Arn": "arn:queue", **given})


def test_a_refused_target_leaves_the_rule_as_it_was(aws: Aws) -> None:
    events = aws("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    arn = "arn:aws:sqs:eu-west-1:123456789876:q"

    with pytest.raises(ClientError) as caught:
        events.put_targets(
            Rule="r", Targets=[{"Id": "1", "Arn": arn}, {"Id": "2", "Arn": arn, "Input": "x"}]
        )

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


def test_an_event_that_becomes_no_json_is_a_failed_invocation(
    aws: Aws, advance: Callable[[float], None], emulator: Any
) -> None:
    events, sqs = aws("events"), aws("sqs")
    sqs.create_queue(QueueName="q")
    events.put_rule(Name="r", EventPattern='{"source": ["mine"]}')
    transformer = {"InputPathsMap": {"a": "$.detail.list"}, "InputTemplate": '{"a": "<a>"}'}
    arn = "arn:aws:sqs:eu-west-1:123456789876:q"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn, "InputTransformer": transformer}])

    entry = {"Source": "mine", "DetailType": "T", "Detail": '{"list": ["x"]}'}
    events.put_events(Entries=[entry])
    advance(5)

    (delivery,) = emulator.aws.account.bus.deliveries
    assert (delivery.outcome, delivery.error_code) == ("failed", "INVALID_PARAMETER")
    assert "makes no JSON" in delivery.error


texts = st.text(max_size=30)
pieces = st.lists(
    st.sampled_from(
        [
            "<a>",
            "<b>",
            "<aws.events.event>",
            '"',
            "\\",
            "{",
            "}",
            "[",
            ":",
            ",",
            "x",
            "\n",
            "<",
            ">",
        ]
    ),
    max_size=15,
).map("".join)


@settings(max_examples=EXAMPLES, deadline=None)
@whatever(
    template=st.one_of(texts, pieces),
    path=st.one_of(texts, st.sampled_from(["$", "$.detail", "$.detail.levels[0]", "$[0]"])),
    text=texts,
)
def test_whatever_a_target_says_it_is_refused_sent_or_counted_as_failed(
    template: str, path: str, text: str
) -> None:
    paths = {"a": path, "b": "$.detail"}
    for given in (
        {"Input": text},
        {"InputPath": path},
        {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}},
    ):
        try:
            check_target({"Id": "t", **given})
        except InvalidTarget:
            continue
        with suppress(NotJson):
            target_text(EVENT, target(input_path=given.get("InputPath")), NOON)
            made = target(input_template=template, input_paths=tuple(paths.items()))
            assert isinstance(target_text(EVENT, made, NOON), str)
