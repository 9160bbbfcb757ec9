"""AWS's how-to article, run with the real AWS CLI against `runbook emulator serve`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.whole

ARTICLE = Path(__file__).parent / "article"
BIN = Path(sys.executable).parent
Run = Callable[[str], str]

EVENTS_BEFORE = [
    "(service my-sample-service) has reached a steady state.",
    "(service my-sample-service) (deployment ecs-svc/OLD) deployment completed.",
    "(service my-sample-service) has started 1 tasks: (task ID).",
]
EVENTS_AFTER = [
    "(service my-sample-service) has reached a steady state.",
    "(service my-sample-service) (deployment ecs-svc/OLD) deployment completed.",
    "(service my-sample-service) rolling back to deployment ecs-svc/OLD.",
    "(service my-sample-service) (deployment ecs-svc/NEW) deployment failed: tasks failed to start.",  # noqa: E501
    "(service my-sample-service) has started 1 tasks: (task ID).",
    "(service my-sample-service) has started 1 tasks: (task ID).",
    "(service my-sample-service) has started 1 tasks: (task ID).",
    "(service my-sample-service) has started 1 tasks: (task ID).",
    *EVENTS_BEFORE,
]
EVENT = {
    "version": "0",
    "id": "ID",
    "detail-type": "ECS Deployment State Change",
    "source": "aws.ecs",
    "account": "123456789876",
    "time": "TIME",
    "region": "eu-west-1",
    "resources": ["arn:aws:ecs:eu-west-1:123456789876:service/default/my-sample-service"],
    "detail": {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "clusterArn": "arn:aws:ecs:eu-west-1:123456789876:cluster/default",
        "deploymentId": "ecs-svc/NEW",
        "updatedAt": "TIME",
        "reason": "ECS deployment circuit breaker: tasks failed to start.",
    },
}


def commands() -> dict[str, str]:
    text = (ARTICLE / "commands.txt").read_text(encoding="utf-8")
    parts = re.split(r"^# (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The address of `runbook emulator serve`, a process of its own, with a frozen clock."""
    command = [str(BIN / "runbook"), "emulator", "serve", "--port", "0", "--speed", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found, line
            yield found[0]
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="module")
def shell(served: str) -> Run:
    """Run a line as the article's reader would, in the folder of the task definitions."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": served,
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_PAGER": "",
    }

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            env=environment,
            cwd=ARTICLE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    return run


def control(url: str, path: str, content: object = None) -> Any:
    body = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}{path}", data=body)) as response:
        text = response.read().decode()
    return json.loads(text) if text.startswith(("{", "[")) else text


def messages(output: str, names: dict[str, str]) -> list[str]:
    """The events' texts, with deployment ids named and task ids hidden."""
    objects = re.sub(r"}\s*{", "},{", output)
    found = [each["message"] for each in json.loads(f"[{objects}]")]
    for deployment_id, name in names.items():
        found = [each.replace(deployment_id, f"ecs-svc/{name}") for each in found]
    return [re.sub(r"\(task [0-9a-f]{32}\)", "(task ID)", each) for each in found]


def without_new_lines(found: list[str]) -> list[str]:
    """Without the two lines that ECS adds today and the article does not show."""
    added = ("was unable to place a task. Reason: CannotPullContainerError", "pending tasks.")
    return [each for each in found if not any(part in each for part in added)]


@pytest.fixture(scope="module")
def story(served: str, shell: Run) -> dict[str, Any]:
    """Everything the article does, in its order, and what was seen on the way."""
    lines = commands()
    ids = {
        "subnet-12345": shell(
            "aws ec2 describe-subnets --query 'Subnets[0].SubnetId' --output text"
        ),
        "sg-12345": shell(
            "aws ec2 describe-security-groups --query 'SecurityGroups[0].GroupId' --output text"
        ),
    }
    seen: dict[str, Any] = {"registered": json.loads(shell(lines["register"]))}
    create = lines["create-service"]
    for placeholder, real in ids.items():
        create = create.replace(placeholder, real.strip())
    created = json.loads(shell(create))["service"]
    shell(lines["create-cluster"])
    control(served, "/_emulator/clock", {"advance_seconds": 300})
    seen["before"] = shell(lines["events"])
    for name in ("create-topic", "topic-policy"):
        shell(lines[name])
    seen["subscribed"] = json.loads(shell(lines["subscribe"]))
    control(served, control(served, "/_emulator/mail")[-1]["link"])
    for name in ("put-rule", "put-targets", "register-failure"):
        shell(lines[name])
    updated = json.loads(shell(lines["update-service"]))["service"]
    control(served, "/_emulator/clock", {"advance_seconds": 900})
    seen["after"] = shell(lines["events"])
    seen["mail"] = control(served, "/_emulator/mail")[-1]
    seen["names"] = {created["deployments"][0]["id"]: "OLD", updated["deployments"][0]["id"]: "NEW"}
    return seen


def test_the_service_reaches_the_articles_steady_state(story: dict[str, Any]) -> None:
    assert messages(story["before"], story["names"]) == EVENTS_BEFORE


def test_the_subscription_waits_for_its_confirmation(story: dict[str, Any]) -> None:
    assert story["subscribed"] == {"SubscriptionArn": "pending confirmation"}


def test_the_failure_gives_the_articles_events_in_the_articles_order(
    story: dict[str, Any],
) -> None:
    found = messages(story["after"], story["names"])

    assert without_new_lines(found) == EVENTS_AFTER


def test_only_known_lines_stand_between_the_articles(story: dict[str, Any]) -> None:
    found = messages(story["after"], story["names"])

    assert len(found) - len(without_new_lines(found)) == 4  # three pull errors, one stopped task


def test_the_mail_holds_the_articles_event(story: dict[str, Any]) -> None:
    body = story["mail"]["body"].partition("\n")[0]
    event = json.loads(body)
    new = next(each for each, name in story["names"].items() if name == "NEW")
    assert re.fullmatch(r"[0-9a-f-]{36}", event["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event["detail"]["updatedAt"])

    event["id"], event["time"], event["detail"]["updatedAt"] = "ID", "TIME", "TIME"
    event["detail"]["deploymentId"] = event["detail"]["deploymentId"].replace(new, "ecs-svc/NEW")
    assert json.dumps(event) == json.dumps(EVENT)  # the order of the fields too


def test_the_mail_goes_to_the_articles_address(story: dict[str, Any]) -> None:
    assert (story["mail"]["to"], story["mail"]["subject"]) == (
        "example@example.com",
        "AWS Notification Message",
    )
