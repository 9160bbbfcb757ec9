"""A step read as an AWS CLI command, and what is filled into it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import awscli  # type: ignore[import-untyped]
import pytest
from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, walk
from runbook_lib.aws.session import Session
from runbook_lib.facts import Cluster, Network
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import TAG_KEY, TAG_VALUE, is_ours
from runbook_lib.plans import plan_service
from runbook_lib.plans.applying import Outcome
from runbook_lib.plans.steps import Lookup, Plan, Result, Step, shown
from runbook_lib.plans.task_definition import execution_policy

SETTINGS = Settings()
AWS_CLI = Path(sys.executable).parent / "aws"
# AWS CLI 1 sends SQS to a host of its own, whatever AWS_ENDPOINT_URL says:
# https://github.com/aws/aws-cli/issues/8737
SHELL = """set -euo pipefail
aws() {
  if [ "$1" = sqs ]; then command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"
  else command aws "$@"; fi
}"""
EVERY_OPERATION = {
    *("iam:CreateRole", "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRole"),
    *("ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"),
    *("ecs:CreateCluster", "ecs:DeleteCluster"),
    *("ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService"),
    *("sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe"),
    *("sns:Unsubscribe", "sns:DeleteTopic"),
    *("events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"),
    *("sqs:CreateQueue", "sqs:DeleteQueue"),
}


def step(aws: str = "ecs", operation: str = "UpdateService", /, **arguments: Any) -> Step:
    return Step(
        service=aws,
        operation=operation,
        input=arguments,
        why="",
        makes="",
        permissions=(),
        undo="",
    )


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "command"),
    [
        (step("sns", "CreateTopic", Name="my-topic"), "aws sns create-topic --name my-topic"),
        (step(desiredCount=2), "aws ecs update-service --desired-count 2"),
        (step(force=True), "aws ecs update-service --force"),
        (step(force=False), "aws ecs update-service --no-force"),
        (
            step("events", "RemoveTargets", Ids=["1", "two words"]),
            "aws events remove-targets --ids 1 'two words'",
        ),
        (
            step(deploymentConfiguration={}),
            "aws ecs update-service --deployment-configuration '{}'",
        ),
        (
            step(tags=[{"key": "a", "value": "it's"}]),
            """aws ecs update-service --tags '[{"key": "a", "value": "it'"'"'s"}]'""",
        ),
        (
            step(taskDefinition=Result("RegisterTaskDefinition", "x", shown="my-task:2")),
            "aws ecs update-service --task-definition my-task:2",
        ),
        (
            step("sqs", "DeleteQueue", QueueUrl=Lookup("http://here", "aws sqs get-queue-url")),
            'aws sqs delete-queue --queue-url "$(aws sqs get-queue-url)"',
        ),
        (
            step("sns", "Subscribe", Endpoint="a@b.example"),
            "aws sns subscribe --notification-endpoint a@b.example",
        ),
        (
            step(serviceName="; rm -rf $HOME"),
            "aws ecs update-service --service-name '; rm -rf $HOME'",
        ),
    ],
)
def test_a_step_reads_as_a_command_for_the_shell(made: Step, command: str) -> None:
    assert made.cli == command


def test_a_plan_shows_the_commands_that_are_still_to_do() -> None:
    done = Step(
        service="sns",
        operation="CreateTopic",
        input={"Name": "a"},
        why="",
        makes="",
        permissions=(),
        undo="",
        satisfied="it exists",
    )
    to_do = step("sns", "DeleteTopic", TopicArn="arn")

    assert Plan("t", "web", (done, to_do)).commands == "aws sns delete-topic --topic-arn arn"
    assert Plan("t", "web", (done, to_do)).open_steps == (to_do,)
    assert Plan("t", "web", (done,)).commands == "# nothing to do"
    assert Plan("t", "web", (done,)).is_satisfied
    assert not Plan("t", "web", (done, to_do)).is_satisfied


# --- what is filled in ---------------------------------------------------------------------------


def test_results_and_lookups_are_filled_in_wherever_they_stand() -> None:
    made = step(
        taskDefinition=Result("Register", "taskDefinition.arn", shown="my-task:2"),
        nested={"list": [Lookup("http://here", "ask"), "as it is", 3]},
    )
    replies = {"Register": {"taskDefinition": {"arn": "arn:7"}}}

    assert made.filled_in(replies) == {
        "taskDefinition": "arn:7",
        "nested": {"list": ["http://here", "as it is", 3]},
    }
    assert shown(made.input) == {
        "taskDefinition": "my-task:2",
        "nested": {"list": ["http://here", "as it is", 3]},
    }


def test_filling_in_leaves_the_step_as_it_is() -> None:
    made = step(taskDefinition=Result("Register", "arn", shown="my-task:2"))

    made.filled_in({"Register": {"arn": "arn:7"}})

    assert made.cli.endswith("my-task:2")


def test_only_the_runbooks_own_tag_says_that_it_is_the_runbooks() -> None:
    assert is_ours({TAG_KEY: TAG_VALUE, "team": "web"})
    assert not is_ours({})
    assert not is_ours({TAG_KEY: "somebody else"})


# --- the real AWS CLI ----------------------------------------------------------------------------

Doing = Callable[[Plan], object]


@pytest.fixture
def run_cli(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Iterable[Step]], None]:
    """Run the commands of these steps in order, with the AWS CLI.

    Loading it takes most of a second, so only what needs a shell gets a process of its own.
    """
    for name, value in {
        "PATH": f"{AWS_CLI.parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_DATA_PATH": str(Path(awscli.__file__).parent / "data"),
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": SETTINGS.region,
    }.items():
        monkeypatch.setenv(name, value)

    driver = create_clidriver()

    def run(steps: Iterable[Step]) -> None:
        for each in steps:
            if each.service == "sqs":
                command = ["bash", "-c", f"{SHELL}\n{each.cli}"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{each.cli}\n{done.stderr}"
                continue
            name, *words = shlex.split(each.cli)
            assert name == "aws"
            assert driver.main(words) == 0, f"{each.cli}\n{capsys.readouterr().err}"

    return run


def empty_the_account(aws: Callable[..., Any]) -> None:
    """No execution role and no default cluster, so that every step has something to do."""
    aws("iam").detach_role_policy(
        RoleName=SETTINGS.execution_role, PolicyArn=execution_policy(SETTINGS)
    )
    aws("iam").delete_role(RoleName=SETTINGS.execution_role)
    aws("ecs").delete_cluster(cluster=SETTINGS.cluster)


def walk_through(session: Session, do: Doing) -> list[list[tuple[str, str, str, str]]]:
    """The walk up to the bad release, then the clean-up; what there is after each of the two."""
    for stage in walk.STAGES:
        plan = stage.plan(session, SETTINGS)
        do(plan)
        if stage.notebook.startswith("50"):
            break
        stage.afterwards(session, SETTINGS, Outcome(plan, ()))
    walked = walk.inventory(session, SETTINGS)
    _turn_the_breaker_off_and_fix_it(session, do)
    _take_the_probe_from_somebody_elses_topic(session, do)
    do(walk.clean_up_plan(session, SETTINGS))
    return [walked, walk.inventory(session, SETTINGS)]


def _turn_the_breaker_off_and_fix_it(session: Session, do: Doing) -> None:
    off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    session.client("ecs").update_service(
        cluster=SETTINGS.cluster, service=SETTINGS.service, deploymentConfiguration=off
    )
    do(walk.service_plan(session, SETTINGS))
    assert walk.service_plan(session, SETTINGS).is_satisfied


def _take_the_probe_from_somebody_elses_topic(session: Session, do: Doing) -> None:
    sns = session.client("sns")
    arn = f"arn:aws:sns:{SETTINGS.region}:{session.account}:{SETTINGS.topic}"
    sns.untag_resource(ResourceArn=arn, TagKeys=[TAG_KEY])
    plan = walk.clean_up_plan(session, SETTINGS)
    do(Plan("", "", tuple(each for each in plan if each.operation == "Unsubscribe")))
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": TAG_KEY, "Value": TAG_VALUE}])


@pytest.mark.whole
def test_the_walk_by_aws_cli_makes_and_removes_the_same_world_as_apply(
    emulator: EmulatorServer,
    session: Session,
    aws: Callable[..., Any],
    advance: Callable[[float], None],
    run_cli: Callable[[Iterable[Step]], None],
) -> None:
    operations: set[str] = set()

    def by_cli(plan: Plan) -> None:
        steps = list(plan.open_steps)
        operations.update(f"{each.service}:{each.operation}" for each in steps)
        drained = [n for n, each in enumerate(steps, 1) if each.operation == "DeleteService"]
        for end in drained:
            run_cli(steps[:end])
            advance(900)
            steps = steps[end:]
        run_cli(steps)

    empty_the_account(aws)
    commanded = walk_through(session, by_cli)
    EmulatorControls(emulator.url).call("POST", "/_emulator/reset", {"seed": 1})
    empty_the_account(aws)
    applied = walk_through(session, lambda plan: apply(session, plan))

    assert commanded == applied
    assert [state for _, _, state, _ in commanded[0]].count("absent") == 0
    assert {made_by for *_, made_by in commanded[0]} == {"this runbook"}
    assert {state for _, _, state, _ in commanded[1]} == {"absent"}
    assert operations == EVERY_OPERATION


def test_the_revision_in_the_command_is_the_one_that_aws_then_gives(session: Session) -> None:
    for stage in walk.STAGES[:4]:
        outcome = apply(session, stage.plan(session, SETTINGS))
        stage.afterwards(session, SETTINGS, outcome)
    plan = walk.bad_release_plan(session, SETTINGS)
    update = next(each for each in plan if each.operation == "UpdateService")

    outcome = apply(session, plan)

    registered = outcome.reply_of("RegisterTaskDefinition")["taskDefinition"]
    assert shown(update.input)["taskDefinition"] == "my-task:2"
    assert f"{registered['family']}:{registered['revision']}" == "my-task:2"
    assert outcome.reply_of("UpdateService")["service"]["taskDefinition"].endswith("/my-task:2")


def test_the_service_is_created_as_in_the_article() -> None:
    plan = plan_service(
        SETTINGS,
        cluster=Cluster("default", "arn", {}),
        network=Network(("subnet-1", "subnet-2"), ("sg-1",), "default VPC"),
        revision="my-task:1",
        service=None,
    )

    assert plan.commands == (
        "aws ecs create-service --cluster default --service-name my-sample-service "
        """--deployment-controller '{"type": "ECS"}' --desired-count 1 """
        "--deployment-configuration "
        """'{"deploymentCircuitBreaker": {"enable": true, "rollback": true}}' """
        "--task-definition my-task:1 --launch-type FARGATE --network-configuration "
        """'{"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], """
        """"securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}}' """
        """--tags '[{"key": "created-by", "value": "ecs-circuit-breaker-runbook"}]'"""
    )
