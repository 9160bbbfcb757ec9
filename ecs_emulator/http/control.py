"""Room: the emulator's own controls, JSON over HTTP under /_emulator.

Lives here: clock, mail, deliveries, images, reset: what no AWS API offers.
Never here: AWS calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ecs_emulator.account.account import ACCOUNT_ID
from ecs_emulator.http.emulated_aws import EmulatedAws
from ecs_emulator.wire.faults import Faults
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse

PREFIX = "/_emulator/"
LONGEST_ADVANCE_SECONDS = 90 * 24 * 3600.0
FASTEST = 100_000.0


class BadControl(ValueError):
    """A control call that makes no sense, with the sentence that says so."""


def _json(content: object, status: int = 200) -> HttpResponse:
    body = json.dumps(content, indent=2, default=str).encode() + b"\n"
    return HttpResponse(status, {"content-type": "application/json"}, body)


def control(aws: EmulatedAws, request: HttpRequest) -> HttpResponse:
    """Answer one control call. A wrong one is a 4xx with one sentence, and changes nothing."""
    name = request.path.removeprefix(PREFIX)
    if name.startswith("mail/"):
        aws.engine.catch_up()
        return aws.account.follow_link(f"{request.path}?{request.query_string}")
    handler = _CONTROLS.get((request.method, name))
    if handler is None:
        known = ", ".join(sorted(f"{method} {PREFIX}{path}" for method, path in _CONTROLS))
        return _json({"error": f"No {request.method} {request.path}. There is {known}."}, 404)
    try:
        return _json(handler(aws, _content(request)))
    except BadControl as error:
        return _json({"error": str(error)}, 400)


def _content(request: HttpRequest) -> Mapping[str, Any]:
    try:
        content = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise BadControl("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise BadControl("The body is not a JSON object.")
    return content


def _number(content: Mapping[str, Any], name: str, most: float) -> float:
    value = content[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadControl(f"{name} must be a number from 0 to {most:.0f}, not {value!r}.")
    return float(value)


def _health(aws: EmulatedAws, _: Mapping[str, Any]) -> dict[str, Any]:
    aws.engine.catch_up()
    return {"status": "ok", "account": ACCOUNT_ID, "seed": aws.seed, **_clock(aws)}


def _clock(aws: EmulatedAws) -> dict[str, Any]:
    due = aws.clock.next_due
    return {
        "now": aws.clock.now.isoformat(timespec="milliseconds"),
        "speed": aws.clock.speed,
        "next_due": due.isoformat(timespec="milliseconds") if due else None,
    }


def _read_clock(aws: EmulatedAws, _: Mapping[str, Any]) -> dict[str, Any]:
    aws.engine.catch_up()
    return _clock(aws)


def _set_clock(aws: EmulatedAws, content: Mapping[str, Any]) -> dict[str, Any]:
    if set(content) == {"sleep_seconds"}:
        return _sleep(aws, _number(content, "sleep_seconds", LONGEST_ADVANCE_SECONDS))
    unknown = set(content) - {"advance_seconds", "speed", "until_message"}
    if unknown or not content:
        raise BadControl(
            'Say {"advance_seconds": 900}, {"speed": 60}, or both, or {"sleep_seconds": 15}.'
        )
    advance = 0.0
    if "advance_seconds" in content:
        advance = _number(content, "advance_seconds", LONGEST_ADVANCE_SECONDS)
    speed = _number(content, "speed", FASTEST) if "speed" in content else None
    queue = _queue(aws, content) if "until_message" in content else ""
    aws.engine.catch_up()
    if speed is not None:
        aws.clock.speed = speed
    _advance(aws, advance, queue)
    return _clock(aws)


def _sleep(aws: EmulatedAws, seconds: float) -> dict[str, Any]:
    """For who waits: a frozen clock leaps, and a running one gets there by itself."""
    aws.engine.catch_up()
    if not aws.clock.speed:
        _advance(aws, seconds)
    return _clock(aws)


def _queue(aws: EmulatedAws, content: Mapping[str, Any]) -> str:
    arn = content["until_message"]
    if "advance_seconds" not in content:
        raise BadControl("until_message needs advance_seconds: how far time may go at the most.")
    if not isinstance(arn, str) or aws.account.has_message(arn) is None:
        raise BadControl(f"until_message must be the ARN of a queue, not {arn!r}.")
    return arn


def _advance(aws: EmulatedAws, seconds: float, queue: str = "") -> None:
    """All of it, or only to the moment at which the queue has a message: a long poll's end."""
    end = aws.clock.now + timedelta(seconds=seconds)
    while queue and not aws.account.has_message(queue):
        due = aws.clock.next_due
        if due is None or due > end:
            break
        aws.engine.run_until(due)
    if not queue or not aws.account.has_message(queue):
        aws.engine.run_until(end)


def _mail(aws: EmulatedAws, _: Mapping[str, Any]) -> Any:
    aws.engine.catch_up()
    return aws.account.outbox.as_json()


def _deliveries(aws: EmulatedAws, _: Mapping[str, Any]) -> Any:
    aws.engine.catch_up()
    return aws.account.bus.as_json()


def _read_images(aws: EmulatedAws, _: Mapping[str, Any]) -> Any:
    return aws.images.as_json()


def _set_images(aws: EmulatedAws, content: Mapping[str, Any]) -> Any:
    for name, tags in content.items():
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise BadControl(f'{name}: give its tags as a list of texts, like ["alpine"].')
    aws.images.replace(dict(content))
    return aws.images.as_json()


def _read_faults(aws: EmulatedAws, _: Mapping[str, Any]) -> Any:
    return aws.faults.as_json()


def _set_faults(aws: EmulatedAws, content: Mapping[str, Any]) -> Any:
    try:
        aws.set_faults(Faults.read(content))
    except ValueError as error:
        raise BadControl(str(error)) from error
    return aws.faults.as_json()


def _reset(aws: EmulatedAws, content: Mapping[str, Any]) -> dict[str, Any]:
    if set(content) - {"seed"}:
        raise BadControl('Say {"seed": 1}, or nothing to keep the seed.')
    seed = content.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise BadControl(f"seed must be a whole number, not {seed!r}.")
    aws.reset(seed=seed)
    return _health(aws, {})


_CONTROLS: Mapping[tuple[str, str], Callable[[EmulatedAws, Mapping[str, Any]], Any]] = {
    ("GET", "health"): _health,
    ("GET", "clock"): _read_clock,
    ("POST", "clock"): _set_clock,
    ("GET", "mail"): _mail,
    ("GET", "deliveries"): _deliveries,
    ("GET", "images"): _read_images,
    ("PUT", "images"): _set_images,
    ("GET", "faults"): _read_faults,
    ("PUT", "faults"): _set_faults,
    ("POST", "reset"): _reset,
}
