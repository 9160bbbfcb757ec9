"""Room: the emulator as its user sees it: clock, mailbox and registries, over HTTP.

Lives here: what the runbook needs beside the AWS API when it runs on the emulator.
Never here: the inside of the emulator.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import urllib3

_ANSWER_SECONDS = 30.0
_ONCE_MORE = urllib3.Retry(1, redirect=False)
"""For what may be asked twice: the connection may have been closed meanwhile."""
_CLOCK, _NOW = "/_emulator/clock", "x-emulator-now"


class Reference(Protocol):
    """An image reference in full: docker.io, library/nginx, alpine."""

    @property
    def host(self) -> str: ...

    @property
    def repository(self) -> str: ...

    @property
    def reference(self) -> str: ...


class ControlRefused(ValueError):
    """The emulator did not understand a call of its controls: its own sentence says why."""


class EmulatorControls:
    """The calls under /_emulator of the emulator at `url`, over connections that are kept.

    urllib3 alone asks no proxy, whatever the environment says: loopback needs none.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def _pool(self) -> urllib3.HTTPConnectionPool:
        return urllib3.connection_from_url(self.url.rstrip("/"), maxsize=2)

    def call(
        self, method: str, path: str, content: object = None, timeout: float = _ANSWER_SECONDS
    ) -> Any:
        """The answer: of JSON its value, else the text. Raises `ControlRefused`, or
        ConnectionError if nobody answers."""
        try:
            response = self._pool.request(
                method,
                path,
                body=None if content is None else json.dumps(content),
                timeout=timeout,
                retries=_ONCE_MORE if method == "GET" else False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(f"no emulator answers at {self.url}") from error
        text = response.data.decode()
        is_json = "json" in response.headers.get("content-type", "")
        answer = json.loads(text) if is_json else text
        if response.status >= 400:
            raise ControlRefused(answer["error"] if isinstance(answer, dict) else text.strip())
        return answer

    def health(self) -> Mapping[str, Any] | None:
        """None if nobody answers there, or somebody else."""
        try:
            answer = self.call("GET", "/_emulator/health", timeout=3.0)
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) and answer.get("status") == "ok" else None


class EmulatorClock:
    """Waiting leaps over a frozen clock, and is shortened by a fast one."""

    def __init__(self, controls: EmulatorControls) -> None:
        self._controls = controls

    def now(self) -> datetime:
        return datetime.fromisoformat(self._controls.call("GET", _CLOCK)["now"])

    def at(self, headers: Mapping[str, str], /) -> datetime:
        """The emulator writes it on every response to an AWS call, so it need not be asked."""
        said = headers.get(_NOW)
        return datetime.fromisoformat(said) if said else self.now()

    @property
    def speed(self) -> float:
        """Virtual seconds per real second that pass by themselves; 0 is frozen."""
        return float(self._controls.call("GET", _CLOCK)["speed"])

    @speed.setter
    def speed(self, speed: float) -> None:
        self._controls.call("POST", _CLOCK, {"speed": speed})

    def advance(self, seconds: float) -> None:
        """Let virtual time pass at once."""
        self._controls.call("POST", _CLOCK, {"advance_seconds": seconds})

    def until_message(self, queue_arn: str, seconds: float) -> None:
        """Leap to the first message in the queue. A running clock is waited for by SQS itself."""
        if not self.speed:
            given = {"advance_seconds": seconds, "until_message": queue_arn}
            self._controls.call("POST", _CLOCK, given)

    def sleep(self, seconds: float) -> None:
        speed = self._controls.call("POST", _CLOCK, {"sleep_seconds": seconds})["speed"]
        if speed:
            time.sleep(seconds / speed)


class EmulatorMailbox:
    """The mails that the emulated SNS has sent, newest first."""

    can_be_read = True

    def __init__(self, controls: EmulatorControls) -> None:
        self._controls = controls

    def mails(self, address: str) -> list[dict[str, str]]:
        mails = self._controls.call("GET", "/_emulator/mail")
        return [each for each in reversed(mails) if each["to"] == address]

    def confirm(self, address: str, topic_arn: str) -> str:
        """Follow the link of the newest confirmation mail, as its reader would."""
        for mail in self.mails(address):
            if mail["kind"] == "confirmation" and mail["topicArn"] == topic_arn:
                self._controls.call("GET", mail["link"])
                return f"Opened the mail to {address} and followed its link."
        return f"There is no confirmation mail to {address}."


class EmulatorRegistries:
    """The images that tasks of the emulator can pull."""

    def __init__(self, controls: EmulatorControls) -> None:
        self._controls = controls

    def has(self, image: Reference) -> bool | None:
        """A digest exists if its repository does."""
        tags = self._controls.call("GET", "/_emulator/images").get(
            f"{image.host}/{image.repository}", ()
        )
        return image.reference in tags or (bool(tags) and ":" in image.reference)
