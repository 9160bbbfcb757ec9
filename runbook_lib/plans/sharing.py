"""Room: what several services share: topic, rule, role, cluster.

Lives here: the step that says whose it is, too, and the one that takes that back.
Never here: making or deleting the thing, what its tags mean (facts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.facts.tags import (
    in_lower_case,
    in_upper_case,
    is_ours,
    is_used_by,
    other_users,
    use_key,
    use_tags,
)
from runbook_lib.plans.steps import Step


@dataclass(frozen=True, slots=True)
class Shared:
    """A thing that the runbook may have made for more than one service. `what` is "topic alerts".

    `service` is AWS's, `id` what its tagging operations ask for: an ARN, for a role its name.
    """

    service: str
    what: str
    id: str
    tags: Mapping[str, str]

    def use_steps(self, user: str) -> tuple[Step, ...]:
        """Say that `user` needs it, too; nothing where that is said or somebody else made it."""
        if not is_ours(self.tags) or is_used_by(self.tags, user):
            return ()
        operation, names = _TAGGING[self.service]
        return (
            self._step(
                operation,
                {names.id: self.id, names.tags: names.written(use_tags(user))},
                why="it is shared: only with its last user it is removed",
                makes=f"{self.what} tagged as used by {user}",
            ),
        )

    def leave_steps(self, user: str) -> tuple[Step, ...]:
        """Take back what `use_steps` said: others still need it."""
        operation, names = _TAGGING[self.service]
        others = other_users(self.tags, user) or ("somebody else",)
        return (
            self._step(
                operation.replace("Tag", "Untag", 1),
                {names.id: self.id, names.keys: [use_key(user)]},
                why=f"{', '.join(others)} still use{'s' if len(others) == 1 else ''} it",
                makes=f"{self.what} no longer tagged as used by {user}",
            ),
        )

    def is_left_to_others(self, user: str) -> bool:
        return bool(other_users(self.tags, user))

    def _step(self, operation: str, given: Mapping[str, Any], *, why: str, makes: str) -> Step:
        return Step(
            service=self.service,
            operation=operation,
            input=given,
            why=why,
            makes=makes,
            permissions=(f"{self.service}:{operation}",),
            undo="a tag: run the notebook again",
        )


@dataclass(frozen=True, slots=True)
class _Names:
    """How a service's tagging operations call their members."""

    id: str
    tags: str
    keys: str
    written: Any


_TAGGING = {
    "ecs": ("TagResource", _Names("resourceArn", "tags", "tagKeys", in_lower_case)),
    "sns": ("TagResource", _Names("ResourceArn", "Tags", "TagKeys", in_upper_case)),
    "events": ("TagResource", _Names("ResourceARN", "Tags", "TagKeys", in_upper_case)),
    "iam": ("TagRole", _Names("RoleName", "Tags", "TagKeys", in_upper_case)),
}
