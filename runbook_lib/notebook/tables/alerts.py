"""Room: the alert chain as tables.

Lives here: one function for each table, with its columns in a fixed order.
Never here: AWS calls, decisions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from runbook_lib import facts
from runbook_lib.alerts.chain import Finding
from runbook_lib.alerts.delivery import Delivery
from runbook_lib.notebook.tables.table import Table, table


def subscriptions(topic: facts.Topic) -> Table:
    """protocol, endpoint, state: "confirmed" or "pending confirmation"."""
    return table(
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
    return table(
        ("rule", "state", "target id", "target"),
        [(rule.name, rule.state, each.id, each.arn) for each in rule.targets],
    )


def policy(topic: facts.Topic) -> Table:
    """effect, principal, action, condition: the statements of a topic's policy."""
    given: Any = topic.policy.get("Statement", ())
    listed = given if isinstance(given, list) else [given]
    return table(
        ("effect", "principal", "action", "condition"),
        [
            tuple(
                _shown(each.get(key, "")) for key in ("Effect", "Principal", "Action", "Condition")
            )
            for each in listed
        ],
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def alerts(alerts: Iterable[facts.Alert]) -> Table:
    """sent, received, seconds, event name, deployment, reason: what reached the probe.

    `sent` is the event's time, in whole seconds; `seconds` from then to the arrival at the queue.
    """
    rows = []
    for each in alerts:
        took = each.received_at - each.event_time if each.event_time else None
        seconds = f"{max(0.0, took.total_seconds()):.3f}" if took is not None else ""
        rows.append(
            (
                each.event_time,
                each.received_at,
                seconds,
                each.event_name,
                each.deployment_id,
                each.reason,
            )
        )
    return table(("updated", "received", "seconds", "event name", "deployment", "reason"), rows)


def delivery(delivery: Delivery) -> Table:
    """hop, state, time, seconds, found, fix: the way of an alert, from call to subscriber.

    `seconds` since the hop before whose time is known.
    """
    return table(
        ("hop", "state", "time", "seconds", "found", "fix"),
        [
            (
                each.hop,
                each.state,
                each.time,
                "" if each.seconds is None else f"{each.seconds:.3f}",
                each.found,
                each.fix,
            )
            for each in delivery.hops
        ],
    )


def findings(findings: Iterable[Finding]) -> Table:
    """hop, name, found, fix: each broken link of an alert chain, first one first."""
    return table(
        ("hop", "name", "found", "fix"),
        [(each.hop, each.name, each.found, each.fix) for each in findings],
    )


def dead_letters(letters: Iterable[facts.DeadLetter]) -> Table:
    """deployment, target, error, message: what EventBridge could not deliver."""
    return table(
        ("deployment", "target", "error", "message"),
        [(e.deployment_id, e.target_arn, e.error_code, e.error_message) for e in letters],
    )


def mails(mails: Iterable[dict[str, str]]) -> Table:
    """sent, subject, body: newest first."""
    return table(
        ("sent", "subject", "body"),
        [(datetime.fromisoformat(e["sentAt"]), e["subject"], e["body"]) for e in mails],
    )
