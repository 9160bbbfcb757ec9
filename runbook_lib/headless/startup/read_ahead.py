"""Room: what the kernel of a drill reads before its first notebook.

Lives here: importing what notebooks will import, while the drill's own process does the same.
Never here: anything that a notebook would notice.
"""

from __future__ import annotations

from importlib import import_module
from threading import Thread

_FIRST = (
    "runbook_lib.evidence.charts",
    "runbook_lib.notebook.tables",
    "runbook_lib.notebook.widgets",
    "runbook_lib.walk",
    "ecs_emulator.client",
)
_DRAWING = ("matplotlib.backends.backend_svg", "matplotlib.figure")
_SERVICES = ("ec2", "ecs", "events", "iam", "sns", "sqs", "sts")


def read_ahead() -> None:
    """At once what every notebook needs; what only charts and the report need while the first
    notebooks wait for answers."""
    for name in _FIRST:
        import_module(name)
    definitions = import_module("ecs_emulator.wire.service_models")
    definitions.read_ahead(*_SERVICES)
    Thread(target=_read_later, daemon=True).start()


def _read_later() -> None:
    for name in _DRAWING:
        import_module(name)
    import_module("runbook_lib.evidence.report").template()
