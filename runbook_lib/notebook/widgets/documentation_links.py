"""Room: where AWS documents an operation.

Lives here: the address of the API reference page of each operation that a plan may use.
Never here: what a plan does.
"""

from __future__ import annotations

from runbook_lib.plans.steps import Step, service_model

_PAGES = {
    "cloudwatch": "AmazonCloudWatch/latest/APIReference",
    "ec2": "AWSEC2/latest/APIReference",
    "ecs": "AmazonECS/latest/APIReference",
    "elbv2": "elasticloadbalancing/latest/APIReference",
    "events": "eventbridge/latest/APIReference",
    "iam": "IAM/latest/APIReference",
    "kms": "kms/latest/APIReference",
    "sns": "sns/latest/api",
    "sqs": "AWSSimpleQueueService/latest/APIReference",
}


def documentation_link(service: str, operation: str) -> str:
    """The page in the API reference: ("ecs", "CreateService") is
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html

    Of a service that has no line above, the address that AWS itself redirects to the page.
    """
    if service in _PAGES:
        return f"https://docs.aws.amazon.com/{_PAGES[service]}/API_{operation}.html"
    version = service_model(service).metadata["uid"]
    return f"https://docs.aws.amazon.com/goto/WebAPI/{version}/{operation}"


def documentation_of(step: Step) -> str:
    """The page of the step's operation."""
    return documentation_link(step.service, step.operation)
