"""Room: is the service as it should be?

Lives here: the steady-state hypothesis of a drill, in the terms of Chaos Toolkit: probes with a
tolerance, each met or not, before and after.
Never here: reading, what happened in between.

https://chaostoolkit.org/reference/concepts/
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.facts import Service, Task


@dataclass(frozen=True, slots=True)
class Probe:
    """`value` is what was found, `tolerance` what it has to be."""

    name: str
    tolerance: str
    value: str

    @property
    def met(self) -> bool:
        return self.value == self.tolerance


@dataclass(frozen=True, slots=True)
class SteadyState:
    """The hypothesis holds if every probe is met."""

    time: datetime
    probes: tuple[Probe, ...]

    @property
    def met(self) -> bool:
        return all(each.met for each in self.probes)

    @property
    def deviations(self) -> str:
        """ "running tasks is 0, not 1"; "" if the hypothesis holds."""
        return ", ".join(
            f"{each.name} is {each.value}, not {each.tolerance}"
            for each in self.probes
            if not each.met
        )

    def as_record(self) -> dict[str, Any]:
        return {
            "met": self.met,
            "time": self.time.isoformat(timespec="milliseconds"),
            "probes": [
                {"name": p.name, "tolerance": p.tolerance, "value": p.value, "met": p.met}
                for p in self.probes
            ],
        }


def probe_steady_state(service: Service, tasks: Iterable[Task], time: datetime) -> SteadyState:
    """One deployment, COMPLETED; as many tasks RUNNING as desired, at least one; none UNHEALTHY.

    A service at desired count 0 is calm, not steady: nothing runs that could prove anything.
    """
    deployments = service.deployments
    primary = service.primary
    unhealthy = [
        each
        for each in tasks
        if each.last_status == "RUNNING" and each.health_status == "UNHEALTHY"
    ]
    wanted = max(service.desired_count, 1)
    return SteadyState(
        time,
        (
            Probe("status", "ACTIVE", service.status),
            Probe("deployments", "1", str(len(deployments))),
            Probe("rollout state", "COMPLETED", primary.rollout_state if primary else "none"),
            Probe("running tasks", str(wanted), str(service.running_count)),
            Probe("unhealthy tasks", "0", str(len(unhealthy))),
        ),
    )
