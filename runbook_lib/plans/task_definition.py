"""Room: the plan of notebook 10: an execution role if there is none, and the good revision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from runbook_lib import facts
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import in_lower_case, in_upper_case, is_ours, is_used_by, shared_tags
from runbook_lib.plans.sharing import Shared
from runbook_lib.plans.steps import Plan, Result, Step

TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def role_arn(settings: Settings, account: str) -> str:
    return f"arn:{settings.partition}:iam::{account}:role/{settings.execution_role}"


def execution_policy(settings: Settings) -> str:
    """The ARN of AWS's own policy for the role."""
    name = "service-role/AmazonECSTaskExecutionRolePolicy"
    return f"arn:{settings.partition}:iam::aws:policy/{name}"


def definition_input(settings: Settings, account: str, image: str) -> dict[str, Any]:
    """The task definition of AWS's article, with one container of this image."""
    return {
        "family": settings.family,
        "containerDefinitions": [{"name": settings.container, "image": image, "essential": True}],
        "executionRoleArn": role_arn(settings, account),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "tags": in_lower_case(shared_tags(settings.user)),
    }


def matching_revision(
    settings: Settings, image: str, revisions: Sequence[facts.TaskDefinition]
) -> facts.TaskDefinition | None:
    """The newest revision that the runbook made for this service, of just this container and image.

    Services that share a family do not share its revisions.
    """
    wanted = {settings.container: image}
    own = (each for each in revisions if is_used_by(each.tags, settings.user))
    return next((each for each in own if each.images == wanted), None)


def register_step(
    settings: Settings,
    account: str,
    image: str,
    why: str,
    revisions: Sequence[facts.TaskDefinition],
) -> Step:
    present = matching_revision(settings, image, revisions)
    return Step(
        service="ecs",
        operation="RegisterTaskDefinition",
        input=definition_input(settings, account, image),
        why=why,
        makes=f"task definition revision of {settings.family} with {image}",
        permissions=("ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"),
        undo="aws ecs deregister-task-definition",
        satisfied=f"{present.name} has this image" if present else "",
    )


def registered(family: str, revisions: Sequence[facts.TaskDefinition]) -> Result:
    """The revision that RegisterTaskDefinition will bring: "my-task:2" until it has.

    Where revisions have been deregistered its number may be a higher one, so the AWS CLI command
    names the family: that is its newest revision.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    newest = max((each.revision for each in revisions), default=0)
    return Result(
        "RegisterTaskDefinition",
        "join(':', [taskDefinition.family, to_string(taskDefinition.revision)])",
        shown=f"{family}:{newest + 1}",
        stand_in=family,
    )


def plan_task_definition(
    settings: Settings,
    *,
    account: str,
    role: facts.Role | None,
    revisions: Sequence[facts.TaskDefinition],
) -> Plan:
    """Role, its policy, revision: three steps, each only if it is not there."""
    register = register_step(
        settings, account, settings.good_image, "the release that works", revisions
    )
    steps = (*role_steps(settings, role), register)
    return Plan("Register the task definition", settings.service, steps)


def role_steps(settings: Settings, role: facts.Role | None) -> tuple[Step, ...]:
    """The execution role and AWS's own policy for it, each only if it is not there."""
    name = settings.execution_role
    create_role = Step(
        service="iam",
        operation="CreateRole",
        input={
            "RoleName": name,
            "AssumeRolePolicyDocument": json.dumps(TRUST_POLICY),
            "Tags": in_upper_case(shared_tags(settings.user)),
        },
        why="Fargate pulls the image with this role",
        makes=f"role {name}",
        permissions=("iam:CreateRole", "iam:TagRole"),
        undo="aws iam delete-role",
        satisfied=f"role {name} exists" if role else "",
        repeats=("EntityAlreadyExists",),
    )
    attach = Step(
        service="iam",
        operation="AttachRolePolicy",
        input={"RoleName": name, "PolicyArn": execution_policy(settings)},
        why="the role may read images from ECR and write logs",
        makes=f"AmazonECSTaskExecutionRolePolicy on {name}",
        permissions=("iam:AttachRolePolicy",),
        undo="aws iam detach-role-policy",
        satisfied=_attached(role, execution_policy(settings)),
    )
    use = shared_role(role).use_steps(settings.user) if role else ()
    return create_role, *use, attach


def shared_role(role: facts.Role) -> Shared:
    return Shared("iam", f"role {role.name}", role.name, role.tags)


def _attached(role: facts.Role | None, policy: str) -> str:
    """A role that somebody else made is left as it is."""
    if role is None:
        return ""
    if policy in role.policy_arns:
        return "the policy is attached"
    return "" if is_ours(role.tags) else "the role is not the runbook's; it is left as it is"
