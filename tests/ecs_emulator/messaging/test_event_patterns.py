"""Event patterns: what they match and what is refused, as EventBridge answers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from event_pattern_answers import ROWS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecs_emulator.messaging.event_patterns import InvalidPattern, parse

Aws = Callable[..., Any]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
ENVELOPE = {
    "id": "1",
    "source": "aws.ecs",
    "account": "123456789876",
    "region": "eu-west-1",
    "time": "2026-11-27T09:00:00Z",
    "detail-type": "T",
    "resources": [],
}


def told(answer: Callable[[], bool]) -> bool | str:
    """Whether it matches, or the reason of the refusal without its place."""
    try:
        return answer()
    except InvalidPattern as refusal:
        lead, _, reason = str(refusal).partition("Event pattern is not valid. Reason: ")
        assert lead == ""
        return reason.partition("\n at ")[0]


@pytest.mark.parametrize(("pattern", "event", "answer", "source"), ROWS)
def test_a_pattern_is_answered_as_aws_answers_it(
    pattern: Any, event: Any, answer: bool | str, source: str
) -> None:
    assert told(lambda: parse(json.dumps(pattern)).matches(event)) == answer, source


def test_there_are_enough_answers() -> None:
    assert len(ROWS) >= 200
    assert len({json.dumps([p, e]) for p, e, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('{"int": 42}', 11),
        ('{"resources": []}', 17),
        ('{"my_key": [{"EXISTS": true}]}', 28),
        ('{"time": [{"prefix": 123}]}', 25),
        ('{"time": [{"prefix": ["2022-07-13"]}]}', 23),
        ('["not", "a", "dict"]', 2),
        ("this is valid json but not a dict", 5),
        ("{'bad': 'quotation'}", 2),
        ('{"not": closed mark"', 15),
        ("{\n  'a': 1}", 3),
    ],
)
def test_the_refusal_names_the_place_as_aws_does(text: str, column: int) -> None:
    """The columns were recorded from AWS, but for the last, which follows from them."""
    with pytest.raises(InvalidPattern) as caught:
        parse(text)

    line = 2 if "\n" in text else 1
    assert str(caught.value).endswith(
        f'\n at [Source: (String)"{text}"; line: {line}, column: {column}]'
    )


def test_inside_a_list_of_anything_but_the_place_is_named_twice() -> None:
    with pytest.raises(InvalidPattern) as caught:
        parse('{"a": [{"anything-but": ["b", null]}]}')

    assert str(caught.value).count("\n at [Source: ") == 2


@pytest.mark.parametrize("call", ["put_rule", "test_event_pattern"])
@pytest.mark.parametrize(
    "pattern",
    [
        '{"a": [{"prefx": "b"}]}',
        '["a"]',
        '{"a": "b"}',
        '{"detail": {"a": [{"cidr": 5}]}}',
        "{",
        "x",
    ],
)
def test_put_rule_and_test_event_pattern_refuse_alike(aws: Aws, call: str, pattern: str) -> None:
    more = {"Name": "r"} if call == "put_rule" else {"Event": json.dumps(ENVELOPE)}
    with pytest.raises(ClientError) as caught:
        getattr(aws("events"), call)(EventPattern=pattern, **more)

    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidEventPatternException"
    assert error["Message"].startswith("Event pattern is not valid. Reason: ")
    assert aws("events").list_rules()["Rules"] == []


@pytest.mark.parametrize("event", ["plain text", '"text"', "[]", "{"])
def test_an_event_that_is_none_is_refused(aws: Aws, event: str) -> None:
    with pytest.raises(ClientError) as caught:
        aws("events").test_event_pattern(Event=event, EventPattern='{"source": ["a"]}')

    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "ValidationException",
        "Parameter Event is not valid.",
    )


def test_a_rule_reaches_into_the_containers_of_a_task_event(
    aws: Aws, advance: Callable[[float], None]
) -> None:
    sqs, events = aws("sqs"), aws("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789876:heard"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"detail": {"containers": {"name": ["web"], "exitCode": [{"anything-but": 0}]}}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])

    for code in (0, 3):
        detail = {
            "containers": [{"name": "web", "exitCode": code}, {"name": "logs", "exitCode": 9}]
        }
        entry = {"Source": "mine", "DetailType": "T", "Detail": json.dumps(detail)}
        events.put_events(Entries=[entry])
    advance(5)

    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["containers"][0]["exitCode"] == 3


names = st.sampled_from(["a", "b", "detail", "$or", "prefix", "numeric", "x.y"])
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["10.0.0.1", "::1", "a*", "a**", "\\", "10.0.0.0/8"]),
)
operators = st.sampled_from(
    "prefix suffix anything-but numeric cidr exists wildcard equals-ignore-case exactly no".split()
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(names, operators, st.text(max_size=3)), inner, max_size=3),
    ),
    max_leaves=12,
)
numeric = st.fixed_dictionaries(
    {
        "numeric": st.lists(
            st.one_of(st.sampled_from(["=", "<", "<=", ">", ">="]), plain), max_size=5
        )
    }
)
conditions = st.lists(
    st.one_of(plain, numeric, st.dictionaries(operators, values, max_size=2)), max_size=3
)
patterns = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.dictionaries(names, inner, max_size=3),
        st.lists(st.dictionaries(names, inner), max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pattern=st.one_of(patterns, values), event=values, cut=st.integers(0, 60))
def test_whatever_is_written_is_read_or_refused_and_no_event_breaks_it(
    pattern: Any, event: Any, cut: int
) -> None:
    text = json.dumps(pattern)
    for written in (text, text[:cut], text[cut:]):
        try:
            found = parse(written)
        except InvalidPattern:
            continue
        assert found.matches({"detail": event, "a": event}) in (True, False)


@given(text=st.text(max_size=40))
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidPattern):
        parse(text)


def test_a_pattern_nested_deeper_than_anybody_writes_is_refused() -> None:
    with pytest.raises(InvalidPattern):
        parse('{"a":' * 5000 + "[1]" + "}" * 5000)
