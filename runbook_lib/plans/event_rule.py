"""Room: the plan of notebook 40: the EventBridge rule and its target."""

from __future__ import annotations

import json
from typing import Any

from runbook_lib import facts
from runbook_lib.errors import NotOurs
from runbook_lib.facts.alert_text import EVENT, PATHS, TEMPLATE, TEXT, input_transformer
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import in_upper_case, is_ours, other_users, shared_tags
from runbook_lib.plans.sharing import Shared
from runbook_lib.plans.steps import Plan, Step
from runbook_lib.plans.topic import topic_arn

EVENT_PATTERN = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Deployment State Change"],
    "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
}
"""Matches on eventName, never on the reason: AWS's pages and its events word that differently."""
TARGET_ID = "1"
_WHY = {
    TEXT: "hands each match to the topic, as a text that a person can read",
    EVENT: "hands each match to the topic, as the event is",
}


def target_of(settings: Settings, account: str, rule: facts.Rule | None = None) -> facts.Target:
    """The topic, with a text that a person can read, or with the event as it is."""
    arn = topic_arn(settings, account)
    named = _target_id(settings, arn, rule)
    if settings.alert_format == EVENT:
        return facts.Target(named, arn)
    return facts.Target(named, arn, template=TEMPLATE, paths=PATHS)


def _target_id(settings: Settings, arn: str, rule: facts.Rule | None) -> str:
    """ "1"; the topic's name where another service's topic is target "1" of a rule that is shared.

    PutTargets replaces a target of the same id.
    """
    if rule is None:
        return TARGET_ID
    own = next((each.id for each in rule.targets if each.arn == arn), "")
    is_taken = rule.target(TARGET_ID) and other_users(rule.tags, settings.user)
    return own or (settings.topic[:64] if is_taken else TARGET_ID)


def has_runbooks_id(target: facts.Target) -> bool:
    """Whether the runbook put this target: "1", or the name of the topic that it is."""
    is_named_so = ":sns:" in target.arn and target.id == target.arn.rpartition(":")[2][:64]
    return target.id == TARGET_ID or is_named_so


def target_input(target: facts.Target) -> dict[str, Any]:
    """The target as PutTargets takes it."""
    given: dict[str, Any] = {"Id": target.id, "Arn": target.arn}
    return given | {"InputTransformer": input_transformer()} if target.template else given


def plan_event_rule(settings: Settings, *, account: str, rule: facts.Rule | None) -> Plan:
    """Raises `NotOurs` for a rule of that name that the runbook did not make."""
    if rule is not None and not is_ours(rule.tags):
        raise NotOurs(
            what=f"EventBridge rule {settings.rule}",
            next_step="choose another name for the parameter rule",
        )
    is_right = rule and rule.event_pattern == EVENT_PATTERN and rule.state == "ENABLED"
    arguments = {"Name": settings.rule, "EventPattern": json.dumps(EVENT_PATTERN)}
    put_rule = Step(
        service="events",
        operation="PutRule",
        # Tags can only be given when the rule is made.
        input=arguments
        if rule
        else {**arguments, "Tags": in_upper_case(shared_tags(settings.user))},
        why="catches the failed deployments of every service in this Region",
        makes=f"rule {settings.rule}",
        permissions=("events:PutRule", "events:TagResource"),
        undo="aws events delete-rule",
        satisfied=f"rule {settings.rule} is enabled and matches" if is_right else "",
    )
    wanted = target_of(settings, account, rule)
    is_wired = rule and rule.target(wanted.id) == wanted
    put_targets = Step(
        service="events",
        operation="PutTargets",
        input={"Rule": settings.rule, "Targets": [target_input(wanted)]},
        why=_WHY[settings.alert_format],
        makes=f"target {settings.topic} of rule {settings.rule}",
        permissions=("events:PutTargets",),
        undo="aws events remove-targets",
        satisfied=f"the target is {settings.topic}" if is_wired else "",
    )
    use = shared_rule(rule).use_steps(settings.user) if rule else ()
    return Plan("Create the rule", settings.service, (put_rule, *use, put_targets))


def shared_rule(rule: facts.Rule) -> Shared:
    return Shared("events", f"rule {rule.name}", rule.arn, rule.tags)
