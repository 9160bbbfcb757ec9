"""Reading the emulator's clock over one connection, whatever becomes of the connection."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from ecs_emulator.client import EmulatorControls

CONTENT = b'{"now": "2026-01-05T09:00:00.000+00:00"}'


class Counting(http.server.ThreadingHTTPServer):
    connections = 0

    def process_request(self, request, client_address):  # type: ignore[no-untyped-def]
        self.connections += 1
        super().process_request(request, client_address)


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hangs_up = False

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)
        self.close_connection = self.hangs_up

    def log_message(self, *_: object) -> None:
        """Silent."""


class HangingUp(Answering):
    """Closes after each answer without saying so, as a server does with an idle connection."""

    hangs_up = True


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Counting]:
    with Counting(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def read(server: Counting, times: int) -> None:
    controls = EmulatorControls(f"http://127.0.0.1:{server.server_address[1]}")
    for _ in range(times):
        now = controls.call("GET", "/_emulator/clock")
        assert now == {"now": "2026-01-05T09:00:00.000+00:00"}
    controls._pool.close()


@pytest.mark.parametrize("server", [Answering], indirect=True)
def test_one_connection_is_enough(server: Counting) -> None:
    read(server, times=5)

    assert server.connections == 1


@pytest.mark.parametrize("server", [HangingUp], indirect=True)
def test_a_connection_that_was_closed_meanwhile_is_opened_again(server: Counting) -> None:
    read(server, times=3)

    assert server.connections == 3


class Somebody(Answering):
    """A server that is no emulator, and says little."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


@pytest.mark.parametrize("server", [Somebody], indirect=True)
def test_another_server_at_the_address_is_no_emulator(server: Counting) -> None:
    controls = EmulatorControls(f"http://127.0.0.1:{server.server_address[1]}")

    assert controls.health() is None
    controls._pool.close()
