"""Room: the list of rooms in docs/architecture.md.

Lives here: reading the sign of each module, and writing the list of them.
Never here: what a sign must say (tests/test_layers.py).

    python tools/write_rooms.py           write the list
    python tools/write_rooms.py --check   change nothing, exit 1 if it is old
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("ecs_emulator", "runbook_lib")
LIST = re.compile(r"(<!--ROOMS-->).*?(<!--/ROOMS-->)", re.DOTALL)


def sign(file: Path) -> str:
    """Its first sentence: "what a service wants next." of the reconciler."""
    words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(words.split("\n\n")[0].removeprefix("Room: ").split())


def modules() -> Iterator[Path]:
    """Of each package, folder by folder, each folder's own modules first."""
    for package in PACKAGES:
        files = (path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py")
        own = (path for path in files if "notebooks" not in path.relative_to(ROOT).parts)
        yield from sorted(own, key=lambda path: (path.parent, path.name))


def rooms() -> str:
    """A table for each folder: module, room."""
    parts = []
    for folder, files in groupby(modules(), key=lambda path: path.parent):
        rows = [f"| [{each.stem}](../{each.relative_to(ROOT)}) | {sign(each)} |" for each in files]
        parts += [f"### {folder.relative_to(ROOT)}", "\n".join(["| | |", "|---|---|", *rows])]
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the list of rooms.")
    parser.add_argument("--check", action="store_true", help="only say whether it is old")
    only_check = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    after = LIST.sub(lambda found: f"{found[1]}\n\n{rooms()}\n\n{found[2]}", before)
    if after == before:
        return 0
    if only_check:
        print(f"error: {PAGE.relative_to(ROOT)} is old. Next: python tools/write_rooms.py")
        return 1
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
