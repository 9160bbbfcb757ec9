"""Amazon ECS deployment circuit breaker, as a runbook that runs.

The names below are what notebooks and callers use; everything else may change. Each is imported
when it is first asked for: boto3 and pandas take half a second, and not everybody needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook_lib import walk
    from runbook_lib.alerts.delivery import await_alert, read_probe
    from runbook_lib.alerts.diagnosis import diagnose, rule_would_match
    from runbook_lib.aws.journal import record
    from runbook_lib.aws.reading import (
        read_rule,
        read_service,
        read_service_deployments,
        read_task_definitions,
        read_tasks,
        read_topic,
    )
    from runbook_lib.aws.session import connect, open_session
    from runbook_lib.evidence import charts
    from runbook_lib.facts.settings import Settings
    from runbook_lib.following.by_queue import watch_by_queue
    from runbook_lib.following.deployment import wait_until_steady, watch
    from runbook_lib.following.estimate import estimate
    from runbook_lib.following.many import watch_many
    from runbook_lib.notebook import tables, widgets
    from runbook_lib.plans.applying import apply
    from runbook_lib.plans.preflight import preflight
    from runbook_lib.verdict.judging import deployment_verdict
    from runbook_lib.walk import labs, record_verdict

__all__ = [
    "Settings",
    "apply",
    "await_alert",
    "charts",
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
    "Settings": "facts.settings",
    "apply": "plans.applying",
    "await_alert": "alerts.delivery",
    "charts": "evidence",
    "connect": "aws.session",
    "deployment_verdict": "verdict.judging",
    "diagnose": "alerts.diagnosis",
    "estimate": "following.estimate",
    "labs": "walk",
    "open_session": "aws.session",
    "preflight": "plans.preflight",
    "read_probe": "alerts.delivery",
    "read_rule": "aws.reading",
    "read_service": "aws.reading",
    "read_service_deployments": "aws.reading",
    "read_task_definitions": "aws.reading",
    "read_tasks": "aws.reading",
    "read_topic": "aws.reading",
    "record": "aws.journal",
    "record_verdict": "walk",
    "rule_would_match": "alerts.diagnosis",
    "tables": "notebook",
    "wait_until_steady": "following.deployment",
    "watch": "following.deployment",
    "watch_by_queue": "following.by_queue",
    "watch_many": "following.many",
    "widgets": "notebook",
}
"""The room or module that each name comes from; `walk` is a room itself."""
_MODULES = {"charts", "labs", "tables", "walk", "widgets"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = ".".join(filter(None, (__name__, _HOMES.get(name))))
    if name in _MODULES:
        found: object = import_module(f"{home}.{name}")
    else:
        found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
