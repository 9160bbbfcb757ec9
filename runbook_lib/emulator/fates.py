"""Room: what becomes of a task.

Lives here: the rule that reads, from the task definition itself, whether a task starts, when it
ends and how healthy it is, with AWS's stop codes and reasons. The same definition fares the same on
AWS.
Never here: deployments, counting, what the scheduler makes of it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook_lib.emulator import timing
from runbook_lib.emulator.images import ImageReference, Images
from runbook_lib.emulator.state import Stop, TaskDefinition
from runbook_lib.emulator.timing import HealthCheckTiming, Span

_SLEEP = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_FOR_EVER_SECONDS = 366 * 86400.0
_REDIRECTION = re.compile(r"\d?>>?\s*(&\d|[\w/.-]+)")
_RETRIED = "CannotPullContainerError: pull image manifest has been retried {times} time(s): "
_SHELLS = ("sh", "bash", "ash")
_READABLE = ("sleep", "exit", "true", "false", "echo", "printf", ":")


@dataclass(frozen=True, slots=True)
class Fate:
    """Decided as the task starts. At most one of the first two is set.

    `fails_to_start`: seconds after the start, and why. `exits`: seconds after RUNNING, and why.
    `healthy_after` and `unhealthy_after`: seconds after RUNNING.
    """

    fails_to_start: tuple[Span, Stop] | None = None
    exits: tuple[float, Stop] | None = None
    healthy_after: float | None = timing.HEALTHY_AFTER_RUNNING
    unhealthy_after: float | None = None
    has_health_check: bool = False


def fate_of(definition: TaskDefinition, images: Images, role_exists: Callable[[str], bool]) -> Fate:
    """The first thing that goes wrong decides: the role, then the images, then the commands."""
    role = str(definition.spec.get("executionRoleArn", ""))
    if role and not role_exists(role.rpartition("/")[2]):
        return Fate(fails_to_start=(timing.TO_MISSING_REPOSITORY, _missing_role(role)))
    for container in definition.containers:
        if pull := _pull_failure(str(container["image"]), images):
            return Fate(fails_to_start=pull)
    essential = [c for c in definition.containers if c.get("essential", True)]
    exits = [found for container in essential if (found := _exit_of(container)) is not None]
    checks = [c["healthCheck"] for c in essential if c.get("healthCheck", {}).get("command")]
    return _with_checks(min(exits, key=lambda found: found[0], default=None), checks)


def _with_checks(exits: tuple[float, Stop] | None, checks: list[Mapping[str, Any]]) -> Fate:
    """All checks must pass for HEALTHY; the first to fail makes the task UNHEALTHY."""
    if not checks:
        return Fate(exits=exits)
    timings = [(_timing(check), _always_fails(check)) for check in checks]
    failing = [each.fails_after for each, fails in timings if fails]
    if failing:
        return Fate(
            exits=exits, healthy_after=None, unhealthy_after=min(failing), has_health_check=True
        )
    slowest = max(each.passes_after for each, _ in timings)
    return Fate(exits=exits, healthy_after=slowest, has_health_check=True)


def _missing_role(role: str) -> Stop:
    return Stop(
        "TaskFailedToStart",
        "ECS was unable to assume the role "
        f"'{role}' that was provided for this task. Please verify that the role being passed has "
        "the proper trust relationship and permissions and that your IAM user has permissions to "
        "pass this role.",
    )


def _pull_failure(reference: str, images: Images) -> tuple[Span, Stop] | None:
    """Docker Hub's wrong-tag line is put together from the form that ECR images are seen with."""
    image = ImageReference.read(reference)
    if images.has(image):
        return None
    if images.has_repository(image):
        text = f"failed to resolve ref {image.full}: {image.full}: not found"
        reason = _RETRIED.format(times=7) + text
        return timing.FIRST_START_TO_BAD_TAG, Stop("TaskFailedToStart", reason)
    reason = _RETRIED.format(times=1) + (
        f"failed to resolve ref {image.full}: pull access denied, repository does not exist or may "
        "require authorization: server message: insufficient_scope: authorization failed"
    )
    return timing.TO_MISSING_REPOSITORY, Stop("TaskFailedToStart", reason)


def _words(container: Mapping[str, Any]) -> list[str]:
    return [*container.get("entryPoint", ()), *container.get("command", ())]


def _exit_of(container: Mapping[str, Any]) -> tuple[float, Stop] | None:
    """Read a command that ends: `sh -c 'sleep 5; exit 1'` ends 5 s after RUNNING with code 1.

    `true` and `false` end at once. A command that the emulator cannot read runs for ever.
    """
    words = [str(word) for word in _words(container)]
    if not words:
        return None
    program = words[0].rpartition("/")[2]
    if program in _SHELLS and len(words) > 2 and re.fullmatch(r"-\w*c", words[1]):
        end = _end_of(_tokens(words[2]))
    elif program in _READABLE:
        end = _end_of([program, *words[1:]])
    else:
        return None
    if end is None:
        return None
    reason = "Essential container in task exited"
    return end[0], Stop("EssentialContainerExited", reason, exit_code=end[1])


def _tokens(script: str) -> list[str]:
    """Words and separators. A script that no shell could read is one word that nobody knows."""
    lexer = shlex.shlex(
        _REDIRECTION.sub("", script).replace("\n", ";"), posix=True, punctuation_chars=";&|"
    )
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:
        return [script]


def _end_of(tokens: Sequence[str]) -> tuple[float, int] | None:
    """When a script ends, in seconds, and its exit code: (5, 1) for sleep 5; exit 1.

    None if it has a word that is not in `_READABLE`, or joins commands by anything but ; and &&.
    """
    seconds, code, rest = 0.0, 0, list(tokens)
    while rest:
        end = next((i for i, each in enumerate(rest) if each in (";", "&&")), len(rest))
        words, separator, rest = rest[:end], rest[end : end + 1], rest[end + 1 :]
        if not words:
            continue
        if words[0] not in _READABLE or any(each.strip(";&|") == "" for each in words if each):
            return None
        if words[0] == "exit":
            return seconds, int(words[1][-9:]) % 256 if words[1:] and words[1].isdecimal() else code
        if words[0] == "sleep":
            nap = _SLEEP.fullmatch(words[1]) if words[1:] else None
            if nap is None:
                return None
            seconds += float(nap[1]) * _UNITS[nap[2]]
        code = int(words[0] == "false")
        if code and separator == ["&&"]:
            break
    return (seconds, code) if seconds < _FOR_EVER_SECONDS else None


def _timing(check: Mapping[str, Any]) -> HealthCheckTiming:
    return HealthCheckTiming(
        interval=int(check.get("interval", 30)),
        retries=int(check.get("retries", 3)),
        start_period=int(check.get("startPeriod", 0)),
    )


def _always_fails(check: Mapping[str, Any]) -> bool:
    """A check that can be read to fail: `exit 1`, `false`. Any other check passes."""
    words = [str(word) for word in check["command"]]
    text = " ".join(words[1:] if words[0] in ("CMD", "CMD-SHELL") else words).strip()
    if "||" in text:
        text = text.partition("||")[0].strip()
    found = re.fullmatch(r"(?:.*[;\s])?exit\s+(\d+)", text)
    return text in ("false", "/bin/false") or bool(found and found[1].strip("0"))
