"""Room: what it costs in AWS calls to follow one deployment of real length.

Every side follows the same deployment: the same seed, a wrong image tag, one task, about twelve
virtual minutes. Calls are counted; nothing here depends on how fast the machine is.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.measurement import Measurement, Target, single
from benchmarks.running import Benchmark
from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse
from runbook_lib import apply, open_session, walk, watch, watch_by_queue
from runbook_lib.aws.session import ENDPOINT_VARIABLE, Session
from runbook_lib.facts.settings import Settings

SETTINGS = Settings()
WHERE: dict[str, Any] = {"cluster": SETTINGS.cluster, "service": SETTINGS.service}
COMMAND = "python -m benchmarks -k calls"
SEEN_WITHIN = Target(2, unit="virtual s")
WAITER_SECONDS, MOST_LOOKS = 15.0, 40
"""boto3's ServicesStable, which `aws ecs wait services-stable` is: it gives up after ten minutes.
https://docs.aws.amazon.com/cli/latest/reference/ecs/wait/services-stable.html"""
FEWER = Target(0.999)


@dataclass(frozen=True, slots=True)
class Followed:
    """So many calls; the rollback was seen so many virtual seconds after it was complete."""

    calls: int
    seen_after: float | None


@contextmanager
def deployment(*, ship: bool = True) -> Iterator[tuple[Session, EmulatorServer, str]]:
    """A service that ran well; a release that cannot start has just been shipped to it."""
    with EmulatorServer() as server:
        before, os.environ[ENDPOINT_VARIABLE] = os.environ.get(ENDPOINT_VARIABLE), server.url
        try:
            session = open_session()
            for stage in walk.STAGES[:2]:
                made = apply(session, stage.plan(session, SETTINGS))
                stage.afterwards(session, SETTINGS, made)
            yield session, server, _ship(session) if ship else ""
        finally:
            del os.environ[ENDPOINT_VARIABLE]
            if before is not None:
                os.environ[ENDPOINT_VARIABLE] = before


def _ship(session: Session) -> str:
    ecs = session.client("ecs")
    made = ecs.register_task_definition(
        family=SETTINGS.family,
        containerDefinitions=[{"name": SETTINGS.container, "image": SETTINGS.bad_image}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{session.account}:role/{SETTINGS.execution_role}",
    )["taskDefinition"]
    reply = ecs.update_service(**WHERE, taskDefinition=made["taskDefinitionArn"])
    return str(reply["service"]["deployments"][0]["id"])


def rolled_back_at(session: Session) -> datetime:
    """When ECS said that the rollback was complete."""
    (service,) = session.client("ecs").describe_services(
        cluster=SETTINGS.cluster, services=[SETTINGS.service]
    )["services"]
    done = (each for each in service["events"] if "deployment completed" in each["message"])
    moment: datetime = next(done)["createdAt"]
    return moment


def follow_with(watching: Callable[..., Any]) -> Followed:
    with deployment() as (session, _, deployment_id):
        before = len(session.journal.entries)
        watching(session, **WHERE, deployment_id=deployment_id, tell=_nobody)
        seen = session.clock.now()
        made = [each for each in session.journal.entries[before:] if each["kind"] == "call"]
        return Followed(len(made), (seen - rolled_back_at(session)).total_seconds())


def _nobody(_: str) -> None:
    """What is told is not measured."""


def wait_until_stable() -> Followed:
    """The waiter, begun again each time that it gives up, until it says that all is well."""
    with deployment() as (session, _, _):
        calls = 0
        while True:
            calls += 1
            (service,) = session.client("ecs").describe_services(
                cluster=SETTINGS.cluster, services=[SETTINGS.service]
            )["services"]
            is_alone = len(service["deployments"]) == 1
            if is_alone and service["runningCount"] == service["desiredCount"]:
                seen = session.clock.now()
                return Followed(calls, (seen - rolled_back_at(session)).total_seconds())
            if calls % MOST_LOOKS:
                session.clock.sleep(WAITER_SECONDS)


def calls_of_ecs_deploy() -> int:
    """fabfuel's ecs-deploy, which releases and then looks every second. Its calls after the update.

    It sleeps in virtual time: its own `sleep` is the emulator's clock.
    """
    from ecs_deploy import cli

    with deployment(ship=False) as (session, server, _):
        asked = _listen(server)
        keys = ("--access-key-id", "any", "--secret-access-key", "any", "--region", "eu-west-1")
        # Without a role it sends "", which RegisterTaskDefinition refuses.
        role = f"arn:aws:iam::{session.account}:role/{SETTINGS.execution_role}"
        image = ("--image", SETTINGS.container, SETTINGS.bad_image, "--role", role)
        real, cli.sleep = cli.sleep, session.clock.sleep
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                cli.deploy.main(
                    [*WHERE.values(), *keys, *image, "--timeout", "3600", "--ignore-warnings"],
                    standalone_mode=False,
                )
        finally:
            cli.sleep = real
        return len(asked) - asked.index("UpdateService") - 1


def _listen(server: EmulatorServer) -> list[str]:
    """The operations that the server is asked for from now on."""
    asked: list[str] = []
    answer = server.aws.answer

    def listening(request: HttpRequest) -> HttpResponse:
        asked.append(request.operation)
        return answer(request)

    server.aws.answer = listening  # type: ignore[method-assign]
    return asked


def measure_calls(_: int) -> Sequence[Measurement]:
    polled, told, waited = follow_with(watch), follow_with(watch_by_queue), wait_until_stable()
    assert told.seen_after is not None
    assert waited.seen_after is not None
    deployed = calls_of_ecs_deploy()
    what = "AWS calls to follow a deployment of 12 virtual minutes"
    return [
        single(
            what,
            against="aws ecs wait services-stable, begun again when it gives up",
            value=told.calls / waited.calls,
            shown=f"{told.calls} calls (by queue)",
            theirs=f"{waited.calls} calls, sees it after {waited.seen_after:.1f} s",
            target=FEWER,
            command=COMMAND,
            note=f"by looking every 15 s, as `watch` does: {polled.calls} calls",
        ),
        single(
            what,
            against="ecs-deploy --ignore-warnings (it would give up at the first failed task)",
            value=told.calls / deployed,
            shown=f"{told.calls} calls (by queue)",
            theirs=f"{deployed} calls",
            target=FEWER,
            command=COMMAND,
        ),
        single(
            "the rollback is seen after it is complete",
            value=told.seen_after,
            shown=f"{told.seen_after:.1f} virtual s",
            target=SEEN_WITHIN,
            command=COMMAND,
        ),
    ]


BENCHMARKS = (Benchmark("calls to follow one deployment", measure_calls),)
