"""Health moves: what was healthy turns sick, by its own doing, by a fault or by what is asked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from deployed import Deployed, behind, target_group
from hypothesis import given
from hypothesis import strategies as st

from ecs_emulator.client import EmulatorControls
from ecs_emulator.ecs.tasks.health import Rhythm, Spell, Turn, overlaid, spliced, turns
from ecs_emulator.http.server import EmulatorServer

SICK_AFTER_FIVE_MINUTES = {
    "command": ["sh", "-c", "touch /tmp/healthy; sleep 300; rm -f /tmp/healthy; sleep 36000"],
    "healthCheck": {"command": ["CMD-SHELL", "cat /tmp/healthy || exit 1"], "interval": 10},
}


@pytest.fixture
def deployed(aws: Callable[..., Any], advance: Callable[[float], None]) -> Deployed:
    return Deployed(aws, advance)


@pytest.fixture
def sick(emulator: EmulatorServer) -> Callable[..., Any]:
    """sick(answer=503) is the fault `sick_tasks` with this one entry; sick() ends it."""
    controls = EmulatorControls(emulator.url)

    def sick(**entry: Any) -> Any:
        entries = [entry] if entry else []
        return controls.call("PUT", "/_emulator/faults", {"sick_tasks": entries})

    return sick


def health(deployed: Deployed, group: str) -> list[tuple[str, str]]:
    found = deployed.aws("elbv2").describe_target_health(TargetGroupArn=group)
    return [
        (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason", ""))
        for each in found["TargetHealthDescriptions"]
    ]


def running(deployed: Deployed) -> list[dict[str, Any]]:
    arns = deployed.ecs.list_tasks(serviceName="web")["taskArns"]
    found: list[dict[str, Any]] = deployed.ecs.describe_tasks(tasks=arns)["tasks"]
    return found


# --- a container's own check ---------------------------------------------------------------------


def test_a_container_that_falls_sick_is_replaced_and_said_and_not_counted_any_more(
    deployed: Deployed,
) -> None:
    deployed.create()
    bad = deployed.register(**SICK_AFTER_FIVE_MINUTES)
    deployed.update(bad, 300)
    assert deployed.record["status"] == "SUCCESSFUL"
    (task,) = running(deployed)
    assert task["healthStatus"] == "HEALTHY"

    deployed.advance(180)

    (event,) = (each for each in deployed.events if "failed container health checks" in each)
    assert task["taskArn"].rpartition("/")[2] in event
    assert task["taskArn"] not in {each["taskArn"] for each in running(deployed)}
    assert deployed.record["status"] == "SUCCESSFUL"
    assert deployed.record["deploymentCircuitBreaker"]["failureCount"] == 0


def test_a_container_that_falls_sick_while_it_is_rolled_out_is_counted(deployed: Deployed) -> None:
    one_by_one = {"minimumHealthyPercent": 100, "maximumPercent": 125}
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    settings = {**one_by_one, "deploymentCircuitBreaker": breaker}
    deployed.create(desiredCount=8, deploymentConfiguration=settings)
    bad = deployed.register(
        command=["sh", "-c", "touch /tmp/up; sleep 60; rm /tmp/up; sleep 36000"],
        healthCheck={"command": ["CMD-SHELL", "test -f /tmp/up"], "interval": 10, "retries": 2},
    )

    deployed.update(bad, 3600)

    assert deployed.record["status"] == "ROLLBACK_SUCCESSFUL"
    failed = deployed.ecs.list_service_deployments(service="web")["serviceDeployments"]
    assert len(failed) == 2
    assert sum("failed container health checks" in each for each in deployed.events) >= 4


@pytest.mark.parametrize(
    ("command", "check", "states"),
    [
        ("touch f; sleep 60; rm f; sleep 9999", "cat f", ("HEALTHY", "UNHEALTHY")),
        ("sleep 60; touch sick; sleep 9999", "! test -f sick", ("HEALTHY", "UNHEALTHY")),
        ("sleep 60; touch sick; sleep 9999", "[ ! -f sick ]", ("HEALTHY", "UNHEALTHY")),
        ("sleep 8; touch up; sleep 9999", "[ -e up ] || exit 1", ("HEALTHY", "HEALTHY")),
        ("sleep 9999", "cat f", ("HEALTHY", "HEALTHY")),  # nothing says that it is missing
    ],
)
def test_a_check_that_looks_for_a_file_follows_what_the_command_does(
    deployed: Deployed, command: str, check: str, states: tuple[str, str]
) -> None:
    deployed.create()
    made = deployed.register(
        command=["sh", "-c", command],
        healthCheck={"command": ["CMD-SHELL", check], "interval": 5, "retries": 2},
    )
    deployed.ecs.update_service(service="web", taskDefinition=made)
    first = ""
    seen: list[str] = []
    for _ in range(60):
        deployed.advance(5)
        tasks = [each for each in running(deployed) if each["taskDefinitionArn"] == made]
        first = first or (tasks[0]["taskArn"] if tasks else "")
        if first:
            (task,) = deployed.ecs.describe_tasks(tasks=[first])["tasks"]
            seen.append(task["healthStatus"])

    decided = [each for each in seen if each != "UNKNOWN"]
    assert (decided[0], decided[-1]) == states


# --- a target group ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text", "code"),
    [
        (503, "Health checks failed with these codes: [503]", "Target.ResponseCodeMismatch"),
        ("timeout", "Request timed out", "Target.Timeout"),
        ("refused", "Health checks failed", "Target.FailedHealthChecks"),
    ],
)
def test_a_target_that_falls_sick_is_told_of_with_its_reason_and_replaced(
    deployed: Deployed, sick: Callable[..., Any], answer: int | str, text: str, code: str
) -> None:
    group = target_group(deployed)
    deployed.create(**behind(group))
    assert health(deployed, group) == [("healthy", "")]
    (task,) = running(deployed)

    sick(service="web", answer=answer)
    deployed.advance(45)
    assert health(deployed, group) == [("healthy", "")]
    deployed.advance(20)

    said = [each for each in deployed.events if f"(reason {text})" in each]
    assert len(said) == 1
    assert task["taskArn"].rpartition("/")[2] in said[0]
    states = health(deployed, group)
    assert ("unhealthy", code) in states or (
        "draining",
        "Target.DeregistrationInProgress",
    ) in states

    sick()
    deployed.advance(600)
    assert health(deployed, group) == [("healthy", "")]
    assert task["taskArn"] not in {each["taskArn"] for each in running(deployed)}


def test_a_spell_shorter_than_the_threshold_changes_nothing(
    deployed: Deployed, sick: Callable[..., Any]
) -> None:
    group = target_group(deployed, HealthCheckIntervalSeconds=30, UnhealthyThresholdCount=3)
    deployed.create(**behind(group))
    before = running(deployed)

    sick(service="web", answer=500, for_seconds=80, at="2026-01-05T09:20:00Z")
    deployed.advance(3600)

    assert [each["taskArn"] for each in running(deployed)] == [each["taskArn"] for each in before]
    assert not any("unhealthy" in each for each in deployed.events)


def test_a_fault_begins_at_its_time_and_strikes_the_revision_that_it_names(
    deployed: Deployed, sick: Callable[..., Any]
) -> None:
    group = target_group(deployed)
    deployed.create(**behind(group))
    sick(task_definition="web:2", answer=502, after_seconds=300)
    deployed.advance(3600)
    assert not any("unhealthy" in each for each in deployed.events)

    deployed.update(deployed.register(), 240)
    assert not any("unhealthy" in each for each in deployed.events)
    deployed.advance(240)

    assert any("these codes: [502]" in each for each in deployed.events)


def test_what_a_target_group_asks_may_be_changed_while_targets_run(deployed: Deployed) -> None:
    group = target_group(deployed)
    deployed.create(**behind(group))

    deployed.aws("elbv2").modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    deployed.advance(90)

    assert any("with these codes: [404]" in each for each in deployed.events)


def test_in_the_grace_period_a_target_is_sick_and_nothing_comes_of_it(deployed: Deployed) -> None:
    group = target_group(deployed)
    slow = deployed.register(command=["sh", "-c", "sleep 200; nginx -g 'daemon off;'"])
    deployed.create(
        taskDefinition=slow, healthCheckGracePeriodSeconds=600, desiredCount=0, **behind(group)
    )
    deployed.ecs.update_service(service="web", desiredCount=1)
    deployed.advance(40)
    assert health(deployed, group) == [("initial", "Elb.InitialHealthChecking")]
    deployed.advance(80)
    assert health(deployed, group) == [("unhealthy", "Target.FailedHealthChecks")]
    deployed.advance(600)
    assert health(deployed, group) == [("healthy", "")]
    assert not any("is unhealthy" in each for each in deployed.events)


def test_a_server_that_gives_up_later_is_found_by_the_target_group(deployed: Deployed) -> None:
    group = target_group(deployed)
    deployed.create(**behind(group))
    weak = deployed.register(
        command=["sh", "-c", "timeout 400 nginx -g 'daemon off;'; sleep 36000"]
    )
    deployed.update(weak, 400)
    assert deployed.record["status"] == "SUCCESSFUL"
    assert not any("unhealthy" in each for each in deployed.events)

    deployed.advance(200)

    assert any("is unhealthy in (target-group" in each for each in deployed.events)


def test_targets_are_named_by_address_port_and_zone_and_beside_those_put_in_by_hand(
    deployed: Deployed,
) -> None:
    group = target_group(deployed)
    deployed.create(**behind(group))
    elb = deployed.aws("elbv2")
    (task,) = running(deployed)
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 80}])

    found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]

    assert found[0]["Target"] == {
        "Id": details["privateIPv4Address"],
        "Port": 80,
        "AvailabilityZone": task["availabilityZone"],
    }
    assert found[0]["HealthCheckPort"] == "80"
    assert [each["Target"]["Id"] for each in found[1:]] == ["10.0.0.9"]
    own = [{"Id": details["privateIPv4Address"], "Port": 80}]
    (asked,) = elb.describe_target_health(TargetGroupArn=group, Targets=own)[
        "TargetHealthDescriptions"
    ]
    assert asked == found[0]


@pytest.mark.parametrize(
    "entry",
    [
        {"answer": "slow"},
        {"answer": 42},
        {"after_seconds": -1},
        {"at": "noon"},
        {"servce": "web"},
        {"service": 3},
    ],
)
def test_a_sickness_that_cannot_be_is_refused_in_one_line(
    sick: Callable[..., Any], entry: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match="sick_tasks"):
        sick(**entry)


# --- the rule itself -----------------------------------------------------------------------------

RHYTHM = Rhythm(first_pass=20, passes=150, fails=60)
SPELLS = st.lists(st.tuples(st.floats(1, 500), st.booleans()), max_size=8).map(
    lambda parts: (
        tuple(
            Spell(float(sum(part for part, _ in parts[:number])), None if passes else "sick")
            for number, (_, passes) in enumerate(parts)
        )
        or (Spell(0.0),)
    )
)


def test_a_target_is_healthy_after_its_first_good_check_and_sick_after_two_bad_ones() -> None:
    spells = (Spell(0.0), Spell(100.0, "refused"), Spell(400.0))

    assert list(turns(RHYTHM, spells)) == [Turn(20.0), Turn(160.0, "refused"), Turn(550.0)]


@given(SPELLS)
def test_health_goes_to_and_fro_and_never_before_the_answers_changed(
    spells: tuple[Spell, ...],
) -> None:
    found = list(turns(RHYTHM, spells))

    assert found
    assert all(a.is_healthy is not b.is_healthy for a, b in pairwise(found))
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert found[-1].reason == spells[-1].reason or len(spells) > 1


@given(SPELLS, st.floats(0, 900), st.floats(0, 900))
def test_an_overlay_answers_in_between_and_nowhere_else(
    spells: tuple[Spell, ...], begins: float, length: float
) -> None:
    ends = begins + length
    found = overlaid(spells, begins, ends, "struck")

    for moment in [0.0, begins - 0.5, begins, begins + length / 2, ends, ends + 0.5, 5000.0]:
        if moment < 0:
            continue
        expected = "struck" if begins <= moment < ends else at(spells, moment)
        assert at(found, moment) == expected
    assert spliced(found, 0.0, spells) == spliced(spells, 0.0, spells)


def at(spells: tuple[Spell, ...], moment: float) -> str | None:
    return [each.reason for each in spells if each.begins <= moment][-1]
