"""Room: challenges on the alert.

Lives here: a chain that is broken and has to be repaired, and a rule for two services of many.
Never here: deployments (breaking, releasing).
"""

from __future__ import annotations

import json
from dataclasses import replace

from runbook_lib.alerts.diagnosis import diagnose
from runbook_lib.aws import reading
from runbook_lib.exercises.challenges.challenge import Challenge, Situation, done, not_yet
from runbook_lib.exercises.grading import Grade
from runbook_lib.plans.event_rule import EVENT_PATTERN
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.labs.chain import fix_plan, matching, rule_of_service_plan
from runbook_lib.walk.planning import missing

STRANGER = "somebody-elses-service"


def _repair(here: Situation) -> Plan:
    found = diagnose(here.session, here.settings, since=here.session.clock.now())
    return fix_plan(here.settings, found)


def _grade_repaired(here: Situation) -> Grade:
    found = diagnose(here.session, here.settings, since=here.session.clock.now())
    if found:
        things = "one thing is" if len(found) == 1 else f"{len(found)} things are"
        return not_yet(f"{things} still broken", broken=len(found))
    return done("from rule to subscriber the diagnosis finds nothing broken", broken=0)


REPAIRED = Challenge(
    name="repaired",
    lab="06_find_lost_alerts",
    text="The chain is broken once more, in another way. Find out where, and repair it with your "
    "own commands.",
    hints=(
        (
            "Go along the chain: `aws events describe-rule --name {rule}` shows pattern and state, "
            "`aws events list-targets-by-rule --rule {rule}` where the event goes, and as what."
        ),
        (
            "`aws sns get-topic-attributes --topic-arn {topic_arn}` shows the Policy. One that "
            "lets EventBridge publish has no Condition."
        ),
        (
            "`aws sns list-subscriptions-by-topic --topic-arn {topic_arn}` lists who is "
            "subscribed, `get-subscription-attributes` shows a FilterPolicy."
        ),
    ),
    solve=_repair,
    grade=_grade_repaired,
)


def _hear_both(here: Situation) -> Plan:
    plan = rule_of_service_plan(here.session, here.settings)
    arns = [_arn(here, name) for name in _two(here)]
    pattern = json.dumps({**EVENT_PATTERN, "resources": arns})
    (step,) = plan.steps
    changed = replace(step, input={**step.input, "EventPattern": pattern}, satisfied="")
    return replace(plan, title="A rule of two services", steps=(changed,))


def _two(here: Situation) -> tuple[str, str]:
    return here.settings.service, here.more["other_service"]


def _arn(here: Situation, service: str) -> str:
    return here.session.arn("ecs", f"service/{here.settings.cluster}/{service}")


def _grade_both(here: Situation) -> Grade:
    session, settings = here.session, here.settings
    if reading.read_rule(session, settings.rule) is None:
        raise missing(session, "rule", settings.rule, "this notebook")
    own, other = _two(here)
    heard = matching(session, settings, (own, other, STRANGER))
    for name in (own, other):
        if name not in heard:
            return not_yet(f"the rule does not match the failure of {name}", heard=heard)
    if STRANGER in heard:
        return not_yet("the rule matches the failures of all other services, too", heard=heard)
    return done(f"the rule matches {own} and {other}, and no other service", heard=heard)


TWO_SERVICES = Challenge(
    name="two-services",
    lab="08_send_better_alerts",
    text="The team behind {other_service} wants its failures on your topic, too. Make rule {rule} "
    "match the failures of {service} and of {other_service}, and of no other service.",
    hints=(
        "A field of a pattern is a list of the values that it may have.",
        (
            "`aws events describe-rule --name {rule} --query EventPattern --output text` shows the "
            "pattern as it is; `put-rule` with `--event-pattern` replaces it."
        ),
        "The ARN of {other_service} is that of {service} with another name at its end.",
    ),
    solve=_hear_both,
    grade=_grade_both,
)
