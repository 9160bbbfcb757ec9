"""Room: the command line.

Lives here: the commands of `runbook`, their options, exit codes.
Never here: the work, JupyterLab (lab) and the emulator (ecs_emulator.cli).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ecs_emulator.cli import main as emulator
from runbook_lib.cli.extras import Commands
from runbook_lib.cli.lab import lab
from runbook_lib.cli.progress import progress
from runbook_lib.errors import BadParameter, RunbookError
from runbook_lib.facts.settings import Settings, read_parameters
from runbook_lib.headless.startup.rare_collections import no_last_collection

_BAD_PARAMETER, _REFUSED, _INTERRUPTED = 2, 3, 130


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecs-circuit-breaker-runbook", prog_name="runbook")
def main() -> None:
    """The Amazon ECS deployment circuit breaker as a runbook that runs."""
    no_last_collection()


def _options(command: click.decorators.FC) -> click.decorators.FC:
    """The options that say where and with which parameters."""
    for option in (
        click.option("--confirm", metavar="SERVICE", help="On AWS: allow changes to this service."),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="NAME=VALUE",
            help="One parameter; may be given often, and wins over --params.",
        ),
        click.option(
            "--params",
            type=click.Path(path_type=Path),
            metavar="FILE.yaml",
            help="Parameters from a YAML file.",
        ),
        click.option(
            "--target",
            type=click.Choice(["emulator", "aws"]),
            help="Where to run. Default: emulator.",
        ),
    ):
        command = option(command)
    return command


def _parameters(
    target: str | None, params: Path | None, assignments: tuple[str, ...], confirm: str | None
) -> dict[str, Any]:
    given = read_parameters(params, assignments)
    if target is not None:
        given["target"] = target
    if confirm is not None:
        given["confirm"] = confirm
    return given


def _fail(error: RunbookError) -> None:
    click.echo(f"error: {error}", err=True)
    sys.exit(_BAD_PARAMETER if isinstance(error, BadParameter) else _REFUSED)


@main.command()
@_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Folder for the evidence.",
)
@click.option("--start-at", default="", metavar="NN", help="First notebook to run, such as 50.")
@click.option("--stop-after", default="", metavar="NN", help="Last notebook to run, such as 40.")
@click.option("--labs", is_flag=True, help="Run all labs instead of the walk, on the emulator.")
def drill(
    target: str | None,
    params: Path | None,
    assignments: tuple[str, ...],
    confirm: str | None,
    out: Path,
    start_at: str,
    stop_after: str,
    labs: bool,
) -> None:
    """Run the whole walk without a browser and end with a verdict.

    Exit code: 0 pass, 1 fail, 2 a bad parameter, 3 a step was refused, 130 interrupted.
    """
    try:
        given = _parameters(target, params, assignments, confirm)
        Settings(**given)  # a bad parameter is refused before anything heavy is imported
        code = _labs(given, out) if labs else _walk(given, out, start_at, stop_after)
    except RunbookError as error:
        _fail(error)
        return
    except (KeyboardInterrupt, SystemExit):
        click.echo("\nInterrupted.\nNothing was begun, or nothing is left of it.")
        code = _INTERRUPTED
    sys.exit(code)


def _labs(given: Mapping[str, Any], out: Path) -> int:
    from runbook_lib.headless.labs import run_labs

    return run_labs(given, out, click.echo)


def _walk(given: Mapping[str, Any], out: Path, start_at: str, stop_after: str) -> int:
    from runbook_lib.headless.interrupts import signals_wait
    from runbook_lib.headless.preparation import plan_drill, started_kernel

    planned = plan_drill(given, out, start_at=start_at, stop_after=stop_after)
    with started_kernel(planned) as kernel:
        with signals_wait():  # for half a second, in which the kernel starts
            from runbook_lib.headless.drill import run_drill
        return run_drill(planned, kernel, click.echo)


@main.command()
@_options
@click.option(
    "--diagnosis",
    is_flag=True,
    help="Also what finding out needs why an alert did not arrive.",
)
@click.option(
    "--account",
    default="",
    metavar="ID",
    help="Account of the policy's ARNs. Default: the one that you are connected to.",
)
def permissions(
    target: str | None,
    params: Path | None,
    assignments: tuple[str, ...],
    confirm: str | None,
    diagnosis: bool,
    account: str,
) -> None:
    """Print the least-privilege IAM policy for these parameters.

    \b
    runbook permissions --target aws > policy.json
    aws iam put-user-policy --user-name me --policy-name runbook --policy-document file://policy.json
    """
    from runbook_lib.aws.session import connect
    from runbook_lib.plans.permissions import policy_of

    try:
        settings = Settings(**_parameters(target, params, assignments, confirm))
        number = account or settings.expected_account or connect(settings).account
        click.echo(policy_of(settings, number, diagnosis=diagnosis))
    except RunbookError as error:
        _fail(error)


@main.command()
@_options
@click.argument("deployment")
@click.option("--wait", is_flag=True, help="Wait until the deployment has come to an end.")
def verdict(
    target: str | None,
    params: Path | None,
    assignments: tuple[str, ...],
    confirm: str | None,
    deployment: str,
    wait: bool,
) -> None:
    """Say what became of DEPLOYMENT, the id that UpdateService replied with (ecs-svc/…).

    For a pipeline that must not be green after a rollback. Only reads. Exit code: 0 the release
    runs, 1 it does not, 2 a bad parameter, 3 AWS refused.
    """
    from runbook_lib.aws.session import connect
    from runbook_lib.facts.deployment_ids import deployment_name
    from runbook_lib.verdict.judging import deployment_verdict

    try:
        deployment_name(deployment)  # refused before anybody is connected to
        settings = Settings(**_parameters(target, params, assignments, confirm))
        found = deployment_verdict(
            connect(settings),
            cluster=settings.cluster,
            service=settings.service,
            deployment_id=deployment,
            wait=wait,
        )
    except RunbookError as error:
        _fail(error)
        return
    click.echo(found.sentence)
    for cause in found.causes:
        click.echo(f"  {cause.count} x {cause.reason}")
        if cause.meaning:
            click.echo(f"      {cause.meaning}: {cause.next_step}")
    click.echo(f"Next: {found.next_step}.")
    sys.exit(0 if found.passed else 1)


@main.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
def compare(a: Path, b: Path) -> None:
    """Say what differs between two drills: folders of evidence, or journal.json files.

    Exit code: 0 nothing that matters, 1 something, 2 a file cannot be read.
    """
    from runbook_lib.evidence.compare import UNREADABLE, told_files
    from runbook_lib.evidence.evidence import UnreadableEvidence

    try:
        text, code = told_files(a, b)
    except UnreadableEvidence as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNREADABLE)
    click.echo(text)
    sys.exit(code)


@main.command("clean-up")
@_options
def clean_up(
    target: str | None, params: Path | None, assignments: tuple[str, ...], confirm: str | None
) -> None:
    """Remove what the runbook made: whatever carries its tag, and nothing else."""
    from runbook_lib import walk
    from runbook_lib.aws.session import connect
    from runbook_lib.notebook import tables
    from runbook_lib.plans.applying import apply

    try:
        settings = Settings(**_parameters(target, params, assignments, confirm))
        session = connect(settings)
        click.echo(str(session))
        plan = walk.clean_up_plan(session, settings)
        click.echo(str(tables.plan(plan)))
        outcome = apply(session, plan, confirm=settings.confirm)
        click.echo(f"Removed {sum(each.state == 'done' for each in outcome.results)} things.")
    except RunbookError as error:
        _fail(error)


main.add_command(emulator, "emulator")
main.add_command(lab)
main.add_command(progress)
