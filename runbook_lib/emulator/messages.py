"""Room: what is said inside the emulator, as frozen values.

Lives here: stimuli (something happened, or a moment came) and actions (what the reconciler wants
done).
Never here: behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Something that happens to the world at a moment of the agenda."""


@dataclass(frozen=True, slots=True)
class LookAgain(Stimulus):
    """The scheduler looks at a service, as it asked to at this time."""

    service_arn: str


@dataclass(frozen=True, slots=True)
class DeploymentPickedUp(Stimulus):
    """The scheduler takes up a deployment that an API call asked for."""

    service_arn: str
    deployment_id: str


@dataclass(frozen=True, slots=True)
class FailureCounted(Stimulus):
    """The scheduler takes notice of a task that did not start. It does so when it next wakes."""

    service_arn: str
    deployment_id: str


@dataclass(frozen=True, slots=True)
class TaskStimulus(Stimulus):
    task_arn: str


@dataclass(frozen=True, slots=True)
class TaskReaches(TaskStimulus):
    """A task comes to its next lastStatus by itself."""

    status: str


@dataclass(frozen=True, slots=True)
class PullStarts(TaskStimulus):
    """The image pull of a task begins."""


@dataclass(frozen=True, slots=True)
class PullStops(TaskStimulus):
    """The image is there."""


@dataclass(frozen=True, slots=True)
class TaskFailsToStart(TaskStimulus):
    """A task gives up before it was RUNNING."""


@dataclass(frozen=True, slots=True)
class ContainerExits(TaskStimulus):
    """An essential container ends by itself."""


@dataclass(frozen=True, slots=True)
class TaskBecomesHealthy(TaskStimulus):
    """A RUNNING task counts as healthy from now on."""


@dataclass(frozen=True, slots=True)
class TaskBecomesUnhealthy(TaskStimulus):
    """A RUNNING task failed its health check often enough."""


@dataclass(frozen=True, slots=True)
class TaskForgotten(TaskStimulus):
    """A stopped task leaves DescribeTasks."""


@dataclass(frozen=True, slots=True)
class Action:
    """What the reconciler wants done now."""


@dataclass(frozen=True, slots=True)
class StartTasks(Action):
    deployment_id: str
    count: int


@dataclass(frozen=True, slots=True)
class StopTasks(Action):
    """Stop `count` tasks of the deployment that stand in `place` (pending, healthy, …)."""

    deployment_id: str
    place: str
    count: int


@dataclass(frozen=True, slots=True)
class FailDeployment(Action):
    """The breaker trips. With `roll_back_to`, that deployment becomes PRIMARY again."""

    deployment_id: str
    roll_back_to: str | None


@dataclass(frozen=True, slots=True)
class CompleteDeployment(Action):
    deployment_id: str


@dataclass(frozen=True, slots=True)
class RemoveService(Action):
    """A DRAINING service has no task left: it becomes INACTIVE."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and when to look again at the latest."""

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
