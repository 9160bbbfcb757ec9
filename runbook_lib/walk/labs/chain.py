"""Room: an alert chain that a lab builds, breaks and fixes.

Lives here: the plans for that, and every break with its diagnosis.
Never here: the breaks themselves (breaks), how one is found (alerts.diagnosis).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runbook_lib import facts, walk
from runbook_lib.alerts.chain import Finding
from runbook_lib.alerts.delivery import await_alert
from runbook_lib.alerts.diagnosis import diagnose, rule_would_match
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.applying import apply
from runbook_lib.plans.labs.quiet_alerts import (
    dead_letter_queue,
    plan_dead_letters,
    plan_rule_of_service,
)
from runbook_lib.plans.labs.release import Release
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.labs.breaks import BREAKS, Place, find_break
from runbook_lib.walk.labs.releases import release_plan, watch


def alert_chain_plan(session: Session, settings: Settings, release: Release) -> Plan:
    """The service with its release, and the alert chain behind it: topic, rule and target."""
    parts = (
        release_plan(session, settings, release),
        walk.topic_plan(session, settings),
        walk.event_rule_plan(session, settings),
    )
    steps = tuple(step for part in parts for step in part)
    return replace(parts[0], title="Service and alert chain", steps=steps)


def split_drill(drill: Plan) -> tuple[Plan, Plan]:
    """The plan of a drill in two: the probe that listens, and the bad release."""
    release = tuple(step for step in drill if step.service == "ecs")
    probe = tuple(step for step in drill if step.service != "ecs")
    return replace(drill, steps=probe), replace(drill, steps=release)


def break_plan(session: Session, settings: Settings, case: int) -> Plan:
    """Break the alert chain in the way of this number; `lab_breaks` has them all."""
    topic = reading.read_topic(session, settings.topic)
    place = Place(settings, session.account, topic)
    return Plan("Break the alert chain", settings.service, find_break(case).steps(place))


def dead_letter_plan(session: Session, settings: Settings) -> Plan:
    """A dead-letter queue for the rule's target."""
    queue = reading.read_queue(session, dead_letter_queue(settings))
    return plan_dead_letters(settings, session.account, queue)


def read_dead_letters(session: Session, settings: Settings) -> tuple[facts.DeadLetter, ...]:
    """What the rule could not deliver, with the reason that the target gave."""
    queue = reading.read_queue(session, dead_letter_queue(settings))
    return reading.read_dead_letters(session, queue) if queue else ()


def rule_of_service_plan(session: Session, settings: Settings) -> Plan:
    """The rule of the settings, narrowed to the service of the settings."""
    rule = reading.read_rule(session, settings.rule)
    return plan_rule_of_service(settings, session.account, rule)


def matching(session: Session, settings: Settings, services: Iterable[str]) -> list[str]:
    """Of these services those whose failure the rule hears: EventBridge itself is asked."""
    named = ((name, replace(settings, service=name, confirm="")) for name in services)
    return [name for name, each in named if rule_would_match(session, each)]


def drill(session: Session, settings: Settings, *, confirm: str) -> facts.Alert | None:
    """Ship the bad release, let it be rolled back, and wait for its alert at the probe."""
    outcome = apply(session, walk.bad_release_plan(session, settings), confirm=confirm)
    watched = watch(session, settings, outcome)
    return await_alert(session, settings, watched.deployment_id)


def fix_plan(settings: Settings, found: Iterable[Finding]) -> Plan:
    """The steps that a diagnosis brings."""
    steps = tuple(step for each in found for step in each.steps)
    return Plan("Fix the alert chain", settings.service, steps)


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A break, what the diagnosis found, and whether nothing was left to find after fixing."""

    name: str
    found: Finding | None
    fixed: bool


def break_and_fix_all(session: Session, settings: Settings, *, confirm: str) -> list[Diagnosed]:
    """Break the chain in every way, one after the other; diagnose and fix it each time."""
    rows = []
    for number, each in enumerate(BREAKS, start=1):
        apply(session, break_plan(session, settings, number), confirm=confirm)
        found = diagnose(session, settings, since=session.clock.now())
        apply(session, fix_plan(settings, found), confirm=confirm)
        left = diagnose(session, settings, since=session.clock.now())
        rows.append(Diagnosed(each.name, found[0] if found else None, not left))
    return rows
