"""Room: emulated worlds of any size, in this process and without sockets.

Lives here: an account with so many services, asked the way a client would ask it.
Never here: clocks of this machine, what is measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

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

    def register(self, image: str) -> str:
        made = self.ecs("RegisterTaskDefinition", **definition(image))
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def create(self, name: str, definition: str, tasks: int = 1, **breaker: Any) -> None:
        self.ecs("CreateService", **service(name, definition, self.subnet, tasks, **breaker))

    def advance(self, seconds: float) -> None:
        self.aws.engine.advance(seconds)

    def close(self) -> None:
        self.aws.close()


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
