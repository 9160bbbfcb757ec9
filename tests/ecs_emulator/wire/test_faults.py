"""Calls that go wrong on their way, and an IAM and an EventBridge that take a while."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from deployed import ACCOUNT, Deployed, received, rule_to_queue

from ecs_emulator.client import ControlRefused, EmulatorControls
from ecs_emulator.wire.call_faults import UNHARMED, CallFault, CallFaults, Strike

Aws = Callable[..., Any]
Set = Callable[..., Any]
BROKEN = "The request processing has failed because of an unknown error, exception or failure."
EXPIRED = "The security token included in the request is expired"
CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ecs", "ecs:ListClusters", "list_clusters", {}),
    ("sns", "sns:ListTopics", "list_topics", {}),
    ("sqs", "sqs:ListQueues", "list_queues", {}),
    ("events", "events:ListRules", "list_rules", {}),
    ("iam", "iam:ListRoles", "list_roles", {}),
    ("sts", "sts:GetCallerIdentity", "get_caller_identity", {}),
    ("ec2", "ec2:DescribeVpcs", "describe_vpcs", {}),
    ("cloudwatch", "cloudwatch:DescribeAlarms", "describe_alarms", {}),
    ("logs", "logs:DescribeLogGroups", "describe_log_groups", {}),
]
JSON, QUERY = ("ecs", "events", "logs"), ("sns", "iam", "sts", "cloudwatch")


@pytest.fixture
def strike(emulator: Any) -> Set:
    """strike({"call": "ecs:*", "fault": "throttling"}) injects these faults and no others."""
    controls = EmulatorControls(emulator.url)
    return lambda *faults, **more: controls.call(
        "PUT", "/_emulator/faults", {"call_faults": [*faults], **more}
    )


@pytest.fixture
def deployed(aws: Aws, advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


def error_of(call: Callable[..., Any], **params: Any) -> tuple[int, str, str]:
    """Status, code and text of the refusal. No refusal: (200, "", "")."""
    try:
        call(**params)
    except ClientError as error:
        said = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status, said["Code"], said["Message"]
    return 200, "", ""


def throttled(service: str) -> tuple[int, str, str]:
    if service == "ec2":
        return 503, "RequestLimitExceeded", "Request limit exceeded."
    if service == "sqs":
        return 403, "RequestThrottled", "Request is throttled."
    return 400, "ThrottlingException" if service in JSON else "Throttling", "Rate exceeded"


def expired(service: str) -> tuple[int, str, str]:
    if service == "ec2":
        return 400, "RequestExpired", "Request has expired."
    if service in JSON:
        return 400, "ExpiredTokenException", EXPIRED
    return 403, "ExpiredToken", EXPIRED


@pytest.mark.fact(
    "calls.throttled",
    "calls.throttled-query",
    "calls.throttled-ec2",
    "calls.throttled-sqs",
    "calls.expired",
    "calls.expired-query",
    "calls.expired-ec2",
    "calls.server-errors",
)
@pytest.mark.parametrize(("service", "call", "method", "params"), CALLS, ids=lambda c: str(c)[:12])
def test_each_service_says_it_in_its_own_way(
    aws: Aws, strike: Set, service: str, call: str, method: str, params: dict[str, Any]
) -> None:
    act = getattr(aws(service), method)
    strike({"call": call, "fault": "throttling"})
    assert error_of(act, **params) == throttled(service)
    strike({"call": call, "fault": "expired_token"})
    assert error_of(act, **params) == expired(service)
    strike({"call": call, "fault": "internal_failure"})
    broken = "InternalError" if service == "ec2" else "InternalFailure"
    assert error_of(act, **params) == (500, broken, BROKEN)
    strike({"call": call, "fault": "service_unavailable"})
    unavailable = "Unavailable" if service == "ec2" else "ServiceUnavailable"
    assert error_of(act, **params)[:2] == (503, unavailable)
    strike({"call": call, "fault": "connection_dropped"})
    with pytest.raises(ConnectionClosedError):
        act(**params)
    strike()
    assert error_of(act, **params) == (200, "", "")


def raw(url: str, service: str, body: str, **headers: str) -> tuple[int, str, bytes]:
    """One request as a client sends it: status, content type and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260105/eu-west-1/{service}/aws4_request"
    try:
        connection.request("POST", "/", body, {"authorization": scope, **headers})
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read()
    finally:
        connection.close()


def test_a_refusal_has_the_form_of_its_protocol(emulator: Any, strike: Set) -> None:
    strike({"call": "*", "fault": "service_unavailable"})
    target = {"x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    json_type = {"content-type": "application/x-amz-json-1.1"}
    status, kind, body = raw(emulator.url, "ecs", "{}", **target, **json_type)
    assert (status, kind) == (503, "application/x-amz-json-1.1")
    assert json.loads(body)["__type"] == "ServiceUnavailable"

    form = {"content-type": "application/x-www-form-urlencoded"}
    status, kind, body = raw(emulator.url, "sns", "Action=ListTopics", **form)
    assert (status, kind) == (503, "text/xml")
    assert body.startswith(b"<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnav")
    _, _, body = raw(emulator.url, "ec2", "Action=DescribeVpcs", **form)
    assert body.startswith(b"<Response><Errors><Error><Code>Unavailable</Code>")


def test_a_dropped_connection_is_closed_without_a_byte(emulator: Any, strike: Set) -> None:
    strike({"call": "*", "fault": "connection_dropped", "times": 2})
    for _ in range(2):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            raw(emulator.url, "sns", "Action=ListTopics")

    assert raw(emulator.url, "sns", "Action=ListTopics")[0] == 200


@pytest.mark.parametrize(("when", "topics"), [("before", 0), ("after", 1)])
def test_a_connection_dropped_before_the_call_leaves_nothing_and_after_it_leaves_all(
    aws: Aws, strike: Set, when: str, topics: int
) -> None:
    """The caller cannot tell: it can only make the call again."""
    strike({"call": "sns:CreateTopic", "fault": "connection_dropped", "when": when, "times": 1})
    sns = aws("sns")
    with pytest.raises(ConnectionClosedError):
        sns.create_topic(Name="t")

    assert len(sns.list_topics()["Topics"]) == topics
    sns.create_topic(Name="t")
    assert len(sns.list_topics()["Topics"]) == 1


def test_creating_a_service_again_after_a_dropped_reply_returns_the_same_service(
    deployed: Deployed, strike: Set
) -> None:
    dropped = {"call": "ecs:CreateService", "fault": "connection_dropped", "when": "after"}
    strike({**dropped, "times": 1})
    settings = {
        "serviceName": "web",
        "taskDefinition": deployed.register(),
        "desiredCount": 1,
        "networkConfiguration": deployed.network,
    }
    with pytest.raises(ConnectionClosedError):
        deployed.ecs.create_service(**settings)
    again = deployed.ecs.create_service(**settings)["service"]

    assert len(again["deployments"]) == 1
    assert deployed.service["serviceArn"] == again["serviceArn"]


def test_from_the_seventh_call_on_and_only_twice(aws: Aws, strike: Set) -> None:
    strike({"call": "ecs:List*", "fault": "throttling", "after_calls": 6, "times": 2})
    ecs = aws("ecs")

    assert [error_of(ecs.list_clusters)[0] for _ in range(10)] == [200] * 6 + [400] * 2 + [200] * 2


def test_a_share_of_the_calls_is_struck_and_the_same_ones_after_a_reset(
    emulator: Any, aws: Aws, strike: Set
) -> None:
    controls, told = EmulatorControls(emulator.url), []
    for seed in (1, 1, 2):
        controls.call("POST", "/_emulator/reset", {"seed": seed})
        strike({"call": "sns:*", "fault": "internal_failure", "rate": 0.3})
        told.append([error_of(aws("sns").list_topics)[0] for _ in range(60)])

    assert told[0] == told[1] != told[2]
    assert 9 <= told[0].count(500) <= 27


def test_other_calls_and_other_services_are_left_alone(aws: Aws, strike: Set) -> None:
    strike({"call": "sns:Publish", "fault": "throttling"}, {"call": "ecs:*", "fault": "throttling"})

    assert error_of(aws("sns").list_topics)[0] == 200
    assert error_of(aws("sqs").list_queues)[0] == 200
    assert error_of(aws("ecs").describe_clusters)[0] == 400


def test_the_emulators_own_controls_are_never_struck(emulator: Any, strike: Set) -> None:
    strike({"call": "*", "fault": "connection_dropped"})

    assert EmulatorControls(emulator.url).call("GET", "/_emulator/health")["status"] == "ok"


def test_a_virtual_delay_lets_time_pass_before_the_call_is_carried_out(
    deployed: Deployed, emulator: Any, strike: Set
) -> None:
    strike({"call": "ecs:DescribeServices", "fault": "delay", "virtual_seconds": 600})
    deployed.ecs.create_service(
        serviceName="web",
        taskDefinition=deployed.register(),
        desiredCount=1,
        networkConfiguration=deployed.network,
    )

    assert deployed.service["runningCount"] == 1
    clock = EmulatorControls(emulator.url).call("GET", "/_emulator/clock")
    assert clock["now"].startswith("2026-01-05T09:10:00")


def test_a_real_delay_is_answered_all_the_same(aws: Aws, strike: Set) -> None:
    strike({"call": "*", "fault": "delay", "milliseconds": 5})

    assert error_of(aws("ecs").list_clusters)[0] == 200


def made(**content: Any) -> CallFault:
    return CallFault.read({"call": "ecs:*", "fault": "throttling", **content})


def never(_: str) -> float:
    return 0.0


def test_the_first_fault_that_strikes_wins_and_delays_come_on_top() -> None:
    slow = made(fault="delay", milliseconds=3)
    faults = CallFaults(
        [slow, made(call="ecs:UpdateService"), made(fault="expired_token"), slow], never
    )

    update, describe = faults.strike("ecs", "UpdateService"), faults.strike("ecs", "DescribeTasks")
    assert update.error is not None
    assert (update.error.code, update.milliseconds) == ("ThrottlingException", 6)
    assert describe.error is not None
    assert (describe.error.code, describe.milliseconds) == ("ExpiredTokenException", 6)
    assert faults.strike("sns", "Publish") == UNHARMED
    assert CallFaults([made(fault="connection_dropped", when="after")], never).strike(
        "ecs", "RunTask"
    ) == Strike(drops="after")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttling", "A call fault is an object, not 'throttling'."),
        ({"call": "ecs:*"}, "A call fault needs 'fault', a text, not None."),
        ({"fault": "throttling"}, "A call fault needs 'call', a text, not None."),
        ({"call": "ecs", "fault": "throttling"}, 'call must be like "ecs:UpdateService" or'),
        ({"call": "*", "fault": "slow"}, "fault must be one of throttling, internal_failure, "),
        ({"call": "*", "fault": "throttling", "rate": 2}, "rate must be a number from 0 to 1, n"),
        ({"call": "*", "fault": "throttling", "rate": "x"}, "rate must be a number from 0 to 1"),
        ({"call": "*", "fault": "throttling", "times": -1}, "times must be a whole number from"),
        ({"call": "*", "fault": "throttling", "times": True}, "times must be a whole number"),
        ({"call": "*", "fault": "throttling", "after_calls": 1.5}, "after_calls must be a whole"),
        ({"call": "*", "fault": "throttling", "when": "after"}, "when is for connection_dropped"),
        ({"call": "*", "fault": "connection_dropped", "when": "x"}, "when must be before or after"),
        ({"call": "*", "fault": "delay"}, "A delay needs milliseconds or virtual_seconds; no o"),
        ({"call": "*", "fault": "throttling", "milliseconds": 5}, "A delay needs milliseconds or"),
        ({"call": "*", "fault": "delay", "milliseconds": 1e9}, "milliseconds must be a number"),
        ({"call": "*", "fault": "throttling", "often": 1}, "A call fault has no 'often'. It has"),
    ],
)
def test_a_malformed_fault_is_refused_in_one_line_and_changes_nothing(
    emulator: Any, strike: Set, fault: Any, error: str
) -> None:
    before = strike({"call": "ecs:*", "fault": "throttling", "times": 3})
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=30)
    connection.request("PUT", "/_emulator/faults", json.dumps({"call_faults": [fault]}))
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()

    assert answer.status == 400
    assert list(said) == ["error"]
    assert said["error"].startswith(error)
    assert "\n" not in said["error"]
    assert EmulatorControls(emulator.url).call("GET", "/_emulator/faults") == before


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"call_faults": {}}, "call_faults must be a list of objects, not {}."),
        ({"role_delay_seconds": -1}, "role_delay_seconds must be a number from 0 to 86400"),
        ({"rule_delay_seconds": "soon"}, "rule_delay_seconds must be a number from 0 to 86400"),
        ({"throttled_scheduler": ["s3"]}, "throttled_scheduler may have ecs and elb, not 's3'."),
    ],
)
def test_the_other_faults_are_checked_too(
    emulator: Any, content: dict[str, Any], error: str
) -> None:
    with pytest.raises(ControlRefused, match=re.escape(error)):
        EmulatorControls(emulator.url).call("PUT", "/_emulator/faults", content)


# --- what takes a while -----------------------------------------------------------------------


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def create_with_a_new_role(deployed: Deployed) -> str:
    role = deployed.aws("iam").create_role(RoleName="fresh", AssumeRolePolicyDocument=TRUST)
    arn = str(role["Role"]["Arn"])
    deployed.ecs.create_service(
        serviceName="web",
        taskDefinition=deployed.register(role=arn),
        desiredCount=1,
        networkConfiguration=deployed.network,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    return arn


@pytest.mark.fact("roles.not-yet", "roles.next-try")
def test_a_role_that_was_just_made_cannot_be_assumed_yet_and_ecs_tries_again(
    deployed: Deployed, strike: Set
) -> None:
    strike(role_delay_seconds=30)
    role = create_with_a_new_role(deployed)
    deployed.advance(600)
    (refused, started), *rest = zip(*[iter(deployed.events[::-1][:2])] * 2, strict=True)

    assert refused == (
        f"(service web) failed to launch a task with (error ECS was unable to assume the role "
        f"'{role}' that was provided for this task. Please verify that the role being passed has "
        "the proper trust relationship and permissions and that your IAM user has permissions to "
        "pass this role.)."
    )
    assert started.startswith("(service web) has started 1 tasks: ")
    assert rest == []
    times = [each["createdAt"] for each in deployed.service["events"]]
    assert 28 <= (times[-2] - times[-1]).total_seconds() <= 30
    assert deployed.service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.fact("roles.counts")
def test_a_role_that_is_late_for_long_trips_the_breaker(deployed: Deployed, strike: Set) -> None:
    strike(role_delay_seconds=3600)
    create_with_a_new_role(deployed)
    deployed.advance(600)

    assert deployed.service["deployments"][0]["rolloutState"] == "FAILED"


def test_without_the_fault_a_new_role_can_be_assumed_at_once(deployed: Deployed) -> None:
    create_with_a_new_role(deployed)
    deployed.advance(600)

    assert not [each for each in deployed.events if "failed to launch" in each]


@pytest.mark.fact("eventbridge.new-rule")
def test_a_new_rule_hears_nothing_for_a_while(deployed: Deployed, strike: Set) -> None:
    strike(rule_delay_seconds=3600)
    rule_to_queue(deployed)
    deployed.create()
    assert received(deployed, "events") == []

    deployed.advance(3600)
    deployed.update(deployed.register("nginx:stable"))
    assert len(received(deployed, "events")) == 1


@pytest.mark.fact("eventbridge.new-rule")
def test_a_new_target_of_an_old_rule_hears_nothing_for_a_while_and_the_old_one_does(
    deployed: Deployed, strike: Set
) -> None:
    rule_to_queue(deployed)
    deployed.advance(7200)
    strike(rule_delay_seconds=3600)
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}"
    targets = [{"Id": "1", "Arn": f"{arn}:events"}, {"Id": "2", "Arn": f"{arn}:dead"}]
    deployed.aws("events").put_targets(Rule="all", Targets=targets)
    deployed.create()

    assert len(received(deployed, "events")) == 1
    assert received(deployed, "dead") == []


def test_changing_a_rule_makes_it_no_new_one(deployed: Deployed, strike: Set) -> None:
    rule_to_queue(deployed)
    deployed.advance(7200)
    strike(rule_delay_seconds=3600)
    pattern = {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_STEADY_STATE"]}}
    deployed.aws("events").put_rule(
        Name="all", EventPattern=json.dumps(pattern), Description="the same"
    )
    deployed.create()

    assert len(received(deployed, "events")) == 1
