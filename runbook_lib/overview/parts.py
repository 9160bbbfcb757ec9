"""Room: the parts of what the walk builds, each as AWS shows it.

Lives here: reading them with few calls, and the word for the state of each.
Never here: changing anything, finding out why an alert is lost (alerts.diagnosis).

A part that the caller may not read is unknown, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.alerts.resource_statements import permission_of
from runbook_lib.aws import reading
from runbook_lib.aws.refusals import code_of, is_forbidden
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.task_definition import matching_revision
from runbook_lib.plans.topic import topic_arn
from runbook_lib.walk.planning import good_revision

TASK_DEFINITION, SERVICE, BREAKER = "task definition", "service", "circuit breaker"
EVENT, RULE, TOPIC, READER = "event", "rule", "topic", "reader"
FAILED_EVENT = "SERVICE_DEPLOYMENT_FAILED"
GOOD, BUSY, ABSENT, BAD, UNKNOWN = "good", "busy", "absent", "bad", "unknown"
MADE_BY: Mapping[str, str] = {
    TASK_DEFINITION: "10_register_task_definition",
    SERVICE: "20_create_service",
    BREAKER: "20_create_service",
    EVENT: "50_run_failure_drill",
    RULE: "40_create_event_rule",
    TOPIC: "30_create_sns_topic",
    READER: "30_create_sns_topic",
}
"""The parts in the order in which an alert comes about, and the notebook that makes each."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """`kind` is AWS's word for it, `state` what it is like now, `look` which sign that gets.

    `was_there`: it belongs to a service that the user already had, so no notebook makes it.
    """

    kind: str
    name: str
    state: str
    look: str
    was_there: bool = False

    @property
    def notebook(self) -> str:
        return MADE_BY[self.kind]


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts, in order.

    `can_roll_back`: the breaker is on, and a deployment is COMPLETED. `has_rolled_back`: the
    service events tell of a rollback; `back_on` is the release that it brought, if it still runs.
    """

    all: tuple[Part, ...]
    can_roll_back: bool = False
    has_rolled_back: bool = False
    back_on: str = ""

    def __getitem__(self, kind: str) -> Part:
        return next(each for each in self.all if each.kind == kind)

    def is_done(self, notebook: str) -> bool | None:
        """Whether AWS shows that this notebook has been done; None where AWS does not say."""
        own = [each for each in self.all if each.notebook == notebook]
        if not own or any(each.look == UNKNOWN for each in own):
            return None
        if notebook == MADE_BY[SERVICE]:
            return self.can_roll_back
        if notebook == MADE_BY[EVENT]:
            return self.has_rolled_back or None
        return all(each.look == GOOD for each in own)


@dataclass(frozen=True, slots=True)
class _Denied:
    """Instead of a fact that the caller may not read."""


def read_parts(session: Session, settings: Settings) -> Parts:
    """The parts under the names of the settings. At most eight calls on the way of the walk."""
    service = _if_allowed(lambda: reading.read_service(session, settings.cluster, settings.service))
    known = service if isinstance(service, facts.Service) else None
    definition = _if_allowed(lambda: _release(session, settings, known))
    rule = _if_allowed(lambda: reading.read_rule(session, settings.rule))
    topic = _if_allowed(lambda: reading.read_topic(session, settings.topic))
    failed = known.last_failure if known else None
    deployed = (
        _definition_part(settings, definition),
        _service_part(settings, service),
        _breaker_part(service),
    )
    return Parts(
        (
            *(replace(each, was_there=settings.drills_own_service) for each in deployed),
            _event_part(service),
            _rule_part(session, settings, rule),
            _topic_part(session, settings, rule, topic),
            _reader_part(settings, topic),
        ),
        can_roll_back=known is not None
        and known.circuit_breaker.rolls_back
        and any(each.is_completed for each in known.deployments),
        has_rolled_back=bool(known and failed and known.rolled_back_to(failed[0])),
        back_on=_back_on(known) if known else "",
    )


def _if_allowed(read: Callable[[], T]) -> T | _Denied:
    try:
        return read()
    except ClientError as error:
        if is_forbidden(error):
            return _Denied()
        raise


def _release(
    session: Session, settings: Settings, service: facts.Service | None
) -> facts.TaskDefinition | None:
    """What a rollback would return to, or, before there is a service, the runbook's revision."""
    if service is not None:
        return _described(session, service.restored_task_definition)
    if settings.drills_own_service:
        return None
    newest = reading.read_task_definitions(session, settings.family, most=1)
    if not newest:
        return None
    return matching_revision(settings, settings.good_image, newest) or good_revision(
        session, settings
    )


def _described(session: Session, name: str) -> facts.TaskDefinition | None:
    try:
        return reading.read_task_definition(session, name)
    except ClientError as error:
        if code_of(error) == "ClientException":  # it was deleted
            return None
        raise


def _unknown(kind: str, name: str) -> Part:
    return Part(kind, name, "unknown: you may not read it", UNKNOWN)


def _absent(kind: str, name: str, state: str = "absent") -> Part:
    return Part(kind, name, state, ABSENT)


def _definition_part(settings: Settings, found: facts.TaskDefinition | _Denied | None) -> Part:
    if isinstance(found, _Denied):
        return _unknown(TASK_DEFINITION, settings.family)
    if found is None:
        return _absent(TASK_DEFINITION, settings.family)
    is_active = found.status == "ACTIVE"
    return Part(TASK_DEFINITION, found.name, found.status, GOOD if is_active else BAD)


def _service_part(settings: Settings, found: facts.Service | _Denied | None) -> Part:
    if isinstance(found, _Denied):
        return _unknown(SERVICE, settings.service)
    if found is None:
        return _absent(SERVICE, settings.service)
    return Part(SERVICE, found.name, *_service_state(found))


def _service_state(service: facts.Service) -> tuple[str, str]:
    primary, back = service.primary, _back_on(service)
    if service.is_draining:
        return "being deleted", BUSY
    if primary is None:
        return "without a deployment", BAD
    release = primary.task_definition
    if primary.has_failed:
        return f"deployment of {release} failed", BAD
    if service.is_steady:
        return f"steady, {'back on' if back else 'runs'} {release}", GOOD
    if not primary.is_completed:
        if back:
            return f"rolling back to {release}", BUSY
        return f"deployment of {release} in progress", BUSY
    if len(service.deployments) > 1:
        return f"deployment of {release} ends", BUSY
    return f"{service.running_count} of {service.desired_count} tasks run", BAD


def _back_on(service: facts.Service) -> str:
    """The release that the last deployment's failure brought back; "" if nothing has failed since.

    A deployment that was begun after the failure is newer than it; one that came back is older.
    """
    failure, primary = service.last_failure, service.primary
    if failure is None or primary is None or primary.created_at > failure[1]:
        return ""
    return primary.task_definition if service.rolled_back_to(failure[0]) else ""


def _breaker_part(service: facts.Service | _Denied | None) -> Part:
    if isinstance(service, _Denied):
        return _unknown(BREAKER, "")
    if service is None:
        return _absent(BREAKER, "")
    breaker = service.circuit_breaker
    if breaker.rolls_back:
        return Part(BREAKER, "", "on, with rollback", GOOD)
    return Part(BREAKER, "", "on, without rollback" if breaker.enable else "off", BAD)


def _event_part(service: facts.Service | _Denied | None) -> Part:
    if isinstance(service, _Denied):
        return _unknown(EVENT, FAILED_EVENT)
    if service is None or service.last_failure is None:
        return _absent(EVENT, FAILED_EVENT, "no deployment has failed")
    return Part(EVENT, FAILED_EVENT, "a deployment has failed", GOOD)


def _rule_part(session: Session, settings: Settings, found: facts.Rule | _Denied | None) -> Part:
    if isinstance(found, _Denied):
        return _unknown(RULE, settings.rule)
    if found is None:
        return _absent(RULE, settings.rule)
    if not found.is_enabled:
        return Part(RULE, found.name, "disabled", BAD)
    if not found.targets:
        return Part(RULE, found.name, "enabled, without a target", BAD)
    arn = topic_arn(settings, session.account)
    if not any(each.arn == arn for each in found.targets):
        return Part(RULE, found.name, "enabled, target is not the topic", BAD)
    return Part(RULE, found.name, "enabled", GOOD)


def _topic_part(
    session: Session,
    settings: Settings,
    rule: facts.Rule | _Denied | None,
    found: facts.Topic | _Denied | None,
) -> Part:
    if isinstance(found, _Denied):
        return _unknown(TOPIC, settings.topic)
    if found is None:
        return _absent(TOPIC, settings.topic)
    arn = topic_arn(settings, session.account)
    targets = rule.targets if isinstance(rule, facts.Rule) else ()
    has_role = any(each.role_arn and each.arn == arn for each in targets)
    if has_role or permission_of(found.policy, "sns:Publish", arn).is_given:
        return Part(TOPIC, settings.topic, "EventBridge may publish", GOOD)
    return Part(TOPIC, settings.topic, "EventBridge may not publish", BAD)


def _reader_part(settings: Settings, topic: facts.Topic | _Denied | None) -> Part:
    """Whoever subscribes, save the probe queue of a drill: it proves delivery and reads nothing."""
    if isinstance(topic, _Denied):
        return _unknown(READER, "")
    readers = [
        each
        for each in (topic.subscriptions if topic else ())
        if each.endpoint.rpartition(":")[2] != settings.probe_queue
    ]
    if not readers:
        return _absent(READER, "", "nobody")
    confirmed = sum(each.is_confirmed for each in readers)
    counts = {"confirmed": confirmed, "pending": len(readers) - confirmed}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return Part(READER, "", said, GOOD if confirmed else BAD)
