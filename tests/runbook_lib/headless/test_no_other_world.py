"""Whatever the user's environment holds, the emulator is asked, and nobody else.

A listener stands where the calls would otherwise go, and hears of none.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

BROKEN = "[profile\nthis is no configuration"
ASKS = (
    "import boto3\n"
    "print(boto3.client('ecs').list_clusters()['clusterArns'])\n"
    "print(boto3.client('sns').list_topics()['Topics'])\n"
    "print(boto3.client('sqs').list_queues().get('QueueUrls'))\n"
)
OPENS = (
    "from runbook_lib import open_session\n"
    "session = open_session()\n"
    "print(session.client('ecs').list_clusters()['clusterArns'])\n"
    "print(session.client('ec2').describe_vpcs()['Vpcs'][0]['IsDefault'])\n"
)
SETTINGS = {
    "a profile that does not exist": {"AWS_PROFILE": "nope"},
    "an empty profile": {"AWS_PROFILE": ""},
    "a default profile": {"AWS_DEFAULT_PROFILE": "nope"},
    "a broken configuration": {"AWS_CONFIG_FILE": "{broken}"},
    "broken credentials": {"AWS_SHARED_CREDENTIALS_FILE": "{broken}"},
    "an endpoint for ECS": {"AWS_ENDPOINT_URL_ECS": "{elsewhere}"},
    "an endpoint for the others": {
        "AWS_ENDPOINT_URL_SNS": "{elsewhere}",
        "AWS_ENDPOINT_URL_SQS": "{elsewhere}",
        "AWS_ENDPOINT_URL_EC2": "{elsewhere}",
    },
    "endpoints that are not to count": {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    "a proxy": {"HTTP_PROXY": "{elsewhere}", "HTTPS_PROXY": "{elsewhere}"},
    "a proxy in lower case": {"http_proxy": "{elsewhere}", "all_proxy": "{elsewhere}"},
    "a session of a real account": {
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    },
    "dual-stack and FIPS": {
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
    },
}


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[bytes]]]:
    """An address, and what was said there."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_hear, args=(listening, heard), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _hear(listening: socket.socket, heard: list[bytes]) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        with line:
            heard.append(line.recv(1000))


def environment(settings: dict[str, str], address: str, folder: Path) -> dict[str, str]:
    """The user's own, as nobody has cleaned it."""
    broken = folder / "broken"
    broken.write_text(BROKEN, encoding="utf-8")
    given = {k: v.format(elsewhere=address, broken=broken) for k, v in settings.items()}
    names = ("AWS_", "NO_PROXY", "no_proxy")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true"} | given


def program(*command: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    run = (sys.executable, *command)
    return subprocess.run(run, env=env, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_command_beside_the_emulator_asks_nobody_else(
    settings: dict[str, str], elsewhere: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    address, heard = elsewhere
    command = ("-m", "ecs_emulator.cli", "run", "--", sys.executable, "-c", ASKS)
    done = program(*command, env=environment(settings, address, tmp_path), cwd=tmp_path)

    assert done.stdout.splitlines() == [
        "['arn:aws:ecs:eu-west-1:123456789876:cluster/default']",
        "[]",
        "None",
    ], done.stderr
    assert heard == []


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_notebook_on_the_emulator_asks_nobody_else(
    settings: dict[str, str], elsewhere: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    address, heard = elsewhere
    done = program("-c", OPENS, env=environment(settings, address, tmp_path), cwd=tmp_path)

    assert done.stdout.splitlines() == [
        "['arn:aws:ecs:eu-west-1:123456789876:cluster/default']",
        "True",
    ], done.stderr
    assert heard == []


def test_a_whole_drill_with_all_of_it_asks_nobody_else(
    elsewhere: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    address, heard = elsewhere
    everything = {name: value for each in SETTINGS.values() for name, value in each.items()}
    command = ("-c", "from runbook_lib.cli.main import main; main()", "drill", "--out", "out")
    done = program(*command, env=environment(everything, address, tmp_path), cwd=tmp_path)

    assert "Verdict: PASS." in done.stdout, done.stderr
    assert heard == []
