"""Parameters: what is accepted, and the one line that says why something is not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from bad_values import REFUSED

from runbook_lib.errors import BadParameter, UnknownParameter
from runbook_lib.facts.settings import PARAMETERS, Settings, read_parameters

ACCEPTED: tuple[tuple[str, object], ...] = (
    ("target", "aws"),
    ("region", "ap-northeast-1"),
    ("region", "us-gov-west-1"),
    ("region", "cn-north-1"),
    ("cluster", "a" * 255),
    ("service", "Web_1"),
    ("family", "x"),
    ("container", "-"),
    ("good_image", "123456789876.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.0"),
    ("bad_image", "nginx@sha256:0123456789abcdef"),
    ("desired_count", 1),
    ("desired_count", 5000),
    ("topic", "a" * 256),
    ("rule", "a.b-c_d"),
    ("email", "first.last+drill@mail.example.co.jp"),
    ("alert_format", "event"),
    ("service_mode", "existing"),
    ("expected_account", "123456789876"),
    ("confirm", ""),
    ("confirm", "my-sample-service"),
    ("threshold", "COUNT 1"),
    ("require_reader", False),
    ("threshold", "UNBOUNDED_PERCENT 100"),
    ("subnets", ""),
    ("subnets", " subnet-0abc , subnet-0def "),
    ("security_groups", "sg-0abc"),
)


def as_typed(example: object) -> Any:
    """An example as it would arrive from a file: the text `""` is an empty text."""
    return yaml.safe_load(example) if isinstance(example, str) else example


@pytest.mark.parametrize(("name", "value", "why"), REFUSED)
def test_a_bad_value_is_refused_in_one_line_with_an_example_that_works(
    name: str, value: object, why: str
) -> None:
    with pytest.raises(BadParameter) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]

    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert why in text
    assert len(text.splitlines()) == 1
    example = caught.value.details["example"]
    assert text.endswith(f"Example: {name}: {example}")
    Settings(**{name: as_typed(example)})


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_a_good_value_is_kept_as_it_was_given(name: str, value: object) -> None:
    assert getattr(Settings(**{name: value}), name) == value  # type: ignore[arg-type]


def test_the_tables_above_speak_of_every_parameter() -> None:
    assert {name for name, *_ in REFUSED} == set(PARAMETERS)
    assert {name for name, _ in ACCEPTED} == set(PARAMETERS)


def test_the_first_bad_parameter_is_the_one_that_is_named() -> None:
    with pytest.raises(BadParameter, match=r"^region: "):
        Settings(email="nobody", region="nowhere", desired_count=0)


def test_confirm_follows_the_name_of_the_service() -> None:
    assert Settings(service="web", confirm="web").confirm == "web"
    with pytest.raises(BadParameter, match=r"^confirm: 'my-sample-service' is not .* 'web'"):
        Settings(service="web", confirm="my-sample-service")


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().region = "us-east-1"  # type: ignore[misc]


def test_lists_of_ids_are_split_and_trimmed() -> None:
    settings = Settings(subnets=" subnet-1 ,subnet-2 ", security_groups="sg-1")

    assert settings.subnet_ids == ("subnet-1", "subnet-2")
    assert settings.security_group_ids == ("sg-1",)
    assert Settings().subnet_ids == ()


def test_the_probe_queue_has_a_name_that_sqs_takes_even_for_the_longest_service() -> None:
    assert Settings().probe_queue == "my-sample-service-drill-probe"
    assert len(Settings(service="a" * 255).probe_queue) == 80


# --- reading them --------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "parameters.yaml"
    path.write_text("region: us-east-1\ndesired_count: 3\n", encoding="utf-8")
    return path


def test_without_file_and_assignments_there_are_no_parameters() -> None:
    assert read_parameters(None, ()) == {}


def test_a_file_is_read_as_yaml(file: Path) -> None:
    assert read_parameters(file, ()) == {"region": "us-east-1", "desired_count": 3}


def test_an_assignment_wins_over_the_file_and_the_last_one_over_the_first(file: Path) -> None:
    given = read_parameters(file, ("desired_count=4", "desired_count=5"))

    assert given == {"region": "us-east-1", "desired_count": 5}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("desired_count=2", "desired_count", 2),
        ('desired_count="many"', "desired_count", "many"),
        ("email=a@b.example", "email", "a@b.example"),
        ("good_image=nginx:alpine", "good_image", "nginx:alpine"),
        ("confirm=", "confirm", ""),
        (" region = eu-west-1 ", "region", "eu-west-1"),
        ("bad_image=host/x@sha256:0=1", "bad_image", "host/x@sha256:0=1"),
        ("subnets=subnet-1,subnet-2", "subnets", "subnet-1,subnet-2"),
        ("service=on", "service", "on"),
        ("expected_account=123456789876", "expected_account", "123456789876"),
        ("desired_count=on", "desired_count", True),
    ],
)
def test_an_assignment_has_the_type_of_its_parameter_or_what_yaml_gives_it(
    text: str, name: str, value: object
) -> None:
    assert read_parameters(None, (text,)) == {name: value}


def test_a_quoted_number_is_refused_as_a_count() -> None:
    with pytest.raises(BadParameter, match=r"^desired_count: 'many' is not a whole number"):
        Settings(**read_parameters(None, ('desired_count="many"',)))


@pytest.mark.parametrize("name", ["regoin", "", "REGION", "__class__"])
def test_an_unknown_name_is_refused_with_the_names_that_there_are(name: str) -> None:
    with pytest.raises(UnknownParameter) as caught:
        read_parameters(None, (f"{name}=x",))

    text = str(caught.value)
    assert text.startswith(f"{name}: there is no such parameter".lstrip())
    assert all(each in text for each in PARAMETERS)
    assert len(text.splitlines()) == 1


def test_an_unknown_name_in_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("region: eu-west-1\n1: 2\n", encoding="utf-8")

    with pytest.raises(UnknownParameter, match=r"^1: there is no such parameter"):
        read_parameters(path, ())


def test_an_assignment_without_a_value_is_refused() -> None:
    with pytest.raises(BadParameter) as caught:
        read_parameters(None, ("desired_count",))

    text = str(caught.value)
    assert text == "--set: 'desired_count' has no value. Example: --set: desired_count=2"
    assert read_parameters(None, (str(caught.value.details["example"]),))


@pytest.mark.parametrize(
    "text",
    ["region=[", "region={a: b", "region='eu", "region=2024-13-45", "region=!!python/name:x"],
)
def test_a_value_that_is_not_yaml_is_refused_with_an_example_that_works(text: str) -> None:
    with pytest.raises(BadParameter, match=r"^region: .* is not YAML") as caught:
        read_parameters(None, (text,))

    assert len(str(caught.value).splitlines()) == 1
    assert Settings(region=str(caught.value.details["example"])).region == "eu-west-1"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a map"),
        (b"- region\n- eu-west-1\n", "not a map"),
        (b"eu-west-1", "not a map"),
        (b"region: [\n", "cannot be read"),
        (b"a: b: c\n", "cannot be read"),
        (b"\xff\xfe\x00region", "cannot be read"),
        (b"region: 2024-13-45\n", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_parameters_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_bytes(content)

    with pytest.raises(BadParameter) as caught:
        read_parameters(path, ())

    text = str(caught.value)
    assert text.startswith(f"--params: {path}")
    assert why in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused_and_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadParameter, match="cannot be read") as caught:
        read_parameters(tmp_path / name, ())

    assert isinstance(caught.value.__cause__, OSError)
