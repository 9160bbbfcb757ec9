"""Room: the commands that bring an emulator along.

Lives here: serving it, running another program beside it, JupyterLab beside it.
Never here: the emulator.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import click

from runbook_lib.aws.clock import WallClock

DEFAULT_PORT = 4577
_REFUSED, _NO_SUCH_COMMAND, _INTERRUPTED = 3, 127, 130
_SPEED = click.FloatRange(0, 100_000)
_OF_THE_USER = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
"""What would make a client prefer the user's own credentials to those of the emulator."""


@click.group()
def emulator() -> None:
    """The emulated AWS account."""


@emulator.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--speed",
    type=_SPEED,
    default=60.0,
    show_default=True,
    help="Virtual seconds per real second; 0 is frozen.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ids.")
def serve(port: int, speed: float, seed: int) -> None:
    """Serve it in the foreground until Ctrl-C."""
    from ecs_emulator.http.server import EmulatorServer
    from ecs_emulator.world.clock import FIRST_MOMENT

    start = WallClock().now() if speed else FIRST_MOMENT
    try:
        server = EmulatorServer(port=port, speed=speed, seed=seed, start=start)
    except OSError as error:
        click.echo(f"error: {error.strerror}", err=True)
        sys.exit(_REFUSED)
    click.echo(f"Emulator at {server.url} (export AWS_ENDPOINT_URL={server.url})")
    sys.stdout.flush()
    server.run_in_foreground()


@emulator.command()
@click.option(
    "--speed",
    type=_SPEED,
    default=600.0,
    show_default=True,
    help="Virtual seconds per real second; 0 is frozen.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ids.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(speed: float, seed: int, command: tuple[str, ...]) -> None:
    """Run COMMAND beside an emulator of its own, and end with its exit code.

    \b
    runbook emulator run -- ./deploy.sh nginx:no-such-tag
    runbook emulator run --speed 0 -- pytest tests/deploying

    COMMAND finds the emulator in AWS_ENDPOINT_URL, with a Region and credentials that no real
    account knows; your own are kept from it. 127: there is no such command.
    """
    from ecs_emulator.http.server import EmulatorServer
    from ecs_emulator.world.clock import FIRST_MOMENT

    start = WallClock().now() if speed else FIRST_MOMENT
    with EmulatorServer(speed=speed, seed=seed, start=start) as server:
        try:
            done = subprocess.run(command, env=_environment(server.url), check=False)
        except OSError as error:
            click.echo(f"error: {command[0]} cannot be run: {error.strerror}", err=True)
            sys.exit(_NO_SUCH_COMMAND)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        sys.exit(done.returncode)


def _environment(url: str) -> dict[str, str]:
    from runbook_lib.aws.session import DUMMY_KEY, DUMMY_SECRET, ENDPOINT_VARIABLE

    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_USER}
    region = kept.get("AWS_REGION") or kept.get("AWS_DEFAULT_REGION") or "eu-west-1"
    return kept | {
        ENDPOINT_VARIABLE: url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": DUMMY_KEY,
        "AWS_SECRET_ACCESS_KEY": DUMMY_SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@click.command()
@click.option(
    "--speed",
    type=_SPEED,
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
    from ecs_emulator.http.server import EmulatorServer
    from runbook_lib.aws.session import ENDPOINT_VARIABLE
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
