"""Room: the walk as a whole: which notebook does what, and what each one stands on.

Lives here: for each notebook its plan from what is observed, what to wait for after it, and how to
see that it has been done; `begin`, which brings a notebook to its starting point.
Never here: how a plan is made or applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from runbook_lib import delivery, facts, judging, plans, reading, verdict, watching
from runbook_lib.applying import Outcome, apply
from runbook_lib.clock import Clock
from runbook_lib.errors import MissingPrerequisite, NotSteady
from runbook_lib.journal import record_facts
from runbook_lib.plans.existing_service import check_drillable, restore_steps
from runbook_lib.plans.task_definition import matching_revision
from runbook_lib.preflight import find_cluster, find_network
from runbook_lib.session import Session
from runbook_lib.settings import CREATE, Settings
from runbook_lib.steady_state import SteadyState
from runbook_lib.steps import Plan, is_ours
from runbook_lib.watching import Snapshot, Watched

CLEAN_UP = "90_clean_up"


def good_revision(session: Session, settings: Settings) -> facts.TaskDefinition | None:
    """The revision to return to: the runbook's, or the one that an existing service runs."""
    if settings.drills_own_service:
        service = reading.read_service(session, settings.cluster, settings.service)
        name = service.restored_task_definition if service else ""
        return reading.read_task_definition(session, name) if name else None
    revisions = reading.read_task_definitions(session, settings.family)
    return matching_revision(settings, settings.good_image, revisions)


def task_definition_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 10, from what is there now. An existing service brings its own."""
    if settings.drills_own_service:
        return Plan("Register the task definition", settings.service, ())
    return plans.plan_task_definition(
        settings,
        account=session.account,
        role=reading.read_role(session, settings.execution_role),
        revisions=reading.read_task_definitions(session, settings.family),
    )


def service_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 20, from what is there now."""
    if settings.drills_own_service:
        service = _service(session, settings)
        check_drillable(service)
        return Plan("Create the service", settings.service, ())
    revision = good_revision(session, settings)
    return plans.plan_service(
        settings,
        cluster_exists=find_cluster(session, settings),
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
    service = _service(session, settings)
    revisions = reading.read_task_definitions(session, settings.drill_family)
    definition = good_revision(session, settings) if settings.drills_own_service else None
    made = plans.plan_bad_release(
        settings,
        account=session.account,
        queue=reading.read_queue(session, settings.probe_queue),
        topic=reading.read_topic(session, settings.topic),
        revisions=revisions,
        service=service,
        definition=definition,
    )
    is_running = any(s.operation == "UpdateService" and s.satisfied for s in made)
    if settings.drills_own_service and not is_running:
        check_drillable(service)
    return made


def _service(session: Session, settings: Settings) -> facts.Service:
    found = reading.read_service(session, settings.cluster, settings.service)
    if found is None:
        raise _missing(session, "service", settings.service, "20_create_service")
    return found


def restore_plan(session: Session, settings: Settings) -> Plan:
    """Back to the release that ran before the drill, where the drill has left the bad one."""
    service = reading.read_service(session, settings.cluster, settings.service)
    revisions = reading.read_task_definitions(session, settings.drill_family)
    steps = restore_steps(settings, service, revisions)
    return Plan("Restore the service", settings.service, steps)


def follow(
    session: Session,
    settings: Settings,
    deployment_id: str,
    *,
    tell: Callable[[str], None] = print,
    see: Callable[[Snapshot], None] | None = None,
    clock: Clock | None = None,
) -> Watched:
    """Watch the drill's deployment to its end; `tell`, `see` and `clock` as for `watch`.

    Whatever happens meanwhile, Ctrl-C too, an existing service gets its own release back.
    """
    try:
        return watching.watch(
            session,
            cluster=settings.cluster,
            service=settings.service,
            deployment_id=deployment_id,
            tell=tell,
            see=see,
            clock=clock,
        )
    finally:
        restore(session, settings)


def restore(session: Session, settings: Settings) -> Outcome | None:
    """Give an existing service its own release back, where the bad one is still deployed."""
    if not settings.drills_own_service:
        return None
    plan = restore_plan(session, settings)
    return apply(session, plan, confirm=settings.confirm) if plan.open_steps else None


def clean_up_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 90: what is there and carries the runbook's tag."""
    cluster = reading.read_cluster(session, settings.cluster)
    tags = {each["key"]: each["value"] for each in cluster.get("tags", ())} if cluster else None
    left = plans.Leftovers(
        service=reading.read_service(session, settings.cluster, settings.service),
        revisions=reading.read_task_definitions(
            session, settings.drill_family, most=reading.ALL_REVISIONS
        ),
        rule=reading.read_rule(session, settings.rule),
        topic=reading.read_topic(session, settings.topic),
        queue=reading.read_queue(session, settings.probe_queue),
        role=reading.read_role(session, settings.execution_role),
        cluster_tags=tags,
        watch_rules=reading.read_watch_rules(session, settings.cluster, settings.service),
        watch_queues=reading.read_watch_queues(session, settings.cluster, settings.service),
    )
    return plans.plan_clean_up(settings, left)


def started_deployment(session: Session, settings: Settings, outcome: Outcome) -> facts.Deployment:
    """The deployment that the bad release started, or the one that was running already.

    It is taken from UpdateService's own reply: on a fast clock it may be gone when looked for.
    """
    reply = outcome.reply_of("UpdateService")
    if reply is not None:
        return reading.started_by(reply)
    service = _service(session, settings)
    if service.primary is None:
        raise _missing(session, "deployment of", settings.service, "20_create_service")
    return service.primary


def probe_before(session: Session, settings: Settings) -> SteadyState:
    """The steady state before the drill, kept in the journal.

    Raises `NotSteady` where it does not hold, for a drill would then prove nothing; not, however,
    while the bad release of an earlier, broken-off run is still being deployed.
    """
    found = judging.read_steady_state(session, cluster=settings.cluster, service=settings.service)
    if found is None:
        raise _missing(session, "service", settings.service, "20_create_service")
    session.journal.note("steady_state", found.time, when="before", state=found.as_record())
    if not found.met and not _is_resumed(session, settings):
        raise NotSteady(service=settings.service, deviations=found.deviations)
    return found


def _is_resumed(session: Session, settings: Settings) -> bool:
    return not bad_release_plan(session, settings).open_steps


def judge_drill(
    session: Session, settings: Settings, watched: Watched, alert: facts.Alert | None
) -> tuple[verdict.DrillVerdict, delivery.Delivery]:
    """The verdict on a watched deployment and the way of its alert, kept in the journal."""
    where = {"cluster": settings.cluster, "service": settings.service}
    found = judging.judge_watched(session, watched, **where)
    entry = verdict.first_seen(watched)
    way = delivery.trace_delivery(
        session,
        settings,
        deployment_id=watched.deployment_id,
        started_at=entry.created_at if entry else None,
        failed_at=watched.failed_at,
        alert=alert,
    )
    topic = reading.read_topic(session, settings.topic)
    waiting = [s.endpoint for s in topic.subscriptions if not s.is_confirmed] if topic else []
    judged = verdict.judge_drill(found, alert=alert, unconfirmed=waiting, broken=way.broken)
    _keep(session, judged, way, watched)
    return judged, way


def _keep(
    session: Session, judged: verdict.DrillVerdict, way: delivery.Delivery, watched: Watched
) -> None:
    now, journal = session.clock.now(), session.journal
    for event in reversed(watched.last.events):
        if event.created_at >= watched.started_at:
            journal.note("event", event.created_at, message=event.message)
    if judged.deployment.steady_state is not None:
        after = judged.deployment.steady_state
        journal.note("steady_state", after.time, when="after", state=after.as_record())
    journal.note("verdict", now, verdict=judged.as_record())
    journal.note("delivery", now, delivery=way.as_record())


def review_drill(
    session: Session, settings: Settings
) -> tuple[verdict.DrillVerdict, delivery.Delivery]:
    """The verdict on the last drill from what AWS still shows, without having watched it.

    The deployment is the newest one that a service event calls failed. Raises
    `MissingPrerequisite` if there is none.
    """
    watched = judging.last_failure(session, cluster=settings.cluster, service=settings.service)
    if watched is None:
        raise _missing(session, "a failed deployment of", settings.service, "50_run_failure_drill")
    alert = delivery.find_alert(delivery.read_probe(session, settings), watched.deployment_id)
    return judge_drill(session, settings, watched, alert)


def record_verdict(found: verdict.DrillVerdict) -> None:
    """Record what `runbook drill` prints and CI reads: passed, sentence, deployment, …"""
    of = found.deployment
    count = f"{of.failure_count} of {of.threshold}" if of.threshold else ""
    recorded = {
        "passed": found.passed,
        "sentence": found.sentence,
        "deployment": of.deployment_id,
        "ending": of.ending,
        "ended by": of.ended_by,
        "reason": of.reason,
        "cause": of.cause,
        "failures": count,
        "rolled back to": of.rolled_back_to,
        "alert arrived": found.alert_arrived,
        "next step": found.next_step,
    }
    record_facts(recorded, found.sentence)


def inventory(session: Session, settings: Settings) -> list[tuple[str, str, str, str]]:
    """What there is under the names of the settings: (what, name, state, made by).

    And what watches by queue have left behind because they were killed, if anything.
    """
    cluster = reading.read_cluster(session, settings.cluster)
    service = reading.read_service(session, settings.cluster, settings.service)
    role = reading.read_role(session, settings.execution_role)
    topic = reading.read_topic(session, settings.topic)
    rule = reading.read_rule(session, settings.rule)
    queue = reading.read_queue(session, settings.probe_queue)
    revisions = reading.read_task_definitions(session, settings.drill_family)
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
    found += _left_by_watches(session, settings)
    return [
        (what, name, state or "absent", _maker(state, tags)) for what, name, state, tags in found
    ]


def _left_by_watches(
    session: Session, settings: Settings
) -> Iterator[tuple[str, str, str, Mapping[str, str]]]:
    for rule in reading.read_watch_rules(session, settings.cluster, settings.service):
        if is_ours(rule.tags):
            yield "watch rule", rule.name, rule.state, rule.tags
    for queue in reading.read_watch_queues(session, settings.cluster, settings.service):
        if is_ours(queue.tags):
            yield "watch queue", facts.short(queue.url), "exists", queue.tags


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
    makes_service: bool = False


STAGES = (
    Stage(
        "10_register_task_definition",
        task_definition_plan,
        _nothing,
        lambda s: f"a revision of {s.family} with {s.good_image}",
        lambda session, s: good_revision(session, s) is not None,
        makes_service=True,
    ),
    Stage(
        "20_create_service",
        service_plan,
        _wait_for_service,
        lambda s: f"service {s.service} in cluster {s.cluster}",
        lambda session, s: reading.read_service(session, s.cluster, s.service) is not None,
        makes_service=True,
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
        making = replace(settings, service_mode=CREATE) if stage.makes_service else settings
        outcome = apply(session, stage.plan(session, making), confirm=settings.service)
        stage.afterwards(session, making, outcome)


def _missing(session: Session, kind: str, name: str, notebook: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        missing=f"{kind} {name}".strip(),
        where=f"account {session.account}, {session.region}",
        notebook=notebook,
    )
