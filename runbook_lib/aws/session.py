"""Room: the connection to AWS, or to the emulator.

Lives here: `open_session`, the only place that chooses between them.
Never here: what is done over the connection.
"""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
import botocore.exceptions
import botocore.session
from botocore.config import Config

from runbook_lib.aws.clock import Clock, WallClock
from runbook_lib.aws.journal import Journal, masked
from runbook_lib.aws.mailbox import Mailbox, OwnersMailbox
from runbook_lib.aws.refusals import next_step_for, next_step_without_answer
from runbook_lib.aws.registries import PublicRegistries, Registries
from runbook_lib.errors import BadParameter, CallRefused, NoReply, NotConnected
from runbook_lib.facts.settings import Settings

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
EMULATOR_GONE = (
    "the emulator has gone away, and its world with it: start `make lab` or "
    "`runbook emulator serve` again"
)
_SCHEME = re.compile("https?://")
DUMMY_KEY, DUMMY_SECRET = "AKIAIOSFODNN7EXAMPLE", "emulator"  # the key of AWS's own examples
_CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 8},
    connect_timeout=10,
    read_timeout=70,
    user_agent_extra="ecs-circuit-breaker-runbook/0.1.0",
)
_FIRST_REFUSAL = 300
"""The HTTP status from which botocore takes a reply for an error."""
_NEARBY = _CONFIG.merge(Config(proxies={}))
"""For the emulator: loopback needs no proxy, whatever the environment says."""


@dataclass(frozen=True)
class Session:
    """An open connection. `repr` shows where to: target, account, region, caller.

    `needs_confirmation` is true on AWS: a plan is applied only when `confirm` names the service.
    `is_private` is true for an emulator of this process alone, which starts empty. `start_over`
    empties an emulated account; None on AWS, where nothing does.
    """

    target: str
    region: str
    account: str
    caller: str
    clock: Clock
    mailbox: Mailbox
    registries: Registries
    needs_confirmation: bool
    is_private: bool
    journal: Journal = field(repr=False)
    make_client: Callable[[str, str], Any] = field(repr=False)
    start_over: Callable[[], object] | None = field(default=None, repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str, region: str = "") -> Any:
        """The boto3 client of a service: client("ecs"). Its calls go into the journal.

        `region` only where another than the session's is meant. A call that AWS refuses raises
        `CallRefused`, which is a ClientError; one without an answer `NoReply`.
        """
        key = (service, region or self.region)
        if key not in self._clients:
            client = self.make_client(*key)
            events, unanswered = client.meta.events, partial(self._after_no_reply, service)
            events.register("after-call.*.*", self._after_call)
            events.register("after-call-error.*.*", unanswered)
            self._clients[key] = client
        return self._clients[key]

    @property
    def partition(self) -> str:
        """aws, or aws-cn and aws-us-gov for the Regions of China and of the US government."""
        return self.caller.split(":")[1]

    def arn(self, service: str, resource: str) -> str:
        """arn("sns", "my-topic") is arn:aws:sns:eu-west-1:123456789876:my-topic."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def __repr__(self) -> str:
        return f"{self.target}: account {self.account}, region {self.region}, as {self.caller}"

    def _after_call(
        self,
        http_response: Any,
        parsed: dict[str, Any],
        model: Any,
        **_: Any,
    ) -> None:
        meta = parsed.get("ResponseMetadata", {})
        self.journal.note(
            "call",
            self.clock.at(http_response.headers),
            service=model.service_model.service_name,
            operation=model.name,
            status=getattr(http_response, "status_code", None),
            request_id=meta.get("RequestId"),
            error=parsed.get("Error", {}).get("Code"),
        )
        if getattr(http_response, "status_code", 200) >= _FIRST_REFUSAL:
            raise CallRefused(
                service=model.service_model.service_name,
                operation=model.name,
                response=parsed,
                next_step=next_step_for(parsed.get("Error", {}).get("Code", "")),
            )

    def _after_no_reply(
        self, service: str, exception: Exception, event_name: str, **_: Any
    ) -> None:
        operation = event_name.rpartition(".")[2]
        moment, is_gone = None, False
        try:
            moment = self.clock.now()
        except ConnectionError:
            is_gone = True
        self.journal.note(
            "call",
            moment,
            service=service,
            operation=operation,
            status=None,
            request_id=None,
            error=type(exception).__name__,
        )
        if isinstance(exception, botocore.exceptions.BotoCoreError):
            raise NoReply(
                call=f"{service}:{operation}",
                problem=str(exception),
                next_step=EMULATOR_GONE if is_gone else next_step_without_answer(exception),
            ) from exception

    def note_step(self, operation: str, content: Any) -> None:
        """Put the input of a call that changes something into the journal, secrets left out."""
        self.journal.note("step", self.clock.now(), operation=operation, input=masked(content))


def open_session(
    target: str = "emulator", *, region: str = "eu-west-1", expected_account: str = ""
) -> Session:
    """Connect to `target`: "emulator" or "aws".

    "emulator": the one that AWS_ENDPOINT_URL names, shared with whoever uses it too; without that
    variable a private one in this process, with a frozen clock, opened once and kept.
    "aws": the credentials that boto3 finds (environment, profile, role). Raises `NotConnected` if
    there is nobody to talk to or no valid credentials, and `BadParameter` if `expected_account` is
    given and the credentials belong to another account.
    """
    opened = _open(target, region)
    if expected_account not in ("", opened.account):
        raise BadParameter(
            name="expected_account",
            problem=f"{expected_account!r}, but the credentials are of account {opened.account}",
            example=opened.account,
        )
    return opened


def connect(settings: Settings) -> Session:
    """The session that the parameters ask for: target, Region, and the account if it is pinned."""
    return open_session(
        settings.target, region=settings.region, expected_account=settings.expected_account
    )


def _open(target: str, region: str) -> Session:
    if target == "emulator":
        return _open_emulator(region)
    if target == "aws":
        return _open_aws(region)
    raise NotConnected(problem=f"target {target!r} is unknown", next_step="use emulator or aws")


def _identify(
    make_client: Callable[[str, str], Any], region: str, next_step: str
) -> tuple[str, str]:
    try:
        identity = make_client("sts", region).get_caller_identity()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise NotConnected(
            problem=f"AWS does not know the caller: {error}", next_step=next_step
        ) from error
    return str(identity["Account"]), str(identity["Arn"])


def _open_aws(region: str) -> Session:
    try:
        boto_session = boto3.Session(region_name=region)
    except botocore.exceptions.BotoCoreError as error:
        raise NotConnected(problem=str(error), next_step="check AWS_PROFILE") from error

    def make_client(service: str, where: str) -> Any:
        return boto_session.client(service, where, config=_CONFIG)

    account, caller = _identify(
        make_client, region, "log in (aws sso login, aws configure) and run again"
    )
    return Session(
        target="aws",
        region=region,
        account=account,
        caller=caller,
        clock=WallClock(),
        mailbox=OwnersMailbox(),
        registries=PublicRegistries(),
        needs_confirmation=True,
        is_private=False,
        journal=Journal.from_environment(),
        make_client=make_client,
    )


_private: Any = None
"""The private emulator of this process: opened once, so that a cell may be run twice."""


def _private_url() -> str:
    global _private  # noqa: PLW0603 - one emulator a process; its state outlives a cell
    from ecs_emulator.http.server import EmulatorServer

    if _private is None:
        _private = EmulatorServer().start()
        atexit.register(close_private_emulator)
    return str(_private.url)


def close_private_emulator() -> None:
    """Stop the private emulator, if there is one. The next session starts a new world."""
    global _private  # noqa: PLW0603 - see above
    if _private is not None:
        _private.stop()
        _private = None


def _open_emulator(region: str) -> Session:
    from ecs_emulator.client import (
        EmulatorClock,
        EmulatorControls,
        EmulatorMailbox,
        EmulatorRegistries,
    )
    from ecs_emulator.wire.service_models import nobodys_session

    shared = os.environ.get(ENDPOINT_VARIABLE, "")
    url = shared or _private_url()
    controls = EmulatorControls(url)
    if shared and (not _SCHEME.match(shared) or controls.health() is None):
        raise NotConnected(
            problem=f"no emulator answers at {ENDPOINT_VARIABLE}={shared}",
            next_step="start it with `runbook emulator serve`, or unset the variable",
        )
    boto_session = boto3.Session(
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_SECRET,
        region_name=region,
        botocore_session=nobodys_session(),
    )

    def make_client(service: str, where: str) -> Any:
        return boto_session.client(service, where, endpoint_url=url, config=_NEARBY)

    account, caller = _identify(make_client, region, "start the emulator anew")
    return Session(
        target="emulator",
        region=region,
        account=account,
        caller=caller,
        clock=EmulatorClock(controls),
        mailbox=EmulatorMailbox(controls),
        registries=EmulatorRegistries(controls),
        needs_confirmation=False,
        is_private=not shared,
        journal=Journal.from_environment(),
        make_client=make_client,
        start_over=partial(controls.call, "POST", "/_emulator/reset", {}),
    )
