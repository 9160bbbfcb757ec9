"""Room: the AWS account around ECS.

Lives here: one account with its clock, mails and event bus; which AWS services it has, and plain
answers (`lookups`) for everybody else. What moto answers is asked of `moto`.
Never here: rules. What SNS and EventBridge do is in `sns` and `eventbridge`.

moto keeps its backends in module globals, so a process can have one live Account at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.model import OperationNotFoundError

from ecs_emulator.account import requests
from ecs_emulator.account.identities import MotoIdentities
from ecs_emulator.account.lookups import EcsLookups, MotoLookups, regional
from ecs_emulator.messaging import mail_links
from ecs_emulator.messaging.eventbridge import EventBus
from ecs_emulator.messaging.mail import Outbox
from ecs_emulator.messaging.sns import Sns
from ecs_emulator.wire.http_messages import (
    HttpRequest,
    HttpResponse,
    error_response,
    is_receive_message,
    requested_wait,
    unsigned,
    without_wait,
)
from ecs_emulator.world.aws_events import SOURCE
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.state import RegisteredTarget

if TYPE_CHECKING:
    from ecs_emulator.account.moto.world import MotoWorld

ACCOUNT_ID = "123456789876"

SERVICES = frozenset(
    "sns sqs iam ec2 sts events monitoring logs elasticloadbalancing kms secretsmanager ecr".split()
)
"""The services of moto that are let in, by the names that requests are signed for."""
_log = logging.getLogger(__name__)


class Account(EcsLookups):
    """The AWS account that the emulated ECS belongs to."""

    _live: ClassVar[Account | None] = None

    def __init__(self, clock: Clock, ids: Ids) -> None:
        if Account._live is not None:
            raise RuntimeError(
                "This process already has an emulated account (moto keeps its data in globals). "
                "Close that one first."
            )
        Account._live = self
        super().__init__(self._backend)
        self.identities = MotoIdentities(self._backend)
        self.outbox = Outbox()
        self.targets_in: Callable[[str], Sequence[RegisteredTarget]] = lambda _: ()
        self._moto: MotoWorld | None = None
        self.reset(clock=clock, ids=ids)

    def reset(self, *, clock: Clock, ids: Ids) -> None:
        """An account as new: nothing in it but the roles that the first use of ECS leaves."""
        self._leave_moto()
        self.clock, self.ids = clock, ids
        self._born = clock.now
        self._lookups = MotoLookups(self._backend, ACCOUNT_ID, clock)
        self.outbox.clear()
        self.sns = Sns(clock, ids, self._lookups, self.outbox)
        self.bus = EventBus(clock, ids, self._lookups, self.sns)

    def close(self) -> None:
        """Give moto back its own clock and stubs. Another Account may live now."""
        if Account._live is self:
            self._leave_moto()
            Account._live = None

    @property
    def is_untouched(self) -> bool:
        """Nobody has asked for anything but ECS. So there is nobody but `learner`, who may do
        everything, and no rule that hears an event."""
        return self._moto is None

    def _backend(self, service: str, region: str) -> Any:
        return self._moto_world().backend(service, region)

    def _moto_world(self) -> MotoWorld:
        """Made when it is first asked for, as it would have been in the beginning."""
        if Account._live is not self:
            raise RuntimeError("This account is closed.")
        if self._moto is None:
            from ecs_emulator.account.moto.world import MotoWorld, Surroundings

            around = Surroundings(
                ACCOUNT_ID,
                self.clock,
                self.ids,
                self.sns,
                self.bus,
                self.targets_in,
            )
            self._moto = MotoWorld(around, self._born)
        return self._moto

    def _leave_moto(self) -> None:
        if self._moto is not None:
            self._moto.close()
            self._moto = None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer any AWS call that is not ECS. Never raises, never waits, never calls out."""
        if request.scope is None:
            return unsigned(request)
        region, service = request.scope
        if service not in SERVICES:
            text = f"The emulator does not have the AWS service {service}."
            return error_response(request, 400, "NotImplemented", text)
        refused = requests.refusal(request, service)
        if refused and self._moto_world().has(request, service):
            return requests.readable(refused)
        self.sns.forget_expired()
        try:
            answer = self._moto_world().answer(without_wait(request), service)
        except (NotImplementedError, OperationNotFoundError):
            text = f"The emulator does not have {service} {request.operation or request.path}."
            code = "UnknownOperationException" if request.is_json else "InvalidAction"
            return error_response(request, 400, code, text)
        except KeyError as error:
            if error.args == (region,):
                text = f"{service} has no region {region}."
                return error_response(request, 400, "InvalidRegion", text)
            return _unforeseen(request, service, error)
        except Exception as error:
            return _unforeseen(request, service, error)
        return requests.readable(answer)

    def long_poll_seconds(self, request: HttpRequest) -> int:
        """How long a ReceiveMessage may wait for a message: its own word, or else the queue's.

        `handle` never waits, so who serves the request waits (in virtual time) and asks again.
        """
        if request.scope is None or not is_receive_message(request):
            return 0
        if "WaitTimeSeconds" in request.parameters:
            return requested_wait(request) or 0
        name = request.parameters.get("QueueUrl", request.path).rpartition("/")[2]
        backend = regional(self._backend, "sqs", request.scope[0])
        queue = backend.queues.get(name) if backend else None
        return 0 if queue is None else int(queue.receive_message_wait_time_seconds or 0)

    def has_message(self, queue_arn: str) -> bool | None:
        """Whether a ReceiveMessage would bring something now. None if there is no such queue."""
        *_, service, region, _, name = ("", "", "", "", *queue_arn.split(":"))
        backend = regional(self._backend, "sqs", region) if service == "sqs" else None
        queue = backend.queues.get(name) if backend else None
        return None if queue is None else bool(queue.messages)

    def hears(self, region: str, detail_type: str) -> bool:
        """Whether any rule could hear events of ECS of this kind."""
        known = {"source": SOURCE, "detail-type": detail_type, "region": region}
        return not self.is_untouched and self._lookups.could_match(region, known)

    def follow_link(self, path_with_query: str) -> HttpResponse:
        """What a click on a link in a mail does, and the page that it shows."""
        return mail_links.follow(path_with_query, self.sns, self._lookups)


def _unforeseen(request: HttpRequest, service: str, error: Exception) -> HttpResponse:
    _log.info("moto failed on %s %s", request.scope, request.operation, exc_info=error)
    return requests.unforeseen(request, service)
