"""Room: what a container's command does.

Lives here: reading, from the command of a container or of its health check, whether and when it
ends, with which code, which files it makes and removes, and whether it takes more memory than there
is.
Never here: images, what the end of a container means.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ecs_emulator.ecs.tasks.health import Spell, spliced
from ecs_emulator.world.state import Stop, TaskDefinition

_SLEEP = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_FOR_EVER_SECONDS = 366 * 86400.0
_REDIRECTION = re.compile(r"\d?>>?\s*(&\d|[\w/.-]+)")
_VM_BYTES = re.compile(r"--vm-bytes[ =](\d+)([MmGg])")
_SHELLS = ("sh", "bash", "ash")
_READABLE = ("sleep", "exit", "true", "false", "echo", "printf", ":", "touch", "rm")
_LOOKS_FOR_FILE = re.compile(
    r"(?P<not>!\s*)?(?:cat|ls|stat|test(?P<inner>\s+!)?\s+-[efr]|\[(?P<bracket>\s+!)?\s+-[efr])"
    r"\s+(?P<file>[\w./-]+)(?:\s+\])?"
)
_TO_FILL_MEMORY = 5.0
_EXITED = "Essential container in task exited"
FAILED = "the health check fails"
_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


def exit_of(container: Mapping[str, Any], definition: TaskDefinition) -> tuple[float, Stop] | None:
    """Read a command that ends: `sh -c 'sleep 5; exit 1'` ends 5 s after RUNNING with code 1.

    `true` and `false` end at once. A command that takes more memory than there is (`tail
    /dev/zero`, `stress --vm-bytes 1G`) is killed with 137. One that the emulator cannot read runs
    for ever.
    """
    words = [str(word) for word in _words(container)]
    if not words:
        return None
    if _takes_too_much(" ".join(words), container, definition):
        return _TO_FILL_MEMORY, Stop("EssentialContainerExited", _EXITED, 137, _OUT_OF_MEMORY)
    program = words[0].rpartition("/")[2]
    if program in _SHELLS and len(words) > 2 and re.fullmatch(r"-\w*c", words[1]):
        end = _end_of(_tokens(words[2]))
    elif program in _READABLE:
        end = _end_of([program, *words[1:]])
    else:
        return None
    if end is None:
        return None
    return end[0], Stop("EssentialContainerExited", _EXITED, exit_code=end[1])


def exits_of(definition: TaskDefinition, ran_for: float) -> dict[str, Stop]:
    """The containers, essential or not, that ended by themselves within so many seconds."""
    found = {str(each["name"]): exit_of(each, definition) for each in definition.containers}
    return {
        name: end[1] for name, end in found.items() if end is not None and end[0] <= ran_for + 1e-6
    }


def exit_code_when_told_to_stop(container: Mapping[str, Any]) -> int:
    """0, 137 or 143: of one that ended well on SIGTERM, that was killed, that SIGTERM ended.

    A server ends well. A shell or `sleep` as the container's first process takes no note of
    SIGTERM and is killed after stopTimeout; with initProcessEnabled the signal reaches it.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    words = [str(word) for word in _words(container)]
    program = words[0].rpartition("/")[2] if words else ""
    script = " ".join(words[2:]) if program in _SHELLS else ""
    if program not in (*_SHELLS, "sleep", "tail") or "exec " in script or "trap " in script:
        return 0
    has_init = container.get("linuxParameters", {}).get("initProcessEnabled", False)
    return 143 if has_init else 137


def _takes_too_much(text: str, container: Mapping[str, Any], definition: TaskDefinition) -> bool:
    """`tail /dev/zero` takes all there is. `--vm-bytes 1G` is too much for a limit of 512 MiB."""
    if "tail /dev/zero" in text:
        return True
    found = _VM_BYTES.search(text)
    limit = str(container.get("memory") or definition.spec.get("memory", ""))
    if found is None or not limit.isdecimal():
        return False
    return int(found[1]) * (1024 if found[2] in "Gg" else 1) > int(limit)


def _words(container: Mapping[str, Any]) -> list[str]:
    return [*container.get("entryPoint", ()), *container.get("command", ())]


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


def check_spells(container: Mapping[str, Any]) -> tuple[Spell, ...]:
    """How the container's own health check fares, in seconds after RUNNING.

    One that can be read to fail always does: `exit 1`, `false`. One that looks for a file passes
    while the command has made it, as `cat /tmp/healthy` with `touch /tmp/healthy; sleep 30; rm
    /tmp/healthy; sleep 600`: for 30 s. Any other check passes.
    """
    words = [str(word) for word in container["healthCheck"]["command"]]
    text = " ".join(words[1:] if words[0] in ("CMD", "CMD-SHELL") else words).strip()
    text = text.partition("||")[0].strip()
    found = re.fullmatch(r"(?:.*[;\s])?exit\s+(\d+)", text)
    if text in ("false", "/bin/false") or (found and found[1].strip("0")):
        return (Spell(0.0, FAILED),)
    looks = _LOOKS_FOR_FILE.fullmatch(text)
    changes = _changes_of(container, looks["file"]) if looks else []
    if looks is None or not changes:
        return (Spell(0.0),)
    negations = [looks[name] for name in ("not", "inner", "bracket") if looks[name]]
    passes_with_it = len(negations) % 2 == 0
    spells: tuple[Spell, ...] = (Spell(0.0, FAILED if passes_with_it else None),)
    for seconds, is_there in changes:
        answer = Spell(0.0, None if is_there is passes_with_it else FAILED)
        spells = spliced(spells, seconds, (answer,))
    return spells


def _changes_of(container: Mapping[str, Any], file: str) -> list[tuple[float, bool]]:
    """When the command makes this file, and when it removes it: [(0, True), (30, False)]."""
    words = [str(word) for word in _words(container)]
    if len(words) < 3 or words[0].rpartition("/")[2] not in _SHELLS:
        return []
    changes, seconds = [], 0.0
    for step in re.split(r"[;&\n]+", words[2]):
        said = step.split()
        nap = _SLEEP.fullmatch(said[1]) if len(said) > 1 and said[0] == "sleep" else None
        if nap:
            seconds += float(nap[1]) * _UNITS[nap[2]]
        if file in said[1:] and said[0] in ("touch", "rm"):
            changes.append((seconds, said[0] == "touch"))
    return changes
