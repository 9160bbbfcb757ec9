"""The ECS API: camelCase and AWS error codes on the outside, the emulator's nouns on the inside."""

from ecs_emulator.api.door import EcsApi

__all__ = ["EcsApi"]
