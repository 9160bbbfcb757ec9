"""Room: services, deployments, tasks and plans as tables.

Lives here: one function for each table, with its columns in a fixed order.
Never here: AWS calls, decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from runbook_lib import facts
from runbook_lib.aws.session import Session
from runbook_lib.notebook.tables.table import Table, table
from runbook_lib.plans.applying import Outcome
from runbook_lib.plans.preflight import Check
from runbook_lib.plans.steps import Plan
from runbook_lib.verdict.deployment import Verdict
from runbook_lib.verdict.drill import DrillVerdict
from runbook_lib.verdict.steady_state import SteadyState


def connection(session: Session) -> Table:
    """target, account, region, caller: where the runbook is about to work."""
    row = (session.target, session.account, session.region, session.caller)
    return table(("target", "account", "region", "caller"), [row])


def preflight(checks: Iterable[Check]) -> Table:
    """check, state ("ok", "problem", "unknown"), found: everything that a walk stands on."""
    return table(("check", "state", "found"), [(c.name, c.state, c.found) for c in checks])


def inventory(rows: Iterable[Sequence[str]]) -> Table:
    """what, name, state ("absent" if it is not there), made by."""
    return table(("what", "name", "state", "made by"), rows)


def network(network: facts.Network) -> Table:
    """source, subnets, security groups that the tasks will use."""
    row = (network.source, ", ".join(network.subnet_ids), ", ".join(network.security_group_ids))
    return table(("source", "subnets", "security groups"), [row])


def plan(plan: Plan) -> Table:
    """step, state, operation, why, undo. `state` is "to do" or says what is there already."""
    return table(
        ("step", "state", "operation", "why", "undo"),
        [
            (
                number,
                step.satisfied or "to do",
                f"{step.service}:{step.operation}",
                step.why,
                step.undo,
            )
            for number, step in enumerate(plan, 1)
        ],
    )


def outcome(outcome: Outcome) -> Table:
    """step, operation, state ("done" or "nothing to do"), what there is now."""
    return table(
        ("step", "operation", "state", "there is now"),
        [
            (
                number,
                f"{each.step.service}:{each.step.operation}",
                each.state,
                each.step.satisfied or each.step.makes,
            )
            for number, each in enumerate(outcome.results, 1)
        ],
    )


def task_definition(definition: facts.TaskDefinition) -> Table:
    """revision, container, image, cpu, memory, status: one row for each container."""
    return table(
        ("revision", "container", "image", "cpu", "memory", "status"),
        [
            (
                definition.name,
                name,
                image,
                definition.spec.get("cpu"),
                definition.spec.get("memory"),
                definition.status,
            )
            for name, image in definition.images.items()
        ],
    )


def service_events(service: facts.Service, *, since: datetime | None = None) -> Table:
    """time, message: newest first, as AWS lists them."""
    return table(
        ("time", "message"),
        [
            (each.created_at, each.message)
            for each in service.events
            if since is None or each.created_at >= since
        ],
    )


def deployments(service: facts.Service) -> Table:
    """id, status, rollout state, task definition, desired, running, pending, failed, reason."""
    return table(
        (
            "id",
            "status",
            "rollout state",
            "task definition",
            "desired",
            "running",
            "pending",
            "failed",
            "reason",
        ),
        [
            (
                each.id,
                each.status,
                each.rollout_state,
                each.task_definition,
                each.desired_count,
                each.running_count,
                each.pending_count,
                each.failed_tasks,
                each.rollout_state_reason,
            )
            for each in service.deployments
        ],
    )


def tasks(tasks: Iterable[facts.Task]) -> Table:
    """task, task definition, last status, stop code, stopped reason, created, stopped."""
    return table(
        (
            "task",
            "task definition",
            "last status",
            "stop code",
            "stopped reason",
            "created",
            "stopped",
        ),
        [
            (
                each.id,
                each.task_definition,
                each.last_status,
                each.stop_code,
                each.stopped_reason,
                each.created_at,
                each.stopped_at,
            )
            for each in tasks
        ],
    )


def service_deployments(records: Iterable[facts.ServiceDeployment]) -> Table:
    """created, status, task definition, failures, threshold, reason: newest first."""
    return table(
        ("created", "status", "task definition", "failures", "threshold", "reason"),
        [
            (
                each.created_at,
                each.status,
                each.target_task_definition,
                each.failure_count,
                each.threshold,
                each.status_reason,
            )
            for each in records
        ],
    )


def causes(verdict: Verdict) -> Table:
    """tasks, reason, container, exit code, meaning, next: why tasks stopped, grouped."""
    return table(
        ("tasks", "reason", "container", "exit code", "meaning", "next"),
        [
            (c.count, c.reason, c.container, c.exit_code, c.meaning, c.next_step)
            for c in verdict.causes
        ],
    )


def steady_state(state: SteadyState) -> Table:
    """what, should be, is, met: the steady-state hypothesis, a line for each of its probes."""
    return table(
        ("what", "should be", "is", "met"),
        [(p.name, p.tolerance, p.value, "yes" if p.met else "no") for p in state.probes],
    )


def verdict(verdict: DrillVerdict) -> Table:
    """question, answer: the verdict on a drill, line by line."""
    of = verdict.deployment
    count = f"{of.failure_count} of {of.threshold}" if of.threshold else ""
    meaning = of.causes[0].meaning if of.causes else ""
    return table(
        ("question", "answer"),
        [
            ("verdict", "pass" if verdict.passed else "fail"),
            ("deployment", of.deployment_id),
            ("how it ended", of.ending),
            ("what ended it", of.ended_by),
            ("as AWS says it", of.reason),
            ("failures against the threshold", count),
            ("why the tasks stopped", of.cause),
            ("which means", meaning),
            ("rolled back to", of.rolled_back_to),
            ("did the alert arrive", "yes" if verdict.alert_arrived else "no"),
            ("who has not confirmed", ", ".join(verdict.unconfirmed) or "nobody"),
            ("steady again", "yes" if of.is_steady else "no"),
            ("next", verdict.next_step),
        ],
    )
