"""JupyterLab's terminal is the learner's: it speaks to the emulator, whatever their shell does."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ecs_emulator.environment import environment_for
from runbook_lib.cli.lab import _terminal_options

BESIDE = Path(sys.executable).parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose shell puts another `aws` first, and names the profile of a real account."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "aws").write_text("#!/bin/sh\necho another aws\n", "utf-8")
    (other / "aws").chmod(0o755)
    lines = (f"export PATH={other}:$PATH", "export AWS_PROFILE=production", "alias ll='ls -l'")
    (tmp_path / ".bashrc").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def said(home: Path, command: str) -> str:
    folder = home / "my notebooks"
    folder.mkdir(exist_ok=True)
    environment = {**environment_for("http://127.0.0.1:4566"), "HOME": str(home), "PS1": "$ "}
    option, value = _terminal_options(home / "terminal.sh", folder, environment)
    assert option == "--ServerApp.terminado_settings"
    shell = ast.literal_eval(value.removeprefix("shell_command="))
    done = subprocess.run(
        [*shell, "-c", f". {home / 'terminal.sh'}; {command}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_aws_and_runbook_are_those_of_the_project(home: Path) -> None:
    assert said(home, "command -v aws runbook").splitlines() == [
        str(BESIDE / "aws"),
        str(BESIDE / "runbook"),
    ]


def test_it_speaks_to_the_emulated_account_and_to_no_other(home: Path) -> None:
    assert said(home, "echo $AWS_ENDPOINT_URL [$AWS_PROFILE]") == "http://127.0.0.1:4566 []"
    assert said(home, 'echo "$AWS_SECRET_ACCESS_KEY" | wc -w') == "1"


def test_it_stands_in_the_learners_folder_and_keeps_their_own_words(home: Path) -> None:
    assert said(home, "pwd") == str(home / "my notebooks")
    assert "ls -l" in said(home, "alias ll")
