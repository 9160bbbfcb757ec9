"""Room: the command line of the benchmarks.

Lives here: options, what is printed.
Never here: measuring, files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from benchmarks.measurement import table
from benchmarks.running import RESULTS, Run, all_benchmarks, chosen, machine, run, write
from runbook_lib.aws.clock import WallClock


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-k", "word", default="", metavar="WORD", help="Only those with WORD in their name.")
@click.option("--rounds", default=5, show_default=True, help="How often each side is measured.")
@click.option("--list", "only_list", is_flag=True, help="Say which there are, and measure nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    help="Folder for the results. Default: benchmarks/results, where nothing was left out.",
)
def main(word: str, rounds: int, only_list: bool, out: Path) -> None:
    """Measure, side by side in one run, and print a table of ratios with their targets."""
    benchmarks = chosen(all_benchmarks(), word)
    if only_list:
        click.echo("\n".join(each.name for each in benchmarks))
        return
    began, rows, loads = WallClock().now(), [], [os.getloadavg()[0]]
    for row in run(benchmarks, rounds, lambda text: click.echo(text, err=True)):
        rows.append(row)
        loads.append(os.getloadavg()[0])
        click.echo(f"  {row.what}: {' | '.join(row.cells[1:])}", err=True)
    if not rows:
        click.echo(f"error: no benchmark has {word!r} in its name", err=True)
        sys.exit(2)
    click.echo(table(rows))
    if not word or out != RESULTS:
        given = " ".join(sys.argv[1:])
        command = f"make bench ARGS='{given}'" if given else "make bench"
        found = Run(began, command, machine(), tuple(loads), tuple(rows))
        click.echo("\nWritten: " + ", ".join(str(path) for path in write(found, out)))


main(prog_name="python -m benchmarks")
