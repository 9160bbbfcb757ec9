"""Room: who would be told of the failure, and in which words.

Lives here: the subscribers of the topic and the alert that arrived, as the journal has them.
Never here: asking AWS (run_record does), showing them.

A journal without them still has the calls that subscribed somebody, and whom the verdict missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.evidence.scrubbing import scrubbed

CONFIRMED, PENDING = "confirmed", "pending"
_PROBE = "-drill-probe"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`state` is "confirmed", "pending" or ""."""

    protocol: str
    endpoint: str
    state: str

    @property
    def is_probe(self) -> bool:
        """The queue with which the drill itself listens: nobody reads it."""
        return self.protocol == "sqs" and self.endpoint.endswith(_PROBE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The alert as it arrived; `where` says at whom, `subject` is a mail's."""

    where: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class WhoIsTold:
    """`is_read`: off the topic itself, not off the calls that subscribed somebody."""

    subscribers: tuple[Subscriber, ...]
    arrival: Arrival | None
    is_read: bool


def who_is_told(journal: Mapping[str, Any]) -> WhoIsTold:
    """What the journal says of it, with secrets taken out."""
    told = _members(scrubbed(_members(journal.get("told"))))
    listed, alert = told.get("subscribers"), _members(told.get("alert"))
    is_read = isinstance(listed, list)
    found = _listed(listed) if isinstance(listed, list) else _subscribed(journal)
    arrival = Arrival(*(_text(alert.get(each)) for each in ("where", "subject", "text")))
    return WhoIsTold(tuple(found), arrival if arrival.text else None, is_read)


def _listed(subscribers: list[Any]) -> Iterator[Subscriber]:
    for each in filter(None, map(_members, subscribers)):
        yield Subscriber(*(_text(each.get(name)) for name in ("protocol", "endpoint", "state")))


def _subscribed(journal: Mapping[str, Any]) -> Iterator[Subscriber]:
    """Whom the run subscribed, and whoever the verdict says is not told."""
    verdict = journal.get("verdict")
    waiting = _members(verdict).get("unconfirmed")
    pending = [_text(each) for each in scrubbed(waiting)] if isinstance(waiting, list) else []
    protocols = dict.fromkeys(pending, "") | dict(_inputs(journal.get("entries")))
    for endpoint, protocol in protocols.items():
        known = CONFIRMED if isinstance(waiting, list) else ""
        yield Subscriber(protocol, endpoint, PENDING if endpoint in pending else known)


def _inputs(entries: Any) -> Iterator[tuple[str, str]]:
    """(endpoint, protocol) of each call that subscribed somebody."""
    for entry in map(_members, entries if isinstance(entries, list) else ()):
        if entry.get("kind") == "step" and entry.get("operation") == "sns:Subscribe":
            given = _members(scrubbed(_members(entry.get("input"))))
            if given.get("Endpoint"):
                yield _text(given["Endpoint"]), _text(given.get("Protocol"))


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
