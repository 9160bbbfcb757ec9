"""Every command that a page, a card or a hint shows does what it says, pasted as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from widget_world import do, opened

from ecs_emulator import environment_for
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, labs, wait_until_steady, walk
from runbook_lib.aws.session import Session
from runbook_lib.exercises import EXERCISES
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.notebook_files import notebook_folder
from runbook_lib.notebook.widgets.commands import folded
from runbook_lib.plans.steps import Plan

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SETTINGS, LAB = Settings(), Settings(service="lab-health", family="lab-health")
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```", re.DOTALL | re.MULTILINE)
STARTS = ("make ", "runbook ", "ecs-emulator ", "papermill ", "pip ", "aws ", "source ")
NEEDS = {
    "make drill": "the target is run by test_drill.py, through `runbook drill`",
    "make test": "it is what runs this",
    "pip install": "test_environment.py installs it into an empty environment",
    "ecs-emulator serve": "test_server.py serves it",
    "ecs-emulator run -- ./deploy.sh": "test_pipelines.py runs that script",
    "ecs-emulator run -- node": "test_emulator_page.py runs that example",
    "runbook drill --target aws": "it is refused below without credentials, in one line",
    "runbook clean-up --target aws": "it is refused below without credentials, in one line",
}
"""Commands of the pages that something else runs, and what that is."""


@pytest.fixture
def session(emulator: EmulatorServer) -> Session:
    return opened(emulator.url)


@pytest.fixture
def environment(emulator: EmulatorServer) -> dict[str, str]:
    """As `runbook lab` gives it to JupyterLab's terminal."""
    made = environment_for(emulator.url)
    return {**made, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def paste(command: str, environment: dict[str, str], folder: Path = ROOT) -> str:
    """Run it in a shell, as who pastes it does; it must succeed."""
    done = subprocess.run(
        ["bash", "-c", _for_cli_version_1(command, environment)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _for_cli_version_1(command: str, environment: dict[str, str]) -> str:
    """AWS CLI 1, which pip installs, does not read AWS_ENDPOINT_URL for SQS; version 2 does."""
    endpoint = f"aws --endpoint-url {environment.get('AWS_ENDPOINT_URL')} sqs "
    return command.replace("aws sqs ", endpoint)


def shell_commands(page: Path) -> Iterator[str]:
    for block in BLOCK.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            text = re.sub(r"\s{2,}#.*", "", line).strip()
            if text.startswith(STARTS):
                yield text


def test_each_command_of_the_readme_is_run_by_a_test_or_known_to_be() -> None:
    commands = list(shell_commands(ROOT / "README.md"))

    assert len(commands) >= 9
    for each in commands:
        assert each.startswith((*NEEDS, "papermill notebooks/")), each


def test_the_papermill_command_of_the_readme_runs_from_the_checkout(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (command,) = (c for c in shell_commands(ROOT / "README.md") if c.startswith("papermill"))
    del environment["AWS_ENDPOINT_URL"]

    paste(command.replace("out.ipynb", str(tmp_path / "out.ipynb")), environment)

    assert "rolled back" in (tmp_path / "out.ipynb").read_text("utf-8")


@pytest.mark.parametrize("command", ["drill", "clean-up"])
def test_a_command_for_a_real_account_says_in_one_line_what_it_lacks(
    command: str, environment: dict[str, str]
) -> None:
    bare = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}

    done = subprocess.run(
        [str(BIN / "runbook"), command, "--target", "aws"],
        env={**bare, **nowhere, "AWS_SHARED_CREDENTIALS_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert done.stderr.startswith("error: AWS does not know the caller")
    assert len(done.stderr.splitlines()) == 1


def open_commands(plan: Plan) -> list[str]:
    return [folded(step.cli) for step in plan.open_steps]


def test_the_cards_of_the_walk_can_be_pasted_one_after_another(
    session: Session, environment: dict[str, str]
) -> None:
    pasted = 0
    for stage in walk.STAGES:
        plan = stage.plan(session, SETTINGS)
        for command in open_commands(plan):
            paste(command, environment)
            pasted += 1
        assert stage.is_there(session, SETTINGS), stage.notebook
        if stage.notebook.startswith("20"):
            wait_until_steady(session, cluster=SETTINGS.cluster, service=SETTINGS.service)

    assert pasted >= 11


def test_the_cards_of_the_clean_up_can_be_pasted(
    session: Session, environment: dict[str, str]
) -> None:
    do(session, SETTINGS, "10", "20", "30", "40", "50")
    plan = walk.clean_up_plan(session, SETTINGS)

    for command in open_commands(plan):
        paste(command, environment)
        session.clock.sleep(60)

    assert not [row for row in walk.inventory(session, SETTINGS) if row[3] == "this runbook"]


def test_the_cards_of_a_load_balancer_ask_for_the_arn_of_what_was_made_before(
    session: Session, environment: dict[str, str]
) -> None:
    plan = labs.balancer_plan(session, LAB, labs.TargetCheck(interval=10, unhealthy_threshold=2))

    for command in open_commands(plan):
        paste(command, environment)

    again = labs.balancer_plan(session, LAB, labs.TargetCheck(interval=10, unhealthy_threshold=2))
    assert again.is_satisfied


def test_the_cards_of_the_labs_chain_and_alarm_can_be_pasted(
    session: Session, environment: dict[str, str]
) -> None:
    good = labs.Release(name="works")
    pasted = 0
    for plan in (
        labs.alert_chain_plan(session, LAB, good),
        labs.alarm_plan(session, LAB, "OK"),
        labs.dead_letter_plan(session, LAB),
    ):
        for command in open_commands(plan):
            paste(command, environment)
            pasted += 1

    assert pasted >= 8


def test_the_commands_of_the_hints_can_be_pasted(
    session: Session, environment: dict[str, str]
) -> None:
    do(session, SETTINGS, "10", "20", "30", "40", "50")
    commands = [
        found
        for exercise in EXERCISES
        for hint in exercise.hints_for(session, SETTINGS)
        for found in re.findall(r"`(aws [^`]+)`", hint)
    ]

    assert len(commands) >= 4
    for each in commands:
        paste(each, environment)


def test_the_commands_that_the_notebooks_name_exist(environment: dict[str, str]) -> None:
    text = "\n".join(p.read_text("utf-8") for p in notebook_folder().rglob("*.ipynb"))
    named = set(re.findall(r"`(?:runbook|make) ([a-z-]+)", text))

    assert named >= {"clean-up", "verdict", "progress"}
    targets = paste("make help", environment)
    commands = paste("runbook --help", environment)
    for each in named:
        assert re.search(rf"\b{each}\b", targets + commands), each


def test_one_command_empties_a_running_emulator(
    session: Session, environment: dict[str, str]
) -> None:
    apply(session, walk.topic_plan(session, SETTINGS))
    assert session.client("sns").list_topics()["Topics"]

    assert "is empty" in paste("runbook emulator reset", environment)

    assert session.client("sns").list_topics()["Topics"] == []
