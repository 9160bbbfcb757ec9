"""Amazon ECS deployment circuit breaker, as a runbook that runs.

The names below are what notebooks and callers use; everything else may change. Each is imported
when it is first asked for: boto3 and pandas take half a second, and not everybody needs them.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook_lib import labs, tables, walk, widgets
    from runbook_lib.applying import apply
    from runbook_lib.delivery import await_alert, read_probe
    from runbook_lib.diagnosing import diagnose, rule_would_match
    from runbook_lib.estimating import estimate
    from runbook_lib.fleet_watching import watch_many
    from runbook_lib.journal import record
    from runbook_lib.judging import deployment_verdict
    from runbook_lib.preflight import preflight
    from runbook_lib.queue_watching import watch_by_queue
    from runbook_lib.reading import (
        read_rule,
        read_service,
        read_service_deployments,
        read_task_definitions,
        read_tasks,
        read_topic,
    )
    from runbook_lib.session import connect, open_session
    from runbook_lib.settings import Settings
    from runbook_lib.walk import record_verdict
    from runbook_lib.watching import wait_until_steady, watch

__all__ = [
    "Settings",
    "apply",
    "await_alert",
    "connect",
    "deployment_verdict",
    "diagnose",
    "estimate",
    "labs",
    "open_session",
    "preflight",
    "read_probe",
    "read_rule",
    "read_service",
    "read_service_deployments",
    "read_task_definitions",
    "read_tasks",
    "read_topic",
    "record",
    "record_verdict",
    "rule_would_match",
    "tables",
    "wait_until_steady",
    "walk",
    "watch",
    "watch_by_queue",
    "watch_many",
    "widgets",
]

_HOMES = {
    "Settings": "settings",
    "apply": "applying",
    "await_alert": "delivery",
    "connect": "session",
    "deployment_verdict": "judging",
    "diagnose": "diagnosing",
    "estimate": "estimating",
    "open_session": "session",
    "preflight": "preflight",
    "read_probe": "delivery",
    "read_rule": "reading",
    "read_service": "reading",
    "read_service_deployments": "reading",
    "read_task_definitions": "reading",
    "read_tasks": "reading",
    "read_topic": "reading",
    "record": "journal",
    "record_verdict": "walk",
    "rule_would_match": "diagnosing",
    "wait_until_steady": "watching",
    "watch": "watching",
    "watch_by_queue": "queue_watching",
    "watch_many": "fleet_watching",
}
"""The module that each name comes from. A name that is not here is a module itself."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _HOMES:
        return import_module(f"{__name__}.{name}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Importing the module `preflight` must not put it in the place of the function `preflight`."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
