"""Room: a shell command as a person reads it.

Lives here: breaking a long AWS CLI command into lines, so that it does the same.
Never here: which command.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

WIDTH, MARGIN = 100, 15
_WORDS = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+""")
"""The words of a shell command, with their quotes."""


def folded(command: str) -> str:
    """A shell command in lines that a page has room for, an option a line, long JSON indented.

    It does the same: folded("aws sns list-topics") is "aws sns list-topics".
    """
    if len(command) <= WIDTH:
        return command
    lines: list[str] = []
    for word in _WORDS.findall(command):
        if word.startswith("--") or not lines:
            lines.append(word)
        else:
            lines[-1] += f" {_indented(word)}"
    return " \\\n  ".join(lines)


def _indented(word: str) -> str:
    """A word that is JSON and too long for a line, over several."""
    if len(word) <= WIDTH or not word.startswith("'") or '"$(' in word:
        return word  # with a command in it, it is more than JSON
    try:
        return shlex.quote(_laid_out(json.loads(shlex.split(word)[0]), "    "))
    except ValueError:
        return word


def _laid_out(value: Any, margin: str) -> str:
    """JSON in which whatever fits into a line stays in one."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(margin) + len(short) <= WIDTH - MARGIN:
        return short
    inner = margin + "  "
    if isinstance(value, list):
        lines, (opened, closed) = [_laid_out(each, inner) for each in value], "[]"
    else:
        named = value.items()
        lines = [f"{json.dumps(name)}: {_laid_out(each, inner)}" for name, each in named]
        opened, closed = "{}"
    listed = ",".join(f"\n{inner}{line}" for line in lines)
    return f"{opened}{listed}\n{margin}{closed}"
