"""Room: the plan of each notebook.

Lives here: for each notebook its plan, from what is there now.
Never here: how a plan is made or applied, what comes after it.
"""

from __future__ import annotations

from runbook_lib import facts, plans
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.existing_service import check_drillable, restore_steps
from runbook_lib.plans.preflight import find_cluster, find_network
from runbook_lib.plans.steps import Plan
from runbook_lib.plans.task_definition import matching_revision


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
        service = service_of(session, settings)
        check_drillable(service)
        return Plan("Create the service", settings.service, ())
    revision = good_revision(session, settings)
    return plans.plan_service(
        settings,
        cluster=find_cluster(session, settings),
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
    service = service_of(session, settings)
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


def service_of(session: Session, settings: Settings) -> facts.Service:
    found = reading.read_service(session, settings.cluster, settings.service)
    if found is None:
        raise missing(session, "service", settings.service, "20_create_service")
    return found


def restore_plan(session: Session, settings: Settings) -> Plan:
    """Back to the release that ran before the drill, where the drill has left the bad one."""
    service = reading.read_service(session, settings.cluster, settings.service)
    revisions = reading.read_task_definitions(session, settings.drill_family)
    steps = restore_steps(settings, service, revisions)
    return Plan("Restore the service", settings.service, steps)


def clean_up_plan(session: Session, settings: Settings) -> Plan:
    """The plan of notebook 90: what is there and carries the runbook's tag."""
    left = read_leftovers(session, settings, most=reading.ALL_REVISIONS)
    return plans.plan_clean_up(settings, left)


def read_leftovers(
    session: Session, settings: Settings, *, most: int = reading.LATEST_REVISIONS
) -> plans.Leftovers:
    """What there is under the names of the settings, and `most` of the family's revisions."""
    return plans.Leftovers(
        service=reading.read_service(session, settings.cluster, settings.service),
        revisions=reading.read_task_definitions(session, settings.drill_family, most=most),
        rule=reading.read_rule(session, settings.rule),
        topic=reading.read_topic(session, settings.topic),
        queue=reading.read_queue(session, settings.probe_queue),
        role=reading.read_role(session, settings.execution_role),
        cluster=reading.read_cluster(session, settings.cluster),
        watch_rules=reading.read_watch_rules(session, settings.cluster, settings.service),
        watch_queues=reading.read_watch_queues(session, settings.cluster, settings.service),
    )


def missing(session: Session, kind: str, name: str, notebook: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        missing=f"{kind} {name}".strip(),
        where=f"account {session.account}, {session.region}",
        notebook=notebook,
    )
