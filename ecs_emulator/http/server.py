"""Room: the sockets of the emulator.

Lives here: the ASGI application, and starting and stopping a server on loopback.
Never here: what a request means.

Everything runs in one thread, one request after the other: the world needs no locks.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import uvicorn

from ecs_emulator.http import control
from ecs_emulator.http.emulated_aws import EmulatedAws
from ecs_emulator.http.visitors import refusal
from ecs_emulator.wire.call_faults import AFTER, BEFORE
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse, error_response
from ecs_emulator.world.clock import FIRST_MOMENT, FROZEN

LOOPBACK = "127.0.0.1"
MOST_BODY_BYTES = 8 * 1024 * 1024
NAP_SECONDS = 0.02
TICK_SECONDS = 0.1

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_log = logging.getLogger(__name__)


class Application:
    """The ASGI application over one emulated account."""

    def __init__(self, aws: EmulatedAws, port: int) -> None:
        self.aws = aws
        self._port = port

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        response = _too_large() if request is None else await self._answer(request)
        if response is None:
            await _hang_up(send)
            return
        headers = [
            (k.lower().encode("latin-1", "replace"), v.encode("latin-1", "replace"))
            for k, v in response.headers.items()
            if k.lower() != "content-length"
        ]
        headers.append((b"content-length", str(len(response.body)).encode()))
        headers.append((b"x-emulator-now", self.aws.clock.now.isoformat().encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, request: HttpRequest) -> HttpResponse | None:
        """Whatever happens, the caller gets an answer in the form of its protocol.

        None: by a fault the connection is closed without one.
        """
        try:
            if reason := refusal(request.method, request.path, request.headers, self._port):
                return _not_for_you(reason)
            if request.path.startswith(control.PREFIX):
                return control.control(self.aws, request)
            return await self._survive(request)
        except Exception:
            _log.exception("the emulator could not answer %s %s", request.method, request.path)
            text = "The emulator could not answer this request; its log says why."
            return error_response(request, 500, "InternalFailure", text)

    async def _survive(self, request: HttpRequest) -> HttpResponse | None:
        """The call, and what the faults make of it on its way."""
        strike = self.aws.strike(request)
        if strike.milliseconds:
            await asyncio.sleep(strike.milliseconds / 1000)
        if strike.error:
            error = strike.error
            return error_response(request, error.status, error.code, error.message)
        if strike.drops == BEFORE:
            return None
        response = await self._poll(request)
        return None if strike.drops == AFTER else response

    async def _poll(self, request: HttpRequest) -> HttpResponse:
        """Long polling waits in virtual time: not at all while the clock is frozen."""
        wait = self.aws.account.long_poll_seconds(request)
        response = self.aws.answer(request)
        if not wait:
            return response
        end = self.aws.clock.now + timedelta(seconds=wait)
        while _has_no_message(response) and self.aws.clock.speed and self.aws.clock.now < end:
            await asyncio.sleep(NAP_SECONDS)
            response = self.aws.answer(request)
        return response


async def _hang_up(send: Send) -> None:
    """Close the socket. ASGI has no word for it, but uvicorn's `send` belongs to the connection."""
    connection: Any = send.__self__  # type: ignore[attr-defined]
    connection.transport.abort()
    await asyncio.sleep(0)  # let uvicorn see that nobody is there any more


def _has_no_message(response: HttpResponse) -> bool:
    return response.status == 200 and b"ReceiptHandle" not in response.body


async def _read(scope: MutableMapping[str, Any], receive: Receive) -> HttpRequest | None:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BODY_BYTES:
            return None
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
        body=bytes(body),
    )


def _not_for_you(reason: str) -> HttpResponse:
    body = json.dumps({"error": reason}).encode()
    return HttpResponse(403, {"content-type": "application/json"}, body)


def _too_large() -> HttpResponse:
    return HttpResponse(413, {"content-type": "text/plain"}, b"The request body is too large.\n")


class _Server(uvicorn.Server):
    """uvicorn's, but it ends when it is told to.

    uvicorn's own looks ten times a second whether it shall end, and then waits for another tenth.
    """

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._told = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Idle connections are closed, and what is being answered is answered first."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            patience = self.config.timeout_graceful_shutdown
            await asyncio.wait_for(self._wait_tasks_to_complete(), patience)

    def end(self) -> None:
        """From any thread. A server that has not begun yet ends as soon as it has."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._told.set)


class EmulatorServer:
    """The emulator on a loopback port, in a thread of this process.

    `port` 0 takes a free one. Use it as a context manager; `url` is the AWS endpoint.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 1,
        start: datetime = FIRST_MOMENT,
        speed: float = FROZEN,
    ) -> None:
        self._socket = _listen(port)
        self.aws = EmulatedAws(seed=seed, start=start, speed=speed)
        config = uvicorn.Config(
            Application(self.aws, self._socket.getsockname()[1]),
            loop="asyncio",
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,  # loopback: nobody stands in between
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> EmulatorServer:
        """The socket listens already: the first request waits in line, none is refused."""
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.end()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self.aws.close()

    def run_in_foreground(self) -> None:
        """Serve until interrupted. What was imported stays: the collector need not look at it."""
        gc.freeze()
        try:
            with suppress(KeyboardInterrupt):
                self._run()
        finally:
            self._socket.close()
            self.aws.close()

    def __enter__(self) -> EmulatorServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    """Loopback only: nobody else's machine can reach the emulator."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on, at 40 ms a reply.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        text = f"port {port} on {LOOPBACK} is taken: choose another with --port"
        raise OSError(error.errno, text) from error
    listening.listen(128)
    return listening
