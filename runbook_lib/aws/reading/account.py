"""Room: what the account has beside ECS: the execution role and the network.

Lives here: the read calls of IAM and EC2 and the translation out of their replies.
Never here: decisions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib import facts
from runbook_lib.aws.reading.paging import tags_of
from runbook_lib.aws.refusals import code_of
from runbook_lib.aws.registries import Image
from runbook_lib.aws.session import Session

_ASSUMED_ROLE = re.compile(r"arn:[^:]+:sts::\d+:assumed-role/([^/]+)/")
_NO_IMAGE = ("ImageNotFoundException", "RepositoryNotFoundException")
FARGATE_VCPUS = "L-3032A538"
"""The quota "Fargate On-Demand vCPU resource count".
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def read_role(session: Session, name: str) -> facts.Role | None:
    iam = session.client("iam")
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        raise
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return facts.Role(
        name=name,
        arn=role["Arn"],
        policy_arns=tuple(each["PolicyArn"] for each in attached),
        tags=tags_of(role.get("Tags", ())),
    )


def read_default_network(session: Session) -> facts.Network | None:
    """Every subnet of the Region's default VPC, and its default security group."""
    ec2 = session.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        return None
    inside = {"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}
    subnets = ec2.describe_subnets(Filters=[inside])["Subnets"]
    groups = ec2.describe_security_groups(
        Filters=[inside, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    ordered = sorted(subnets, key=lambda each: each["AvailabilityZone"])
    return facts.Network(
        subnet_ids=tuple(each["SubnetId"] for each in ordered),
        security_group_ids=tuple(each["GroupId"] for each in groups),
        source=f"default VPC {vpcs[0]['VpcId']}",
    )


def read_missing_network_ids(session: Session, network: facts.Network) -> tuple[str, ...]:
    """Those of the network's ids that do not exist in the Region."""
    ec2 = session.client("ec2")
    subnets = _existing(
        ec2.describe_subnets, "Subnets", "SubnetId", "subnet-id", network.subnet_ids
    )
    groups = _existing(
        ec2.describe_security_groups,
        "SecurityGroups",
        "GroupId",
        "group-id",
        network.security_group_ids,
    )
    wanted = (*network.subnet_ids, *network.security_group_ids)
    return tuple(each for each in wanted if each not in subnets | groups)


def _existing(call: Any, key: str, member: str, name: str, ids: tuple[str, ...]) -> set[str]:
    if not ids:
        return set()
    found = call(Filters=[{"Name": name, "Values": list(ids)}])[key]
    return {each[member] for each in found}


def read_ecr_image(session: Session, image: Image) -> bool:
    """Is the image in its private ECR repository?"""
    key = "imageDigest" if ":" in image.reference else "imageTag"
    try:
        session.client("ecr", image.ecr_region).describe_images(
            registryId=image.ecr_account,
            repositoryName=image.repository,
            imageIds=[{key: image.reference}],
        )
    except ClientError as error:
        if code_of(error) in _NO_IMAGE:
            return False
        raise
    return True


def read_fargate_vcpus(session: Session) -> float | None:
    """How many vCPUs the account's Fargate tasks may have; None if nobody says."""
    try:
        reply = session.client("service-quotas").get_service_quota(
            ServiceCode="fargate", QuotaCode=FARGATE_VCPUS
        )
    except (BotoCoreError, ClientError):
        return None
    return float(reply["Quota"]["Value"])


def read_alarm(session: Session, name: str) -> facts.Alarm | None:
    """The CloudWatch alarm with its tags; None if there is none."""
    cloudwatch = session.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        return None
    arn = found[0]["AlarmArn"]
    tags = tags_of(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"])
    return facts.Alarm(name, arn, found[0]["StateValue"], tags)


def read_principal(session: Session) -> str:
    """The ARN of the user or role whose policies count for the caller.

    An assumed role's own ARN lacks the role's path, so IAM is asked.
    """
    found = _ASSUMED_ROLE.match(session.caller)
    if found is None:
        return session.caller
    return str(session.client("iam").get_role(RoleName=found[1])["Role"]["Arn"])


def simulate(
    session: Session,
    principal: str,
    actions: tuple[str, ...],
    resources: tuple[str, ...],
    condition: Mapping[str, Mapping[str, str]],
) -> tuple[str, ...]:
    """The actions that the principal's policies do not allow on these resources.

    `condition` is that of the statement: its values are what the calls will bring.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    reply = session.client("iam").simulate_principal_policy(
        PolicySourceArn=principal,
        ActionNames=list(actions),
        ResourceArns=list(resources),
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for wanted in condition.values()
            for key, value in wanted.items()
        ],
    )
    return tuple(
        each["EvalActionName"]
        for each in reply["EvaluationResults"]
        if each["EvalDecision"] != "allowed"
    )
