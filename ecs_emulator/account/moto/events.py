"""Room: moto's API of EventBridge, with what it lacks.

Lives here: the refusals of PutRule, PutTargets and PutEvents, TestEventPattern, and since when a
rule is there.
Never here: what a pattern or a target's input means (messaging).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from moto.core.exceptions import JsonRESTError
from moto.events.responses import EventsHandler

from ecs_emulator.account.lookups import SINCE, note_rule
from ecs_emulator.messaging.event_patterns import EventPattern, InvalidPattern, parse
from ecs_emulator.messaging.target_input import ENVELOPE, InvalidTarget, check_target
from ecs_emulator.world.clock import Clock


class EventsApi(EventsHandler):
    """moto's EventBridge, with the refusals of PutEvents and with TestEventPattern."""

    clock: ClassVar[Clock]

    def put_rule(self) -> Any:
        if pattern := self._get_param("EventPattern"):
            _parsed(pattern)
        return self._noted(self._get_param("Name"), super().put_rule)

    def put_targets(self) -> Any:
        try:
            for each in self._get_param("Targets") or ():
                check_target(each)
        except InvalidTarget as refusal:
            raise JsonRESTError("ValidationException", str(refusal)) from refusal
        return self._noted(self._get_param("Rule"), super().put_targets)

    def _noted(self, name: str, act: Callable[[], Any]) -> Any:
        """Note when a rule and its targets came, which moto does not."""
        bus = (self._get_param("EventBusName") or "default").rpartition("/")[2]
        rules = getattr(self.events_backend.event_buses.get(bus), "rules", {})
        before = getattr(rules.get(name), SINCE, {})
        answer = act()
        if rule := rules.get(name):
            note_rule(rule, before, self.clock.now)
        return answer

    def put_events(self) -> str:
        entries = self._get_param("Entries") or []
        own = [str(each.get("Source", "")).startswith("aws.") for each in entries]
        accepted = self.events_backend.put_events(
            [each for each, is_aws in zip(entries, own, strict=True) if not is_aws]
        )
        refusal = {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
        rest = iter(accepted)
        answers = [refusal if is_aws else next(rest) for is_aws in own]
        failed = sum("ErrorCode" in each for each in answers)
        return json.dumps({"FailedEntryCount": failed, "Entries": answers})

    def test_event_pattern(self) -> tuple[str, dict[str, Any]]:  # type: ignore[override]
        pattern = _parsed(self._get_param("EventPattern") or "")
        try:
            event = json.loads(self._get_param("Event") or "")
        except (ValueError, RecursionError) as error:
            raise _invalid_event() from error
        if not isinstance(event, dict):
            raise _invalid_event()
        wanted = [key for key in ENVELOPE if key not in ("version", "detail")]
        if missing := [key for key in wanted if key not in event]:
            raise _invalid_event(f" Reason: it lacks {', '.join(missing)}.")
        return json.dumps({"Result": pattern.matches(event)}), self.response_headers


def _parsed(text: str) -> EventPattern:
    try:
        return parse(text)
    except InvalidPattern as refusal:
        raise JsonRESTError("InvalidEventPatternException", str(refusal)) from refusal


def _invalid_event(reason: str = "") -> JsonRESTError:
    return JsonRESTError("ValidationException", f"Parameter Event is not valid.{reason}")
