"""Room: may this user or role do this?

Lives here: the reading of identity-based policies: one explicit deny wins, else one allow is
enough, else the answer is no.
Never here: which actions and resources a call needs (required_actions), who the caller is.

An operator or a condition key that the emulator cannot judge is an error that says so, not a no.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator.access.policy_language import (
    holds,
    is_about,
    is_known_operator,
    statements_of,
    texts,
)

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"
KNOWN_KEYS = frozenset(
    "aws:tagkeys aws:requestedregion aws:principalarn aws:principalaccount aws:username "
    "iam:passedtoservice iam:policyarn iam:awsservicename ecs:cluster ecs:service "
    "ecs:createaction sns:protocol sns:endpoint events:targetarn".split()
)
KNOWN_KEY_FAMILIES = ("aws:requesttag/", "aws:resourcetag/")
Context = Mapping[str, Sequence[str]]
"""Condition keys in lower case, each with the values that the request has for it."""


class CannotJudge(Exception):
    """A policy asks what the emulator does not know."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document with the name and the kind that IAM reports for it."""

    name: str
    kind: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, or a role in a session, with all the policies that count for it."""

    arn: str
    policies: tuple[Policy, ...]
    user_name: str = ""

    @property
    def is_administrator(self) -> bool:
        """One policy allows everything and none denies anything: nothing needs to be asked."""
        statements = [each for policy in self.policies for each in statements_of(policy.document)]
        return any(_allows_all(each) for each in statements) and not any(
            each.get("Effect") == "Deny" for each in statements
        )


def _allows_all(statement: Mapping[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and "*" in texts(statement.get("Action"))
        and "*" in texts(statement.get("Resource"))
        and not statement.get("Condition")
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`matched`: the policies whose statements decided. `missing`: keys that were not given."""

    decision: str
    matched: tuple[Policy, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.decision == ALLOWED


def judge(
    policies: Sequence[Policy],
    action: str,
    resource: str,
    context: Context,
    *,
    is_simulated: bool = False,
) -> Verdict:
    """Ask all the policies of one user or role. A simulation takes whatever keys it is given."""
    missing: dict[str, None] = {}
    fitting: dict[str, list[Policy]] = {"Allow": [], "Deny": []}
    for policy, statement in _about(policies, action, resource):
        if not is_simulated:
            _check(statement)
        lacking = [key for key in _keys_of(statement) if key.lower() not in context]
        missing |= dict.fromkeys(lacking)
        if _conditions_hold(statement, context):
            fitting.setdefault(str(statement.get("Effect")), []).append(policy)
    for effect, decision in (("Deny", EXPLICIT_DENY), ("Allow", ALLOWED)):
        if fitting[effect]:
            matched = {policy.name: policy for policy in fitting[effect]}
            return Verdict(decision, tuple(matched.values()), tuple(missing))
    return Verdict(IMPLICIT_DENY, (), tuple(missing))


def _about(
    policies: Sequence[Policy], action: str, resource: str
) -> Iterator[tuple[Policy, Mapping[str, Any]]]:
    for policy in policies:
        for statement in statements_of(policy.document):
            if any("${" in each for each in texts(statement.get("Resource"))):
                raise CannotJudge("policy variables in Resource")
            if is_about(statement, action, resource, absent=False):
                yield policy, statement


def _keys_of(statement: Mapping[str, Any]) -> Iterator[str]:
    for wanted in (statement.get("Condition") or {}).values():
        yield from wanted


def _check(statement: Mapping[str, Any]) -> None:
    for operator in statement.get("Condition") or {}:
        if not is_known_operator(operator):
            raise CannotJudge(f"the condition operator {operator}")
    for key in _keys_of(statement):
        lower = key.lower()
        if lower not in KNOWN_KEYS and not lower.startswith(KNOWN_KEY_FAMILIES):
            raise CannotJudge(f"the condition key {key}")


def _conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    return all(
        holds(operator, texts(values), context.get(key.lower()))
        for operator, wanted in (statement.get("Condition") or {}).items()
        for key, values in wanted.items()
    )
