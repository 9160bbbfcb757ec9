"""One story told by four clients that others wrote: what happens on the emulator is the same.

A service runs; a release that works is deployed, then one whose image does not exist. The
clients are boto3 with its waiter, the AWS CLI with its waiter, fabfuel's ecs-deploy and
ecs-deplojo. Each has an emulator of its own; all run at once, for they wait in real time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecs_emulator.client import EmulatorControls

pytestmark = pytest.mark.whole

BIN = Path(sys.executable).parent
SPEED = 600
ROLE = "arn:aws:iam::123456789876:role/ecsTaskExecutionRole"
GOOD, BAD = "nginx:stable", "nginx:wrong-image-tag"


@dataclass(frozen=True)
class Client:
    """What one client has to work with."""

    ecs: Any
    environment: dict[str, str]
    folder: Path

    def run(self, *command: str) -> str:
        """Run a tool; its exit code is its own business, as a release pipeline would see it."""
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def register(self, image: str) -> str:
        made = self.ecs.register_task_definition(**definition(image))
        return str(made["taskDefinition"]["taskDefinitionArn"])


def definition(image: str) -> dict[str, Any]:
    return {
        "family": "web",
        "containerDefinitions": [{"name": "c", "image": image, "essential": True}],
        "executionRoleArn": ROLE,
        # Without one ecs-deploy sends "", which AWS has refused since 2024:
        # https://github.com/fabfuel/ecs-deploy/issues/231
        "taskRoleArn": ROLE,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
    }


def with_boto3(client: Client, image: str) -> str:
    client.ecs.update_service(service="web", taskDefinition=client.register(image))
    waiter = client.ecs.get_waiter("services_stable")
    waiter.wait(services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return "stable"


def with_the_aws_cli(client: Client, image: str) -> str:
    text = json.dumps(definition(image))
    client.run("aws", "ecs", "register-task-definition", "--cli-input-json", text)
    client.run("aws", "ecs", "update-service", "--service", "web", "--task-definition", "web")
    return client.run("aws", "ecs", "wait", "services-stable", "--services", "web")


def with_ecs_deploy(client: Client, image: str) -> str:
    return client.run(
        "ecs",
        "deploy",
        "default",
        "web",
        "--image",
        "c",
        image,
        "--timeout",
        "60",
        "--sleep-time",
        "1",
        "--no-deregister",
    )


def with_ecs_deplojo(client: Client, image: str) -> str:
    template = definition("${image}")
    template["containerDefinitions"][0]["environment"] = {}
    (client.folder / "template.json").write_text(json.dumps(template))
    config = {
        "cluster_name": "default",
        "task_definitions": {"web": {"template": "template.json"}},
        "services": {"web": {"task_definition": "web"}},
    }
    (client.folder / "config.yml").write_text(json.dumps(config))
    return client.run("ecs-deplojo", "--config", "config.yml", "--var", f"image={image}")


CLIENTS: dict[str, Callable[[Client, str], str]] = {
    "boto3": with_boto3,
    "aws cli": with_the_aws_cli,
    "ecs-deploy": with_ecs_deploy,
    "ecs-deplojo": with_ecs_deplojo,
}


@contextmanager
def served() -> Iterator[str]:
    command = [str(BIN / "runbook"), "emulator", "serve", "--port", "0", "--speed", str(SPEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        try:
            yield found[0]
        finally:
            process.terminate()
            process.wait()


def tell(name: str, folder: Path) -> dict[str, Any]:
    """Tell the story with one client: how the emulator stands then, and what the client said."""
    folder.mkdir()
    with served() as url:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_PAGER": "",
            "LC_ALL": "C.UTF-8",
        }
        session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "emulator", region_name="eu-west-1")
        client = Client(session.client("ecs", endpoint_url=url), environment, folder)
        create(client, session.client("ec2", endpoint_url=url))
        EmulatorControls(url).call("POST", "/_emulator/clock", {"advance_seconds": 300})
        said = [CLIENTS[name](client, image) for image in (GOOD, BAD)]
        return {**seen(client.ecs), "said": said}


def create(client: Client, ec2: Any) -> None:
    client.ecs.create_service(
        serviceName="web",
        taskDefinition=client.register("nginx:alpine"),
        desiredCount=1,
        launchType="FARGATE",
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]}
        },
    )


def seen(ecs: Any) -> dict[str, Any]:
    """Service events without ids, oldest first, and how the service stands."""
    (service,) = ecs.describe_services(services=["web"])["services"]
    texts = [each["message"] for each in reversed(service["events"])]
    hidden = [re.sub(r"[0-9a-f]{32}|ecs-svc/\d+", "ID", text) for text in texts]
    image = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    records = ecs.list_service_deployments(service="web")["serviceDeployments"]
    return {
        "events": hidden,
        "image": image["taskDefinition"]["containerDefinitions"][0]["image"],
        "deployments": [(d["status"], d["rolloutState"]) for d in service["deployments"]],
        "running": service["runningCount"],
        "records": [each["status"] for each in records],
    }


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The story as each client told it."""
    folder = tmp_path_factory.mktemp("clients")
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        told = {name: pool.submit(tell, name, folder / name.replace(" ", "_")) for name in CLIENTS}
        return {name: each.result() for name, each in told.items()}


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_leaves_the_service_rolled_back(
    stories: dict[str, dict[str, Any]], name: str
) -> None:
    story = stories[name]

    assert story["image"] == GOOD
    assert story["deployments"] == [("PRIMARY", "COMPLETED")]
    assert story["running"] == 1
    assert story["records"] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL"]


@pytest.mark.parametrize("name", [name for name in CLIENTS if name != "boto3"])
def test_every_client_sees_the_same_events(stories: dict[str, dict[str, Any]], name: str) -> None:
    assert stories[name]["events"] == stories["boto3"]["events"]


def test_waiters_and_deploy_tools_call_a_rollback_a_success(
    stories: dict[str, dict[str, Any]],
) -> None:
    """The false green that people complain about: none of them looks at the deployment's id."""
    assert stories["boto3"]["said"][1] == "stable"
    assert stories["aws cli"]["said"][1] == ""
    assert "Deployment successful" in stories["ecs-deploy"]["said"][1]
    assert "Deployment finished" in stories["ecs-deplojo"]["said"][1]
