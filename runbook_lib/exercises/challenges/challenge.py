"""Room: what a challenge is.

Lives here: `Challenge`, the situation in which it is graded, and what is still being deployed.
Never here: the challenges themselves, how they are shown.

An exercise asks for an answer and changes nothing. A challenge asks for a deed: the learner changes
AWS, with the AWS CLI or in a cell, and AWS itself says whether it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from runbook_lib import facts
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.exercises.grading import Grade, filled
from runbook_lib.facts.settings import Settings
from runbook_lib.plans.labs.alarm import alarm_name
from runbook_lib.plans.labs.release import RELEASE
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.planning import missing


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a challenge is met. `since` is when it was set: what was done before does not count.

    `more` are names beside the parameters: {"other_service": "checkout"}.
    """

    session: Session
    settings: Settings
    since: datetime
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, object]:
        """What a text may name: the parameters, `more`, the topic's ARN and the lab's alarm."""
        of_the_place = {
            "topic_arn": self.session.arn("sns", self.settings.topic),
            "alarm": alarm_name(self.settings),
        }
        return {**asdict(self.settings), **of_the_place, **self.more}

    def service(self) -> facts.Service:
        """The lab's service as it is now. Raises `MissingPrerequisite`."""
        settings, session = self.settings, self.session
        found = reading.read_service(session, settings.cluster, settings.service)
        if found is None:
            raise missing(session, "service", settings.service, "this notebook")
        return found

    def shipped(self) -> facts.ServiceDeployment | None:
        """The newest service deployment that began since the challenge was set."""
        settings = self.settings
        found = reading.read_service_deployments(self.session, settings.cluster, settings.service)
        new = [each for each in found if each.created_at >= self.since]
        return max(new, key=lambda each: each.created_at, default=None)

    def revision(self, name: str) -> facts.TaskDefinition:
        """The revision of that name: "lab-reasons:7"."""
        return reading.read_task_definition(self.session, name)

    def release_of(self, name: str) -> str:
        """Which of the lab's releases a revision is: "slow"; "" for one that it did not make."""
        return self.revision(name).tags.get(RELEASE, "")

    def under_way(self) -> str:
        """The id of the deployment that is still IN_PROGRESS; "" if there is none."""
        primary = self.service().primary
        return primary.id if primary and primary.rollout_state == "IN_PROGRESS" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Something to do. `text` and `hints` may name parameters: "Deploy {bad_image} once more".

    `solve` is a plan that does it, from what is there; `grade` looks whether it is done, and
    changes nothing.
    """

    name: str
    lab: str
    text: str
    hints: tuple[str, ...]
    solve: Callable[[Situation], Plan]
    grade: Callable[[Situation], Grade]

    def ask(self, here: Situation) -> str:
        """The text with the names in it."""
        return filled(self.text, here.names)

    def hints_for(self, here: Situation) -> tuple[str, ...]:
        """The hints with the names in them, so that a command can be pasted as it is."""
        return tuple(filled(each, here.names) for each in self.hints)


def done(sentence: str, **found: object) -> Grade:
    return Grade(True, f"Done: {sentence}.", found)


def not_yet(sentence: str, **found: object) -> Grade:
    return Grade(False, f"Not yet: {sentence}.", found)
