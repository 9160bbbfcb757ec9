"""Room: which permissions a call needs.

Lives here: for each call, the actions that IAM is asked for, each with the ARN it is asked on and
with the condition keys that the request brings. What AWS names a dependent action is among them:
iam:PassRole, and the right to tag where a call that creates something brings tags.
Never here: policies, who calls, what the refusal looks like.

An operation that is not named here needs service:Operation on "*".

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.wire.call_faults import ACTION_PREFIXES

ANY = "*"
ECS_TASKS, EVENTS = "ecs-tasks.amazonaws.com", "events.amazonaws.com"
NEEDS_NOTHING = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `service` as requests are signed for it, `params` as botocore names them."""

    service: str
    operation: str
    region: str
    account: str
    params: Mapping[str, Any]
    known_arn: Callable[[str, str], str] = lambda *_: ""
    """The ARN of a role, user or group that exists, with its path; of a key by its alias."""

    def arn(self, service: str, rest: str) -> str:
        region = "" if service == "iam" else self.region
        return f"arn:aws:{service}:{region}:{self.account}:{rest}"

    def text(self, name: str, default: str = "") -> str:
        value = self.params.get(name)
        return value if isinstance(value, str) and value else default

    def texts(self, name: str) -> list[str]:
        value = self.params.get(name)
        return [str(each) for each in value] if isinstance(value, list) else []

    def items(self, name: str) -> list[Mapping[str, Any]]:
        value = self.params.get(name)
        return [e for e in value if isinstance(e, Mapping)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Needed:
    """One question to IAM. `context` beyond what every request has."""

    action: str
    resource: str = ANY
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


def needed_for(call: Call) -> list[Needed]:
    """In the order in which they are asked; the first that is refused refuses the call."""
    prefix = ACTION_PREFIXES.get(call.service, call.service)
    name = f"{prefix}:{_action_of(call)}"
    if name in NEEDS_NOTHING:
        return []
    resources, context = _READERS.get(call.service, _nowhere)(call)
    tags = _tags_given(call)
    for key, value in tags.items():
        context[f"aws:requesttag/{key.lower()}"] = (value,)
    if tags:
        context["aws:tagkeys"] = tuple(tags)
    wanted = [Needed(name, each, context) for each in resources or [ANY]]
    if tags and resources and (tagging := _TAGGING.get(call.service)) and _creates(call):
        made = context | {"ecs:createaction": (call.operation,)}
        wanted += [Needed(tagging.get(call.operation, tagging["*"]), resources[0], made)]
    return wanted + [
        Needed("iam:PassRole", role, {"iam:passedtoservice": (service,)})
        for role, service in _passed_roles(call)
    ]


def _action_of(call: Call) -> str:
    """SQS asks for the action of a batch under its single name."""
    return call.operation.removesuffix("Batch") if call.service == "sqs" else call.operation


def _creates(call: Call) -> bool:
    return call.operation.startswith(("Create", "Register", "Put"))


_TAGGING: Mapping[str, Mapping[str, str]] = {
    "ecs": {"*": "ecs:TagResource"},
    "events": {"*": "events:TagResource"},
    "sns": {"*": "sns:TagResource"},
    "sqs": {"*": "sqs:TagQueue"},
    "iam": {"*": "iam:TagRole", "CreateUser": "iam:TagUser", "CreatePolicy": "iam:TagPolicy"},
}


def _tags_given(call: Call) -> dict[str, str]:
    """Tags are a list of keys and values, in SQS a map."""
    found = next((call.params[each] for each in ("tags", "Tags") if each in call.params), None)
    if isinstance(found, Mapping):
        return {str(key): str(value) for key, value in found.items()}
    tags = {}
    for each in found if isinstance(found, list) else ():
        if isinstance(each, Mapping):
            lower = {str(name).lower(): value for name, value in each.items()}
            tags[str(lower.get("key", ""))] = str(lower.get("value", ""))
    return tags


def _passed_roles(call: Call) -> Iterator[tuple[str, str]]:
    """Roles that the caller hands to a service, each once."""
    if (call.service, call.operation) == ("ecs", "RegisterTaskDefinition"):
        roles = [call.text("taskRoleArn"), call.text("executionRoleArn")]
        yield from ((role, ECS_TASKS) for role in dict.fromkeys(roles) if role)
    if (call.service, call.operation) == ("events", "PutTargets"):
        roles = [str(each.get("RoleArn") or "") for each in call.items("Targets")]
        yield from ((role, EVENTS) for role in dict.fromkeys(roles) if role)


# --- the resources of each service ------------------------------------------------------------


Found = tuple[list[str], dict[str, Sequence[str]]]
"""The ARNs that the action is asked on (none: "*"), and the service's own condition keys."""


def _nowhere(_: Call) -> Found:
    return [], {}


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


def _ecs(call: Call) -> Found:
    """A cluster that is not named is `default`."""
    cluster = _last(call.text("cluster", "default"))
    cluster_arn = call.arn("ecs", f"cluster/{cluster}")
    in_cluster: dict[str, Sequence[str]] = {"ecs:cluster": (cluster_arn,)}
    match call.operation:
        case "CreateCluster":
            return [call.arn("ecs", f"cluster/{call.text('clusterName', 'default')}")], {}
        case "DeleteCluster":
            return [cluster_arn], {}
        case "DescribeClusters":
            names = call.texts("clusters") or ["default"]
            return [call.arn("ecs", f"cluster/{_last(each)}") for each in names], {}
        case "RegisterTaskDefinition":
            return [call.arn("ecs", f"task-definition/{call.text('family')}:*")], {}
        case "DeleteTaskDefinitions":
            names = call.texts("taskDefinitions")
            return [call.arn("ecs", f"task-definition/{_last(each)}") for each in names], {}
        case "ListTasks" | "ListServices":
            return [], in_cluster
        case "TagResource" | "UntagResource" | "ListTagsForResource":
            return [call.text("resourceArn", ANY)], {}
        case "DescribeTasks" | "StopTask" | "GetTaskProtection" | "UpdateTaskProtection":
            ids = call.texts("tasks") or [call.text("task")]
            return [call.arn("ecs", f"task/{cluster}/{_last(each)}") for each in ids], in_cluster
    return _ecs_services(call, cluster, in_cluster)


def _ecs_services(call: Call, cluster: str, in_cluster: dict[str, Sequence[str]]) -> Found:
    """What is asked of a service, and of its deployments and revisions: there of both."""
    match call.operation:
        case "CreateService" | "UpdateService" | "DeleteService" | "ListServiceDeployments":
            name = _last(call.text("service") or call.text("serviceName"))
            return [call.arn("ecs", f"service/{cluster}/{name}")], in_cluster
        case "DescribeServices":
            names = call.texts("services")
            return [call.arn("ecs", f"service/{cluster}/{_last(e)}") for e in names], in_cluster
        case "DescribeServiceDeployments":
            return _with_their_services(call, call.texts("serviceDeploymentArns"))
        case "StopServiceDeployment":
            return _with_their_services(call, [call.text("serviceDeploymentArn")])
        case "DescribeServiceRevisions":
            return _with_their_services(call, call.texts("serviceRevisionArns"))
    return [], {}


def _with_their_services(call: Call, arns: Sequence[str]) -> Found:
    """…:service-deployment/CLUSTER/SERVICE/ID is asked of …:service/CLUSTER/SERVICE as well."""
    found: dict[str, None] = {}
    context: dict[str, Sequence[str]] = {}
    for arn in arns:
        _, _, path = arn.partition("/")
        cluster, _, rest = path.partition("/")
        service = call.arn("ecs", f"service/{cluster}/{rest.partition('/')[0]}")
        found |= {service: None, arn: None}
        context = {
            "ecs:cluster": (call.arn("ecs", f"cluster/{cluster}"),),
            "ecs:service": (service,),
        }
    return list(found), context


def _sns(call: Call) -> Found:
    if call.operation == "CreateTopic":
        return [call.arn("sns", call.text("Name"))], {}
    if call.operation in ("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes"):
        return [], {}
    names = ("TopicArn", "ResourceArn", "TargetArn")
    arn = next((call.text(each) for each in names if call.text(each)), "")
    context: dict[str, Sequence[str]] = {}
    if call.operation == "Subscribe":
        for key in ("Protocol", "Endpoint"):
            if call.text(key):
                context[f"sns:{key.lower()}"] = (call.text(key),)
    return ([arn] if arn else []), context


def _sqs(call: Call) -> Found:
    name = call.text("QueueName") or _last(call.text("QueueUrl"))
    return ([call.arn("sqs", name)] if name else []), {}


_RULE_MEMBERS = {"PutTargets": "Rule", "RemoveTargets": "Rule", "ListTargetsByRule": "Rule"}
_OF_A_RULE = ("PutRule", "DescribeRule", "DeleteRule", "EnableRule", "DisableRule")


def _events(call: Call) -> Found:
    bus = _last(call.text("EventBusName", "default"))
    if call.operation in (*_OF_A_RULE, *_RULE_MEMBERS):
        name = call.text(_RULE_MEMBERS.get(call.operation, "Name"))
        path = name if bus == "default" else f"{bus}/{name}"
        context: dict[str, Sequence[str]] = {}
        if call.operation == "PutTargets":
            context["events:targetarn"] = tuple(str(e.get("Arn")) for e in call.items("Targets"))
        return [call.arn("events", f"rule/{path}")], context
    if call.operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return [call.text("ResourceARN", ANY)], {}
    if call.operation == "PutEvents":
        names = [str(each.get("EventBusName") or "default") for each in call.items("Entries")]
        buses = [_last(each) for each in names]
        return [call.arn("events", f"event-bus/{each}") for each in dict.fromkeys(buses)], {}
    if call.operation in ("CreateEventBus", "DeleteEventBus", "DescribeEventBus"):
        return [call.arn("events", f"event-bus/{_last(call.text('Name', 'default'))}")], {}
    return [], {}


_LINKED_ROLES = {"ecs.amazonaws.com": "ECS"}


def _iam(call: Call) -> Found:
    """A role, a user or a group by its name, or a policy by its ARN."""
    context: dict[str, Sequence[str]] = {}
    if call.operation == "CreateServiceLinkedRole":
        service = call.text("AWSServiceName")
        context["iam:awsservicename"] = (service,)
        name = f"AWSServiceRoleFor{_LINKED_ROLES.get(service, service.partition('.')[0])}"
        return [call.arn("iam", f"role/aws-service-role/{service}/{name}")], context
    if call.operation == "SimulatePrincipalPolicy":
        return [call.text("PolicySourceArn", ANY)], {}
    if call.operation.startswith(("Attach", "Detach")):
        context["iam:policyarn"] = (call.text("PolicyArn"),)
    for kind in ("role", "user", "group"):
        if name := call.text(f"{kind.title()}Name"):
            made = call.arn("iam", f"{kind}{call.text('Path', '/')}{name}")
            return [call.known_arn(kind, name) or made], context
    if call.operation == "CreatePolicy":
        return [call.arn("iam", f"policy{call.text('Path', '/')}{call.text('PolicyName')}")], {}
    return ([call.text("PolicyArn")] if call.text("PolicyArn") else []), context


def _sts(call: Call) -> Found:
    return ([call.text("RoleArn")] if call.text("RoleArn") else []), {}


def _kms(call: Call) -> Found:
    key = call.text("KeyId")
    if not key or key.startswith("arn:"):
        return ([key] if key else []), {}
    return [call.known_arn("key", key) or call.arn("kms", f"key/{key}")], {}


_READERS: Mapping[str, Callable[[Call], Found]] = {
    "ecs": _ecs,
    "sns": _sns,
    "sqs": _sqs,
    "events": _events,
    "iam": _iam,
    "sts": _sts,
    "kms": _kms,
}
