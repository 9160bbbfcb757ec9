"""Room: one HTTP request and its answer, and how AWS protocols write an error.

Lives here: which service and region a request is signed for, long polling, error bodies.
Never here: sockets, or what any operation means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_KEY = re.compile(r"Credential=([^/]+)/")
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]*)/([^/]+)/aws4_request")
_XML_SERVICES = frozenset({"s3", "route53", "cloudfront"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came in. Header names are lower-case."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def scope(self) -> tuple[str, str] | None:
        """Region and service of the credential scope: ("eu-west-1", "sns"). None if unsigned."""
        found = _SCOPE.search(self.headers.get("authorization", ""))
        return (found[1], found[2].lower()) if found else None

    @property
    def access_key(self) -> str:
        """Whose request it says it is. Empty if it is not signed."""
        found = _KEY.search(self.headers.get("authorization", ""))
        return found[1] if found else ""

    @property
    def is_json(self) -> bool:
        return "x-amz-target" in self.headers or "json" in self.headers.get("content-type", "")

    @property
    def operation(self) -> str:
        """ReceiveMessage: in the target header (JSON), the path (CBOR) or the Action (query)."""
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        if "smithy-protocol" in self.headers:
            return self.path.rpartition("/operation/")[2]
        return self.parameters.get("Action", "")

    @property
    def parameters(self) -> dict[str, str]:
        """The top-level parameters of a JSON or of a form body, as text."""
        text = self.body.decode("utf-8", "replace")
        if not self.is_json:
            return dict(parse_qsl(text or self.query_string, keep_blank_values=True))
        try:
            values = json.loads(text)
        except ValueError:
            return {}
        return (
            {name: str(value) for name, value in values.items()} if isinstance(values, dict) else {}
        )

    def with_parameter(self, name: str, value: int) -> HttpRequest:
        """The same request with one parameter set."""
        if self.is_json:
            content = json.dumps(json.loads(self.body or b"{}") | {name: value})
        else:
            content = urlencode(self.parameters | {name: str(value)})
        body = content.encode()
        headers = dict(self.headers) | {"content-length": str(len(body))}
        return replace(self, body=body, headers=headers)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes


def requested_wait(request: HttpRequest) -> int | None:
    """WaitTimeSeconds of a ReceiveMessage. None if it names none, or nothing SQS would accept."""
    value = request.parameters.get("WaitTimeSeconds", "")
    return int(value) if value.isdecimal() and int(value) <= 20 else None


def is_receive_message(request: HttpRequest) -> bool:
    is_sqs = request.scope is not None and request.scope[1] == "sqs"
    return is_sqs and request.operation == "ReceiveMessage"


def without_wait(request: HttpRequest) -> HttpRequest:
    """A ReceiveMessage that answers at once: moto would wait in real time, while
    ours may stand still.

    A value that SQS refuses stays, so that it is refused. No value means 0 too, not the queue's.
    """
    named = "WaitTimeSeconds" in request.parameters
    if not is_receive_message(request) or (named and requested_wait(request) is None):
        return request
    return request.with_parameter("WaitTimeSeconds", 0)


def error_response(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """An error in the protocol of the request, so that an SDK raises it under its own name."""
    service = request.scope[1] if request.scope else ""
    if "rpc-v2-cbor" in request.headers.get("smithy-protocol", ""):
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return HttpResponse(status, headers, body)
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if (form and not request.is_json) or service in _XML_SERVICES:
        return HttpResponse(
            status, {"content-type": "text/xml"}, _xml(service, status, code, message)
        )
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
    return HttpResponse(status, headers, json.dumps({"__type": code, "message": message}).encode())


def unsigned(request: HttpRequest) -> HttpResponse:
    """What AWS says to who does not sign: JSON services in one way, query services in another."""
    if request.is_json:
        text = "Missing Authentication Token"
        return error_response(request, 400, "MissingAuthenticationTokenException", text)
    text = "Request is missing Authentication Token"
    return error_response(request, 403, "MissingAuthenticationToken", text)


def _xml(service: str, status: int, code: str, message: str) -> bytes:
    """S3 puts <Error> at the root, EC2 in <Response><Errors>, the rest in <ErrorResponse>."""
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    request_id = f"<RequestId>{REQUEST_ID}</RequestId>"
    if service == "s3":
        return f"<Error>{error}{request_id}</Error>".encode()
    if service == "ec2":
        return (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{REQUEST_ID}</RequestID></Response>"
        ).encode()
    side = "Sender" if status < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{side}</Type>{error}</Error>{request_id}</ErrorResponse>"
    ).encode()


def _cbor_text(text: str) -> bytes:
    """A CBOR text string with a two-byte length (RFC 8949, major type 3)."""
    content = text.encode()[:0xFFFF]
    return b"\x79" + len(content).to_bytes(2, "big") + content
