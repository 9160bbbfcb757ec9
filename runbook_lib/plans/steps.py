"""Room: the central noun of the runbook, the step.

Lives here: `Step` and `Plan`, and what is read off them: the AWS CLI command, the names.
Never here: AWS calls, which steps a notebook needs.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.loaders
import jmespath
from botocore import xform_name
from botocore.model import ServiceModel

MASK = "…"
REMOVING = ("Delete", "Deregister", "Remove", "Unsubscribe", "Untag")
"""How the names of operations begin that take something away."""
_LOOKED_UP = "looked-up-"

_CLI_NAMES = {
    ("sns", "Subscribe", "Endpoint"): "notification-endpoint",
    ("sqs", "CreateQueue", "tags"): "tags",
}
"""Where the AWS CLI names an option other than the API names the member."""


@dataclass(frozen=True, slots=True)
class Result:
    """A value that only an earlier step of the plan brings: `path` (JMESPath) in its reply.

    `shown` stands for it until then: Result("RegisterTaskDefinition", "taskDefinition.…",
    shown="my-task:2"). Where that is no value that AWS takes, the AWS CLI command asks for the
    real one with `command`, which may be run once the earlier step is done. `stand_in` is what AWS
    takes in its place: a family for its newest revision.
    """

    operation: str
    path: str
    shown: str
    command: str = ""
    stand_in: str = ""

    def of(self, replies: Mapping[str, Any]) -> Any:
        return jmespath.search(self.path, replies[self.operation])


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value that differs between machines; the CLI command asks for it with `command`."""

    value: str
    command: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is sent, and shown to nobody: an environment variable of a user's container."""

    value: str = field(repr=False)


def queue_url_command(name: str) -> str:
    """The command that a queue's URL is looked up with: it differs between endpoints."""
    return f"aws sqs get-queue-url --queue-name {name} --query QueueUrl --output text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One AWS operation: what, why, what it needs, how to undo it, and whether it is done already.

    `satisfied` is a sentence ("revision my-task:1 is there") when nothing needs doing.
    `makes` names what exists once the step has been applied: "topic my-topic".
    `permissions` are IAM actions: ("ecs:CreateService", "iam:PassRole"). `repeats` are parts of
    what AWS says to a second try of a call whose first one it had carried out: ("not idempotent",).
    """

    service: str
    operation: str
    input: Mapping[str, Any]
    why: str
    makes: str
    permissions: tuple[str, ...]
    undo: str
    satisfied: str = ""
    repeats: tuple[str, ...] = ()

    @property
    def cli(self) -> str:
        """The equivalent AWS CLI command, ready to paste into a shell.

        `aws sns create-topic --name my-topic`
        """
        words = ["aws", self.service, xform_name(self.operation, "-")]
        for name, value in self.input.items():
            words += self._option(name, value)
        return " ".join(words)

    def _option(self, name: str, value: Any) -> list[str]:
        option = _CLI_NAMES.get((self.service, self.operation, name), xform_name(name, "-"))
        if isinstance(value, Lookup | Result) and value.command:
            return [f"--{option}", f'"$({value.command})"']
        if isinstance(value, Result) and value.stand_in:
            return [f"--{option}", shlex.quote(value.stand_in)]
        if isinstance(value, bool):
            return [f"--{option}" if value else f"--no-{option}"]
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return [f"--{option}", *(shlex.quote(each) for each in value)]
        if isinstance(value, Mapping | list | tuple):
            return [f"--{option}", _quoted_json(value)]
        return [f"--{option}", shlex.quote(str(shown(value)))]

    def filled_in(self, replies: Mapping[str, Any]) -> dict[str, Any]:
        """The input with every `Result` replaced by what the earlier replies say."""
        return {name: _filled(value, replies) for name, value in self.input.items()}


def shown(value: Any) -> Any:
    """The same value with the stand-in text of every `Result`."""
    if isinstance(value, Result):
        return value.shown
    if isinstance(value, Lookup):
        return value.value
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        return {key: shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


def _quoted_json(value: Any) -> str:
    """JSON as one word of a shell; what must be looked up stands between its quotes."""
    commands: list[str] = []

    def marked(each: Any) -> Any:
        if isinstance(each, Result) and each.command:
            commands.append(each.command)
            return f"{_LOOKED_UP}{len(commands) - 1}."
        if isinstance(each, Mapping):
            return {key: marked(inner) for key, inner in each.items()}
        if isinstance(each, list | tuple):
            return [marked(inner) for inner in each]
        return shown(each)

    word = shlex.quote(json.dumps(marked(value), ensure_ascii=False))
    for number, command in enumerate(commands):
        word = word.replace(f"{_LOOKED_UP}{number}.", f"'\"$({command})\"'")
    return word


def _filled(value: Any, replies: Mapping[str, Any]) -> Any:
    if isinstance(value, Result):
        return value.of(replies)
    if isinstance(value, Lookup | Secret):
        return value.value
    if isinstance(value, Mapping):
        return {key: _filled(each, replies) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, replies) for each in value]
    return value


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order. `service` is the ECS service that `confirm` has to name on AWS.

    `draining`: the cluster of that service where it is being deleted; the steps wait for it.
    """

    title: str
    service: str
    steps: tuple[Step, ...]
    draining: str = ""

    @property
    def open_steps(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not step.satisfied)

    @property
    def is_satisfied(self) -> bool:
        return not self.open_steps

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @property
    def commands(self) -> str:
        """The AWS CLI commands of the steps that are still to do, one a line."""
        return "\n".join(step.cli for step in self.open_steps) or "# nothing to do"


def service_model(service: str) -> ServiceModel:
    """botocore's own definition of a service."""
    loader = botocore.loaders.create_loader()
    return ServiceModel(loader.load_service_model(service, "service-2"), service)
