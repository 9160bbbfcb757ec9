"""Room: how a deployment is named.

Lives here: what the id of a deployment and the ARN of a service deployment look like.
Never here: whether there is one of that name.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook_lib.errors import BadParameter

EXAMPLE = "ecs-svc/2942440254381718020"
_DEPLOYMENT = re.compile(r"ecs-svc/[0-9]{1,20}")
_SERVICE_DEPLOYMENT = re.compile(
    r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:service-deployment/"
    r"(?P<cluster>[A-Za-z0-9_-]{1,255})/(?P<service>[A-Za-z0-9_-]{1,255})/[A-Za-z0-9_-]{1,64}"
)


@dataclass(frozen=True, slots=True)
class ServiceDeploymentName:
    """The ARN of a service deployment, which names its cluster and service too."""

    arn: str
    cluster: str
    service: str


def deployment_id(value: object) -> str:
    """The id of a deployment as UpdateService replies with it: ecs-svc/2942440254381718020.

    Raises `BadParameter` for anything else: "", None, a bare number, an ARN.
    """
    if isinstance(value, str) and _DEPLOYMENT.fullmatch(value):
        return value
    raise BadParameter(
        name="deployment",
        problem=f"{value!r} is not the id of a deployment, nor the ARN of a service deployment",
        example=EXAMPLE,
    )


def deployment_name(value: object) -> str | ServiceDeploymentName:
    """The same, where the ARN of a service deployment is as good:
    arn:aws:ecs:eu-west-1:123456789876:service-deployment/default/web/r9i43YFjvgF_xlg7m2eJ1r."""
    found = _SERVICE_DEPLOYMENT.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        return ServiceDeploymentName(found[0], found["cluster"], found["service"])
    return deployment_id(value)
