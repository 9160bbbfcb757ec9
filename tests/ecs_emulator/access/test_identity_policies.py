"""What users and roles may do: the policies, what each call needs, and how a refusal reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from deployed import ACCOUNT, ROLE, Deployed

from ecs_emulator.access.identity_policies import CannotJudge, Policy, judge
from ecs_emulator.access.required_actions import Call, needed_for
from ecs_emulator.wire.http_messages import HttpRequest
from ecs_emulator.wire.request_params import params_of

Aws = Callable[..., Any]
REGION = "eu-west-1"
ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:my-topic"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/alert"
LEARNER = f"arn:aws:iam::{ACCOUNT}:user/learner"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


NOTHING = allow("s3:ListAllMyBuckets")
"""IAM takes no policy without a statement: this one is about nothing that is called here."""


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def verdict_on(
    *statements: dict[str, Any],
    action: str = "sns:Publish",
    resource: str = TOPIC,
    **context: tuple[str, ...],
) -> str:
    keys = {name.replace("__", ":").replace("_slash_", "/"): each for name, each in context.items()}
    policies = [Policy("p", "user", document(*statements))]
    return judge(policies, action, resource, keys).decision


# --- the policies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ((), "implicitDeny"),
        ((allow("sns:Publish"),), "allowed"),
        ((allow("SNS:pub*", TOPIC),), "allowed"),
        ((allow(["sns:Subscribe", "*"], [TOPIC + "2", "arn:aws:sns:*:my-*"]),), "allowed"),
        ((allow("sns:Subscribe"),), "implicitDeny"),
        ((allow("sns:Publish", TOPIC.upper()),), "implicitDeny"),
        ((allow("sns:*"), deny("sns:Publish")), "explicitDeny"),
        ((deny("sns:Publish", TOPIC + "2"), allow("sns:*")), "allowed"),
        (({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), "allowed"),
        (({"Effect": "Allow", "NotAction": "sns:*", "Resource": "*"},), "implicitDeny"),
        (({"Effect": "Allow", "Action": "sns:*", "NotResource": TOPIC},), "implicitDeny"),
        (({"Effect": "Allow", "Action": "sns:Publish"},), "implicitDeny"),
    ],
)
@pytest.mark.fact("iam.evaluation")
def test_one_deny_wins_one_allow_is_enough_and_nothing_is_a_no(
    statements: tuple[dict[str, Any], ...], decision: str
) -> None:
    assert verdict_on(*statements) == decision


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "actual", "holds"),
    [
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", ("eu-west-1",), True),
        ("StringEquals", "aws:RequestedRegion", ["us-east-1", "eu-west-1"], ("eu-west-1",), True),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", ("eu-west-1",), False),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", None, False),
        ("StringEqualsIfExists", "aws:RequestedRegion", "eu-west-1", None, True),
        ("StringNotEquals", "aws:RequestedRegion", "us-east-1", ("eu-west-1",), True),
        ("StringLike", "sns:Endpoint", "*@example.com", ("a@example.com",), True),
        ("StringLike", "sns:Endpoint", "*@example.com", ("a@example.org",), False),
        ("StringNotLike", "sns:Endpoint", "*@example.com", ("a@example.org",), True),
        ("ArnLike", "ecs:cluster", f"{ECS}:cluster/*", (f"{ECS}:cluster/default",), True),
        ("ArnEquals", "ecs:cluster", f"{ECS}:cluster/a", (f"{ECS}:cluster/b",), False),
        ("Bool", "aws:RequestTag/on", True, ("true",), True),
        ("Null", "aws:ResourceTag/owner", "true", None, True),
        ("Null", "aws:ResourceTag/owner", "false", None, False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], ("a",), True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], ("a", "c"), False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], None, True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], ("a", "c"), True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], ("c",), False),
    ],
)
@pytest.mark.fact("iam.conditions")
def test_a_statement_counts_where_its_conditions_hold(
    operator: str, key: str, wanted: Any, actual: tuple[str, ...] | None, holds: bool
) -> None:
    statement = allow("*", Condition={operator: {key: wanted}})
    context = {} if actual is None else {key.lower(): actual}
    decided = judge([Policy("p", "user", document(statement))], "sns:Publish", TOPIC, context)

    assert decided.allowed is holds


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "IpAddress"),
        (allow("*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}), "aws:SourceVpc"),
        (allow("*", "arn:aws:iam::*:user/${aws:username}"), "policy variables"),
    ],
)
def test_what_cannot_be_judged_is_an_error_and_not_a_no(
    statement: dict[str, Any], problem: str
) -> None:
    with pytest.raises(CannotJudge, match=problem.replace("$", r"\$")):
        verdict_on(statement)


def test_a_statement_about_something_else_may_have_any_condition() -> None:
    other = allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})

    assert verdict_on(other, allow("sns:Publish")) == "allowed"


# --- what a call needs ------------------------------------------------------------------------


def needs(service_name: str, operation: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    call = Call(service_name, operation, REGION, ACCOUNT, params)
    return [(each.action, each.resource.replace(ECS, "ECS")) for each in needed_for(call)]


TAGS = [{"key": "a", "value": "b"}]
DEPLOYMENT = f"{ECS}:service-deployment/default/web/abc"


@pytest.mark.parametrize(
    ("service", "operation", "params", "needed"),
    [
        ("ecs", "ListClusters", {}, [("ecs:ListClusters", "*")]),
        (
            "ecs",
            "CreateCluster",
            {"clusterName": "c", "tags": TAGS},
            [("ecs:CreateCluster", "ECS:cluster/c"), ("ecs:TagResource", "ECS:cluster/c")],
        ),
        ("ecs", "DescribeClusters", {}, [("ecs:DescribeClusters", "ECS:cluster/default")]),
        (
            "ecs",
            "RegisterTaskDefinition",
            {"family": "f", "executionRoleArn": ROLE, "taskRoleArn": ROLE},
            [("ecs:RegisterTaskDefinition", "ECS:task-definition/f:*"), ("iam:PassRole", ROLE)],
        ),
        ("ecs", "DeregisterTaskDefinition", {}, [("ecs:DeregisterTaskDefinition", "*")]),
        (
            "ecs",
            "DescribeTaskDefinition",
            {"taskDefinition": "f:1"},
            [("ecs:DescribeTaskDefinition", "*")],
        ),
        (
            "ecs",
            "CreateService",
            {"serviceName": "web", "tags": TAGS},
            [
                ("ecs:CreateService", "ECS:service/default/web"),
                ("ecs:TagResource", "ECS:service/default/web"),
            ],
        ),
        (
            "ecs",
            "UpdateService",
            {"service": f"{ECS}:service/c/web", "cluster": f"{ECS}:cluster/c"},
            [("ecs:UpdateService", "ECS:service/c/web")],
        ),
        (
            "ecs",
            "DescribeServices",
            {"services": ["a", "b"]},
            [
                ("ecs:DescribeServices", "ECS:service/default/a"),
                ("ecs:DescribeServices", "ECS:service/default/b"),
            ],
        ),
        (
            "ecs",
            "DescribeServiceDeployments",
            {"serviceDeploymentArns": [DEPLOYMENT]},
            [
                ("ecs:DescribeServiceDeployments", "ECS:service/default/web"),
                ("ecs:DescribeServiceDeployments", DEPLOYMENT.replace(ECS, "ECS")),
            ],
        ),
        ("ecs", "ListTasks", {"cluster": "c"}, [("ecs:ListTasks", "*")]),
        ("ecs", "StopTask", {"task": "abc"}, [("ecs:StopTask", "ECS:task/default/abc")]),
        (
            "sns",
            "CreateTopic",
            {"Name": "my-topic", "Tags": [{"Key": "a", "Value": "b"}]},
            [("sns:CreateTopic", TOPIC), ("sns:TagResource", TOPIC)],
        ),
        ("sns", "Subscribe", {"TopicArn": TOPIC}, [("sns:Subscribe", TOPIC)]),
        (
            "sns",
            "Unsubscribe",
            {"SubscriptionArn": f"{TOPIC}:1"},
            [("sns:Unsubscribe", "*")],
        ),
        ("sns", "ListTopics", {}, [("sns:ListTopics", "*")]),
        ("events", "PutRule", {"Name": "alert"}, [("events:PutRule", RULE)]),
        (
            "events",
            "PutRule",
            {"Name": "alert", "EventBusName": "b", "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("events:PutRule", RULE.replace("/alert", "/b/alert")),
                ("events:TagResource", RULE.replace("/alert", "/b/alert")),
            ],
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "alert", "Targets": [{"Id": "1", "Arn": TOPIC, "RoleArn": ROLE}]},
            [("events:PutTargets", RULE), ("iam:PassRole", ROLE)],
        ),
        ("events", "TestEventPattern", {}, [("events:TestEventPattern", "*")]),
        (
            "sqs",
            "CreateQueue",
            {"QueueName": "q", "tags": {"a": "b"}},
            [
                ("sqs:CreateQueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"),
                ("sqs:TagQueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"),
            ],
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://127.0.0.1/123456789876/q"},
            [("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")],
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r", "Path": "/x/", "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/x/r"),
                ("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/x/r"),
            ],
        ),
        (
            "iam",
            "CreateServiceLinkedRole",
            {"AWSServiceName": "ecs.amazonaws.com"},
            [
                (
                    "iam:CreateServiceLinkedRole",
                    LINKED,
                )
            ],
        ),
        ("iam", "ListRoles", {}, [("iam:ListRoles", "*")]),
        ("monitoring", "GetMetricStatistics", {}, [("cloudwatch:GetMetricStatistics", "*")]),
        ("ec2", "DescribeVpcs", {}, [("ec2:DescribeVpcs", "*")]),
        ("sts", "GetCallerIdentity", {}, []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.fact(
    "iam.resources",
    "iam.list-tasks",
    "iam.both-resources",
    "iam.tag-on-create",
    "iam.pass-role",
    "iam.caller-identity",
)
def test_each_call_asks_for_its_action_on_its_resource(
    service: str, operation: str, params: dict[str, Any], needed: list[tuple[str, str]]
) -> None:
    assert needs(service, operation, params) == needed


def test_the_request_brings_the_condition_keys() -> None:
    (register, tag, passed) = needed_for(
        Call(
            "ecs",
            "RegisterTaskDefinition",
            REGION,
            ACCOUNT,
            {"family": "f", "executionRoleArn": ROLE, "tags": [{"key": "Owner", "value": "me"}]},
        )
    )

    assert register.context == {"aws:requesttag/owner": ("me",), "aws:tagkeys": ("Owner",)}
    assert tag.context == {**register.context, "ecs:createaction": ("RegisterTaskDefinition",)}
    assert passed.context == {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}
    (subscribe,) = needed_for(
        Call(
            "sns",
            "Subscribe",
            REGION,
            ACCOUNT,
            {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@example.com"},
        )
    )
    assert subscribe.context == {"sns:protocol": ("email",), "sns:endpoint": ("a@example.com",)}


@cache
def operations_of(service: str) -> list[str]:
    return list(botocore.session.get_session().get_service_model(service).operation_names)


@pytest.mark.parametrize("value", [None, 7, "x", True, [], [7], [[]], {}, {"a": 7}, [{"key": 7}]])
@pytest.mark.parametrize("service", ["ecs", "events", "sns", "sqs", "iam", "sts", "kms", "ec2"])
def test_whatever_a_request_holds_there_is_a_question(service: str, value: Any) -> None:
    """Permissions are asked before the parameters are checked."""
    members = (
        "cluster clusterName clusters service serviceName services tasks task tags Tags Targets "
        "Entries Name Rule TopicArn QueueUrl RoleName PolicyArn Path KeyId executionRoleArn family "
        "serviceDeploymentArns serviceRevisionArns resourceArn AWSServiceName"
    ).split()
    for operation in operations_of(service):
        call = Call(service, operation, REGION, ACCOUNT, dict.fromkeys(members, value))
        for each in needed_for(call):
            assert ":" in each.action
            assert isinstance(each.resource, str)


def test_flat_names_of_a_query_are_read_as_a_tree() -> None:
    body = (
        b"Action=X&Tags.member.2.Key=b&Tags.member.1.Key=a&Name=n&A.entry.1.key=k&odd.=1&a.b=2&a=3"
    )
    params = params_of(HttpRequest("POST", "/", body=body))

    assert params["Tags"] == [{"Key": "a"}, {"Key": "b"}]
    assert (params["Name"], params["A"]) == ("n", [{"key": "k"}])
    assert params_of(HttpRequest("POST", "/", headers={"x-amz-target": "x"}, body=b"[")) == {}


# --- at the gate ------------------------------------------------------------------------------


@pytest.fixture
def learner(emulator: Any) -> Aws:
    """learner("ecs") is a client of the user `learner`, whom IAM knows."""
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "test", region_name=REGION)
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    return partial(session.client, endpoint_url=emulator.url, config=config)


@pytest.fixture
def may(aws: Aws) -> Callable[..., None]:
    """may(allow("sns:*")): learner may do this and nothing else."""

    def may(*statements: dict[str, Any]) -> None:
        iam = aws("iam")
        attached = iam.list_attached_user_policies(UserName="learner")["AttachedPolicies"]
        for each in attached:
            iam.detach_user_policy(UserName="learner", PolicyArn=each["PolicyArn"])
        iam.put_user_policy(
            UserName="learner", PolicyName="p", PolicyDocument=json.dumps(document(*statements))
        )

    return may


def refusal(call: Callable[..., Any], **params: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as refused:
        call(**params)
    error = refused.value.response["Error"]
    return (
        refused.value.response["ResponseMetadata"]["HTTPStatusCode"],
        error["Code"],
        error["Message"],
    )


def not_authorized(action: str, resource: str) -> str:
    return (
        f"User: {LEARNER} is not authorized to perform: {action} on resource: {resource} because "
        f"no identity-based policy allows the {action} action"
    )


def test_by_default_the_learner_may_do_everything_and_so_may_an_unknown_key(
    learner: Aws, aws: Aws
) -> None:
    for client in (learner, aws):
        assert client("ecs").list_clusters()["clusterArns"]
        client("sns").create_topic(Name="t")
    attached = aws("iam").list_attached_user_policies(UserName="learner")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [ADMINISTRATOR]


@pytest.mark.fact(
    "errors.access-denied",
    "errors.denied-sns",
    "errors.denied-sqs",
    "errors.denied-ec2",
    "errors.denied-xml",
)
def test_each_service_refuses_in_its_own_words(learner: Aws, may: Callable[..., None]) -> None:
    may(NOTHING)
    service = f"{ECS}:service/default/web"
    assert refusal(learner("ecs").update_service, service="web") == (
        400,
        "AccessDeniedException",
        not_authorized("ecs:UpdateService", service),
    )
    assert refusal(learner("events").put_rule, Name="alert", EventPattern="{}") == (
        400,
        "AccessDeniedException",
        not_authorized("events:PutRule", RULE),
    )
    assert refusal(learner("sns").publish, TopicArn=TOPIC, Message="m") == (
        403,
        "AuthorizationError",
        not_authorized("SNS:Publish", TOPIC),
    )
    assert refusal(learner("sqs").create_queue, QueueName="q") == (
        403,
        "AccessDenied",
        not_authorized("sqs:createqueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"),
    )
    assert refusal(learner("iam").get_role, RoleName="ecsTaskExecutionRole") == (
        403,
        "AccessDenied",
        not_authorized("iam:GetRole", ROLE),
    )
    assert refusal(learner("cloudwatch").describe_alarms)[:2] == (403, "AccessDenied")
    assert refusal(learner("ec2").describe_vpcs) == (
        403,
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. "
        + not_authorized("ec2:DescribeVpcs", "*").replace(" on resource: *", ""),
    )
    assert learner("sts").get_caller_identity()["Arn"] == LEARNER


@pytest.mark.fact("errors.explicit-deny")
def test_an_explicit_deny_says_so(learner: Aws, may: Callable[..., None]) -> None:
    may(allow("*"), deny("sns:DeleteTopic"))

    assert refusal(learner("sns").delete_topic, TopicArn=TOPIC)[2] == (
        f"User: {LEARNER} is not authorized to perform: SNS:DeleteTopic on resource: {TOPIC} with "
        "an explicit deny in an identity-based policy"
    )
    assert learner("sns").list_topics()["Topics"] == []


@pytest.mark.fact("iam.pass-role")
def test_registering_needs_the_right_to_pass_the_role(
    learner: Aws, may: Callable[..., None], advance: Callable[[float], None]
) -> None:
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    may(allow(["ecs:RegisterTaskDefinition", "ec2:*"]))
    deployed = Deployed(learner, advance)
    with pytest.raises(ClientError) as refused:
        deployed.register()
    assert refused.value.response["Error"]["Message"] == not_authorized("iam:PassRole", ROLE)

    may(allow("ecs:RegisterTaskDefinition"), allow("iam:PassRole", ROLE, Condition=to_tasks))
    assert deployed.register().endswith("web:1")


@pytest.mark.fact("iam.tag-on-create")
def test_creating_with_tags_needs_the_right_to_tag(learner: Aws, may: Callable[..., None]) -> None:
    tags = [{"Key": "team", "Value": "blue"}]
    may(allow("sns:CreateTopic"))
    assert learner("sns").create_topic(Name="plain")
    denied = refusal(learner("sns").create_topic, Name="my-topic", Tags=tags)
    assert denied[2] == not_authorized("SNS:TagResource", TOPIC)

    blue = {"StringEquals": {"aws:RequestTag/team": "blue"}}
    may(allow("sns:CreateTopic"), allow("sns:TagResource", Condition=blue))
    assert learner("sns").create_topic(Name="my-topic", Tags=tags)
    red = [{"Key": "team", "Value": "red"}]
    assert refusal(learner("sns").create_topic, Name="other", Tags=red)[1] == "AuthorizationError"


@pytest.mark.fact("iam.conditions")
def test_the_tags_of_a_resource_decide_where_a_policy_asks_for_them(
    learner: Aws, aws: Aws, may: Callable[..., None]
) -> None:
    mine = [{"Key": "created-by", "Value": "me"}]
    aws("sns").create_topic(Name="my-topic", Tags=mine)
    theirs = aws("sns").create_topic(Name="theirs")["TopicArn"]
    aws("ecs").create_cluster(clusterName="mine", tags=[{"key": "created-by", "value": "me"}])
    aws("ecs").create_cluster(clusterName="theirs")
    aws("sqs").create_queue(QueueName="mine", tags={"created-by": "me"})
    aws("events").put_rule(Name="mine", EventPattern='{"source": ["x"]}', Tags=mine)
    condition = {"StringEquals": {"aws:ResourceTag/created-by": "me"}}
    may(allow("*", Condition=condition))

    assert learner("sns").list_tags_for_resource(ResourceArn=TOPIC)["Tags"] == mine
    assert refusal(learner("sns").list_tags_for_resource, ResourceArn=theirs)[0] == 403
    learner("ecs").delete_cluster(cluster="mine")
    assert refusal(learner("ecs").delete_cluster, cluster="theirs")[0] == 400
    assert learner("sqs").get_queue_url(QueueName="mine")
    learner("events").delete_rule(Name="mine")
    assert refusal(learner("events").delete_rule, Name="theirs")[0] == 400


@pytest.mark.fact("iam.resource-policy", "iam.topic-lets-in")
def test_the_policy_of_a_topic_or_a_queue_lets_in_too_and_may_deny(
    learner: Aws, aws: Aws, may: Callable[..., None]
) -> None:
    """A new topic's own policy lets everybody of the account publish and subscribe, not tag."""
    may(NOTHING)
    aws("sns").create_topic(Name="my-topic")
    assert learner("sns").publish(TopicArn=TOPIC, Message="m")["MessageId"]
    assert refusal(learner("sns").list_tags_for_resource, ResourceArn=TOPIC)[0] == 403

    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    url = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    assert refusal(learner("sqs").receive_message, QueueUrl=url)[1] == "AccessDenied"
    for effect in ("Allow", "Deny"):
        statement = {
            "Effect": effect,
            "Principal": {"AWS": LEARNER},
            "Action": "sqs:*",
            "Resource": queue,
        }
        policy = json.dumps(document(statement))
        aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        if effect == "Allow":
            assert "Messages" not in learner("sqs").receive_message(QueueUrl=url)
    may(allow("sqs:*"))
    assert refusal(learner("sqs").receive_message, QueueUrl=url)[2].endswith(
        "with an explicit deny in a resource-based policy"
    )


def test_a_region_can_be_ruled_out(learner: Aws, may: Callable[..., None], emulator: Any) -> None:
    may(allow("*", Condition={"StringEquals": {"aws:RequestedRegion": REGION}}))

    assert learner("ecs").list_clusters()
    assert refusal(learner("ecs", region_name="us-east-1").list_clusters)[0] == 400


def test_groups_and_attached_policies_count_too(learner: Aws, aws: Aws, may: Any) -> None:
    may(NOTHING)
    iam = aws("iam")
    iam.create_group(GroupName="g")
    iam.put_group_policy(
        GroupName="g", PolicyName="g", PolicyDocument=json.dumps(document(allow("ecs:List*")))
    )
    made = iam.create_policy(
        PolicyName="m", PolicyDocument=json.dumps(document(allow("sns:ListTopics")))
    )
    iam.attach_user_policy(UserName="learner", PolicyArn=made["Policy"]["Arn"])
    assert refusal(learner("ecs").list_clusters)[0] == 400

    iam.add_user_to_group(GroupName="g", UserName="learner")
    assert learner("ecs").list_clusters()
    assert learner("sns").list_topics()["Topics"] == []


@pytest.mark.fact("iam.new-user")
def test_a_new_user_may_do_nothing_and_a_session_what_its_role_may(aws: Aws, emulator: Any) -> None:
    iam = aws("iam")
    iam.create_user(UserName="new")
    key = iam.create_access_key(UserName="new")["AccessKey"]["AccessKeyId"]
    trust = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="r", PolicyName="p", PolicyDocument=json.dumps(document(allow("ecs:ListClusters")))
    )
    session = aws("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]

    def ecs(access_key: str) -> Any:
        made = boto3.Session(access_key, "test", region_name=REGION)
        return made.client("ecs", endpoint_url=emulator.url)

    assert refusal(ecs(key).list_clusters)[1] == "AccessDeniedException"
    assert ecs(session["AccessKeyId"]).list_clusters()
    denied = refusal(ecs(session["AccessKeyId"]).list_services)
    assert f"User: arn:aws:sts::{ACCOUNT}:assumed-role/r/session is not authorized" in denied[2]


def test_what_cannot_be_judged_is_refused_by_name(learner: Aws, may: Callable[..., None]) -> None:
    may(allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))

    assert refusal(learner("ecs").list_clusters) == (
        400,
        "NotImplemented",
        "The emulator does not emulate the condition operator IpAddress.",
    )


# --- the simulation ---------------------------------------------------------------------------


def results(iam: Any, **params: Any) -> list[tuple[str, str, str]]:
    reply = iam.simulate_principal_policy(**{"PolicySourceArn": LEARNER, **params})
    assert reply["IsTruncated"] is False
    return [
        (each["EvalActionName"], each["EvalResourceName"], each["EvalDecision"])
        for each in reply["EvaluationResults"]
    ]


@pytest.mark.fact("iam.simulation")
def test_a_simulation_asks_the_same_judge(learner: Aws, aws: Aws, may: Callable[..., None]) -> None:
    actions = ["sns:Publish", "sns:DeleteTopic", "ecs:ListClusters"]
    assert {each[2] for each in results(learner("iam"), ActionNames=actions)} == {"allowed"}
    may(allow("sns:Publish", TOPIC), deny("sns:DeleteTopic"), allow("iam:SimulatePrincipalPolicy"))

    assert results(learner("iam"), ActionNames=actions, ResourceArns=[TOPIC]) == [
        ("sns:Publish", TOPIC, "allowed"),
        ("sns:DeleteTopic", TOPIC, "explicitDeny"),
        ("ecs:ListClusters", TOPIC, "implicitDeny"),
    ]
    assert results(aws("iam"), ActionNames=["sns:Publish"]) == [
        ("sns:Publish", "*", "implicitDeny")
    ]


@pytest.mark.fact("iam.simulation")
def test_a_simulation_says_which_policy_decided_and_which_keys_it_lacked(
    learner: Aws, may: Callable[..., None]
) -> None:
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    may(allow("iam:PassRole", ROLE, Condition=to_tasks), allow("iam:Simulate*"))
    iam = learner("iam")
    asked = {"PolicySourceArn": LEARNER, "ActionNames": ["iam:PassRole"], "ResourceArns": [ROLE]}
    (lacking,) = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    entry = {
        "ContextKeyName": "iam:PassedToService",
        "ContextKeyType": "string",
        "ContextKeyValues": ["ecs-tasks.amazonaws.com"],
    }
    (given,) = iam.simulate_principal_policy(**asked, ContextEntries=[entry])["EvaluationResults"]

    assert (lacking["EvalDecision"], lacking["MissingContextValues"]) == (
        "implicitDeny",
        ["iam:PassedToService"],
    )
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])
    assert given["MatchedStatements"] == [
        {"SourcePolicyId": "user_learner_p", "SourcePolicyType": "user"}
    ]


@pytest.mark.fact("iam.simulation-needs")
def test_a_simulation_needs_a_permission_of_its_own(learner: Aws, may: Callable[..., None]) -> None:
    may(allow("ecs:*"))
    asked = {"PolicySourceArn": LEARNER, "ActionNames": ["ecs:ListClusters"]}

    assert refusal(learner("iam").simulate_principal_policy, **asked)[1:] == (
        "AccessDenied",
        not_authorized("iam:SimulatePrincipalPolicy", LEARNER),
    )


def test_a_simulation_of_nobody_and_one_that_is_not_emulated_are_refused(aws: Aws) -> None:
    simulate = partial(aws("iam").simulate_principal_policy, ActionNames=["ecs:ListClusters"])

    assert refusal(simulate, PolicySourceArn=LEARNER + "2")[:2] == (404, "NoSuchEntity")
    more = {"PolicySourceArn": LEARNER, "PolicyInputList": [json.dumps(document())]}
    assert refusal(simulate, **more)[1:] == (
        "NotImplemented",
        "The emulator does not emulate PolicyInputList of iam:SimulatePrincipalPolicy.",
    )
