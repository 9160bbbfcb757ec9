"""AWS replies become facts; what is absent is None, never an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runbook_lib import apply, facts, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import wait_until_steady

SETTINGS = Settings()
EVENT: Mapping[str, Any] = {
    "detail-type": "ECS Deployment State Change",
    "source": "aws.ecs",
    "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": "ecs-svc/1"},
}


@pytest.fixture
def running(session: Session) -> Callable[..., facts.Service]:
    """The service of the walk, steady, with as many tasks as asked for."""

    def begin(**settings: Any) -> facts.Service:
        chosen = Settings(**settings)
        apply(session, walk.task_definition_plan(session, chosen))
        apply(session, walk.service_plan(session, chosen))
        return wait_until_steady(session, cluster=chosen.cluster, service=chosen.service)

    return begin


@pytest.mark.parametrize(
    "read",
    [
        lambda s: reading.read_cluster(s, "nobody"),
        lambda s: reading.read_service(s, "default", "nobody"),
        lambda s: reading.read_service(s, "no-such-cluster", "nobody"),
        lambda s: reading.read_role(s, "nobody"),
        lambda s: reading.read_topic(s, "nobody"),
        lambda s: reading.read_rule(s, "nobody"),
        lambda s: reading.read_queue(s, "nobody"),
    ],
)
def test_what_is_absent_reads_as_none(session: Session, read: Callable[[Session], object]) -> None:
    assert read(session) is None


@pytest.mark.parametrize("has", [reading.has_topic, reading.has_rule, reading.has_queue])
def test_whether_something_is_there_takes_one_call(
    session: Session, has: Callable[[Session, str], bool]
) -> None:
    session.client("sns").create_topic(Name="mine")
    session.client("events").put_rule(Name="mine", EventPattern='{"source": ["aws.ecs"]}')
    session.client("sqs").create_queue(QueueName="mine")
    before = len(session.journal.entries)

    assert (has(session, "mine"), has(session, "nobody")) == (True, False)
    assert len(session.journal.entries) - before == 2


def test_an_unknown_family_has_no_revisions(session: Session) -> None:
    assert reading.read_task_definitions(session, "nobody") == ()


def test_an_error_that_is_not_absence_is_not_hidden(session: Session) -> None:
    with pytest.raises(ClientError, match="Unable to describe task definition"):
        reading.read_task_definition(session, "nobody:1")


def test_a_running_service_reads_as_facts(
    session: Session, running: Callable[..., facts.Service]
) -> None:
    service = running()

    assert service.name == "my-sample-service"
    assert service.task_definition == "my-task:1"
    assert service.circuit_breaker == facts.CircuitBreaker(enable=True, rollback=True)
    assert service.tags == {"created-by": "ecs-circuit-breaker-runbook"}
    assert service.is_active
    assert service.is_steady
    (deployment,) = service.deployments
    assert service.primary == deployment
    assert deployment.is_completed
    assert not deployment.has_failed
    assert deployment.created_at.tzinfo is not None
    assert service.deployment(deployment.id) == deployment
    assert service.deployment("ecs-svc/0") is None
    moments = [each.created_at for each in service.events]
    assert moments == sorted(moments, reverse=True)


def test_an_inactive_service_reads_as_none(
    session: Session, running: Callable[..., facts.Service]
) -> None:
    running()
    apply(session, walk.clean_up_plan(session, SETTINGS))

    assert reading.read_service(session, "default", SETTINGS.service) is None
    described = session.client("ecs").describe_services(
        cluster="default", services=[SETTINGS.service]
    )
    assert [each["status"] for each in described["services"]] == ["INACTIVE"]


def test_more_tasks_than_one_call_can_describe_are_all_read(
    session: Session, running: Callable[..., facts.Service]
) -> None:
    service = running(desired_count=120)

    tasks = reading.read_tasks(session, "default", SETTINGS.service)

    assert len({each.id for each in tasks}) == 120
    assert {each.last_status for each in tasks} == {"RUNNING"}
    assert {each.deployment_id for each in tasks} == {service.deployments[0].id}
    assert [each.created_at for each in tasks] == sorted(
        each.created_at for each in tasks if each.created_at
    )
    described = [each for each in session.journal.entries if each["operation"] == "DescribeTasks"]
    assert len(described) == 2


def test_only_the_newest_twenty_revisions_of_just_this_family_are_read(
    session: Session, aws: Callable[..., Any]
) -> None:
    for family in ["my-task"] * 22 + ["my-task-of-somebody-else"]:
        aws("ecs").register_task_definition(
            family=family, containerDefinitions=[{"name": "c", "image": "nginx"}], memory="512"
        )

    revisions = reading.read_task_definitions(session, "my-task")

    assert [each.revision for each in revisions] == list(range(22, 2, -1))
    assert {each.family for each in revisions} == {"my-task"}
    assert revisions[0].images == {"c": "nginx"}
    assert revisions[0].name == "my-task:22"


def test_the_default_network_is_every_subnet_of_the_default_vpc(
    session: Session, aws: Callable[..., Any]
) -> None:
    network = reading.read_default_network(session)

    assert network
    assert network.source.startswith("default VPC vpc-")
    subnets = aws("ec2").describe_subnets(SubnetIds=list(network.subnet_ids))["Subnets"]
    zones = {each["SubnetId"]: each["AvailabilityZone"] for each in subnets}
    assert len(zones) == 3
    assert [zones[each] for each in network.subnet_ids] == sorted(zones.values())
    assert len(network.security_group_ids) == 1
    assert reading.read_missing_network_ids(session, network) == ()


def test_missing_subnets_and_groups_are_named(session: Session) -> None:
    default = reading.read_default_network(session)
    assert default
    network = facts.Network((default.subnet_ids[0], "subnet-0dead"), ("sg-0dead",), "parameters")

    assert reading.read_missing_network_ids(session, network) == ("subnet-0dead", "sg-0dead")
    assert reading.read_missing_network_ids(session, facts.Network((), (), "")) == ()


def test_a_subscription_is_confirmed_once_it_has_an_arn(
    session: Session, aws: Callable[..., Any]
) -> None:
    apply(session, walk.topic_plan(session, SETTINGS))
    before = reading.read_topic(session, "my-topic")
    assert before
    session.mailbox.confirm(SETTINGS.email, before.arn)
    after = reading.read_topic(session, "my-topic")
    assert after

    assert [each.is_confirmed for each in before.subscriptions] == [False]
    assert [each.is_confirmed for each in after.subscriptions] == [True]


def test_a_good_rollout_is_in_the_service_deployments(
    session: Session, running: Callable[..., facts.Service]
) -> None:
    running()

    (record,) = reading.read_service_deployments(session, "default", SETTINGS.service)

    assert record.status == "SUCCESSFUL"
    assert record.target_task_definition == "my-task:1"
    assert (record.failure_count, record.threshold) == (0, 3)
    assert record.finished_at
    assert record.finished_at > record.created_at


def test_a_service_without_deployments_yet_has_none(session: Session) -> None:
    apply(session, walk.task_definition_plan(session, SETTINGS))
    apply(session, walk.service_plan(session, SETTINGS))

    found = reading.read_service_deployments(session, "default", SETTINGS.service)

    assert len(found) <= 1
    assert reading.read_tasks(session, "default", SETTINGS.service) == ()


# --- alerts --------------------------------------------------------------------------------------


@pytest.fixture
def send(session: Session) -> Callable[..., facts.Queue]:
    """Put messages into a queue; that queue."""

    def send(*bodies: str) -> facts.Queue:
        sqs = session.client("sqs")
        url = sqs.create_queue(QueueName="probe")["QueueUrl"]
        for body in bodies:
            sqs.send_message(QueueUrl=url, MessageBody=body)
            session.clock.sleep(1)
        queue = reading.read_queue(session, "probe")
        assert queue
        return queue

    return send


def test_alerts_are_read_raw_and_in_the_envelope_oldest_first(
    session: Session, send: Callable[..., facts.Queue]
) -> None:
    second = {**EVENT, "detail": {**EVENT["detail"], "deploymentId": "ecs-svc/2"}}
    envelope = {"Type": "Notification", "Message": json.dumps(second)}
    queue = send(json.dumps(EVENT), json.dumps(envelope))

    alerts = reading.read_alerts(session, queue)

    assert [each.deployment_id for each in alerts] == ["ecs-svc/1", "ecs-svc/2"]
    assert {each.event_name for each in alerts} == {"SERVICE_DEPLOYMENT_FAILED"}
    assert json.loads(alerts[0].text) == EVENT
    assert alerts[0].received_at < alerts[1].received_at
    assert alerts[0].received_at.tzinfo is UTC


def test_reading_alerts_takes_nothing_away(
    session: Session, send: Callable[..., facts.Queue]
) -> None:
    queue = send(json.dumps(EVENT))

    assert reading.read_alerts(session, queue) == reading.read_alerts(session, queue)
    assert len(reading.read_alerts(session, queue)) == 1


def test_what_others_publish_to_the_topic_is_no_alert(
    session: Session, send: Callable[..., facts.Queue]
) -> None:
    queue = send(
        "Hello",
        "3",
        "[1]",
        "null",
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": "Alarm: CPU"}',
        '{"Type": "Notification", "Message": 3}',
        '{"detail-type": "ECS Task State Change", "detail": {"taskArn": "arn"}}',
        '{"detail": "of something else"}',
        json.dumps(EVENT),
    )

    assert [each.deployment_id for each in reading.read_alerts(session, queue)] == ["ecs-svc/1"]


def test_an_empty_queue_holds_no_alerts(session: Session, send: Callable[..., facts.Queue]) -> None:
    assert reading.read_alerts(session, send()) == ()
