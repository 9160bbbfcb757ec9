"""Room: moto, put on our clock and seed.

Lives here: moto's backends in this process, and how a call is handed to them: our SNS and
EventBridge where moto has stubs, our time and chance where it has its own.
Never here: rules, and what the backends hold (account.lookups).

moto takes a third of a second to import, and a world in which only ECS is called does without.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import import_module
from typing import Any, cast

import boto3
import botocore.session
import moto.core.loaders
import moto.core.responses
import moto.core.utils
import moto.settings
import moto.sns.models
import moto.utilities.utils
from botocore import xform_name
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.events.models import EventPatternParser
from moto.events.models import Rule as MotoRule
from moto.iam.models import SERVICE_NAME_CONVERSION, IAMBackend
from moto.moto_api._internal import mock_random
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend
from moto.sns.models import Topic as MotoTopic
from werkzeug.exceptions import HTTPException

from ecs_emulator.account.first_things import seed_caller, seed_roles
from ecs_emulator.account.lookups import matches, rule_of
from ecs_emulator.account.managed_policies import ManagedPolicies
from ecs_emulator.account.moto import sqs as moto_sqs
from ecs_emulator.account.moto.events import EventsApi
from ecs_emulator.account.moto.sns import SnsApi
from ecs_emulator.environment import without_the_users_settings
from ecs_emulator.messaging.eventbridge import EventBus
from ecs_emulator.messaging.sns import Publication, Sns, SnsRefusal
from ecs_emulator.messaging.target_input import ENVELOPE
from ecs_emulator.wire.http_messages import HttpRequest, HttpResponse, error_response
from ecs_emulator.wire.service_models import loader_for, nobodys_session
from ecs_emulator.world.clock import Clock
from ecs_emulator.world.ids import Ids
from ecs_emulator.world.state import RegisteredTarget

_PACKAGES = {"monitoring": "cloudwatch", "elasticloadbalancing": "elb"}
"""Where moto's package is not called as requests to the service are signed."""
_OF_INSTANCES = re.compile("RunInstances|.*InstanceType.*|RequestSpot.*|CreateFleet")
"""Calls of EC2 that need the catalogue of instance types, which is not read: 0.2 s, and tasks on
Fargate have no instances."""
_FIRST_ERROR = 400
Handler = Callable[[Request, str, Mapping[str, str]], tuple[int, Mapping[str, Any], str | bytes]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What moto asks of us."""

    account_id: str
    clock: Clock
    ids: Ids
    sns: Sns
    bus: EventBus
    targets_in: Callable[[str], Sequence[RegisteredTarget]]


class MotoWorld:
    """moto with nothing in it but what the first use of ECS leaves, made at the moment `born`."""

    def __init__(self, around: Surroundings, born: datetime) -> None:
        self._account_id = around.account_id
        self._clock = around.clock
        self._moment: datetime | None = born
        self._known: dict[tuple[str, str], Any] = {}
        self._restore = [_take_over(around, self._now)]
        self._targets_in = around.targets_in
        self._knows_targets = False
        _empty()
        mock_random.seed(around.ids.seed)
        SnsApi.sns, EventsApi.clock = around.sns, around.clock
        iam = self.backend("iam", "aws")
        seed_roles(iam)
        seed_caller(iam)
        self._moment = None

    def _now(self) -> datetime:
        return self._moment or self._clock.now

    def backend(self, service: str, region: str) -> Any:
        """moto's backend of a service in a region. KeyError if there is no such region."""
        known = self._known.get((service, region))
        if known is None:
            known = self._known[service, region] = _backends(service)[self._account_id][region]
        return known

    def has(self, request: HttpRequest, service: str) -> bool:
        """Whether moto has this operation; where its handler does not tell, yes."""
        handler = _handler(service, request.path)
        owner = getattr(handler, "__self__", None)
        return owner is None or hasattr(owner, xform_name(request.operation))

    def answer(self, request: HttpRequest, service: str) -> HttpResponse:
        """Raises whatever moto raises for what it does not have."""
        if service == "ec2" and _OF_INSTANCES.fullmatch(request.operation):
            raise NotImplementedError
        if service == "elasticloadbalancing" and not self._knows_targets:
            from ecs_emulator.account.moto import elb

            self._knows_targets = True
            self._restore.append(elb.take_over(self._targets_in))
        handler = _handler(service, request.path)
        if handler is None:
            return _nothing_there(request, 404)
        asked = _Asked.from_primitives(request.method, _url(request), request.headers, request.body)
        try:
            status, headers, body = handler(asked, asked.raw_url, dict(asked.headers))
        except HTTPException as error:
            status, body = error.code or 500, error.get_body()
            headers = dict(error.get_headers())
        except ClientError as error:
            said = error.response["Error"]
            return error_response(request, 400, said["Code"], said["Message"])
        answer = {name.lower(): str(value) for name, value in headers.items()}
        if status >= _FIRST_ERROR and "text/html" in answer.get("content-type", ""):
            return _nothing_there(request, status)  # a page of werkzeug's, which no client reads
        answer.setdefault(
            "content-type", "application/x-amz-json-1.1" if request.is_json else "text/xml"
        )
        return HttpResponse(status, answer, body.encode() if isinstance(body, str) else body)

    def close(self) -> None:
        """Give moto back its own clock and stubs."""
        for restore in self._restore:
            restore()


def _nothing_there(request: HttpRequest, status: int) -> HttpResponse:
    text = f"The emulator has nothing at {request.method} {request.path}."
    return error_response(request, status, "InvalidAction", text)


class _Asked(Request):
    """A request as moto's own server has it: that server, and not moto, writes the date."""

    from_wsgi_server = True


def _url(request: HttpRequest) -> str:
    host = request.headers.get("host", "127.0.0.1")
    query = f"?{request.query_string}" if request.query_string else ""
    return f"http://{host}{request.path}{query}"


@cache
def _handlers(service: str) -> tuple[tuple[re.Pattern[str], Handler], ...]:
    """By the path of a request. moto's own server reads them off a backend, which it first makes.

    >>> [pattern.pattern for pattern, _ in _handlers("sts")]
    ['/']
    """
    ours: dict[str, Handler] = {"sns": SnsApi.dispatch, "events": EventsApi.dispatch}
    if service in ours:
        return ((re.compile("/"), ours[service]),)
    with without_the_users_settings():
        urls = import_module(f"moto.{_PACKAGES.get(service, service)}.urls").url_paths
    return tuple(
        (re.compile(path.removeprefix("{0}").removesuffix("$")), handler)
        for path, handler in urls.items()
    )


def _handler(service: str, path: str) -> Handler | None:
    found = (handler for pattern, handler in _handlers(service) if pattern.fullmatch(path))
    return next(found, None)


_INHERITED = object()
"""Where moto has nothing of that name, or its class above."""


@cache
def _backends(service: str) -> Any:
    """moto imports its service anew at each question, and opens a session as it is imported."""
    with without_the_users_settings():
        return cast(Any, get_backend)(service)


_definitions_of_moto = cache(moto.core.loaders.create_loader)
"""moto adds to botocore's definitions. It, too, would look through all of them each time."""


_load_resource = moto.utilities.utils.load_resource


def _without_instance_types(resource: str) -> Any:
    """moto's EC2 reads all of them in all Regions as it is imported."""
    if "instance_type" not in resource:
        return _load_resource(resource)
    return [] if "offerings" in resource else {}


def _empty() -> None:
    """Forget every backend. moto's own reset would first fill them again, at 0.4 s for EC2."""
    in_use = cast(Any, BackendDict)._instances
    for backends in in_use:
        backends.clear()
    in_use.clear()
    reset_model_data()


_managed_policies = ManagedPolicies(IAMBackend._init_aws_policies, mock_random)


def _policies_of_aws(iam: IAMBackend) -> list[Any]:
    return _managed_policies.of(iam)


def _kept(parser: EventPatternParser) -> dict[str, Any]:
    """A pattern is read by `event_patterns`, and moto only keeps its text."""
    return {"text": parser.pattern} if parser.pattern else {}


@cache
def _session_of_nobody() -> Any:
    """moto asks for Regions. The user's profile, missing or broken, has nothing to do with them."""
    return boto3.Session(botocore_session=nobodys_session())


def _not_by_moto(*_: Any, **__: Any) -> None:
    """Filter policies are read by `filter_policies`."""


def _take_over(around: Surroundings, now: Callable[[], datetime]) -> Callable[[], None]:
    """Put our clock, SNS and EventBridge where moto has its own. What is returned undoes it.

    moto.core.utils asks the `datetime` module for the time (utcnow, unix_time), and every service
    of moto asks moto.core.utils: so a stand-in for that one module sets all clocks. Topic.publish
    and Rule.send_to_targets are the two doors through which moto delivers anything to anybody.
    """
    clock = types.SimpleNamespace(datetime=_clock_of(now))
    replaced: list[tuple[Any, str, Any]] = [
        (moto.core.utils, "datetime", clock),
        (botocore.session, "create_loader", loader_for),  # moto opens a session for each question
        (moto.core.utils, "create_loader", _definitions_of_moto),
        (moto.core.utils, "Session", nobodys_session),
        (moto.utilities.utils, "load_resource", _without_instance_types),
        (moto.settings, "ec2_load_default_amis", lambda: False),  # 0.3 s a region, for nothing
        (BaseResponse, "get_current_account", lambda _: around.account_id),
        (moto.core.responses, "gen_amzn_requestid_long", _request_id_for(around.ids)),
        (MotoTopic, "publish", _publish_for(around.sns)),
        (MotoRule, "send_to_targets", _send_for(around.bus)),
        (IAMBackend, "_init_aws_policies", _policies_of_aws),
        (EventPatternParser, "parse", _kept),
        (SNSBackend, "_validate_filter_policy", _not_by_moto),
        (moto.sns.models, "FilterPolicyMatcher", _not_by_moto),
        *moto_sqs.REPLACED,
        (AccountSpecificBackend, "get_session", staticmethod(_session_of_nobody)),
    ]
    undo = [(owner, name, vars(owner).get(name, _INHERITED)) for owner, name, _ in replaced]
    for owner, name, ours in replaced:
        setattr(owner, name, ours)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    SERVICE_NAME_CONVERSION["ecs"] = "ECS"  # AWSServiceRoleForECS; moto would say ...Forecs

    def restore() -> None:
        for owner, name, theirs in undo:
            if theirs is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, theirs)
        default_user_config["iam"]["load_aws_managed_policies"] = False
        del SERVICE_NAME_CONVERSION["ecs"]

    return restore


def _clock_of(moment: Callable[[], datetime]) -> type[datetime]:
    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment().astimezone(tz or UTC)

    return VirtualDatetime


def _request_id_for(ids: Ids) -> Callable[..., str]:
    """From a stream of our own, so that asking once more changes no id of what is made later."""

    def request_id(headers: dict[str, Any] | None = None) -> str:
        made = ids.uuid("request id")
        if headers is not None:
            headers["x-amzn-requestid"] = made
        return made

    return request_id


def _publish_for(sns: Sns) -> Callable[..., str]:
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
            return sns.publish(publication)
        except SnsRefusal as refusal:
            raise InvalidParameterValue(str(refusal)) from refusal

    return publish


def _send_for(bus: EventBus) -> Callable[..., None]:
    def send_to_targets(rule: MotoRule, original_event: Any, **_: Any) -> None:
        event = {key: original_event[key] for key in ENVELOPE if key in original_event}
        if not isinstance(event["time"], str):
            moment = datetime.fromtimestamp(float(event["time"]), UTC)
            event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if matches(rule, event):
            bus.offer(rule_of(rule), event, rule.region_name)

    return send_to_targets
