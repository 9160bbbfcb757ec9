"""Room: an alert chain as it is, and one broken link of it.

Lives here: the links between ECS and the probe, and what a finding says.
Never here: what can be wrong with a link (the side that it is on).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from runbook_lib import facts
from runbook_lib.plans.steps import Step

EVENT, RULE, TARGET, TOPIC, SUBSCRIBER = "failure event", "rule", "target", "topic", "subscriber"
HOPS = ("UpdateService", "deployment", EVENT, RULE, TARGET, TOPIC, SUBSCRIBER)
RUN_30, RUN_40, RUN_50 = (
    "run 30_create_sns_topic again",
    "run 40_create_event_rule again",
    "run 50_run_failure_drill again",
)


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
    """One broken link. `name` is its kind, such as topic-policy-silent; `steps` mend it.

    Without steps only a person can mend it, as `mend` says.
    """

    hop: str
    name: str
    found: str
    mend: str
    steps: tuple[Step, ...] = field(default=())
