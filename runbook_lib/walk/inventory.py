"""Room: what there is, whoever made it.

Lives here: one row for each thing that the names of the settings stand for.
Never here: reading it, removing it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runbook_lib import facts, plans
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours, other_users, users_of
from runbook_lib.walk.planning import read_leftovers

Tags = Mapping[str, str]
_SHARED = ("execution role", "revision", "cluster", "topic", "rule")


def inventory(session: Session, settings: Settings) -> list[tuple[str, str, str, str]]:
    """What there is under the names of the settings: (what, name, state, made by).

    And what watches by queue have left behind because they were killed, if anything.
    """
    left = read_leftovers(session, settings)
    found = [*_named(settings, left), *_left_by_watches(left)]
    return [
        (what, name, state or "absent", _maker(settings, what, state, tags))
        for what, name, state, tags in found
    ]


def _named(
    settings: Settings, left: plans.Leftovers
) -> Iterator[tuple[str, str, str | None, Tags]]:
    role, service, rule = left.role, left.service, left.rule
    topic, queue, cluster = left.topic, left.queue, left.cluster
    yield (
        "execution role",
        settings.execution_role,
        "exists" if role else None,
        role.tags if role else {},
    )
    for each in reversed(left.revisions):
        yield "revision", each.name, each.status, each.tags
    yield (
        "cluster",
        settings.cluster,
        "ACTIVE" if cluster else None,
        cluster.tags if cluster else {},
    )
    yield (
        "service",
        settings.service,
        service.status if service else None,
        service.tags if service else {},
    )
    yield "topic", settings.topic, "exists" if topic else None, topic.tags if topic else {}
    yield "rule", settings.rule, rule.state if rule else None, rule.tags if rule else {}
    yield (
        "probe queue",
        settings.probe_queue,
        "exists" if queue else None,
        queue.tags if queue else {},
    )


def _left_by_watches(left: plans.Leftovers) -> Iterator[tuple[str, str, str, Tags]]:
    for rule in left.watch_rules:
        if is_ours(rule.tags):
            yield "watch rule", rule.name, rule.state, rule.tags
    for queue in left.watch_queues:
        if is_ours(queue.tags):
            yield "watch queue", facts.short(queue.url), "exists", queue.tags


def _maker(settings: Settings, what: str, state: str | None, tags: Tags) -> str:
    """For a thing that is shared, those who keep it: "this runbook, for eu-west-1/default/web"."""
    if state is None:
        return ""
    if not is_ours(tags):
        return "somebody else"
    others = other_users(tags, settings.user)
    if others:
        return f"this runbook, for {', '.join(users_of(tags))}"
    is_nobodys = what in _SHARED and not users_of(tags)
    return "this runbook, for a service that it does not name" if is_nobodys else "this runbook"
