"""Room: an event on its way to a target, as values.

Lives here: the moment of an attempt, and what became of it.
Never here: when an attempt is made, and how (eventbridge).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from ecs_emulator.messaging.mail import stamp
from ecs_emulator.world.lookups import Target
from ecs_emulator.world.messages import Stimulus

Outcome = Literal["delivered", "retrying", "failed", "unsupported"]


@dataclass(frozen=True, slots=True)
class AttemptDelivery(Stimulus):
    """The moment when EventBridge hands one event to one target."""

    region: str
    target: Target
    event_json: str
    published_at: datetime
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one event at one target."""

    time: datetime
    region: str
    event_id: str
    detail_type: str
    event_name: str
    rule: str
    target_id: str
    target_arn: str
    outcome: Outcome
    error_code: str = ""
    error: str = ""
    message_id: str = ""
    dead_letter: str = ""
    """delivered, or why the dead-letter queue did not take it. Empty if the target has none."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"time": stamp(self.time)}
