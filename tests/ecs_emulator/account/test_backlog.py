"""The messages of a queue: received, hidden, delayed, expired, and none looked at in vain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecs_emulator.account.backlog import Backlog, Messages


@dataclass(eq=False)
class Message:
    name: str
    sent_timestamp: float = 0.0
    visible_at: float = 0.0
    delayed_until: float = 0.0
    receipt_handle: str | None = None
    deduplication_id: str | None = None
    looks: list[str] = field(default_factory=list)


class Clock:
    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def names(messages: Any) -> list[str]:
    return [each.name for each in messages]


def receive(backlog: Backlog, clock: Clock, hidden_for: float = 30, most: int = 10) -> list[str]:
    """As moto does: what is handed out is hidden, and gets a receipt handle."""
    got = []
    for message in Messages(backlog):
        message.visible_at = clock.now + hidden_for
        message.receipt_handle = f"{message.name}@{clock.now:g}"
        got.append(message.name)
        if len(got) == most:
            break
    return got


def test_what_is_received_is_hidden_and_comes_back_in_its_old_place(clock: Clock) -> None:
    backlog = Backlog(clock, [Message(each) for each in "abc"])

    assert receive(backlog, clock, most=2) == ["a", "b"]
    assert (names(backlog.ready()), backlog.in_flight_count) == (["c"], 2)
    clock.now += 31
    assert (names(backlog.ready()), backlog.in_flight_count) == (["a", "b", "c"], 0)


def test_a_delayed_message_is_counted_apart_until_it_is_due(clock: Clock) -> None:
    backlog = Backlog(clock, [Message("now"), Message("later", delayed_until=60)])

    assert (backlog.ready_count, backlog.delayed_count) == (1, 1)
    clock.now = 61
    assert (backlog.ready_count, backlog.delayed_count) == (2, 0)


def test_every_handle_of_a_message_means_it_until_it_is_removed(clock: Clock) -> None:
    message = Message("a")
    backlog = Backlog(clock, [message])
    receive(backlog, clock)
    clock.now = 40
    receive(backlog, clock)

    assert backlog.by_handle("a@1") is backlog.by_handle("a@40") is message
    backlog.remove(message)
    assert backlog.by_handle("a@1") is None
    assert (len(backlog), list(backlog)) == (0, [])


def test_what_has_been_kept_long_enough_is_dropped(clock: Clock) -> None:
    backlog = Backlog(clock, [Message("old", sent_timestamp=5), Message("new", sent_timestamp=9)])

    backlog.expire(5)

    assert names(backlog) == ["new"]


def test_the_last_message_with_an_id_is_found(clock: Clock) -> None:
    one, two = Message("one", deduplication_id="x"), Message("two", deduplication_id="x")

    assert Backlog(clock, [one, two]).last_with("x") is two
    assert Backlog(clock, [one]).last_with(None) is None


steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "delay", "receive", "show", "delete", "wait"]), st.integers(0, 40)
    ),
    max_size=40,
)


@settings(deadline=None)
@given(steps)
def test_it_says_what_a_search_through_all_messages_would_say(told: list[tuple[str, int]]) -> None:
    clock = Clock()
    backlog = Backlog(clock)
    for count, (what, value) in enumerate(told):
        present = list(backlog)
        chosen = present[value % len(present)] if present else None
        if what == "send":
            backlog.append(Message(str(count), sent_timestamp=clock.now))
        elif what == "delay":
            backlog.append(Message(str(count), delayed_until=clock.now + value))
        elif what == "receive":
            receive(backlog, clock, hidden_for=value, most=value % 4 + 1)
        elif what == "show" and chosen:
            chosen.visible_at = 0.0
            backlog.moved(chosen)
        elif what == "delete" and chosen:
            backlog.remove(chosen)
        elif what == "wait":
            clock.now += value
        hidden = [each for each in backlog if clock.now <= each.visible_at]
        delayed = [each for each in backlog if clock.now < each.delayed_until]
        ready = [each for each in backlog if each not in hidden and each not in delayed]
        assert names(backlog.ready()) == names(ready)
        assert backlog.in_flight_count == len(hidden)
        assert backlog.delayed_count == len(delayed)
