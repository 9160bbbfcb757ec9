"""Room: which policies SNS takes for a topic.

Lives here: what SetTopicAttributes and CreateTopic refuse of a policy, with AWS's texts where
people published them; elsewhere "Policy Error: null" is taken.
Never here: what a policy that was taken allows (resource_policies).

Elements: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
Actions: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
Texts: https://github.com/hashicorp/terraform/issues/12740,
https://github.com/hashicorp/terraform-provider-aws/issues/26041,
https://github.com/serverless/serverless/issues/5519,
https://github.com/cloud-custodian/cloud-custodian/issues/1779
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ecs_emulator.access.policy_language import texts

NULL, NOT_FOUND = "Policy Error: null", "Policy Error: PrincipalNotFound"
OUT_OF_SCOPE = "Policy statement action out of service scope!"
VERSIONS = ("2008-10-17", "2012-10-17")
ACTIONS = tuple(
    f"sns:{name}".lower()
    for name in (
        "AddPermission DeleteTopic GetDataProtectionPolicy GetTopicAttributes "
        "ListSubscriptionsByTopic ListTagsForResource Publish PutDataProtectionPolicy Receive "
        "RemovePermission SetTopicAttributes Subscribe TagResource UntagResource"
    ).split()
)
_ELEMENTS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
             "NotResource", "Condition")  # fmt: skip
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_ACCOUNT = re.compile(r"\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:.+|AIDA\w+|AROA\w+")


def refusal(text: str, topic_arn: str, principal_exists: Callable[[str], bool]) -> str:
    """Why SNS does not take this policy: "Policy Error: null"; "" if it does.

    `principal_exists(ARN)` is asked about users and roles of the topic's own account.
    """
    try:
        policy = json.loads(text)
    except ValueError:
        return NULL
    if not isinstance(policy, Mapping) or set(policy) - {"Version", "Id", "Statement"}:
        return NULL
    given = policy.get("Statement")
    statements = given if isinstance(given, list) else [given]
    if policy.get("Version", VERSIONS[0]) not in VERSIONS or not statements:
        return NULL
    refused = (_of_statement(each, topic_arn, principal_exists) for each in statements)
    return next((each for each in refused if each), "")


def _of_statement(statement: Any, topic_arn: str, principal_exists: Callable[[str], bool]) -> str:
    if not isinstance(statement, Mapping) or set(statement) - set(_ELEMENTS):
        return NULL
    if statement.get("Effect") not in ("Allow", "Deny"):
        return NULL
    if not _has_one_of(statement, "Action", "NotAction"):
        return NULL
    if not _has_one_of(statement, "Principal", "NotPrincipal"):
        return NULL
    actions = texts(statement.get("Action", statement.get("NotAction")))
    if not all(_is_of_topics(each) for each in actions):
        return OUT_OF_SCOPE
    resources = texts(statement.get("Resource", statement.get("NotResource", topic_arn)))
    if not resources or not all(fnmatchcase(topic_arn, each) for each in resources):
        return NULL
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    return _of_principal(principal, topic_arn.split(":")[4], principal_exists)


def _has_one_of(statement: Mapping[str, Any], name: str, other: str) -> bool:
    found = [statement[each] for each in (name, other) if each in statement]
    return len(found) == 1 and bool(found[0])


def _is_of_topics(action: str) -> bool:
    return any(fnmatchcase(each, action.lower()) for each in ACTIONS)


def _of_principal(principal: Any, account: str, principal_exists: Callable[[str], bool]) -> str:
    if principal == "*":
        return ""
    if not isinstance(principal, Mapping) or set(principal) - {"AWS", "Service", "Federated"}:
        return NULL
    if not all(_SERVICE.fullmatch(each) for each in texts(principal.get("Service", ()))):
        return NULL
    for each in texts(principal.get("AWS", ())):
        is_own = f"::{account}:" in each and not each.endswith(":root")
        if each != "*" and not _ACCOUNT.fullmatch(each):
            return NOT_FOUND
        if is_own and ":iam:" in each and not principal_exists(each):
            return NOT_FOUND
    return ""
