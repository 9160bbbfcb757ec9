"""No secret leaves the house, and no evidence is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from runbook_lib.aws.journal import masked
from runbook_lib.evidence.scrubbing import MASK, clean, scrubbed, without_secrets

KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "FwoGZXIvYXdzEXAMPLETOKEN" * 6
SNS_TOKEN = "2336412f37fb687f5d51e6e2425c464dcd5dd1c0" * 6
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV"

SECRETS = {
    "an access key id": ("the key AKIAIOSFODNN7EXAMPLE is used", "AKIAIOSFODNN7EXAMPLE"),
    "a temporary key id": ("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
    "a secret key by itself": (f"found {KEY} in a log", KEY),
    "a secret key by name": ("aws_secret_access_key = hunter2", "hunter2"),
    "a session token by itself": (SESSION, SESSION),
    "a session token by name": ("AWS_SESSION_TOKEN=FwoGZX", "FwoGZX"),
    "a signed request": (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260105/eu-west-1/ecs, Signature=fe5f80",
        "fe5f80",
    ),
    "a bearer token": ("Authorization: Bearer abcdef123456", "abcdef123456"),
    "a basic password": ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "a header in JSON": ('{"Authorization": "Bearer abcdef123456"}', "abcdef123456"),
    "a JSON web token": (f"it was {JWT}", JWT),
    "an SNS confirmation": (
        f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token={SNS_TOKEN}",
        SNS_TOKEN,
    ),
    "an SNS token by itself": (SNS_TOKEN, SNS_TOKEN),
    "a short token in an address": ("http://127.0.0.1/?Token=a1b2&x=1", "a1b2"),
    "a presigned address": ("https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c&x=1", "0a1b2c"),
    "a name and password in an address": ("https://me:hunter2@registry.example/v2", "hunter2"),
    "a name in an address": ("https://token-abc@registry.example/v2", "token-abc"),
    "a member of JSON": ('{"sessionToken": "abc", "x": 1}', '"abc"'),
    "an escaped member": ('{\\"password\\": \\"hunter2\\"}', "hunter2"),
    "a password said": ("password: hunter2", "hunter2"),
    "a private key": (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "MIIEow",
    ),
    "a cut private key": ("-----BEGIN PRIVATE KEY-----\nMIIEow", "MIIEow"),
    "a token of GitHub": ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "ghp_0123"),
    "a token of Slack": ("xoxb-1234567890-abcdef", "1234567890"),
}
"""what: (a text with it, what must not be left)"""

ROLE = "arn:aws:sts::123456789876:assumed-role/ecsTaskExecutionRole"
EVIDENCE = (
    f"User: {ROLE}/0d5a1f3e6c7b48a9b0c1d2e3f4a5b6c7 is not authorized: ecs:CreateService",
    "secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:1:secret:a",
    "unable to pull secrets or registry auth: unable to retrieve secret from asm: service call",
    "does not exist or may require authorization: server message: insufficient_scope: failed",
    "arn:aws:ecs:eu-west-1:123456789876:task/default/bce7cfa641531578dc5b5ba678430f72",
    "registry.example/app:4f2d6f1c0d3e4f2d6f1c0d3e4f2d6f1c0d3e4f2d not found",
    "nginx@sha256:" + "0a1b2c3d" * 8,
    "token: expired",
    "jane@example.com",
    "https://example.com/users/@jane",
    "3bb4ae56-9596-4e69-9a81-c0949e4c5d06",
    "(service my-sample-service) has started 1 tasks: (task bc4fc365c0d005a807d7910e2e4e7e5c).",
)


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_is_masked_wherever_it_stands(what: str) -> None:
    text, secret = SECRETS[what]

    for found in (
        without_secrets(text),
        scrubbed({"message": [f"so {text} there"]})["message"][0],
        str(scrubbed({text: 1})),
    ):
        assert secret not in found
        assert MASK in found


@pytest.mark.parametrize("text", EVIDENCE)
def test_what_aws_says_of_secrets_is_no_secret(text: str) -> None:
    assert scrubbed(text) == text


def test_what_stands_under_a_telling_name_is_masked() -> None:
    assert scrubbed(
        {
            "Token": "a",
            "clientToken": "b",
            "SecretString": "c",
            "db_password": "d",
            "AccessKeyId": "e",
            "apiKey": 5,
            "tokens": ["f", {"id": "g"}],
            "request_id": "h",
        }
    ) == {
        "Token": MASK,
        "clientToken": MASK,
        "SecretString": MASK,
        "db_password": MASK,
        "AccessKeyId": MASK,
        "apiKey": MASK,
        "tokens": [MASK, {"id": "g"}],
        "request_id": "h",
    }


def test_the_environment_of_a_container_keeps_its_names_and_no_password() -> None:
    environment = [{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "80"}]

    assert scrubbed(environment) == [
        {"name": "DB_PASSWORD", "value": MASK},
        {"name": "PORT", "value": "80"},
    ]


def test_whatever_the_journal_masks_is_masked_here_too() -> None:
    members = dict.fromkeys(("Token", "token", "Password", "SecretString", "clientToken"), "x")

    assert scrubbed(members) == masked(members) == dict.fromkeys(members, MASK)


def test_colour_codes_control_characters_and_turned_text_are_left_out() -> None:
    assert clean("\x1b[31mred\x1b[0m a\x00b\x08\ud800 \u202egnp.exe\ufffe") == "red ab gnp.exe"
    assert clean("two\nlines\tand ünïcode 日本語 🚀") == "two\nlines\tand ünïcode 日本語 🚀"


def test_what_json_does_not_know_is_scrubbed_as_text() -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)

    assert scrubbed([Path("/AKIAIOSFODNN7EXAMPLE"), noon, 5, None, True]) == [
        f"/{MASK}",
        "2026-01-05 12:00:00+00:00",
        5,
        None,
        True,
    ]


def test_what_is_nested_too_deeply_is_left_out() -> None:
    nested: list = ["AKIAIOSFODNN7EXAMPLE"]
    for _ in range(500):
        nested = [nested]

    assert "AKIA" not in str(scrubbed(nested))


@pytest.mark.parametrize("piece", ["a", "-a", "eyJ-", "token", "authorization:", "a://", "'token"])
def test_a_long_text_does_not_take_long(piece: str) -> None:
    started = perf_counter()

    scrubbed(piece * (20_000 // len(piece)))

    assert perf_counter() - started < 3
