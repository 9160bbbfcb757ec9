"""Room: what can be wrong with the rule.

Lives here: whether ECS sends an event at all, whether the rule hears it, and what its target makes
of it. Rule and topic must be in the same Region and the rule on the default bus, because ECS sends
there: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch_event_stream.html
Never here: the topic, and who subscribes to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from runbook_lib import facts
from runbook_lib.alerts.chain.chain import EVENT, RULE, TARGET, Chain, Finding, run_40
from runbook_lib.facts.alert_text import PATHS
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours
from runbook_lib.plans.event_rule import TARGET_ID, plan_event_rule
from runbook_lib.plans.service import changed_breaker_input, set_breaker_step
from runbook_lib.plans.steps import Step
from runbook_lib.plans.topic import topic_arn


def event_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    if chain.service is None or chain.service.circuit_breaker.enable:
        return
    yield Finding(
        EVENT,
        "breaker-off",
        f"the circuit breaker of {settings.service} is off, so ECS sends no failure event",
        "run 20_create_service again, which switches it on",
        (_breaker_on(settings, chain.service.circuit_breaker),),
    )


def _breaker_on(settings: Settings, present: facts.CircuitBreaker) -> Step:
    """With the threshold that it has."""
    wanted = replace(present, enable=True, rollback=True)
    why = "without the breaker no deployment fails, and nobody is told"
    return set_breaker_step(settings, changed_breaker_input(wanted, present), why)


def _rule_steps(chain: Chain, settings: Settings) -> tuple[Step, ...]:
    """What notebook 40 would do; nothing if the rule is somebody else's."""
    if chain.rule is not None and not is_ours(chain.rule.tags):
        return ()
    return plan_event_rule(settings, account=chain.account, rule=chain.rule).open_steps


def rule_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    rule, steps = chain.rule, _rule_steps(chain, settings)
    if rule is None:
        yield _absent_rule(chain, settings, steps)
        return
    if not rule.is_enabled:
        yield Finding(
            RULE, "rule-disabled", f"rule {rule.name} is {rule.state}", run_40(settings), steps
        )
    if chain.matches is False:
        pattern = json.dumps(rule.event_pattern)
        yield Finding(
            RULE,
            "pattern-does-not-match",
            f"EventBridge says that {pattern} does not match the event of this failure",
            run_40(settings),
            steps,
        )


def _absent_rule(chain: Chain, settings: Settings, steps: tuple[Step, ...]) -> Finding:
    missing = f"there is no rule {settings.rule} on the default bus of {settings.region}"
    if not chain.rule_is_also_in:
        return Finding(RULE, "rule-missing", missing, run_40(settings), steps)
    where = ", ".join(chain.rule_is_also_in)
    is_bus = any(each.startswith("bus ") for each in chain.rule_is_also_in)
    return Finding(
        RULE,
        "rule-on-another-bus" if is_bus else "rule-in-another-region",
        f"{missing}, but one on {where}; ECS sends only to the default bus of its own Region",
        f"{run_40(settings)}, and delete the other one",
        steps,
    )


def target_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    if chain.rule is None:
        return
    steps, wanted = _rule_steps(chain, settings), topic_arn(settings, chain.account)
    targets = chain.rule.targets
    if not targets:
        yield Finding(
            TARGET, "no-target", f"rule {settings.rule} has no target", run_40(settings), steps
        )
        return
    reaching = [each for each in targets if each.arn == wanted]
    if not reaching:
        listed = ", ".join(each.arn for each in targets)
        yield Finding(
            TARGET,
            "target-elsewhere",
            f"the rule sends to {listed}, not to {wanted}",
            run_40(settings),
            steps,
        )
        return
    if not any(_names_deployment(each) for each in reaching):
        yield Finding(
            TARGET,
            "input-hides-deployment",
            "the target's input leaves the deployment's id out, so nobody can tell what failed",
            run_40(settings),
            steps,
        )
    yield from _target_role(chain, settings, reaching[0])


def _names_deployment(target: facts.Target) -> bool:
    if target.input:
        return False
    if target.input_path:
        return target.input_path in ("$", "$.detail")
    if not target.template:
        return True
    named = [name for name, path in target.paths.items() if path == PATHS["deployment"]]
    whole = "<aws.events.event.json>" in target.template
    return whole or any(f"<{name}>" in target.template for name in named)


def _target_role(chain: Chain, settings: Settings, target: facts.Target) -> Iterator[Finding]:
    refused = [each for each in chain.dead_letters if each.error_code == "NO_PERMISSIONS"]
    failed = chain.counts.failed if chain.counts else 0
    if target.role_arn and (refused or failed):
        yield Finding(
            TARGET,
            "target-role",
            f"EventBridge failed to publish with the target's role {target.role_arn}",
            f"{run_40(settings)}: it takes the role off and relies on the topic's policy",
            _rule_steps(chain, settings),
        )


def counted_failures(chain: Chain, settings: Settings) -> Iterator[Finding]:
    """Nothing looks broken: what did EventBridge count, and what lies in its dead letters?"""
    for letter in chain.dead_letters:
        yield Finding(
            TARGET,
            "dead-letter",
            f"the event lies in the dead-letter queue: {letter.error_code}: {letter.error_message}",
            "fix what it says, then send the event again with StartMessageMoveTask or by hand",
        )
        return
    if chain.counts and chain.counts.failed:
        yield Finding(
            TARGET,
            "failed-invocations",
            f"CloudWatch counts {chain.counts.failed} FailedInvocations of rule {settings.rule}",
            "EventBridge tries again for up to 24 hours; look again, or add a dead-letter queue "
            f"to target {TARGET_ID}",
        )
