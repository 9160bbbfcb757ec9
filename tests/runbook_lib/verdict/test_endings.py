"""Stories of deployments, each really told on the emulator, and the verdict on each.

`calm` is what `aws ecs wait services-stable` goes by: one deployment, and as many tasks running as
desired. It says the same after a rollback as after a success; the verdict must not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from deployed import Deployed, put_alarm

from ecs_emulator.client import EmulatorControls
from runbook_lib import deployment_verdict
from runbook_lib.aws.session import Session
from runbook_lib.following.deployment import (
    COMPLETED,
    FAILED_THEN_SUPERSEDED,
    GONE,
    IN_PROGRESS,
    REPLACED,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    UNKNOWN,
)
from runbook_lib.verdict.deployment import Verdict
from runbook_lib.verdict.words import (
    ALARM,
    BREAKER,
    NOTHING_TO_RETURN_TO,
    PERSON,
    ROLLBACK_OFF,
    ROLLBACK_OVERTAKEN,
    SCALED_TO_ZERO,
    STOPPED_WITHOUT_ROLLBACK,
)

Aws = Callable[..., Any]
BREAKER_ON = {"enable": True, "rollback": True}
RINGING = {"alarmNames": ["errors"], "enable": True, "rollback": True}
WRONG = "nginx:wrong-image-tag"


@pytest.fixture
def deployed(aws: Aws, advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


def primary(web: Deployed) -> str:
    return str(web.service["deployments"][0]["id"])


def ship(web: Deployed, image: str, seconds: float, **settings: Any) -> str:
    """Deploy an image: the id of its deployment, some seconds after it began."""
    web.update(web.register(image), 0, **settings)
    shipped = primary(web)
    web.advance(seconds)
    return shipped


def stop(web: Deployed, **how: str) -> None:
    web.ecs.stop_service_deployment(serviceDeploymentArn=web.record["serviceDeploymentArn"], **how)


# --- the stories: each returns the id that the verdict is asked for ----------------------------


def good_release(web: Deployed) -> str:
    web.create()
    return ship(web, "nginx:stable", 600)


def wrong_image(web: Deployed) -> str:
    web.create()
    return ship(web, WRONG, 1500)


def exits_at_once(web: Deployed) -> str:
    web.create()
    web.update(web.register(command=["sh", "-c", "exit 3"]), 0)
    shipped = primary(web)
    web.advance(1500)
    return shipped


def fails_its_health_check(web: Deployed) -> str:
    web.create()
    check = {"command": ["CMD-SHELL", "exit 1"], "interval": 10, "retries": 2}
    web.update(web.register(healthCheck=check), 0)
    shipped = primary(web)
    web.advance(3600)
    return shipped


def somebody_deployed_after_the_rollback(web: Deployed) -> str:
    """The id is gone, something newer is COMPLETED, and tools call it a success."""
    rolled_back = wrong_image(web)
    ship(web, "nginx:stable", 600)
    return rolled_back


def forced_with_the_same_revision(web: Deployed) -> str:
    """Nothing but the force: its image is gone meanwhile, so before and after look alike."""
    web.create()
    controls = EmulatorControls(web.ecs.meta.endpoint_url)
    controls.call("PUT", "/_emulator/images", {"nginx": ["stable"]})
    web.ecs.update_service(service="web", forceNewDeployment=True)
    shipped = primary(web)
    web.advance(1500)
    return shipped


def alarm_rang(web: Deployed) -> str:
    put_alarm(web, "OK")
    web.create(deploymentConfiguration={"alarms": RINGING})
    shipped = ship(web, "nginx:stable", 60)
    put_alarm(web, "ALARM")
    web.advance(600)
    return shipped


def alarm_rang_without_rollback(web: Deployed) -> str:
    put_alarm(web, "OK")
    web.create(deploymentConfiguration={"alarms": RINGING | {"rollback": False}})
    shipped = ship(web, "nginx:stable", 60)
    put_alarm(web, "ALARM")
    web.advance(600)
    return shipped


def somebody_stopped_it(web: Deployed) -> str:
    web.create()
    shipped = ship(web, WRONG, 60)
    stop(web)
    web.advance(600)
    return shipped


def somebody_aborted_it(web: Deployed) -> str:
    web.create()
    shipped = ship(web, WRONG, 60)
    stop(web, stopType="ABORT")
    web.advance(600)
    return shipped


def rollback_is_off(web: Deployed) -> str:
    only_breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    web.create(deploymentConfiguration=only_breaker)
    return ship(web, WRONG, 1500)


def first_deployment(web: Deployed) -> str:
    web.create(taskDefinition=web.register(WRONG))
    web.advance(1500)
    return primary(web)


def the_rollback_fails_too(web: Deployed) -> str:
    """The old task is stopped by hand just when its image is gone, too."""
    web.create()
    shipped = ship(web, WRONG, 0)
    while "FAILED" not in [each["rolloutState"] for each in web.service["deployments"]]:
        web.advance(5)
    EmulatorControls(web.ecs.meta.endpoint_url).call("PUT", "/_emulator/images", {})
    for arn in web.ecs.list_tasks(serviceName="web")["taskArns"]:
        web.ecs.stop_task(task=arn)
    web.advance(3600)
    return shipped


def somebody_deploys_on_top_of_it(web: Deployed) -> str:
    web.create()
    shipped = ship(web, WRONG, 60)
    ship(web, "nginx:stable", 0)
    return shipped


def somebody_had_deployed_on_top_of_it(web: Deployed) -> str:
    """ECS says no word of a deployment that never ended: who asks too late learns just that."""
    shipped = somebody_deploys_on_top_of_it(web)
    web.advance(600)
    return shipped


def scaled_to_zero(web: Deployed) -> str:
    """It runs no task, so none can fail: any image completes."""
    web.create()
    return ship(web, WRONG, 900, desiredCount=0)


def dies_after_it_was_healthy(web: Deployed) -> str:
    """The crash loop that the breaker does not see: it ran long enough to count as started."""
    web.create()
    web.update(web.register(command=["sh", "-c", "sleep 300; exit 1"]), 0)
    shipped = primary(web)
    web.advance(300)
    while web.service["runningCount"]:
        web.advance(5)
    return shipped


def breaker_is_off(web: Deployed) -> str:
    web.create(
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    )
    return ship(web, WRONG, 3600)


def just_begun(web: Deployed) -> str:
    """Right after UpdateService, when the old tasks still make the service look calm."""
    web.create()
    return ship(web, WRONG, 5)


def service_was_deleted(web: Deployed) -> str:
    web.create()
    shipped = ship(web, WRONG, 60)
    web.ecs.delete_service(service="web", force=True)
    return shipped


def nobody_knows_it(web: Deployed) -> str:
    web.create()
    return "ecs-svc/0000000000000000000"


def failed_now(web: Deployed, image: str = WRONG, **settings: Any) -> str:
    """A release that the breaker has just called failed: its rollback has begun, if any."""
    shipped = ship(web, image, 0, **settings)
    while "FAILED" not in [each["rolloutState"] for each in web.service["deployments"]]:
        web.advance(5)
    return shipped


def a_good_release_took_its_place(web: Deployed) -> str:
    shipped = good_release(web)
    ship(web, "nginx:1.27", 900)
    return shipped


def a_good_release_is_taking_its_place(web: Deployed) -> str:
    shipped = good_release(web)
    ship(web, "nginx:1.27", 20)
    return shipped


def the_same_revision_was_forced_since(web: Deployed) -> str:
    shipped = good_release(web)
    web.ecs.update_service(service="web", forceNewDeployment=True)
    web.advance(900)
    return shipped


def the_one_that_took_its_place_was_rolled_back(web: Deployed) -> str:
    shipped = good_release(web)
    ship(web, WRONG, 1500)
    return shipped


def the_one_that_takes_its_place_does_not_start(web: Deployed) -> str:
    shipped = good_release(web)
    ship(web, WRONG, 120)
    return shipped


def its_rollback_was_overtaken(web: Deployed) -> str:
    web.create()
    shipped = failed_now(web)
    ship(web, "nginx:stable", 0)
    return shipped


def its_rollback_was_overtaken_long_ago(web: Deployed) -> str:
    shipped = its_rollback_was_overtaken(web)
    web.advance(1200)
    return shipped


def its_rollback_was_overtaken_by_another_bad_release(web: Deployed) -> str:
    """What is being rolled back to is no place to roll back to: the second one stays, FAILED."""
    web.create()
    shipped = failed_now(web)
    ship(web, WRONG, 1800)
    return shipped


def failed_without_rollback_then_replaced(web: Deployed) -> str:
    shipped = rollback_is_off(web)
    ship(web, "nginx:stable", 900)
    return shipped


def failed_without_rollback_and_is_being_replaced(web: Deployed) -> str:
    shipped = rollback_is_off(web)
    ship(web, "nginx:stable", 10)
    return shipped


def stopped_for_good_then_replaced(web: Deployed) -> str:
    shipped = somebody_aborted_it(web)
    ship(web, "nginx:stable", 900)
    return shipped


def rolled_back_for_an_alarm_then_replaced(web: Deployed) -> str:
    shipped = alarm_rang(web)
    put_alarm(web, "OK")
    ship(web, "nginx:1.27", 900)
    return shipped


@dataclass(frozen=True, slots=True)
class Story:
    tell: Callable[[Deployed], str]
    ending: str
    ended_by: str = ""
    why_no_rollback: str = ""
    calm: bool = True
    passed: bool = False
    cause: str = ""
    runs_instead: str = ""


STORIES = (
    Story(good_release, COMPLETED, passed=True),
    Story(wrong_image, ROLLED_BACK, BREAKER, cause="CannotPullContainerError"),
    Story(exits_at_once, ROLLED_BACK, BREAKER, cause="Essential container in task exited"),
    Story(fails_its_health_check, ROLLED_BACK, BREAKER, cause="failed container health checks"),
    Story(somebody_deployed_after_the_rollback, ROLLED_BACK, BREAKER),
    Story(forced_with_the_same_revision, ROLLED_BACK, BREAKER, cause="CannotPullContainerError"),
    Story(alarm_rang, ROLLED_BACK, ALARM),
    Story(alarm_rang_without_rollback, STALLED, ALARM, ROLLBACK_OFF, calm=False),
    Story(somebody_stopped_it, ROLLED_BACK, PERSON),
    Story(somebody_aborted_it, STALLED, PERSON, STOPPED_WITHOUT_ROLLBACK, calm=False),
    Story(rollback_is_off, STALLED, BREAKER, ROLLBACK_OFF, calm=False),
    Story(first_deployment, STALLED, BREAKER, NOTHING_TO_RETURN_TO, calm=False),
    Story(the_rollback_fails_too, ROLLBACK_FAILED, BREAKER, calm=False),
    Story(somebody_deploys_on_top_of_it, SUPERSEDED, calm=False),
    Story(somebody_had_deployed_on_top_of_it, UNKNOWN),
    Story(scaled_to_zero, SCALED_TO_ZERO),
    Story(dies_after_it_was_healthy, COMPLETED, calm=False),
    Story(breaker_is_off, IN_PROGRESS, calm=False),
    Story(just_begun, IN_PROGRESS, calm=False),
    Story(service_was_deleted, GONE, calm=False),
    Story(nobody_knows_it, UNKNOWN),
    Story(a_good_release_took_its_place, REPLACED, runs_instead="web:3"),
    Story(a_good_release_is_taking_its_place, REPLACED, runs_instead="web:3", calm=False),
    Story(the_same_revision_was_forced_since, REPLACED, runs_instead="web:2", passed=True),
    Story(the_one_that_took_its_place_was_rolled_back, COMPLETED, passed=True),
    Story(the_one_that_takes_its_place_does_not_start, REPLACED, runs_instead="web:3", calm=False),
    Story(
        its_rollback_was_overtaken,
        FAILED_THEN_SUPERSEDED,
        BREAKER,
        ROLLBACK_OVERTAKEN,
        runs_instead="web:3",
        calm=False,
    ),
    Story(
        its_rollback_was_overtaken_long_ago,
        FAILED_THEN_SUPERSEDED,
        BREAKER,
        ROLLBACK_OVERTAKEN,
        runs_instead="web:3",
    ),
    Story(
        its_rollback_was_overtaken_by_another_bad_release,
        FAILED_THEN_SUPERSEDED,
        BREAKER,
        ROLLBACK_OVERTAKEN,
        runs_instead="web:3",
        calm=False,
    ),
    Story(
        failed_without_rollback_then_replaced,
        FAILED_THEN_SUPERSEDED,
        BREAKER,
        ROLLBACK_OFF,
        runs_instead="web:3",
    ),
    Story(
        failed_without_rollback_and_is_being_replaced,
        FAILED_THEN_SUPERSEDED,
        BREAKER,
        ROLLBACK_OFF,
        runs_instead="web:3",
        calm=False,
    ),
    Story(
        stopped_for_good_then_replaced,
        FAILED_THEN_SUPERSEDED,
        PERSON,
        STOPPED_WITHOUT_ROLLBACK,
        runs_instead="web:3",
    ),
    Story(rolled_back_for_an_alarm_then_replaced, ROLLED_BACK, ALARM),
)


def is_calm(web: Deployed) -> bool:
    """The rule of `aws ecs wait services-stable`, from botocore's waiter."""
    service = web.service
    return len(service["deployments"]) == 1 and (service["runningCount"] == service["desiredCount"])


def judge(session: Session, deployment_id: str) -> Verdict:
    return deployment_verdict(
        session, cluster="default", service="web", deployment_id=deployment_id
    )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.tell.__name__)
def test_the_verdict_on_each_story_is_right(
    story: Story, deployed: Deployed, connected: Session
) -> None:
    deployment_id = story.tell(deployed)
    calm = is_calm(deployed)

    found = judge(connected, deployment_id)

    assert found.ending == story.ending, found.sentence
    assert (found.ended_by, found.why_no_rollback) == (story.ended_by, story.why_no_rollback)
    assert found.passed is story.passed, found.sentence
    assert story.cause in found.cause
    assert found.runs_instead.partition(" ")[0] == story.runs_instead
    assert calm is story.calm
    assert deployment_id in found.sentence
    assert found.next_step


def test_calm_is_fooled_more_than_once_and_the_verdict_never() -> None:
    fooled = [story.tell.__name__ for story in STORIES if story.calm and not story.passed]

    assert len(STORIES) >= 12
    assert len(fooled) >= 6
