"""Where a session connects to, and what it says when nobody is there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from patience import leap

from ecs_emulator.client import EmulatorClock, EmulatorControls
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import open_session
from runbook_lib.aws.clock import WallClock
from runbook_lib.aws.mailbox import OwnersMailbox
from runbook_lib.errors import NoReply, NotConnected

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def shared(emulator_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_server.url)
    return emulator_server.url


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY")


def test_the_emulator_that_the_environment_names_is_shared(shared: str) -> None:
    session = open_session()

    assert session.target == "emulator"
    assert not session.is_private
    assert not session.needs_confirmation
    assert session.account == "123456789876"
    assert session.client("ecs").meta.endpoint_url == shared


def test_two_sessions_on_a_shared_emulator_see_the_same_world(shared: str) -> None:
    open_session().client("sns").create_topic(Name="seen")

    topics = open_session().client("sns").list_topics()["Topics"]

    assert [each["TopicArn"].rpartition(":")[2] for each in topics] == ["seen"]


def test_the_region_is_the_one_that_was_asked_for(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    session = open_session(region="ap-northeast-1")

    assert session.region == "ap-northeast-1"
    assert session.client("sqs").meta.region_name == "ap-northeast-1"


def test_a_session_shows_where_it_is_connected_and_no_key(shared: str) -> None:
    assert repr(open_session()) == (
        "emulator: account 123456789876, region eu-west-1, "
        "as arn:aws:iam::123456789876:user/learner"
    )


def test_a_client_is_made_once(shared: str) -> None:
    session = open_session()

    assert session.client("ecs") is session.client("ecs")


def test_waiting_on_the_emulator_leaps(shared: str) -> None:
    clock = open_session().clock
    before = clock.now()

    clock.sleep(3600)

    assert (clock.now() - before).total_seconds() == 3600


def test_the_journal_tells_when_a_call_was_answered_in_the_time_of_the_emulator(
    shared: str,
) -> None:
    session = open_session()
    session.clock.sleep(90)

    session.client("ecs").list_clusters()

    assert session.journal.entries[-1]["time"] == session.clock.now().isoformat(
        timespec="milliseconds"
    )


def test_a_call_that_nobody_answers_any_more_is_in_the_journal_without_a_time(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator, which knows the time, is gone as well."""
    opened = open_session()
    session = replace(
        opened,
        clock=EmulatorClock(EmulatorControls(NOBODY)),
        make_client=lambda service, region: boto3.client(
            service, region, endpoint_url=NOBODY, aws_access_key_id="a", aws_secret_access_key="b"
        ),
        _clients={},
    )
    ecs = session.client("ecs")
    leap(monkeypatch)

    with pytest.raises(NoReply, match=r"the emulator has gone away.*start `make lab` or"):
        ecs.list_clusters()

    assert session.journal.entries[-1] | {"error": ""} == {
        "kind": "call",
        "time": None,
        "service": "ecs",
        "operation": "ListClusters",
        "status": None,
        "request_id": None,
        "error": "",
    }


def test_what_the_user_has_configured_for_aws_does_not_disturb_the_emulator(
    shared: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[profile\nthis is no configuration", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(broken))
    monkeypatch.setenv("AWS_PROFILE", "of-somebody-else")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", NOBODY)
    monkeypatch.delenv("NO_PROXY")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, NOBODY)

    session = open_session()

    assert session.client("ecs").list_clusters()["clusterArns"]


@pytest.mark.parametrize("url", [NOBODY, "127.0.0.1:4577", "nonsense", "http://"])
def test_no_emulator_at_the_address_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    with pytest.raises(NotConnected) as caught:
        open_session()

    assert str(caught.value) == (
        f"no emulator answers at AWS_ENDPOINT_URL={url}. "
        "Next: start it with `runbook emulator serve`, or unset the variable."
    )


def test_an_address_without_http_is_none_even_where_an_emulator_listens(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = shared.removeprefix("http://")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bare)

    with pytest.raises(NotConnected, match=f"no emulator answers at AWS_ENDPOINT_URL={bare}"):
        open_session()


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(NotConnected, match="target 'azure' is unknown"):
        open_session("azure")


@pytest.mark.usefixtures("keys")
def test_on_aws_plans_need_confirmation_and_time_is_real(shared: str) -> None:
    session = open_session("aws")

    assert session.target == "aws"
    assert session.needs_confirmation
    assert not session.is_private
    assert isinstance(session.clock, WallClock)
    assert isinstance(session.mailbox, OwnersMailbox)
    assert "AKIA" not in repr(session)


@pytest.mark.usefixtures("keys")
def test_a_real_mailbox_is_left_to_its_owner(shared: str) -> None:
    mailbox = open_session("aws").mailbox

    assert not mailbox.can_be_read
    assert mailbox.mails("a@b.example") == []
    assert "a@b.example" in mailbox.confirm("a@b.example", "arn")
    assert "two days" in mailbox.confirm("a@b.example", "arn")


def test_on_aws_without_credentials_the_next_step_is_to_log_in(shared: str) -> None:
    with pytest.raises(NotConnected) as caught:
        open_session("aws")

    text = str(caught.value)
    assert "Unable to locate credentials" in text
    assert "aws sso login" in text
    assert len(text.splitlines()) == 1
    assert caught.value.__cause__ is not None


@pytest.mark.usefixtures("keys")
def test_on_aws_a_profile_that_does_not_exist_is_named(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(NotConnected, match=r"profile \(nobody\) could not be found"):
        open_session("aws")


def test_without_a_shared_emulator_a_private_one_is_opened_once_and_starts_anew_when_closed() -> (
    None
):
    code = """
from runbook_lib.aws.session import close_private_emulator, open_session
first = open_session()
assert first.is_private and not first.needs_confirmation
first.client("sns").create_topic(Name="kept")
again = open_session()
assert len(again.client("sns").list_topics()["Topics"]) == 1
assert again.clock.now() == first.clock.now()
started = first.clock.now()
first.clock.sleep(60)
close_private_emulator()
close_private_emulator()
anew = open_session()
assert anew.client("sns").list_topics()["Topics"] == []
assert anew.clock.now() == started
print("as it should be")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )

    assert done.stdout == "as it should be\n", done.stderr
