"""Whatever comes in over the socket, the caller gets an answer and the server goes on."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from ecs_emulator.client import EmulatorControls
from ecs_emulator.http.server import MOST_BODY_BYTES, EmulatorServer
from runbook_lib.aws.session import open_session

TARGET = "AmazonEC2ContainerServiceV20141113."
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20260105/{region}/{service}/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def exchange(server: EmulatorServer, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; the status and the body of what comes back, or (0, b"")."""
    place = urlsplit(server.url)
    request = request.replace(b"Host: 127.0.0.1\r\n", f"Host: {place.netloc}\r\n".encode())
    with socket.create_connection((place.hostname, place.port or 0), timeout=30) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        received = b""
        while part := line.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def request(
    body: bytes = b"{}",
    *,
    target: str | None = f"{TARGET}ListClusters",
    service: str | None = "ecs",
    region: str = "eu-west-1",
    path: str = "/",
    method: str = "POST",
    kind: str = "application/x-amz-json-1.1",
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    if target is not None:
        lines.append(f"X-Amz-Target: {target}")
    if service is not None:
        lines.append("Authorization: " + SIGNED.format(service=service, region=region))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(autouse=True)
def goes_on(emulator_server: EmulatorServer) -> Iterator[None]:
    """After every test the server still answers."""
    yield
    status, body = exchange(emulator_server, request())
    assert (status, json.loads(body)["clusterArns"]) == (
        200,
        ["arn:aws:ecs:eu-west-1:123456789876:cluster/default"],
    )


def refused(server: EmulatorServer, sent: bytes) -> tuple[int, str]:
    status, body = exchange(server, sent)
    return status, str(json.loads(body)["__type"])


# --- bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"maxResults": NaN}',
        b'{"maxResults": ' + b"9" * 5000 + b"}",
        b'{"nextToken": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_json_object_is_a_serialization_exception(
    emulator_server: EmulatorServer, body: bytes
) -> None:
    assert refused(emulator_server, request(body)) == (400, "SerializationException")


@pytest.mark.parametrize(
    "params",
    [
        {"maxResults": "10"},
        {"maxResults": 1.5},
        {"maxResults": True},
        {"maxResults": 2**31},
        {"maxResults": -(2**40)},
        {"maxResults": [1]},
        {"maxResults": {}},
        {"nextToken": 7},
        {"nextToken": ["0"]},
        {"clusters": ["default"]},
    ],
)
def test_a_member_of_the_wrong_type_is_refused(
    emulator_server: EmulatorServer, params: dict[str, Any]
) -> None:
    status, code = refused(emulator_server, request(json.dumps(params).encode()))

    assert status == 400
    assert code in ("InvalidParameterException", "SerializationException")


@pytest.mark.parametrize("moment", ["2026-01-05T09:00:00Z", "soon", 1e300, True, {}, 10**30])
def test_a_time_is_a_number_of_seconds(emulator_server: EmulatorServer, moment: Any) -> None:
    params = {"service": "web", "createdAt": {"after": moment}}
    sent = request(json.dumps(params).encode(), target=f"{TARGET}ListServiceDeployments")
    status, code = refused(emulator_server, sent)

    assert status == 400
    assert code in ("InvalidParameterException", "SerializationException")


def test_a_null_member_counts_as_left_out(emulator_server: EmulatorServer) -> None:
    assert exchange(emulator_server, request(b'{"maxResults": null}'))[0] == 200


def test_an_empty_body_is_an_empty_object(emulator_server: EmulatorServer) -> None:
    assert exchange(emulator_server, request(b""))[0] == 200


def test_a_body_may_come_in_chunks(emulator_server: EmulatorServer) -> None:
    head = request(b"").partition(b"\r\n\r\n")[0]
    head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunks = b"9\r\n" + b'{"maxResu' + b"\r\n8\r\n" + b'lts": 1}' + b"\r\n0\r\n\r\n"

    assert exchange(emulator_server, head + b"\r\n\r\n" + chunks)[0] == 200


def test_a_body_may_be_large_but_not_huge(emulator_server: EmulatorServer) -> None:
    def padded(size: int) -> bytes:
        return request(b'{"nextToken": "0"' + b" " * (size - 18) + b"}")

    assert exchange(emulator_server, padded(MOST_BODY_BYTES))[0] == 200
    status, body = exchange(emulator_server, padded(MOST_BODY_BYTES + 1))
    assert (status, body) == (413, b"The request body is too large.\n")


# --- targets and signatures -------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "",
        TARGET,
        f"{TARGET}Nonsense",
        f"{TARGET}listclusters",
        "Ümlaut",
        "../../etc/passwd",
        "x" * 10_000,
        None,
    ],
)
def test_a_target_that_ecs_does_not_have_is_an_unknown_operation(
    emulator_server: EmulatorServer, target: str | None
) -> None:
    assert refused(emulator_server, request(target=target)) == (400, "UnknownOperationException")


def test_a_json_call_without_a_signature_lacks_its_token(emulator_server: EmulatorServer) -> None:
    status, body = exchange(emulator_server, request(service=None))

    assert (status, json.loads(body)) == (
        400,
        {
            "__type": "MissingAuthenticationTokenException",
            "message": "Missing Authentication Token",
        },
    )


def test_a_query_without_a_signature_lacks_its_token(emulator_server: EmulatorServer) -> None:
    form = "application/x-www-form-urlencoded"
    sent = request(b"Action=ListTopics", target=None, service=None, kind=form)
    status, body = exchange(emulator_server, sent)

    assert status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in body


def test_a_call_that_nobody_signed_and_that_is_not_for_ecs_is_refused(
    emulator_server: EmulatorServer,
) -> None:
    status, _ = exchange(emulator_server, request(service=None, target=None))

    assert status == 400


@pytest.mark.parametrize("service", ["s3", "dynamodb", "nonsense", "%00", "e" * 5000])
def test_a_service_that_is_not_emulated_is_refused(
    emulator_server: EmulatorServer, service: str
) -> None:
    status, body = exchange(emulator_server, request(service=service, target=None))

    assert status == 400
    assert b"does not have the AWS service" in body


@pytest.mark.parametrize("region", ["mars-1", "", "eu-west-1 ", "x" * 5000])
def test_a_region_that_aws_does_not_have_is_just_empty(
    emulator_server: EmulatorServer, region: str
) -> None:
    status, body = exchange(emulator_server, request(region=region))

    assert (status, json.loads(body)) == (200, {"clusterArns": []})


def test_a_service_in_a_region_that_aws_does_not_have_finds_no_subnet(
    emulator_server: EmulatorServer,
) -> None:
    def call(name: str, **params: Any) -> tuple[int, dict[str, Any]]:
        sent = request(json.dumps(params).encode(), target=f"{TARGET}{name}", region="mars-1")
        status, body = exchange(emulator_server, sent)
        return status, json.loads(body)

    assert call("CreateCluster")[0] == 200
    container = {"name": "c", "image": "nginx", "memory": 128}
    definition = {"family": "web", "networkMode": "awsvpc", "containerDefinitions": [container]}
    assert call("RegisterTaskDefinition", **definition)[0] == 200
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    status, reply = call(
        "CreateService",
        serviceName="web",
        taskDefinition="web",
        networkConfiguration=network,
    )

    assert status == 400
    assert reply["message"].startswith("Error retrieving subnet information for [subnet-1]")


# --- what is hardly HTTP ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\n: empty\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_4xx_or_no_answer(
    emulator_server: EmulatorServer, sent: bytes
) -> None:
    status, _ = exchange(emulator_server, sent)

    assert status == 0 or 400 <= status < 500


@pytest.mark.parametrize("cut", [1, 20, 60, -10])
def test_a_caller_may_hang_up_in_the_middle(emulator_server: EmulatorServer, cut: int) -> None:
    place = urlsplit(emulator_server.url)
    with socket.create_connection((place.hostname, place.port or 0), timeout=30) as line:
        line.sendall(request(b"{}" + b" " * 100)[:cut])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/", "/latest/meta-data", "//", "/%ff%00", "/_emulatorx"])
def test_no_method_and_no_path_gets_a_5xx(
    emulator_server: EmulatorServer, method: str, path: str
) -> None:
    for service in ("ecs", "sns", None):
        sent = request(b"", method=method, path=path, service=service, target=None)
        status, _ = exchange(emulator_server, sent)

        assert 200 <= status < 500


def test_errors_carry_the_headers_of_their_protocol(
    emulator_server: EmulatorServer, shared_aws: Callable[..., Any]
) -> None:
    with pytest.raises(Exception, match="Cluster not found") as missing:
        shared_aws("ecs").list_services(cluster="none")

    metadata = missing.value.response["ResponseMetadata"]  # type: ignore[attr-defined]
    assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["RequestId"])


# --- the server itself ------------------------------------------------------------------------


def test_a_reply_is_not_held_back(emulator_server: EmulatorServer) -> None:
    """Nagle's algorithm would wait 40 ms for the caller to acknowledge the first half of it."""
    assert emulator_server._socket.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_said_to_be(emulator_server: EmulatorServer) -> None:
    port = urlsplit(emulator_server.url).port or 0

    with pytest.raises(OSError, match=rf"port {port} on 127\.0\.0\.1 is taken: choose another"):
        EmulatorServer(port=port)


def test_it_listens_on_loopback_only(emulator_server: EmulatorServer) -> None:
    assert emulator_server._socket.getsockname()[0] == "127.0.0.1"


def test_a_second_emulator_in_one_process_says_why_it_cannot_be(
    emulator_server: EmulatorServer,
) -> None:
    with pytest.raises(RuntimeError, match="already has an emulated account"):
        EmulatorServer()


def test_the_runbook_finds_the_emulator_that_the_environment_names(
    emulator_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_server.url)
    session = open_session("emulator")

    assert (session.account, session.is_private) == ("123456789876", False)
    assert EmulatorControls(emulator_server.url).health() is not None
