"""Room: calls that AWS refuses, or never answers.

Lives here: what to do next, by AWS's error code, and whether a call that was tried again had been
carried out the first time.
Never here: the calls themselves, retrying (botocore does it).

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
)

RUN_AGAIN = "run this again; what was made is found again"
_LOG_IN = f"log in again (aws sso login), then {RUN_AGAIN}"
_FORBIDDEN = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation")
_NEXT_STEPS = (
    (("ExpiredToken", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClient"), _LOG_IN),
    (_FORBIDDEN, "compare the caller's permissions with `runbook permissions`"),
    (("Throttl", "TooManyRequests", "RequestLimitExceeded"), f"wait a minute, then {RUN_AGAIN}"),
    (("Internal", "ServiceUnavailable", "ServerException", "ServiceFailure", "Unavailable"),
     f"see https://health.aws.amazon.com, then {RUN_AGAIN}"),
)  # fmt: skip
"""The beginning of an error code → what to do. AWS's services spell the same thing differently."""
_NOT_LOGGED_IN = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
)
ASSUMES_NO_ROLE_YET = "unable to assume"
"""In what ECS says while IAM has not yet spread a new role."""


def next_step_for(code: str, otherwise: str = RUN_AGAIN) -> str:
    """next_step_for("ExpiredTokenException") is to log in again."""
    for beginnings, step in _NEXT_STEPS:
        if code.startswith(beginnings):
            return step
    return otherwise


def next_step_without_answer(error: BotoCoreError) -> str:
    if isinstance(error, _NOT_LOGGED_IN):
        return _LOG_IN
    return f"check the network, then {RUN_AGAIN}"


def code_of(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def is_forbidden(error: ClientError) -> bool:
    """Whether the caller lacks the permission."""
    return code_of(error).startswith(_FORBIDDEN)


def was_tried_again(response: Mapping[str, Any]) -> bool:
    """Whether botocore has sent this call more than once before it was answered so."""
    return bool(response.get("ResponseMetadata", {}).get("RetryAttempts"))


def lacks_role(error: Exception) -> bool:
    """Whether ECS could not assume a role: for some seconds after it was made this is usual."""
    return ASSUMES_NO_ROLE_YET in str(error).lower()
