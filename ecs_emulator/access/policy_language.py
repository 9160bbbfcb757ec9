"""Room: the words of IAM's policies.

Lives here: statements, names with wildcards, and what a condition compares: the same in resource
policies, trust policies and identity-based policies.
Never here: whose policy it is, and what is asked of it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ecs_emulator.wire.wildcards import like


def statements_of(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = policy.get("Statement") or []
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping):
            yield statement


def is_named(
    statement: Mapping[str, Any], key: str, fits: Callable[[str], bool], absent: bool = False
) -> bool:
    """Whether Action, Resource or their Not say that the statement is about this."""
    if key in statement:
        return any(map(fits, texts(statement[key])))
    if f"Not{key}" in statement:
        return not any(map(fits, texts(statement[f"Not{key}"])))
    return absent


def is_about(statement: Mapping[str, Any], action: str, resource: str, absent: bool) -> bool:
    """Actions are compared without case, resources with it. `absent`: it has no Resource."""
    return is_named(statement, "Action", lambda p: like(p.lower(), action.lower())) and is_named(
        statement, "Resource", lambda p: like(p, resource), absent=absent
    )


def texts(value: Any) -> tuple[str, ...]:
    """IAM writes one value bare and several as a list: both are read as several."""
    if value is None:
        return ()
    return tuple(map(_text, value)) if isinstance(value, list | tuple) else (_text(value),)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _arn_like(pattern: str, value: str) -> bool:
    """Each of the six parts of an ARN is compared by itself, so `*` never crosses a colon there."""
    wanted, actual = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(actual) and all(map(like, wanted, actual))


def _equals(wanted: str, actual: str) -> bool:
    return wanted == actual


def _equals_in_any_case(wanted: str, actual: str) -> bool:
    return wanted.lower() == actual.lower()


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_in_any_case,
    "stringlike": like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _equals_in_any_case,
}
_ALL, _ANY, _OPTIONAL, _NULL = "forallvalues:", "foranyvalue:", "ifexists", "null"


def is_known_operator(operator: str) -> bool:
    return operator.lower() == _NULL or _comparison(operator) is not None


def _comparison(operator: str) -> Callable[[str, str], bool] | None:
    name = operator.lower().removeprefix(_ALL).removeprefix(_ANY).removesuffix(_OPTIONAL)
    return _COMPARISONS.get(name.replace("not", ""))


def holds(operator: str, wanted: Sequence[str], actual: Sequence[str] | None) -> bool:
    """StringEquals, StringLike, ArnEquals, ArnLike, their Not and IfExists, Bool and Null.

    With ForAnyValue one of the values has to fit, with ForAllValues all of them, so that none at
    all is right too. `actual` None: the request has no such key. An unknown operator never holds.
    """
    name, compare = operator.lower(), _comparison(operator)
    if name == _NULL:
        return (actual is None) == (wanted[0].lower() == "true")
    if compare is None:
        return False
    negated = "not" in name
    if actual is None:
        return name.startswith(_ALL) or name.endswith(_OPTIONAL) or negated
    fits = [any(compare(each, value) for each in wanted) != negated for value in actual]
    return all(fits) if negated or name.startswith(_ALL) else any(fits)
