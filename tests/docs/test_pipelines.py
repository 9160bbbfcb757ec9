"""Room: the scripts of docs/pipelines.md, run as they stand there.

Lives here: taking them out of the page, running them on the emulator.
Never here: GitHub's and GitLab's own words, which nothing here can run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from runbook_lib.aws.journal import read_entries

PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
ROLE = "arn:aws:iam::123456789876:role/ecsTaskExecutionRole"
Run = Callable[..., subprocess.CompletedProcess[str]]


def script(name: str) -> str:
    found = re.search(rf"<!-- {re.escape(name)} -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command where deploy.sh is, with no AWS credentials of anybody."""
    deploy = tmp_path / "deploy.sh"
    deploy.write_text(script("deploy.sh"), encoding="utf-8")
    deploy.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TARGET": "emulator",
        "EXECUTION_ROLE_ARN": ROLE,
    }

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_deploy_script_by_verdict_tells_a_release_from_a_rollback(run: Run) -> None:
    done = run("sh", "-eu", "-c", script("truth.sh"))

    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("Deployment ecs-svc/")]
    assert len(told) == 2
    assert "completed" in told[0]
    assert "rolled back" in told[1]


def test_who_trusts_a_lie_is_found_out(run: Run, tmp_path: Path) -> None:
    """The same script, with a deploy tool that is content when UpdateService is."""
    honest = script("deploy.sh")
    lying = honest.replace("runbook verdict", "true")
    (tmp_path / "deploy.sh").write_text(lying, encoding="utf-8")

    assert honest != lying
    assert run("sh", "-eu", "-c", script("truth.sh")).returncode != 0


def test_the_page_names_every_permission_that_the_verdict_needs(run: Run, tmp_path: Path) -> None:
    named = re.search(r"The verdict needs (.*?)\.\n", PAGE, re.DOTALL)
    journal = tmp_path / "journal.jsonl"
    asked = f"""
        runbook drill --stop-after 20 --set service=web --set family=web
        RUNBOOK_JOURNAL={journal} ./deploy.sh nginx:no-such-tag || true
    """

    assert run("runbook", "emulator", "run", "--", "sh", "-eu", "-c", asked).returncode == 0

    calls = [each for each in read_entries(journal) if each["kind"] == "call"]
    assert named is not None
    assert set(re.findall(r"`ecs:(\w+)`", named[1])) == {each["operation"] for each in calls}


def test_a_command_beside_an_emulator_ends_with_its_own_exit_code(run: Run) -> None:
    done = run(
        "runbook", "emulator", "run", "--", "sh", "-c", "aws sts get-caller-identity; exit 7"
    )

    assert done.returncode == 7
    assert '"Account": "123456789876"' in done.stdout


def test_a_command_beside_an_emulator_cannot_use_anybodys_credentials(run: Run) -> None:
    mine = {
        "AWS_PROFILE": "mine",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_REGION": "ap-northeast-1",
    }

    done = run("runbook", "emulator", "run", "--", "sh", "-c", "env | sort", **mine)

    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert "mine" not in seen.values()
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert seen["AWS_DEFAULT_REGION"] == seen["AWS_REGION"] == "ap-northeast-1"


def test_a_command_that_does_not_exist_is_named(run: Run) -> None:
    done = run("runbook", "emulator", "run", "--", "no-such-command")

    assert done.returncode == 127
    assert done.stderr == "error: no-such-command cannot be run: No such file or directory\n"


def test_the_workflow_is_yaml_and_each_runbook_line_of_it_is_accepted(run: Run) -> None:
    """Up to where it would need an account: pointed at the emulator, it runs."""
    (workflow,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    steps = yaml.safe_load(workflow)["jobs"]["drill"]["steps"]
    lines = [each["run"].strip() for each in steps if each.get("run", "").startswith("runbook")]
    assert len(lines) == 2

    for line in lines:
        asked = line.replace("--target aws", "--target emulator").replace(
            "expected_account=123456789012", "expected_account=123456789876"
        )
        done = run("runbook", "emulator", "run", "--speed", "0", "--", "sh", "-eu", "-c", asked)
        assert done.returncode == 0, done.stdout + done.stderr
