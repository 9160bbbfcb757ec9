"""Room: the text that a target of an EventBridge rule receives.

Lives here: Input, InputPath and InputTransformer, applied to one event.
Never here: which target, or whether the text arrives.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ecs_emulator.messaging.mail import stamp
from ecs_emulator.world.lookups import Event, Target

ENVELOPE = (
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9._-]+)>")
_MISSING = object()


def event_text(event: Event) -> str:
    """{"version":"0","id":...}: the keys in the order of AWS, and no space that need not be."""
    known = {key: event[key] for key in ENVELOPE if key in event}
    return compact(known | {key: value for key, value in event.items() if key not in known})


def target_text(event: Event, target: Target, ingested_at: datetime) -> str:
    """Input is sent as it is, InputPath sends a part, InputTransformer a text; else the event."""
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        part = at_path(event, target.input_path)
        return "null" if part is _MISSING else compact(part)
    if target.input_template is None:
        return event_text(event)
    return fill(target.input_template, _values(event, target, ingested_at))


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Put values for <placeholders>. Inside quotes a text goes in bare, outside as JSON.

    {"task": <id>, "note": "task <id>"} with id abc: {"task": "abc", "note": "task abc"}.
    A placeholder that nobody declared stays; one whose path finds nothing becomes empty.
    """
    parts, end, quoted = [], 0, False
    for found in _PLACEHOLDER.finditer(template):
        before = template[end : found.start()]
        quoted ^= before.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1
        parts.append(before)
        name = found[1]
        parts.append(_inserted(values[name], quoted) if name in values else found[0])
        end = found.end()
    return "".join((*parts, template[end:]))


def at_path(event: Any, path: str) -> Any:
    """$.detail.eventName, $.resources[0], or $ for everything."""
    node = event
    for step in _STEP.finditer(path.removeprefix("$")):
        key, index = step[1] or step[3], step[2]
        if key is not None and isinstance(node, Mapping) and key in node:
            node = node[key]
        elif index is not None and isinstance(node, list) and int(index) < len(node):
            node = node[int(index)]
        else:
            return _MISSING
    return node


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _values(event: Event, target: Target, ingested_at: datetime) -> dict[str, Any]:
    declared = {name: at_path(event, path) for name, path in target.input_paths}
    return declared | {
        "aws.events.rule-arn": target.rule_arn,
        "aws.events.rule-name": target.rule_name,
        "aws.events.event.ingestion-time": stamp(ingested_at),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": dict(event),
    }


def _inserted(value: Any, quoted: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    if not quoted:
        return compact(value)
    text = value if isinstance(value, str) else compact(value)
    return compact(text)[1:-1]
