"""An Amazon ECS whose deployment circuit breaker really trips, behind the ordinary AWS endpoint.

    from ecs_emulator import Emulator

Everything else may change. It is imported when it is asked for: boto3 takes a third of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecs_emulator.client import ControlRefused
    from ecs_emulator.emulator import Emulator
    from ecs_emulator.environment import environment_for

__all__ = ["ControlRefused", "Emulator", "environment_for"]
_HOMES = {"ControlRefused": "client", "Emulator": "emulator", "environment_for": "environment"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
