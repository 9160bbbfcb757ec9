"""Room: the environment of a program that is to meet the emulator, and nobody else.

Lives here: which of the user's variables are kept from it, and what it finds instead.
Never here: starting the program or the emulator.

Every SDK and the AWS CLI read AWS_ENDPOINT_URL, but prefer AWS_ENDPOINT_URL_<SERVICE>, a profile or
a configuration file that names another address, and ask a proxy first where one is set.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
ACCESS_KEY, SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "emulator"  # the key of AWS's own examples
HOME_REGION = "eu-west-1"
_KEPT = frozenset({"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def environment_for(url: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for a program that calls AWS at `url`, made of `base` (os.environ).

    Of AWS's own variables only the Region and four on output and retries are kept: a profile, a
    session token, AWS_ENDPOINT_URL_ECS or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS would lead elsewhere.
    The user's configuration and credential files are not read. A proxy stays for other addresses.

    >>> environment_for("http://127.0.0.1:4577", {"AWS_PROFILE": "prod"})["AWS_ENDPOINT_URL"]
    'http://127.0.0.1:4577'
    """
    given = dict(os.environ if base is None else base)
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or HOME_REGION
    kept = {
        name: value
        for name, value in given.items()
        if not name.upper().startswith("AWS_") or name in _KEPT or name.startswith("AWS_CLI_")
    }
    return kept | {
        ENDPOINT_VARIABLE: url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **without_proxy(given),
    }


def without_proxy(given: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY, in both spellings, with loopback added to what it says already."""
    said = given.get("no_proxy") or given.get("NO_PROXY") or ""
    names = [each.strip() for each in said.split(",") if each.strip()]
    value = ",".join(dict.fromkeys((*names, *_LOOPBACK)))
    return {"NO_PROXY": value, "no_proxy": value}


@contextmanager
def without_the_users_settings() -> Iterator[None]:
    """A profile that does not exist, or a broken file, would end an import of moto."""
    names = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ |= dict.fromkeys(names[2:], os.devnull)
    try:
        yield
    finally:
        for name in names[2:]:
            del os.environ[name]
        os.environ |= kept
