"""What several test files share: a clean environment, the emulator as a server, and a told story.

A process can have one emulated account at a time, because moto keeps its data in globals. So the
server lives as long as the test module that asks for it, and gives its place up to the next.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ecs_emulator.client import EmulatorControls
from ecs_emulator.ecs.engine import Engine
from ecs_emulator.ecs.tasks.fates import Surroundings, fate_of
from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.configuration import CircuitBreaker, DeploymentConfiguration
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.images import Images
from ecs_emulator.world.state import Deployment, Service, ServiceEvent, Task, TaskDefinition
from runbook_lib.aws.session import Session, close_private_emulator, open_session

REGION = "eu-west-1"
ACCOUNT = "123456789876"
WITH_ROLLBACK = DeploymentConfiguration(CircuitBreaker(enable=True, rollback=True))
_KEYS = boto3.Session("test", "test", region_name=REGION)
_ONCE = Config(retries={"total_max_attempts": 1}, proxies={})


WHOLE = ("browser", "benchmarks", "docs", "notebooks", "runbook_lib/headless")
"""The folders whose tests take a browser, whole drills or other programs."""


SLOWEST = (
    "browser/test_newcomers",
    "browser/test_widgets",
    "headless/test_survival",
    "browser/test_lab",
    "headless/test_drill",
    "tests/browser/",
    "walk/test_sharing",
    "plans/test_permissions",
    "ecs_emulator/test_other_clients",
    "alerts/test_diagnosis",
    "tests/notebooks/",
    "/headless/",
    "notebooks/",
)
"""Parts of the paths of files that take long: each core begins with them, the longest first."""


def pytest_configure() -> None:
    """A shell's background ignores Ctrl-C, and so would every program that a test interrupts."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((n for n, part in enumerate(SLOWEST) if part in path), len(SLOWEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)
    folders = [Path(__file__).parent / each for each in WHOLE]
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.whole)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets the user's own AWS settings, a shared emulator or a proxy."""
    for name in os.environ:
        if name.startswith(("AWS_", "RUNBOOK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def emulator_server() -> Iterator[EmulatorServer]:
    """The emulator on a free loopback port. What a test leaves in it, the next test finds."""
    close_private_emulator()
    with EmulatorServer() as server, rare_collections():
        yield server


@contextmanager
def rare_collections() -> Iterator[None]:
    """Each reset drops a world; looking for it at the usual rate takes half of the tests' time."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@pytest.fixture
def emulator(emulator_server: EmulatorServer) -> EmulatorServer:
    """The emulator with a new world in it: seed 1, the first moment, a frozen clock."""
    controls = EmulatorControls(emulator_server.url)
    controls.call("POST", "/_emulator/clock", {"speed": 0})
    controls.call("POST", "/_emulator/reset", {"seed": 1})
    return emulator_server


def connect(url: str, service: str, region: str = REGION) -> Any:
    """A boto3 client that talks to an emulator and never tries twice."""
    return _KEYS.client(service, region, endpoint_url=url, config=_ONCE)


@pytest.fixture(scope="module")
def shared_aws(emulator_server: EmulatorServer) -> Callable[..., Any]:
    """shared_aws("ecs") is a client on the emulator as the tests of this module have left it."""
    return partial(connect, emulator_server.url)


@pytest.fixture
def aws(emulator: EmulatorServer) -> Callable[..., Any]:
    """aws("ecs") is a client on the new emulator; aws("sns", "ap-northeast-1") one elsewhere."""
    return partial(connect, emulator.url)


@pytest.fixture(scope="module")
def connected(emulator_server: EmulatorServer) -> Session:
    """Clients take long to make, and outlive the world that they talk to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", emulator_server.url)
        return open_session()


@pytest.fixture
def session(emulator: EmulatorServer, connected: Session) -> Session:
    connected.journal.entries.clear()
    return connected


@pytest.fixture
def advance(emulator: EmulatorServer) -> Callable[[float], None]:
    """advance(60) lets a minute of virtual time pass."""
    controls = EmulatorControls(emulator.url)

    def advance(seconds: float) -> None:
        controls.call("POST", "/_emulator/clock", {"advance_seconds": seconds})

    return advance


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it left for EventBridge."""

    at: datetime
    event: Mapping[str, Any]


@dataclass
class Story:
    """An engine with one service, `web`: what is asked of it, how time passes, what is seen.

    `seconds` in every answer count from the last `update`, or from the creation.
    """

    desired: int = 1
    configuration: DeploymentConfiguration = WITH_ROLLBACK
    seed: int = 1
    image: str = "nginx:alpine"
    container: Mapping[str, Any] = field(default_factory=dict)
    kind: type[Engine] = Engine

    def __post_init__(self) -> None:
        self.clock, self.images = Clock(), Images()
        self.sent: list[Sent] = []
        self._listen()
        self.engine = self.kind(
            account_id=ACCOUNT,
            clock=self.clock,
            ids=Ids(self.seed),
            fate_of=lambda definition: fate_of(definition, Surroundings(self.images)),
            subnets_of=lambda _: [("subnet-1", f"{REGION}a")],
            publish=lambda event, _: self.sent.append(Sent(self.clock.now, event)),
        )
        self.revisions = 0
        head = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
        self.service = Service(
            arn=f"{head}:service/default/web",
            name="web",
            region=REGION,
            cluster_arn=f"{head}:cluster/default",
            desired_count=self.desired,
            configuration=self.configuration,
            spec={},
            created_at=self.clock.now,
            created_by="me",
        )
        definition = self.definition(self.image, **self.container)
        self.engine.create_service(self.service, definition)

    def _listen(self, heard: Sequence[ServiceEvent] = ()) -> None:
        """From now on, `said`, `told` and `seconds` are about what follows."""
        self.began, self._sent_before = self.clock.now, len(self.sent)
        self._heard = {each.id for each in heard}

    def definition(self, image: str, **container: Any) -> TaskDefinition:
        self.revisions += 1
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/my-task:{self.revisions}"
        spec = {"containerDefinitions": [{"name": "c", "image": image, **container}]}
        return TaskDefinition(arn, "my-task", self.revisions, spec, self.clock.now, "me")

    def update(
        self,
        image: str | None = None,
        *,
        desired: int | None = None,
        force: bool = False,
        configuration: DeploymentConfiguration | None = None,
        **container: Any,
    ) -> Deployment:
        """UpdateService. The deployment that is PRIMARY after it."""
        self._listen(self.service.events)
        self.engine.update_service(
            self.service,
            definition=self.definition(image, **container) if image else None,
            desired_count=desired,
            configuration=configuration or self.service.configuration,
            spec=self.service.spec,
            force_new_deployment=force,
        )
        return self.service.primary

    def advance(self, seconds: float) -> None:
        self.engine.advance(seconds)

    def until(self, happened: Callable[[], object], within: float = 3600) -> float:
        """Let time pass up to the moment at which it has happened: its seconds."""
        end = self.clock.now + timedelta(seconds=within)
        while not happened():
            due = self.clock.next_due
            assert due is not None, "nothing more happens"
            assert due <= end, f"it did not happen within {within} s"
            self.engine.run_until(due)
        return self.seconds()

    def until_state(self, deployment: Deployment, state: str) -> float:
        return self.until(lambda: deployment.rollout_state == state)

    def settled(self) -> Story:
        """The same story, once the first deployment is COMPLETED."""
        self.until_state(self.service.primary, "COMPLETED")
        return self

    def seconds(self, moment: datetime | None = None) -> float:
        return ((moment or self.clock.now) - self.began).total_seconds()

    def said(self, text: str = "") -> list[tuple[float, str]]:
        """The service events since the last update that contain the text, oldest first."""
        return [
            (self.seconds(each.created_at), each.message)
            for each in reversed(self.service.events)
            if text in each.message and each.id not in self._heard
        ]

    def when(self, text: str) -> list[float]:
        return [seconds for seconds, _ in self.said(text)]

    def told(self) -> list[str]:
        """The names of the deployment and service events sent since the last update."""
        return [each["eventName"] for each in self.details()]

    def details(self) -> list[Mapping[str, Any]]:
        """The details of those events."""
        recent = self.sent[self._sent_before :]
        return [
            each.event["detail"]
            for each in recent
            if "eventName" in each.event["detail"] and not _is_echo(each.event)
        ]

    @property
    def tasks(self) -> list[Task]:
        return list(self.engine.world.tasks.values())

    def running(self) -> list[int]:
        """RUNNING tasks of each deployment, PRIMARY first."""
        return [each.counts.running for each in self.service.deployments]

    def deployments(self) -> list[tuple[str, str, str]]:
        return [(each.id, each.status, each.rollout_state) for each in self.service.deployments]

    def with_breaker(self, **settings: Any) -> DeploymentConfiguration:
        before = self.service.configuration
        return replace(before, circuit_breaker=replace(before.circuit_breaker, **settings))

    def timeline(self) -> str:
        """All that was said and sent: time, who, what. Ids are numbered in order of appearance."""
        numbers: dict[str, str] = {}

        def number(kind: str, full: str) -> str:
            known = sum(name.startswith(kind) for name in numbers.values())
            return numbers.setdefault(full, f"{kind}/{known + 1}")

        rows: list[tuple[datetime, str, str]] = []
        for each in self.sent:
            detail = each.event["detail"]
            if _is_echo(each.event):
                continue
            if "taskArn" in detail:
                who = number("task", detail["taskArn"].rpartition("/")[2])
                what = f"{detail['lastStatus']:<14} to be {detail['desiredStatus']}"
                if "stoppedReason" in detail:
                    what += f", {detail['stopCode']}: {detail['stoppedReason']}"
            elif "deploymentId" in detail:
                who = number("deployment", detail["deploymentId"])
                what = f"{detail['eventName']}: {detail['reason']}"
            else:
                who, what = "service/web", detail["eventName"]
            rows.append((each.at, who, what))
        spoken = [(e.created_at, "service/web", e.message) for e in reversed(self.service.events)]
        lines = []
        for at, who, what in sorted([*rows, *spoken], key=lambda row: row[0]):
            text = what
            for full, short in numbers.items():
                for kind in ("task ", "deployment ", ""):
                    text = text.replace(kind + full, short)
            text = text.removeprefix("(service web) ")
            lines.append(f"{_clock_time(at)}  {who:<13} {text}\n")
        return "".join(lines)


def _is_echo(event: Mapping[str, Any]) -> bool:
    """A service action that says again what a deployment event or a service event says."""
    name = event["detail"].get("eventName", "")
    is_action = event["detail-type"] == "ECS Service Action"
    return is_action and (name.startswith("SERVICE_DEPLOYMENT_") or name == "TASKS_STOPPED")


def _clock_time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S.%f}"[:-3]


@pytest.fixture
def tell() -> Callable[..., Story]:
    """tell(desired=4) begins a story: a service with the breaker and rollback on."""
    return Story
