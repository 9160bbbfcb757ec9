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
class AlarmsLookedAt(Stimulus):
    """ECS looks at the CloudWatch alarms of a deployment, as it does again and again."""

    service_arn: str
    deployment_id: str


@dataclass(frozen=True, slots=True)
class ZonesLookedAt(Stimulus):
    """ECS looks how the tasks of a service are spread over the Availability Zones."""

    service_arn: str


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
class CheckerTurns(TaskStimulus):
    """A checker of a RUNNING task makes up its mind. `plan` tells what is due from what was."""

    checker: str
    plan: int

    @property
    def target_group(self) -> str:
        """Its ARN, if it is a target group that turns; "" for a container's own check."""
        return self.checker if self.checker.startswith("arn:") else ""


@dataclass(frozen=True, slots=True)
class TaskBecomesHealthy(CheckerTurns):
    """It has passed this check; having none, it has been up long enough."""


@dataclass(frozen=True, slots=True)
class TaskBecomesUnhealthy(CheckerTurns):
    """It failed this check often enough. A target group says on which port, and why.

    `is_noticed`: the scheduler has seen it, which is a while after the container's own check.
    """

    port: int = 0
    reason: str = ""
    is_noticed: bool = False


@dataclass(frozen=True, slots=True)
class TargetRegistered(TaskStimulus):
    """A RUNNING task is registered in the target groups of its service."""


@dataclass(frozen=True, slots=True)
class TargetsDeregistered(Stimulus):
    """Tasks that were told to stop leave the target groups, and draining begins."""

    service_arn: str
    deployment_id: str
    count: int


@dataclass(frozen=True, slots=True)
class ProtectionEnds(TaskStimulus):
    """The time for which a task was protected from scale-in may be over."""


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
    """The deployment ends. With `roll_back_to`, that deployment becomes PRIMARY again.

    `cause` is "breaker", "alarm", or "stop" if a person asked for it. `wants_rollback` says whether
    one was asked for, also where there is nothing to go back to.
    """

    deployment_id: str
    roll_back_to: str | None
    cause: str = "breaker"
    wants_rollback: bool = True


@dataclass(frozen=True, slots=True)
class CompleteDeployment(Action):
    deployment_id: str


@dataclass(frozen=True, slots=True)
class RemoveService(Action):
    """A DRAINING service has no task left: it becomes INACTIVE."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and when to look again at the latest.

    `is_deadlocked`: tasks are missing, and the percentages let none start and none stop. `held`:
    the deployment that has too many tasks because these are protected, and how many are.
    """

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
    is_deadlocked: bool = False
    held: tuple[str, int] | None = None
