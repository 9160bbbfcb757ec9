"""Which names of a deployment a verdict takes, and what it says to the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from deployed import Deployed

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import deployment_verdict, watch, watch_by_queue, watch_many
from runbook_lib.aws.session import Session
from runbook_lib.cli.main import main
from runbook_lib.errors import BadParameter, NotThere
from runbook_lib.facts import ServiceDeployment
from runbook_lib.following.deployment import (
    COMPLETED,
    FAILED_THEN_SUPERSEDED,
    IN_PROGRESS,
    REPLACED,
    ROLLBACK_FAILED,
    ROLLED_BACK,
    STALLED,
    SUPERSEDED,
    UNKNOWN,
)
from runbook_lib.verdict.deployment import end_by_record

Aws = Callable[..., Any]
MALFORMED = [
    "",
    None,
    7,
    "2942440254381718020",
    "ecs-svc/",
    "ecs-svc/x",
    "ecs-svc/2942440254381718020 ",
    "ecs-svc/29424402543817180201234",
    "ECS-SVC/2942440254381718020",
    "arn:aws:ecs:eu-west-1:123456789876:service/default/web",
    "arn:aws:ecs:eu-west-1:123456789876:service-deployment/web",
    "arn:aws:sns:eu-west-1:123456789876:my-topic",
]


@pytest.fixture
def web(aws: Aws, advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


@pytest.fixture
def deaf(emulator: EmulatorServer) -> None:
    """No call reaches the emulator without an error."""
    faults = {"call_faults": [{"call": "*", "fault": "internal_failure"}]}
    EmulatorControls(emulator.url).call("PUT", "/_emulator/faults", faults)


def shipped(web: Deployed, image: str, seconds: float) -> tuple[str, str]:
    """Deploy an image: the id of the deployment, and the ARN of its service deployment."""
    web.update(web.register(image), 0)
    own = web.service["deployments"][0]["id"]
    web.advance(seconds)
    return own, web.record["serviceDeploymentArn"]


def verdict(session: Session, name: Any, cluster: str = "default", service: str = "web") -> Any:
    return deployment_verdict(session, cluster=cluster, service=service, deployment_id=name)


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_name_is_refused_before_any_call(
    name: Any, connected: Session, deaf: None
) -> None:
    with pytest.raises(BadParameter, match=r"^deployment: .* Example: deployment: ecs-svc/2942"):
        verdict(connected, name)
    where = {"cluster": "default", "service": "web"}
    for follow in (watch, watch_by_queue):
        with pytest.raises(BadParameter, match=r"^deployment: "):
            follow(connected, **where, deployment_id=name)
    with pytest.raises(BadParameter, match=r"^deployment: "):
        watch_many(connected, cluster="default", deployments={"web": name})


@pytest.mark.parametrize("name", [each for each in MALFORMED if isinstance(each, str)])
def test_the_command_ends_with_2_and_one_line(
    name: str, emulator: EmulatorServer, deaf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    done = CliRunner().invoke(main, ["verdict", name])

    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert done.output.startswith("error: deployment: ")


def test_the_arn_of_a_service_deployment_means_its_deployment(
    web: Deployed, connected: Session
) -> None:
    web.create()
    good, good_arn = shipped(web, "nginx:stable", 900)
    bad, bad_arn = shipped(web, "nginx:wrong-image-tag", 1500)

    assert verdict(connected, good_arn) == verdict(connected, good)
    assert verdict(connected, bad_arn) == verdict(connected, bad)
    assert verdict(connected, good_arn).ending == COMPLETED
    assert verdict(connected, bad_arn).ending == ROLLED_BACK


def test_the_arn_says_itself_which_service_it_is_about(web: Deployed, connected: Session) -> None:
    web.create()
    own, arn = shipped(web, "nginx:stable", 900)

    found = verdict(connected, arn, cluster="elsewhere", service="another")

    assert found.deployment_id == own


def test_an_arn_waits_as_an_id_does(web: Deployed, connected: Session) -> None:
    web.create()
    own, arn = shipped(web, "nginx:wrong-image-tag", 60)

    found = deployment_verdict(
        connected, cluster="default", service="web", deployment_id=arn, wait=True
    )

    assert (found.deployment_id, found.ending) == (own, ROLLED_BACK)


def test_an_arn_that_ecs_does_not_have_is_unknown(web: Deployed, connected: Session) -> None:
    web.create()
    arn = web.record["serviceDeploymentArn"][:-4] + "none"

    assert verdict(connected, arn).ending == UNKNOWN


def test_a_superseded_one_whose_deployment_is_gone_is_told_by_its_service_deployment(
    web: Deployed, connected: Session
) -> None:
    web.create()
    own, arn = shipped(web, "nginx:wrong-image-tag", 60)
    shipped(web, "nginx:stable", 1200)

    assert verdict(connected, own).ending == UNKNOWN
    found = verdict(connected, arn)
    assert (found.ending, found.passed) == (SUPERSEDED, False)
    assert found.task_definition == "web:2"


@pytest.mark.parametrize(
    ("status", "reason", "breaker", "is_newest", "ending"),
    [
        ("SUCCESSFUL", "", "", True, COMPLETED),
        ("SUCCESSFUL", "", "", False, REPLACED),
        ("ROLLBACK_SUCCESSFUL", "", "TRIGGERED", True, ROLLED_BACK),
        ("ROLLBACK_FAILED", "No rollback candidate was found to run the rollback.", "", 1, STALLED),
        ("ROLLBACK_FAILED", "", "TRIGGERED", True, ROLLBACK_FAILED),
        ("STOPPED", "", "TRIGGERED", False, FAILED_THEN_SUPERSEDED),
        ("STOPPED", "", "MONITORING_COMPLETE", False, SUPERSEDED),
        ("PENDING", "", "MONITORING", True, IN_PROGRESS),
        ("ROLLBACK_IN_PROGRESS", "", "TRIGGERED", True, IN_PROGRESS),
    ],
)
def test_each_status_of_a_service_deployment_is_an_ending(
    status: str, reason: str, breaker: str, is_newest: bool, ending: str
) -> None:
    record = ServiceDeployment(
        arn="arn",
        status=status,
        status_reason=reason,
        target_task_definition="web:2",
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        finished_at=None,
        failure_count=None,
        threshold=None,
        breaker_status=breaker,
    )

    assert end_by_record(record, is_newest=is_newest) == ending


def test_a_missing_cluster_is_called_missing(connected: Session, emulator: EmulatorServer) -> None:
    with pytest.raises(NotThere) as caught:
        verdict(connected, "ecs-svc/1", cluster="prod")

    assert str(caught.value) == (
        "cluster prod is missing in eu-west-1. Next: set cluster to one that is there: default."
    )


def test_a_missing_service_is_called_missing_in_its_cluster(
    connected: Session, emulator: EmulatorServer
) -> None:
    with pytest.raises(NotThere) as caught:
        verdict(connected, "ecs-svc/1")

    assert str(caught.value) == (
        "service web is missing in cluster default. "
        "Next: set service, and cluster, to one that is there."
    )
