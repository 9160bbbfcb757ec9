"""Room: the plan of a load balancer whose target group asks the health of a lab's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import AWS_TAGS
from runbook_lib.plans.steps import Plan, Result, Step

PORT = 80
MOST_SUBNETS = 2
_NAME_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCheck:
    """What the target group asks: `path` every `interval` s; so many bad answers are too many."""

    path: str = "/"
    interval: int = 10
    unhealthy_threshold: int = 2


def balancer_name(settings: Settings) -> str:
    return settings.service[:_NAME_LENGTH]


_GROUP_ARN, _BALANCER_ARN = "TargetGroups[0].TargetGroupArn", "LoadBalancers[0].LoadBalancerArn"


def plan_balancer(
    settings: Settings,
    check: TargetCheck,
    *,
    vpc: str,
    subnets: Sequence[str],
    security_groups: Sequence[str],
    present: facts.Balancer,
) -> Plan:
    """Target group, load balancer, listener: each only if it is not there."""
    name = balancer_name(settings)
    group: Any = present.target_group or Result(
        "CreateTargetGroup",
        _GROUP_ARN,
        shown="the target group's ARN",
        command=_asked("describe-target-groups", name, _GROUP_ARN),
    )
    balancer: Any = present.load_balancer or Result(
        "CreateLoadBalancer",
        _BALANCER_ARN,
        shown="the load balancer's ARN",
        command=_asked("describe-load-balancers", name, _BALANCER_ARN),
    )
    steps = (
        _step(
            "CreateTargetGroup",
            f"target group {name}",
            "it asks each task for its health",
            bool(present.target_group),
            Name=name,
            Protocol="HTTP",
            Port=PORT,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=check.path,
            HealthCheckIntervalSeconds=check.interval,
            HealthCheckTimeoutSeconds=5,
            UnhealthyThresholdCount=check.unhealthy_threshold,
            Tags=AWS_TAGS,
        ),
        _step(
            "CreateLoadBalancer",
            f"load balancer {name}",
            "ECS wants one in front of a target group",
            bool(present.load_balancer),
            Name=name,
            Scheme="internal",
            Subnets=list(subnets[:MOST_SUBNETS]),
            SecurityGroups=list(security_groups),
            Tags=AWS_TAGS,
        ),
        _step(
            "CreateListener",
            f"listener of {name}",
            "it hands requests to the target group",
            present.has_listener,
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=PORT,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            Tags=AWS_TAGS,
        ),
    )
    return Plan("Create the load balancer", settings.service, steps)


def _asked(command: str, name: str, path: str) -> str:
    return f"aws elbv2 {command} --names {name} --query '{path}' --output text"


def delete_balancer_steps(present: facts.Balancer) -> tuple[Step, ...]:
    """The load balancer takes its listener with it."""
    steps = []
    if present.load_balancer:
        arn = present.load_balancer
        steps.append(_gone("DeleteLoadBalancer", "load balancer", LoadBalancerArn=arn))
    if present.target_group:
        arn = present.target_group
        steps.append(_gone("DeleteTargetGroup", "target group", TargetGroupArn=arn))
    return tuple(steps)


def _step(operation: str, makes: str, why: str, is_there: bool, **given: Any) -> Step:
    return Step(
        service="elbv2",
        operation=operation,
        input=given,
        why=why,
        makes=makes,
        permissions=(f"elasticloadbalancing:{operation}", "elasticloadbalancing:AddTags"),
        undo="aws elbv2 delete-load-balancer, delete-target-group",
        satisfied=f"{makes} exists" if is_there else "",
    )


def _gone(operation: str, what: str, **given: Any) -> Step:
    return Step(
        service="elbv2",
        operation=operation,
        input=given,
        why="the lab is over",
        makes=f"{what} removed",
        permissions=(f"elasticloadbalancing:{operation}",),
        undo="run the lab again",
    )
