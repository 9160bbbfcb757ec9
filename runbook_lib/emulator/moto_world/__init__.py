"""moto on our clock and seed. Nobody else imports moto."""

from runbook_lib.emulator.moto_world.world import MotoWorld, Surroundings

__all__ = ["MotoWorld", "Surroundings"]
