"""The emulator's own controls under /_emulator, over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.world.clock import FIRST_MOMENT
from ecs_emulator.world.images import FIRST_IMAGES

Advance = Callable[[float], None]
Call = Callable[..., tuple[int, Any]]
CLOCK, IMAGES, RESET = "/_emulator/clock", "/_emulator/images", "/_emulator/reset"
FAULTS = "/_emulator/faults"
NO_SUCH_FAULT = (
    "There is no fault 'no_luck'. There are no_capacity, no_route, account_blocked, "
    "throttled_targets, throttled_scheduler, throttled_calls, denied_calls, call_faults, "
    "sick_tasks, role_delay_seconds, rule_delay_seconds."
)
CLOCK_WORDS = 'Say {"advance_seconds": 900}, {"speed": 60}, or both, or {"sleep_seconds": 15}.'
TOPIC = "arn:aws:sns:eu-west-1:123456789876:my-topic"


@pytest.fixture
def call(emulator: EmulatorServer) -> Call:
    """call("POST", "/_emulator/clock", {"speed": 60}): the status and the content."""
    return lambda method, path, content=None: ask(
        emulator.url, method, path, None if content is None else json.dumps(content).encode()
    )


def ask(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text
    finally:
        connection.close()


def moment(seconds: float) -> str:
    return (FIRST_MOMENT + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


# --- health and clock -------------------------------------------------------------------------


def test_a_healthy_emulator_says_who_it_is(call: Call) -> None:
    assert call("GET", "/_emulator/health") == (
        200,
        {
            "status": "ok",
            "account": "123456789876",
            "seed": 1,
            "now": moment(0),
            "speed": 0,
            "next_due": None,
        },
    )


def test_a_frozen_clock_moves_only_when_it_is_advanced(call: Call) -> None:
    standing = {"now": moment(0), "speed": 0, "next_due": None}

    assert call("GET", CLOCK) == (200, standing)
    assert call("POST", CLOCK, {"advance_seconds": 90.5}) == (
        200,
        standing | {"now": moment(90.5)},
    )
    assert call("POST", CLOCK, {"advance_seconds": 0}) == call("GET", CLOCK)
    assert call("GET", CLOCK) == (200, standing | {"now": moment(90.5)})


def test_the_clock_says_when_something_happens_next(call: Call, aws: Callable[..., Any]) -> None:
    ecs = aws("ecs")
    container = {"name": "c", "image": "nginx:alpine", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    _, clock = call("GET", CLOCK)
    due = datetime.fromisoformat(clock["next_due"])
    assert timedelta() < due - FIRST_MOMENT < timedelta(seconds=2)

    ahead = (due - FIRST_MOMENT).total_seconds()
    _, later = call("POST", CLOCK, {"advance_seconds": ahead})
    assert datetime.fromisoformat(later["now"]) == due < datetime.fromisoformat(later["next_due"])


def test_a_running_clock_runs_as_fast_as_it_is_told(call: Call) -> None:
    status, first = call("POST", CLOCK, {"speed": 100_000})
    seen = [call("GET", CLOCK)[1]["now"] for _ in range(5)]

    assert (status, first["speed"]) == (200, 100_000)
    assert seen == sorted(set(seen))
    _, frozen = call("POST", CLOCK, {"speed": 0})
    assert call("GET", CLOCK)[1] == frozen
    assert frozen["now"] > seen[-1]


def test_a_running_world_moves_by_itself(call: Call, aws: Callable[..., Any]) -> None:
    ecs = aws("ecs")
    container = {"name": "c", "image": "nginx:alpine", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    call("POST", CLOCK, {"speed": 20_000})
    ecs.get_waiter("services_stable").wait(
        services=["web"], WaiterConfig={"Delay": 0, "MaxAttempts": 10_000}
    )

    assert call("POST", CLOCK, {"speed": 0})[0] == 200


def test_advancing_and_changing_the_speed_can_be_said_at_once(call: Call) -> None:
    status, clock = call("POST", CLOCK, {"advance_seconds": 60, "speed": 1})

    assert (status, clock["speed"]) == (200, 1)
    assert moment(60) <= clock["now"] < moment(120)


def test_who_sleeps_leaps_over_a_frozen_clock_and_is_told_the_speed_of_a_running_one(
    call: Call,
) -> None:
    _, leapt = call("POST", CLOCK, {"sleep_seconds": 15})
    assert (leapt["now"], leapt["speed"]) == (moment(15), 0)

    call("POST", CLOCK, {"speed": 1})
    _, running = call("POST", CLOCK, {"sleep_seconds": 86_400})
    assert running["speed"] == 1
    assert running["now"] < moment(3600)


def test_every_answer_of_aws_says_when_it_was_given(call: Call, aws: Callable[..., Any]) -> None:
    """So who keeps a journal need not ask for the time before each call."""
    call("POST", CLOCK, {"advance_seconds": 90})

    reply = aws("ecs").list_clusters()

    said = reply["ResponseMetadata"]["HTTPHeaders"]["x-emulator-now"]
    assert datetime.fromisoformat(said) == FIRST_MOMENT + timedelta(seconds=90)


# --- images -----------------------------------------------------------------------------------


def test_time_leaps_to_the_first_message_of_a_queue(
    call: Call, aws: Callable[..., Any], advance: Advance
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789876:inbox"
    policy = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [policy]})},
    )
    events = aws("events")
    events.put_rule(Name="any", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="any", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    leap = {"advance_seconds": 20, "until_message": arn}

    status, clock = call("POST", CLOCK, leap)

    assert status == 200
    assert moment(0.3) <= clock["now"] <= moment(0.7)
    assert call("POST", CLOCK, leap) == (200, clock)  # it is there already
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600)
    now = datetime.fromisoformat(clock["now"]) + timedelta(seconds=20)
    assert call("POST", CLOCK, leap)[1]["now"] == now.isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            {"until_message": "arn:aws:sqs:eu-west-1:123456789876:inbox"},
            "until_message needs advance_seconds: how far time may go at the most.",
        ),
        (
            {"advance_seconds": 1, "until_message": "inbox"},
            "until_message must be the ARN of a queue, not 'inbox'.",
        ),
        (
            {"advance_seconds": 1, "until_message": 7},
            "until_message must be the ARN of a queue, not 7.",
        ),
    ],
)
def test_a_leap_to_no_queue_is_refused(call: Call, content: Any, error: str) -> None:
    assert call("POST", CLOCK, content) == (400, {"error": error})
    assert call("GET", CLOCK)[1]["now"] == moment(0)


def test_the_image_catalogue_can_be_read_and_replaced(call: Call) -> None:
    first = {name: sorted(tags) for name, tags in FIRST_IMAGES.items()}

    assert call("GET", IMAGES) == (200, dict(sorted(first.items())))
    assert call("PUT", IMAGES, {"nginx": ["b", "a"], "team/web": []}) == (
        200,
        {"docker.io/library/nginx": ["a", "b"], "docker.io/team/web": []},
    )
    assert call("GET", IMAGES) == (
        200,
        {"docker.io/library/nginx": ["a", "b"], "docker.io/team/web": []},
    )


def test_an_image_that_is_added_can_be_deployed(
    call: Call, aws: Callable[..., Any], advance: Advance
) -> None:
    ecs = aws("ecs")
    container = {"name": "c", "image": "nginx:wrong-image-tag", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    call("PUT", IMAGES, {"nginx": ["wrong-image-tag"]})
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    advance(300)

    (service,) = ecs.describe_services(services=["web"])["services"]
    assert service["runningCount"] == 1


# --- faults -----------------------------------------------------------------------------------


def test_faults_are_off_until_they_are_named(call: Call) -> None:
    off: dict[str, Any] = {"no_capacity": False, "no_route": False, "account_blocked": False}
    off |= {"throttled_targets": False, "throttled_scheduler": []}
    off |= {"throttled_calls": [], "denied_calls": [], "call_faults": [], "sick_tasks": []}
    off |= {"role_delay_seconds": 0.0, "rule_delay_seconds": 0.0}

    assert call("GET", FAULTS) == (200, off)
    assert call("PUT", FAULTS, {"no_route": True}) == (200, off | {"no_route": True})
    assert call("PUT", FAULTS, {"no_capacity": True}) == (200, off | {"no_capacity": True})
    call("POST", RESET)
    assert call("GET", FAULTS) == (200, off)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no_capacity", "Capacity is unavailable at this time."),
        ("no_route", "dial tcp 172.31.54.241:443: i/o timeout"),
    ],
)
def test_a_fault_is_seen_in_the_service_events(
    call: Call, aws: Callable[..., Any], advance: Advance, fault: str, reason: str
) -> None:
    ecs = aws("ecs")
    container = {"name": "c", "image": "nginx:alpine", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    call("PUT", FAULTS, {fault: True})
    advance(330)
    (service,) = ecs.describe_services(services=["web"])["services"]
    assert any(reason in event["message"] for event in service["events"])
    assert service["runningCount"] == 0

    call("PUT", FAULTS, {})
    advance(3600)
    (service,) = ecs.describe_services(services=["web"])["services"]
    assert service["runningCount"] == 1


# --- mail and deliveries ----------------------------------------------------------------------


def wire_up(aws: Callable[..., Any]) -> None:
    """Rule → topic → e-mail, with the permission that EventBridge needs."""
    sns, events = aws("sns"), aws("events")
    sns.create_topic(Name="my-topic")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="example@example.com")
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    events.put_rule(Name="Failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="Failed", Targets=[{"Id": "mail", "Arn": TOPIC}])


@pytest.mark.fact("eventbridge.failed")
def test_a_tripped_breaker_is_delivered_to_the_mailbox(
    call: Call, aws: Callable[..., Any], advance: Advance
) -> None:
    wire_up(aws)
    _, (question,) = call("GET", "/_emulator/mail")
    assert sorted(question) == sorted(
        ["sentAt", "to", "from", "subject", "body", "topicArn", "kind", "link"]
    )
    assert (question["kind"], question["to"]) == ("confirmation", "example@example.com")
    status, page = call("GET", question["link"])
    assert status == 200
    assert "Subscription confirmed!" in page

    ecs = aws("ecs")
    container = {"name": "c", "image": "nginx:wrong-image-tag", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    ecs.create_service(
        serviceName="web", taskDefinition="web", desiredCount=1, deploymentConfiguration=breaker
    )
    advance(1200)

    (service,) = ecs.describe_services(services=["web"])["services"]
    (deployment,) = service["deployments"]
    _, (_, alert) = call("GET", "/_emulator/mail")
    event = json.loads(alert["body"].partition("\n")[0])
    assert (alert["kind"], alert["topicArn"]) == ("notification", TOPIC)
    assert event["resources"] == [service["serviceArn"]]
    assert event["detail"]["deploymentId"] == deployment["id"]
    assert event["detail"]["eventName"] == "SERVICE_DEPLOYMENT_FAILED"

    _, (delivery,) = call("GET", "/_emulator/deliveries")
    assert delivery["event_name"] == "SERVICE_DEPLOYMENT_FAILED"
    assert (delivery["rule"], delivery["target_arn"]) == ("Failed", TOPIC)
    assert delivery["event_id"] == event["id"]
    assert [each["outcome"] for each in delivery["subscriptions"]] == ["delivered"]


def test_a_new_world_has_no_mail_and_no_deliveries(call: Call) -> None:
    assert call("GET", "/_emulator/mail") == (200, [])
    assert call("GET", "/_emulator/deliveries") == (200, [])


def test_a_link_that_no_mail_has_is_not_found(call: Call) -> None:
    status, page = call("GET", "/_emulator/mail/nowhere?Token=1")

    assert status == 404
    assert "No mail of the emulator has this link." in page


# --- reset ------------------------------------------------------------------------------------


def test_a_reset_begins_anew_with_the_same_seed(
    call: Call, aws: Callable[..., Any], advance: Advance
) -> None:
    def story() -> tuple[Any, Any]:
        ecs = aws("ecs")
        container = {"name": "c", "image": "nginx:alpine", "memory": 128}
        ecs.register_task_definition(family="web", containerDefinitions=[container])
        ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
        advance(300)
        (service,) = ecs.describe_services(services=["web"])["services"]
        topic = aws("sns").create_topic(Name="my-topic")["TopicArn"]
        vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        return service, (topic, vpc)

    first = story()
    call("PUT", IMAGES, {})
    assert call("POST", RESET)[1]["now"] == moment(0)
    assert aws("ecs").list_services()["serviceArns"] == []
    assert aws("sns").list_topics()["Topics"] == []
    assert story() == first
    status, health = call("POST", RESET, {"seed": 2})
    assert (status, health["seed"]) == (200, 2)
    assert story() != first
    assert call("POST", RESET)[1]["seed"] == 2


# --- what makes no sense ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("POST", CLOCK, {}, CLOCK_WORDS),
        ("POST", CLOCK, {"hours": 1}, CLOCK_WORDS),
        ("POST", CLOCK, {"sleep_seconds": 1, "speed": 1}, CLOCK_WORDS),
        (
            "POST",
            CLOCK,
            {"sleep_seconds": -1},
            "sleep_seconds must be a number from 0 to 7776000, not -1.",
        ),
        (
            "POST",
            CLOCK,
            {"advance_seconds": -1},
            "advance_seconds must be a number from 0 to 7776000, not -1.",
        ),
        (
            "POST",
            CLOCK,
            {"advance_seconds": "soon"},
            "advance_seconds must be a number from 0 to 7776000, not 'soon'.",
        ),
        (
            "POST",
            CLOCK,
            {"advance_seconds": 60, "speed": -1},
            "speed must be a number from 0 to 100000, not -1.",
        ),
        ("POST", CLOCK, {"speed": True}, "speed must be a number from 0 to 100000, not True."),
        ("POST", CLOCK, {"speed": None}, "speed must be a number from 0 to 100000, not None."),
        ("POST", CLOCK, {"speed": 1e6}, "speed must be a number from 0 to 100000, not 1000000.0."),
        (
            "POST",
            CLOCK,
            {"speed": float("nan")},
            "speed must be a number from 0 to 100000, not nan.",
        ),
        ("POST", CLOCK, [1], "The body is not a JSON object."),
        (
            "PUT",
            IMAGES,
            {"nginx": "alpine"},
            'nginx: give its tags as a list of texts, like ["alpine"].',
        ),
        (
            "PUT",
            IMAGES,
            {"nginx": [1]},
            'nginx: give its tags as a list of texts, like ["alpine"].',
        ),
        (
            "PUT",
            FAULTS,
            {"no_luck": True},
            NO_SUCH_FAULT,
        ),
        ("PUT", FAULTS, {"no_route": 1}, "no_route must be true or false, not 1."),
        ("POST", RESET, {"seed": "x"}, "seed must be a whole number, not 'x'."),
        ("POST", RESET, {"seed": 1.5}, "seed must be a whole number, not 1.5."),
        ("POST", RESET, {"seed": True}, "seed must be a whole number, not True."),
        ("POST", RESET, {"seeds": 1}, 'Say {"seed": 1}, or nothing to keep the seed.'),
    ],
)
def test_a_call_that_makes_no_sense_gets_one_sentence_and_changes_nothing(
    emulator_server: EmulatorServer, method: str, path: str, body: Any, error: str
) -> None:
    url = emulator_server.url
    before = [ask(url, "GET", each) for each in (CLOCK, IMAGES, FAULTS)]

    assert ask(url, method, path, json.dumps(body).encode()) == (400, {"error": error})
    assert [ask(url, "GET", each) for each in (CLOCK, IMAGES, FAULTS)] == before


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"speed=60", b"[" * 100_000, b'{"speed": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_is_not_json_is_refused(emulator_server: EmulatorServer, body: bytes) -> None:
    assert ask(emulator_server.url, "POST", CLOCK, body) == (
        400,
        {"error": "The body is not JSON."},
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_emulator/"),
        ("GET", "/_emulator/weather"),
        ("POST", "/_emulator/images"),
        ("DELETE", "/_emulator/clock"),
        ("GET", "/_emulator/reset"),
        ("GET", "/_emulator/%00/../clock"),
    ],
)
def test_a_control_that_there_is_not_is_answered_with_those_there_are(
    emulator_server: EmulatorServer, method: str, path: str
) -> None:
    status, answer = ask(emulator_server.url, method, path)

    assert status == 404
    assert answer["error"].endswith(
        "There is GET /_emulator/clock, GET /_emulator/deliveries, GET /_emulator/faults, "
        "GET /_emulator/health, GET /_emulator/images, GET /_emulator/mail, "
        "POST /_emulator/clock, POST /_emulator/reset, PUT /_emulator/faults, "
        "PUT /_emulator/images."
    )


def test_a_reset_leaves_nothing_at_the_policies_of_aws(
    emulator: EmulatorServer, aws: Callable[..., Any]
) -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    ids = []
    for _ in range(2):
        iam = aws("iam")
        shown = iam.get_policy(PolicyArn=arn)["Policy"]
        ids.append(shown["PolicyId"])
        assert shown["AttachmentCount"] == 0
        iam.attach_role_policy(PolicyArn=arn, RoleName="ecsTaskExecutionRole")
        assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
        ask(emulator.url, "POST", RESET)

    assert ids[0] == ids[1]
