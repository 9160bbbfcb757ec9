"""Room: facts and plans as tables.

Lives here: one function for each table, with its columns in a fixed order.
Never here: AWS calls, decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from runbook_lib import facts
from runbook_lib.alert_chain import Finding
from runbook_lib.applying import Outcome
from runbook_lib.delivery import Delivery
from runbook_lib.preflight import Check
from runbook_lib.session import Session
from runbook_lib.steady_state import SteadyState
from runbook_lib.steps import Plan
from runbook_lib.verdict import DrillVerdict, Verdict

_LINE_BREAK = "\u2028"
"""Stands for a line break until pandas has escaped everything else."""
_MAIL_CELL = re.compile(rf"<td>(?=[^<]*{_LINE_BREAK})")
_TIME_CELL = re.compile(r"<td>(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)</td>")


class Table(pd.DataFrame):
    """A DataFrame that shows itself whole: no index, no cut-off text, times to the second, UTC."""

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _plain(self) -> pd.DataFrame:
        return pd.DataFrame({name: [_text(v) for v in self[name]] for name in self.columns})

    def _repr_html_(self) -> str:
        """Cells are to the left, times stay whole, a mail keeps its lines and breaks its links."""
        marked = self._plain().map(lambda text: text.replace("\n", _LINE_BREAK))
        with pd.option_context("display.max_colwidth", None):
            html = str(marked.to_html(index=False, escape=True, border=0, justify="left"))
        html = _TIME_CELL.sub(r'<td style="text-align: left; white-space: nowrap">\1</td>', html)
        html = _MAIL_CELL.sub('<td style="text-align: left; overflow-wrap: anywhere">', html)
        html = html.replace("<td>", '<td style="text-align: left">')
        html = html.replace("<th>", '<th style="text-align: left">')
        return html.replace(_LINE_BREAK, "<br>")

    def __repr__(self) -> str:
        if self.empty:
            return f"(no rows: {', '.join(self.columns)})"
        plain = self._plain().map(lambda text: " | ".join(text.split("\n")))
        widths = {name: max(len(name), *map(len, plain[name])) for name in plain.columns}
        lines = [[name.ljust(width) for name, width in widths.items()]]
        lines += [
            [row[name].ljust(widths[name]) for name in plain.columns]
            for row in plain.to_dict("records")
        ]
        return "\n".join("  ".join(line).rstrip() for line in lines)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    return Table([list(row) for row in rows], columns=list(columns), dtype=object)


def connection(session: Session) -> Table:
    """target, account, region, caller: where the runbook is about to work."""
    row = (session.target, session.account, session.region, session.caller)
    return _table(("target", "account", "region", "caller"), [row])


def preflight(checks: Iterable[Check]) -> Table:
    """check, state ("ok", "problem", "unknown"), found: everything that a walk stands on."""
    return _table(("check", "state", "found"), [(c.name, c.state, c.found) for c in checks])


def inventory(rows: Iterable[Sequence[str]]) -> Table:
    """what, name, state ("absent" if it is not there), made by."""
    return _table(("what", "name", "state", "made by"), rows)


def network(network: facts.Network) -> Table:
    """source, subnets, security groups that the tasks will use."""
    row = (network.source, ", ".join(network.subnet_ids), ", ".join(network.security_group_ids))
    return _table(("source", "subnets", "security groups"), [row])


def plan(plan: Plan) -> Table:
    """step, state, operation, why, undo. `state` is "to do" or says what is there already."""
    return _table(
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
    return _table(
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
    return _table(
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
    return _table(
        ("time", "message"),
        [
            (each.created_at, each.message)
            for each in service.events
            if since is None or each.created_at >= since
        ],
    )


def deployments(service: facts.Service) -> Table:
    """id, status, rollout state, task definition, desired, running, pending, failed, reason."""
    return _table(
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
    return _table(
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
    return _table(
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


def subscriptions(topic: facts.Topic) -> Table:
    """protocol, endpoint, state: "confirmed" or "pending confirmation"."""
    return _table(
        ("protocol", "endpoint", "state"),
        [
            (
                each.protocol,
                each.endpoint,
                "confirmed" if each.is_confirmed else "pending confirmation",
            )
            for each in topic.subscriptions
        ],
    )


def rule(rule: facts.Rule) -> Table:
    """rule, state, target id, target: one row for each target."""
    return _table(
        ("rule", "state", "target id", "target"),
        [(rule.name, rule.state, each.id, each.arn) for each in rule.targets],
    )


def alerts(alerts: Iterable[facts.Alert]) -> Table:
    """updated, received, seconds, event name, deployment, reason: what reached the probe.

    `seconds` from the deployment's updatedAt to the arrival at the queue.
    """
    rows = []
    for each in alerts:
        took = each.received_at - each.updated_at if each.updated_at else None
        seconds = f"{took.total_seconds():.3f}" if took is not None else ""
        rows.append(
            (
                each.updated_at,
                each.received_at,
                seconds,
                each.event_name,
                each.deployment_id,
                each.reason,
            )
        )
    return _table(("updated", "received", "seconds", "event name", "deployment", "reason"), rows)


def delivery(delivery: Delivery) -> Table:
    """hop, state, time, seconds, found, mend: the way of an alert, from call to subscriber.

    `seconds` since the hop before whose time is known.
    """
    return _table(
        ("hop", "state", "time", "seconds", "found", "mend"),
        [
            (
                each.hop,
                each.state,
                each.time,
                "" if each.seconds is None else f"{each.seconds:.3f}",
                each.found,
                each.mend,
            )
            for each in delivery.hops
        ],
    )


def findings(findings: Iterable[Finding]) -> Table:
    """hop, name, found, mend: each broken link of an alert chain, first one first."""
    return _table(
        ("hop", "name", "found", "mend"),
        [(each.hop, each.name, each.found, each.mend) for each in findings],
    )


def causes(verdict: Verdict) -> Table:
    """tasks, reason, container, exit code, meaning, next: why tasks stopped, grouped."""
    return _table(
        ("tasks", "reason", "container", "exit code", "meaning", "next"),
        [
            (c.count, c.reason, c.container, c.exit_code, c.meaning, c.next_step)
            for c in verdict.causes
        ],
    )


def steady_state(state: SteadyState) -> Table:
    """probe, tolerance, value, met: the steady-state hypothesis, probe by probe."""
    return _table(
        ("probe", "tolerance", "value", "met"),
        [(p.name, p.tolerance, p.value, "yes" if p.met else "no") for p in state.probes],
    )


def mails(mails: Iterable[dict[str, str]]) -> Table:
    """sent, subject, body: newest first."""
    return _table(
        ("sent", "subject", "body"),
        [(each["sentAt"], each["subject"], each["body"]) for each in mails],
    )


def verdict(verdict: DrillVerdict) -> Table:
    """question, answer: the verdict on a drill, line by line."""
    of = verdict.deployment
    count = f"{of.failure_count} of {of.threshold}" if of.threshold else ""
    meaning = of.causes[0].meaning if of.causes else ""
    return _table(
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
