"""Room: what goes wrong around ECS and stands in no task definition.

Lives here: the faults that `PUT /_emulator/faults` sets.
Never here: what becomes of a task because of them (fates, engine).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Faults:
    """`no_capacity`: Fargate has no room. `no_route`: tasks reach no registry.

    `account_blocked`: AWS has blocked the account, and no task is started.
    `throttled_targets`: what EventBridge delivers to says "Rate exceeded", so that it tries again.
    `throttled_calls` and `denied_calls`: ECS operations that are refused: ("UpdateService",).
    """

    no_capacity: bool = False
    no_route: bool = False
    account_blocked: bool = False
    throttled_targets: bool = False
    throttled_calls: tuple[str, ...] = ()
    denied_calls: tuple[str, ...] = ()

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Faults:
        """From JSON; what is not named is off. Raises ValueError with one sentence."""
        defaults = {each.name: each.default for each in fields(cls)}
        for name, value in content.items():
            if name not in defaults:
                raise ValueError(f"There is no fault {name!r}. There are {', '.join(defaults)}.")
            if isinstance(defaults[name], bool) and not isinstance(value, bool):
                raise ValueError(  # noqa: TRY004 - to the caller all of these are wrong values
                    f"{name} must be true or false, not {value!r}."
                )
            if isinstance(defaults[name], tuple) and not _is_texts(value):
                raise ValueError(f'{name} must be a list like ["UpdateService"], not {value!r}.')
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content.items()
        }
        return cls(**given)

    def as_json(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
