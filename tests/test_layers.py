"""Who may import whom, read off the source. The arrows point down only."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import runbook_lib

PACKAGE = Path(runbook_lib.__file__).parent
EMULATOR = "ecs_emulator"
FLOORS = ("state", "messages", "policies", "reconciler", "engine", "aws_api")
"""Of the emulator, lowest first: a floor may import only from below."""


def name_of(file: Path) -> str:
    """ecs_emulator/api/door.py is ecs_emulator.api.door."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(file): file
    for file in sorted(PACKAGE.rglob("*.py"))
    if "notebooks" not in file.relative_to(PACKAGE).parts
}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}


def _imports(name: str) -> Iterator[str]:
    """Every module that this one imports, wherever in it: of `from a import b` a.b, or else a."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module
            modules = {f"{node.module}.{each.name}" for each in node.names} & set(MODULES)
            yield from modules
            if len(modules) < len(node.names):
                yield node.module


IMPORTS = {name: frozenset(_imports(name)) for name in TREES}


def imports(name: str) -> frozenset[str]:
    return IMPORTS[name]


def own_imports(name: str) -> set[str]:
    return {each for each in imports(name) if each in MODULES and each != name}


@functools.cache
def everything_below(name: str) -> set[str]:
    """What it imports, and what that imports, as long as it is ours."""
    found: set[str] = set()
    to_look_at = [name]
    while to_look_at:
        for each in own_imports(to_look_at.pop()) - found:
            found.add(each)
            to_look_at.append(each)
    return found


def is_inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def importers_of(package: str) -> set[str]:
    return {
        name for name in MODULES if any(is_inside(imported, package) for imported in imports(name))
    }


def floor_of(name: str) -> int | None:
    """The number of the floor that a module of the emulator is on, if it is one of these."""
    for number, floor in enumerate(FLOORS):
        if is_inside(name, f"{EMULATOR}.{floor}"):
            return number
    return None


def test_there_is_something_to_look_at() -> None:
    assert {"runbook_lib", "runbook_lib.aws.session", f"{EMULATOR}.engine"} <= set(MODULES)
    assert f"{EMULATOR}.aws_api" in MODULES
    assert "runbook_lib.facts" in own_imports("runbook_lib.aws.reading.ecs")
    assert all(any(is_inside(name, f"{EMULATOR}.{floor}") for name in MODULES) for floor in FLOORS)


def test_only_session_command_line_and_drill_know_the_emulator() -> None:
    outside = {name for name in importers_of(EMULATOR) if not is_inside(name, EMULATOR)}

    knowing = ("session", "cli_emulator", "drill", "labs.running")
    assert outside == {f"runbook_lib.{name}" for name in knowing}


def test_importing_the_library_does_not_load_the_emulator() -> None:
    """It is heavy, and who works on AWS does not need it: it is imported where it is used."""
    for name in ("session", "cli_emulator", "drill", "labs.running"):
        at_once = {
            each.module
            for each in TREES[f"runbook_lib.{name}"].body
            if isinstance(each, ast.ImportFrom) and each.module and is_inside(each.module, EMULATOR)
        }
        assert at_once == set(), name


def test_importing_the_library_does_not_load_ipywidgets() -> None:
    """A headless run shows no widget, and need not wait for half a second."""
    asked = "import sys, runbook_lib; sys.exit('ipywidgets' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_one_room_of_the_emulator_knows_moto() -> None:
    room = f"{EMULATOR}.moto_world"

    assert importers_of("moto") == {f"{room}.apis", f"{room}.world"}


def test_the_emulator_knows_nothing_of_the_runbook() -> None:
    for name in MODULES:
        if is_inside(name, EMULATOR):
            ours = {each for each in imports(name) if is_inside(each, "runbook_lib")}
            assert all(is_inside(each, EMULATOR) for each in ours), name


@pytest.mark.parametrize(
    "name",
    [name for name in MODULES if name.startswith(("runbook_lib.plans", "runbook_lib.facts"))],
)
def test_facts_and_plans_cannot_reach_aws(name: str) -> None:
    for each in {name, *everything_below(name)} - {"runbook_lib"}:
        assert not any(is_inside(other, "boto3") for other in imports(each)), each
        assert each != "runbook_lib.aws.session"


@pytest.mark.parametrize("room", ["verdict", "verdict_words", "drill_verdict"])
def test_the_verdict_does_not_look_by_itself(room: str) -> None:
    mine = set(imports(f"runbook_lib.{room}"))

    assert not any(is_inside(each, "boto3") for each in mine)
    assert not any(
        is_inside(each, room)
        for each in mine
        for room in ("runbook_lib.aws.session", "runbook_lib.aws.reading")
    )


@pytest.mark.parametrize("room", ["report", "junit", "compare", "charts", "evidence"])
def test_the_evidence_pack_is_made_of_a_journal_alone(room: str) -> None:
    for each in {f"runbook_lib.{room}", *everything_below(f"runbook_lib.{room}")}:
        assert not any(is_inside(other, "boto3") for other in imports(each)), each
        assert each not in {
            "runbook_lib.aws.session",
            "runbook_lib.aws.reading",
            "runbook_lib.facts",
        }


@pytest.mark.parametrize("room", ["board", "board_html", "expecting", "pacing"])
def test_the_board_neither_looks_nor_knows_of_widgets(room: str) -> None:
    others = ("boto3", "ipywidgets", "runbook_lib.aws.session", "runbook_lib.aws.reading")
    for each in imports(f"runbook_lib.{room}"):
        assert not any(is_inside(each, other) for other in others), each


def test_facts_stand_on_nothing_of_ours() -> None:
    for name in MODULES:
        if is_inside(name, "runbook_lib.facts"):
            assert all(is_inside(each, "runbook_lib.facts") for each in own_imports(name)), name


@pytest.mark.parametrize("name", [each for each in MODULES if floor_of(each) is not None])
def test_a_floor_of_the_emulator_imports_only_from_below(name: str) -> None:
    own = floor_of(name)
    assert own is not None
    for imported in own_imports(name):
        floor = floor_of(imported)
        if floor is not None and not (FLOORS[own] == "aws_api" and floor == own):
            assert floor < own, f"{name} imports {imported}"


def test_no_floor_is_reached_from_below_by_a_detour() -> None:
    for name in MODULES:
        own = floor_of(name)
        if own is None:
            continue
        for reached in everything_below(name):
            floor = floor_of(reached)
            assert floor is None or floor <= own, f"{name} reaches {reached}"


def test_nobody_imports_in_a_circle() -> None:
    rooms = {name for name, file in MODULES.items() if file.name != "__init__.py"}
    for name in rooms:
        for each in own_imports(name) & rooms:
            assert name not in everything_below(each), f"{name} and {each}"


@pytest.mark.parametrize(
    "name", [name for name, file in MODULES.items() if file.name != "__init__.py"]
)
def test_every_module_opens_with_the_sign_of_its_room(name: str) -> None:
    sign = ast.get_docstring(TREES[name]) or ""

    assert sign.startswith("Room: ")
    assert sign.splitlines()[0].endswith((".", "?"))


def test_the_public_names_are_these() -> None:
    assert sorted(runbook_lib.__all__) == runbook_lib.__all__
    assert set(runbook_lib.__all__) == {
        "Settings",
        "apply",
        "await_alert",
        "connect",
        "deployment_verdict",
        "diagnose",
        "estimate",
        "labs",
        "open_session",
        "preflight",
        "read_probe",
        "read_rule",
        "read_service",
        "read_service_deployments",
        "read_task_definitions",
        "read_tasks",
        "read_topic",
        "record",
        "record_verdict",
        "rule_would_match",
        "tables",
        "wait_until_steady",
        "walk",
        "watch",
        "watch_by_queue",
        "watch_many",
        "widgets",
    }
    assert all(hasattr(runbook_lib, each) for each in runbook_lib.__all__)
