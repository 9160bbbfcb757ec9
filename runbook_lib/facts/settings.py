"""Room: the parameters of the runbook, checked.

Lives here: the name, type, format and AWS limit of each parameter, and reading them from files and
the command line.
Never here: AWS calls. A parameter that is fine here may still name something that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.errors import BadParameter, UnknownParameter
from runbook_lib.facts import CircuitBreaker
from runbook_lib.facts.alert_text import ALERT_FORMATS

TARGETS = ("emulator", "aws")
CREATE, EXISTING = "create", "existing"
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
DEFAULT_THRESHOLD = "BOUNDED_PERCENT 50"
BAD_IMAGE = "nginx:wrong-image-tag"
MOST_TASKS = 5000
"""Service quota: tasks per service. https://docs.aws.amazon.com/general/latest/gr/ecs-service.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All parameters of the walk. The defaults are the ones of AWS's own how-to article.

    Raises `BadParameter` for the first parameter that cannot be used.
    """

    target: str = "emulator"
    region: str = "eu-west-1"
    cluster: str = "default"
    service: str = "my-sample-service"
    family: str = "my-task"
    container: str = "sample-container"
    good_image: str = "nginx:alpine"
    bad_image: str = BAD_IMAGE
    desired_count: int = 1
    topic: str = "my-topic"
    rule: str = "EcsServiceDeploymentFailed"
    email: str = "example@example.com"
    confirm: str = ""
    subnets: str = ""
    security_groups: str = ""
    alert_format: str = "text"
    service_mode: str = "create"
    expected_account: str = ""
    threshold: str = DEFAULT_THRESHOLD
    require_reader: bool = True

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))
        if self.good_image == self.bad_image:
            raise BadParameter(
                name="bad_image",
                problem=f"{self.bad_image!r} is also the good_image, so nothing would fail",
                example="nginx:wrong-image-tag",
            )
        if self.confirm not in ("", self.service):
            raise BadParameter(
                name="confirm",
                problem=f"{self.confirm!r} is not the name of the service, {self.service!r}",
                example=self.service,
            )

    @property
    def subnet_ids(self) -> tuple[str, ...]:
        return _split(self.subnets)

    @property
    def security_group_ids(self) -> tuple[str, ...]:
        return _split(self.security_groups)

    @property
    def circuit_breaker(self) -> CircuitBreaker:
        """On, with rollback, and with the threshold: "COUNT 1" trips at the first failure."""
        kind, value = self.threshold.split()
        return CircuitBreaker(True, True, kind, int(value))

    @property
    def probe_queue(self) -> str:
        """The SQS queue that proves delivery, named after the service, at most 80 characters.

        Every service has its own: outside the cluster `default`, and where the name is cut off,
        a digest tells it from those of the same name.
        """
        if self.cluster == "default" and len(self.service) <= 68:
            return f"{self.service}-drill-probe"
        digest = sha256(self.user.encode()).hexdigest()[:8]
        return f"{self.service[:59]}-{digest}-drill-probe"

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov: the Region says which."""
        found = (name for prefix, name in _PARTITIONS.items() if self.region.startswith(prefix))
        return next(found, "aws")

    def arn(self, service: str, account: str, resource: str) -> str:
        """arn("sns", "123456789876", "my-topic"): arn:aws:sns:eu-west-1:123456789876:my-topic."""
        return f"arn:{self.partition}:{service}:{self.region}:{account}:{resource}"

    @property
    def user(self) -> str:
        """How the tags of shared things name this service: eu-west-1/default/my-service."""
        return f"{self.region}/{self.cluster}/{self.service}"

    @property
    def drills_own_service(self) -> bool:
        """Is the service one that the user already has, and not the runbook's?"""
        return self.service_mode == EXISTING

    @property
    def drill_family(self) -> str:
        """The family of the bad revision.

        In service_mode existing it is one beside the service's own, so that "the latest revision"
        of that stays a good one: my-service-drill.
        """
        return f"{self.service[:249]}-drill" if self.drills_own_service else self.family

    @property
    def execution_role(self) -> str:
        return "ecsTaskExecutionRole"


PARAMETERS = tuple(each.name for each in fields(Settings))
_DEFAULTS: Mapping[str, object] = {each.name: each.default for each in fields(Settings)}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_text(name: str, value: object, example: str) -> str:
    if not isinstance(value, str):
        raise BadParameter(
            name=name, problem=f"{value!r} is {_kind(value)}, not a text", example=example
        )
    return value


def _kind(value: object) -> str:
    kinds = {bool: "true/false", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return kinds.get(type(value), "empty" if value is None else type(value).__name__)


def _matches(pattern: str, rule: str, example: str) -> Callable[[str, object], None]:
    def check(name: str, value: object) -> None:
        text = _is_text(name, value, example)
        if not re.fullmatch(pattern, text):
            raise BadParameter(name=name, problem=f"{text!r} is not {rule}", example=example)

    return check


def _one_of(choices: tuple[str, ...]) -> Callable[[str, object], None]:
    def check(name: str, value: object) -> None:
        if _is_text(name, value, choices[0]) not in choices:
            listed = " or ".join(choices)
            raise BadParameter(name=name, problem=f"{value!r} is not {listed}", example=choices[0])

    return check


def _is_count(name: str, value: object) -> None:
    """0 is refused: an empty service completes every deployment, which proves nothing."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadParameter(name=name, problem=f"{value!r} is not a whole number", example=1)
    if not 1 <= value <= MOST_TASKS:
        raise BadParameter(
            name=name, problem=f"{value} is not between 1 and {MOST_TASKS}", example=1
        )


def _is_threshold(name: str, value: object) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html"""
    found = _THRESHOLD.fullmatch(_is_text(name, value, DEFAULT_THRESHOLD))
    most = MOST_TASKS if found and found[1] == "COUNT" else 100
    if not found or not 1 <= int(found[2]) <= most:
        rule = "COUNT and a number, or BOUNDED_PERCENT or UNBOUNDED_PERCENT and 1 to 100"
        raise BadParameter(name=name, problem=f"{value!r} is not {rule}", example="COUNT 1")


def _is_switch(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadParameter(name=name, problem=f"{value!r} is not true or false", example="false")


def _is_confirmation(name: str, value: object) -> None:
    _is_text(name, value, '""')


_IDENTIFIER = r"[A-Za-z0-9_-]{1,255}"
_IDENTIFIER_RULE = "1 to 255 letters, digits, hyphens and underscores"
_THRESHOLD = re.compile(r"(BOUNDED_PERCENT|UNBOUNDED_PERCENT|COUNT) ([0-9]{1,4})")
_IMAGE = r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}"
_CHECKS: Mapping[str, Callable[[str, object], None]] = {
    "target": _one_of(TARGETS),
    "region": _matches(r"[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}", "an AWS Region", "eu-west-1"),
    "cluster": _matches(_IDENTIFIER, f"a cluster name: {_IDENTIFIER_RULE}", "default"),
    "service": _matches(_IDENTIFIER, f"a service name: {_IDENTIFIER_RULE}", "my-sample-service"),
    "family": _matches(_IDENTIFIER, f"a family: {_IDENTIFIER_RULE}", "my-task"),
    "container": _matches(_IDENTIFIER, f"a container name: {_IDENTIFIER_RULE}", "sample-container"),
    "good_image": _matches(_IMAGE, "an image reference", "nginx:alpine"),
    "bad_image": _matches(_IMAGE, "an image reference", "nginx:wrong-image-tag"),
    "desired_count": _is_count,
    "topic": _matches(
        r"[A-Za-z0-9_-]{1,256}",
        "a topic name: 1 to 256 letters, digits, hyphens, underscores",
        "my-topic",
    ),
    "rule": _matches(
        r"[.A-Za-z0-9_-]{1,64}",
        "a rule name: 1 to 64 letters, digits, hyphens, underscores, dots",
        "EcsServiceDeploymentFailed",
    ),
    "email": _matches(
        r"[^@\s,;<>\"']{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        "an e-mail address",
        "example@example.com",
    ),
    "confirm": _is_confirmation,
    "alert_format": _one_of(ALERT_FORMATS),
    "service_mode": _one_of((CREATE, EXISTING)),
    "expected_account": _matches(r"([0-9]{12})?", "an account id of 12 digits", '"123456789876"'),
    "threshold": _is_threshold,
    "require_reader": _is_switch,
    "subnets": _matches(
        r"(\s*subnet-[0-9a-zA-Z]+\s*(,\s*subnet-[0-9a-zA-Z]+\s*)*)?",
        "a comma-separated list of subnet ids",
        "subnet-0abc,subnet-0def",
    ),
    "security_groups": _matches(
        r"(\s*sg-[0-9a-zA-Z]+\s*(,\s*sg-[0-9a-zA-Z]+\s*)*)?",
        "a comma-separated list of security group ids",
        "sg-0abc",
    ),
}


def read_parameters(
    file: Path | None, assignments: tuple[str, ...], *, told_as: str = "--params"
) -> dict[str, Any]:
    """Parameters from a YAML file, then from NAME=VALUE texts, which win.

    Values are YAML: `desired_count=2` is a number, `email=a@b.example` a text. What is typed for a
    parameter that is a text stays one: `expected_account=123456789876`. Raises
    `BadParameter` for a file that is not a map, a text without `=`, and an unknown name. `told_as`
    is how the message calls the file.
    """
    parameters: dict[str, Any] = _from_file(file, told_as) if file else {}
    for text in assignments:
        name, separator, value = text.partition("=")
        if not separator:
            raise BadParameter(
                name="--set", problem=f"{text!r} has no value", example="desired_count=2"
            )
        parameters[name.strip()] = _value(name, value)
    for name in parameters:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise UnknownParameter(name=str(name), known=known)
    return parameters


def _value(name: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text) if text.strip() else ""
    except (yaml.YAMLError, ValueError) as error:
        example = _DEFAULTS.get(name.strip(), "a text")
        raise BadParameter(name=name, problem=f"{text!r} is not YAML", example=example) from error
    is_text = isinstance(_DEFAULTS.get(name.strip()), str)
    return text.strip() if is_text and not isinstance(value, str) else value


def _from_file(file: Path, told_as: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        problem = f"{file} cannot be read: {str(error).splitlines()[0]}"
        raise BadParameter(name=told_as, problem=problem, example="region: eu-west-1") from error
    if not isinstance(content, dict):
        raise BadParameter(
            name=told_as,
            problem=f"{file} is not a map of parameters",
            example="region: eu-west-1",
        )
    return {str(name): value for name, value in content.items()}
