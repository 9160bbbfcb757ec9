"""The ECS API: camelCase and AWS error codes on the outside, the emulator's nouns on the inside."""

from runbook_lib.emulator.aws_api.door import EcsApi

__all__ = ["EcsApi"]
