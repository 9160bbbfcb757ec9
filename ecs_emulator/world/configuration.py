"""Room: how a service is to be deployed.

Lives here: the deployment configuration with its circuit breaker, alarms, load balancers and
their health checks, as frozen values with AWS's defaults.
Never here: what the scheduler makes of them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ThresholdConfiguration:
    type: str = "BOUNDED_PERCENT"
    value: int = 50


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    enable: bool = False
    rollback: bool = False
    reset_on_healthy_task: bool = True
    threshold: ThresholdConfiguration = field(default_factory=ThresholdConfiguration)


@dataclass(frozen=True, slots=True)
class DeploymentAlarms:
    """CloudWatch alarms that fail a deployment."""

    names: tuple[str, ...] = ()
    enable: bool = False
    rollback: bool = False


@dataclass(frozen=True, slots=True)
class DeploymentConfiguration:
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    alarms: DeploymentAlarms = field(default_factory=DeploymentAlarms)


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """One target group of a service, and the container port that is registered in it."""

    target_group_arn: str
    container_name: str
    container_port: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a target group asks of its targets."""

    port: str = "traffic-port"
    path: str = "/"
    interval: int = 30
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    codes: str = "200"
