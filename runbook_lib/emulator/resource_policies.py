"""Room: may this AWS service do this here?

Lives here: the reading of resource policies, trust policies and a role's permissions.
Never here: where a policy is kept, and what happens after the answer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

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


def role_permits(policies: Iterable[Mapping[str, Any]], *, action: str, resource: str) -> Decision:
    """The same rule over all the policies of a role, inline and attached."""
    return _decide(policies, _Asking(None, action, resource, {}), who="the role")


def _decide(policies: Iterable[Mapping[str, Any]], asking: _Asking, who: str) -> Decision:
    statements = [each for policy in policies for each in _statements(policy)]
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


def _statements(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = policy.get("Statement") or []
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping):
            yield statement


def _concerns(statement: Mapping[str, Any], asking: _Asking) -> bool:
    """Principal, action and resource. A trust policy has no Resource: it is the role itself."""
    return (
        _is_named(statement, "Action", lambda p: like(p.lower(), asking.action.lower()))
        and _is_named(statement, "Resource", lambda p: like(p, asking.resource), absent=True)
        and _principal_is(statement, asking.service)
    )


def _is_named(
    statement: Mapping[str, Any], key: str, fits: Callable[[str], bool], absent: bool = False
) -> bool:
    if key in statement:
        return any(map(fits, texts(statement[key])))
    if f"Not{key}" in statement:
        return not any(map(fits, texts(statement[f"Not{key}"])))
    return absent


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
            if not _holds(operator, list(texts(values)), actual):
                shown = actual if actual is not None else "not part of this request"
                return f"wants {operator} {key} {', '.join(texts(values))}, and {key} is {shown}"
    return None


def _holds(operator: str, wanted: list[str], actual: str | None) -> bool:
    """StringEquals, StringLike, ArnEquals, ArnLike, their Not and IfExists. No other holds."""
    name = operator.lower()
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    negated = "not" in name
    compare = _COMPARISONS.get(name.replace("not", ""))
    if compare is None:
        return False
    if actual is None:
        return optional or negated
    return any(compare(each, actual) for each in wanted) != negated


def like(pattern: str, value: str) -> bool:
    """`*` is any text, `?` any one character: `sns:Pub*` is like `sns:Publish`."""
    return bool(_wildcards(pattern).fullmatch(value))


@cache
def _wildcards(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", pattern)
    meaning = {"*": ".*", "?": "."}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _arn_like(pattern: str, value: str) -> bool:
    """Each of the six parts of an ARN is compared by itself, so `*` never crosses a colon there."""
    wanted, actual = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(actual) and all(map(like, wanted, actual))


def _equals(wanted: str, actual: str) -> bool:
    return wanted == actual


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": _equals,
    "stringlike": like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
}


def texts(value: Any) -> tuple[str, ...]:
    """IAM writes one value bare and several as a list: both are read as several."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def _name(statement: Mapping[str, Any]) -> str:
    sid = statement.get("Sid")
    return f'Statement "{sid}"' if sid else "A statement without Sid"
