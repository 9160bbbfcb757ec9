"""Room: the messages of one SQS queue, however many.

Lives here: which of them can be received now, how many are delayed or in flight, which one a
receipt handle means: each in a time that does not grow with the queue.
Never here: the API of SQS, an import of moto (its messages are handed in).

moto looks through the whole queue at each of these questions, and asks four of them for each
message that is sent: 1,000 messages take 11 s so, and the fourth thousand 97 s.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import Any


class Backlog:
    """The messages in the order in which they were sent. Times are milliseconds.

    A message is any object with sent_timestamp, visible_at, delayed_until, receipt_handle and
    deduplication_id. Who has changed one of these says so by `moved`.
    """

    def __init__(self, now: Callable[[], float], messages: Iterable[Any] = ()) -> None:
        self._now = now
        self._all: OrderedDict[int, Any] = OrderedDict()
        self._numbers: dict[int, int] = {}
        self._ready: list[int] = []
        self._waiting: list[tuple[float, int]] = []
        self._delayed: set[int] = set()
        self._in_flight: set[int] = set()
        self._handles: dict[str, int] = {}
        self._latest: dict[str, Any] = {}
        self._serial = 0
        for each in messages:
            self.append(each)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._all.values()))

    def append(self, message: Any) -> None:
        self._serial += 1
        self._all[self._serial] = message
        self._numbers[id(message)] = self._serial
        if message.deduplication_id:
            self._latest[message.deduplication_id] = message
        self.moved(message)

    def remove(self, message: Any) -> None:
        number = self._numbers.pop(id(message))
        del self._all[number]
        self._forget(number)

    def moved(self, message: Any) -> None:
        """Its times or its receipt handle have changed. One that is not here any more is let be."""
        number = self._numbers.get(id(message))
        if number is None:
            return
        if message.receipt_handle:
            self._handles[message.receipt_handle] = number
        now = self._now()
        is_hidden, is_delayed = now <= message.visible_at, now < message.delayed_until
        self._forget(number)
        if is_hidden:
            self._in_flight.add(number)
        if is_delayed:
            self._delayed.add(number)
        if is_hidden or is_delayed:
            due = max(message.visible_at, message.delayed_until)
            heappush(self._waiting, (due, number))
        else:
            insort(self._ready, number)

    def ready(self) -> Iterator[Any]:
        """What can be received now, oldest first. What happens to each meanwhile is noticed."""
        self._advance()
        last = 0
        while (place := bisect_right(self._ready, last)) < len(self._ready):
            last = self._ready[place]
            message = self._all[last]
            try:
                yield message
            finally:
                self.moved(message)

    @property
    def ready_count(self) -> int:
        self._advance()
        return len(self._ready)

    @property
    def delayed_count(self) -> int:
        self._advance()
        return len(self._delayed)

    @property
    def in_flight_count(self) -> int:
        self._advance()
        return len(self._in_flight)

    def by_handle(self, receipt_handle: str) -> Any:
        """The message that was received with this handle, now or before; None if it is gone."""
        return self._all.get(self._handles.get(receipt_handle, 0))

    def last_with(self, deduplication_id: str | None) -> Any:
        """The newest message that was sent with this id; None if there is none."""
        return self._latest.get(deduplication_id or "")

    def expire(self, sent_before: float) -> None:
        """Drop what has been kept for as long as the queue keeps messages."""
        while self._all:
            message = next(iter(self._all.values()))
            if message.sent_timestamp is None or message.sent_timestamp > sent_before:
                return
            self.remove(message)

    def _advance(self) -> None:
        """At that very moment a delayed message is ready; one in flight is not, and waits on."""
        now, due = self._now(), []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(heappop(self._waiting)[1])
        for number in due:
            if message := self._all.get(number):
                self.moved(message)

    def _forget(self, number: int) -> None:
        self._delayed.discard(number)
        self._in_flight.discard(number)
        place = bisect_left(self._ready, number)
        if place < len(self._ready) and self._ready[place] == number:
            del self._ready[place]


class Messages:
    """What moto asks of a queue's messages: to go through them, to count them, whether any is."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def __iter__(self) -> Iterator[Any]:
        return self._backlog.ready()

    def __len__(self) -> int:
        return self._backlog.ready_count
