"""The examples of docs/emulator.md do what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ecs_emulator import environment_for
from ecs_emulator.http.server import EmulatorServer

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
DEPLOY = """
import boto3


def release(image):
    ecs, ec2 = boto3.client("ecs"), boto3.client("ec2")
    made = ecs.register_task_definition(
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": image}],
    )["taskDefinition"]["taskDefinitionArn"]
    if ecs.describe_services(services=["web"])["services"]:
        ecs.update_service(service="web", taskDefinition=made)
        return
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    ecs.create_service(
        serviceName="web",
        taskDefinition=made,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
"""


def block(heading: str, language: str) -> str:
    """The first block of code in that language under a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, f"{heading} has no {language}"
    return found[1]


def test_no_example_is_longer_than_fifteen_lines() -> None:
    blocks = re.findall(r"```(?:python|sh|js)\n(.*?)```", PAGE, re.DOTALL)

    assert len(blocks) == 4
    assert all(len([line for line in each.splitlines() if line.strip()]) <= 15 for each in blocks)


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    (tmp_path / "deploy.py").write_text(DEPLOY, encoding="utf-8")
    example = block("In a test with pytest", "python")
    (tmp_path / "test_deploy.py").write_text(example, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment_for("") | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 passed" in done.stdout, done.stdout


def test_the_python_example_runs(tmp_path: Path) -> None:
    section = PAGE.partition("Without pytest:")[2]
    (code,) = re.findall(r"```python\n(.*?)```", section.partition("## ")[0], re.DOTALL)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "cluster/default" in done.stdout


def test_the_aws_cli_example_ends_with_the_failed_release() -> None:
    with EmulatorServer() as server:
        exports, _, commands = block("With the AWS CLI", "sh").partition("subnet=")
        assert "AWS_ENDPOINT_URL=http://127.0.0.1:4577" in exports
        programs = f"{Path(sys.executable).parent}:{environment_for('')['PATH']}"
        done = subprocess.run(
            ["sh", "-euc", f"subnet={commands}"],
            env=environment_for(server.url) | {"PATH": programs},
            capture_output=True,
            text=True,
            check=True,
        )

    assert json.loads(done.stdout.splitlines()[-1]) == "FAILED"


def test_the_javascript_example_finds_both_clusters(tmp_path: Path) -> None:
    (tmp_path / "deploy.mjs").write_text(block("With the JavaScript SDK", "js"), encoding="utf-8")
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm, "npm is missing: apt-get install npm"
    assert node, "node is missing: apt-get install nodejs"
    install = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "@aws-sdk/client-ecs@^3.700.0",
    ]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True)
    command = [sys.executable, "-m", "ecs_emulator.cli", "run", "--", node, "deploy.mjs"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "2"
