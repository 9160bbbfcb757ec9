"""A parameter that cannot be used is one line, and AWS is asked to change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from bad_values import REFUSED
from click.testing import CliRunner, Result
from deployed import Deployed

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib.cli.main import main

Aws = Callable[..., Any]
WRITING = (
    "Add Associate Attach Authorize Change Confirm Create Delete Deregister Detach Disable Enable "
    "Modify Put Register Remove Run Send Set Start Stop Subscribe Tag Unsubscribe Untag Update"
).split()
ONLY_AWS_KNOWS: tuple[tuple[str, object, str], ...] = (
    ("cluster", "unknown", "does not exist in eu-west-1"),
    ("subnets", "subnet-99999999", "does not exist in eu-west-1"),
    ("security_groups", "sg-99999999", "does not exist in eu-west-1"),
    ("expected_account", "999999999999", "the credentials are of account 123456789876"),
    ("service_mode", "existing", "my-sample-service"),
    ("service", "web", "was not made by this runbook"),
)


@pytest.fixture
def watched(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorControls:
    """An emulator on which every call that would change something fails loudly."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    controls = EmulatorControls(emulator.url)
    loud = [{"call": f"*:{each}*", "fault": "internal_failure"} for each in WRITING]
    controls.call("PUT", "/_emulator/faults", {"call_faults": loud})
    return controls


def drill(parameters: dict[str, object], folder: Path) -> Result:
    file = folder / "parameters.yaml"
    file.write_text(yaml.safe_dump(parameters, allow_unicode=True), encoding="utf-8")
    arguments = ["drill", "--params", str(file), "--out", str(folder / "out")]
    return CliRunner().invoke(main, arguments)


def assert_refused(done: Result, name: str, folder: Path) -> None:
    assert done.exit_code == 2, done.output
    (line,) = done.output.splitlines()
    assert line.startswith(f"error: {name}: "), line
    assert f" Example: {name}: " in line
    assert not (folder / "out").exists()


@pytest.mark.parametrize(("name", "value", "why"), REFUSED)
def test_a_parameter_that_no_account_could_use_is_refused_before_aws_is_asked_anything(
    name: str, value: object, why: str, watched: EmulatorControls, tmp_path: Path
) -> None:
    watched.call(
        "PUT", "/_emulator/faults", {"call_faults": [{"call": "*", "fault": "internal_failure"}]}
    )

    done = drill({name: value}, tmp_path)

    assert_refused(done, name, tmp_path)
    assert why in done.output


@pytest.mark.parametrize(("name", "value", "why"), ONLY_AWS_KNOWS)
def test_a_parameter_that_this_account_cannot_use_is_refused_before_anything_is_changed(
    name: str,
    value: object,
    why: str,
    watched: EmulatorControls,
    aws: Aws,
    advance: Callable[[float], None],
    tmp_path: Path,
) -> None:
    faults = watched.call("GET", "/_emulator/faults") if name == "service" else None
    if faults is not None:
        watched.call("PUT", "/_emulator/faults", {"call_faults": []})
        Deployed(aws, advance).create()
        watched.call("PUT", "/_emulator/faults", faults)

    done = drill({name: value}, tmp_path)

    assert done.exit_code == 2, done.output
    assert why in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.whole
def test_a_write_call_would_have_been_noticed(watched: EmulatorControls, tmp_path: Path) -> None:
    done = drill({}, tmp_path)

    assert done.exit_code == 3
    assert "InternalFailure" in done.output
