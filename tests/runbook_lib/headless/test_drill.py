"""The command line as a stranger or a CI job meets it: what it prints, exits with and leaves."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from runbook_lib.errors import BadParameter
from runbook_lib.evidence import report
from runbook_lib.headless.preparation import plan_drill

RUNBOOK = Path(sys.executable).parent / "runbook"
Aws = Callable[[str], Any]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", **variables}


def runbook(*arguments: str, out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(RUNBOOK), "drill", "--out", str(out), *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One drill on an emulator of its own, with three tasks: its out folder and what it printed."""
    out = tmp_path_factory.mktemp("drill")
    done = runbook("--set", "desired_count=3", out=out)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_a_drill_ends_with_a_verdict_that_names_everything(drilled: tuple[Path, str]) -> None:
    ending = drilled[1].splitlines()[-8:]

    assert [line.split()[0] for line in ending[:5]] == [
        "deployment",
        "ended",
        "cause",
        "failures",
        "rolled",
    ]
    assert ending[5].split() == ["alert", "arrived"]
    assert drilled[1].rstrip().splitlines()[-2].startswith("Verdict: PASS. Deployment ecs-svc/")


def test_a_drill_prints_one_line_a_notebook_and_one_a_change(drilled: tuple[Path, str]) -> None:
    lines = drilled[1].splitlines()
    notebooks = [line.split()[0] for line in lines if line.endswith(" ok")]
    states = [line for line in lines if "ecs-svc/" in line and line.startswith("    ")]

    assert [name[:2] for name in notebooks] == ["00", "10", "20", "30", "40", "50", "60", "90"]
    assert len(states) == len(set(states))
    assert any("FAILED" in line for line in states)


def test_the_evidence_holds_every_executed_notebook_and_the_journal(
    drilled: tuple[Path, str],
) -> None:
    names = sorted(path.name for path in drilled[0].iterdir())

    assert [name for name in names if not name[:2].isdigit()] == [
        "journal.json",
        "junit.xml",
        "report.html",
    ]
    assert len(names) == 11
    for path in drilled[0].glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert all(c["execution_count"] for c in cells if c["cell_type"] == "code"), path.name


def test_the_report_is_the_one_of_the_journal_beside_it(drilled: tuple[Path, str]) -> None:
    """The notebooks' kernel draws it."""
    journal = json.loads((drilled[0] / "journal.json").read_text())

    assert (drilled[0] / "report.html").read_text() == report.render(journal)


def test_the_journal_tells_every_call_with_its_request_id(drilled: tuple[Path, str]) -> None:
    journal = json.loads((drilled[0] / "journal.json").read_text())
    calls = [entry for entry in journal["entries"] if entry["kind"] == "call"]

    assert journal["parameters"]["desired_count"] == 3
    assert {"CreateService", "UpdateService", "PutTargets"} <= {c["operation"] for c in calls}
    assert all(call["request_id"] and call["time"] for call in calls if not call["error"])
    assert journal["records"]["50_run_failure_drill"]["passed"] is True
    assert journal["records"]["90_clean_up"] == {"left": 0}


def test_on_a_terminal_a_bar_shows_how_far_the_drill_is(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    command = [str(RUNBOOK), "drill", "--stop-after", "00", "--out", str(tmp_path)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=slave, text=True
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal is closed from the other side
            while part := os.read(master, 4096):
                shown += part
        assert process.wait() == 0
    os.close(master)

    assert re.search(rb"0/\d+ ", shown)
    assert b"cell/s" in shown


BAD_PARAMETERS = {
    "desired_count=many": "desired_count: 'many' is not a whole number",
    "email=nobody": "email: 'nobody' is not an e-mail address",
    "nonsense=1": "nonsense: there is no such parameter",
    "cluster=unknown": "cluster: 'unknown' does not exist in eu-west-1",
    "subnets=subnet-99999999": "subnets: subnet-99999999 does not exist in eu-west-1",
}


@pytest.mark.parametrize("assignment", BAD_PARAMETERS)
def test_a_bad_parameter_is_one_line_and_leaves_nothing(assignment: str, tmp_path: Path) -> None:
    done = runbook("--set", assignment, out=tmp_path / "out")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {BAD_PARAMETERS[assignment]}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_bad_parameter_makes_no_write_call(emulator: Any, aws: Aws, tmp_path: Path) -> None:
    done = runbook("--set", "cluster=unknown", out=tmp_path, AWS_ENDPOINT_URL=emulator.url)

    assert done.returncode == 2
    assert aws("ecs").list_task_definitions()["taskDefinitionArns"] == []
    assert aws("sns").list_topics().get("Topics", []) == []


OWNER_ONLY = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": "SNS:Publish",
    "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789876"}},
}
"""What is left of a topic's policy when EventBridge's statement is taken out of it."""


def test_an_alert_that_does_not_arrive_fails_the_drill(
    emulator: Any, aws: Aws, tmp_path: Path
) -> None:
    before = runbook("--stop-after", "40", out=tmp_path / "a", AWS_ENDPOINT_URL=emulator.url)
    arn = aws("sns").list_topics()["Topics"][0]["TopicArn"]
    aws("sns").set_topic_attributes(
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2008-10-17", "Statement": [OWNER_ONLY]}),
    )

    after = runbook("--start-at", "50", out=tmp_path / "b", AWS_ENDPOINT_URL=emulator.url)

    assert (before.returncode, after.returncode) == (0, 1)
    assert "Verdict: FAIL." in after.stdout
    assert "but the alert did not arrive: the topic's policy does not let" in after.stdout


def test_a_refused_step_names_the_cell_and_lists_what_exists(
    emulator: Any, aws: Aws, tmp_path: Path
) -> None:
    aws("iam").delete_service_linked_role(RoleName="AWSServiceRoleForECS")

    done = runbook(out=tmp_path, AWS_ENDPOINT_URL=emulator.url)

    assert done.returncode == 3
    assert "StepRefused" in done.stderr
    assert (
        "ecs:CreateService was refused: InvalidParameterException: Unable to assume" in done.stderr
    )
    assert "20_create_service.ipynb" in done.stderr
    assert "What exists (remove it with `runbook clean-up`)" in done.stdout
    assert "my-task:1" in done.stdout


def test_clean_up_removes_what_a_stopped_drill_left(
    emulator: Any, aws: Aws, tmp_path: Path
) -> None:
    runbook("--stop-after", "40", out=tmp_path, AWS_ENDPOINT_URL=emulator.url)

    done = subprocess.run(
        [str(RUNBOOK), "clean-up"],
        env=environment(AWS_ENDPOINT_URL=emulator.url),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert aws("ecs").list_services()["serviceArns"] == []
    assert aws("ecs").list_task_definitions()["taskDefinitionArns"] == []
    assert aws("sns").list_topics().get("Topics", []) == []
    assert aws("events").list_rules()["Rules"] == []


def test_no_emulator_at_the_named_address_is_said(tmp_path: Path) -> None:
    done = runbook(out=tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")

    assert done.returncode == 3
    assert "no emulator answers at AWS_ENDPOINT_URL=http://127.0.0.1:9" in done.stderr


def real_account(url: str) -> dict[str, str]:
    """The environment in which `--target aws` talks to the emulator, as if it were AWS."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-to-be-written-anywhere",
    }


def test_on_aws_nothing_changes_without_confirm(emulator: Any, aws: Aws, tmp_path: Path) -> None:
    done = runbook("--target", "aws", out=tmp_path, **real_account(emulator.url))

    assert done.returncode == 2
    assert "ecs:CreateService" in done.stdout
    assert "confirm: empty, so nothing was changed in account 123456789876" in done.stderr
    assert aws("ecs").list_task_definitions()["taskDefinitionArns"] == []


def test_on_aws_confirm_must_name_the_service(emulator: Any, tmp_path: Path) -> None:
    done = runbook(
        "--target", "aws", "--confirm", "other", out=tmp_path, **real_account(emulator.url)
    )

    assert done.returncode == 2
    assert "confirm: 'other' is not the name of the service" in done.stderr


@pytest.mark.parametrize(("start", "stop"), [("50", "40"), ("90_clean_up", "00")])
def test_a_drill_that_would_stop_before_it_starts_is_a_bad_parameter(
    tmp_path: Path, start: str, stop: str
) -> None:
    with pytest.raises(BadParameter, match="where it is to start"):
        plan_drill({}, tmp_path, start_at=start, stop_after=stop)


def test_no_credential_is_written_to_the_evidence(emulator: Any, tmp_path: Path) -> None:
    runbook(
        "--target",
        "aws",
        "--confirm",
        "my-sample-service",
        "--stop-after",
        "10",
        out=tmp_path,
        **real_account(emulator.url),
    )

    written = [path.read_text() for path in tmp_path.iterdir()]
    assert len(written) == 5
    assert not any("not-to-be-written-anywhere" in text for text in written)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_lists_what_exists(
    number: signal.Signals, emulator: Any, tmp_path: Path
) -> None:
    command = [str(RUNBOOK), "drill", "--out", str(tmp_path)]
    with subprocess.Popen(
        command,
        env=environment(AWS_ENDPOINT_URL=emulator.url, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("20_create_service"):
                process.send_signal(number)
                break
        rest = process.stdout.read()
        code = process.wait()

    assert code == 130
    assert "What exists (remove it with `runbook clean-up`)" in rest
    assert "my-sample-service" in rest


def test_a_drill_interrupted_while_it_starts_leaves_no_kernel(tmp_path: Path) -> None:
    """The kernel is there before anything else, so it is what could be left behind."""
    command = [str(RUNBOOK), "drill", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        kernels: list[psutil.Process] = []
        while not kernels and process.poll() is None:
            kernels = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate()

    assert process.returncode == 130, errors
    assert "\nInterrupted.\nNothing was begun" in printed
    assert not any(each.is_running() for each in kernels)
    assert not (tmp_path / "out").exists()
