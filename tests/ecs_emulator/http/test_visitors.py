"""A web page, or a name that was made to mean 127.0.0.1, changes nothing and reads nothing."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from ecs_emulator.http.server import EmulatorServer
from ecs_emulator.http.visitors import refusal

PORT = 4577
OWN = {"host": f"127.0.0.1:{PORT}"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4577", "localhost:4577", "LOCALHOST:4577", "[::1]:4577"]
)
def test_loopback_by_any_of_its_names_is_answered(host: str) -> None:
    assert refusal("POST", "/_emulator/clock", {"host": host}, PORT) == ""


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4577",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "localhost.evil.example:4577",
        "127.0.0.1.evil.example:4577",
        "127.0.0.2:4577",
        "0.0.0.0:4577",
        "",
        "127.0.0.1:4577@evil.example",
    ],
)
def test_another_name_is_not(host: str) -> None:
    said = refusal("GET", "/", {"host": host}, PORT)

    assert said == f"Host {host} is not this emulator: ask it as http://127.0.0.1:4577."


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:8888", "https://127.0.0.1:4577", "file://"],
)
def test_a_page_of_another_origin_is_not(origin: str) -> None:
    assert "web pages are not answered" in refusal("POST", "/", OWN | {"origin": origin}, PORT)


def test_a_page_of_the_emulators_own_is() -> None:
    assert refusal("GET", "/", OWN | {"origin": "http://127.0.0.1:4577"}, PORT) == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        ("GET", "/?Action=CreateTopic&Name=t", "no-cors"),
        ("GET", "/?Action=CreateTopic&Name=t", "navigate"),
        ("GET", "/_emulator/mail", "navigate"),
        ("POST", "/_emulator/mail/confirm", "navigate"),
        ("GET", "/_emulator/mail/confirm?token=1", "no-cors"),
    ],
)
def test_what_a_browser_says_comes_from_another_site_is_not(
    site: str, method: str, path: str, mode: str
) -> None:
    headers = OWN | {"sec-fetch-site": site, "sec-fetch-mode": mode}

    assert refusal(method, path, headers, PORT) == (
        "Another site asks this: web pages are not answered."
    )


def test_a_click_on_the_link_in_a_mail_is_answered_wherever_the_mail_is_read() -> None:
    headers = OWN | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}

    assert refusal("GET", "/_emulator/mail/confirm", headers, PORT) == ""


@pytest.mark.parametrize("header", ["Host: evil.example", "Origin: http://evil.example"])
def test_a_clock_that_a_page_moves_stands_still(emulator: EmulatorServer, header: str) -> None:
    place, before = urlsplit(emulator.url), emulator.aws.clock.now
    body = '{"advance_seconds": 900}'
    lines = ["POST /_emulator/clock HTTP/1.1", header, "Connection: close"]
    if not header.startswith("Host"):
        lines.append(f"Host: {place.netloc}")
    lines += ["Content-Type: text/plain", f"Content-Length: {len(body)}", "", body]
    with socket.create_connection((place.hostname, place.port or 0), timeout=10) as line:
        line.sendall("\r\n".join(lines).encode())
        received = b"".join(iter(lambda: line.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 403 ")
    assert "error" in json.loads(received.partition(b"\r\n\r\n")[2])
    assert emulator.aws.clock.now == before
