"""Room: what the kernel of a drill reads before its first notebook.

Lives here: importing what notebooks will import, while the drill's own process does the same.
Never here: anything that a notebook would notice.
"""

from __future__ import annotations

from importlib import import_module
from threading import Thread

_FIRST = ("charts", "tables", "walk", "emulator.client", "widgets")
_LATER = ("matplotlib.backends.backend_svg", "matplotlib.figure", "runbook_lib.report")
"""For the first chart, and for the report after the last notebook."""
_SERVICES = ("ec2", "ecs", "events", "iam", "sns", "sqs", "sts")


def read_ahead() -> None:
    """At once what every notebook needs, and the rest while the first ones wait for answers."""
    for name in _FIRST:
        import_module(f"runbook_lib.{name}")
    definitions = import_module("runbook_lib.emulator.service_data")
    definitions.read_ahead(*_SERVICES)
    Thread(target=_read_later, daemon=True).start()


def _read_later() -> None:
    for name in _LATER:
        import_module(name)
