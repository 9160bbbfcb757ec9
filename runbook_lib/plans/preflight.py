"""Room: is everything in place, before anything is made?

Lives here: what is checked before a walk, and the answers, all of them, in one table.
Never here: making anything, the plans.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from runbook_lib import facts
from runbook_lib.aws import reading
from runbook_lib.aws.registries import Image
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter, NotDrillable, NotOurs, RunbookError
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours
from runbook_lib.plans.existing_service import bad_image_for, check_drillable
from runbook_lib.plans.permissions import permissions_of
from runbook_lib.plans.service import check_cluster, check_network, chosen_network

OK, PROBLEM, UNKNOWN = "ok", "problem", "unknown"
VCPUS_A_TASK = 0.25
MOST_RULES = 300
"""Rules of an event bus. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
_FORBIDDEN = re.compile(r"AccessDenied|AuthorizationError|UnauthorizedOperation|InvalidAction")


@dataclass(frozen=True, slots=True)
class Check:
    """`state` is ok, problem or unknown. `error` is what stops the walk, with the next step."""

    name: str
    state: str
    found: str
    error: RunbookError | None = None


def preflight(session: Session, settings: Settings) -> tuple[Check, ...]:
    """Look at everything that a walk stands on. Only reads, and never raises for what it finds.

    Every problem is found at once, not the first one only. "unknown" is what the caller may not
    look at, or nobody can tell; the walk goes on.
    """
    looks: tuple[tuple[str, Callable[[Session, Settings], Iterator[str]]], ...] = (
        ("caller", _caller),
        ("permissions", _permissions),
        ("cluster", _cluster),
        ("network", _network),
        ("execution role", _role),
        ("service", _service),
        ("topic", _topic),
        ("rule", _rule),
        ("good image", _good_image),
        ("bad image", _bad_image),
        ("quotas", _quotas),
    )
    return tuple(_check(name, look, session, settings) for name, look in looks)


def problems(checks: tuple[Check, ...]) -> tuple[RunbookError, ...]:
    """What has to be fixed before the walk can begin."""
    return tuple(each.error for each in checks if each.error is not None)


def require(checks: tuple[Check, ...]) -> None:
    """Raises the first problem, if there is one. The table shows all of them."""
    for error in problems(checks):
        raise error


class _Unknown(Exception):
    """Nobody can tell, or the caller may not look."""


def _check(
    name: str,
    look: Callable[[Session, Settings], Iterator[str]],
    session: Session,
    settings: Settings,
) -> Check:
    try:
        return Check(name, OK, "; ".join(look(session, settings)))
    except RunbookError as error:
        return Check(name, PROBLEM, str(error), error)
    except _Unknown as unknown:
        return Check(name, UNKNOWN, str(unknown))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if not _FORBIDDEN.search(code):
            raise
        return Check(name, UNKNOWN, f"{session.caller} may not look: {error.operation_name}")


def _caller(session: Session, settings: Settings) -> Iterator[str]:
    yield f"{session.caller} in account {session.account}, {session.region}"
    if settings.expected_account:
        yield "as expected"


def _permissions(session: Session, settings: Settings) -> Iterator[str]:
    """By simulation, which itself needs iam:SimulatePrincipalPolicy. Only what the walk needs.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    if session.caller.endswith(":root"):
        yield "the root user is allowed everything; better not to use it"
        return
    principal = reading.read_principal(session)
    missing: list[str] = []
    printed = permissions_of(settings, session.account)
    statements = [each for each in printed if not each.is_optional]
    for each in statements:
        missing += reading.simulate(
            session, principal, each.actions, each.resources, each.condition
        )
    if missing:
        listed = ", ".join(sorted(set(missing)))
        raise NotDrillable(
            service=settings.service,
            problem=f"{session.caller} is not allowed {listed}",
            next_step="attach what `runbook permissions` prints",
        )
    yield f"{sum(len(each.actions) for each in statements)} actions are allowed"


def find_cluster(session: Session, settings: Settings) -> facts.Cluster | None:
    """The cluster. Only `default` may be absent; else `BadParameter` says what there is."""
    found = reading.read_cluster(session, settings.cluster)
    known = [] if found else reading.read_cluster_names(session)
    check_cluster(settings, exists=found is not None, known=known)
    return found


def _cluster(session: Session, settings: Settings) -> Iterator[str]:
    found = find_cluster(session, settings)
    yield f"{settings.cluster} {'is ACTIVE' if found else 'will be made'}"


def find_network(session: Session, settings: Settings) -> facts.Network:
    """The subnets and security groups that the tasks will use; all of them exist."""
    network = chosen_network(settings, reading.read_default_network(session))
    check_network(settings, reading.read_missing_network_ids(session, network))
    return network


def _network(session: Session, settings: Settings) -> Iterator[str]:
    if settings.drills_own_service:
        yield "the service's own"
        return
    network = find_network(session, settings)
    yield f"{network.source}, {len(network.subnet_ids)} subnets"


def _role(session: Session, settings: Settings) -> Iterator[str]:
    if settings.drills_own_service:
        yield "the service's own"
        return
    role = reading.read_role(session, settings.execution_role)
    yield f"{settings.execution_role} {'exists' if role else 'will be made'}"


def _service(session: Session, settings: Settings) -> Iterator[str]:
    service = reading.read_service(session, settings.cluster, settings.service)
    if settings.drills_own_service:
        if service is None:
            raise BadParameter(
                name="service",
                problem=f"{settings.service!r} does not exist in cluster {settings.cluster}, and "
                "service_mode is existing",
                example="my-own-service",
            )
        check_drillable(service)
        yield f"{service.name} can be drilled"
    elif service is None:
        yield f"{settings.service} will be made"
    elif is_ours(service.tags):
        yield f"{settings.service} is there, made by this runbook"
    else:
        raise NotOurs(
            what=f"service {settings.service} in cluster {settings.cluster}",
            next_step="choose another name for the parameter service, or service_mode: existing",
        )


def _topic(session: Session, settings: Settings) -> Iterator[str]:
    topic = reading.read_topic(session, settings.topic)
    if topic is None:
        yield f"{settings.topic} will be made"
    elif is_ours(topic.tags):
        yield f"{settings.topic} is there, made by this runbook"
    else:
        yield f"{settings.topic} is somebody else's: its policy is added to, nothing is removed"


def _rule(session: Session, settings: Settings) -> Iterator[str]:
    rule = reading.read_rule(session, settings.rule)
    if rule is not None and not is_ours(rule.tags):
        raise NotOurs(
            what=f"EventBridge rule {settings.rule}",
            next_step="choose another name for the parameter rule",
        )
    yield f"{settings.rule} {'is there, made by this runbook' if rule else 'will be made'}"


def _good_image(session: Session, settings: Settings) -> Iterator[str]:
    if settings.drills_own_service:
        yield "the service's own"
        return
    found = _has(session, settings.good_image)
    if found is False:
        raise BadParameter(
            name="good_image",
            problem=f"{settings.good_image!r} is not in its registry",
            example="nginx:alpine",
        )
    yield f"{settings.good_image} can be pulled"


def _bad_image(session: Session, settings: Settings) -> Iterator[str]:
    image = settings.bad_image
    if settings.drills_own_service:
        service = reading.read_service(session, settings.cluster, settings.service)
        if service is None:
            raise _Unknown("without the service it is not known which image is replaced")
        definition = reading.read_task_definition(session, service.restored_task_definition)
        image = bad_image_for(settings, definition)
    if _has(session, image):
        raise BadParameter(
            name="bad_image",
            problem=f"{image!r} exists in its registry, so nothing would fail for want of it",
            example="nginx:wrong-image-tag",
        )
    yield f"{image} does not exist, as it should be"


def _has(session: Session, text: str) -> bool:
    image = Image.read(text)
    if image.is_in_private_ecr:
        return reading.read_ecr_image(session, image)
    found = session.registries.has(image)
    if found is None:
        raise _Unknown(f"the registry of {text} does not say")
    return found


def _quotas(session: Session, settings: Settings) -> Iterator[str]:
    count = reading.count_rules(session)
    if count >= MOST_RULES and reading.read_rule(session, settings.rule) is None:
        raise NotDrillable(
            service=settings.service,
            problem=f"the default event bus has {count} rules, as many as it may have",
            next_step="delete one, or ask for more in Service Quotas",
        )
    yield f"{count} of {MOST_RULES} rules on the default event bus"
    vcpus = reading.read_fargate_vcpus(session)
    if vcpus is None:
        return
    needed = 2 * settings.desired_count * VCPUS_A_TASK
    if not settings.drills_own_service and needed > vcpus:
        raise BadParameter(
            name="desired_count",
            problem=f"{settings.desired_count} needs {needed:g} Fargate vCPUs while one release "
            f"replaces the other, and the account may have {vcpus:g}",
            example=max(int(vcpus / VCPUS_A_TASK / 2), 1),
        )
    yield f"{vcpus:g} Fargate vCPUs"
