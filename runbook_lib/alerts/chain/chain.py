"""Room: an alert chain as it is, and one broken link of it.

Lives here: the links between ECS and the probe, and what a finding says.
Never here: what can be wrong with a link (the side that it is on).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.steps import Step

EVENT, RULE, TARGET, TOPIC, SUBSCRIBER = "failure event", "rule", "target", "topic", "subscriber"
HOPS = ("UpdateService", "deployment", EVENT, RULE, TARGET, TOPIC, SUBSCRIBER)
_WALK = Settings()


def run_30(settings: Settings) -> str:
    """What puts the topic right. Where it has a name of its own, the advice says so."""
    return _again("30_create_sns_topic", "topic", settings)


def run_40(settings: Settings) -> str:
    """What puts the rule and its target right."""
    return _again("40_create_event_rule", "rule", settings)


def run_50(settings: Settings) -> str:
    """What puts the probe right."""
    return _again("50_run_failure_drill", "service", settings)


def _again(notebook: str, parameter: str, settings: Settings) -> str:
    name = getattr(settings, parameter)
    if name == getattr(_WALK, parameter):
        return f"run {notebook} again"
    return f"apply the steps of this finding, or run {notebook} with {parameter}={name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Everything between ECS and the probe, as AWS shows it; None or empty where there is nothing.

    `matches`: would the rule's pattern match the event as ECS sends it? `rule_is_also_in`: other
    buses or Regions that have a rule of this name. `unreadable`: what the caller may not read.
    """

    account: str
    service: facts.Service | None
    rule: facts.Rule | None
    topic: facts.Topic | None
    probe: facts.Queue | None
    key: facts.Key | None = None
    matches: bool | None = None
    rule_is_also_in: tuple[str, ...] = ()
    counts: facts.RuleCounts | None = None
    dead_letters: tuple[facts.DeadLetter, ...] = ()
    hidden_from: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken link. `name` is its kind, such as topic-policy-silent; `steps` fix it.

    Without steps only a person can fix it, as `fix` says.
    """

    hop: str
    name: str
    found: str
    fix: str
    steps: tuple[Step, ...] = field(default=())
