"""Room: the emulator in the process of who uses it.

Lives here: `Emulator`: a server of its own on loopback, clients on it, its clock, mails and faults.
Never here: how any of it works; a server that somebody else has started (client).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import boto3
from botocore.config import Config

from ecs_emulator.client import EmulatorControls
from ecs_emulator.environment import ACCESS_KEY, HOME_REGION, SECRET_KEY, environment_for
from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.wire.service_models import nobodys_session
from ecs_emulator.world.clock import FIRST_MOMENT, FROZEN

_DIRECT = Config(proxies={}, retries={"total_max_attempts": 1})
"""Loopback needs no proxy, and what the emulator says once it means."""


class Emulator:
    """An emulated AWS account on a port of its own, as a context manager.

        with Emulator() as aws:
            aws.client("ecs").update_service(service="web", taskDefinition="web:2")
            aws.advance(minutes=15)
            assert aws.mail[-1]["to"] == "team@example.com"

    The clock is frozen: time passes in `advance`, or where somebody waits through it. The same
    `seed` and the same calls give the same ids, times and texts. A `speed` other than 0 lets so
    many virtual seconds pass in a real one. A process can have one emulated account at a time; a
    second one raises RuntimeError until the first is closed.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        speed: float = FROZEN,
        start: datetime = FIRST_MOMENT,
        port: int = 0,
    ) -> None:
        self._server = EmulatorServer(port=port, seed=seed, start=start, speed=speed)
        self._controls = EmulatorControls(self._server.url)
        self._session: Any = None

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and give the account up."""
        self._server.stop()

    @property
    def url(self) -> str:
        """The endpoint of every AWS service: http://127.0.0.1:49152."""
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """The environment for a program that is to call this account and no other:
        `subprocess.run(["./deploy.sh"], env=aws.environment)`."""
        return environment_for(self.url)

    def client(self, service: str, region: str = HOME_REGION) -> Any:
        """A boto3 client: client("ecs"), client("sns", "us-east-1"). It asks once and no proxy."""
        if self._session is None:
            core = nobodys_session()
            self._session = boto3.Session(ACCESS_KEY, SECRET_KEY, botocore_session=core)
        return self._session.client(service, region, endpoint_url=self.url, config=_DIRECT)

    @property
    def now(self) -> datetime:
        """The emulated time, with its time zone (UTC)."""
        return datetime.fromisoformat(self._controls.call("GET", "/_emulator/clock")["now"])

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Let this much time pass at once, with all that happens in it; the time afterwards."""
        span = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        answer = self._controls.call("POST", "/_emulator/clock", {"advance_seconds": span})
        return datetime.fromisoformat(answer["now"])

    @property
    def mail(self) -> list[dict[str, str]]:
        """Every mail that SNS has sent, oldest first: kind (confirmation, notification), to,
        from, subject, body, link, sentAt, topicArn."""
        return list(self._controls.call("GET", "/_emulator/mail"))

    def confirm(self, address: str) -> None:
        """Follow the link in the newest confirmation mail to this address, as its reader would.

        Raises LookupError if there is none.
        """
        for each in reversed(self.mail):
            if each["to"] == address and each["kind"] == "confirmation":
                self._controls.call("GET", each["link"])
                return
        raise LookupError(f"No mail to {address} asks for a confirmation: subscribe it first.")

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Each attempt of EventBridge to reach a target, oldest first: time, rule, target_arn,
        detail_type, event_name, outcome (delivered, retrying, failed), error, subscriptions."""
        return list(self._controls.call("GET", "/_emulator/deliveries"))

    @property
    def images(self) -> dict[str, list[str]]:
        """The images that tasks can pull: repository → tags."""
        return dict(self._controls.call("GET", "/_emulator/images"))

    def set_images(self, images: Mapping[str, Sequence[str]]) -> None:
        """Other images: `aws.set_images(aws.images | {"docker.io/me/web": ["1", "2"]})`."""
        content = {name: list(tags) for name, tags in images.items()}
        self._controls.call("PUT", "/_emulator/images", content)

    def set_faults(self, **faults: Any) -> None:
        """What goes wrong around ECS from now on, and nothing else; no argument ends all of it:
        `aws.set_faults(no_capacity=True)`. The names are those of PUT /_emulator/faults; a wrong
        one raises `ControlRefused`."""
        self._controls.call("PUT", "/_emulator/faults", faults)

    def reset(self, *, seed: int | None = None) -> None:
        """An empty account at the first moment, with the same address."""
        self._controls.call("POST", "/_emulator/reset", {} if seed is None else {"seed": seed})
