"""Room: the AWS account around ECS. The only module that knows moto.

Lives here: moto's backends put on our clock and seed, its WSGI app, our SNS and EventBridge in the
places where moto has stubs, and plain answers (`lookups`) for everybody else.
Never here: rules. What SNS and EventBridge do is in `sns` and `eventbridge`.

moto keeps its backends in module globals, so a process can have one live Account at a time.
"""

from __future__ import annotations

import json
import logging
import types
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache, cached_property
from typing import Any, ClassVar, cast

import botocore.session
import moto.core.loaders
import moto.core.responses
import moto.core.utils
import moto.settings
from botocore.model import OperationNotFoundError
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.model_instances import reset_model_data
from moto.core.responses import ActionResult, BaseResponse
from moto.events import urls as events_urls
from moto.events.models import EventPattern
from moto.events.models import Rule as MotoRule
from moto.events.responses import EventsHandler
from moto.iam.models import SERVICE_NAME_CONVERSION, IAMBackend
from moto.moto_api._internal import mock_random
from moto.sns import urls as sns_urls
from moto.sns.exceptions import InvalidParameterValue, SNSNotFoundError
from moto.sns.models import Topic as MotoTopic
from moto.sns.responses import SNSResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from runbook_lib.emulator import mail_links
from runbook_lib.emulator.clock import Clock
from runbook_lib.emulator.eventbridge import EventBus
from runbook_lib.emulator.first_things import seed_caller, seed_roles
from runbook_lib.emulator.http_messages import (
    HttpRequest,
    HttpResponse,
    error_response,
    is_receive_message,
    requested_wait,
    without_wait,
)
from runbook_lib.emulator.ids import Ids
from runbook_lib.emulator.mail import Outbox
from runbook_lib.emulator.managed_policies import ManagedPolicies
from runbook_lib.emulator.moto_identities import MotoIdentities
from runbook_lib.emulator.moto_lookups import (
    SINCE,
    EcsLookups,
    MotoLookups,
    matches,
    note_rule,
    regional,
    rule_of,
    subscription,
)
from runbook_lib.emulator.service_data import loader_for
from runbook_lib.emulator.sns import MAIL_PROTOCOLS, Publication, Sns, SnsRefusal, is_address
from runbook_lib.emulator.target_input import ENVELOPE

ACCOUNT_ID = "123456789876"

SERVICES = frozenset(
    "sns sqs iam ec2 sts events monitoring logs elasticloadbalancing kms secretsmanager ecr".split()
)
"""The services of moto that are let in, by the names that requests are signed for."""
_MOTO_PATHS = ("/moto-api", "/latest/", "/favicon.ico")
"""Doors of moto's own server that AWS does not have."""
_log = logging.getLogger(__name__)


_backends = cache(cast(Any, get_backend))
"""moto imports its service anew at each question."""


def _backend(service: str, region: str) -> Any:
    """moto's backend of a service in a region. KeyError if there is no such region."""
    return _backends(service)[ACCOUNT_ID][region]


class _SnsApi(SNSResponse):
    """moto's SNS, with e-mail subscriptions that wait to be confirmed."""

    sns: ClassVar[Sns]

    def subscribe(self) -> ActionResult:
        topic, protocol = self._get_param("TopicArn"), self._get_param("Protocol")
        endpoint = self._get_param("Endpoint") or ""
        if protocol not in MAIL_PROTOCOLS:
            return super().subscribe()
        if not is_address(endpoint):
            raise InvalidParameterValue("Invalid parameter: Email address")
        is_new = self.backend._find_subscription(topic, endpoint, protocol) is None
        try:
            result = super().subscribe()
        except ServiceException:
            self._forget(topic, endpoint, protocol, is_new)
            raise
        arn = cast(Any, result).result["SubscriptionArn"]
        waits = self.sns.request_confirmation(arn, is_new=is_new)
        hidden = waits and not self._get_param("ReturnSubscriptionArn")
        return ActionResult({"SubscriptionArn": "pending confirmation" if hidden else arn})

    def _forget(self, topic: str, endpoint: str, protocol: str, is_new: bool) -> None:
        """moto creates first and reads the attributes after: undo it when they are not valid."""
        half_made = self.backend._find_subscription(topic, endpoint, protocol)
        if is_new and half_made is not None:
            self.backend.unsubscribe(half_made.arn)

    def confirm_subscription(self) -> ActionResult:
        topic = self._get_param("TopicArn")
        if topic not in self.backend.topics:
            raise SNSNotFoundError("Topic does not exist")
        try:
            arn = self.sns.confirm(topic, self._get_param("Token") or "")
        except SnsRefusal as refusal:
            raise InvalidParameterValue(str(refusal)) from refusal
        return ActionResult({"SubscriptionArn": arn})

    def unsubscribe(self) -> ActionResult:
        arn = self._get_param("SubscriptionArn")
        if (elements := len(arn.split(":"))) < 6:
            raise InvalidParameterValue(
                "Invalid parameter: SubscriptionArn Reason: "
                f"An ARN must have at least 6 elements, not {elements}"
            )
        found = self.backend.subscriptions.get(arn)
        if found is not None and subscription(found).is_pending:
            raise InvalidParameterValue(
                "Invalid parameter: SubscriptionArn Reason: "
                "A subscription that is pending confirmation cannot be deleted"
            )
        return super().unsubscribe()

    def list_subscriptions(self) -> ActionResult:
        return _with_pending(super().list_subscriptions())

    def list_subscriptions_by_topic(self) -> ActionResult:
        return _with_pending(super().list_subscriptions_by_topic())

    def get_topic_attributes(self) -> ActionResult:
        answer = super().get_topic_attributes()
        topic = self._get_param("TopicArn")
        pending = [
            subscription(each).is_pending
            for each in self.backend.subscriptions.values()
            if each.topic_arn == topic
        ]
        cast(Any, answer).result["Attributes"] |= {
            "SubscriptionsPending": str(pending.count(True)),
            "SubscriptionsConfirmed": str(pending.count(False)),
        }
        return answer

    def set_topic_attributes(self) -> ActionResult:
        if self._get_param("AttributeName") == "Policy":
            try:
                json.loads(self._get_param("AttributeValue") or "")
            except ValueError as error:
                raise InvalidParameterValue("Invalid parameter: Policy Error: null") from error
        return super().set_topic_attributes()


def _with_pending(answer: ActionResult) -> ActionResult:
    """Until it is confirmed, a list shows PendingConfirmation where the ARN will be."""
    listed = cast(Any, answer).result
    rows = [
        {
            "SubscriptionArn": _shown_arn(each),
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in listed["Subscriptions"]
    ]
    return ActionResult(listed | {"Subscriptions": rows})


def _shown_arn(found: Any) -> str:
    return "PendingConfirmation" if subscription(found).is_pending else str(found.arn)


class _EventsApi(EventsHandler):
    """moto's EventBridge, with the refusals of PutEvents and with TestEventPattern."""

    clock: ClassVar[Clock]

    def put_rule(self) -> Any:
        return self._noted(self._get_param("Name"), super().put_rule)

    def put_targets(self) -> Any:
        return self._noted(self._get_param("Rule"), super().put_targets)

    def _noted(self, name: str, act: Callable[[], Any]) -> Any:
        """Note when a rule and its targets came, which moto does not."""
        bus = (self._get_param("EventBusName") or "default").rpartition("/")[2]
        rules = getattr(self.events_backend.event_buses.get(bus), "rules", {})
        before = getattr(rules.get(name), SINCE, {})
        answer = act()
        if rule := rules.get(name):
            note_rule(rule, before, self.clock.now)
        return answer

    def put_events(self) -> str:
        entries = self._get_param("Entries") or []
        own = [str(each.get("Source", "")).startswith("aws.") for each in entries]
        accepted = self.events_backend.put_events(
            [each for each, is_aws in zip(entries, own, strict=True) if not is_aws]
        )
        refusal = {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
        rest = iter(accepted)
        answers = [refusal if is_aws else next(rest) for is_aws in own]
        failed = sum("ErrorCode" in each for each in answers)
        return json.dumps({"FailedEntryCount": failed, "Entries": answers})

    def test_event_pattern(self) -> tuple[str, dict[str, Any]]:  # type: ignore[override]
        pattern = EventPattern.load(self._get_param("EventPattern"))
        try:
            event = json.loads(self._get_param("Event") or "")
        except ValueError as error:
            raise _invalid_event("it is not JSON") from error
        wanted = [key for key in ENVELOPE if key not in ("version", "detail")]
        missing = [key for key in wanted if not isinstance(event, dict) or key not in event]
        if missing:
            raise _invalid_event(f"it lacks {', '.join(missing)}")
        return json.dumps({"Result": pattern.matches_event(event)}), self.response_headers


def _invalid_event(reason: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", f"Parameter Event is not valid. Reason: {reason}.")


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
        super().__init__(_backend)
        self.clock = clock
        self.ids = ids
        self.identities = MotoIdentities(_backend)
        self.outbox = Outbox()
        self._restore = _take_over_moto(self)
        self.reset()

    def reset(self, *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        """An account as new: nothing in it but the roles that the first use of ECS leaves."""
        self.clock = clock or self.clock
        self.ids = ids or self.ids
        _empty_moto()
        mock_random.seed(self.ids.seed)
        self._lookups = MotoLookups(_backend, ACCOUNT_ID, self.clock)
        self.outbox.clear()
        self.sns = Sns(self.clock, self.ids, self._lookups, self.outbox)
        _SnsApi.sns, _EventsApi.clock = self.sns, self.clock
        self.bus = EventBus(self.clock, self.ids, self._lookups, self.sns)
        iam = _backend("iam", "aws")
        seed_roles(iam)
        seed_caller(iam)

    def close(self) -> None:
        """Give moto back its own clock and stubs. Another Account may live now."""
        if Account._live is self:
            self._restore()
            Account._live = None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer any AWS call that is not ECS. Never raises, never waits, never calls out."""
        if request.scope is None:
            text = "Request is missing Authentication Token"
            return error_response(request, 403, "MissingAuthenticationToken", text)
        region, service = request.scope
        if service not in SERVICES:
            text = f"The emulator does not have the AWS service {service}."
            return error_response(request, 400, "NotImplemented", text)
        self.sns.forget_expired()
        try:
            return self._ask_moto(without_wait(request))
        except (NotImplementedError, OperationNotFoundError):
            text = f"The emulator does not have {service} {request.operation or request.path}."
            code = "UnknownOperationException" if request.is_json else "InvalidAction"
            return error_response(request, 400, code, text)
        except KeyError as error:
            if error.args == (region,):
                text = f"{service} has no region {region}."
                return error_response(request, 400, "InvalidRegion", text)
            return _crashed(request, error)
        except Exception as error:
            return _crashed(request, error)

    @cached_property
    def _app(self) -> Any:
        """moto's WSGI application. It brings Flask along, which calls of ECS do without."""
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        return DomainDispatcherApplication(_create_app)

    def _ask_moto(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_MOTO_PATHS):
            return _nothing_there(request, 404)
        environ = EnvironBuilder(
            method=request.method,
            path=request.path,
            query_string=request.query_string,
            headers=[*request.headers.items()],
            base_url=f"http://{request.headers.get('host', '127.0.0.1')}/",
            data=request.body,
        ).get_environ()
        content, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        answer = {name.lower(): value for name, value in headers.items()}
        if "text/html" in answer.get("content-type", "") and not status.startswith("2"):
            return _nothing_there(request, int(status[:3]))
        return HttpResponse(int(status[:3]), answer, b"".join(content))

    def long_poll_seconds(self, request: HttpRequest) -> int:
        """How long a ReceiveMessage may wait for a message: its own word, or else the queue's.

        `handle` never waits, so who serves the request waits (in virtual time) and asks again.
        """
        if request.scope is None or not is_receive_message(request):
            return 0
        if "WaitTimeSeconds" in request.parameters:
            return requested_wait(request) or 0
        name = request.parameters.get("QueueUrl", request.path).rpartition("/")[2]
        backend = regional(_backend, "sqs", request.scope[0])
        queue = backend.queues.get(name) if backend else None
        return 0 if queue is None else int(queue.receive_message_wait_time_seconds or 0)

    def has_message(self, queue_arn: str) -> bool | None:
        """Whether a ReceiveMessage would bring something now. None if there is no such queue."""
        *_, service, region, _, name = ("", "", "", "", *queue_arn.split(":"))
        backend = regional(_backend, "sqs", region) if service == "sqs" else None
        queue = backend.queues.get(name) if backend else None
        return None if queue is None else bool(queue.messages)

    def follow_link(self, path_with_query: str) -> HttpResponse:
        """What a click on a link in a mail does, and the page that it shows."""
        return mail_links.follow(path_with_query, self.sns, self._lookups)


def _create_app(service: Any) -> Any:
    """moto's app for one service. Building it draws ids: put the stream back where it was."""
    from moto.moto_server.werkzeug_app import create_backend_app

    state = mock_random.getstate()
    app = create_backend_app(service)
    mock_random.setstate(state)
    return app


_definitions_of_moto = cache(moto.core.loaders.create_loader)
"""moto adds to botocore's definitions. It, too, would look through all of them each time."""


def _empty_moto() -> None:
    """Forget every backend. moto's own reset would first fill them again, at 0.4 s for EC2."""
    in_use = cast(Any, BackendDict)._instances
    for backends in in_use:
        backends.clear()
    in_use.clear()
    reset_model_data()


_managed_policies = ManagedPolicies(IAMBackend._init_aws_policies, mock_random)


def _policies_of_aws(iam: IAMBackend) -> list[Any]:
    return _managed_policies.of(iam)


def _nothing_there(request: HttpRequest, status: int) -> HttpResponse:
    text = f"The emulator has nothing at {request.method} {request.path}."
    return error_response(request, status, "InvalidAction", text)


def _crashed(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.error("moto failed on %s %s", request.scope, request.operation, exc_info=error)
    text = f"The emulator failed on {request.operation or request.path}: {error!r}"
    return error_response(request, 500, "InternalFailure", text)


def _take_over_moto(account: Account) -> Callable[[], None]:
    """Put our clock, SNS and EventBridge where moto has its own. What is returned undoes it.

    moto.core.utils asks the `datetime` module for the time (utcnow, unix_time), and every service
    of moto asks moto.core.utils: so a stand-in for that one module sets all clocks. Topic.publish
    and Rule.send_to_targets are the two doors through which moto delivers anything to anybody.
    """
    replaced: list[tuple[Any, str, Any]] = [
        (moto.core.utils, "datetime", types.SimpleNamespace(datetime=_clock_of(account))),
        (botocore.session, "create_loader", loader_for),  # moto opens a session for each question
        (moto.core.utils, "create_loader", _definitions_of_moto),
        (moto.settings, "ec2_load_default_amis", lambda: False),  # 0.3 s a region, for nothing
        (BaseResponse, "get_current_account", lambda _: ACCOUNT_ID),
        (moto.core.responses, "gen_amzn_requestid_long", _request_id_for(account)),
        (MotoTopic, "publish", _publish_for(account)),
        (MotoRule, "send_to_targets", _send_for(account)),
        (IAMBackend, "_init_aws_policies", _policies_of_aws),
    ]
    undo = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    for owner, name, ours in replaced:
        setattr(owner, name, ours)
    sns_urls.url_paths["{0}/$"] = _SnsApi.dispatch
    events_urls.url_paths["{0}/"] = _EventsApi.dispatch
    default_user_config["iam"]["load_aws_managed_policies"] = True
    SERVICE_NAME_CONVERSION["ecs"] = "ECS"  # AWSServiceRoleForECS; moto would say ...Forecs

    def restore() -> None:
        for owner, name, theirs in undo:
            setattr(owner, name, theirs)
        sns_urls.url_paths["{0}/$"] = SNSResponse.dispatch
        events_urls.url_paths["{0}/"] = EventsHandler.dispatch
        default_user_config["iam"]["load_aws_managed_policies"] = False
        del SERVICE_NAME_CONVERSION["ecs"]

    return restore


def _clock_of(account: Account) -> type[datetime]:
    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return account.clock.now.astimezone(tz or UTC)

    return VirtualDatetime


def _request_id_for(account: Account) -> Callable[..., str]:
    """From a stream of our own, so that asking once more changes no id of what is made later."""

    def request_id(headers: dict[str, Any] | None = None) -> str:
        made = account.ids.uuid("request id")
        if headers is not None:
            headers["x-amzn-requestid"] = made
        return made

    return request_id


def _publish_for(account: Account) -> Callable[..., str]:
    def publish(
        topic: MotoTopic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        publication = Publication(
            topic.arn,
            message,
            subject,
            message_attributes or {},
            group_id,
            deduplication_id,
            message_structure == "json",
        )
        try:
            return account.sns.publish(publication)
        except SnsRefusal as refusal:
            raise InvalidParameterValue(str(refusal)) from refusal

    return publish


def _send_for(account: Account) -> Callable[..., None]:
    def send_to_targets(rule: MotoRule, original_event: Any, **_: Any) -> None:
        event = {key: original_event[key] for key in ENVELOPE if key in original_event}
        if not isinstance(event["time"], str):
            moment = datetime.fromtimestamp(float(event["time"]), UTC)
            event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if matches(rule, event):
            account.bus.offer(rule_of(rule), event, rule.region_name)

    return send_to_targets
