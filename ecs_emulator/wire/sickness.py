"""Room: tasks that answer badly from some moment on, though nothing in their definition says so.

Lives here: one entry of the fault `sick_tasks`, as JSON:

    {"service": "web", "answer": 503}                            all tasks of web, from now on
    {"task_definition": "web:2", "after_seconds": 300}           five minutes after each is RUNNING
    {"service": "web", "at": "2026-01-05T12:00:00Z", "for_seconds": 90, "answer": "timeout"}

Never here: what a health check makes of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecs_emulator.world.state import TaskDefinition

REFUSED, TIMEOUT = "refused", "timeout"
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599
_MEMBERS = ("service", "task_definition", "answer", "after_seconds", "at", "for_seconds")


@dataclass(frozen=True, slots=True)
class Sickness:
    """Whom it strikes, when, and how a struck task answers: a status code, "timeout", "refused".

    `service` is a name, `task_definition` a family or a revision, "web:2"; empty: any.
    `after_seconds` are counted from a task's startedAt, unless there is a moment `begins_at`.
    `for_seconds` 0: until the fault is taken away.
    """

    service: str = ""
    task_definition: str = ""
    answer: int | str = REFUSED
    after_seconds: float = 0.0
    begins_at: datetime | None = None
    for_seconds: float = 0.0

    def strikes(self, service_arn: str, definition: TaskDefinition) -> bool:
        names = ("", definition.family, f"{definition.family}:{definition.revision}")
        is_meant = self.service in ("", service_arn.rpartition("/")[2])
        return is_meant and self.task_definition in names

    @classmethod
    def read(cls, content: object) -> Sickness:
        """From JSON. Raises ValueError with one sentence."""
        if not isinstance(content, Mapping):
            raise ValueError(  # noqa: TRY004 - to the caller all of these are wrong values
                f'An entry of sick_tasks must be an object like {{"service": "web"}}, '
                f"not {content!r}."
            )
        for name in content:
            if name not in _MEMBERS:
                raise ValueError(f"sick_tasks has no {name!r}. It has {', '.join(_MEMBERS)}.")
        return cls(
            service=_text(content, "service"),
            task_definition=_text(content, "task_definition"),
            answer=_answer(content.get("answer", REFUSED)),
            after_seconds=_seconds(content, "after_seconds"),
            begins_at=_moment(content.get("at")),
            for_seconds=_seconds(content, "for_seconds"),
        )

    def as_json(self) -> dict[str, Any]:
        moment = self.begins_at.isoformat().replace("+00:00", "Z") if self.begins_at else None
        return {
            "service": self.service,
            "task_definition": self.task_definition,
            "answer": self.answer,
            "after_seconds": self.after_seconds,
            "at": moment,
            "for_seconds": self.for_seconds,
        }


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} of sick_tasks must be a name, not {value!r}.")  # noqa: TRY004
    return value


def _answer(value: object) -> int | str:
    if value in (REFUSED, TIMEOUT):
        return str(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and _LOWEST_STATUS <= value <= _HIGHEST_STATUS:  # type: ignore[operator]
        return int(value)  # type: ignore[call-overload, no-any-return]
    raise ValueError(
        f'answer of sick_tasks must be a status code, "timeout" or "refused", not {value!r}.'
    )


def _seconds(content: Mapping[str, Any], name: str) -> float:
    value = content.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"{name} of sick_tasks must be a number of seconds, not {value!r}.")
    return float(value)


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        text = f'at of sick_tasks must be a time like "2026-01-05T12:00:00Z", not {value!r}.'
        raise ValueError(text) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
