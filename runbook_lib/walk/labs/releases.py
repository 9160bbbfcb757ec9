"""Room: shipping a release in a lab, and what became of it.

Lives here: the plan of a release from what is there, following it, the lab's own clean-up.
Never here: the steps of a plan, what a lab teaches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from runbook_lib import facts, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.following import deployment as following
from runbook_lib.plans.applying import Outcome, apply
from runbook_lib.plans.clean_up import deregister_step
from runbook_lib.plans.labs.alarm import alarm_name, delete_alarm_steps, plan_alarm
from runbook_lib.plans.labs.load_balancer import (
    PORT,
    TargetCheck,
    balancer_name,
    delete_balancer_steps,
    plan_balancer,
)
from runbook_lib.plans.labs.quiet_alerts import dead_letter_queue, delete_dead_letters_steps
from runbook_lib.plans.labs.release import How, Present, Release, plan_release, revision_of
from runbook_lib.plans.preflight import find_cluster, find_network
from runbook_lib.plans.steps import Plan
from runbook_lib.verdict import judging
from runbook_lib.verdict.deployment import Verdict

ROLLBACK_POLL_SECONDS = 5.0
_UNHEALTHY = re.compile(r"failed container health checks|is unhealthy")


def release_plan(
    session: Session,
    settings: Settings,
    release: Release,
    *,
    breaker: facts.CircuitBreaker | None = None,
    desired_count: int | None = None,
    force: bool = False,
    alarms: tuple[str, ...] = (),
    **members: Any,
) -> Plan:
    """The plan that ships a release, from what is there: it creates the service or updates it.

    `members` are further members of CreateService or UpdateService:
    release_plan(…, healthCheckGracePeriodSeconds=5). What is not given stays as it is; a service
    that is created gets the breaker of the settings. Raises `NotOurs`.
    """
    present = Present(
        role=reading.read_role(session, settings.execution_role),
        revisions=reading.read_task_definitions(session, settings.family),
        cluster=find_cluster(session, settings),
        network=find_network(session, settings),
        service=reading.read_service(session, settings.cluster, settings.service),
    )
    how = How(
        breaker=breaker, desired_count=desired_count, force=force, alarms=alarms, settings=members
    )
    return plan_release(
        settings, account=session.account, release=release, present=present, how=how
    )


def started(outcome: Outcome) -> str:
    """The id of the deployment that CreateService or UpdateService has started."""
    reply = outcome.reply_of("UpdateService") or outcome.reply_of("CreateService")
    if reply is None:
        raise LookupError("this plan has started no deployment: all of it was done already")
    return reading.started_by(reply).id


def watch(session: Session, settings: Settings, outcome: Outcome) -> following.Watched:
    """Follow what `outcome` has started to its end, without a board and without lines."""
    return following.watch(
        session,
        cluster=settings.cluster,
        service=settings.service,
        deployment_id=started(outcome),
        timeout=timedelta(hours=2),
        tell=lambda _: None,
    )


def verdict_on(
    session: Session, settings: Settings, deployment_id: str, *, wait: bool = False
) -> Verdict:
    """What became of a deployment of the lab's service; see `deployment_verdict`."""
    return judging.deployment_verdict(
        session,
        cluster=settings.cluster,
        service=settings.service,
        deployment_id=deployment_id,
        wait=wait,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """How a story ended: the verdict, and how many tasks were running then."""

    story: str
    verdict: Verdict
    running: int


Follow = Callable[[Session, Settings, str], following.Watched]
"""How a deployment of this id is watched to its end: `widgets.board` shows it meanwhile."""


def ending(
    session: Session,
    settings: Settings,
    outcome: Outcome,
    story: str,
    *,
    follow: Follow | None = None,
) -> Ending:
    """Follow what `outcome` has started to its end: what became of it, and what runs now."""
    if follow:
        watched = follow(session, settings, started(outcome))
    else:
        watched = watch(session, settings, outcome)
    where = {"cluster": settings.cluster, "service": settings.service}
    judged = judging.judge_watched(session, watched, **where)
    return Ending(story, judged, watched.last.running_count)


def seconds_unhealthy(session: Session, settings: Settings, ending: Ending) -> int | None:
    """Seconds from the start of the first failed task's container to the word that it is unhealthy.

    The word is ECS's service event; None where there is none.
    """
    service = reading.read_service(session, settings.cluster, settings.service)
    tasks = reading.read_tasks(session, settings.cluster, settings.service)
    own = [t for t in tasks if t.deployment_id == ending.verdict.deployment_id and t.started_at]
    for task in own:
        for event in service.events if service else ():
            if task.id in event.message and _UNHEALTHY.search(event.message) and task.started_at:
                return round((event.created_at - task.started_at).total_seconds())
    return None


def ship_each(
    session: Session,
    settings: Settings,
    releases: Iterable[Release],
    *,
    confirm: str,
    follow: Follow | None = None,
) -> list[Ending]:
    """Ship releases one after the other, each when the one before has come to its end."""
    return [
        ending(
            session,
            settings,
            apply(session, release_plan(session, settings, each), confirm=confirm),
            each.name,
            follow=follow,
        )
        for each in releases
    ]


def minutes(watched: following.Watched) -> int:
    """How long a deployment was watched, in whole minutes."""
    return round((watched.snapshots[-1].time - watched.started_at).total_seconds() / 60)


def wait_for_rollback(session: Session, settings: Settings, outcome: Outcome) -> None:
    """Wait until what `outcome` has started is FAILED, and its rollback under way."""
    deployment_id = started(outcome)
    while True:
        service = reading.read_service(session, settings.cluster, settings.service)
        entry = service.deployment(deployment_id) if service else None
        if entry is None or entry.has_failed:
            return
        session.clock.sleep(ROLLBACK_POLL_SECONDS)


def deregister_plan(session: Session, settings: Settings, release: Release) -> Plan:
    """Make the release's revision INACTIVE, as some tools do with every old one."""
    revisions = reading.read_task_definitions(session, settings.family)
    known = revision_of(settings, release, revisions)
    steps = (deregister_step(known),) if known else ()
    return Plan(f"Deregister the release {release.name!r}", settings.service, steps)


def alarm_plan(session: Session, settings: Settings, state: str) -> Plan:
    """The lab's CloudWatch alarm, `<service>-errors`, in this state: "OK" or "ALARM"."""
    return plan_alarm(settings, state, reading.read_alarm(session, alarm_name(settings)))


def balancer_plan(session: Session, settings: Settings, check: TargetCheck) -> Plan:
    """A load balancer of the lab's own, whose target group asks this."""
    network = find_network(session, settings)
    return plan_balancer(
        settings,
        check,
        vpc=reading.read_vpc(session, network.subnet_ids[0]),
        subnets=network.subnet_ids,
        security_groups=network.security_group_ids,
        present=reading.read_balancer(session, balancer_name(settings)),
    )


def behind_balancer(session: Session, settings: Settings) -> list[dict[str, Any]]:
    """The member `loadBalancers` of CreateService, for the lab's own target group."""
    found = reading.read_balancer(session, balancer_name(settings))
    return [
        {
            "targetGroupArn": found.target_group,
            "containerName": settings.container,
            "containerPort": PORT,
        }
    ]


def clean_up_plan(session: Session, settings: Settings) -> Plan:
    """Remove what the lab made; what the walk or another lab uses, too, stays for them."""
    plan = walk.clean_up_plan(session, settings)
    alarm = reading.read_alarm(session, alarm_name(settings))
    balancer = reading.read_balancer(session, balancer_name(settings))
    letters = reading.read_queue(session, dead_letter_queue(settings))
    more = (
        *delete_alarm_steps(alarm),
        *delete_balancer_steps(balancer),
        *delete_dead_letters_steps(letters),
    )
    return replace(plan, steps=(*plan, *more))
