"""A watch by queue that was killed: what it leaves behind is found, shown and removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from drilling import clean_up, left_over, set_up
from killing import Fate, Killed, fate_of

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, walk, watch_by_queue
from runbook_lib.aws import reading
from runbook_lib.aws.reading import watches
from runbook_lib.aws.session import Session
from runbook_lib.errors import CallRefused
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import AWS_TAGS, TAG_KEY, TAG_VALUE
from runbook_lib.facts.watches import WATCH_PREFIX
from runbook_lib.following.watch_queue import WatchQueue, plan_watch_queue

SETTINGS = Settings()
MADE = ("CreateQueue", "PutRule", "PutTargets")
REMOVED = ("RemoveTargets", "DeleteRule", "DeleteQueue")
OURS = {TAG_KEY: TAG_VALUE}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def heard(connected: Session) -> Iterator[Fate]:
    with fate_of(connected) as fate:
        yield fate


@pytest.fixture
def fate(heard: Fate) -> Iterator[Fate]:
    heard.spare()
    yield heard
    heard.spare()


def watch(session: Session) -> None:
    """The service as it is after notebook 20: its first deployment has come to an end."""
    service = reading.read_service(session, SETTINGS.cluster, SETTINGS.service)
    assert service
    assert service.primary
    watch_by_queue(
        session,
        cluster=SETTINGS.cluster,
        service=SETTINGS.service,
        deployment_id=service.primary.id,
        tell=lambda _: None,
    )


def kill_a_watch(session: Session, fate: Fate, at: int, when: str) -> None:
    """Its steps are 1 to 3 to listen and 4 to 6 to leave nothing behind."""
    fate.kill(at, when)
    with pytest.raises(Killed):
        watch(session)
    assert fate.steps == [*MADE, *REMOVED][:at]
    fate.spare()


def listening(session: Session, name: str, service: str) -> None:
    """A watch of that service as it is while it listens."""
    queue = WatchQueue(
        name=f"{WATCH_PREFIX}{name}",
        arn=session.arn("sqs", f"{WATCH_PREFIX}{name}"),
        rule_arn=session.arn("events", f"rule/{WATCH_PREFIX}{name}"),
        service_arn=session.arn("ecs", f"service/{SETTINGS.cluster}/{service}"),
    )
    apply(session, plan_watch_queue(service, queue))


def there(aws: Aws) -> set[tuple[str, str]]:
    """Every queue and every rule of the account."""
    queues = aws("sqs").list_queues().get("QueueUrls", [])
    rules = aws("events").list_rules()["Rules"]
    return {("queue", url.rpartition("/")[2]) for url in queues} | {
        ("rule", each["Name"]) for each in rules
    }


def operations(session: Session) -> list[str]:
    return [step.operation for step in walk.clean_up_plan(session, SETTINGS)]


LEFT = {
    (1, "before"): [],
    (1, "after"): ["DeleteQueue"],
    (2, "before"): ["DeleteQueue"],
    (2, "after"): ["DeleteRule", "DeleteQueue"],
    (3, "before"): ["DeleteRule", "DeleteQueue"],
    (3, "after"): ["RemoveTargets", "DeleteRule", "DeleteQueue"],
    (4, "before"): ["RemoveTargets", "DeleteRule", "DeleteQueue"],
    (4, "after"): ["DeleteRule", "DeleteQueue"],
    (5, "before"): ["DeleteRule", "DeleteQueue"],
    (5, "after"): ["DeleteQueue"],
    (6, "before"): ["DeleteQueue"],
    (6, "after"): [],
}
"""Killed before or after this step of the watch, and what is to do then."""


@pytest.mark.whole
@pytest.mark.parametrize(
    ("at", "when"), LEFT, ids=[f"{when}-{[*MADE, *REMOVED][at - 1]}" for at, when in LEFT]
)
def test_whatever_a_killed_watch_left_is_removed_and_nothing_else(
    session: Session, aws: Aws, fate: Fate, at: int, when: str
) -> None:
    set_up(session, SETTINGS)
    before, planned = there(aws), operations(session)

    kill_a_watch(session, fate, at, when)
    plan = walk.clean_up_plan(session, SETTINGS)
    own = tuple(step for step in plan if WATCH_PREFIX in step.makes)

    assert [step.operation for step in own] == LEFT[at, when]
    assert operations(session) == [*planned, *LEFT[at, when]]
    apply(session, replace(plan, steps=own))
    assert there(aws) == before
    assert operations(session) == planned


def test_cleaning_up_after_a_killed_watch_leaves_nothing(
    session: Session, aws: Aws, fate: Fate
) -> None:
    set_up(session, SETTINGS)
    kill_a_watch(session, fate, 3, "after")
    session.clock.sleep(60)
    kill_a_watch(session, fate, 1, "after")

    clean_up(session, SETTINGS)

    assert there(aws) == set()
    assert left_over(session, SETTINGS) == []


def test_what_a_killed_watch_left_is_listed_after_the_rest(
    session: Session, aws: Aws, fate: Fate
) -> None:
    set_up(session, SETTINGS)
    rows, before = walk.inventory(session, SETTINGS), there(aws)

    kill_a_watch(session, fate, 3, "after")

    (name,) = {name for _, name in there(aws) - before}
    assert name.startswith(WATCH_PREFIX)
    assert walk.inventory(session, SETTINGS) == [
        *rows,
        ("watch rule", name, "ENABLED", "this runbook"),
        ("watch queue", name, "exists", "this runbook"),
    ]


def test_a_killed_watch_is_found_when_its_service_is_gone(
    session: Session, aws: Aws, fate: Fate
) -> None:
    set_up(session, SETTINGS)
    kill_a_watch(session, fate, 3, "after")
    plan = walk.clean_up_plan(session, SETTINGS)
    apply(session, replace(plan, steps=tuple(s for s in plan if WATCH_PREFIX not in s.makes)))

    assert operations(session) == ["RemoveTargets", "DeleteRule", "DeleteQueue"]


def test_the_watch_of_another_service_stays(session: Session, aws: Aws) -> None:
    listening(session, "1-090130", "another-service")
    listening(session, "2-090130", f"{SETTINGS.service}-2")
    before = there(aws)

    assert operations(session) == []
    clean_up(session, SETTINGS)

    assert len(before) == 4
    assert there(aws) == before


def pattern(session: Session) -> str:
    arn = session.arn("ecs", f"service/{SETTINGS.cluster}/{SETTINGS.service}")
    return json.dumps({"source": ["aws.ecs"], "resources": [arn]})


def policy(session: Session, name: str, said: Mapping[str, str]) -> dict[str, str]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": session.arn("sqs", name),
    }
    document = {"Version": "2012-10-17", **said, "Statement": [statement]}
    return {"Policy": json.dumps(document)}


def test_what_lacks_the_tag_or_is_called_otherwise_or_does_not_say_whose_it_is_stays(
    session: Session, aws: Aws
) -> None:
    events, sqs = aws("events"), aws("sqs")
    whose = {"Id": session.arn("ecs", f"service/{SETTINGS.cluster}/{SETTINGS.service}")}
    untagged, otherwise, unsaid = (f"{WATCH_PREFIX}1", "watch-1", f"{WATCH_PREFIX}2")
    events.put_rule(Name=untagged, EventPattern=pattern(session))
    events.put_rule(Name=otherwise, EventPattern=pattern(session), Tags=AWS_TAGS)
    events.put_rule(Name=unsaid, EventPattern='{"source": ["aws.ecs"]}', Tags=AWS_TAGS)
    events.put_rule(Name=f"{WATCH_PREFIX}3", ScheduleExpression="rate(1 day)", Tags=AWS_TAGS)
    for name, said, tags in ((untagged, whose, {}), (otherwise, whose, OURS), (unsaid, {}, OURS)):
        sqs.create_queue(QueueName=name, Attributes=policy(session, name, said), tags=tags)
    sqs.create_queue(QueueName=f"{WATCH_PREFIX}3", tags=OURS)
    before, rows = there(aws), walk.inventory(session, SETTINGS)

    clean_up(session, SETTINGS)

    assert there(aws) == before
    assert len(before) == 8
    assert [row for row in rows if row[0].startswith("watch")] == []


def test_however_many_watches_were_killed_all_of_them_are_found(
    session: Session, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EventBridge lists 100 rules a call; of queues two a call are asked for here."""
    monkeypatch.setattr(watches, "QUEUES_A_CALL", 2)
    for number in range(5):
        listening(session, f"{number}-090130", SETTINGS.service)
    for number in range(5, 110):
        aws("events").put_rule(
            Name=f"{WATCH_PREFIX}{number}", EventPattern=pattern(session), Tags=AWS_TAGS
        )
    session.journal.entries.clear()

    rules = reading.read_watch_rules(session, SETTINGS.cluster, SETTINGS.service)
    queues = reading.read_watch_queues(session, SETTINGS.cluster, SETTINGS.service)

    assert (len(rules), len(queues)) == (110, 5)
    calls = [e["operation"] for e in session.journal.entries if e["kind"] == "call"]
    assert calls.count("ListRules") > 1
    assert calls.count("ListQueues") == 3


# --- a caller who may not look -------------------------------------------------------------------


@pytest.fixture
def forbid(aws: Aws) -> Callable[..., None]:
    """forbid("sqs:ListQueues"): the session's user may do everything else."""

    def forbid(*actions: str, resource: str = "*") -> None:
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(actions), "Resource": resource},
        ]
        iam = aws("iam")
        iam.detach_user_policy(UserName="learner", PolicyArn=ADMINISTRATOR)
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="learner", PolicyName="some", PolicyDocument=document)

    return forbid


def test_who_may_not_list_queues_or_rules_cleans_up_without_them(
    session: Session, aws: Aws, fate: Fate, forbid: Callable[..., None]
) -> None:
    set_up(session, SETTINGS)
    before = there(aws)
    kill_a_watch(session, fate, 3, "after")
    left = there(aws) - before
    forbid("sqs:ListQueues", "events:ListRules")

    clean_up(session, SETTINGS)

    assert there(aws) == left
    assert left_over(session, SETTINGS) == []


def test_who_may_not_look_at_one_queue_is_still_shown_the_others(
    session: Session, aws: Aws, forbid: Callable[..., None]
) -> None:
    listening(session, "1-090130", SETTINGS.service)
    listening(session, "2-090130", SETTINGS.service)
    forbid("sqs:GetQueueAttributes", resource=session.arn("sqs", f"{WATCH_PREFIX}1-090130"))

    (queue,) = reading.read_watch_queues(session, SETTINGS.cluster, SETTINGS.service)

    assert queue.arn.endswith("2-090130")


def test_any_other_refusal_of_a_listing_is_an_error(
    session: Session, emulator: EmulatorServer
) -> None:
    fault = {"call": "sqs:ListQueues", "fault": "expired_token"}
    EmulatorControls(emulator.url).call("PUT", "/_emulator/faults", {"call_faults": [fault]})

    with pytest.raises(CallRefused, match="log in again"):
        walk.clean_up_plan(session, SETTINGS)
