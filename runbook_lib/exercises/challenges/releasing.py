"""Room: challenges on health checks and on the reasons of stopped tasks.

Lives here: a grace period that is long enough and no longer, and a release whose fault is unknown.
Never here: the breaker (breaking), the alert (telling).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.exercises.challenges.challenge import Challenge, Situation, done, not_yet
from runbook_lib.exercises.grading import Grade
from runbook_lib.facts import short
from runbook_lib.plans.labs.release import Release
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.labs.failures import FEATURE, MYSTERY
from runbook_lib.walk.labs.releases import release_plan

SLOW = "slow"
LONGEST_GRACE = 120
SUCCESSFUL = "SUCCESSFUL"


def _ship_with_grace(here: Situation) -> Plan:
    return release_plan(
        here.session,
        here.settings,
        Release(name=SLOW),
        force=True,
        healthCheckGracePeriodSeconds=LONGEST_GRACE,
    )


def _grade_grace(here: Situation) -> Grade:
    service, shipped = here.service(), here.shipped()
    if service.grace_seconds > LONGEST_GRACE:
        return not_yet(f"the grace period of {service.name} is {service.grace_seconds} s")
    if shipped is None:
        return not_yet(f"{service.grace_seconds} s, and nothing deployed with them yet")
    if here.release_of(shipped.target_task_definition) != SLOW:
        return not_yet(f"{short(shipped.target_task_definition)} is not the slow release")
    if shipped.status != SUCCESSFUL:
        seconds = f"with {service.grace_seconds} s the deployment of the slow release"
        return not_yet(f"{seconds} is {shipped.status}, not {SUCCESSFUL}")
    return done(f"with {service.grace_seconds} s the slow release has completed")


SHORT_GRACE = Challenge(
    name="short-grace",
    lab="04_tune_health_checks",
    text=f"180 seconds are more than needed. Find a grace period of at most {LONGEST_GRACE} "
    "seconds with which the slow release completes, and prove it with a new deployment of it.",
    hints=(
        "The container answers 90 seconds after its start. Which grace period covers that?",
        (
            "Changing the grace period starts no deployment: `--force-new-deployment` does, of the "
            "revision that runs."
        ),
        (
            "This one would be rolled back: `aws ecs update-service --cluster {cluster} --service "
            "{service} --health-check-grace-period-seconds 60 --force-new-deployment`. What has to "
            "be changed in it?"
        ),
    ),
    solve=_ship_with_grace,
    grade=_grade_grace,
)


def _ship_corrected(here: Situation) -> Plan:
    fixed = Release(name="fixed", container={"environment": [FEATURE]})
    return release_plan(here.session, here.settings, fixed)


def _grade_corrected(here: Situation) -> Grade:
    service = here.service()
    revision = here.revision(service.task_definition)
    if here.release_of(revision.name).startswith(MYSTERY):
        return not_yet(f"{revision.name} is the release with the fault")
    if not any(FEATURE in each.get("environment", ()) for each in _containers(revision.spec)):
        name, value = FEATURE["name"], FEATURE["value"]
        return not_yet(f"{revision.name} works without {name}={value}: it is another release")
    if service.primary is None or not service.primary.is_completed:
        return not_yet(f"the deployment of {revision.name} is not COMPLETED")
    if not (service.is_steady and service.running_count):
        return not_yet(f"{service.name} is not steady")
    return done(f"{revision.name} is COMPLETED, and a task of it runs")


def _containers(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = spec["containerDefinitions"]
    return found


CORRECTED = Challenge(
    name="corrected",
    lab="05_read_stopped_tasks",
    text="Correct that release and deploy it: a new revision of {family}, with the environment "
    "variable FEATURE=on and without the fault, that completes on {service}.",
    hints=(
        (
            "Why did its task stop? `aws ecs list-tasks --cluster {cluster} --service-name "
            "{service} --desired-status STOPPED` names the tasks, `describe-tasks` their reasons."
        ),
        (
            "What has it that a release that works has not? `aws ecs list-task-definitions "
            "--family-prefix {family} --sort DESC` lists the revisions, "
            "`describe-task-definition` shows one."
        ),
        (
            'In a new cell `fixed = labs.Release(name="fixed", container={"environment": '
            '[{"name": "FEATURE", "value": "on"}]})` and then `apply(session, '
            "labs.release_plan(session, settings, fixed), confirm=confirm)` register and deploy "
            "the release that works, with FEATURE."
        ),
    ),
    solve=_ship_corrected,
    grade=_grade_corrected,
)
