"""Room: the gate before every call.

Lives here: whose call it is, whether that user's or role's identity-based policies allow it, and
the refusal in the words of each service.
Never here: how a policy is read (identity_policies), what a call needs (required_actions).

The gate is always there, as on AWS, and there is no switch: whoever calls with the access key of an
IAM user, or with the session of an assumed role, may do what the attached policies allow and no
more; the policy of a topic or a queue may allow it too, as the default policy of a topic does. By
default nobody notices: the user `learner` has AdministratorAccess until somebody detaches
it, and a key that IAM does not know counts as the account's root user, who may do everything. So
`aws iam detach-user-policy` and `aws iam put-user-policy` are all it takes to try a smaller policy,
and any unknown key is the way back. Permissions boundaries, organizations and session policies
are not emulated.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ecs_emulator.access.identity_policies import (
    ALLOWED,
    EXPLICIT_DENY,
    CannotJudge,
    Context,
    Identity,
    Verdict,
    judge,
)
from ecs_emulator.access.required_actions import Call, Needed, needed_for
from ecs_emulator.access.resource_policies import verdict_on
from ecs_emulator.access.simulation import simulate
from ecs_emulator.wire.http_messages import REQUEST_ID, HttpRequest, HttpResponse, error_response
from ecs_emulator.wire.request_params import params_of

DENIED_BY_THE_RESOURCE = "explicitDenyOfTheResource"
_WHY = {
    EXPLICIT_DENY: "with an explicit deny in an identity-based policy",
    DENIED_BY_THE_RESOURCE: "with an explicit deny in a resource-based policy",
}
_JSON_SERVICES = frozenset({"ecs", "events", "logs", "kms", "secretsmanager", "ecr"})


class Identities(Protocol):
    """What the gate asks of IAM and of the owners of tags."""

    def identity_of_key(self, access_key: str) -> Identity | None: ...
    def identity_of_arn(self, arn: str) -> Identity | None: ...
    def known_arn(self, region: str, kind: str, name: str) -> str: ...
    def resource_policy(self, arn: str) -> Mapping[str, Any] | None: ...


class Permissions:
    """`tags_of(ARN)` gives the tags of a resource, none if there is no such thing."""

    def __init__(
        self, account_id: str, identities: Identities, tags_of: Callable[[str], Mapping[str, str]]
    ) -> None:
        self._account_id = account_id
        self._identities = identities
        self._tags_of = tags_of

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        """None: go on."""
        caller = self._identities.identity_of_key(request.access_key)
        if caller is None or caller.is_administrator or request.scope is None:
            return None
        region, service = request.scope
        call = Call(
            service,
            request.operation,
            region,
            self._account_id,
            params_of(request),
            lambda kind, name: self._identities.known_arn(region, kind, name),
        )
        try:
            for needed in needed_for(call):
                verdict = self._judge(caller, needed, region)
                if not verdict.allowed:
                    return _refused(request, service, caller.arn, needed, verdict)
        except CannotJudge as problem:
            return _cannot(request, problem)
        return None

    def _judge(self, caller: Identity, needed: Needed, region: str) -> Verdict:
        context: dict[str, tuple[str, ...]] = {
            "aws:requestedregion": (region,),
            "aws:principalarn": (caller.arn,),
            "aws:principalaccount": (self._account_id,),
        }
        if caller.user_name:
            context["aws:username"] = (caller.user_name,)
        for key, value in self._tags_of(needed.resource).items():
            context[f"aws:resourcetag/{key.lower()}"] = (value,)
        asked: Context = context | dict(needed.context)
        verdict = judge(caller.policies, needed.action, needed.resource, asked)
        return self._with_the_resources_word(caller, needed, asked, verdict)

    def _with_the_resources_word(
        self, caller: Identity, needed: Needed, asked: Context, verdict: Verdict
    ) -> Verdict:
        """Within an account a resource's own policy may allow too, and may deny as well."""
        policy = self._identities.resource_policy(needed.resource)
        if policy is None or verdict.decision == EXPLICIT_DENY:
            return verdict
        said = verdict_on(
            policy,
            principal=caller.arn,
            action=needed.action,
            resource=needed.resource,
            context={**asked, "aws:sourceowner": (self._account_id,)},
        )
        if said == "Deny":
            return Verdict(DENIED_BY_THE_RESOURCE)
        return Verdict(ALLOWED) if said == "Allow" else verdict

    def simulate(self, request: HttpRequest) -> HttpResponse:
        """SimulatePrincipalPolicy. Whoever may call it was asked before, as with every call."""
        params = params_of(request)
        source = str(params.get("PolicySourceArn", ""))
        found = self._identities.identity_of_arn(source)
        if found is None:
            text = f"The entity with ARN {source} cannot be found."
            return error_response(request, 404, "NoSuchEntity", text)
        try:
            body = simulate(params, found.policies, REQUEST_ID)
        except CannotJudge as problem:
            return _cannot(request, problem)
        return HttpResponse(200, {"content-type": "text/xml"}, body)


def _cannot(request: HttpRequest, problem: CannotJudge) -> HttpResponse:
    text = f"The emulator does not emulate {problem}."
    return error_response(request, 400, "NotImplemented", text)


def _refused(
    request: HttpRequest, service: str, who: str, needed: Needed, verdict: Verdict
) -> HttpResponse:
    action = _as_written(needed.action)
    what = f"User: {who} is not authorized to perform: {action}"
    why = _WHY.get(verdict.decision, f"because no identity-based policy allows the {action} action")
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {what} {why}"
        return error_response(request, 403, "UnauthorizedOperation", text)
    text = f"{what} on resource: {needed.resource} {why}"
    if service == "sns":
        return error_response(request, 403, "AuthorizationError", text)
    if service in _JSON_SERVICES:
        return error_response(request, 400, "AccessDeniedException", text)
    return error_response(request, 403, "AccessDenied", text)


def _as_written(action: str) -> str:
    """SNS:Publish, sqs:createqueue: two services have their own way."""
    if action.startswith("sqs:"):
        return action.lower()
    return action.replace("sns:", "SNS:") if action.startswith("sns:") else action
