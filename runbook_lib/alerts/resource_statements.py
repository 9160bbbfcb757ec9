"""Room: what a resource policy says to EventBridge.

Lives here: reading the statements of a topic's or a key's policy for events.amazonaws.com.
Never here: what follows from it for an alert.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

EVENTBRIDGE = "events.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Permission:
    """May EventBridge act? `allowed_by` and `denied_by` are the Sids (or numbers) of statements.

    `conditional` are statements that would allow it but for a Condition, which EventBridge does not
    support in a topic policy or in the policy of a topic's key.
    """

    allowed_by: tuple[str, ...] = ()
    conditional: tuple[str, ...] = ()
    denied_by: tuple[str, ...] = ()

    @property
    def is_given(self) -> bool:
        return bool(self.allowed_by) and not self.denied_by


def permission_of(policy: Mapping[str, Any], action: str, resource: str) -> Permission:
    """What a policy lets EventBridge do: permission_of(policy, "sns:Publish", topic_arn)."""
    allowed, conditional, denied = [], [], []
    for number, statement in enumerate(statements_of(policy), 1):
        if not _is_about(statement, action, resource):
            continue
        name = str(statement.get("Sid") or f"statement {number}")
        if statement.get("Effect") == "Deny":
            if not statement.get("Condition"):
                denied.append(name)
        elif statement.get("Condition"):
            if _names_eventbridge(statement):
                conditional.append(name)
        else:
            allowed.append(name)
    return Permission(tuple(allowed), tuple(conditional), tuple(denied))


def statements_of(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = policy.get("Statement", [])
    return [given] if isinstance(given, Mapping) else list(given)


def without(policy: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The policy less these statements, named as in `Permission`."""
    kept = [
        statement
        for number, statement in enumerate(statements_of(policy), 1)
        if str(statement.get("Sid") or f"statement {number}") not in names
    ]
    return {**policy, "Statement": kept}


def _is_about(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    principal = statement.get("Principal", {})
    everybody = principal == "*" or (
        isinstance(principal, Mapping) and "*" in _each(principal.get("AWS"))
    )
    if not everybody and not _names_eventbridge(statement):
        return False
    actions = [str(each).lower() for each in _each(statement.get("Action"))]
    resources = _each(statement.get("Resource", "*"))
    return any(fnmatchcase(action.lower(), each) for each in actions) and any(
        fnmatchcase(resource, str(each)) for each in resources
    )


def _names_eventbridge(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    return isinstance(principal, Mapping) and EVENTBRIDGE in _each(principal.get("Service"))


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
