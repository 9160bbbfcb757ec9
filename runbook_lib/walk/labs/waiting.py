"""Room: other ways to wait, and what each costs.

Lives here: the waiter that people trust, `aws ecs wait services-stable`, on the session's clock,
and the calls that following a deployment takes.
Never here: whether a waiter is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
import botocore.waiter
from botocore import xform_name
from botocore.exceptions import WaiterError

from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import Watched, watch
from runbook_lib.plans.applying import Outcome
from runbook_lib.walk.labs.releases import started


@dataclass(frozen=True, slots=True)
class Stable:
    """What a waiter for a stable service says: `stable`, after so many `seconds` and `calls`."""

    stable: bool
    seconds: float
    calls: int

    def __repr__(self) -> str:
        said = "stable: exit code 0" if self.stable else "not stable: exit code 255"
        return f"{said}, after {self.seconds:.0f} s and {self.calls} calls"


def services_stable(session: Session, settings: Settings) -> Stable:
    """Wait as `aws ecs wait services-stable` does: boto3's own waiter, on the session's clock.

    It looks every 15 s, 40 times at most, for one deployment and as many tasks running as desired.
    https://docs.aws.amazon.com/cli/latest/reference/ecs/wait/services-stable.html
    """
    client, began, calls = session.client("ecs"), session.clock.now(), 0
    rule: Any = botocore.session.Session().get_waiter_model("ecs").get_waiter("ServicesStable")

    def look(**where: Any) -> Any:
        nonlocal calls
        if calls:
            session.clock.sleep(rule.delay)
        calls += 1
        return client.describe_services(**where)

    waiter = botocore.waiter.Waiter("ServicesStable", rule, look)
    try:
        where = {"cluster": settings.cluster, "services": [settings.service]}
        waiter.wait(**where, WaiterConfig={"Delay": 0})
    except WaiterError:
        return Stable(False, (session.clock.now() - began).total_seconds(), calls)
    return Stable(True, (session.clock.now() - began).total_seconds(), calls)


@dataclass(frozen=True, slots=True)
class Waiter:
    """A waiter of the AWS CLI: it looks every `delay` seconds, `max_attempts` times at most."""

    command: str
    delay: int
    max_attempts: int

    @property
    def minutes(self) -> float:
        """After how long it ends with exit code 255: 40 looks, 15 s apart, are 9.75 minutes."""
        return self.delay * (self.max_attempts - 1) / 60


def waiters() -> list[Waiter]:
    """The waiters for services and tasks, as botocore and so the AWS CLI have them.

    https://docs.aws.amazon.com/cli/latest/reference/ecs/wait/
    """
    model: Any = botocore.session.Session().get_waiter_model("ecs")
    rules = {name: model.get_waiter(name) for name in model.waiter_names}
    return [
        Waiter(f"aws ecs wait {xform_name(name, '-')}", rule.delay, rule.max_attempts)
        for name, rule in sorted(rules.items())
        if rule.operation in ("DescribeServices", "DescribeTasks")
    ]


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls of each operation were made: {"DescribeServices": 52}."""

    by_operation: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_operation.values())


def calls_while(
    session: Session,
    settings: Settings,
    outcome: Outcome,
    follow: Callable[..., Watched] = watch,
    **options: Any,
) -> Calls:
    """Follow what `outcome` has started with `watch` or `watch_by_queue`, and count its calls.

    `options` go to that function: calls_while(…, outcome, watch_by_queue, confirm="web").
    """
    before = len(session.journal.entries)
    follow(
        session,
        cluster=settings.cluster,
        service=settings.service,
        deployment_id=started(outcome),
        tell=lambda _: None,
        **options,
    )
    made = (each for each in session.journal.entries[before:] if each["kind"] == "call")
    return Calls(dict(Counter(each["operation"] for each in made)))
