"""The ECS API through boto3 and a real socket: every operation, every shape, every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from ecs_emulator.api.door import OPERATIONS, service_model
from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.world.clock import FIRST_MOMENT

ARN = "arn:aws:ecs:eu-west-1:123456789876"
Advance = Callable[[float], None]
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTAINER = {"name": "sample-container", "image": "nginx:alpine", "memory": 128}
FARGATE: Mapping[str, Any] = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
}
PYTHON_TYPES = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def complaints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """What an SDK that knows the model would not understand in a reply."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from (f"{path} lacks {name}" for name in shape.required_members if name not in value)
        yield from (f"{path} has the unknown {name}" for name in value if name not in shape.members)
        for name, each in value.items():
            yield from complaints(each, shape.members.get(name, shape), f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, each in enumerate(value):
            yield from complaints(each, shape.member, f"{path}[{number}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for name, each in value.items():
            yield from complaints(each, shape.value, f"{path}.{name}")
    elif type(value) not in PYTHON_TYPES.get(shape.type_name, ()):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif (enum := getattr(shape, "enum", None)) and value not in enum:
        yield f"{path}: {value!r} is none of {enum}"


@pytest.fixture
def ecs(aws: Callable[..., Any]) -> Any:
    """A client whose every reply is held against botocore's model, byte for byte as it came."""
    return checked(aws("ecs"))


def checked(client: Any) -> Any:
    def check(http_response: Any, model: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            content = json.loads(http_response.content)
            assert list(complaints(content, model.output_shape, model.name)) == []

    client.meta.events.register("after-call.ecs.*", check)
    return client


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ({"cluster": {"status": "ACTIVE"}}, []),
        ({"cluster": {"state": 1}}, ["r.cluster has the unknown state"]),
        ({"cluster": {"status": 1}}, ["r.cluster.status: 1 is no string"]),
        ({"cluster": []}, ["r.cluster: [] is no structure"]),
        ({"cluster": {"activeServicesCount": True}}, ["r.cluster.activeServicesCount: True is no"]),
        ({"cluster": {"tags": [{"key": 1}]}}, ["r.cluster.tags[0].key: 1 is no string"]),
    ],
)
def test_the_check_of_shapes_can_fail(reply: dict[str, Any], found: list[str]) -> None:
    shape = service_model().operation_model("CreateCluster").output_shape
    told = list(complaints(reply, shape, "r"))

    assert len([each for each in told if each.startswith(tuple(found))]) == len(found)
    assert bool(told) == bool(found)


@pytest.fixture
def network(aws: Callable[..., Any]) -> dict[str, Any]:
    subnets = aws("ec2").describe_subnets()["Subnets"]
    return {"awsvpcConfiguration": {"subnets": sorted(each["SubnetId"] for each in subnets)}}


def register(ecs: Any, family: str = "my-task", image: str = "nginx:alpine", **more: Any) -> str:
    container = {**CONTAINER, "image": image, **more.pop("container", {})}
    reply = ecs.register_task_definition(
        family=family, containerDefinitions=[container], **{**FARGATE, **more}
    )
    return str(reply["taskDefinition"]["taskDefinitionArn"])


def create(ecs: Any, network: dict[str, Any], name: str = "web", **more: Any) -> dict[str, Any]:
    given = {
        "serviceName": name,
        "taskDefinition": "my-task",
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": network,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    }
    service: dict[str, Any] = ecs.create_service(**(given | more))["service"]
    return service


def describe(ecs: Any, name: str = "web") -> dict[str, Any]:
    (service,) = ecs.describe_services(services=[name], include=["TAGS"])["services"]
    return dict(service)


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**params)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def web(ecs: Any, network: dict[str, Any], advance: Advance) -> Any:
    """A client on a world with the service `web`, whose first deployment is COMPLETED."""
    register(ecs)
    create(ecs, network)
    advance(300)
    return ecs


# --- clusters ---------------------------------------------------------------------------------


def test_a_new_world_has_the_default_cluster(ecs: Any) -> None:
    (cluster,) = ecs.describe_clusters()["clusters"]

    assert ecs.list_clusters()["clusterArns"] == [f"{ARN}:cluster/default"]
    assert cluster == {
        "clusterArn": f"{ARN}:cluster/default",
        "clusterName": "default",
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": 0,
        "pendingTasksCount": 0,
        "activeServicesCount": 0,
        "statistics": [],
        "tags": [],
        "settings": [{"name": "containerInsights", "value": "disabled"}],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }


def test_a_cluster_is_created_tagged_and_deleted(ecs: Any) -> None:
    tags = [{"key": "team", "value": "blue"}]
    settings = [{"name": "containerInsights", "value": "enabled"}]
    first = ecs.create_cluster(clusterName="other", tags=tags, settings=settings)["cluster"]
    again = ecs.create_cluster(clusterName="other")["cluster"]

    assert first == again
    assert first["settings"] == settings
    (shown,) = ecs.describe_clusters(clusters=["other"], include=["TAGS"])["clusters"]
    assert shown["tags"] == tags
    assert ecs.delete_cluster(cluster=shown["clusterArn"])["cluster"]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == [f"{ARN}:cluster/default"]
    (gone,) = ecs.describe_clusters(clusters=["other"])["clusters"]
    assert gone["status"] == "INACTIVE"


def test_an_unknown_cluster_is_a_failure_of_describe_clusters(ecs: Any) -> None:
    reply = ecs.describe_clusters(clusters=["default", "other"])

    assert [each["clusterName"] for each in reply["clusters"]] == ["default"]
    assert reply["failures"] == [{"arn": f"{ARN}:cluster/other", "reason": "MISSING"}]


@pytest.mark.parametrize("name", ["with space", "Ünicode", "²", "a/b", "x" * 256, "\ud800"])
def test_a_cluster_name_is_letters_numbers_hyphens_and_underscores(
    shared_aws: Callable[..., Any], name: str
) -> None:
    ecs = shared_aws("ecs")

    assert refusal(ecs.create_cluster, clusterName=name)[0] in (
        "InvalidParameterException",
        "SerializationException",
    )
    assert ecs.describe_clusters(clusters=[name.encode("ascii", "replace").decode()])["failures"]


def test_a_cluster_counts_its_tasks_and_services(web: Any) -> None:
    web.update_service(service="web", desiredCount=3)
    (cluster,) = web.describe_clusters()["clusters"]

    assert (cluster["activeServicesCount"], cluster["runningTasksCount"]) == (1, 1)


# --- task definitions -------------------------------------------------------------------------


def test_a_registered_task_definition_is_described_as_it_was_given(ecs: Any) -> None:
    container = {
        "environment": [{"name": "A", "value": "1"}],
        "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5, "retries": 2},
    }
    arn = register(ecs, container=container)
    shown = ecs.describe_task_definition(taskDefinition="my-task")["taskDefinition"]

    assert arn == f"{ARN}:task-definition/my-task:1"
    assert shown == {
        "taskDefinitionArn": arn,
        "family": "my-task",
        "revision": 1,
        "status": "ACTIVE",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "compatibilities": ["EC2", "FARGATE"],
        "cpu": "256",
        "memory": "512",
        "volumes": [],
        "placementConstraints": [],
        "containerDefinitions": [
            {
                "cpu": 0,
                "essential": True,
                "mountPoints": [],
                "volumesFrom": [],
                "systemControls": [],
                **CONTAINER,
                **container,
            }
        ],
        "registeredAt": NINE,
        "registeredBy": "arn:aws:iam::123456789876:root",
    }


def test_each_registration_is_a_revision_and_a_bare_family_means_the_latest(ecs: Any) -> None:
    arns = [register(ecs), register(ecs, image="nginx:latest")]

    def found(reference: str) -> str:
        reply = ecs.describe_task_definition(taskDefinition=reference)
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    assert arns == [f"{ARN}:task-definition/my-task:{revision}" for revision in (1, 2)]
    assert [found(each) for each in ("my-task", "my-task:1", arns[1])] == [arns[1], *arns]
    ecs.deregister_task_definition(taskDefinition="my-task:2")
    assert found("my-task") == arns[0]
    assert register(ecs) == f"{ARN}:task-definition/my-task:3"


def test_a_revision_is_deregistered_and_then_deleted(ecs: Any, advance: Advance) -> None:
    arn = register(ecs)
    assert ecs.delete_task_definitions(taskDefinitions=[arn]) | {"ResponseMetadata": {}} == {
        "taskDefinitions": [],
        "failures": [
            {
                "arn": arn,
                "reason": "The specified task definition is still in ACTIVE status. Please "
                "deregister the target and try again.",
            }
        ],
        "ResponseMetadata": {},
    }
    advance(5)
    gone = ecs.deregister_task_definition(taskDefinition=arn)["taskDefinition"]

    assert (gone["status"], gone["deregisteredAt"]) == ("INACTIVE", NINE + timedelta(seconds=5))
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []
    assert ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"] == [arn]
    (deleted,) = ecs.delete_task_definitions(taskDefinitions=[arn])["taskDefinitions"]
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    assert refusal(ecs.describe_task_definition, taskDefinition=arn) == (
        "ClientException",
        "Unable to describe task definition.",
    )


@pytest.mark.fact("errors.delete-unknown")
def test_what_cannot_be_deleted_is_listed_and_the_rest_is_deleted(ecs: Any) -> None:
    arn = register(ecs)
    ecs.deregister_task_definition(taskDefinition=arn)
    reply = ecs.delete_task_definitions(taskDefinitions=["gone:7", "my-task", arn])

    assert [each["taskDefinitionArn"] for each in reply["taskDefinitions"]] == [arn]
    assert reply["failures"] == [
        {
            "arn": "gone:7",
            "reason": "The specified task definition does not exist. Specify a valid account, "
            "family, revision and try again.",
        },
        {
            "arn": "my-task",
            "reason": "The specified task definition identifier is invalid. Specify a valid name "
            "or ARN and try again.",
        },
    ]


def test_task_definitions_are_listed_by_family_status_and_order(ecs: Any) -> None:
    web1, web2, api1 = register(ecs, "web"), register(ecs, "web"), register(ecs, "api")
    ecs.deregister_task_definition(taskDefinition="api:1")

    def listed(**params: Any) -> list[str]:
        return list(ecs.list_task_definitions(**params)["taskDefinitionArns"])

    assert listed() == [web1, web2]
    assert listed(sort="DESC") == [web2, web1]
    assert listed(familyPrefix="api") == []
    assert listed(familyPrefix="api", status="INACTIVE") == [api1]
    assert ecs.list_task_definition_families()["families"] == ["api", "web"]
    assert ecs.list_task_definition_families(status="ACTIVE")["families"] == ["web"]
    assert ecs.list_task_definition_families(status="INACTIVE")["families"] == ["api"]
    assert ecs.list_task_definition_families(familyPrefix="w")["families"] == ["web"]


def test_the_tags_of_a_task_definition_come_back_when_asked_for(ecs: Any) -> None:
    tags = [{"key": "team", "value": "blue"}]
    register(ecs, tags=tags)

    assert "tags" not in ecs.describe_task_definition(taskDefinition="my-task")
    reply = ecs.describe_task_definition(taskDefinition="my-task", include=["TAGS"])
    assert reply["tags"] == tags


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"memory": None}, "Fargate requires that 'memory' be defined at the task level."),
        (
            {"memory": "300"},
            "No Fargate configuration exists for given values: 256 CPU, 300 memory.",
        ),
        (
            {"cpu": "1 vCPU", "memory": "0.5 GB"},
            "No Fargate configuration exists for given values: 1024 CPU, 512 memory.",
        ),
        ({"cpu": "much"}, "Invalid 'cpu' or 'memory' setting for task: 'much'."),
        ({"memory": "1e400GB"}, "Invalid 'cpu' or 'memory' setting for task: '1e400GB'."),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        (
            {"containerDefinitions": [{"name": "c c", "image": "nginx"}]},
            "Container.name contains invalid characters.",
        ),
        (
            {"containerDefinitions": [{"name": "c"}]},
            "Container.image should not be null or empty.",
        ),
        (
            {"containerDefinitions": [CONTAINER, CONTAINER]},
            "Container names must be unique within a task definition.",
        ),
        (
            {"containerDefinitions": [{**CONTAINER, "essential": False}]},
            "No essential container specified in the task definition.",
        ),
        (
            {
                "containerDefinitions": [
                    {**CONTAINER, "healthCheck": {"command": ["CMD", "true"], "interval": 1}}
                ]
            },
            "healthCheck.interval must be between 5 and 300.",
        ),
    ],
)
def test_a_task_definition_that_fargate_cannot_run_is_refused(
    shared_aws: Callable[..., Any], settings: dict[str, Any], text: str
) -> None:
    ecs = shared_aws("ecs")
    given = {"family": "refused", "containerDefinitions": [CONTAINER], **FARGATE, **settings}
    given = {name: value for name, value in given.items() if value is not None}

    assert refusal(ecs.register_task_definition, **given) == ("ClientException", text)
    assert ecs.list_task_definitions(familyPrefix="refused")["taskDefinitionArns"] == []


def test_fargate_sizes_may_be_said_in_several_ways(ecs: Any) -> None:
    sizes = [("256", "512"), (".25 vCPU", "0.5 GB"), ("4096", "30720"), ("1vcpu", "2gb")]
    arns = [register(ecs, cpu=cpu, memory=memory) for cpu, memory in sizes]

    assert [arn.rpartition(":")[2] for arn in arns] == ["1", "2", "3", "4"]


# --- services ---------------------------------------------------------------------------------


@pytest.mark.fact("deployments.id-form", "service-deployments.current")
def test_a_new_service_is_described_in_full(
    ecs: Any, network: dict[str, Any], emulator: EmulatorServer
) -> None:
    arn = register(ecs)
    service = create(ecs, network, desiredCount=2, tags=[{"key": "team", "value": "blue"}])
    (deployment,) = service["deployments"]
    (revision,) = service["currentServiceRevisions"]
    network_shown = {"awsvpcConfiguration": network["awsvpcConfiguration"]}

    assert service == {
        "serviceArn": f"{ARN}:service/default/web",
        "serviceName": "web",
        "clusterArn": f"{ARN}:cluster/default",
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 0,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "taskDefinition": arn,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {
                "enable": True,
                "rollback": True,
                "resetOnHealthyTask": True,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
            },
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "alarms": {"alarmNames": [], "enable": False, "rollback": False},
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "deployments": [
            {
                "id": deployment["id"],
                "status": "PRIMARY",
                "taskDefinition": arn,
                "desiredCount": 0,
                "pendingCount": 0,
                "runningCount": 0,
                "failedTasks": 0,
                "createdAt": NINE,
                "updatedAt": NINE,
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
                "platformFamily": "Linux",
                "networkConfiguration": network_shown,
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": f"ECS deployment {deployment['id']} in progress.",
            }
        ],
        "roleArn": "arn:aws:iam::123456789876:role/aws-service-role/ecs.amazonaws.com/"
        "AWSServiceRoleForECS",
        "events": [],
        "createdAt": NINE,
        "currentServiceDeployment": service["currentServiceDeployment"],
        "currentServiceRevisions": [
            {
                "arn": revision["arn"],
                "requestedTaskCount": 0,
                "runningTaskCount": 0,
                "pendingTaskCount": 0,
            }
        ],
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": network_shown,
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": "arn:aws:iam::123456789876:root",
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
        "tags": [{"key": "team", "value": "blue"}],
    }
    assert deployment["id"].startswith("ecs-svc/")
    assert len(deployment["id"]) == len("ecs-svc/") + 19
    assert emulator.aws.clock.now == FIRST_MOMENT


@pytest.mark.fact("errors.same-again")
def test_creating_the_same_service_again_returns_it(ecs: Any, network: dict[str, Any]) -> None:
    register(ecs)

    assert create(ecs, network) == create(ecs, network)
    assert ecs.list_services()["serviceArns"] == [f"{ARN}:service/default/web"]


@pytest.mark.fact("errors.empty-tags")
def test_an_empty_list_of_tags_is_refused(ecs: Any, network: dict[str, Any]) -> None:
    register(ecs)

    assert refusal(ecs.create_service, serviceName="web", taskDefinition="my-task", tags=[]) == (
        "InvalidParameterException",
        "Tags can not be empty.",
    )


def test_a_service_goes_from_pending_to_running_to_steady(
    ecs: Any, network: dict[str, Any], advance: Advance
) -> None:
    register(ecs)
    create(ecs, network)
    seen = []
    for _ in range(12):
        advance(10)
        service = describe(ecs)
        (deployment,) = service["deployments"]
        state = (service["pendingCount"], service["runningCount"], deployment["rolloutState"])
        if not seen or seen[-1] != state:
            seen.append(state)

    assert seen == [
        (0, 0, "IN_PROGRESS"),
        (1, 0, "IN_PROGRESS"),
        (0, 1, "IN_PROGRESS"),
        (0, 1, "COMPLETED"),
    ]
    assert [event["message"] for event in service["events"]] == [
        "(service web) has reached a steady state.",
        f"(service web) (deployment {deployment['id']}) deployment completed.",
        service["events"][2]["message"],
    ]


def test_botocores_own_waiters_are_content(web: Any) -> None:
    web.get_waiter("services_stable").wait(
        services=["web"], WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    (task,) = web.list_tasks()["taskArns"]
    web.get_waiter("tasks_running").wait(tasks=[task], WaiterConfig={"Delay": 0, "MaxAttempts": 1})


@pytest.mark.fact(
    "rollback.old-id",
    "rollback.task-definition",
    "rollback.id-tells",
    "service-deployments.rolled-back",
    "service-deployments.rollback-reason",
    "tasks.started-by",
)
def test_the_drill_through_the_api(web: Any, advance: Advance) -> None:
    """The bad tag is rolled back, and each API tells the same story of it."""
    old_arn, bad_arn = describe(web)["taskDefinition"], register(web, image="nginx:wrong-image-tag")
    (old,) = describe(web)["deployments"]
    started = web.update_service(service="web", taskDefinition=bad_arn)["service"]
    new, before = started["deployments"]
    assert (new["taskDefinition"], before["id"]) == (bad_arn, old["id"])
    assert started["taskDefinition"] == bad_arn

    advance(1200)

    service = describe(web)
    assert service["taskDefinition"] == old_arn
    assert [(d["id"], d["status"], d["rolloutState"]) for d in service["deployments"]] == [
        (old["id"], "PRIMARY", "COMPLETED")
    ]
    listed = web.list_service_deployments(service="web")["serviceDeployments"]
    assert [each["status"] for each in listed] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    (record,) = web.describe_service_deployments(
        serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]]
    )["serviceDeployments"]
    why = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert record["statusReason"] == record["rollback"]["reason"] == why
    assert record["deploymentCircuitBreaker"] == {
        "status": "TRIGGERED",
        "failureCount": 3,
        "threshold": 3,
    }
    (source,) = record["sourceServiceRevisions"]
    assert record["rollback"]["serviceRevisionArn"] == source["arn"]
    revisions = web.describe_service_revisions(
        serviceRevisionArns=[source["arn"], record["targetServiceRevision"]["arn"]]
    )["serviceRevisions"]
    assert [each["taskDefinition"] for each in revisions] == [old_arn, bad_arn]
    assert [each["containerImages"][0]["image"] for each in revisions] == [
        "nginx:alpine",
        "nginx:wrong-image-tag",
    ]
    stopped = web.list_tasks(serviceName="web", desiredStatus="STOPPED")["taskArns"]
    failed = web.describe_tasks(tasks=stopped)["tasks"]
    assert [each["stopCode"] for each in failed] == [
        *["TaskFailedToStart"] * 3,
        "ServiceSchedulerInitiated",
    ]
    assert {each["startedBy"] for each in failed} == {new["id"]}


@pytest.mark.fact("breaker.settings-no-deployment", "breaker.settings-kept")
def test_deployment_settings_are_kept_when_they_are_left_out(web: Any) -> None:
    def settings(**given: Any) -> Any:
        reply = web.update_service(service="web", deploymentConfiguration=given)["service"]
        return reply["deploymentConfiguration"]

    breaker = {
        "enable": True,
        "rollback": False,
        "resetOnHealthyTask": False,
        "thresholdConfiguration": {"type": "COUNT", "value": 7},
    }
    first = settings(deploymentCircuitBreaker=breaker, maximumPercent=150)
    assert (first["deploymentCircuitBreaker"], first["maximumPercent"]) == (breaker, 150)
    second = settings(minimumHealthyPercent=50)
    assert second == first | {"minimumHealthyPercent": 50}
    third = settings(deploymentCircuitBreaker={"enable": False, "rollback": False})
    assert third["deploymentCircuitBreaker"] == breaker | {"enable": False}
    assert len(describe(web)["deployments"]) == 1


@pytest.mark.fact(
    "deployments.same-definition", "deployments.platform-version", "deployments.scaling-is-none"
)
def test_what_a_task_is_made_of_starts_a_deployment_and_other_settings_do_not(web: Any) -> None:
    def deployments(**given: Any) -> int:
        return len(web.update_service(service="web", **given)["service"]["deployments"])

    assert deployments(desiredCount=2) == 1
    assert deployments(enableECSManagedTags=True, propagateTags="SERVICE") == 1
    assert deployments(healthCheckGracePeriodSeconds=0) == 1
    assert deployments(taskDefinition="my-task:1") == 1
    assert deployments(platformVersion="1.4.0") == 2
    assert deployments(forceNewDeployment=True) == 3


@pytest.mark.fact(
    "deployments.deleted-service",
    "deployments.inactive-none",
    "deployments.draining-unlisted",
    "errors.scaled-above-0",
)
def test_a_service_is_scaled_to_nothing_and_deleted(web: Any, advance: Advance) -> None:
    assert refusal(web.delete_service, service="web") == (
        "InvalidParameterException",
        "The service cannot be stopped while it is scaled above 0.",
    )
    web.update_service(service="web", desiredCount=0)
    assert web.delete_service(service="web")["service"]["status"] == "DRAINING"
    assert web.delete_service(service="web")["service"]["status"] == "DRAINING"
    assert web.list_services()["serviceArns"] == []
    assert len(describe(web)["deployments"]) == 1
    advance(120)
    gone = describe(web)
    assert (gone["status"], gone["desiredCount"], gone["runningCount"]) == ("INACTIVE", 0, 0)
    assert (gone["deployments"], gone["currentServiceRevisions"]) == ([], [])
    assert refusal(web.delete_service, service="web")[0] == "ServiceNotFoundException"


def test_a_name_can_be_used_again_after_its_service_is_gone(
    web: Any, network: dict[str, Any], advance: Advance
) -> None:
    before = describe(web)
    web.delete_service(service="web", force=True)
    advance(120)
    after = create(web, network)

    assert after["status"] == "ACTIVE"
    assert after["deployments"][0]["id"] != before["deployments"][0]["id"]
    advance(300)
    assert describe(web)["runningCount"] == 1
    web.delete_service(service="web", force=True)
    advance(7200)
    assert web.describe_clusters()["clusters"][0]["runningTasksCount"] == 0


@pytest.mark.fact("errors.missing-service")
def test_an_unknown_service_is_a_failure_of_describe_services(web: Any) -> None:
    elsewhere = "arn:aws:ecs:us-east-1:123456789876:service/default/web"
    reply = web.describe_services(services=["web", "api", elsewhere])

    assert [each["serviceName"] for each in reply["services"]] == ["web"]
    assert reply["failures"][0] == {"arn": f"{ARN}:service/default/api", "reason": "MISSING"}
    assert [each["reason"] for each in reply["failures"]] == ["MISSING", "MISSING"]


def test_a_region_is_a_world_of_its_own(web: Any, aws: Callable[..., Any]) -> None:
    tokyo = checked(aws("ecs", "ap-northeast-1"))

    assert tokyo.list_clusters()["clusterArns"] == []
    assert refusal(tokyo.describe_services, services=["web"])[0] == "ClusterNotFoundException"
    assert tokyo.list_task_definitions()["taskDefinitionArns"] == []


# --- tasks ------------------------------------------------------------------------------------


@pytest.mark.fact("tasks.started-by", "tasks.described")
def test_a_running_task_is_described_in_full(web: Any) -> None:
    (arn,) = web.list_tasks(serviceName="web", family="my-task", launchType="FARGATE")["taskArns"]
    (task,) = web.describe_tasks(tasks=[arn], include=["TAGS"])["tasks"]
    (deployment,) = describe(web)["deployments"]
    (container,), (attachment,) = task["containers"], task["attachments"]

    assert (task["lastStatus"], task["desiredStatus"]) == ("RUNNING", "RUNNING")
    assert (task["startedBy"], task["group"]) == (deployment["id"], "service:web")
    assert (task["cpu"], task["memory"], task["launchType"]) == ("256", "512", "FARGATE")
    assert (container["name"], container["lastStatus"]) == ("sample-container", "RUNNING")
    assert (attachment["type"], attachment["status"]) == ("eni", "ATTACHED")
    assert task["availabilityZone"].startswith("eu-west-1")
    moments = ("createdAt", "connectivityAt", "pullStartedAt", "pullStoppedAt", "startedAt")
    assert [task[each] for each in moments] == sorted(task[each] for each in moments)
    assert {"stopCode", "stoppedAt", "exitCode"} & (task.keys() | container.keys()) == set()


@pytest.mark.fact("tasks.stopped-by-a-person", "tasks.missing")
def test_a_task_that_is_stopped_says_by_whom_and_why(web: Any, advance: Advance) -> None:
    (arn,) = web.list_tasks()["taskArns"]
    stopping = web.stop_task(task=arn, reason="tea time")["task"]
    assert (stopping["desiredStatus"], stopping["lastStatus"]) == ("STOPPED", "DEACTIVATING")
    advance(60)
    (task,) = web.describe_tasks(tasks=[arn.rpartition("/")[2]])["tasks"]

    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert task["stoppedReason"] == "tea time"
    assert task["containers"][0]["exitCode"] == 0
    assert web.list_tasks(desiredStatus="STOPPED")["taskArns"] == [arn]
    assert len(web.list_tasks()["taskArns"]) == 1
    assert web.stop_task(task=arn)["task"]["stoppedReason"] == "tea time"

    advance(3600)
    assert web.describe_tasks(tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_task_protection_is_shown_in_the_shape_of_the_api(web: Any) -> None:
    (arn,) = web.list_tasks(serviceName="web")["taskArns"]
    made = web.update_task_protection(cluster="default", tasks=[arn], protectionEnabled=True)
    asked = web.get_task_protection(cluster="default", tasks=[arn])

    assert asked["protectedTasks"] == made["protectedTasks"]
    assert asked["protectedTasks"][0]["taskArn"] == arn


@pytest.mark.fact("errors.no-task")
def test_a_task_that_cannot_be_found_cannot_be_stopped(web: Any) -> None:
    assert refusal(web.stop_task, task="0" * 32) == (
        "InvalidParameterException",
        "The referenced task was not found.",
    )


def test_tasks_are_listed_by_who_started_them(web: Any) -> None:
    (deployment,) = describe(web)["deployments"]

    assert len(web.list_tasks(startedBy=deployment["id"])["taskArns"]) == 1
    assert web.list_tasks(startedBy="somebody")["taskArns"] == []
    assert web.list_tasks(family="other")["taskArns"] == []
    assert web.list_tasks(launchType="EC2")["taskArns"] == []


# --- service deployments ----------------------------------------------------------------------


@pytest.mark.fact(
    "breaker.default-threshold-seen",
    "service-deployments.successful",
    "service-deployments.members",
    "service-deployments.brief",
    "service-deployments.current",
)
def test_the_first_service_deployment_is_described_as_aws_shows_it(web: Any) -> None:
    (brief,) = web.list_service_deployments(service="web")["serviceDeployments"]
    arn = brief["serviceDeploymentArn"]
    (record,) = web.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    service = describe(web)
    (revision,) = service["currentServiceRevisions"]

    assert service["currentServiceDeployment"] == arn
    assert len(arn.rpartition("/")[2]) == 21
    assert arn.startswith(f"{ARN}:service-deployment/default/web/")
    assert record == {
        "serviceDeploymentArn": arn,
        "serviceArn": f"{ARN}:service/default/web",
        "clusterArn": f"{ARN}:cluster/default",
        "createdAt": NINE,
        "startedAt": record["startedAt"],
        "finishedAt": record["finishedAt"],
        "updatedAt": record["finishedAt"],
        "status": "SUCCESSFUL",
        "sourceServiceRevisions": [],
        "targetServiceRevision": {
            "arn": revision["arn"],
            "requestedTaskCount": 1,
            "runningTaskCount": 1,
            "pendingTaskCount": 0,
        },
        "deploymentConfiguration": service["deploymentConfiguration"],
        "deploymentCircuitBreaker": {
            "status": "MONITORING_COMPLETE",
            "failureCount": 0,
            "threshold": 3,
        },
        "alarms": {"status": "DISABLED"},
    }
    assert NINE < record["startedAt"] < record["finishedAt"]
    assert brief == {
        "serviceDeploymentArn": arn,
        "serviceArn": record["serviceArn"],
        "clusterArn": record["clusterArn"],
        "createdAt": NINE,
        "startedAt": record["startedAt"],
        "finishedAt": record["finishedAt"],
        "targetServiceRevisionArn": revision["arn"],
        "status": "SUCCESSFUL",
    }


@pytest.mark.fact("service-deployments.filters", "service-deployments.newest-first")
def test_service_deployments_are_listed_newest_first_by_status_and_time(
    web: Any, advance: Advance
) -> None:
    web.update_service(service="web", forceNewDeployment=True)
    advance(1)

    def statuses(**params: Any) -> list[str]:
        reply = web.list_service_deployments(service="web", **params)
        return [each["status"] for each in reply["serviceDeployments"]]

    soon = NINE + timedelta(minutes=1)
    assert statuses() in (["PENDING", "SUCCESSFUL"], ["IN_PROGRESS", "SUCCESSFUL"])
    assert statuses(status=["SUCCESSFUL"]) == ["SUCCESSFUL"]
    assert statuses(createdAt={"before": soon}) == ["SUCCESSFUL"]
    assert len(statuses(createdAt={"after": soon})) == 1
    assert statuses(createdAt={"after": soon, "before": soon}) == []


@pytest.mark.parametrize(
    ("asked_for", "at_once", "in_the_end"),
    [
        ({}, "ROLLBACK_REQUESTED", "ROLLBACK_SUCCESSFUL"),
        ({"stopType": "ROLLBACK"}, "ROLLBACK_REQUESTED", "ROLLBACK_SUCCESSFUL"),
        ({"stopType": "ABORT"}, "STOP_REQUESTED", "STOPPED"),
    ],
)
@pytest.mark.fact(
    "service-deployments.stop-rollback",
    "service-deployments.stop-abort",
    "service-deployments.conflict",
)
def test_a_service_deployment_can_be_stopped_by_hand(
    web: Any, advance: Advance, asked_for: dict[str, str], at_once: str, in_the_end: str
) -> None:
    before = describe(web)["deployments"][0]["id"]
    web.update_service(service="web", forceNewDeployment=True)
    advance(30)
    arn = describe(web)["currentServiceDeployment"]

    def status() -> str:
        reply = web.describe_service_deployments(serviceDeploymentArns=[arn])
        return str(reply["serviceDeployments"][0]["status"])

    assert web.stop_service_deployment(serviceDeploymentArn=arn, **asked_for)[
        "serviceDeploymentArn"
    ] == (arn)
    assert status() == at_once
    advance(300)
    assert status() == in_the_end
    ids = [each["id"] for each in describe(web)["deployments"]]
    assert (ids == [before]) == (in_the_end == "ROLLBACK_SUCCESSFUL")
    assert refusal(web.stop_service_deployment, serviceDeploymentArn=arn)[0] == "ConflictException"
    assert refusal(web.stop_service_deployment, serviceDeploymentArn="nonsense")[0] == (
        "ServiceDeploymentNotFoundException"
    )


@pytest.mark.fact("service-deployments.missing")
def test_what_was_never_deployed_is_a_failure(web: Any) -> None:
    deployment = f"{ARN}:service-deployment/default/web/{'x' * 21}"
    revision = f"{ARN}:service-revision/default/web/{'1' * 19}"
    described = web.describe_service_deployments(serviceDeploymentArns=[deployment, "nonsense"])
    revisions = web.describe_service_revisions(serviceRevisionArns=[revision])

    assert (described["serviceDeployments"], revisions["serviceRevisions"]) == ([], [])
    assert described["failures"] == [
        {"arn": deployment, "reason": "MISSING"},
        {"arn": "nonsense", "reason": "MISSING"},
    ]
    assert revisions["failures"] == [{"arn": revision, "reason": "MISSING"}]


# --- tags -------------------------------------------------------------------------------------


def test_a_service_is_tagged_and_untagged(web: Any) -> None:
    arn = describe(web)["serviceArn"]
    web.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b"}])
    web.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}])

    tags = [{"key": "a", "value": "2"}, {"key": "b", "value": ""}]
    assert web.list_tags_for_resource(resourceArn=arn)["tags"] == tags
    assert describe(web)["tags"] == tags
    web.untag_resource(resourceArn=arn, tagKeys=["a", "c"])
    assert web.list_tags_for_resource(resourceArn=arn)["tags"] == tags[1:]


def test_a_tag_without_a_key_is_refused_and_changes_nothing(
    web: Any, network: dict[str, Any]
) -> None:
    arn = describe(web)["serviceArn"]
    nameless = [{"value": "1"}]

    for call, params in (
        (web.tag_resource, {"resourceArn": arn}),
        (web.create_cluster, {"clusterName": "other"}),
        (
            web.register_task_definition,
            {"family": "other", "containerDefinitions": [CONTAINER]},
        ),
    ):
        assert refusal(call, tags=nameless, **params)[0] == "InvalidParameterException"
    assert refusal(web.tag_resource, resourceArn=f"{ARN}:service/default/api", tags=[])[0] == (
        "InvalidParameterException"
    )
    assert len(web.list_clusters()["clusterArns"]) == 1
    assert web.list_task_definition_families()["families"] == ["my-task"]
    assert web.list_tags_for_resource(resourceArn=arn)["tags"] == []


# --- pages ------------------------------------------------------------------------------------


def test_lists_come_in_pages(ecs: Any, network: dict[str, Any]) -> None:
    register(ecs)
    names = [f"web-{number:02}" for number in range(23)]
    for name in names:
        create(ecs, network, name, desiredCount=0)

    def pages(**config: int) -> list[list[str]]:
        paginator = ecs.get_paginator("list_services").paginate(**config)
        return [[arn.rpartition("/")[2] for arn in page["serviceArns"]] for page in paginator]

    assert pages() == [names[:10], names[10:20], names[20:]]
    assert pages(maxResults=23) == [names]
    assert pages(maxResults=22) == [names[:22], names[22:]]
    assert [len(page) for page in pages(maxResults=1)] == [1] * 23


@pytest.mark.parametrize("token", ["soon", "-1", "²", "1.5", "9" * 5000, ""])
def test_a_token_that_no_page_gave_is_refused(shared_aws: Callable[..., Any], token: str) -> None:
    assert refusal(shared_aws("ecs").list_clusters, nextToken=token) == (
        "InvalidParameterException",
        "Invalid token.",
    )


@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1])
def test_a_page_has_one_to_a_hundred_items(shared_aws: Callable[..., Any], size: int) -> None:
    assert refusal(shared_aws("ecs").list_clusters, maxResults=size) == (
        "InvalidParameterException",
        "maxResults must be between 1 and 100.",
    )


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.fact("service-deployments.limit", "errors.ten-services", "errors.limits-wording")
def test_a_call_describes_no_more_than_aws_allows(shared_aws: Callable[..., Any]) -> None:
    ecs = shared_aws("ecs")
    refused = [
        refusal(ecs.describe_services, services=[]),
        refusal(ecs.describe_services, services=["web"] * 11),
        refusal(ecs.describe_tasks, tasks=[]),
        refusal(ecs.describe_tasks, tasks=["0" * 32] * 101),
        refusal(ecs.describe_service_deployments, serviceDeploymentArns=[]),
        refusal(ecs.describe_service_deployments, serviceDeploymentArns=["x"] * 21),
        refusal(ecs.describe_service_revisions, serviceRevisionArns=["x"] * 21),
        refusal(ecs.delete_task_definitions, taskDefinitions=["x:1"] * 11),
    ]

    assert {code for code, _ in refused} == {"InvalidParameterException"}
    assert len(ecs.describe_services(services=["web"] * 10)["failures"]) == 10


def test_a_desired_count_that_aws_would_not_run_is_refused(web: Any) -> None:
    refused = [
        refusal(web.update_service, service="web", desiredCount=count)
        for count in (-1, 5001, 2**31 - 1)
    ]

    assert refused == [
        ("InvalidParameterException", "Desired count must be positive."),
        *[("InvalidParameterException", "Desired count must be at most 5000.")] * 2,
    ]
    assert describe(web)["desiredCount"] == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"minimumHealthyPercent": 150, "maximumPercent": 120},
        {"minimumHealthyPercent": -1},
        {"deploymentCircuitBreaker": {"type": "COUNT", "value": 0}},
        {"deploymentCircuitBreaker": {"type": "COUNT", "value": -3}},
        {"deploymentCircuitBreaker": {"type": "BOUNDED_PERCENT", "value": 101}},
        {"deploymentCircuitBreaker": {"type": "UNBOUNDED_PERCENT", "value": 0}},
        {"deploymentCircuitBreaker": {"type": "PER_MILLE", "value": 5}},
    ],
)
@pytest.mark.fact("breaker.percent-values", "breaker.value-error")
def test_deployment_settings_that_make_no_sense_are_refused(
    shared_aws: Callable[..., Any], settings: dict[str, Any]
) -> None:
    ecs = shared_aws("ecs")
    ecs.register_task_definition(family="limits", containerDefinitions=[CONTAINER])
    if threshold := settings.get("deploymentCircuitBreaker"):
        breaker = {"enable": True, "rollback": True, "thresholdConfiguration": threshold}
        settings = {"deploymentCircuitBreaker": breaker}

    code, text = refusal(
        ecs.create_service,
        serviceName="limits",
        taskDefinition="limits",
        deploymentConfiguration=settings,
    )

    assert code == "InvalidParameterException"
    assert any(name in text for name in ("threshold", "Percent"))
    assert ecs.describe_services(services=["limits"])["services"] == []


# --- what is not emulated ---------------------------------------------------------------------


@pytest.mark.fact("not.controllers", "not.run-task")
def test_an_operation_that_is_not_emulated_is_refused_by_name(
    shared_aws: Callable[..., Any],
) -> None:
    ecs = shared_aws("ecs")

    assert refusal(ecs.run_task, taskDefinition="my-task") == (
        "UnsupportedFeatureException",
        "The emulator does not emulate ecs:RunTask.",
    )
    assert refusal(ecs.create_task_set, service="s", cluster="c", taskDefinition="t") == (
        "UnsupportedFeatureException",
        "The emulator does not emulate ecs:CreateTaskSet.",
    )


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"serviceRegistries": [{"port": 80}]}, "serviceRegistries of ecs:CreateService"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            "capacityProviderStrategy of ecs:CreateService",
        ),
        ({"placementStrategy": [{"type": "random"}]}, "placementStrategy of ecs:CreateService"),
        ({"serviceConnectConfiguration": {"enabled": True}}, "serviceConnectConfiguration of"),
        ({"role": "arn:aws:iam::1:role/x"}, "role of ecs:CreateService"),
        ({"launchType": "EC2"}, "launch type EC2"),
        ({"schedulingStrategy": "DAEMON"}, "scheduling strategy DAEMON"),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deployment controller CODE_DEPLOY"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "strategy BLUE_GREEN"),
        ({"deploymentConfiguration": {"bakeTimeInMinutes": 5}}, "bakeTimeInMinutes"),
        (
            {"deploymentConfiguration": {"lifecycleHooks": [{"hookTargetArn": "x"}]}},
            "deploymentConfiguration.lifecycleHooks",
        ),
    ],
)
@pytest.mark.fact(
    "not.strategies", "not.controllers", "not.launch-types", "not.daemon", "not.discovery"
)
def test_a_member_that_is_not_emulated_is_refused_by_name(
    shared_aws: Callable[..., Any], given: dict[str, Any], what: str
) -> None:
    ecs = shared_aws("ecs")
    ecs.register_task_definition(family="members", containerDefinitions=[CONTAINER])
    code, text = refusal(
        ecs.create_service, serviceName="members", taskDefinition="members", **given
    )

    assert code == "UnsupportedFeatureException"
    assert text.startswith("The emulator does not emulate ")
    assert what in text
    assert ecs.describe_services(services=["members"])["services"] == []


@pytest.mark.parametrize(
    "neutral",
    [
        {"role": ""},
        {"serviceConnectConfiguration": {"enabled": False}},
        {"serviceRegistries": [], "volumeConfigurations": [], "vpcLatticeConfigurations": []},
        {"deploymentConfiguration": {"strategy": "ROLLING", "lifecycleHooks": []}},
        {"healthCheckGracePeriodSeconds": 0},
        {"enableExecuteCommand": False},
    ],
)
def test_what_tools_send_to_say_nothing_is_taken(
    ecs: Any, network: dict[str, Any], neutral: dict[str, Any]
) -> None:
    register(ecs)

    assert create(ecs, network, **neutral)["status"] == "ACTIVE"


GRACE = "Health check grace period is only valid for services configured to use load balancers"
NO_ROLE = (
    "because a valid taskRoleArn is not being used. Specify a valid task role in your task "
    "definition and try again."
)


@pytest.mark.parametrize(
    ("settings", "created", "updated"),
    [
        ({"healthCheckGracePeriodSeconds": 60}, GRACE, GRACE),
        (
            {"enableExecuteCommand": True},
            f"The service couldn't be created {NO_ROLE}",
            f"The service couldn't be updated {NO_ROLE}",
        ),
    ],
)
def test_a_setting_that_needs_another_one_is_refused_without_it(
    web: Any, network: dict[str, Any], settings: dict[str, Any], created: str, updated: str
) -> None:
    given = {"taskDefinition": "my-task", "networkConfiguration": network, **settings}

    assert refusal(web.create_service, serviceName="other", **given) == (
        "InvalidParameterException",
        created,
    )
    assert refusal(web.update_service, service="web", **settings) == (
        "InvalidParameterException",
        updated,
    )


def test_ecs_exec_is_enabled_beside_a_task_role(ecs: Any, network: dict[str, Any]) -> None:
    register(ecs, taskRoleArn="arn:aws:iam::123456789876:role/app")

    assert create(ecs, network, enableExecuteCommand=True)["enableExecuteCommand"] is True


def test_an_empty_list_of_what_is_not_emulated_is_fine(ecs: Any, network: dict[str, Any]) -> None:
    register(ecs)
    service = create(ecs, network, loadBalancers=[], placementConstraints=[])

    assert service["loadBalancers"] == []


@pytest.mark.fact("errors.no-linked-role")
def test_an_account_that_never_used_ecs_lacks_its_role(aws: Callable[..., Any]) -> None:
    ecs, iam = aws("ecs"), aws("iam")
    missing = (
        "Unable to assume the service linked role. Please verify that the ECS service linked "
        "role exists."
    )
    iam.delete_role(RoleName="AWSServiceRoleForECS")

    assert refusal(ecs.create_cluster, clusterName="other") == (
        "InvalidParameterException",
        missing,
    )
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    assert ecs.create_cluster(clusterName="other")["cluster"]["status"] == "ACTIVE"


# --- reading ----------------------------------------------------------------------------------


def test_reading_never_moves_the_world(web: Any, emulator: EmulatorServer) -> None:
    web.update_service(service="web", forceNewDeployment=True)
    before = repr(emulator.aws.engine.world), emulator.aws.clock.now
    (task,) = web.list_tasks()["taskArns"]

    def read() -> list[Any]:
        replies = [
            web.describe_services(services=["web"]),
            web.describe_tasks(tasks=[task]),
            web.list_service_deployments(service="web"),
            web.describe_clusters(),
        ]
        return [each | {"ResponseMetadata": None} for each in replies]

    assert read() == read()
    assert (repr(emulator.aws.engine.world), emulator.aws.clock.now) == before


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_emulated_operation_is_one_of_ecs_and_called_here(operation: str) -> None:
    """The `ecs` fixture holds each reply against the model, so a call is a check of its shape."""
    assert operation in service_model().operation_names
    assert f".{xform_name(operation)}(" in Path(__file__).read_text("utf-8")
