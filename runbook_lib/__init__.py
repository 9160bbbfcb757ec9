"""Amazon ECS deployment circuit breaker, as a runbook that runs.

The names below are what notebooks and callers use; everything else may change.
"""

from runbook_lib import tables, walk
from runbook_lib.applying import apply
from runbook_lib.delivery import await_alert, read_probe
from runbook_lib.diagnosing import diagnose, rule_would_match
from runbook_lib.estimating import estimate
from runbook_lib.journal import record
from runbook_lib.judging import deployment_verdict
from runbook_lib.preflight import preflight
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
]
