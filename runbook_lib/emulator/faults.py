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

    `throttled_targets`: what EventBridge delivers to says "Rate exceeded", so that it tries again.
    """

    no_capacity: bool = False
    no_route: bool = False
    throttled_targets: bool = False

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Faults:
        """From JSON; what is not named is off. Raises ValueError with one sentence."""
        known = [each.name for each in fields(cls)]
        for name, value in content.items():
            if name not in known:
                raise ValueError(f"There is no fault {name!r}. There are {', '.join(known)}.")
            if not isinstance(value, bool):
                raise ValueError(  # noqa: TRY004 - to the caller both are a wrong value
                    f"{name} must be true or false, not {value!r}."
                )
        return cls(**content)

    def as_json(self) -> dict[str, bool]:
        return {each.name: getattr(self, each.name) for each in fields(self)}
