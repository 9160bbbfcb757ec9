"""Room: following one deployment by being told, not by asking.

Lives here: `watch_by_queue`: a queue of its own hears what ECS says of the service, and is gone
afterwards.
Never here: what counts as an end (deployment), the plan of the queue (plans.watch_queue).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from runbook_lib.aws.clock import LongPollClock
from runbook_lib.aws.refusals import code_of
from runbook_lib.aws.session import Session
from runbook_lib.following.deployment import LONGEST, TIMED_OUT, Following, Snapshot, Watched
from runbook_lib.following.watch_queue import (
    LONG_POLL_SECONDS,
    TARGET_ID,
    WatchQueue,
    plan_watch_queue,
    watch_queue_name,
)
from runbook_lib.plans.applying import apply

FIRST_LOOK = timedelta(minutes=1)
"""A new rule may miss what happens in its first minute: then it is looked at once more."""
BETWEEN_LOOKS = timedelta(minutes=15)
"""Without any message: an event can get lost, and a deleted service sends none."""
_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NO_RULE = "ResourceNotFoundException"


def watch_by_queue(
    session: Session,
    *,
    cluster: str,
    service: str,
    deployment_id: str,
    timeout: timedelta = LONGEST,
    tell: Callable[[str], None] = print,
    see: Callable[[Snapshot], None] | None = None,
    confirm: str = "",
) -> Watched:
    """Wait to be told that the deployment with this id has come to an end. Endings as in `watch`.

    A rule of its own sends the service's deployment events to a queue of its own; SQS answers when
    there is one, or after 20 s: three calls a minute, and the end is seen within a second or two.
    What an event says is confirmed by one DescribeServices.

    Queue and rule carry the runbook's tag, and are removed whatever happens; if the process is
    killed, 90_clean_up removes them. On AWS they are made only if `confirm` names the service;
    needed are sqs:CreateQueue, TagQueue, ReceiveMessage and DeleteQueue, events:PutRule,
    TagResource, PutTargets, RemoveTargets and DeleteRule.

    >>> watch_by_queue(session, cluster="default", service="web", deployment_id="ecs-svc/2942…").end
    'rolled back'
    """
    clock = session.clock
    following = Following(session, cluster, service, deployment_id, tell, see)
    began = clock.now()
    look_at, deadline = began + FIRST_LOOK, began + timeout
    with _listening(session, _queue_for(session, following, began), confirm) as queue_url:
        while True:
            now = clock.now()
            watched = following.look(now)
            if watched is not None:
                return watched
            if now >= deadline:
                return following.ended(TIMED_OUT)
            if now >= look_at:
                look_at = now + BETWEEN_LOOKS
            _await_news(session, queue_url, following, until=min(look_at, deadline))


def _queue_for(session: Session, following: Following, now: datetime) -> WatchQueue:
    name = watch_queue_name(following.deployment_id, now)
    return WatchQueue(
        name=name,
        arn=session.arn("sqs", name),
        rule_arn=session.arn("events", f"rule/{name}"),
        service_arn=session.arn("ecs", f"service/{following.cluster}/{following.service}"),
    )


def _await_news(session: Session, url: str, following: Following, *, until: datetime) -> None:
    """Until a message says something that was not known, or it is time to look."""
    clock, sqs = session.clock, session.client("sqs")
    arn = session.arn("sqs", url.rpartition("/")[2])
    while (left := (until - clock.now()).total_seconds()) > 0:
        seconds = min(LONG_POLL_SECONDS, max(1, round(left)))
        if isinstance(clock, LongPollClock):
            clock.until_message(arn, seconds)
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds)
        if any(_is_news(following, each["Body"]) for each in reply.get("Messages", ())):
            return


def _is_news(following: Following, body: str) -> bool:
    """A beginning is news only of a deployment that has not been seen: somebody else's."""
    detail = json.loads(body)["detail"]
    if detail["eventName"] != "SERVICE_DEPLOYMENT_IN_PROGRESS":
        return True
    return all(
        each.service.deployment(detail["deploymentId"]) is None for each in following.snapshots
    )


@contextmanager
def _listening(session: Session, queue: WatchQueue, confirm: str) -> Iterator[str]:
    """The queue's URL. Rule and queue are removed at the end, however far their making came."""
    plan = plan_watch_queue(queue.service_arn.rpartition("/")[2], queue)
    made: list[str] = []
    with ExitStack() as stack:
        if not session.needs_confirmation or confirm == plan.service:
            stack.callback(_delete_queue, session, queue, made)
            stack.callback(_remove, session, "DeleteRule", {"Name": queue.name})
            stack.callback(
                _remove, session, "RemoveTargets", {"Rule": queue.name, "Ids": [TARGET_ID]}
            )
        outcome = apply(session, plan, confirm=confirm)
        made.append(str(outcome.reply_of("CreateQueue")["QueueUrl"]))
        yield made[0]


def _remove(session: Session, operation: str, given: Mapping[str, Any]) -> None:
    """Of the rule, whatever there is of it."""
    try:
        getattr(session.client("events"), xform_name(operation))(**given)
    except ClientError as error:
        if code_of(error) != _NO_RULE:
            raise
    else:
        session.note_step(f"events:{operation}", given)


def _delete_queue(session: Session, queue: WatchQueue, made: list[str]) -> None:
    sqs = session.client("sqs")
    try:
        url = made[0] if made else sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        sqs.delete_queue(QueueUrl=url)
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
    else:
        session.note_step("sqs:DeleteQueue", {"QueueUrl": url})
