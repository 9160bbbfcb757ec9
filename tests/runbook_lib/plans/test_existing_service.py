"""The drill of a service that the user already has: what is refused, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runbook_lib import apply, await_alert, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter, NotDrillable, NotSteady
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.steps import MASK, Plan

OWN = Settings(service="shop", service_mode="existing", confirm="shop")
SECRET = "hunter2-not-to-be-shown"
Aws = Callable[..., Any]


def create(session: Session, **settings: Any) -> None:
    """The user's own service, made by hand, with a container that holds a password."""
    ecs, network = session.client("ecs"), reading.read_default_network(session)
    assert network
    ecs.register_task_definition(
        family="shop",
        containerDefinitions=[
            {
                "name": "web",
                "image": "nginx:alpine",
                "environment": [{"name": "PASSWORD", "value": SECRET}],
            }
        ],
        executionRoleArn=f"arn:aws:iam::{session.account}:role/ecsTaskExecutionRole",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
    )
    ecs.create_service(
        **{
            "serviceName": "shop",
            "taskDefinition": "shop",
            "desiredCount": 1,
            "launchType": "FARGATE",
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True}
            },
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": list(network.subnet_ids[:1])}
            },
            **settings,
        }
    )
    session.clock.sleep(600)


def wire(session: Session) -> None:
    for stage in walk.STAGES[2:4]:
        stage.afterwards(session, OWN, apply(session, stage.plan(session, OWN), confirm="shop"))


def running(session: Session) -> str:
    service = reading.read_service(session, "default", "shop")
    assert service
    assert service.primary
    return service.primary.task_definition


def test_an_existing_service_is_drilled_and_has_its_own_release_afterwards(
    session: Session,
) -> None:
    create(session)
    wire(session)
    walk.probe_before(session, OWN)
    outcome = apply(session, walk.bad_release_plan(session, OWN), confirm="shop")
    deployment = walk.started_deployment(session, OWN, outcome)

    watched = walk.follow(session, OWN, deployment.id)

    alert = await_alert(session, OWN, deployment.id)
    verdict, _ = walk.judge_drill(session, OWN, watched, alert)
    assert verdict.passed, verdict.sentence
    assert deployment.task_definition == "shop-drill:1"
    assert running(session) == "shop:1"


def test_cleaning_up_leaves_the_service_and_its_revisions_alone(session: Session) -> None:
    create(session)
    wire(session)
    apply(session, walk.bad_release_plan(session, OWN), confirm="shop")
    session.clock.sleep(1200)

    apply(session, walk.clean_up_plan(session, OWN), confirm="shop")

    assert running(session) == "shop:1"
    assert [r.name for r in reading.read_task_definitions(session, "shop")] == ["shop:1"]
    assert reading.read_task_definitions(session, "shop-drill") == ()
    assert reading.read_queue(session, OWN.probe_queue) is None


def test_whatever_interrupts_the_drill_the_original_comes_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(session)
    wire(session)
    outcome = apply(session, walk.bad_release_plan(session, OWN), confirm="shop")
    deployment = walk.started_deployment(session, OWN, outcome)
    assert running(session) == "shop-drill:1"

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runbook_lib.following.deployment.watch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        walk.follow(session, OWN, deployment.id)

    assert running(session) == "shop:1"


def test_after_a_dead_kernel_cleaning_up_restores_first(session: Session) -> None:
    create(session)
    wire(session)
    apply(session, walk.bad_release_plan(session, OWN), confirm="shop")

    plan = walk.clean_up_plan(session, OWN)

    assert plan.steps[0].operation == "UpdateService"
    assert plan.steps[0].input["taskDefinition"] == "shop:1"
    apply(session, plan, confirm="shop")
    assert running(session) == "shop:1"


def test_a_drill_that_is_run_again_goes_on_with_the_running_one(session: Session) -> None:
    create(session)
    wire(session)
    apply(session, walk.bad_release_plan(session, OWN), confirm="shop")
    session.clock.sleep(60)

    assert walk.bad_release_plan(session, OWN).is_satisfied
    walk.probe_before(session, OWN)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "the breaker is off": (
        {
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": False, "rollback": False}
            }
        },
        "its circuit breaker is off",
    ),
    "the rollback is off": (
        {
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": False}
            }
        },
        "its rollback is off",
    ),
    "it is scaled to zero": ({"desiredCount": 0}, "its desired count is 0"),
}


@pytest.mark.parametrize(("settings", "why"), REFUSED.values(), ids=REFUSED)
def test_a_service_that_a_drill_would_harm_or_not_test_is_refused(
    session: Session, settings: dict[str, Any], why: str
) -> None:
    create(session, **settings)
    wire(session)

    with pytest.raises(NotDrillable, match=why):
        walk.bad_release_plan(session, OWN)

    assert reading.read_task_definitions(session, "shop-drill") == ()


def test_while_somebody_deploys_there_is_no_drill(session: Session) -> None:
    create(session)
    wire(session)
    session.client("ecs").update_service(service="shop", forceNewDeployment=True)

    with pytest.raises(NotDrillable, match="a deployment is running"):
        walk.bad_release_plan(session, OWN)
    with pytest.raises((NotDrillable, NotSteady)):
        walk.probe_before(session, OWN)


def test_the_bad_revision_is_the_services_own_but_for_one_image(session: Session) -> None:
    create(session)
    wire(session)

    register = next(
        step
        for step in walk.bad_release_plan(session, OWN)
        if step.operation == "RegisterTaskDefinition"
    )
    apply(session, Plan("Register", "shop", (register,)), confirm="shop")

    (bad,) = reading.read_task_definitions(session, "shop-drill")
    own = reading.read_task_definition(session, "shop:1")
    assert bad.images == {"web": "docker.io/library/nginx:wrong-image-tag"}
    assert bad.tags["drill-restores"] == "shop:1"
    assert bad.spec["cpu"] == own.spec["cpu"]
    sent = bad.spec["containerDefinitions"][0]["environment"]  # type: ignore[index]
    assert sent == [{"name": "PASSWORD", "value": SECRET}]


def test_the_environment_of_a_container_is_never_shown(session: Session) -> None:
    create(session)
    wire(session)
    plan = walk.bad_release_plan(session, OWN)

    apply(session, plan, confirm="shop")

    assert SECRET not in plan.commands
    assert MASK in plan.commands
    assert SECRET not in json.dumps(session.journal.entries, default=str)


def test_of_several_containers_one_has_to_be_named(session: Session) -> None:
    create(session)
    wire(session)
    own = reading.read_task_definition(session, "shop:1")
    first = own.spec["containerDefinitions"][0]  # type: ignore[index]
    session.client("ecs").register_task_definition(
        family="shop",
        containerDefinitions=[first, {**first, "name": "proxy"}],
        executionRoleArn=own.spec["executionRoleArn"],
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
    )
    session.client("ecs").update_service(service="shop", taskDefinition="shop")
    session.clock.sleep(600)

    with pytest.raises(BadParameter, match="which has web, proxy"):
        walk.bad_release_plan(session, OWN)
    plan = walk.bad_release_plan(session, replace(OWN, container="proxy"))
    assert "proxy" in plan.commands
