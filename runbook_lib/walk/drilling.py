"""Room: the drill itself, step by step.

Lives here: the steady state before it, following its deployment, judging it and its alert, and what
is kept of that.
Never here: its plan (planning), the rules of the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runbook_lib import facts
from runbook_lib.alerts import delivery
from runbook_lib.aws import reading
from runbook_lib.aws.clock import Clock
from runbook_lib.aws.journal import record_facts
from runbook_lib.aws.session import Session
from runbook_lib.errors import NotSteady
from runbook_lib.facts.settings import Settings
from runbook_lib.following import deployment as following
from runbook_lib.following.deployment import Snapshot, Watched
from runbook_lib.plans.applying import Outcome, apply
from runbook_lib.verdict import deployment as verdict
from runbook_lib.verdict import drill, judging
from runbook_lib.verdict.drill import DrillVerdict
from runbook_lib.verdict.steady_state import SteadyState
from runbook_lib.walk.planning import bad_release_plan, missing, restore_plan, service_of


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
        return following.watch(
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


def started_deployment(session: Session, settings: Settings, outcome: Outcome) -> facts.Deployment:
    """The deployment that the bad release started, or the one that was running already.

    It is taken from UpdateService's own reply: on a fast clock it may be gone when looked for.
    """
    reply = outcome.reply_of("UpdateService")
    if reply is not None:
        return reading.started_by(reply)
    service = service_of(session, settings)
    if service.primary is None:
        raise missing(session, "deployment of", settings.service, "20_create_service")
    return service.primary


def probe_before(session: Session, settings: Settings) -> SteadyState:
    """The steady state before the drill, kept in the journal.

    Raises `NotSteady` where it does not hold, for a drill would then prove nothing; not, however,
    while the bad release of an earlier, broken-off run is still being deployed.
    """
    found = judging.read_steady_state(session, cluster=settings.cluster, service=settings.service)
    if found is None:
        raise missing(session, "service", settings.service, "20_create_service")
    session.journal.note("steady_state", found.time, when="before", state=found.as_record())
    if not found.met and not _is_resumed(session, settings):
        raise NotSteady(service=settings.service, deviations=found.deviations)
    return found


def _is_resumed(session: Session, settings: Settings) -> bool:
    return not bad_release_plan(session, settings).open_steps


def judge_drill(
    session: Session, settings: Settings, watched: Watched, alert: facts.Alert | None
) -> tuple[DrillVerdict, delivery.Delivery]:
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
    subscriptions = topic.subscriptions if topic else ()
    judged = drill.judge_drill(
        found,
        alert=alert,
        unconfirmed=[each.endpoint for each in subscriptions if not each.is_confirmed],
        broken=way.broken,
        unread=_unread(session, settings, subscriptions),
    )
    _keep(session, judged, way, watched)
    return judged, way


def _unread(
    session: Session, settings: Settings, subscriptions: Sequence[facts.Subscription]
) -> str:
    """Why nobody but the probe hears the alert; "" if somebody does, or nobody has to."""
    probe = session.arn("sqs", settings.probe_queue)
    readers = [each for each in subscriptions if each.endpoint != probe]
    if not settings.require_reader or any(each.is_confirmed for each in readers):
        return ""
    if not readers:
        return f"topic {settings.topic} has no subscriber but the drill's own probe"
    waiting = ", ".join(each.endpoint for each in readers)
    return f"{waiting} has not confirmed the subscription"


def _keep(session: Session, judged: DrillVerdict, way: delivery.Delivery, watched: Watched) -> None:
    now, journal = session.clock.now(), session.journal
    for event in reversed(watched.last.events):
        if event.created_at >= watched.started_at:
            journal.note("event", event.created_at, message=event.message)
    if judged.deployment.steady_state is not None:
        after = judged.deployment.steady_state
        journal.note("steady_state", after.time, when="after", state=after.as_record())
    journal.note("verdict", now, verdict=judged.as_record())
    journal.note("delivery", now, delivery=way.as_record())


def review_drill(session: Session, settings: Settings) -> tuple[DrillVerdict, delivery.Delivery]:
    """The verdict on the last drill from what AWS still shows, without having watched it.

    The deployment is the newest one that a service event calls failed. Raises
    `MissingPrerequisite` if there is none.
    """
    watched = judging.last_failure(session, cluster=settings.cluster, service=settings.service)
    if watched is None:
        raise missing(session, "a failed deployment of", settings.service, "50_run_failure_drill")
    alert = delivery.find_alert(delivery.read_probe(session, settings), watched.deployment_id)
    return judge_drill(session, settings, watched, alert)


def record_verdict(found: DrillVerdict, *, html: str = "") -> None:
    """Record what `runbook drill` prints and CI reads: passed, sentence, deployment, …

    A page shows the sentence, as `html` where it is given.
    """
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
    record_facts(recorded, found.sentence, html=html)
