"""Room: emulated worlds of any size, in this process and without sockets.

Lives here: an account with so many services, asked the way a client would ask it.
Never here: clocks of this machine, what is measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ecs_emulator.account.account import ACCOUNT_ID
from ecs_emulator.http.emulated_aws import ECS_TARGET, EmulatedAws
from ecs_emulator.wire.http_messages import HttpRequest

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789876:role/ecsTaskExecutionRole"
GOOD, BAD = "nginx:alpine", "nginx:wrong-image-tag"
SIGNED = f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260105/{REGION}"


class World:
    """A new account. `ecs("DescribeServices", services=["web"])` is the reply."""

    def __init__(self) -> None:
        self.aws = EmulatedAws()
        self.subnet = self._default_subnet()

    def _default_subnet(self) -> str:
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "authorization": f"{SIGNED}/ec2/aws4_request, SignedHeaders=host, Signature=0",
        }
        body = b"Action=DescribeSubnets&Version=2016-11-15"
        reply = self.aws.answer(HttpRequest("POST", "/", headers=headers, body=body))
        found = re.search("subnet-[0-9a-f]+", reply.body.decode())
        assert found is not None
        return found[0]

    def ecs(self, operation: str, **params: Any) -> Any:
        headers = {
            "x-amz-target": ECS_TARGET + operation,
            "content-type": "application/x-amz-json-1.1",
            "authorization": f"{SIGNED}/ecs/aws4_request, SignedHeaders=host, Signature=0",
        }
        request = HttpRequest("POST", "/", headers=headers, body=json.dumps(params).encode())
        reply = self.aws.answer(request)
        if reply.status != 200:
            raise RuntimeError(f"{operation}: {reply.body.decode()}")
        return json.loads(reply.body)

    def query(self, service: str, action: str, **params: str) -> str:
        """A call of a service whose requests are forms, such as SNS: the reply's XML."""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "authorization": f"{SIGNED}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        }
        body = urlencode({"Action": action, "Version": "2010-03-31", **params}).encode()
        return self._answer(HttpRequest("POST", "/", headers=headers, body=body)).decode()

    def json(self, service: str, target: str, **params: Any) -> Any:
        """json("events", "AWSEvents.PutRule", Name="all", …): the reply."""
        headers = {
            "x-amz-target": target,
            "content-type": f"application/x-amz-json-1.{0 if service == 'sqs' else 1}",
            "authorization": f"{SIGNED}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        }
        body = json.dumps(params).encode()
        text = self._answer(HttpRequest("POST", "/", headers=headers, body=body))
        return json.loads(text) if text else {}

    def _answer(self, request: HttpRequest) -> bytes:
        reply = self.aws.answer(request)
        if reply.status != 200:
            raise RuntimeError(f"{request.operation}: {reply.body.decode()}")
        return reply.body

    def queue(self, name: str, sender: str) -> tuple[str, str]:
        """A queue that an AWS service may send to: its URL and its ARN."""
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"
        policy = _allowing(sender, "sqs:SendMessage", arn)
        made = self.json(
            "sqs", "AmazonSQS.CreateQueue", QueueName=name, Attributes={"Policy": policy}
        )
        return str(made["QueueUrl"]), arn

    def rule(self, name: str, pattern: Mapping[str, Any], target: str) -> None:
        self.json("events", "AWSEvents.PutRule", Name=name, EventPattern=json.dumps(pattern))
        targets = [{"Id": "1", "Arn": target}]
        self.json("events", "AWSEvents.PutTargets", Rule=name, Targets=targets)

    def topic(self, name: str, queue_arn: str) -> str:
        """A topic that EventBridge may publish to, and that a queue hears: its ARN."""
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{name}"
        self.query("sns", "CreateTopic", Name=name)
        policy = _allowing("events.amazonaws.com", "sns:Publish", arn)
        self.query(
            "sns",
            "SetTopicAttributes",
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=policy,
        )
        self.query("sns", "Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
        return arn

    def depth(self, url: str) -> int:
        """How many messages wait in a queue."""
        name = "ApproximateNumberOfMessages"
        found = self.json(
            "sqs", "AmazonSQS.GetQueueAttributes", QueueUrl=url, AttributeNames=[name]
        )
        return int(found["Attributes"][name])

    def register(self, image: str, **container: Any) -> str:
        given = definition(image)
        given["containerDefinitions"][0] |= container
        made = self.ecs("RegisterTaskDefinition", **given)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def create(self, name: str, definition: str, tasks: int = 1, **breaker: Any) -> None:
        self.ecs("CreateService", **service(name, definition, self.subnet, tasks, **breaker))

    def advance(self, seconds: float) -> None:
        self.aws.engine.advance(seconds)

    def close(self) -> None:
        self.aws.close()


def _allowing(service: str, action: str, resource: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def definition(image: str, family: str = "web") -> dict[str, Any]:
    """The input of RegisterTaskDefinition: one Fargate container."""
    return {
        "family": family,
        "containerDefinitions": [{"name": "c", "image": image, "essential": True}],
        "executionRoleArn": ROLE,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
    }


def service(
    name: str,
    definition: str,
    subnet: str,
    tasks: int = 1,
    *,
    security_groups: Sequence[str] = (),
    **breaker: Any,
) -> dict[str, Any]:
    """The input of CreateService: the breaker with rollback, and what else is said of it."""
    return {
        "serviceName": name,
        "taskDefinition": definition,
        "desiredCount": tasks,
        "launchType": "FARGATE",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True, **breaker}
        },
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [*security_groups]}
        },
    }
