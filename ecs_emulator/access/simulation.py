"""Room: iam:SimulatePrincipalPolicy.

Lives here: reading the call, asking the same judge that real calls meet, and the reply as XML.
Never here: where policies are kept.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from ecs_emulator.access.identity_policies import CannotJudge, Context, Policy, Verdict, judge

NOT_EMULATED = (
    "PolicyInputList",
    "PermissionsBoundaryPolicyInputList",
    "ResourcePolicy",
    "ResourceOwner",
    "CallerArn",
    "ResourceHandlingOption",
)
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def simulate(params: Mapping[str, Any], policies: Sequence[Policy], request_id: str) -> bytes:
    """One result for each action and resource. Raises CannotJudge for what is not emulated."""
    for name in NOT_EMULATED:
        if name in params:
            raise CannotJudge(f"{name} of iam:SimulatePrincipalPolicy")
    context = _context(params)
    results = "".join(
        _result(action, resource, judge(policies, action, resource, context, is_simulated=True))
        for action, resource in _questions(params)
    )
    return (
        f'<SimulatePrincipalPolicyResponse xmlns="{_NAMESPACE}">'
        "<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        f"<EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</SimulatePrincipalPolicyResponse>"
    ).encode()


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _questions(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for action in _list(params.get("ActionNames")):
        for resource in _list(params.get("ResourceArns")) or ["*"]:
            yield str(action), str(resource)


def _context(params: Mapping[str, Any]) -> Context:
    entries = [each for each in _list(params.get("ContextEntries")) if isinstance(each, Mapping)]
    return {
        str(each.get("ContextKeyName", "")).lower(): tuple(
            map(str, _list(each.get("ContextKeyValues")))
        )
        for each in entries
    }


def _result(action: str, resource: str, verdict: Verdict) -> str:
    matched = "".join(
        f"<member><SourcePolicyId>{escape(each.name)}</SourcePolicyId>"
        f"<SourcePolicyType>{each.kind}</SourcePolicyType></member>"
        for each in verdict.matched
    )
    missing = "".join(f"<member>{escape(each)}</member>" for each in verdict.missing)
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{verdict.decision}</EvalDecision>"
        f"<MatchedStatements>{matched}</MatchedStatements>"
        f"<MissingContextValues>{missing}</MissingContextValues></member>"
    )
