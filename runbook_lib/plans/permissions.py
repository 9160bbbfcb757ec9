"""Room: the least that the caller has to be allowed.

Lives here: the IAM policy for the walk with the chosen parameters, statement by statement.
Never here: asking IAM whether it is given (preflight).

Which action can be limited to which resource:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE
from runbook_lib.facts.watches import WATCH_PREFIX
from runbook_lib.plans.task_definition import execution_policy, role_arn

ANY = ("*",)
_TASKS = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the policy; all of them allow.

    `is_optional`: without it the walk goes on, and leaves something undone at most.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] = field(default_factory=dict)
    is_optional: bool = False

    def as_json(self) -> dict[str, Any]:
        statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return statement | ({"Condition": dict(self.condition)} if self.condition else {})


def permissions_of(
    settings: Settings, account: str, *, diagnosis: bool = False
) -> tuple[Statement, ...]:
    """What the walk needs from the first notebook to the clean-up, with these names.

    `diagnosis` adds what finding out needs why an alert did not arrive, and the preflight's look
    at the permissions themselves; without it both say what they may not see.
    """
    return (
        *_looking(settings, account),
        *(_own_service(settings, account) if settings.drills_own_service else ()),
        *(() if settings.drills_own_service else _making_a_service(settings, account)),
        *_alert_chain(settings, account),
        *_sharing(settings, account),
        *_left_by_watches(settings, account),
        *(_diagnosing(settings, account) if diagnosis else ()),
    )


def policy_of(settings: Settings, account: str, *, diagnosis: bool = False) -> str:
    """The policy as JSON, ready for `aws iam put-user-policy`."""
    statements = permissions_of(settings, account, diagnosis=diagnosis)
    document = {"Version": "2012-10-17", "Statement": [each.as_json() for each in statements]}
    return json.dumps(document, indent=2)


def _ecs(settings: Settings, account: str, kind: str) -> str:
    return settings.arn("ecs", account, f"{kind}/{settings.cluster}")


def _looking(settings: Settings, account: str) -> Iterator[Statement]:
    cluster, service = _ecs(settings, account, "cluster"), settings.service
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster}}
    yield Statement(
        "LookAtEcs",
        ("ecs:DescribeTaskDefinition", "ecs:ListClusters", "ecs:ListTaskDefinitions"),
        ANY,
    )
    yield Statement("LookAtCluster", ("ecs:DescribeClusters",), (cluster,))
    yield Statement("ListTasksOfCluster", ("ecs:ListTasks",), ANY, in_cluster)
    yield Statement(
        "LookAtService",
        (
            "ecs:DescribeServiceDeployments",
            "ecs:DescribeServiceRevisions",
            "ecs:DescribeServices",
            "ecs:ListServiceDeployments",
        ),
        (f"{_ecs(settings, account, 'service')}/{service}",),
    )
    yield Statement(
        "LookAtWhatTheServiceDoes",
        ("ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:DescribeTasks"),
        (
            f"{_ecs(settings, account, 'service-deployment')}/{service}/*",
            f"{_ecs(settings, account, 'service-revision')}/{service}/*",
            f"{_ecs(settings, account, 'task')}/*",
        ),
    )


def _family(settings: Settings, account: str, family: str) -> str:
    return settings.arn("ecs", account, f"task-definition/{family}:*")


def _making_a_service(settings: Settings, account: str) -> Iterator[Statement]:
    cluster = _ecs(settings, account, "cluster")
    service = f"{_ecs(settings, account, 'service')}/{settings.service}"
    role = role_arn(settings, account)
    yield Statement(
        "LookAtNetwork",
        ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        ANY,
    )
    yield Statement(
        "MakeCluster", ("ecs:CreateCluster", "ecs:DeleteCluster", "ecs:TagResource"), (cluster,)
    )
    yield from _registering(settings, account)
    yield Statement(
        "MakeService",
        ("ecs:CreateService", "ecs:DeleteService", "ecs:TagResource", "ecs:UpdateService"),
        (service,),
    )
    yield Statement(
        "MakeExecutionRole",
        (
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:TagRole",
        ),
        (role,),
    )
    yield Statement(
        "AttachItsPolicy",
        ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
        (role,),
        {"ArnEquals": {"iam:PolicyARN": execution_policy(settings)}},
    )
    yield Statement("HandRoleToTasks", ("iam:PassRole",), (role,), _to_tasks())
    yield Statement(
        "FirstUseOfEcsInTheAccount",
        ("iam:CreateServiceLinkedRole",),
        (_role(settings, account, "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS*"),),
        {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}},
    )


def _role(settings: Settings, account: str, name: str) -> str:
    return f"arn:{settings.partition}:iam::{account}:role/{name}"


def _to_tasks() -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": _TASKS}}


def _registering(settings: Settings, account: str) -> Iterator[Statement]:
    family = _family(settings, account, settings.drill_family)
    yield Statement(
        "RegisterReleases", ("ecs:RegisterTaskDefinition", "ecs:TagResource"), (family,)
    )
    yield Statement("TakeReleasesBack", ("ecs:DeregisterTaskDefinition",), ANY)


def _own_service(settings: Settings, account: str) -> Iterator[Statement]:
    service = f"{_ecs(settings, account, 'service')}/{settings.service}"
    roles = _role(settings, account, "*")
    yield from _registering(settings, account)
    yield Statement("ShipAndRestore", ("ecs:UpdateService",), (service,))
    yield Statement("HandItsRolesToTasks", ("iam:PassRole",), (roles,), _to_tasks())


def _alert_chain(settings: Settings, account: str) -> Iterator[Statement]:
    topic = settings.arn("sns", account, settings.topic)
    yield Statement(
        "MakeTopic",
        (
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
        ),
        (topic,),
    )
    yield Statement(
        "MakeRule",
        (
            "events:DeleteRule",
            "events:DescribeRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
        ),
        (settings.arn("events", account, f"rule/{settings.rule}"),),
    )
    yield Statement("AskAboutRules", ("events:ListRules", "events:TestEventPattern"), ANY)
    yield Statement(
        "MakeProbeQueue",
        (
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:ReceiveMessage",
            "sqs:TagQueue",
        ),
        (settings.arn("sqs", account, settings.probe_queue),),
    )


def _sharing(settings: Settings, account: str) -> Iterator[Statement]:
    """Only what other services use, too, is asked for: that it is no longer used by this one."""
    topic = settings.arn("sns", account, settings.topic)
    rule = settings.arn("events", account, f"rule/{settings.rule}")
    yield Statement("LeaveTopic", ("sns:UntagResource",), (topic,), is_optional=True)
    yield Statement("LeaveRule", ("events:UntagResource",), (rule,), is_optional=True)
    if not settings.drills_own_service:
        cluster, role = _ecs(settings, account, "cluster"), role_arn(settings, account)
        yield Statement("LeaveCluster", ("ecs:UntagResource",), (cluster,), is_optional=True)
        yield Statement("LeaveRole", ("iam:UntagRole",), (role,), is_optional=True)


def _left_by_watches(settings: Settings, account: str) -> Iterator[Statement]:
    """Finding and removing what a killed watch left; `AskAboutRules` lists its rules.

    Among all that has such a name only what carries the runbook's tag may be removed. ListQueues
    cannot be limited to any queue.
    """
    rules = (settings.arn("events", account, f"rule/{WATCH_PREFIX}*"),)
    queues = (settings.arn("sqs", account, f"{WATCH_PREFIX}*"),)
    ours = {"StringEquals": {f"aws:ResourceTag/{TAG_KEY}": TAG_VALUE}}
    look_at_rule = ("events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule")
    look_at_queue = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags")
    remove_rule = ("events:DeleteRule", "events:RemoveTargets")
    yield Statement("FindWatchQueues", ("sqs:ListQueues",), ANY, is_optional=True)
    yield Statement("LookAtWatchRules", look_at_rule, rules, is_optional=True)
    yield Statement("LookAtWatchQueues", look_at_queue, queues, is_optional=True)
    yield Statement("RemoveWatchRules", remove_rule, rules, ours, is_optional=True)
    yield Statement("RemoveWatchQueues", ("sqs:DeleteQueue",), queues, ours, is_optional=True)


def _diagnosing(settings: Settings, account: str) -> Iterator[Statement]:
    yield Statement(
        "FindOutWhyNoAlertCame",
        (
            "cloudwatch:GetMetricStatistics",
            "ec2:DescribeRegions",
            "events:DescribeRule",
            "events:ListEventBuses",
            "sns:GetSubscriptionAttributes",
        ),
        ANY,
    )
    yield Statement(
        "LookAtTheTopicsKey",
        ("kms:DescribeKey", "kms:GetKeyPolicy"),
        (settings.arn("kms", account, "key/*"),),
    )
    yield Statement(
        "LookAtQuotasAndPermissions",
        ("iam:SimulatePrincipalPolicy", "servicequotas:GetServiceQuota"),
        ANY,
    )
