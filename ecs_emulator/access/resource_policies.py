"""Room: may this AWS service do this here?

Lives here: the reading of resource policies, trust policies and a role's permissions.
Never here: where a policy is kept, and what happens after the answer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_emulator.access.policy_language import holds, is_about, statements_of, texts

_NO_CONDITIONS = (
    "has a Condition, and Amazon SNS topic policies cannot use Condition blocks for EventBridge"
)


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks for what. No service: the policies of a role are asked, and they name nobody."""

    service: str | None
    action: str
    resource: str
    context: Mapping[str, str]
    conditions_supported: bool = True


def allows(
    policy: Mapping[str, Any] | None,
    *,
    service: str,
    action: str,
    resource: str,
    source_arn: str | None,
    source_account: str | None,
    conditions_supported: bool,
) -> Decision:
    """One Deny that applies wins; else one Allow that applies is enough; else the answer is no.

    With `conditions_supported` False an Allow with any Condition block does not apply: the rule
    for EventBridge and SNS topic policies.
    """
    if policy is None:
        return Decision(False, f"The resource has no policy, so {service} may not {action} it.")
    known = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_account}
    context = {key: value for key, value in known.items() if value is not None}
    asking = _Asking(service, action, resource, context, conditions_supported)
    return _decide([policy], asking, who=service)


def verdict_on(
    policy: Mapping[str, Any],
    *,
    principal: str,
    action: str,
    resource: str,
    context: Mapping[str, Sequence[str]],
) -> str:
    """What the policy of a resource says to a user or role of its own account: Allow, Deny or "".

    It has to name the principal, or everybody. The account itself (…:root) as principal leaves the
    answer to the identity-based policies.
    """
    effects = {
        str(statement.get("Effect"))
        for statement in statements_of(policy)
        if is_about(statement, action, resource, absent=True)
        and _names_principal(statement.get("Principal"), principal)
        and all(
            holds(operator, texts(values), context.get(key.lower()))
            for operator, wanted in (statement.get("Condition") or {}).items()
            for key, values in wanted.items()
        )
    }
    return next((each for each in ("Deny", "Allow") if each in effects), "")


def _names_principal(principal: Any, arn: str) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return bool({"*", arn} & set(texts(principal.get("AWS"))))


def role_permits(policies: Iterable[Mapping[str, Any]], *, action: str, resource: str) -> Decision:
    """The same rule over all the policies of a role, inline and attached."""
    return _decide(policies, _Asking(None, action, resource, {}), who="the role")


def _decide(policies: Iterable[Mapping[str, Any]], asking: _Asking, who: str) -> Decision:
    statements = [each for policy in policies for each in statements_of(policy)]
    concerned = [each for each in statements if _concerns(each, asking)]
    for statement in concerned:
        if statement.get("Effect") == "Deny" and not _unmet(statement, asking.context):
            return Decision(False, f"{_name(statement)} denies {asking.action} to {who}.")
    refusals = []
    for statement in concerned:
        if statement.get("Effect") != "Allow":
            continue
        refusal = _refusal(statement, asking)
        if refusal is None:
            return Decision(True, f"{_name(statement)} allows {asking.action} to {who}.")
        refusals.append((_names_service(statement, asking.service), statement, refusal))
    for _, statement, refusal in sorted(refusals, key=lambda each: not each[0])[:1]:
        return Decision(False, f"{_name(statement)} does not allow it: it {refusal}.")
    return Decision(False, f"No statement allows {who} to {asking.action} on {asking.resource}.")


def _refusal(statement: Mapping[str, Any], asking: _Asking) -> str | None:
    if statement.get("Condition") and not asking.conditions_supported:
        return _NO_CONDITIONS
    return _unmet(statement, asking.context)


def _concerns(statement: Mapping[str, Any], asking: _Asking) -> bool:
    """Principal, action and resource. A trust policy has no Resource: it is the role itself."""
    return is_about(statement, asking.action, asking.resource, absent=True) and _principal_is(
        statement, asking.service
    )


def _principal_is(statement: Mapping[str, Any], service: str | None) -> bool:
    if service is None:
        return True
    if "NotPrincipal" in statement:
        return not _includes(statement["NotPrincipal"], service)
    return _includes(statement.get("Principal"), service)


def _includes(principal: Any, service: str) -> bool:
    """Everybody ("*" or {"AWS": "*"}), or the service by name."""
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return "*" in texts(principal.get("AWS")) or bool(
        {"*", service} & set(texts(principal.get("Service")))
    )


def _names_service(statement: Mapping[str, Any], service: str | None) -> bool:
    principal = statement.get("Principal")
    return isinstance(principal, Mapping) and service in texts(principal.get("Service"))


def _unmet(statement: Mapping[str, Any], context: Mapping[str, str]) -> str | None:
    """The first condition that does not hold, in words. All of them have to hold."""
    for operator, wanted in (statement.get("Condition") or {}).items():
        for key, values in wanted.items():
            actual = context.get(key.lower())
            if not holds(operator, texts(values), None if actual is None else [actual]):
                shown = actual if actual is not None else "not part of this request"
                return f"wants {operator} {key} {', '.join(texts(values))}, and {key} is {shown}"
    return None


def _name(statement: Mapping[str, Any]) -> str:
    sid = statement.get("Sid")
    return f'Statement "{sid}"' if sid else "A statement without Sid"
