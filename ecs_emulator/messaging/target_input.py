"""Room: the text that a target of an EventBridge rule receives.

Lives here: Input, InputPath and InputTransformer: what PutTargets refuses of them, and what they
make of one event.
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
_PATH = re.compile(r"\$(?:\.[^.\[\]]+|\[\d+\]|\['[^']+'\])*")
_MISSING = object()
_RENAMED = {"detail-type": "detailType"}
_PREDEFINED = frozenset(
    f"aws.events.{each}"
    for each in ("rule-arn", "rule-name", "event.ingestion-time", "event", "event.json")
)
"""Placeholders that need not be declared."""


def event_text(event: Event) -> str:
    """{"version":"0","id":...}: the keys in the order of AWS, and no space that need not be."""
    known = {key: event[key] for key in ENVELOPE if key in event}
    return compact(known | {key: value for key, value in event.items() if key not in known})


class InvalidTarget(Exception):
    """PutTargets refuses this target: ValidationException, with this text."""


class NotJson(Exception):
    """What the transformer makes of this event is no JSON: it cannot be delivered."""


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse what PutTargets refuses. `target` as the API has it. Raises `InvalidTarget`.

    Of Input, InputPath and InputTransformer at most one; Input is JSON; a path begins with $;
    every placeholder of the template is declared, or one of EventBridge's own.
    """
    name = target.get("Id", "")
    given = [each for each in ("Input", "InputPath", "InputTransformer") if target.get(each)]
    if len(given) > 1:
        raise InvalidTarget(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if target.get("Input") and not _is_json(target["Input"]):
        raise InvalidTarget(f"JSON syntax error in input for target {name}.")
    if target.get("InputPath") and not _is_path(target["InputPath"]):
        raise InvalidTarget(f"Invalid InputPath for target {name}.")
    if transformer := target.get("InputTransformer"):
        _check_transformer(name, transformer)


def _check_transformer(name: str, transformer: Mapping[str, Any]) -> None:
    paths = transformer.get("InputPathsMap") or {}
    for key, path in paths.items():
        if key.lower().startswith("aws."):
            raise InvalidTarget(
                f"Invalid InputPathsMap key {key} for target {name}: it must not start with AWS."
            )
        if not _is_path(path):
            raise InvalidTarget(f"Invalid InputPathsMap path {path} for target {name}.")
    for found in _PLACEHOLDER.finditer(str(transformer.get("InputTemplate", ""))):
        if found[1] not in paths and found[1] not in _PREDEFINED:
            raise InvalidTarget(
                f"InputTemplate for target {name} contains invalid placeholder {found[1]}."
            )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_path(path: str) -> bool:
    """$, then steps: .name, [0], ['name'], and nothing between them."""
    return bool(_PATH.fullmatch(path))


def target_text(event: Event, target: Target, ingested_at: datetime) -> str:
    """Input is sent as it is, InputPath sends a part, InputTransformer a text; else the event.

    An InputPath that finds nothing sends null; that is assumed. Raises `NotJson`.
    """
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        part = at_path(event, target.input_path)
        return "null" if part is _MISSING else compact(part)
    if target.input_template is None:
        return event_text(event)
    filled = fill(target.input_template, _values(event, target, ingested_at))
    if not _is_text(target.input_template) and not _is_json(filled):
        raise NotJson(f"The InputTransformer makes no JSON of this event: {filled[:200]}")
    return filled


def _is_text(template: str) -> bool:
    """A template that begins with a quote is a text, sent as it is; any other has to be JSON."""
    return template.lstrip().startswith('"')


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Put values for <placeholders>. Inside quotes a text goes in bare, outside as JSON.

    {"task": <id>, "note": "task <id>"} with id abc: {"task": "abc", "note": "task abc"}.
    In a text, "severity <levels>", a list or an object loses its own quotes: severity [HIGH]. In
    JSON it keeps them, so that it must not stand inside quotes. A path that finds nothing leaves
    nothing inside quotes, and "" outside.
    """
    parts, end, quoted, is_text = [], 0, False, _is_text(template)
    for found in _PLACEHOLDER.finditer(template):
        before = template[end : found.start()]
        quoted ^= before.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1
        parts.append(before)
        name = found[1]
        known = name in values
        parts.append(_inserted(values[name], quoted, is_text) if known else found[0])
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
        "aws.events.event": {_RENAMED.get(k, k): v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": dict(event),
    }


def _inserted(value: Any, quoted: bool, is_text: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    if not quoted:
        return compact(value)
    if isinstance(value, str):
        return compact(value)[1:-1]
    return compact(value).replace('"', "") if is_text else compact(value)
