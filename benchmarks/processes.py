"""Room: other processes, timed from outside.

Lives here: running a command, starting a server and waiting for its first answer, free ports.
Never here: what is compared with what.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.raw_http import Connection, Refused

BIN = Path(sys.executable).parent
MINISTACK_VARIABLE = "MINISTACK"
"""Environment variable with ministack's command: it pins a botocore that is not ours, so it lives
in a virtual environment of its own."""
PATIENCE_SECONDS, NAP_SECONDS = 60.0, 0.002


def environment(**more: str) -> dict[str, str]:
    """This process's, without anything of AWS that its user may have set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RUNBOOK_"))}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def seconds_of(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> float:
    """Wall time of a command from start to end. One that fails is an error."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(each) for each in command],
        env=dict(env or environment()),
        cwd=cwd,
        capture_output=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.decode()[-2000:]}")
    return took


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process that listens. `port` is its port on 127.0.0.1, `pid` its process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def first_answer(self, request: bytes) -> None:
        """Wait until the request is answered with 200."""
        end = time.perf_counter() + PATIENCE_SECONDS
        nap = threading.Event()
        while time.perf_counter() < end and self.process.poll() is None:
            try:
                Connection(self.port).ask(request)
            except (OSError, Refused):
                nap.wait(NAP_SECONDS)
            else:
                return
        raise RuntimeError(f"no answer from {self.process.args!r}")


@contextmanager
def served(command: Sequence[str | Path], port: int, **env: str) -> Iterator[Server]:
    with subprocess.Popen(
        [str(each) for each in command],
        env=environment(**env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield Server(process, port)
        finally:
            process.kill()


@contextmanager
def emulator(*options: str) -> Iterator[Server]:
    port = free_port()
    command: list[str | Path] = [BIN / "runbook", "emulator", "serve", "--port", str(port)]
    command += options
    with served(command, port) as server:
        yield server


@contextmanager
def moto() -> Iterator[Server]:
    port = free_port()
    with served([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port) as server:
        yield server


def ministack_command() -> str | None:
    return os.environ.get(MINISTACK_VARIABLE) or shutil.which("ministack")


@contextmanager
def ministack(command: str) -> Iterator[Server]:
    port = free_port()
    with served([command], port, GATEWAY_PORT=str(port)) as server:
        yield server
