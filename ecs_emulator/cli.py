"""Room: the command `ecs-emulator`, which is also `runbook emulator`.

Lives here: serving the emulator, and running another program beside one.
Never here: the emulator.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import click

from ecs_emulator.environment import ENDPOINT_VARIABLE, environment_for

DEFAULT_PORT = 4577
SPEED = click.FloatRange(0, 100_000)
_REFUSED, _NO_SUCH_COMMAND, _INTERRUPTED = 3, 127, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The emulated AWS account."""


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--speed",
    type=SPEED,
    default=60.0,
    show_default=True,
    help="Virtual seconds per real second; 0 is frozen.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ids.")
def serve(port: int, speed: float, seed: int) -> None:
    """Serve it in the foreground until Ctrl-C."""
    from ecs_emulator.http.server import EmulatorServer

    try:
        server = EmulatorServer(port=port, speed=speed, seed=seed, start=_start(speed))
    except OSError as error:
        click.echo(f"error: {error.strerror}", err=True)
        sys.exit(_REFUSED)
    click.echo(f"Emulator at {server.url} (export {ENDPOINT_VARIABLE}={server.url})")
    sys.stdout.flush()
    server.run_in_foreground()


@main.command()
@click.option("--endpoint", envvar=ENDPOINT_VARIABLE, help="Default: $AWS_ENDPOINT_URL.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ids.")
def reset(endpoint: str | None, seed: int) -> None:
    """Empty the emulated account of a running emulator: a new world, from its first moment on."""
    from ecs_emulator.client import ControlRefused, EmulatorControls

    where = endpoint or f"http://127.0.0.1:{DEFAULT_PORT}"
    try:
        EmulatorControls(where).call("POST", "/_emulator/reset", {"seed": seed})
    except (ControlRefused, ConnectionError) as error:
        click.echo(f"error: {where} is no running emulator: {error}", err=True)
        sys.exit(_REFUSED)
    click.echo(f"The account at {where} is empty.")


@main.command()
@click.option(
    "--speed",
    type=SPEED,
    default=600.0,
    show_default=True,
    help="Virtual seconds per real second; 0 is frozen.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ids.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(speed: float, seed: int, command: tuple[str, ...]) -> None:
    """Run COMMAND beside an emulator of its own, and end with its exit code.

    \b
    ecs-emulator run -- ./deploy.sh nginx:no-such-tag
    ecs-emulator run --speed 0 -- pytest tests/deploying

    COMMAND finds the emulator in AWS_ENDPOINT_URL, with a Region and credentials that no real
    account knows; your own, and every setting that would lead elsewhere, are kept from it. 127:
    there is no such command.
    """
    from ecs_emulator.http.server import EmulatorServer

    with EmulatorServer(speed=speed, seed=seed, start=_start(speed)) as server:
        try:
            done = subprocess.run(command, env=environment_for(server.url), check=False)
        except OSError as error:
            click.echo(f"error: {command[0]} cannot be run: {error.strerror}", err=True)
            sys.exit(_NO_SUCH_COMMAND)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        sys.exit(done.returncode)


def _start(speed: float) -> datetime:
    """A running clock begins now, as its user's; a frozen one at the moment that never changes."""
    from ecs_emulator.world.clock import FIRST_MOMENT, real_now

    return real_now() if speed else FIRST_MOMENT


if __name__ == "__main__":
    main()
