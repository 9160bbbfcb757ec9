"""Room: what the scheduler asks of the rest of the account while it works.

Lives here: the questions, each with the answer of a world in which nothing is amiss.
Never here: who answers (emulated_aws), what an answer leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecs_emulator.ecs.tasks.checkups import Complaint, everything_is_bad
from ecs_emulator.ecs.tasks.health import Checker
from ecs_emulator.wire.sickness import Sickness
from ecs_emulator.world.lookups import Alarms
from ecs_emulator.world.state import Service, TaskDefinition

TargetCheckers = Callable[[Service, TaskDefinition], Sequence[Checker]]


def _no_target_groups(_: Service, __: TaskDefinition) -> Sequence[Checker]:
    return ()


def _nobody_is_sick() -> Sequence[Sickness]:
    return ()


def _at_once(_: Service) -> float:
    return 0.0


def _no_alarms(_: str, __: Sequence[str]) -> Alarms:
    return Alarms()


def _always() -> bool:
    return True


def _never() -> bool:
    return False


def _none(_: str) -> bool:
    return False


def _somebody_listens(_: str, __: str) -> bool:
    return True


def _no_error(_: TaskDefinition) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Outside:
    """`target_checkers(service, definition)`: what its target groups ask of a task.

    `sicknesses()`: tasks that answer badly though nothing in their definition says so;
    `complaint(task, checker, answer)`: what a checker makes of such an answer.
    `draining_seconds(service)`: how long its target groups drain connections.

    `has_capacity()`: Fargate has room. `is_blocked()`: AWS has blocked the account.
    `is_throttled("ecs")`, `is_throttled("elb")`: that service takes no call of the scheduler.
    `is_heard(region, detail-type)`: whether any rule could hear such events.
    `launch_error(definition)`: why no task of it can be launched at all. Empty: it can.
    """

    target_checkers: TargetCheckers = _no_target_groups
    sicknesses: Callable[[], Sequence[Sickness]] = _nobody_is_sick
    complaint: Complaint = everything_is_bad
    draining_seconds: Callable[[Service], float] = _at_once
    has_capacity: Callable[[], bool] = _always
    is_blocked: Callable[[], bool] = _never
    is_throttled: Callable[[str], bool] = _none
    launch_error: Callable[[TaskDefinition], str] = _no_error
    alarms: Callable[[str, Sequence[str]], Alarms] = _no_alarms
    is_heard: Callable[[str, str], bool] = _somebody_listens
