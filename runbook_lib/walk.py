"""Room: the walk as a whole: which notebook does what, and what each one stands on.

Lives here: for each notebook its plan from what is observed, what to wait for after it, and how to
see that it has been done; `begin`, which brings a notebook to its starting point.
Never here: how a plan is made or applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from runbook_lib import delivery, facts, plans, reading, verdict, watching
from runbook_lib.applying import Outcome, apply
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.journal import record_facts
from runbook_lib.plans.service import check_cluster, check_network, chosen_network
from runbook_lib.plans.task_definition import matching_revision
from runbook_lib.session import Session
from runbook_lib.settings import Settings
from runbook_lib.steps import Plan, is_ours

CLEAN_UP = "90_clean_up"
_FAILED = re.compile(r"\(deployment (ecs-svc/\d+)\) deployment failed")


def preflight(session: Session, settings: Settings) -> None:
    """Refuse what AWS would refuse later: a cluster, subnet or group that does not exist.

    Raises `BadParameter`. Only reads.
    """
    exists = reading.read_cluster(session, settings.cluster) is not None
    known = [] if exists else reading.read_cluster_names(session)
    check_cluster(settings, exists=exists, known=known)
    find_network(session, settings)


def find_network(session: Session, settings: Settings) -> facts.Network:
    """The subnets and security groups that the tasks will use; all of them exist."""
    network = chosen_network(settings, reading.read_default_network(session))
    check_network(settings, reading.read_missing_network_ids(session, network))
    return network


def good_revision(session: Session, settings: Settings) -> facts.TaskDefinition | None:
    revisions = reading.read_task_definitions(session, settings.family)
    return matching_revision(settings, settings.good_image, revisions)


def task_definition_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 10, from what is there now."""
    return plans.plan_task_definition(
        settings,
        account=session.account,
        role=reading.read_role(session, settings.execution_role),
        revisions=reading.read_task_definitions(session, settings.family),
    )


def service_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 20, from what is there now."""
    preflight(session, settings)
    revision = good_revision(session, settings)
    return plans.plan_service(
        settings,
        cluster_exists=reading.read_cluster(session, settings.cluster) is not None,
        network=find_network(session, settings),
        revision=revision.name if revision else settings.family,
        service=reading.read_service(session, settings.cluster, settings.service),
    )


def topic_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 30, from what is there now."""
    topic = reading.read_topic(session, settings.topic)
    return plans.plan_topic(settings, account=session.account, topic=topic)


def event_rule_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 40, from what is there now."""
    rule = reading.read_rule(session, settings.rule)
    return plans.plan_event_rule(settings, account=session.account, rule=rule)


def bad_release_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 50, from what is there now."""
    service = reading.read_service(session, settings.cluster, settings.service)
    if service is None:
        raise _missing(session, "service", settings.service, "20_create_service")
    return plans.plan_bad_release(
        settings,
        account=session.account,
        queue=reading.read_queue(session, settings.probe_queue),
        topic=reading.read_topic(session, settings.topic),
        revisions=reading.read_task_definitions(session, settings.family),
        service=service,
    )


def clean_up_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 90: what is there and carries the runbook's tag."""
    cluster = reading.read_cluster(session, settings.cluster)
    tags = {each["key"]: each["value"] for each in cluster.get("tags", ())} if cluster else None
    left = plans.Leftovers(
        service=reading.read_service(session, settings.cluster, settings.service),
        revisions=reading.read_task_definitions(session, settings.family),
        rule=reading.read_rule(session, settings.rule),
        topic=reading.read_topic(session, settings.topic),
        queue=reading.read_queue(session, settings.probe_queue),
        role=reading.read_role(session, settings.execution_role),
        cluster_tags=tags,
    )
    return plans.plan_clean_up(settings, left)


def started_deployment(session: Session, settings: Settings, outcome: Outcome) -> facts.Deployment:
    """The deployment that the bad release started, or the one that was running already.

    It is taken from UpdateService's own reply: on a fast clock it may be gone when looked for.
    """
    reply = outcome.reply_of("UpdateService")
    if reply is not None:
        return reading.started_by(reply)
    service = reading.read_service(session, settings.cluster, settings.service)
    if service is None or service.primary is None:
        raise _missing(session, "service", settings.service, "20_create_service")
    return service.primary


def judge_drill(
    session: Session, settings: Settings, watched: watching.Watched, alert: facts.Alert | None
) -> verdict.Verdict:
    """The verdict on a watched deployment, with the causes that AWS still shows."""
    tasks = reading.read_tasks(session, settings.cluster, settings.service)
    record = service_deployment_of(session, settings, watched)
    topic = reading.read_topic(session, settings.topic)
    waiting = [s.endpoint for s in topic.subscriptions if not s.is_confirmed] if topic else []
    return verdict.judge(watched, tasks=tasks, record=record, alert=alert, unconfirmed=waiting)


def service_deployment_of(
    session: Session, settings: Settings, watched: watching.Watched
) -> facts.ServiceDeployment | None:
    """The service deployment that began with the watched deployment.

    The two ids have nothing in common; createdAt and the task definition tell.
    """
    entry = next(
        (
            found
            for each in watched.snapshots
            if (found := each.service.deployment(watched.deployment_id))
        ),
        None,
    )
    records = reading.read_service_deployments(session, settings.cluster, settings.service)
    if entry is None:
        # Not seen while it was listed: then it is the last one that began before it failed.
        earlier = [r for r in records if watched.failed_at and r.created_at <= watched.failed_at]
        return earlier[0] if earlier else None
    return min(
        (r for r in records if r.target_task_definition == entry.task_definition),
        key=lambda r: abs((r.created_at - entry.created_at).total_seconds()),
        default=None,
    )


def review_drill(session: Session, settings: Settings) -> verdict.Verdict:
    """The verdict on the last drill from what AWS still shows, without having watched it.

    The deployment is the newest one that a service event calls failed. Raises
    `MissingPrerequisite` if there is none.
    """
    service = reading.read_service(session, settings.cluster, settings.service)
    failed = _last_failure(service) if service else None
    if service is None or failed is None:
        raise _missing(session, "a failed deployment of", settings.service, "50_run_failure_drill")
    deployment_id, failed_at = failed
    snapshot = watching.Snapshot(session.clock.now(), service)
    end = watching.end_of(deployment_id, [service]) or watching.TIMED_OUT
    watched = watching.Watched(deployment_id, end, (snapshot,), failed_at)
    alert = delivery.find_alert(delivery.read_probe(session, settings), deployment_id)
    return judge_drill(session, settings, watched, alert)


def record_verdict(found: verdict.Verdict) -> None:
    """Record what `runbook drill` prints and CI reads: passed, sentence, deployment, …"""
    count = f"{found.failure_count} of {found.threshold}" if found.threshold else ""
    recorded = {
        "passed": found.passed,
        "sentence": found.sentence,
        "deployment": found.deployment_id,
        "end": found.end,
        "tripped by": found.tripped_by,
        "cause": found.cause,
        "failures": count,
        "rolled back to": found.rolled_back_to,
        "alert arrived": found.alert_arrived,
    }
    record_facts(recorded, found.sentence)


def _last_failure(service: facts.Service) -> tuple[str, datetime] | None:
    for event in service.events:
        if found := _FAILED.search(event.message):
            return found.group(1), event.created_at
    return None


def inventory(session: Session, settings: Settings) -> list[tuple[str, str, str, str]]:
    """What there is under the names of the settings: (what, name, state, made by)."""
    cluster = reading.read_cluster(session, settings.cluster)
    service = reading.read_service(session, settings.cluster, settings.service)
    role = reading.read_role(session, settings.execution_role)
    topic = reading.read_topic(session, settings.topic)
    rule = reading.read_rule(session, settings.rule)
    queue = reading.read_queue(session, settings.probe_queue)
    revisions = reading.read_task_definitions(session, settings.family)
    cluster_tags = {t["key"]: t["value"] for t in cluster.get("tags", ())} if cluster else {}
    found: list[tuple[str, str, str | None, Mapping[str, str]]] = [
        (
            "execution role",
            settings.execution_role,
            "exists" if role else None,
            role.tags if role else {},
        ),
        ("cluster", settings.cluster, "ACTIVE" if cluster else None, cluster_tags),
        (
            "service",
            settings.service,
            service.status if service else None,
            service.tags if service else {},
        ),
        ("topic", settings.topic, "exists" if topic else None, topic.tags if topic else {}),
        ("rule", settings.rule, rule.state if rule else None, rule.tags if rule else {}),
        (
            "probe queue",
            settings.probe_queue,
            "exists" if queue else None,
            queue.tags if queue else {},
        ),
    ]
    found[1:1] = [("revision", r.name, r.status, r.tags) for r in reversed(revisions)]
    return [
        (what, name, state or "absent", _maker(state, tags)) for what, name, state, tags in found
    ]


def _maker(state: str | None, tags: Mapping[str, str]) -> str:
    if state is None:
        return ""
    return "this runbook" if is_ours(tags) else "somebody else"


def _wait_for_service(session: Session, settings: Settings, _: Outcome) -> None:
    watching.wait_until_steady(session, cluster=settings.cluster, service=settings.service)


def _confirm_subscription(session: Session, settings: Settings, _: Outcome) -> None:
    topic = reading.read_topic(session, settings.topic)
    if topic is not None:
        session.mailbox.confirm(settings.email, topic.arn)


def _see_it_fail(session: Session, settings: Settings, outcome: Outcome) -> None:
    deployment = started_deployment(session, settings, outcome)
    watching.watch(
        session,
        cluster=settings.cluster,
        service=settings.service,
        deployment_id=deployment.id,
        tell=_nobody,
    )
    delivery.await_alert(session, settings, deployment.id)


def _nobody(_: str) -> None:
    """The lines of a deployment that is only brought about, not watched."""


def _nothing(_: Session, __: Settings, ___: Outcome) -> None:
    """No need to wait."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One acting notebook: its plan, what to wait for, and the thing whose presence shows it."""

    notebook: str
    plan: Callable[[Session, Settings], Plan]
    afterwards: Callable[[Session, Settings, Outcome], None]
    makes: Callable[[Settings], str]
    is_there: Callable[[Session, Settings], bool]


STAGES = (
    Stage(
        "10_register_task_definition",
        task_definition_plan,
        _nothing,
        lambda s: f"a revision of {s.family} with {s.good_image}",
        lambda session, s: good_revision(session, s) is not None,
    ),
    Stage(
        "20_create_service",
        service_plan,
        _wait_for_service,
        lambda s: f"service {s.service} in cluster {s.cluster}",
        lambda session, s: reading.read_service(session, s.cluster, s.service) is not None,
    ),
    Stage(
        "30_create_sns_topic",
        topic_plan,
        _confirm_subscription,
        lambda s: f"topic {s.topic}",
        lambda session, s: reading.read_topic(session, s.topic) is not None,
    ),
    Stage(
        "40_create_event_rule",
        event_rule_plan,
        _nothing,
        lambda s: f"rule {s.rule}",
        lambda session, s: reading.read_rule(session, s.rule) is not None,
    ),
    Stage(
        "50_run_failure_drill",
        bad_release_plan,
        _see_it_fail,
        lambda s: f"probe queue {s.probe_queue} of a drill",
        lambda session, s: reading.read_queue(session, s.probe_queue) is not None,
    ),
)


def begin(session: Session, settings: Settings, notebook: str) -> None:
    """Bring the world to where `notebook` begins: "50_run_failure_drill".

    A private emulator starts empty: the plans of the earlier notebooks are applied to it. Anywhere
    else nothing is changed: what an earlier notebook makes must be there, or
    `MissingPrerequisite` names that notebook. Cleaning up needs nothing: half a walk can be undone.
    """
    if notebook == CLEAN_UP and not session.is_private:
        return
    for stage in STAGES:
        if stage.notebook >= notebook:
            return
        if stage.is_there(session, settings):
            continue
        if not session.is_private:
            raise _missing(session, "", stage.makes(settings), stage.notebook)
        outcome = apply(session, stage.plan(session, settings), confirm=settings.service)
        stage.afterwards(session, settings, outcome)


def _missing(session: Session, kind: str, name: str, notebook: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        missing=f"{kind} {name}".strip(),
        where=f"account {session.account}, {session.region}",
        notebook=notebook,
    )
