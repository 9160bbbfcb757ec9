"""Room: moto's SQS, whose cost does not grow with its queues.

Lives here: what is put in the place of moto's own counting and searching.
Never here: how it is done (backlog).
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import moto.sqs.models
from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Queue, SQSBackend

from ecs_emulator.account.backlog import Backlog, Messages

_KEPT_AS = "_backlog"
_theirs = SQSBackend.change_message_visibility


def _backlog(queue: Any) -> Backlog:
    found: Backlog = queue.__dict__[_KEPT_AS]
    kept_for = getattr(queue, "message_retention_period", None)
    if kept_for:
        found.expire(unix_time_millis() - int(kept_for) * 1000)
    return found


def _set_messages(queue: Any, messages: list[Any]) -> None:
    queue.__dict__[_KEPT_AS] = Backlog(unix_time_millis, messages)


def _ready(queue: Any) -> Messages:
    return Messages(_backlog(queue))


def _add(queue: Any, message: Any) -> None:
    """A FIFO queue takes a message with the id of another only after five minutes."""
    backlog = _backlog(queue)
    if queue.fifo_queue and (before := backlog.last_with(message.deduplication_id)):
        passed = (message.sent_timestamp - before.sent_timestamp) / 1000
        if passed < DEDUPLICATION_TIME_IN_SECONDS:
            return
    backlog.append(message)


def _delete(queue: Any, receipt_handle: str) -> None:
    if receipt_handle in queue.deleted_messages:
        return
    message = _backlog(queue).by_handle(receipt_handle)
    if message is None:
        raise ReceiptHandleIsInvalid
    queue.pending_messages.discard(message)
    queue.deleted_messages.update(message.all_receipt_handles)
    _backlog(queue).remove(message)


def _change_visibility(
    backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int
) -> None:
    """By moto, which is shown the one message that is meant."""
    queue = backend.get_queue(queue_name)
    message = _backlog(queue).by_handle(receipt_handle)
    if message is None:
        raise ReceiptHandleIsInvalid
    backlog = queue.__dict__[_KEPT_AS]
    queue.__dict__[_KEPT_AS] = cast(Backlog, [message])
    try:
        _theirs(backend, queue_name, receipt_handle, visibility_timeout)
    finally:
        queue.__dict__[_KEPT_AS] = backlog
        backlog.moved(message)


def _pending_groups(queue: Any) -> set[str]:
    if not queue.fifo_queue:
        return set()
    return {each.group_id for each in queue.pending_messages if each.group_id is not None}


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Queue, "_messages", property(_backlog, _set_messages)),
    (Queue, "messages", property(_ready)),
    (Queue, "pending_message_groups", property(_pending_groups)),
    (Queue, "approximate_number_of_messages", property(lambda q: _backlog(q).ready_count)),
    (
        Queue,
        "approximate_number_of_messages_delayed",
        property(lambda q: _backlog(q).delayed_count),
    ),
    (
        Queue,
        "approximate_number_of_messages_not_visible",
        property(lambda q: _backlog(q).in_flight_count),
    ),
    # At every message moto makes names of Python out of the same dozen of names of AWS.
    (moto.sqs.models, "camelcase_to_underscores", cache(camelcase_to_underscores)),
    (Queue, "add_message", _add),
    (Queue, "delete_message", _delete),
    (SQSBackend, "change_message_visibility", _change_visibility),
)
"""Owner, name, and ours."""
