"""Room: HTTP as bytes.

Lives here: a request made once and sent often, and connections that cost next to nothing, so that
it is the server that is measured.
Never here: what the answers mean.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from collections.abc import Sequence
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"connection: *close|^HTTP/1\.0", re.IGNORECASE)
_KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "emulator")


class Refused(Exception):
    """Answered, but not with 200."""


def ecs_request(port: int, operation: str, **params: Any) -> bytes:
    """A signed call of the ECS API, as bytes."""
    body = json.dumps(params).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}",
    }
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/", headers, body)
    SigV4Auth(_KEYS, "ecs", "eu-west-1").add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = ["POST / HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


class Connection:
    """One connection, opened again where the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = self._open()
        self._buffer = b""

    def _open(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def take(self) -> bool:
        """Read what there is. Whether the answer is complete; Refused if it is not 200."""
        data = self.socket.recv(1 << 18)
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not data:
            self._again()
        elif not separator or (length and len(body) < int(length[1])):
            return False
        elif length is None:
            if not body.endswith(b"0\r\n\r\n"):
                return False
        elif _CLOSES.search(head):
            self._again()
        self._buffer = b""
        if b" 200 " not in head[:16]:
            raise Refused(head.decode("latin-1") + body.decode("latin-1", "replace")[:500])
        return True

    def _again(self) -> None:
        self.socket.close()
        self.socket = self._open()

    def ask(self, request: bytes) -> None:
        self.send(request)
        while not self.take():
            pass

    def close(self) -> None:
        self.socket.close()


def answers_a_second(port: int, request: bytes, *, connections: int, seconds: float = 1.0) -> float:
    """How many answers a server gives while every connection always waits for one."""
    line = [Connection(port) for _ in range(connections)]
    try:
        for each in line:
            each.ask(request)  # not counted
        began = time.perf_counter()
        answered = _keep_asking(line, request, began + seconds)
        return answered / (time.perf_counter() - began)
    finally:
        for each in line:
            each.close()


def _keep_asking(line: Sequence[Connection], request: bytes, end: float) -> int:
    if len(line) == 1:
        answered = 0
        while time.perf_counter() < end:
            line[0].ask(request)
            answered += 1
        return answered
    answered, waiting = 0, selectors.DefaultSelector()
    with waiting:
        for each in line:
            waiting.register(each.socket, selectors.EVENT_READ, each)
            each.send(request)
        while time.perf_counter() < end:
            for key, _ in waiting.select(1.0):
                connection: Connection = key.data
                if connection.take():
                    answered += 1
                    if connection.socket is not key.fileobj:
                        waiting.unregister(key.fileobj)
                        waiting.register(connection.socket, selectors.EVENT_READ, connection)
                    connection.send(request)
    return answered
