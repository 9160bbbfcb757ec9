"""Room: what a call has to be like before it is carried out.

Lives here: holding a request against AWS's own definition of the operation, the refusals of what
does not fit, and what an error becomes that nobody foresaw.
Never here: carrying it out (moto), ECS, which has a door of its own.

moto trusts its callers: an ARN that is none, a number where a text belongs or a missing member ends
it with an exception, which AWS never shows. AWS holds a call against the same definition that its
SDKs are made from, and says what is wrong in the words below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, StructureShape

from ecs_emulator.account.constraints import WrongType, check_types, violations
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse, error_response
from ecs_emulator.wire.query_params import NotANumber, read_query
from ecs_emulator.wire.service_models import shared_loader

_DEFINED_AS = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2"}
"""What requests are signed for, where the definition has another name."""
_CODES = {
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "elasticloadbalancing": "ValidationError",
    "monitoring": "InvalidParameterValue",
    "logs": "InvalidParameterException",
    "secretsmanager": "InvalidParameterException",
    "ecr": "InvalidParameterException",
}
"""What each service documents for a value it cannot use; the others ValidationException."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 cannot hold. https://www.w3.org/TR/xml/#charsets"""
_IN_A_MESSAGE = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
    "#xE000 to #xFFFD | #x10000 to #x10FFFF"
)
_JSON_KINDS = {
    str: "STRING_VALUE",
    bool: "BOOLEAN_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
}


class Misfit(Exception):
    """The request does not fit the definition: code and text as AWS says them."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def refusal(request: HttpRequest, service: str) -> HttpResponse | None:
    """None: the request fits the definition of its operation, or nobody defines it."""
    operation = _operation(service, request.operation)
    if operation is None:
        return None
    try:
        _check(request, service, operation)
    except Misfit as misfit:
        return error_response(request, 400, misfit.code, str(misfit))
    return None


def unforeseen(request: HttpRequest, service: str) -> HttpResponse:
    """What moto could not cope with: the error that the service documents for a wrong value."""
    what = request.operation or request.path
    text = f"The request could not be processed: a parameter of {what} is not valid"
    return error_response(request, 400, _code(service), text)


def readable(response: HttpResponse) -> HttpResponse:
    """The same without what no XML reader takes."""
    if "xml" not in response.headers.get("content-type", ""):
        return response
    text = response.body.decode("utf-8", "replace")
    if not _CONTROL.search(text):
        return response
    return HttpResponse(response.status, response.headers, _CONTROL.sub("\ufffd", text).encode())


def _code(service: str) -> str:
    return _CODES.get(service, "ValidationException")


@cache
def _operation(service: str, name: str) -> OperationModel | None:
    try:
        model = _model(_DEFINED_AS.get(service, service))
    except UnknownServiceError:
        return None
    return model.operation_model(name) if name in model.operation_names else None


@cache
def _model(name: str) -> ServiceModel:
    return ServiceModel(shared_loader().load_service_model(name, "service-2"), name)


def _check(request: HttpRequest, service: str, operation: OperationModel) -> None:
    shape = operation.input_shape
    if shape is None or "smithy-protocol" in request.headers:
        return
    if request.is_json:
        params = _json_params(request)
        try:
            check_types(shape, params)
        except WrongType as error:
            raise Misfit("SerializationException", str(error)) from error
    else:
        params = _query_params(request, service, shape)
    if service == "sns":
        _check_sns(shape, params)
    elif service == "ec2":
        _check_required_by_ec2(shape, params)
    elif service == "sqs":
        _check_sqs(shape, params)
    else:
        found = list(violations(shape, params))
        if found:
            _refuse(service, found)


def _refuse(service: str, found: list[str]) -> None:
    """Every service that Coral generates counts them, and names each with its place."""
    is_one = len(found) == 1
    lead = f"{len(found)} validation error{'' if is_one else 's'} detected: "
    code = "ValidationError" if service in ("iam", "sts") else "ValidationException"
    if service in ("monitoring", "elasticloadbalancing"):
        code = "ValidationError"
    if service in ("logs", "ecr"):
        code = "InvalidParameterException"
    raise Misfit(code, lead + "; ".join(found))


# --- reading -------------------------------------------------------------------------------------


def _json_params(request: HttpRequest) -> Mapping[str, Any]:
    try:
        content = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Misfit("SerializationException", "The request body is no JSON") from error
    if not isinstance(content, dict):
        raise Misfit(
            "SerializationException", "Start of structure or map found where not expected."
        )
    return content


def _query_params(request: HttpRequest, service: str, shape: StructureShape) -> Mapping[str, Any]:
    flat = request.parameters
    for name, value in flat.items():
        if _CONTROL.search(value):
            raise Misfit(_code(service), _of_sns_or_not(service, name))
    try:
        return read_query(flat, shape, is_ec2=service == "ec2")
    except NotANumber as problem:
        if service == "sns":
            raise Misfit("InvalidParameter", f"Invalid parameter: {problem.path}") from problem
        raise Misfit(_code(service), str(problem)) from problem


def _of_sns_or_not(service: str, name: str) -> str:
    if service == "sns":
        return f"Invalid parameter: {name}"
    return f"The parameter {name} contains characters that are not valid"


# --- services that check by themselves ------------------------------------------------------------


def _check_sns(shape: StructureShape, params: Mapping[str, Any]) -> None:
    """https://github.com/localstack/localstack: test_sns.snapshot.json recorded both texts."""
    for name in shape.required_members:
        if params.get(name) is None and not isinstance(shape.members[name], ListShape | MapShape):
            raise Misfit(
                "InvalidParameter",
                f"Invalid parameter: {name} Reason: no value for required parameter",
            )
    for name, value in params.items():
        is_text = name in shape.members and shape.members[name].type_name == "string"
        if name.endswith("Arn") and is_text and isinstance(value, str):
            elements = len(value.split(":"))
            if elements < 6:
                text = f"An ARN must have at least 6 elements, not {elements}"
                raise Misfit("InvalidParameter", f"Invalid parameter: {name} Reason: {text}")


def _check_sqs(shape: StructureShape, params: Mapping[str, Any]) -> None:
    for name in shape.required_members:
        if params.get(name) is None:
            text = f"The request must contain the parameter {name}."
            raise Misfit("MissingParameter", text)
    bodies = [params.get("MessageBody")]
    entries = params.get("Entries")
    for each in entries if isinstance(entries, list) else ():
        bodies.append(each.get("MessageBody") if isinstance(each, Mapping) else None)
    if any(isinstance(each, str) and _CONTROL.search(each) for each in bodies):
        raise Misfit("InvalidMessageContents", _IN_A_MESSAGE)


def _check_required_by_ec2(shape: StructureShape, params: Mapping[str, Any]) -> None:
    for name in shape.required_members:
        if params.get(name) is None:
            text = f"The request must contain the parameter {name}"
            raise Misfit("MissingParameter", text)
