"""Facts: what was read of AWS, frozen at one moment. Nothing here calls AWS."""

from runbook_lib.facts.account import Alarm, Balancer, Cluster, Network, Role
from runbook_lib.facts.alerts import (
    Alert,
    DeadLetter,
    Key,
    Queue,
    Rule,
    RuleCounts,
    Subscription,
    Target,
    Topic,
)
from runbook_lib.facts.services import (
    CircuitBreaker,
    Container,
    Deployment,
    DeploymentAlarms,
    Service,
    ServiceDeployment,
    ServiceEvent,
    Task,
    TaskDefinition,
    short,
)

__all__ = [
    "Alarm",
    "Alert",
    "Balancer",
    "CircuitBreaker",
    "Cluster",
    "Container",
    "DeadLetter",
    "Deployment",
    "DeploymentAlarms",
    "Key",
    "Network",
    "Queue",
    "Role",
    "Rule",
    "RuleCounts",
    "Service",
    "ServiceDeployment",
    "ServiceEvent",
    "Subscription",
    "Target",
    "Task",
    "TaskDefinition",
    "Topic",
    "short",
]
