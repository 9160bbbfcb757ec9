"""The AWS account around ECS, driven by real boto3 clients."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from account_world import World
from botocore.exceptions import ClientError
from moto.core import utils as moto_utils

from ecs_emulator.account.account import Account
from ecs_emulator.wire.http_messages import HttpRequest
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids

REGION = "eu-west-1"
MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
PULL_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def test_everybody_is_the_account_of_the_emulator(world: World, monkeypatch: Any) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")

    assert world.client("sts").get_caller_identity()["Account"] == "123456789876"
    topic = world.client("sns", "ap-northeast-1").create_topic(Name="my-topic")["TopicArn"]
    assert topic == "arn:aws:sns:ap-northeast-1:123456789876:my-topic"


def test_a_new_account_has_used_ecs_before(world: World) -> None:
    iam = world.client("iam")

    role = iam.get_role(RoleName="ecsTaskExecutionRole")["Role"]
    attached = iam.list_attached_role_policies(RoleName="ecsTaskExecutionRole")
    trusted = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"Service": "ecs-tasks.amazonaws.com"}
    assert [each["PolicyArn"] for each in attached["AttachedPolicies"]] == [PULL_POLICY]
    assert world.account.role_exists("ecsTaskExecutionRole")
    assert not world.account.role_exists("nobody")
    assert world.account.has_ecs_service_linked_role()
    linked = iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]
    assert linked["Path"] == "/aws-service-role/ecs.amazonaws.com/"


def test_without_the_service_linked_role_the_account_says_so(world: World) -> None:
    world.client("iam").delete_service_linked_role(RoleName="AWSServiceRoleForECS")

    assert not world.account.has_ecs_service_linked_role()


def test_ecs_can_look_up_the_default_network(world: World) -> None:
    ec2 = world.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.describe_security_groups()["SecurityGroups"][0]

    found = world.account.subnet(REGION, subnet["SubnetId"])
    assert found is not None
    assert (found.vpc_id, found.availability_zone) == (subnet["VpcId"], subnet["AvailabilityZone"])
    guard = world.account.security_group(REGION, group["GroupId"])
    assert guard is not None
    assert guard.vpc_id == group["VpcId"]
    assert world.account.subnet("us-east-2", subnet["SubnetId"]) is None
    assert world.account.subnet("mars-north-1", subnet["SubnetId"]) is None
    assert world.account.subnet(REGION, "subnet-12345") is None
    assert world.account.security_group(REGION, "sg-12345") is None


def test_ecs_can_look_up_secrets_images_and_target_groups(world: World) -> None:
    secret = world.client("secretsmanager").create_secret(Name="token", SecretString="x")
    ecr = world.client("ecr")
    ecr.create_repository(repositoryName="web")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA,
        "config": {"digest": "sha256:a"},
        "layers": [],
    }
    ecr.put_image(repositoryName="web", imageTag="v1", imageManifest=json.dumps(manifest))
    vpc = world.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = world.client("elbv2").create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]

    account = world.account
    assert account.secret_exists(REGION, "token")
    assert account.secret_exists(REGION, secret["ARN"])
    assert not account.secret_exists(REGION, "other")
    assert account.ecr_image_exists(REGION, "web", "v1")
    assert not account.ecr_image_exists(REGION, "web", "v2")
    assert not account.ecr_image_exists(REGION, "db", "v1")
    found = account.target_group(REGION, group)
    assert found is not None
    assert (found.vpc_id, found.target_type, found.load_balancer_arns) == (vpc, "ip", ())
    assert account.target_group(REGION, group + "x") is None


def test_other_services_live_on_the_virtual_clock(world: World) -> None:
    iam = world.client("iam")
    trust = '{"Version":"2012-10-17","Statement":[]}'
    world.pass_time(3600)
    iam.create_role(RoleName="late", AssumeRolePolicyDocument=trust)

    created = iam.get_role(RoleName="late")["Role"]["CreateDate"]
    assert created == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def test_a_queue_never_makes_the_server_wait(world: World) -> None:
    sqs = world.client("sqs")
    waiting = sqs.create_queue(
        QueueName="waiting", Attributes={"ReceiveMessageWaitTimeSeconds": "20"}
    )["QueueUrl"]

    assert "Messages" not in sqs.receive_message(QueueUrl=waiting, WaitTimeSeconds=20)
    assert "Messages" not in sqs.receive_message(QueueUrl=waiting)
    with pytest.raises(ClientError, match="WaitTimeSeconds"):
        sqs.receive_message(QueueUrl=waiting, WaitTimeSeconds=21)


def test_how_long_a_poll_may_wait_is_told_to_the_server(world: World) -> None:
    world.client("sqs").create_queue(
        QueueName="waiting", Attributes={"ReceiveMessageWaitTimeSeconds": "7"}
    )
    url = "http://127.0.0.1/123456789876/waiting"
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260105/{REGION}/sqs/aws4_request, x"

    def seconds(target: str, body: str) -> int:
        headers = {"authorization": scope, "x-amz-target": f"AmazonSQS.{target}"}
        return world.account.long_poll_seconds(HttpRequest("POST", "/", "", headers, body.encode()))

    form = {"authorization": scope, "content-type": "application/x-www-form-urlencoded"}
    query = b"Action=ReceiveMessage&WaitTimeSeconds=5"
    assert seconds("ReceiveMessage", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 3})) == 3
    assert seconds("ReceiveMessage", json.dumps({"QueueUrl": url})) == 7
    assert seconds("ReceiveMessage", json.dumps({"QueueUrl": url + "x"})) == 0
    assert seconds("SendMessage", json.dumps({"QueueUrl": url})) == 0
    path = "/123456789876/waiting"
    assert world.account.long_poll_seconds(HttpRequest("POST", path, "", form, query)) == 5


def test_a_message_becomes_visible_again_when_virtual_time_has_passed(world: World) -> None:
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")

    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    world.pass_time(31)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("lambda", "list_functions", {}),
        ("s3", "list_buckets", {}),
        ("dynamodb", "list_tables", {}),
        ("cloudformation", "list_stacks", {}),
        ("ssm", "get_parameter", {"Name": "x"}),
    ],
)
def test_a_service_that_is_not_there_is_named_in_the_error(
    world: World, service: str, operation: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(world.client(service), operation)(**arguments)

    error = refused.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"] == f"The emulator does not have the AWS service {service}."


def test_an_account_of_fargate_tasks_says_that_it_has_no_instances(world: World) -> None:
    """Not an empty list of instance types, which would be a wrong answer."""
    with pytest.raises(ClientError) as refused:
        world.client("ec2").describe_instance_types()

    said = refused.value.response["Error"]["Message"]
    assert said == "The emulator does not have ec2 DescribeInstanceTypes."


@pytest.mark.parametrize("service", ["sns", "sqs", "cloudwatch", "ec2", "iam", "events"])
@pytest.mark.fact("not.moto")
def test_what_moto_cannot_do_is_an_error_of_aws_and_no_crash(world: World, service: str) -> None:
    calls = {
        "sns": ("put_data_protection_policy", {"ResourceArn": "a", "DataProtectionPolicy": "{}"}),
        "sqs": ("list_message_move_tasks", {"SourceArn": "a"}),
        "cloudwatch": ("list_managed_insight_rules", {"ResourceARN": "a"}),
        "ec2": ("describe_fpga_images", {}),
        "iam": ("get_service_last_accessed_details", {"JobId": "a" * 36}),
        "events": ("list_endpoints", {}),
    }
    operation, arguments = calls[service]

    with pytest.raises(ClientError) as refused:
        getattr(world.client(service), operation)(**arguments)

    name = "".join(part.title() for part in operation.split("_"))
    signed = {"cloudwatch": "monitoring"}.get(service, service)
    error = refused.value.response["Error"]
    assert error["Code"] in {"InvalidAction", "UnknownOperationException"}
    assert error["Message"].startswith("The emulator ")
    assert signed in error["Message"] or name.lower() in error["Message"].lower()


def test_an_unsigned_request_and_motos_own_doors_are_refused(world: World) -> None:
    signed = {"authorization": f"Credential=t/20260105/{REGION}/sns/aws4_request"}
    reset = HttpRequest("POST", "/moto-api/reset", "", signed)

    assert world.account.handle(HttpRequest("GET", "/")).status == 403
    assert world.account.handle(reset).status == 404
    nonsense = HttpRequest("POST", "/", "", signed, b"\xff\x00not a form")
    assert world.account.handle(nonsense).status in {400, 404, 500}


def test_an_unknown_region_is_an_error(world: World) -> None:
    with pytest.raises(ClientError, match="mars-north-1"):
        world.client("sns", "mars-north-1").list_topics()


def test_a_reset_empties_everything_and_repeats_every_id(world: World) -> None:
    def story() -> tuple[str, str, str]:
        subnets = world.client("ec2").describe_subnets()["Subnets"]
        topic = world.client("sns").create_topic(Name="t")["TopicArn"]
        arn = world.client("sns").subscribe(
            TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        return subnets[0]["SubnetId"], arn, next(iter(world.account.outbox)).body

    world.account.reset(clock=Clock(), ids=Ids(5))
    first = story()
    world.account.reset(clock=Clock(), ids=Ids(5))

    assert world.client("sns").list_topics()["Topics"] == []
    assert len(world.account.outbox) == 0
    assert story() == first
    world.account.reset(clock=Clock(), ids=Ids(6))
    assert story() != first


def test_what_the_first_use_of_ecs_left_is_as_old_as_the_account(world: World) -> None:
    """moto is begun when it is first asked for; nobody can tell."""
    world.pass_time(600)

    role = world.client("iam").get_role(RoleName="ecsTaskExecutionRole")["Role"]

    assert role["CreateDate"] == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_a_world_in_which_only_ecs_is_called_does_without_moto() -> None:
    asked = (
        "import sys; from ecs_emulator.http.emulated_aws import EmulatedAws;"
        "from ecs_emulator.wire.http_messages import HttpRequest;"
        "target = {'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters',"
        "'authorization': 'Credential=k/20260105/eu-west-1/ecs/aws4_request'};"
        "reply = EmulatedAws().answer(HttpRequest('POST', '/', '', target, b'{}'));"
        "assert b':cluster/default' in reply.body;"
        "sys.exit('moto' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_a_closed_account_answers_nobody(world: World) -> None:
    world.account.close()

    with pytest.raises(RuntimeError, match="closed"):
        world.account.role_exists("arn:aws:iam::123456789876:role/ecsTaskExecutionRole")


def test_there_is_one_live_account_in_a_process(world: World) -> None:
    with pytest.raises(RuntimeError, match="already has an emulated account"):
        Account(Clock(), Ids(2))

    world.account.close()
    another = Account(Clock(), Ids(2))
    another.close()


def test_a_closed_account_gives_moto_back(world: World) -> None:
    world.client("sts").get_caller_identity()
    before = moto_utils.utcnow()
    world.account.close()

    assert before == datetime(2026, 1, 5, 9, 0)  # noqa: DTZ001 - moto's times are naive
    assert moto_utils.datetime.__name__ == "datetime"


def test_no_request_leaves_the_process(world: World, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    sns = world.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com/hook")
    sns.publish(TopicArn=topic, Message="hello")

    (delivery,) = world.account.sns.deliveries
    assert (delivery.protocol, delivery.outcome) == ("https", "pending")
