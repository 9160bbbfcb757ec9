"""Room: what Elastic Load Balancing says of a lab's load balancer.

Lives here: finding it and its target group by name and tag.
Never here: decisions.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.aws.reading.paging import tags_of
from runbook_lib.aws.refusals import code_of
from runbook_lib.aws.session import Session
from runbook_lib.facts.tags import is_ours


def read_balancer(session: Session, name: str) -> facts.Balancer:
    """Load balancer and target group of this name, where the runbook made them."""
    client = session.client("elbv2")
    groups = _named(client.describe_target_groups, "TargetGroups", name)
    balancers = _named(client.describe_load_balancers, "LoadBalancers", name)
    group = _own(client, [each["TargetGroupArn"] for each in groups])
    balancer = _own(client, [each["LoadBalancerArn"] for each in balancers])
    listeners = client.describe_listeners(LoadBalancerArn=balancer)["Listeners"] if balancer else ()
    return facts.Balancer(group, balancer, bool(listeners))


def read_vpc(session: Session, subnet_id: str) -> str:
    reply = session.client("ec2").describe_subnets(SubnetIds=[subnet_id])
    return str(reply["Subnets"][0]["VpcId"])


def _named(describe: Any, key: str, name: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = describe(Names=[name])[key]
    except ClientError as error:
        if code_of(error) in ("TargetGroupNotFound", "LoadBalancerNotFound"):
            return []
        raise
    return found


def _own(client: Any, arns: list[str]) -> str:
    if not arns:
        return ""
    described = client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    own = [each["ResourceArn"] for each in described if is_ours(tags_of(each["Tags"]))]
    return own[0] if own else ""
