"""Room: JupyterLab beside an emulator.

Lives here: `runbook lab`.
Never here: the emulator, and the commands that it brings along (ecs_emulator.cli).
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from types import FrameType

import click

from ecs_emulator.cli import DEFAULT_PORT, SPEED
from runbook_lib.aws.clock import WallClock
from runbook_lib.learner.working_copy import NAME


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
    help="Folder to open as it is, instead of a copy of the notebooks.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(NAME),
    show_default=True,
    help="Your own copy of the notebooks. It is made if it is not there.",
)
@click.option("--start-over", is_flag=True, help="A new copy; the one before is kept beside it.")
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(
    speed: float,
    notebooks: Path | None,
    work: Path,
    start_over: bool,
    jupyter_options: tuple[str, ...],
) -> None:
    """JupyterLab on your own copy of the notebooks, beside one shared emulator.

    The copy is yours to run and to write in; a notebook of it in which you have changed nothing
    follows the project. In JupyterLab's terminal `aws` and `runbook` talk to the emulator, too.

    The emulated world stands still while you read. It moves where a notebook waits: the board of
    50_run_failure_drill plays the deployment at the speed of its slider. With --speed 60 a minute
    passes every second, as for who also looks at it with the AWS CLI.

    Options after -- go to JupyterLab: runbook lab -- --no-browser.
    """
    if find_spec("jupyterlab") is None:  # said before anything is started
        raise ModuleNotFoundError("JupyterLab is not installed", name="jupyterlab")
    from ecs_emulator.environment import environment_for
    from ecs_emulator.http.server import EmulatorServer
    from runbook_lib.learner.notebook_files import notebook_folder

    folder = notebooks or _own_copy(work, notebook_folder(), start_over=start_over)
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
            str(folder.resolve()),
            "--LabApp.default_url",
            "/lab/tree/00_start_here.ipynb",
        ]
        environment = environment_for(server.url)
        beside = Path(sys.executable).parent
        environment["PATH"] = os.pathsep.join([str(beside), environment.get("PATH", "")])
        _say_how_to_reach_it(jupyter_options)
        with TemporaryDirectory(prefix="runbook-lab-") as own:
            terminal = _terminal_options(Path(own) / "terminal.sh", folder, environment)
            sys.exit(_run_to_its_end([*command, *terminal, *jupyter_options], environment))


def _own_copy(folder: Path, source: Path, *, start_over: bool) -> Path:
    from runbook_lib.learner.working_copy import bring_up_to_date, set_aside, trust

    if start_over and (kept := set_aside(folder)):
        click.echo(f"What you had is in {kept}")
    copied = bring_up_to_date(source, folder)
    trust(folder / each for each in copied)
    click.echo(f"Your notebooks: {folder}, {len(copied)} of them new")
    return folder


def _terminal_options(script: Path, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """JupyterLab's terminal speaks to the emulator, too, whatever the user's own shell sets up.

    A login shell, or a line of ~/.bashrc, may put another `aws` first or name an AWS profile: so
    bash gets its PATH and the AWS settings of the emulator after that. Without bash: nothing.
    """
    bash = which("bash")
    if bash is None or os.name == "nt":
        return []
    settings = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    lines = (
        "[ -f ~/.bashrc ] && . ~/.bashrc",
        'for name in ${!AWS_@}; do unset "$name"; done',
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
        f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
        f"cd {shlex.quote(str(folder.resolve()))}",
    )
    script.write_text("\n".join(lines) + "\n", "utf-8")
    command = [bash, "--rcfile", str(script), "-i"]
    return ["--ServerApp.terminado_settings", f"shell_command={command}"]


def _say_how_to_reach_it(jupyter_options: Sequence[str]) -> None:
    """On a machine without a screen the browser is on another one."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen or "--no-browser" in jupyter_options:
        return
    click.echo(
        "No screen here. Where your browser is: ssh -L 8888:127.0.0.1:8888 THIS_MACHINE, "
        "then open the address with 127.0.0.1 and a token that JupyterLab prints below."
    )


def _run_to_its_end(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """JupyterLab ends with us: a SIGTERM that we get is handed on."""
    process = subprocess.Popen(command, env=environment)

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = signal.signal(signal.SIGTERM, hand_on)
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the terminal has told JupyterLab, too: it asks, and ends or goes on
    finally:
        signal.signal(signal.SIGTERM, before)


def _preferred_port() -> int:
    """The documented port if it is free, else any."""
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0
    return 0 if taken else DEFAULT_PORT
