"""Room: whose a watch by queue is.

Lives here: how the names of its queue and rule begin, and how a rule or a queue that is still there
tells which service it hears.
Never here: making or removing them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WATCH_PREFIX = "runbook-watch-"
"""How the names of all these queues and rules begin."""


def hears_service(event_pattern: Mapping[str, Any], service_arn: str) -> bool:
    """Whether a rule with this pattern is of a watch of the service."""
    return service_arn in event_pattern.get("resources", ())


def is_queue_for(policy: Mapping[str, Any], service_arn: str) -> bool:
    """Whether a queue with this policy is of a watch of the service: the policy's Id says so.

    Its rule cannot: a queue is made before its rule and removed after it, and the ARN of the rule
    names a deployment, not a service. A policy with any other Id is taken for somebody else's.
    """
    return bool(policy.get("Id") == service_arn)
