"""Room: the acting notebooks in their order, and what each one stands on.

Lives here: for each notebook what to wait for after it and how to see that it has been done;
`begin`, which brings a notebook to its starting point.
Never here: the plans themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from runbook_lib.alerts import delivery
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import CREATE, Settings
from runbook_lib.following import deployment as following
from runbook_lib.plans.applying import Outcome, apply
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.drilling import started_deployment
from runbook_lib.walk.planning import (
    bad_release_plan,
    event_rule_plan,
    good_revision,
    missing,
    service_plan,
    task_definition_plan,
    topic_plan,
)

CLEAN_UP = "90_clean_up"


def _wait_for_service(session: Session, settings: Settings, _: Outcome) -> None:
    following.wait_until_steady(session, cluster=settings.cluster, service=settings.service)


def _confirm_subscription(session: Session, settings: Settings, _: Outcome) -> None:
    topic = reading.read_topic(session, settings.topic)
    if topic is not None:
        session.mailbox.confirm(settings.email, topic.arn)


def _see_it_fail(session: Session, settings: Settings, outcome: Outcome) -> None:
    deployment = started_deployment(session, settings, outcome)
    following.watch(
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
        lambda session, s: reading.has_topic(session, s.topic),
    ),
    Stage(
        "40_create_event_rule",
        event_rule_plan,
        _nothing,
        lambda s: f"rule {s.rule}",
        lambda session, s: reading.has_rule(session, s.rule),
    ),
    Stage(
        "50_run_failure_drill",
        bad_release_plan,
        _see_it_fail,
        lambda s: f"probe queue {s.probe_queue} of a drill",
        lambda session, s: reading.has_queue(session, s.probe_queue),
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
            raise missing(session, "", stage.makes(settings), stage.notebook)
        making = replace(settings, service_mode=CREATE) if stage.makes_service else settings
        outcome = apply(session, stage.plan(session, making), confirm=settings.service)
        stage.afterwards(session, making, outcome)
