"""Room: JupyterLab beside an emulator.

Lives here: `runbook lab`.
Never here: the emulator, and the commands that it brings along (ecs_emulator.cli).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from ecs_emulator.cli import DEFAULT_PORT, SPEED
from runbook_lib.aws.clock import WallClock


@click.command()
@click.option(
    "--speed",
    type=SPEED,
    default=0.0,
    show_default=True,
    help="Virtual seconds per real second that pass by themselves.",
)
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder to open instead, such as a copy of notebooks/ to write in.",
)
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(speed: float, notebooks: Path | None, jupyter_options: tuple[str, ...]) -> None:
    """JupyterLab on the notebooks, beside one shared emulator.

    The emulated world stands still while you read. It moves where a notebook waits: the board of
    50_run_failure_drill plays the deployment at the speed of its slider. With --speed 60 a minute
    passes every second, as for who also looks at it with the AWS CLI.

    Options after -- go to JupyterLab: runbook lab -- --no-browser.
    """
    if find_spec("jupyterlab") is None:  # said before anything is started
        raise ModuleNotFoundError("JupyterLab is not installed", name="jupyterlab")
    from ecs_emulator.environment import ENDPOINT_VARIABLE
    from ecs_emulator.http.server import EmulatorServer
    from runbook_lib.headless.notebook_files import notebook_folder

    folder = (notebooks or notebook_folder()).resolve()
    with EmulatorServer(port=_preferred_port(), speed=speed, start=WallClock().now()) as server:
        pace = f"{speed:g} virtual seconds a second" if speed else "standing still while you read"
        click.echo(f"Emulator at {server.url}, {pace}")
        sys.stdout.flush()
        command = [
            sys.executable,
            "-m",
            "jupyter",
            "lab",
            "--ServerApp.root_dir",
            str(folder),
            "--LabApp.default_url",
            "/lab/tree/00_start_here.ipynb",
            *jupyter_options,
        ]
        environment = {**os.environ, ENDPOINT_VARIABLE: server.url}
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def _preferred_port() -> int:
    """The documented port if it is free, else any."""
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0
    return 0 if taken else DEFAULT_PORT
