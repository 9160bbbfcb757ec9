"""Two who use one account: what the first has made is there when the second has cleaned up.

Every pair of the walk, the labs, the drill of an existing service and a second service with the
walk's topic and rule, in both orders. Only an address stays on a topic that stays: whether its
owner wants to hear of the other services is for him to say, with the link in every mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import apply, walk
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import PARAMETERS, Settings
from runbook_lib.headless.notebook_parameters import declared_parameters
from runbook_lib.plans.steps import Plan
from runbook_lib.walk import labs

Aws = Callable[..., Any]
Things = dict[str, Any]
LABS = Path(__file__).parents[3] / "notebooks" / "labs"
ALARM, BALANCER, CHAIN = "03_catch_crash_loops", "04_tune_health_checks", "06_find_lost_alerts"
LETTERS = "08_send_better_alerts"


@dataclass(frozen=True)
class Run:
    """Somebody's run: what it makes, and its clean-up."""

    settings: Settings
    make: Callable[[Session, Settings], None]
    clean_up_plan: Callable[[Session, Settings], Plan]

    def clean_up(self, session: Session) -> None:
        plan = self.clean_up_plan(session, self.settings)
        apply(session, plan, confirm=self.settings.confirm)


def do(session: Session, settings: Settings, plan: Plan) -> None:
    apply(session, plan, confirm=settings.confirm)


def make_walk(session: Session, settings: Settings) -> None:
    """Notebooks 10 to 50."""
    for stage in walk.STAGES:
        do(session, settings, stage.plan(session, settings))


def make_existing(session: Session, settings: Settings) -> None:
    """Notebooks 30 to 50 on a service of the user's own, in the user's own cluster."""
    for stage in walk.STAGES[2:]:
        do(session, settings, stage.plan(session, settings))


def make_lab(session: Session, settings: Settings, name: str) -> None:
    """Everything that the lab's cells make, and each of its kinds of release."""
    good = labs.Release(name="good")
    chain = name in (CHAIN, LETTERS)
    plan = labs.alert_chain_plan if chain else labs.release_plan
    do(session, settings, plan(session, settings, good))
    if chain:
        session.clock.sleep(600)
        do(session, settings, walk.bad_release_plan(session, settings))
    if name == LETTERS:
        do(session, settings, labs.dead_letter_plan(session, settings))
        do(session, settings, labs.rule_of_service_plan(session, settings))
    if name == ALARM:
        do(session, settings, labs.alarm_plan(session, settings, "OK"))
    if name == BALANCER:
        do(session, settings, labs.balancer_plan(session, settings, labs.TargetCheck()))
    bad = labs.Release(name="exits", command="exit 3")
    do(session, settings, labs.release_plan(session, settings, bad))


def settings_of(notebook: Path) -> Settings:
    declared = declared_parameters(notebook)
    return Settings(**{key: value for key, value in declared.items() if key in PARAMETERS})


WALK = Settings()
RUNS: dict[str, Run] = {
    "walk": Run(WALK, make_walk, walk.clean_up_plan),
    "second service": Run(
        replace(WALK, service="checkout", email="checkout@example.com"),
        make_walk,
        walk.clean_up_plan,
    ),
    "existing service": Run(
        replace(WALK, service="shop", service_mode="existing", confirm="shop"),
        make_existing,
        walk.clean_up_plan,
    ),
    **{
        path.stem: Run(settings_of(path), partial(make_lab, name=path.stem), labs.clean_up_plan)
        for path in sorted(LABS.glob("*.ipynb"))
    },
}


def things(aws: Aws) -> Things:
    """All that could be lost: what there is, and what it is set to, without the tags."""
    return {
        **releases_and_services(aws("ecs")),
        **topics(aws("sns")),
        **rules(aws("events")),
        **neighbours(aws),
    }


def releases_and_services(ecs: Any) -> Things:
    found: Things = dict.fromkeys(ecs.list_task_definitions()["taskDefinitionArns"], True)
    for cluster in ecs.list_clusters()["clusterArns"]:
        found[cluster] = True
        for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
            (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
            found[arn] = service["status"], service["deploymentConfiguration"]
    return found


def topics(sns: Any) -> Things:
    found: Things = {}
    for topic in sns.list_topics()["Topics"]:
        arn = topic["TopicArn"]
        found[arn] = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
        for each in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
            found[f"{arn} {each['Protocol']} {each['Endpoint']}"] = True
    return found


def rules(events: Any) -> Things:
    found: Things = {}
    for rule in events.list_rules()["Rules"]:
        found[rule["Arn"]] = rule["State"], rule["EventPattern"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            found[f"{rule['Arn']} {target['Arn']}"] = target
    return found


def neighbours(aws: Aws) -> Things:
    sqs, iam, elb = aws("sqs"), aws("iam"), aws("elbv2")
    found: Things = {}
    for url in sqs.list_queues().get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        found[url] = attributes.get("Attributes")
    for role in iam.list_roles()["Roles"]:
        policies = iam.list_attached_role_policies(RoleName=role["RoleName"])
        found[role["Arn"]] = policies["AttachedPolicies"]
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    groups = elb.describe_target_groups()["TargetGroups"]
    names = [each["AlarmArn"] for each in alarms]
    names += [each["LoadBalancerArn"] for each in balancers]
    names += [each["TargetGroupArn"] for each in groups]
    return found | dict.fromkeys(names, True)


def empty(aws: Aws) -> None:
    """Without the cluster and the role that the account begins with: the runbook makes its own."""
    iam, role = aws("iam"), WALK.execution_role
    aws("ecs").delete_cluster(cluster="default")
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def have_a_shop(session: Session) -> None:
    """The user's own service, made by hand."""
    ecs, network = session.client("ecs"), reading.read_default_network(session)
    assert network
    ecs.register_task_definition(
        family="shop",
        containerDefinitions=[{"name": "web", "image": "nginx:alpine"}],
        executionRoleArn=f"arn:aws:iam::{session.account}:role/ecsTaskExecutionRole",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
    )
    awsvpc = {"subnets": list(network.subnet_ids[:1])}
    ecs.create_service(
        serviceName="shop",
        taskDefinition="shop",
        desiredCount=1,
        launchType="FARGATE",
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        networkConfiguration={"awsvpcConfiguration": awsvpc},
    )


def go_through(session: Session, aws: Aws, first: str, others: Sequence[str]) -> None:
    """The first one makes its things; each other one runs and cleans up; then the first leaves."""
    session.clock.sleep(600)
    before = things(aws)
    mine = RUNS[first]
    mine.make(session, mine.settings)
    session.clock.sleep(1800)
    made = things(aws)
    for name in others:
        other = RUNS[name]
        other.make(session, other.settings)
        session.clock.sleep(1800)

        other.clean_up(session)

        after = things(aws)
        assert {key: value for key, value in after.items() if key in made} == made, name
        left = set(after) - set(made)
        addresses = (f" email {RUNS[each].settings.email}" for each in others)
        assert {key for key in left if not key.endswith(tuple(addresses))} == set(), name

    mine.clean_up(session)
    assert things(aws) == before


EXISTING = "existing service"


@pytest.mark.whole
@pytest.mark.parametrize("first", RUNS)
def test_what_the_first_made_is_there_when_any_other_has_cleaned_up(
    session: Session, aws: Aws, first: str
) -> None:
    if first == EXISTING:
        have_a_shop(session)
    else:
        empty(aws)

    go_through(session, aws, first, [name for name in RUNS if name not in (first, EXISTING)])


@pytest.mark.whole
@pytest.mark.parametrize("first", [name for name in RUNS if name != EXISTING])
def test_what_the_first_made_is_there_when_a_service_of_the_users_own_was_drilled(
    session: Session, aws: Aws, first: str
) -> None:
    have_a_shop(session)

    go_through(session, aws, first, [EXISTING])


def test_the_first_one_may_leave_first(session: Session, aws: Aws) -> None:
    empty(aws)
    before = things(aws)
    mine, other = RUNS["walk"], RUNS["second service"]
    mine.make(session, mine.settings)
    other.make(session, other.settings)
    session.clock.sleep(1800)

    mine.clean_up(session)

    makers = {row[0]: row[3] for row in walk.inventory(session, mine.settings)}
    kept = "this runbook, for eu-west-1/default/checkout"
    assert [makers[each] for each in ("execution role", "cluster", "topic", "rule")] == [kept] * 4
    assert makers["service"] == makers["probe queue"] == ""

    other.clean_up(session)

    assert things(aws) == before


def test_services_of_one_name_in_two_clusters_do_not_take_each_others_things(
    session: Session, aws: Aws
) -> None:
    aws("ecs").create_cluster(clusterName="blue")
    before = things(aws)
    here, there = WALK, replace(WALK, cluster="blue")
    make_walk(session, here)
    session.clock.sleep(1800)
    made = things(aws)

    make_walk(session, there)
    session.clock.sleep(1800)
    do(session, there, walk.clean_up_plan(session, there))

    assert things(aws) == made

    do(session, here, walk.clean_up_plan(session, here))
    assert things(aws) == before


def test_two_topics_behind_one_rule_both_hear_it(session: Session, aws: Aws) -> None:
    first, second = WALK, replace(WALK, service="checkout", topic="checkout-alerts")
    make_walk(session, first)
    make_walk(session, second)

    targets = aws("events").list_targets_by_rule(Rule=WALK.rule)["Targets"]
    assert {each["Arn"].rpartition(":")[2] for each in targets} == {"my-topic", "checkout-alerts"}

    do(session, second, walk.clean_up_plan(session, second))

    (target,) = aws("events").list_targets_by_rule(Rule=WALK.rule)["Targets"]
    assert target["Arn"].endswith(":my-topic")
