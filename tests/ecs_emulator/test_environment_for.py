"""Whatever the user's environment holds, a program beside the emulator meets the emulator."""

from __future__ import annotations

import os

import pytest

from ecs_emulator import environment_for

URL = "http://127.0.0.1:4577"
LEADS_ELSEWHERE = {
    "AWS_PROFILE": "prod",
    "AWS_DEFAULT_PROFILE": "prod",
    "AWS_SESSION_TOKEN": "a token",
    "AWS_SECURITY_TOKEN": "a token",
    "AWS_ENDPOINT_URL_ECS": "https://ecs.example.com",
    "AWS_ENDPOINT_URL_SNS": "https://sns.example.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/prod",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/creds",
}


@pytest.mark.parametrize("name", sorted(LEADS_ELSEWHERE))
def test_what_would_lead_elsewhere_is_left_out(name: str) -> None:
    assert name not in environment_for(URL, {name: LEADS_ELSEWHERE[name]})


def test_the_users_files_are_not_read() -> None:
    given = {"AWS_CONFIG_FILE": "/broken", "AWS_SHARED_CREDENTIALS_FILE": "/broken"}
    found = environment_for(URL, given)

    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_the_emulator_is_named_with_credentials_that_no_account_knows() -> None:
    found = environment_for(URL, {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real"})

    assert found["AWS_ENDPOINT_URL"] == URL
    assert found["AWS_ACCESS_KEY_ID"] == "AKIAIOSFODNN7EXAMPLE"
    assert "real" not in found.values()


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({}, "eu-west-1"),
        ({"AWS_REGION": "us-east-1"}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "ap-northeast-1"}, "ap-northeast-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
    ],
)
def test_the_region_is_the_users_or_else_that_of_the_article(
    given: dict[str, str], region: str
) -> None:
    found = environment_for(URL, given)

    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == (region, region)


def test_a_proxy_stays_for_others_and_is_not_asked_for_loopback() -> None:
    found = environment_for(URL, {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"})

    assert found["HTTP_PROXY"] == "http://proxy:3128"
    assert found["NO_PROXY"] == found["no_proxy"] == "example.com,127.0.0.1,localhost,::1"


def test_everything_else_is_kept() -> None:
    given = {"PATH": "/bin", "LANG": "ja_JP.UTF-8", "AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off"}

    assert given.items() <= environment_for(URL, given).items()
