"""Room: what a watch by queue has left behind because it was killed.

Lives here: finding the rules and queues of the watches of one service.
Never here: who made them, removing them.

A caller who may not list them, or not look at one of them, is shown nothing of it: nobody needs
them, and whoever only walks need not have heard of watches.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.aws.reading.alert_chain import read_queue, read_rule
from runbook_lib.aws.reading.paging import pages
from runbook_lib.aws.refusals import is_forbidden
from runbook_lib.aws.session import Session
from runbook_lib.facts.watches import WATCH_PREFIX, hears_service, is_queue_for

QUEUES_A_CALL = 1000
"""The most. SQS tells of a next page only where the caller says how many a call it wants.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html"""
T = TypeVar("T")


def read_watch_rules(session: Session, cluster: str, service: str) -> tuple[facts.Rule, ...]:
    """The rules by which watches hear this service."""
    arn = _service_arn(session, cluster, service)
    listing = partial(pages, session, "events", "list_rules", "Rules", NamePrefix=WATCH_PREFIX)
    names = [
        each["Name"]
        for each in _if_allowed(listing) or ()
        if hears_service(json.loads(each.get("EventPattern", "{}")), arn)
    ]
    found = [_if_allowed(partial(read_rule, session, name)) for name in names]
    return tuple(rule for rule in found if rule is not None)


def read_watch_queues(session: Session, cluster: str, service: str) -> tuple[facts.Queue, ...]:
    """The queues at which watches hear this service, with or without their rules."""
    arn = _service_arn(session, cluster, service)
    listing = partial(
        pages,
        session,
        "sqs",
        "list_queues",
        "QueueUrls",
        QueueNamePrefix=WATCH_PREFIX,
        PaginationConfig={"PageSize": QUEUES_A_CALL},
    )
    names = [facts.short(url) for url in _if_allowed(listing) or ()]
    found = [_if_allowed(partial(read_queue, session, name)) for name in names]
    return tuple(queue for queue in found if queue is not None and is_queue_for(queue.policy, arn))


def _service_arn(session: Session, cluster: str, service: str) -> str:
    return session.arn("ecs", f"service/{cluster}/{service}")


def _if_allowed(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ClientError as error:
        if is_forbidden(error):
            return None
        raise
