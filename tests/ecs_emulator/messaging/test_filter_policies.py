"""Filter policies of SNS subscriptions: what goes through, and what SNS refuses.

Recorded from AWS by LocalStack, one public snapshot for each shape, in our own words here:
https://github.com/localstack/localstack/blob/main/tests/aws/services/sns/test_sns_filter_policy.snapshot.json
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from ecs_emulator.messaging.filter_policies import (
    ATTRIBUTES,
    BODY,
    InvalidFilterPolicy,
    NestedPolicy,
    parse,
)

Aws = Callable[..., Any]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
FAILED = {
    "detail-type": "ECS Deployment State Change",
    "resources": ["arn:aws:ecs:eu-west-1:1:service/default/web", "arn:other"],
    "detail": {"eventType": "ERROR", "count": 3, "containers": [{"name": "web"}, {"exit": 1}]},
    "empty": [],
}


def text(value: str) -> dict[str, str]:
    return {"Type": "String", "Value": value}


@pytest.mark.parametrize(
    ("policy", "goes_through"),
    [
        ({"detail-type": [{"prefix": "ECS"}]}, True),
        ({"detail": {"eventType": ["ERROR"]}}, True),
        ({"detail": {"eventType": [{"anything-but": "ERROR"}]}}, False),
        ({"detail": {"eventType": [{"equals-ignore-case": "error"}]}}, True),
        ({"resources": [{"suffix": "/web"}]}, True),
        ({"resources": [{"suffix": "/api"}]}, False),
        ({"resources": [{"prefix": "arn:other"}]}, True),
        ({"resources": [{"equals-ignore-case": "ARN:OTHER"}]}, True),
        ({"resources": [{"anything-but": ["arn:other"]}]}, True),
        ({"resources": [{"numeric": [">", 1]}]}, False),
        ({"detail": {"count": [{"numeric": [">=", 3]}]}}, True),
        ({"detail": {"eventType": [{"numeric": [">=", 3]}]}}, False),
        ({"detail": {"containers": {"name": ["web"]}}}, True),
        ({"detail": {"containers": {"name": ["web"], "exit": [1]}}}, False),
        ({"$or": [{"detail-type": ["x"]}, {"detail": {"count": [3]}}]}, True),
        ({"$or": [{"detail-type": ["x"]}, {"detail": {"count": [4]}}]}, False),
        ({"empty": [{"exists": True}]}, False),
        ({"empty": [{"exists": False}]}, True),
        ({"nothing": [{"exists": False}]}, True),
        ({"detail.eventType": ["ERROR"]}, True),
    ],
)
def test_a_policy_on_the_body_looks_into_every_element(policy: Any, goes_through: bool) -> None:
    found = parse(json.dumps(policy), BODY)

    assert found.accepts({}, json.dumps(FAILED)) is goes_through


@pytest.mark.parametrize("body", ["no JSON", '"text"', "[1]", "7", "", "[" * 10_000])
def test_a_body_that_is_no_object_never_goes_through(body: str) -> None:
    assert parse('{"a": [{"exists": false}]}', BODY).accepts({}, body) is False


@pytest.mark.parametrize(
    ("policy", "attribute", "goes_through"),
    [
        (["high"], text("high"), True),
        (["high"], text("low"), False),
        (["high"], None, False),
        ([{"exists": False}], None, True),
        ([{"exists": True}], text("x"), True),
        ([{"prefix": "hi"}], text("high"), True),
        ([{"numeric": [">", 5]}], {"Type": "Number", "Value": "7"}, True),
        ([{"numeric": [">", 5]}], text("7"), False),
        ([7], {"Type": "Number", "Value": "7.0"}, True),
        (["a"], {"Type": "String.Array", "Value": '["a", "b"]'}, True),
        (["c"], {"Type": "String.Array", "Value": '["a", "b"]'}, False),
        ([{"anything-but": "a"}], {"Type": "String.Array", "Value": '["a", "b"]'}, True),
        ([{"cidr": "10.0.0.0/24"}], text("10.0.0.9"), True),
        (["x"], {"Type": "Binary", "Value": "eA=="}, False),
        ([{"numeric": ["=", 1]}], {"Type": "Number", "Value": "no number"}, False),
        (["a"], {"Type": "String.Array", "Value": "["}, False),
    ],
)
def test_a_policy_on_attributes(policy: Any, attribute: Any, goes_through: bool) -> None:
    attributes = {} if attribute is None else {"level": attribute}

    assert parse(json.dumps({"level": policy})).accepts(attributes, "body") is goes_through


REFUSED = [
    ({"k": [["v"]]}, "Match value must be String, number, true, false, or null", None),
    ({"k": [{"wrong": True}]}, "Unrecognized match type wrong", None),
    ({"k": [{"wildcard": "a*"}]}, "Unrecognized match type wildcard", None),
    ({"k": [{"suffix": "a", "prefix": "b"}]}, "Only one key allowed in match expression", None),
    ({"k": []}, "Empty arrays are not allowed", None),
    ({"k": [{"suffix": 100}]}, "suffix match pattern must be a string", None),
    ({"k": [{"suffix": []}]}, "suffix match pattern must be a string", None),
    ({"k": {"suffix": "v"}}, '"suffix" must be an object or an array', None),
    ({"k": "v"}, '"k" must be an object or an array', None),
    ({"k": [{"cidr": ["x"]}]}, "prefix match pattern must be a string", None),
    ({"k": [{"cidr": "x"}]}, "Malformed CIDR, one '/' required", None),
    ({"k": [{"numeric": []}]}, "Invalid member in numeric match: ]", None),
    ({"k": [{"numeric": ["to"]}]}, "Unrecognized numeric range operator: to", None),
    ({"k": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top", None),
    ({"k": [{"numeric": [">", 1, 2]}]}, "Bad value in numeric range: 2", None),
    ({"k": [{"exists": None}]}, "exists match pattern must be either true or false.", None),
    ({"k": [{"anything-but": {"suffix": "x"}}]}, "Unsupported anything-but pattern: suffix", None),
    ({"k": [{"anything-but": {"prefix": 1}}]}, "prefix match pattern must be a string", None),
    ({"k": [str(n) for n in range(151)]}, "Filter policy is too complex", None),
    ({"k": list("ab") * 50, "l": list("abc") * 17}, "Filter policy is too complex", None),
    ({str(n): ["v"] for n in range(6)}, "Filter policy can not have more than 5 keys", None),
    ([], "Filter is not an object", None),
]


@pytest.mark.parametrize(("policy", "reason", "_"), REFUSED)
@pytest.mark.parametrize("call", ["subscribe", "set_subscription_attributes"])
def test_sns_refuses_a_policy_at_once_and_keeps_nothing(
    aws: Aws, call: str, policy: Any, reason: str, _: Any
) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:eu-west-1:123456789876:q"}
    kept = sns.subscribe(TopicArn=topic, **queue)["SubscriptionArn"]
    written, lead = json.dumps(policy), "Invalid parameter: "

    if call == "subscribe":
        lead += "Attributes Reason: "
        other = {"Protocol": "email", "Endpoint": "a@example.com"}
        given = {"TopicArn": topic, **other, "Attributes": {"FilterPolicy": written}}
    else:
        given = {"SubscriptionArn": kept, "AttributeName": "FilterPolicy"}
        given["AttributeValue"] = written
    with pytest.raises(ClientError) as caught:
        getattr(sns, call)(**given)

    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameter"
    assert error["Message"].startswith(f"{lead}FilterPolicy: {reason}")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [each["SubscriptionArn"] for each in listed] == [kept]
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=kept)["Attributes"]


def test_the_place_is_that_of_the_policy_without_spaces() -> None:
    with pytest.raises(InvalidFilterPolicy) as caught:
        parse('{"key":   [ ["value"] ]}')

    assert str(caught.value).endswith(
        '\n at [Source: (String)"{"key":[["value"]]}"; line: 1, column: 10]'
    )


@pytest.mark.parametrize("attributes", [{"FilterPolicyScope": "RandomValue"}])
def test_an_unknown_scope_is_refused(aws: Aws, attributes: dict[str, str]) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    endpoint = {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:eu-west-1:123456789876:q"}
    arn = sns.subscribe(TopicArn=topic, **endpoint)["SubscriptionArn"]
    with pytest.raises(ClientError) as caught:
        sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicyScope", AttributeValue="RandomValue"
        )

    assert caught.value.response["Error"]["Message"] == (
        "Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. "
        "Please use either MessageBody or MessageAttributes"
    )


def test_keys_within_keys_are_for_the_body_only() -> None:
    assert parse('{"a": {"b": ["c"]}}', BODY)
    with pytest.raises(NestedPolicy, match="does not support nested filter policy"):
        parse('{"a": {"b": ["c"]}}', ATTRIBUTES)


@pytest.mark.parametrize(
    ("protocol", "endpoint", "text"),
    [
        ("slack", "https://x", "Amazon SNS does not support this protocol string: slack"),
        ("https", "http://x", "Endpoint must match the specified protocol"),
        ("email", "nobody", "Email address"),
        ("sqs", "https://sqs.eu-west-1.amazonaws.com/1/q", "SQS endpoint ARN"),
    ],
)
def test_an_endpoint_that_does_not_fit_is_refused(
    aws: Aws, protocol: str, endpoint: str, text: str
) -> None:
    topic = aws("sns").create_topic(Name="t")["TopicArn"]
    with pytest.raises(ClientError) as caught:
        aws("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    assert caught.value.response["Error"]["Message"] == f"Invalid parameter: {text}"


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_web_hook_waits_for_its_confirmation(aws: Aws, emulator: Any, protocol: str) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    hook = f"{protocol}://hooks.example.com/alerts"

    arn = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=hook)["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="hello")

    assert arn == "pending confirmation"
    (delivery,) = emulator.aws.account.sns.deliveries
    assert delivery.outcome == "pending"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "b", "$or", "prefix", "suffix", "numeric", "exists", "cidr"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=10,
)


@settings(max_examples=EXAMPLES, deadline=None)
@whatever(
    policy=values, body=values, kind=st.sampled_from(["String", "Number", "String.Array", "x"])
)
def test_whatever_is_written_is_read_or_refused_and_no_message_breaks_it(
    policy: Any, body: Any, kind: str
) -> None:
    for scope in (ATTRIBUTES, BODY):
        with suppress(InvalidFilterPolicy, NestedPolicy):
            found = parse(json.dumps(policy), scope)
            attributes = {"a": {"Type": kind, "Value": json.dumps(body)}}
            assert found.accepts(attributes, json.dumps({"a": body})) in (True, False)
