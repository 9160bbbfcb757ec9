"""What tests of failing deployments share: `Deployed`, a service that is set up through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

ACCOUNT = "123456789876"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
BARE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/bare"
ECR = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
Aws = Callable[..., Any]
Advance = Callable[[float], None]


class Deployed:
    """A service `web` that ran well and is being updated to something else."""

    def __init__(self, aws: Aws, advance: Advance) -> None:
        self.aws, self.advance, self.ecs = aws, advance, aws("ecs")
        ec2 = aws("ec2")
        self.network = {
            "awsvpcConfiguration": {
                "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
                "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
            }
        }

    def register(self, image: str = "nginx:alpine", role: str = ROLE, **container: Any) -> str:
        made = self.ecs.register_task_definition(
            family="web",
            containerDefinitions=[
                {"name": "c", "image": image, "portMappings": [{"containerPort": 80}], **container}
            ],
            executionRoleArn=role,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def create(self, **settings: Any) -> None:
        breaker = {"enable": True, "rollback": True}
        self.ecs.create_service(
            **{
                "serviceName": "web",
                "taskDefinition": self.register(),
                "desiredCount": 1,
                "launchType": "FARGATE",
                "deploymentConfiguration": {"deploymentCircuitBreaker": breaker},
                "networkConfiguration": self.network,
                **settings,
            }
        )
        self.advance(600)

    def update(self, definition: str, seconds: float = 300, **settings: Any) -> None:
        self.ecs.update_service(service="web", taskDefinition=definition, **settings)
        self.advance(seconds)

    @property
    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(services=["web"])["services"][0]
        return found

    @property
    def events(self) -> list[str]:
        return [each["message"] for each in self.service["events"]]

    @property
    def record(self) -> dict[str, Any]:
        arns = self.ecs.list_service_deployments(service="web")["serviceDeployments"]
        found: list[dict[str, Any]] = self.ecs.describe_service_deployments(
            serviceDeploymentArns=[arns[0]["serviceDeploymentArn"]]
        )["serviceDeployments"]
        return found[0]

    def first_stopped(self) -> dict[str, Any]:
        """The first task that stopped, of those that are still shown."""
        arns = self.ecs.list_tasks(serviceName="web", desiredStatus="STOPPED")["taskArns"]
        tasks = self.ecs.describe_tasks(tasks=arns)["tasks"]
        found: dict[str, Any] = min(tasks, key=lambda task: task["createdAt"])
        return found


def target_group(
    deployed: Deployed,
    *,
    has_balancer: bool = True,
    deregistration_seconds: int = 30,
    **settings: Any,
) -> str:
    """A target group of type ip behind a load balancer, with a short deregistration delay."""
    elb, ec2 = deployed.aws("elbv2"), deployed.aws("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    arn = elb.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", **settings
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=arn,
        Attributes=[
            {
                "Key": "deregistration_delay.timeout_seconds",
                "Value": str(deregistration_seconds),
            }
        ],
    )
    if not has_balancer:
        return str(arn)
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    return str(arn)


def behind(arn: str, port: int = 80) -> dict[str, Any]:
    return {"loadBalancers": [{"targetGroupArn": arn, "containerName": "c", "containerPort": port}]}


def put_alarm(deployed: Deployed, state: str) -> None:
    cloudwatch = deployed.aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="5XX",
        Namespace="app",
        Period=60,
        EvaluationPeriods=3,
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")


def rule_to_queue(deployed: Deployed, **target: Any) -> None:
    """Every event of the service to the queue `events`; what cannot be delivered to `dead`."""
    sqs, events = deployed.aws("sqs"), deployed.aws("events")
    for name in ("events", "dead"):
        arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.create_queue(QueueName=name, Attributes={"Policy": policy})
    pattern = {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_STEADY_STATE"]}}
    events.put_rule(Name="all", EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:"
    dead = {"DeadLetterConfig": {"Arn": f"{arn}dead"}}
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": f"{arn}events", **dead, **target}])


def received(deployed: Deployed, queue: str) -> list[dict[str, Any]]:
    sqs = deployed.aws("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    return list(found.get("Messages", []))
