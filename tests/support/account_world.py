"""What tests of the account share: `World`, an account asked in this process, without sockets."""

from __future__ import annotations

import types
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from ecs_emulator.account.account import Account
from ecs_emulator.wire.http_messages import HttpRequest
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids

REGION = "eu-west-1"
SESSION = boto3.Session("test", "test")
ONCE = Config(retries={"total_max_attempts": 1})


class World:
    """An account, its clock, and boto3 clients whose requests go straight to the account."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.account = Account(self.clock, Ids(1))

    def client(self, service: str, region: str = REGION) -> Any:
        client = SESSION.client(service, region, config=ONCE)
        client.meta.events.register("before-send", self.answer)
        return client

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        body = request.body or b""
        content = body if isinstance(body, bytes) else body.encode()
        asked = HttpRequest(request.method, url.path or "/", url.query, headers, content)
        answer = self.account.handle(asked)
        raw = types.SimpleNamespace(stream=lambda **_: iter([answer.body]))
        return AWSResponse(request.url, answer.status, answer.headers, raw)

    def pass_time(self, seconds: float) -> None:
        for stimulus in self.clock.due(self.clock.now + timedelta(seconds=seconds)):
            self.account.bus.attempt(stimulus)
