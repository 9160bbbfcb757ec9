"""Who may import whom, read off the source. The arrows point down only."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

import ecs_emulator
import runbook_lib

ROOT = Path(runbook_lib.__file__).parents[1]
ROOMS: Mapping[str, tuple[str, ...]] = {
    "ecs_emulator": (
        "http",
        "api",
        "account",
        "messaging",
        "ecs",
        "access",
        "wire",
        "world",
    ),
    "runbook_lib": (
        "cli",
        "headless",
        "notebook",
        "overview",
        "board",
        "exercises",
        "walk",
        "verdict",
        "alerts",
        "following",
        "plans",
        "learner",
        "evidence",
        "aws",
        "facts",
        "errors",
    ),
}
"""Of each package, top down: a room may import from those that stand after it, and from itself."""
ABOVE_ALL_ROOMS = {
    "ecs_emulator": {"cli", "client", "emulator", "environment", "pytest_plugin"},
    "runbook_lib": set[str](),
}
"""Modules beside the rooms: what others call. No room imports them, save what says so below."""
KNOWN_FROM_WITHIN = {"ecs_emulator.client", "ecs_emulator.environment"}
"""They import nothing of ours, so anybody may import them."""
KNOWS_THE_EMULATOR = {
    "runbook_lib.aws.session",
    "runbook_lib.cli.lab",
    "runbook_lib.cli.main",
    "runbook_lib.headless.drill",
    "runbook_lib.headless.labs",
}
MOST_LINES_OF_A_ROOM, MOST_LINES_OF_A_MODULE, MOST_MODULES_OF_A_FOLDER = 3000, 350, 12
LARGE_ROOMS = {"ecs_emulator.ecs"}


def name_of(file: Path, root: Path = ROOT) -> str:
    """ecs_emulator/api/door.py is ecs_emulator.api.door."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(file): file
    for package in ROOMS
    for file in sorted((ROOT / package).rglob("*.py"))
    if "notebooks" not in file.relative_to(ROOT).parts
}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}


def imports_of(tree: ast.AST, known: Iterable[str]) -> Iterator[str]:
    """Every module that this one imports, wherever in it: of `from a import b` a.b, or else a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import is relative"
            assert node.module
            modules = {f"{node.module}.{each.name}" for each in node.names} & set(known)
            yield from modules
            if len(modules) < len(node.names):
                yield node.module


IMPORTS = {name: frozenset(imports_of(tree, MODULES)) for name, tree in TREES.items()}


def own_imports(name: str) -> set[str]:
    return {each for each in IMPORTS[name] if each in MODULES and each != name}


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
    return {name for name in MODULES if any(is_inside(each, package) for each in IMPORTS[name])}


def room_of(name: str) -> str:
    """runbook_lib.notebook.tables.labs is in "notebook"; a package itself is in ""."""
    return (*name.split("."), "")[1]


def runs_up(importer: str, imported: str) -> bool:
    """Whether this arrow breaks the order of the rooms."""
    package, other = importer.split(".", maxsplit=1)[0], imported.split(".", maxsplit=1)[0]
    if package != other:
        return package == "ecs_emulator"
    order = ROOMS[package]
    own, its = room_of(importer), room_of(imported)
    if own not in order:
        return False
    return imported not in KNOWN_FROM_WITHIN and (
        its not in order or order.index(its) < order.index(own)
    )


# --- the table of rooms --------------------------------------------------------------------------


def test_there_is_something_to_look_at() -> None:
    assert {"runbook_lib", "runbook_lib.aws.session", "ecs_emulator.ecs.engine"} <= set(MODULES)
    assert "runbook_lib.facts" in own_imports("runbook_lib.aws.reading.ecs")
    assert Path(ecs_emulator.__file__).parents[1] == ROOT


@pytest.mark.parametrize("package", list(ROOMS))
def test_the_table_names_every_room_and_no_other(package: str) -> None:
    found = {room_of(name) for name in MODULES if name.startswith(f"{package}.")}

    assert found == {*ROOMS[package], *ABOVE_ALL_ROOMS[package]}


@pytest.mark.parametrize("name", list(MODULES))
def test_a_room_imports_only_from_those_below_it(name: str) -> None:
    assert [each for each in own_imports(name) if runs_up(name, each)] == []


def test_an_arrow_that_runs_up_would_be_seen() -> None:
    planted = ast.parse("from ecs_emulator.api import door")
    (imported,) = imports_of(planted, MODULES)

    assert imported == "ecs_emulator.api.door"
    assert runs_up("ecs_emulator.ecs.engine", imported)
    assert runs_up("ecs_emulator.world.state", "runbook_lib.facts")
    assert runs_up("runbook_lib.facts.causes", "runbook_lib.aws.session")
    assert not runs_up("runbook_lib.verdict.judging", "runbook_lib.aws.session")


def test_nobody_imports_in_a_circle() -> None:
    modules = {name for name, file in MODULES.items() if file.name != "__init__.py"}
    for name in modules:
        for each in own_imports(name) & modules:
            assert name not in everything_below(each), f"{name} and {each}"


def test_no_room_and_no_module_has_grown_too_large() -> None:
    lines = {name: len(file.read_text("utf-8").splitlines()) for name, file in MODULES.items()}
    of_rooms: Counter[str] = Counter()
    for name, count in lines.items():
        of_rooms[f"{name.split('.')[0]}.{room_of(name)}"] += count
    folders = Counter(file.parent for file in MODULES.values() if file.name != "__init__.py")

    assert {n: c for n, c in lines.items() if c > MOST_LINES_OF_A_MODULE} == {}
    large = {room for room, count in of_rooms.items() if count > MOST_LINES_OF_A_ROOM}
    assert large - LARGE_ROOMS == set()
    assert {f.name for f, count in folders.items() if count > MOST_MODULES_OF_A_FOLDER} == set()


@pytest.mark.parametrize(
    "name", [name for name, file in MODULES.items() if file.name != "__init__.py"]
)
def test_every_module_opens_with_the_sign_of_its_room(name: str) -> None:
    sign = ast.get_docstring(TREES[name]) or ""

    assert sign.startswith("Room: ")
    assert sign.splitlines()[0].endswith((".", "?"))


# --- who knows whom ------------------------------------------------------------------------------


def test_only_what_starts_or_reaches_one_knows_the_emulator() -> None:
    outside = {n for n in importers_of("ecs_emulator") if not is_inside(n, "ecs_emulator")}

    assert outside == KNOWS_THE_EMULATOR


@pytest.mark.parametrize("asked", ["runbook_lib", "runbook_lib.cli.main", "ecs_emulator"])
@pytest.mark.parametrize("heavy", ["ipywidgets", "pandas", "boto3", "moto", "uvicorn"])
def test_an_import_brings_nothing_heavy_before_it_is_asked_for(asked: str, heavy: str) -> None:
    """Who works on AWS does not need the emulator, and a headless run shows no widget."""
    code = f"import sys, {asked}; sys.exit({heavy!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_room_knows_moto() -> None:
    rooms = {name.rpartition(".")[0] for name in importers_of("moto")}

    assert rooms == {"ecs_emulator.account.moto"}


PURE_PLANS = [
    name
    for name in MODULES
    if is_inside(name, "runbook_lib.facts")
    or (
        is_inside(name, "runbook_lib.plans")
        and name.rpartition(".")[2] not in ("plans", "applying", "preflight")
    )
]


@pytest.mark.parametrize("name", PURE_PLANS)
def test_facts_and_plans_cannot_reach_aws(name: str) -> None:
    for each in {name, *everything_below(name)} - {"runbook_lib"}:
        assert not any(is_inside(other, "boto3") for other in IMPORTS[each]), each
        assert each != "runbook_lib.aws.session"


@pytest.mark.parametrize("module", ["deployment", "words", "drill"])
def test_the_verdict_does_not_look_by_itself(module: str) -> None:
    mine = IMPORTS[f"runbook_lib.verdict.{module}"]
    looking = ("boto3", "runbook_lib.aws.session", "runbook_lib.aws.reading")

    assert not any(is_inside(each, other) for each in mine for other in looking)


@pytest.mark.parametrize("module", ["report", "junit", "compare", "charts", "evidence"])
def test_the_evidence_pack_is_made_of_a_journal_alone(module: str) -> None:
    name = f"runbook_lib.evidence.{module}"
    for each in {name, *everything_below(name)}:
        assert not any(is_inside(other, "boto3") for other in IMPORTS[each]), each
        assert not is_inside(each, "runbook_lib.aws"), each
        assert not is_inside(each, "runbook_lib.facts"), each


@pytest.mark.parametrize("name", [n for n in MODULES if is_inside(n, "runbook_lib.board")])
def test_the_board_neither_looks_nor_knows_of_widgets(name: str) -> None:
    others = ("boto3", "ipywidgets", "runbook_lib.aws.session", "runbook_lib.aws.reading")
    for each in IMPORTS[name]:
        assert not any(is_inside(each, other) for other in others), each


# --- public names --------------------------------------------------------------------------------


def test_the_public_names_are_these() -> None:
    assert sorted(ecs_emulator.__all__) == ["ControlRefused", "Emulator", "environment_for"]
    assert sorted(runbook_lib.__all__) == runbook_lib.__all__
    assert set(runbook_lib.__all__) == {
        "Settings",
        "apply",
        "await_alert",
        "charts",
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
    for package in (ecs_emulator, runbook_lib):
        assert all(hasattr(package, each) for each in package.__all__)
