"""Room: moto's Elastic Load Balancing, which knows what ECS has registered.

Lives here: DescribeTargetHealth with the tasks of services, beside the targets that somebody
registered by hand.
Never here: how healthy a task is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

from ecs_emulator.world.state import RegisteredTarget

_NAME = "describe_target_health"
_theirs = getattr(ELBv2Backend, _NAME)


class _Described(FakeHealthStatus):
    """With its Availability Zone, as AWS has it for an address."""

    zone = ""

    @property
    def target(self) -> dict[str, str]:
        return {**super().target, "AvailabilityZone": self.zone}


def _described(target: RegisteredTarget, group: Any) -> _Described:
    port = str(group.health_check_port or "traffic-port")
    asked = str(target.port) if port == "traffic-port" else port
    state = target.state, target.reason, target.description
    if not group.load_balancer_arns:
        state = (
            "unused",
            "Target.NotInUse",
            "Target group is not configured to receive traffic from the load balancer",
        )
    found = _Described(target.ip, str(target.port), asked, *state)
    found.zone = target.zone
    return found


def _answer_for(targets_in: Callable[[str], Sequence[RegisteredTarget]]) -> Callable[..., Any]:
    def describe(backend: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> Any:
        group = backend.target_groups.get(target_group_arn)
        tasks = [_described(each, group) for each in targets_in(target_group_arn)] if group else []
        if not targets:
            return [*tasks, *_theirs(backend, target_group_arn, targets)]
        asked = {str(each["Id"]) for each in targets}
        known = {each.instance_id for each in tasks}
        others = [each for each in targets if str(each["Id"]) not in known]
        by_hand = _theirs(backend, target_group_arn, others) if others else []
        return [*(each for each in tasks if each.instance_id in asked), *by_hand]

    return describe


def take_over(targets_in: Callable[[str], Sequence[RegisteredTarget]]) -> Callable[[], None]:
    """From now on moto answers with what `targets_in(ARN)` knows. What is returned undoes it."""
    setattr(ELBv2Backend, _NAME, _answer_for(targets_in))
    return lambda: setattr(ELBv2Backend, _NAME, _theirs)
