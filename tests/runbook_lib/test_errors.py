"""What goes wrong is one line: what, where, what next."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.errors import (
    BadParameter,
    CallRefused,
    DeadlineMissed,
    MissingPrerequisite,
    NoReply,
    NotConfirmed,
    NotConnected,
    NotDrillable,
    NotOurs,
    NotSteady,
    NotThere,
    RolloutFailed,
    RunbookError,
    StepRefused,
    UnknownParameter,
)
from runbook_lib.evidence.evidence import UnreadableEvidence
from runbook_lib.notebook.widgets.live_board import Interrupted

EXAMPLES: tuple[tuple[RunbookError, str], ...] = (
    (RunbookError(text="something"), "something"),
    (
        BadParameter(name="region", problem="'x' is not an AWS Region", example="eu-west-1"),
        "region: 'x' is not an AWS Region. Example: region: eu-west-1",
    ),
    (
        UnknownParameter(name="regoin", known="region, cluster"),
        "regoin: there is no such parameter. There are: region, cluster.",
    ),
    (
        NotConnected(problem="no credentials", next_step="log in"),
        "no credentials. Next: log in.",
    ),
    (
        MissingPrerequisite(missing="topic t", where="account 1", notebook="30_create_sns_topic"),
        "topic t is missing in account 1. Next: run 30_create_sns_topic first.",
    ),
    (
        NotThere(what="service s", where="cluster c", next_step="set service to one that is there"),
        "service s is missing in cluster c. Next: set service to one that is there.",
    ),
    (
        NotOurs(what="rule r", next_step="choose another name"),
        "rule r exists already and was not made by this runbook. Next: choose another name.",
    ),
    (
        UnreadableEvidence(file=Path("out/journal.json"), problem="is not JSON"),
        "out/journal.json: is not JSON.",
    ),
    (
        NotDrillable(service="web", problem="its rollback is off", next_step="switch it on"),
        "service web cannot be drilled: its rollback is off. Next: switch it on.",
    ),
    (
        NotSteady(service="web", deviations="running tasks is 0, not 1"),
        (
            "service web is not steady, so a drill would prove nothing: running tasks is 0, not 1. "
            "Next: wait until it is, or read its service events."
        ),
    ),
    (
        NotConfirmed(account="1", given="", wanted="web"),
        (
            "Nothing was changed in account 1: confirm is ''. "
            "Next: read the plan above, then set confirm to 'web'."
        ),
    ),
    (
        StepRefused(
            operation="sns:Subscribe",
            reason="InvalidParameter: no.",
            exists=["topic t", "role r"],
            next_step="run again",
        ),
        (
            "sns:Subscribe was refused: InvalidParameter: no. "
            "What exists so far: topic t, role r. Next: run again."
        ),
    ),
    (
        StepRefused(operation="sns:Subscribe", reason="No.", exists=[], next_step="run again"),
        (
            "sns:Subscribe was refused: No. "
            "What exists so far: nothing from this plan. Next: run again."
        ),
    ),
    (
        CallRefused(
            service="ecs",
            operation="DescribeServices",
            response={"Error": {"Code": "AccessDeniedException", "Message": "No.\nNever"}},
            next_step="ask for it",
        ),
        "ecs:DescribeServices was refused: AccessDeniedException: No. Never. Next: ask for it.",
    ),
    (
        NoReply(call="sns:ListTopics", problem="Connection was closed", next_step="run again"),
        "sns:ListTopics got no reply: Connection was closed. Next: run again.",
    ),
    (
        RolloutFailed(
            deployment="ecs-svc/1", service="web", reason="tasks failed", next_step="fix it"
        ),
        "deployment ecs-svc/1 of service web failed: tasks failed. Next: fix it.",
    ),
    (
        Interrupted(deployment="ecs-svc/1"),
        "You stopped watching ecs-svc/1; it goes on by itself. Next: run this cell again.",
    ),
    (
        DeadlineMissed(what="calm", seconds=899.6, next_step="look"),
        "calm did not happen within 900 s. Next: look.",
    ),
)


def every_kind(kind: type[RunbookError]) -> Iterator[type[RunbookError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from every_kind(each)


def test_the_examples_hold_every_kind_of_error() -> None:
    assert {type(error) for error, _ in EXAMPLES} == set(every_kind(RunbookError))


@pytest.mark.parametrize(("error", "text"), EXAMPLES)
def test_an_error_reads_as_one_line(error: RunbookError, text: str) -> None:
    assert str(error) == text
    assert error._render_traceback_() == [f"{type(error).__name__}: {text}"]


@pytest.mark.parametrize(("error", "text"), EXAMPLES)
def test_an_error_survives_pickling_with_its_kind(error: RunbookError, text: str) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert type(again) is type(error)
    assert str(again) == text
    assert again.details == error.details


def test_line_breaks_in_what_aws_says_do_not_break_the_line() -> None:
    error = StepRefused(
        operation="iam:CreateRole",
        reason="Denied:\n  by\ta policy.",
        exists=["a\nb"],
        next_step="x",
    )

    assert "Denied: by a policy. What exists so far: a b." in str(error)


def test_braces_in_a_value_are_kept() -> None:
    assert str(RunbookError(text="{name} {0}")) == "{name} {0}"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (BadParameter, ValueError),
        (UnknownParameter, BadParameter),
        (NotConnected, ConnectionError),
        (MissingPrerequisite, LookupError),
        (NotThere, LookupError),
        (NotConfirmed, PermissionError),
        (DeadlineMissed, TimeoutError),
    ],
)
def test_an_error_is_also_the_builtin_that_a_caller_would_expect(
    kind: type[RunbookError], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


def test_a_notebook_shows_only_the_line_even_when_there_is_a_cause(tmp_path: Path) -> None:
    code = (
        "from runbook_lib.errors import NotConnected\n"
        "try:\n"
        "    1 / 0\n"
        "except ZeroDivisionError as error:\n"
        "    raise NotConnected(problem='nobody is there', next_step='wait') from error\n"
    )
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", code]

    shown = subprocess.run(
        command,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [each for each in (shown.stdout + shown.stderr).splitlines() if each.strip()]
    assert lines == ["NotConnected: nobody is there. Next: wait."]
