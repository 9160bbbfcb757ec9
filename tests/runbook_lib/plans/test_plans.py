"""What is planned from what there is: satisfied steps, what is not ours, the clean-up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from runbook_lib import apply, facts, plans, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter, NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import (
    ECS_TAGS,
    TAG_KEY,
    TAG_VALUE,
    in_lower_case,
    in_upper_case,
    shared_tags,
    use_tags,
)
from runbook_lib.plans import event_rule, topic
from runbook_lib.plans.bad_release import plan_probe, probe_arn
from runbook_lib.plans.service import breaker_input, check_cluster, check_network, chosen_network
from runbook_lib.plans.steps import Plan, service_model
from runbook_lib.plans.task_definition import execution_policy, matching_revision

SETTINGS = Settings()
ACCOUNT = "123456789876"
OURS = shared_tags(SETTINGS.user)
OTHERS = shared_tags("eu-west-1/default/checkout")
NOBODY_NAMED = {TAG_KEY: TAG_VALUE}
NOBODYS: dict[str, str] = {}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TOPIC_ARN = topic.topic_arn(SETTINGS, ACCOUNT)
PROBE_ARN = probe_arn(SETTINGS, ACCOUNT)
NETWORK = facts.Network(("subnet-1",), ("sg-1",), "default VPC vpc-1")
CLUSTER = facts.Cluster("default", "arn:cluster", OURS, 1)
ROLE = facts.Role("ecsTaskExecutionRole", "arn:role", (execution_policy(SETTINGS),), OURS)
PROBE_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TopicMaySend",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": PROBE_ARN,
            "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}},
        }
    ],
}
QUEUE = facts.Queue("http://queue/p", PROBE_ARN, OURS, PROBE_POLICY)
TARGET = event_rule.target_of(SETTINGS, ACCOUNT)
ELSEWHERE = facts.Target("1", "arn:elsewhere")
RULE = facts.Rule(SETTINGS.rule, "arn:rule", "ENABLED", event_rule.EVENT_PATTERN, (TARGET,), OURS)
MAIL = facts.Subscription(f"{TOPIC_ARN}:1", "email", SETTINGS.email)
PROBE = facts.Subscription(f"{TOPIC_ARN}:2", "sqs", PROBE_ARN)
TOPIC = facts.Topic(TOPIC_ARN, topic.topic_policy(TOPIC_ARN, ACCOUNT, None), (MAIL,), OURS)


def revision(number: int, image: str, tags: dict[str, str] = OURS) -> facts.TaskDefinition:
    images = {SETTINGS.container: image}
    return facts.TaskDefinition("arn", "my-task", number, "ACTIVE", images, {}, tags)


def deployment(number: int, task_definition: str, state: str = "COMPLETED") -> facts.Deployment:
    return facts.Deployment(
        id=f"ecs-svc/{number}",
        status="PRIMARY",
        rollout_state=state,
        rollout_state_reason="",
        task_definition=task_definition,
        desired_count=1,
        running_count=1,
        pending_count=0,
        failed_tasks=0,
        created_at=NOON,
        updated_at=NOON,
    )


def service(
    *deployments: facts.Deployment,
    tags: dict[str, str] = OURS,
    breaker: facts.CircuitBreaker | None = None,
    status: str = "ACTIVE",
) -> facts.Service:
    return facts.Service(
        name=SETTINGS.service,
        arn="arn",
        cluster_arn="arn",
        status=status,
        desired_count=1,
        running_count=1,
        pending_count=0,
        task_definition="my-task:1",
        circuit_breaker=breaker or facts.CircuitBreaker(enable=True, rollback=True),
        deployments=deployments or (deployment(1, "my-task:1"),),
        events=(),
        tags=tags,
    )


def plan_service(settings: Settings = SETTINGS, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "cluster": CLUSTER,
        "network": NETWORK,
        "revision": "my-task:1",
        "service": None,
    }
    return plans.plan_service(settings, **(given | changes))


def plan_bad_release(**changes: Any) -> Plan:
    given: dict[str, Any] = {
        "account": ACCOUNT,
        "queue": None,
        "topic": TOPIC,
        "revisions": (revision(1, SETTINGS.good_image),),
        "service": service(),
    }
    return plans.plan_bad_release(SETTINGS, **(given | changes))


def plan_task_definition(**changes: Any) -> Plan:
    given: dict[str, Any] = {"account": ACCOUNT, "role": ROLE, "revisions": ()}
    return plans.plan_task_definition(SETTINGS, **(given | changes))


def operations(plan: Plan) -> list[str]:
    """The operations that are still to do."""
    return [each.operation for each in plan.open_steps]


# --- task definition -----------------------------------------------------------------------------


def test_in_an_empty_account_role_policy_and_revision_are_made() -> None:
    plan = plan_task_definition(role=None)

    assert operations(plan) == ["CreateRole", "AttachRolePolicy", "RegisterTaskDefinition"]


def test_a_role_that_somebody_else_made_is_left_as_it_is_even_without_the_policy() -> None:
    foreign = replace(ROLE, policy_arns=(), tags=NOBODYS)

    assert operations(plan_task_definition(role=foreign)) == ["RegisterTaskDefinition"]


def test_the_runbooks_own_role_gets_the_policy_that_it_lost() -> None:
    plan = plan_task_definition(role=replace(ROLE, policy_arns=()))

    assert operations(plan) == ["AttachRolePolicy", "RegisterTaskDefinition"]


def test_a_revision_with_the_image_satisfies_and_the_newest_one_counts() -> None:
    revisions = (revision(3, "nginx:alpine"), revision(2, "nginx:x"), revision(1, "nginx:alpine"))

    plan = plan_task_definition(revisions=revisions)

    assert plan.is_satisfied
    assert plan.steps[-1].satisfied == "my-task:3 has this image"


@pytest.mark.parametrize(
    "present",
    [
        revision(1, "nginx:alpine", NOBODYS),
        revision(1, "nginx:latest"),
        replace(revision(1, "nginx:alpine"), images={"other": "nginx:alpine"}),
        replace(
            revision(1, "nginx:alpine"),
            images={"sample-container": "nginx:alpine", "sidecar": "envoy:1"},
        ),
    ],
)
def test_a_revision_of_somebody_else_or_of_something_else_does_not_count(
    present: facts.TaskDefinition,
) -> None:
    assert matching_revision(SETTINGS, "nginx:alpine", [present]) is None
    assert operations(plan_task_definition(revisions=(present,))) == ["RegisterTaskDefinition"]


# --- service -------------------------------------------------------------------------------------


def test_an_absent_cluster_is_made_before_the_service() -> None:
    assert operations(plan_service(cluster=None)) == ["CreateCluster", "CreateService"]
    assert operations(plan_service()) == ["CreateService"]


def test_the_service_is_made_with_breaker_and_rollback_in_the_network_that_was_found() -> None:
    made = plan_service().steps[-1].input

    assert made["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True}
    }
    assert made["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }


@pytest.mark.parametrize(("enable", "rollback"), [(False, False), (True, False), (False, True)])
def test_an_own_service_whose_breaker_or_rollback_is_off_is_fixed(
    *, enable: bool, rollback: bool
) -> None:
    plan = plan_service(service=service(breaker=facts.CircuitBreaker(enable, rollback)))

    assert operations(plan) == ["UpdateService"]
    assert plan.open_steps[0].input == {
        "cluster": "default",
        "service": "my-sample-service",
        "deploymentConfiguration": breaker_input(SETTINGS.circuit_breaker),
    }


def given_threshold(plan: Plan) -> dict[str, Any]:
    configuration = plan.open_steps[-1].input["deploymentConfiguration"]
    found: dict[str, Any] = configuration["deploymentCircuitBreaker"]["thresholdConfiguration"]
    return found


@pytest.mark.parametrize(
    ("threshold", "kind", "value"),
    [("COUNT 1", "COUNT", 1), ("UNBOUNDED_PERCENT 20", "UNBOUNDED_PERCENT", 20)],
)
def test_a_threshold_of_ones_own_goes_into_the_service(
    threshold: str, kind: str, value: int
) -> None:
    plan = plan_service(replace(SETTINGS, threshold=threshold))

    assert given_threshold(plan) == {"type": kind, "value": value}


def test_a_service_with_another_threshold_is_set_to_the_one_that_is_asked_for() -> None:
    strict = service(breaker=facts.CircuitBreaker(True, True, "COUNT", 1))
    wanted = replace(SETTINGS, threshold="COUNT 1")

    plan = plan_service(service=strict)

    assert given_threshold(plan) == {"type": "BOUNDED_PERCENT", "value": 50}
    assert plan_service(wanted, service=strict).is_satisfied


def test_an_own_service_with_its_breaker_on_is_enough() -> None:
    assert plan_service(service=service()).is_satisfied


def test_a_service_without_the_tag_is_refused() -> None:
    with pytest.raises(NotOurs, match=r"^service my-sample-service in cluster default exists"):
        plan_service(service=service(tags={"created-by": "terraform"}))


def test_only_the_default_cluster_may_be_absent() -> None:
    check_cluster(SETTINGS, exists=False, known=[])
    check_cluster(replace(SETTINGS, cluster="prod"), exists=True, known=[])
    with pytest.raises(BadParameter, match=r"^cluster: 'prdo' .* there is prod, test\. ") as caught:
        check_cluster(replace(SETTINGS, cluster="prdo"), exists=False, known=["prod", "test"])
    assert caught.value.details["example"] == "prod"
    with pytest.raises(BadParameter, match="no cluster at all"):
        check_cluster(replace(SETTINGS, cluster="prod"), exists=False, known=[])


@pytest.mark.parametrize(
    ("missing", "name"), [("subnet-9", "subnets"), ("sg-9", "security_groups")]
)
def test_a_missing_subnet_or_group_names_its_parameter_with_an_example_that_works(
    missing: str, name: str
) -> None:
    with pytest.raises(BadParameter, match=f"^{name}: {missing} does not exist") as caught:
        check_network(SETTINGS, (missing,))

    Settings(**{name: yaml.safe_load(str(caught.value.details["example"]))})


@pytest.mark.parametrize(
    ("settings", "network"),
    [
        (Settings(), NETWORK),
        (Settings(subnets="subnet-7"), facts.Network(("subnet-7",), (), "parameters")),
        (
            Settings(subnets="subnet-7", security_groups="sg-7"),
            facts.Network(("subnet-7",), ("sg-7",), "parameters"),
        ),
        (Settings(security_groups="sg-7"), replace(NETWORK, security_group_ids=("sg-7",))),
    ],
)
def test_the_network_is_the_parameters_or_else_the_default_vpcs(
    settings: Settings, network: facts.Network
) -> None:
    assert chosen_network(settings, NETWORK) == network


def test_without_a_default_vpc_the_subnets_are_asked_for() -> None:
    assert chosen_network(Settings(subnets="subnet-7"), None).subnet_ids == ("subnet-7",)
    with pytest.raises(BadParameter, match=r"^subnets: empty, and .* no default VPC") as caught:
        chosen_network(SETTINGS, None)
    Settings(subnets=str(caught.value.details["example"]))


# --- topic ---------------------------------------------------------------------------------------

FOREIGN = {"Sid": "team", "Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "sns:Publish"}


def test_a_new_topic_keeps_its_owner_beside_eventbridge() -> None:
    policy = topic.topic_policy(TOPIC_ARN, ACCOUNT, None)

    assert [each["Sid"] for each in policy["Statement"]] == [
        "my_topic_default",
        "my_topic_for_sns_Publish",
    ]
    assert policy["Statement"][1] == {
        "Sid": "my_topic_for_sns_Publish",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC_ARN,
    }
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}


def test_what_others_put_into_the_policy_stays() -> None:
    present = {"Version": "2012-10-17", "Id": "theirs", "Statement": [FOREIGN]}

    policy = topic.topic_policy(TOPIC_ARN, ACCOUNT, present)

    assert policy["Version"] == "2012-10-17"
    assert policy["Id"] == "theirs"
    assert policy["Statement"][0] == FOREIGN
    assert len(policy["Statement"]) == 2


def test_a_policy_with_one_statement_that_is_no_list_is_understood() -> None:
    policy = topic.topic_policy(TOPIC_ARN, ACCOUNT, {"Statement": FOREIGN})

    assert policy["Statement"][0] == FOREIGN
    assert len(policy["Statement"]) == 2


def test_merging_twice_is_merging_once() -> None:
    once = topic.topic_policy(TOPIC_ARN, ACCOUNT, {"Statement": [FOREIGN]})

    assert topic.topic_policy(TOPIC_ARN, ACCOUNT, once) == once


def test_a_broken_statement_of_ours_is_replaced() -> None:
    broken = {"Sid": "my_topic_for_sns_Publish", "Effect": "Deny"}

    policy = topic.topic_policy(TOPIC_ARN, ACCOUNT, {"Statement": [broken, FOREIGN]})

    assert broken not in policy["Statement"]
    assert FOREIGN in policy["Statement"]


def test_the_topics_steps_are_satisfied_one_by_one() -> None:
    def plan(present: facts.Topic | None) -> list[str]:
        return operations(plans.plan_topic(SETTINGS, account=ACCOUNT, topic=present))

    assert plan(None) == ["CreateTopic", "SetTopicAttributes", "Subscribe"]
    assert plan(replace(TOPIC, policy={}, subscriptions=())) == ["SetTopicAttributes", "Subscribe"]
    assert plan(replace(TOPIC, subscriptions=())) == ["Subscribe"]
    assert plan(replace(TOPIC, subscriptions=(PROBE,))) == ["Subscribe"]
    assert plan(TOPIC) == []
    assert plan(replace(TOPIC, tags=NOBODYS)) == []


def test_a_subscription_that_waits_for_its_link_is_not_asked_for_again() -> None:
    pending = replace(MAIL, arn="PendingConfirmation")
    waiting = replace(TOPIC, subscriptions=(pending,))

    plan = plans.plan_topic(SETTINGS, account=ACCOUNT, topic=waiting)

    assert plan.is_satisfied
    assert plan.steps[-1].satisfied == "example@example.com is subscribed, waiting for its link"


# --- rule ----------------------------------------------------------------------------------------


def rule_plan(rule: facts.Rule | None) -> Plan:
    return plans.plan_event_rule(SETTINGS, account=ACCOUNT, rule=rule)


@pytest.mark.parametrize(
    ("rule", "to_do"),
    [
        (None, ["PutRule", "PutTargets"]),
        (RULE, []),
        (replace(RULE, state="DISABLED"), ["PutRule"]),
        (replace(RULE, event_pattern={"source": ["aws.ec2"]}), ["PutRule"]),
        (replace(RULE, targets=()), ["PutTargets"]),
        (replace(RULE, targets=(ELSEWHERE,)), ["PutTargets"]),
        (replace(RULE, targets=(TARGET, replace(ELSEWHERE, id="2"))), []),
    ],
)
def test_a_rule_is_made_or_fixed_where_it_is_wrong(
    rule: facts.Rule | None, to_do: list[str]
) -> None:
    assert operations(rule_plan(rule)) == to_do


def test_tags_are_given_only_when_the_rule_is_made() -> None:
    assert rule_plan(None).steps[0].input["Tags"] == in_upper_case(OURS)
    assert "Tags" not in rule_plan(replace(RULE, state="DISABLED")).steps[0].input


def test_a_rule_without_the_tag_is_refused() -> None:
    with pytest.raises(NotOurs, match=r"^EventBridge rule EcsServiceDeploymentFailed exists"):
        rule_plan(replace(RULE, tags=NOBODYS))


def test_the_pattern_does_not_look_at_the_reason() -> None:
    assert "reason" not in json.dumps(event_rule.EVENT_PATTERN)


# --- bad release ---------------------------------------------------------------------------------


def test_probe_bad_revision_and_deployment_are_made() -> None:
    plan = plan_bad_release()

    assert operations(plan) == [
        "CreateQueue",
        "Subscribe",
        "RegisterTaskDefinition",
        "UpdateService",
    ]
    assert plan.open_steps[-1].cli.endswith("--task-definition my-task"), "its newest revision"


def test_only_the_topic_may_send_to_the_probe() -> None:
    create, _ = plan_probe(SETTINGS, ACCOUNT, None, TOPIC)

    (statement,) = json.loads(create.input["Attributes"]["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Resource"] == PROBE_ARN
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}}


def test_a_probe_that_listened_to_another_topic_gets_a_new_policy() -> None:
    stale = replace(QUEUE, policy={"Version": "2012-10-17", "Statement": []})

    _, permit, _ = plan_probe(SETTINGS, ACCOUNT, stale, TOPIC)

    assert permit.operation == "SetQueueAttributes"
    assert json.loads(permit.input["Attributes"]["Policy"]) == PROBE_POLICY


def test_a_queue_without_the_tag_is_refused() -> None:
    with pytest.raises(NotOurs, match=r"^queue my-sample-service-drill-probe exists"):
        plan_bad_release(queue=replace(QUEUE, tags=NOBODYS))


def test_a_bad_deployment_that_is_still_running_is_not_repeated() -> None:
    running = service(deployment(2, "my-task:2", "IN_PROGRESS"))

    plan = plan_bad_release(
        queue=QUEUE,
        topic=replace(TOPIC, subscriptions=(MAIL, PROBE)),
        revisions=(revision(2, SETTINGS.bad_image), revision(1, SETTINGS.good_image)),
        service=running,
    )

    assert plan.is_satisfied
    assert plan.steps[-1].satisfied == "ecs-svc/2 is running"


def test_after_a_rollback_the_same_bad_revision_is_shipped_again() -> None:
    plan = plan_bad_release(
        queue=QUEUE,
        topic=replace(TOPIC, subscriptions=(PROBE,)),
        revisions=(revision(2, SETTINGS.bad_image), revision(1, SETTINGS.good_image)),
    )

    assert operations(plan) == ["UpdateService"]
    assert plan.open_steps[0].input["taskDefinition"] == "my-task:2"


def test_a_bad_deployment_that_failed_and_stayed_is_shipped_again() -> None:
    plan = plan_bad_release(
        queue=QUEUE,
        topic=replace(TOPIC, subscriptions=(PROBE,)),
        revisions=(revision(2, SETTINGS.bad_image),),
        service=service(deployment(2, "my-task:2", "FAILED")),
    )

    assert operations(plan) == ["UpdateService"]


# --- clean-up ------------------------------------------------------------------------------------

EVERYTHING = plans.Leftovers(
    service=service(),
    revisions=(revision(2, "nginx:x"), revision(1, "nginx:alpine")),
    rule=RULE,
    topic=replace(TOPIC, subscriptions=(MAIL, PROBE)),
    queue=QUEUE,
    role=ROLE,
    cluster=CLUSTER,
)
NOTHING = plans.Leftovers(None, (), None, None, None, None, None)


def test_clean_up_removes_everything_of_ours_in_an_order_that_aws_accepts() -> None:
    assert operations(plans.plan_clean_up(SETTINGS, EVERYTHING)) == [
        "DeleteService",
        "RemoveTargets",
        "DeleteRule",
        "DeleteTopic",
        "DeleteQueue",
        "DeregisterTaskDefinition",
        "DeregisterTaskDefinition",
        "DeleteCluster",
        "DetachRolePolicy",
        "DeleteRole",
    ]


def test_clean_up_touches_nothing_that_lacks_the_tag() -> None:
    foreign = plans.Leftovers(
        service=service(tags=NOBODYS),
        revisions=(revision(1, "nginx:alpine", NOBODYS),),
        rule=replace(RULE, tags=NOBODYS),
        topic=replace(TOPIC, subscriptions=(MAIL, PROBE), tags={TAG_KEY: "terraform"}),
        queue=replace(QUEUE, tags=NOBODYS),
        role=replace(ROLE, tags=NOBODYS),
        cluster=replace(CLUSTER, tags=NOBODYS),
        watch_rules=(replace(RULE, tags=NOBODYS),),
        watch_queues=(replace(QUEUE, tags={TAG_KEY: "terraform"}),),
    )

    assert plans.plan_clean_up(SETTINGS, foreign).steps == ()


@pytest.mark.parametrize(
    ("field", "value", "left_out"),
    [
        ("service", service(tags=NOBODYS), {"DeleteService", "DeleteCluster"}),
        ("service", service(status="DRAINING"), {"DeleteService", "DeleteCluster"}),
        ("rule", replace(RULE, tags=NOBODYS), {"RemoveTargets", "DeleteRule"}),
        ("rule", replace(RULE, targets=()), {"RemoveTargets"}),
        ("topic", replace(TOPIC, subscriptions=(MAIL, PROBE), tags=NOBODYS), {"DeleteTopic"}),
        ("queue", None, {"DeleteQueue"}),
        ("role", replace(ROLE, policy_arns=()), {"DetachRolePolicy"}),
        ("role", None, {"DetachRolePolicy", "DeleteRole"}),
        ("cluster", replace(CLUSTER, tags={"team": "web"}), {"DeleteCluster"}),
        ("cluster", None, {"DeleteCluster"}),
    ],
)
def test_clean_up_leaves_out_just_what_is_absent_or_foreign(
    field: str, value: object, left_out: set[str]
) -> None:
    every = operations(plans.plan_clean_up(SETTINGS, EVERYTHING))
    left = replace(EVERYTHING, **{field: value})  # type: ignore[arg-type]

    kept = operations(plans.plan_clean_up(SETTINGS, left))

    assert [each for each in kept if each not in ("Unsubscribe", "UntagResource")] == [
        each for each in every if each not in left_out
    ]
    assert ("Unsubscribe" in kept) == (field == "topic")


def with_tags(tags: dict[str, str]) -> plans.Leftovers:
    """Everything, with these tags on what is shared; the second topic subscriber is our probe."""
    return replace(
        EVERYTHING,
        revisions=(revision(2, "nginx:x"), revision(1, "nginx:alpine", tags)),
        rule=replace(RULE, tags=tags),
        topic=replace(TOPIC, subscriptions=(MAIL, PROBE), tags=tags),
        role=replace(ROLE, tags=tags),
        cluster=replace(CLUSTER, tags=tags, active_services=2),
    )


def test_what_another_service_uses_too_loses_our_tag_and_stays() -> None:
    plan = plans.plan_clean_up(SETTINGS, with_tags(OURS | OTHERS))

    assert operations(plan) == [
        "DeleteService",
        "UntagResource",  # the rule
        "Unsubscribe",  # our probe
        "UntagResource",  # the topic
        "DeleteQueue",
        "DeregisterTaskDefinition",
        "DeregisterTaskDefinition",
        "UntagResource",  # the cluster
        "UntagRole",
    ]
    (key,) = use_tags(SETTINGS.user)
    keys = {each.input.get("TagKeys", each.input.get("tagKeys", [key]))[0] for each in plan}
    assert keys == {key}
    untag = plan.steps[1]
    assert untag.cli.endswith(f"untag-resource --resource-arn arn:rule --tag-keys {key}")
    assert untag.why == "eu-west-1/default/checkout still uses it"


@pytest.mark.parametrize("tags", [OTHERS, NOBODY_NAMED])
def test_what_only_others_use_or_nobody_is_named_for_is_left_alone(tags: dict[str, str]) -> None:
    plan = plans.plan_clean_up(SETTINGS, with_tags(tags))

    assert operations(plan) == [
        "DeleteService",
        "Unsubscribe",
        "DeleteQueue",
        "DeregisterTaskDefinition",
    ]
    assert plan.steps[-1].input["taskDefinition"] == "my-task:2"


def test_a_cluster_in_which_somebody_elses_service_lives_stays() -> None:
    shared = replace(EVERYTHING, cluster=replace(CLUSTER, active_services=2))

    plan = plans.plan_clean_up(SETTINGS, shared)

    assert "DeleteCluster" not in operations(plan)
    assert "somebody else still uses it" in [each.why for each in plan]


def test_a_rule_to_which_somebody_added_a_target_stays_without_ours() -> None:
    added = facts.Target("slack", "arn:aws:lambda:eu-west-1:123456789876:function:slack")
    left = replace(EVERYTHING, rule=replace(RULE, targets=(TARGET, added)))

    plan = plans.plan_clean_up(SETTINGS, left)

    assert "DeleteRule" not in operations(plan)
    (targets,) = (each for each in plan if each.operation == "RemoveTargets")
    assert targets.input["Ids"] == ["1"]


def test_a_topic_that_only_this_service_used_takes_its_target_off_a_shared_rule() -> None:
    left = replace(EVERYTHING, rule=replace(RULE, tags=OURS | OTHERS))

    kept = operations(plans.plan_clean_up(SETTINGS, left))

    assert kept[1:4] == ["RemoveTargets", "UntagResource", "DeleteTopic"]


@pytest.mark.parametrize(
    ("plan", "operation"),
    [
        (lambda: plan_task_definition(role=replace(ROLE, tags=OTHERS)), "TagRole"),
        (lambda: plan_service(cluster=replace(CLUSTER, tags=OTHERS)), "TagResource"),
        (
            lambda: plans.plan_topic(SETTINGS, account=ACCOUNT, topic=replace(TOPIC, tags=OTHERS)),
            "TagResource",
        ),
        (lambda: rule_plan(replace(RULE, tags=OTHERS)), "TagResource"),
    ],
)
def test_what_another_service_made_gets_the_tag_of_this_one_too(
    plan: Callable[[], Plan], operation: str
) -> None:
    (tag,) = (each for each in plan().open_steps if each.operation == operation)

    given = tag.input.get("tags") or tag.input["Tags"]
    lower = [{key.lower(): value for key, value in each.items()} for each in given]
    assert lower == in_lower_case(use_tags(SETTINGS.user))
    assert tag.makes.endswith("tagged as used by eu-west-1/default/my-sample-service")


def test_services_of_one_family_do_not_share_its_revisions() -> None:
    theirs = revision(1, SETTINGS.good_image, OTHERS)

    assert operations(plan_task_definition(revisions=(theirs,))) == ["RegisterTaskDefinition"]


def test_another_services_topic_keeps_its_place_on_a_shared_rule() -> None:
    theirs = replace(RULE, targets=(ELSEWHERE,), tags=OURS | OTHERS)

    (put,) = (each for each in rule_plan(theirs).open_steps if each.operation == "PutTargets")

    assert put.input["Targets"][0]["Id"] == SETTINGS.topic
    own = replace(theirs, tags=OURS)
    (put,) = (each for each in rule_plan(own).open_steps if each.operation == "PutTargets")
    assert put.input["Targets"][0]["Id"] == "1"


def test_what_killed_watches_left_comes_last() -> None:
    left = replace(EVERYTHING, watch_rules=(RULE, RULE), watch_queues=(QUEUE,))

    every = operations(plans.plan_clean_up(SETTINGS, left))

    assert every == [
        *operations(plans.plan_clean_up(SETTINGS, EVERYTHING)),
        *("RemoveTargets", "DeleteRule") * 2,
        "DeleteQueue",
    ]


def test_clean_up_of_nothing_is_nothing() -> None:
    assert plans.plan_clean_up(SETTINGS, NOTHING).commands == "# nothing to do"


# --- every step ----------------------------------------------------------------------------------

EVERY_PLAN = (
    plan_task_definition(role=None),
    plan_service(cluster=None),
    plan_service(service=service(breaker=facts.CircuitBreaker(enable=False, rollback=False))),
    plans.plan_topic(SETTINGS, account=ACCOUNT, topic=None),
    rule_plan(None),
    plan_bad_release(),
    plans.plan_clean_up(SETTINGS, EVERYTHING),
    plans.plan_clean_up(SETTINGS, replace(NOTHING, watch_rules=(RULE,), watch_queues=(QUEUE,))),
    plans.plan_clean_up(
        SETTINGS,
        replace(EVERYTHING, topic=replace(TOPIC, subscriptions=(PROBE,), tags=NOBODYS)),
    ),
)
CREATING = {
    "CreateRole": in_upper_case(OURS),
    "RegisterTaskDefinition": in_lower_case(OURS),
    "CreateCluster": in_lower_case(OURS),
    "CreateService": ECS_TAGS,
    "CreateTopic": in_upper_case(OURS),
    "PutRule": in_upper_case(OURS),
    "CreateQueue": NOBODY_NAMED,
}


def test_every_step_uses_an_operation_and_members_that_aws_has() -> None:
    models = {name: service_model(name) for name in ("ecs", "events", "iam", "sns", "sqs")}
    for step in (each for plan in EVERY_PLAN for each in plan):
        model = models[step.service].operation_model(step.operation)
        assert model.input_shape is not None
        assert set(step.input) <= set(model.input_shape.members), step.operation
        assert set(model.input_shape.required_members) <= set(step.input), step.operation


def test_every_step_says_why_what_it_needs_and_how_to_undo_it() -> None:
    for step in (each for plan in EVERY_PLAN for each in plan):
        assert step.why
        assert step.makes
        assert step.undo
        assert f"{step.service}:{step.operation}" in step.permissions


def test_whatever_is_created_carries_the_tag() -> None:
    made = [each for plan in EVERY_PLAN for each in plan if each.operation in CREATING]

    assert {each.operation for each in made} == set(CREATING)
    for step in made:
        tags = next(value for name, value in step.input.items() if name.lower() == "tags")
        assert tags == CREATING[step.operation]


# --- on the emulator -----------------------------------------------------------------------------


def go_through(session: Session, *, up_to: str = "99") -> None:
    for stage in walk.STAGES:
        if stage.notebook < up_to:
            outcome = apply(session, stage.plan(session, SETTINGS))
            stage.afterwards(session, SETTINGS, outcome)


def states(session: Session) -> dict[str, tuple[str, str]]:
    return {what: (state, by) for what, _, state, by in walk.inventory(session, SETTINGS)}


def test_a_plan_made_again_after_it_was_applied_has_nothing_to_do(session: Session) -> None:
    for stage in walk.STAGES:
        plan = stage.plan(session, SETTINGS)
        assert plan.open_steps, stage.notebook
        outcome = apply(session, plan)
        assert stage.plan(session, SETTINGS).is_satisfied, stage.notebook
        if not stage.notebook.startswith("50"):
            stage.afterwards(session, SETTINGS, outcome)


def test_an_existing_role_and_cluster_stay_untouched_from_beginning_to_end(
    session: Session,
) -> None:
    before = states(session)
    assert before["execution role"] == ("exists", "somebody else")
    assert before["cluster"] == ("ACTIVE", "somebody else")

    go_through(session, up_to="50")
    assert states(session)["rule"] == ("ENABLED", "this runbook")
    apply(session, walk.clean_up_plan(session, SETTINGS))

    assert states(session) == before
    role = reading.read_role(session, SETTINGS.execution_role)
    assert role
    assert role.policy_arns == (execution_policy(SETTINGS),)


def test_an_absent_role_and_cluster_are_made_and_removed_again(
    session: Session, aws: Callable[..., Any]
) -> None:
    role = SETTINGS.execution_role
    aws("iam").detach_role_policy(RoleName=role, PolicyArn=execution_policy(SETTINGS))
    aws("iam").delete_role(RoleName=role)
    aws("ecs").delete_cluster(cluster="default")
    empty = states(session)
    assert {state for state, _ in empty.values()} == {"absent"}

    go_through(session, up_to="30")
    made = states(session)
    assert made["execution role"] == ("exists", "this runbook")
    assert made["cluster"] == ("ACTIVE", "this runbook")
    apply(session, walk.clean_up_plan(session, SETTINGS))

    assert states(session) == empty
    assert walk.clean_up_plan(session, SETTINGS).is_satisfied


def test_what_others_have_under_our_names_survives_walk_and_clean_up(
    session: Session, aws: Callable[..., Any]
) -> None:
    sns, events, ecs = aws("sns"), aws("events"), aws("ecs")
    theirs = {**FOREIGN, "Resource": TOPIC_ARN, "Principal": {"AWS": "*"}}
    sns.create_topic(Name=SETTINGS.topic)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    sns.set_topic_attributes(TopicArn=TOPIC_ARN, AttributeName="Policy", AttributeValue=policy)
    ecs.register_task_definition(
        family=SETTINGS.family,
        containerDefinitions=[{"name": "c", "image": "nginx:latest"}],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )
    events.put_rule(Name="theirs", EventPattern='{"source": ["aws.ec2"]}')

    go_through(session)
    apply(session, walk.clean_up_plan(session, SETTINGS))

    found = reading.read_topic(session, SETTINGS.topic)
    assert found is not None
    assert theirs in found.policy["Statement"]  # type: ignore[operator]
    assert [each.protocol for each in found.subscriptions] == ["email"]
    revisions = reading.read_task_definitions(session, SETTINGS.family)
    assert [each.name for each in revisions] == ["my-task:1"]
    assert reading.read_rule(session, "theirs") is not None
    assert states(session)["probe queue"] == ("absent", "")


@pytest.mark.parametrize("what", ["service", "rule", "queue"])
def test_a_foreign_thing_of_our_name_stops_the_walk_before_it_is_touched(
    session: Session, aws: Callable[..., Any], what: str
) -> None:
    go_through(session, up_to={"service": "20", "rule": "40", "queue": "50"}[what])
    if what == "service":
        network = walk.find_network(session, SETTINGS)
        aws("ecs").create_service(
            cluster="default",
            serviceName=SETTINGS.service,
            taskDefinition="my-task:1",
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": list(network.subnet_ids)}},
        )
        plan = walk.service_plan
    elif what == "rule":
        aws("events").put_rule(Name=SETTINGS.rule, EventPattern='{"source": ["aws.ec2"]}')
        plan = walk.event_rule_plan
    else:
        aws("sqs").create_queue(QueueName=SETTINGS.probe_queue)
        plan = walk.bad_release_plan

    with pytest.raises(NotOurs):
        plan(session, SETTINGS)
    apply(session, walk.clean_up_plan(session, SETTINGS))

    name = {"queue": "probe queue"}.get(what, what)
    assert states(session)[name][1] == "somebody else"
