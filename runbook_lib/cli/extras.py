"""Room: commands that need more than is installed.

Lives here: which extra of the distribution brings a package that could not be imported, and the
group of commands that says so in one line.
Never here: the commands.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

import click

DISTRIBUTION = "ecs-circuit-breaker-runbook"
_INSTALLED_AS = {"IPython": "ipython", "yaml": "pyyaml"}
"""What a package is installed as, where that is not the name it is imported by."""
_OPTIONAL = re.compile(r"([A-Za-z0-9_.-]+).*;\s*extra == ['\"]([a-z]+)['\"]")
_FOR_USERS = ("notebooks",)
_BAD_PARAMETER = 2


def extra_that_brings(package: str) -> str:
    """ "notebooks" for papermill; "" for a package that no extra for users brings."""
    name = _INSTALLED_AS.get(package, package).replace("_", "-").lower()
    try:
        wanted = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return ""
    found = (match for each in wanted if (match := _OPTIONAL.match(each)))
    return next((m[2] for m in found if m[1].lower() == name and m[2] in _FOR_USERS), "")


class Commands(click.Group):
    """A group whose commands may lack an extra: one line that names it, and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            extra = extra_that_brings(package)
            if not extra:
                raise
            command = f"runbook {ctx.invoked_subcommand or ''}".rstrip()
            click.echo(
                f"error: {command} needs {package}, which is not installed. "
                f"Next: pip install '{DISTRIBUTION}[{extra}]'",
                err=True,
            )
            sys.exit(_BAD_PARAMETER)
