"""Room: what goes wrong around ECS and stands in no task definition.

Lives here: the faults that `PUT /_emulator/faults` sets, as JSON. All are off until they are named:

    {"no_capacity": true}                Fargate has no room
    {"no_route": true}                   tasks reach no registry
    {"account_blocked": true}            AWS has blocked the account
    {"throttled_targets": true}          what EventBridge delivers to says "Rate exceeded"
    {"throttled_scheduler": ["ecs"]}     ECS may start no task; "elb": register no target
    {"throttled_calls": ["UpdateService"]}, {"denied_calls": ["UpdateService"]}    of ECS
    {"call_faults": [{"call": "sns:Publish", "fault": "throttling", "rate": 0.5}]}
    {"sick_tasks": [{"service": "web", "answer": 503, "after_seconds": 300}]}
    {"role_delay_seconds": 60}           a new IAM role cannot be assumed by ECS yet
    {"rule_delay_seconds": 60}           a new rule, or a new target of one, hears nothing yet

`call_faults` are for every service; the module of that name has all their forms, and `sickness`
those of `sick_tasks`.
Never here: what becomes of a task or a call because of them (fates, engine, call_faults).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ecs_emulator.wire.call_faults import CallFault
from ecs_emulator.wire.sickness import Sickness

LONGEST_DELAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Faults:
    """`throttled_scheduler`: services that ECS itself calls in vain: ("ecs",) starts no task.

    `throttled_calls` and `denied_calls`: ECS operations that are refused: ("UpdateService",).
    """

    no_capacity: bool = False
    no_route: bool = False
    account_blocked: bool = False
    throttled_targets: bool = False
    throttled_scheduler: tuple[str, ...] = ()
    throttled_calls: tuple[str, ...] = ()
    denied_calls: tuple[str, ...] = ()
    call_faults: tuple[CallFault, ...] = ()
    sick_tasks: tuple[Sickness, ...] = ()
    role_delay_seconds: float = 0.0
    rule_delay_seconds: float = 0.0

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Faults:
        """From JSON; what is not named is off. Raises ValueError with one sentence."""
        known = [each.name for each in fields(cls)]
        for name in content:
            if name not in known:
                raise ValueError(f"There is no fault {name!r}. There are {', '.join(known)}.")
        return cls(**{name: _READERS[name](name, value) for name, value in content.items()})

    def as_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        calls = [each.as_json() for each in self.call_faults]
        return plain | {"call_faults": calls, "sick_tasks": [s.as_json() for s in self.sick_tasks]}


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(  # noqa: TRY004 - to the caller all of these are wrong values
            f"{name} must be true or false, not {value!r}."
        )
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f'{name} must be a list like ["UpdateService"], not {value!r}.')
    return tuple(value)


def _services(name: str, value: object) -> tuple[str, ...]:
    given = _texts(name, value)
    for each in given:
        if each not in ("ecs", "elb"):
            raise ValueError(f"{name} may have ecs and elb, not {each!r}.")
    return given


def _list_of(read: Callable[[Any], Any]) -> Callable[[str, object], tuple[Any, ...]]:
    def read_all(name: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(  # noqa: TRY004 - to the caller all of these are wrong values
                f"{name} must be a list of objects, not {value!r}."
            )
        return tuple(map(read, value))

    return read_all


def _seconds(name: str, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= LONGEST_DELAY_SECONDS:  # type: ignore[operator]
        most = f"{LONGEST_DELAY_SECONDS:g}"
        raise ValueError(f"{name} must be a number from 0 to {most}, not {value!r}.")
    return float(value)  # type: ignore[arg-type]


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    **dict.fromkeys(("no_capacity", "no_route", "account_blocked", "throttled_targets"), _switch),
    **dict.fromkeys(("throttled_calls", "denied_calls"), _texts),
    "throttled_scheduler": _services,
    "call_faults": _list_of(CallFault.read),
    "sick_tasks": _list_of(Sickness.read),
    **dict.fromkeys(("role_delay_seconds", "rule_delay_seconds"), _seconds),
}
