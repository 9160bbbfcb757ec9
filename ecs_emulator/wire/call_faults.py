"""Room: calls that go wrong on their way.

Lives here: which call is struck by which fault, and when; the error that each AWS service gives.
Never here: sockets (http.server closes them), what the call would have done.

One fault of the list `call_faults` that `PUT /_emulator/faults` takes:

    {"call": "ecs:*", "fault": "throttling", "rate": 0.2}
    {"call": "sns:Publish", "fault": "internal_failure", "times": 1}
    {"call": "*", "fault": "service_unavailable", "after_calls": 6}
    {"call": "ecs:UpdateService", "fault": "connection_dropped", "when": "after", "times": 1}
    {"call": "events:Put*", "fault": "delay", "milliseconds": 20, "virtual_seconds": 30}
    {"call": "*", "fault": "expired_token", "after_calls": 100}

`call` is service:Operation, * and ? as in a policy. `rate` is the share of the calls that are
struck (1), drawn from the emulator's seed: the same calls after a reset are struck again.
`after_calls` spares so many matching calls first (0), `times` is how often it strikes at most (no
end). A dropped connection is closed "before" the call is carried out, or "after": then the caller
cannot know that it was. A delay is real milliseconds, virtual seconds, or both. Of several faults
for one call the first that strikes wins; delays come on top.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ecs_emulator.wire.wildcards import like

THROTTLING, INTERNAL_FAILURE = "throttling", "internal_failure"
SERVICE_UNAVAILABLE, EXPIRED_TOKEN = "service_unavailable", "expired_token"
CONNECTION_DROPPED, DELAY = "connection_dropped", "delay"
KINDS = (
    THROTTLING,
    INTERNAL_FAILURE,
    SERVICE_UNAVAILABLE,
    CONNECTION_DROPPED,
    DELAY,
    EXPIRED_TOKEN,
)
BEFORE, AFTER = "before", "after"
MOST_MILLISECONDS, MOST_VIRTUAL_SECONDS = 5_000, 86_400.0
ACTION_PREFIXES = {"monitoring": "cloudwatch"}
"""The name that a request is signed for, where actions are named otherwise."""
_JSON_SERVICES = frozenset({"ecs", "events", "logs", "kms", "secretsmanager", "ecr"})


@dataclass(frozen=True, slots=True)
class CallError:
    """What the caller is told: HTTP status, code, message."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CallFault:
    call: str
    fault: str
    rate: float = 1.0
    after_calls: int = 0
    times: int | None = None
    when: str = BEFORE
    milliseconds: int = 0
    virtual_seconds: float = 0.0

    @classmethod
    def read(cls, content: object) -> CallFault:
        """From JSON. Raises ValueError with one sentence."""
        if not isinstance(content, Mapping):
            raise ValueError(  # noqa: TRY004 - to the caller all of these are wrong values
                f"A call fault is an object, not {content!r}."
            )
        known = [each.name for each in fields(cls)]
        for name in content:
            if name not in known:
                raise ValueError(f"A call fault has no {name!r}. It has {', '.join(known)}.")
        for name in ("call", "fault"):
            if not isinstance(content.get(name), str) or not content[name]:
                raise ValueError(f"A call fault needs {name!r}, a text, not {content.get(name)!r}.")
        made = cls(**content)
        made._check()
        return made

    def _check(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}, not {self.fault!r}.")
        if self.call != "*" and self.call.count(":") != 1:
            raise ValueError(f'call must be like "ecs:UpdateService" or "*", not {self.call!r}.')
        if self.when not in (BEFORE, AFTER):
            raise ValueError(f"when must be before or after, not {self.when!r}.")
        _check_number("rate", self.rate, 1)
        _check_number("milliseconds", self.milliseconds, MOST_MILLISECONDS)
        _check_number("virtual_seconds", self.virtual_seconds, MOST_VIRTUAL_SECONDS)
        _check_count("after_calls", self.after_calls)
        if self.times is not None:
            _check_count("times", self.times)
        if self.fault != CONNECTION_DROPPED and self.when != BEFORE:
            raise ValueError("when is for connection_dropped only.")
        has_delay = bool(self.milliseconds or self.virtual_seconds)
        if has_delay != (self.fault == DELAY):
            raise ValueError("A delay needs milliseconds or virtual_seconds; no other fault does.")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def is_about(self, service: str, operation: str) -> bool:
        wanted, _, name = self.call.partition(":")
        names = (service, ACTION_PREFIXES.get(service, service))
        return any(like(wanted, each) for each in names) and like(name or "*", operation)


def _check_number(name: str, value: Any, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name} must be a number from 0 to {most:g}, not {value!r}.")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number from 0 on, not {value!r}.")


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens to one call. With `drops` "" and no error it is carried out as ever."""

    error: CallError | None = None
    drops: str = ""
    milliseconds: int = 0
    virtual_seconds: float = 0.0


UNHARMED = Strike()


class CallFaults:
    """Counts the calls. `chance(purpose)` draws from 0 to 1."""

    def __init__(self, faults: Sequence[CallFault], chance: Callable[[str], float]) -> None:
        self._faults = faults
        self._chance = chance
        self._seen = [0] * len(faults)
        self._struck = [0] * len(faults)

    def strike(self, service: str, operation: str) -> Strike:
        milliseconds, virtual_seconds, worst = 0, 0.0, None
        for number, fault in enumerate(self._faults):
            if worst is not None and fault.fault != DELAY:
                continue
            if not fault.is_about(service, operation) or not self._hits(number, fault):
                continue
            milliseconds += fault.milliseconds
            virtual_seconds += fault.virtual_seconds
            worst = worst if fault.fault == DELAY else fault
        if worst is None:
            return Strike(milliseconds=milliseconds, virtual_seconds=virtual_seconds)
        if worst.fault == CONNECTION_DROPPED:
            return Strike(None, worst.when, milliseconds, virtual_seconds)
        return Strike(error_of(worst.fault, service), "", milliseconds, virtual_seconds)

    def _hits(self, number: int, fault: CallFault) -> bool:
        """Every matching call counts and is drawn for, so that the counts decide alone."""
        self._seen[number] += 1
        drawn = self._chance(f"call fault {number}") if fault.rate < 1 else 0.0
        if self._seen[number] <= fault.after_calls or drawn >= fault.rate:
            return False
        if fault.times is not None and self._struck[number] >= fault.times:
            return False
        self._struck[number] += 1
        return True


def error_of(fault: str, service: str) -> CallError:
    """How this service says it."""
    if fault == THROTTLING:
        return _throttling(service)
    if fault == EXPIRED_TOKEN:
        return _expired_token(service)
    if fault == INTERNAL_FAILURE:
        text = (
            "The request processing has failed because of an unknown error, exception or failure."
        )
        return CallError(500, "InternalError" if service == "ec2" else "InternalFailure", text)
    text = "The request has failed due to a temporary failure of the server."
    return CallError(503, "Unavailable" if service == "ec2" else "ServiceUnavailable", text)


def _throttling(service: str) -> CallError:
    if service == "ec2":
        return CallError(503, "RequestLimitExceeded", "Request limit exceeded.")
    if service == "sqs":
        return CallError(403, "RequestThrottled", "Request is throttled.")
    if service in _JSON_SERVICES:
        return CallError(400, "ThrottlingException", "Rate exceeded")
    return CallError(400, "Throttling", "Rate exceeded")


def _expired_token(service: str) -> CallError:
    if service == "ec2":
        return CallError(400, "RequestExpired", "Request has expired.")
    text = "The security token included in the request is expired"
    if service in _JSON_SERVICES:
        return CallError(400, "ExpiredTokenException", text)
    return CallError(403, "ExpiredToken", text)
