"""Room: the page that says how faithful the emulator is.

Lives here: docs/fidelity.md, one row for each fact about AWS, with its source and the tests that
hold the emulator to it. It is generated from tests/ecs_emulator/facts/aws_facts and from the marks
of the tests, so it cannot go stale.
Never here: the facts themselves, whether the tests pass.

    python tools/write_fidelity.py           write the page
    python tools/write_fidelity.py --check   change nothing, exit 1 if something is missing or old
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = Path("tests/ecs_emulator")
FACTS = TESTS / "facts" / "aws_facts"
PAGE = Path("docs/fidelity.md")
SEEN, DOCUMENTED, ASSUMED = "seen on AWS", "documented", "assumed"
LEVELS = (SEEN, DOCUMENTED, ASSUMED)
INTRODUCTION = """\
# How faithful the emulator is

What a client can observe of Amazon ECS, EventBridge and SNS, and how the emulator is held to it.
*Seen on AWS*: somebody published what AWS did; the source is that recording. *Documented*: a page
of AWS, or what AWS publishes with its SDKs, says so. *Assumed*: no public source settles it; the
source is the page that leaves it open. The emulator does this too, but do not rely on AWS doing it.
The tests hold the emulator to each row; none of them talks to AWS.
`python tools/write_fidelity.py` writes this page from `tests/ecs_emulator/facts/aws_facts` and from
the marks of the tests.
"""
NOT_EMULATED = """\
## Not emulated

The emulator refuses these, by name, and changes nothing. The tests show the refusal.
"""
Tests = Mapping[str, Sequence[str]]
"""Id of a fact → the tests that carry its mark, as file::function."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about AWS. `known` is one of LEVELS."""

    id: str
    section: str
    text: str
    source: str
    known: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something of AWS that the emulator refuses."""

    id: str
    text: str
    source: str


def read_facts(folder: Path) -> list[Fact]:
    rows = json.loads((folder / "facts.json").read_text("utf-8"))
    return [Fact(r["id"], r["section"], r["fact"], r["source"], r["known"]) for r in rows]


def read_gaps(folder: Path) -> list[Gap]:
    rows = json.loads((folder / "not_emulated.json").read_text("utf-8"))
    return [Gap(r["id"], r["what"], r["source"]) for r in rows]


class MarkReader:
    """A pytest plugin that reads the marks of the collected tests."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            function = getattr(item, "originalname", item.name)
            name = f"{item.path.relative_to(ROOT / TESTS).as_posix()}::{function}"
            for mark in item.iter_markers("fact"):
                for fact_id in mark.args:
                    known = self.tests.setdefault(fact_id, [])
                    if name not in known:
                        known.append(name)


def read_marks() -> Tests:
    """Collect the tests, in this process, without running them."""
    reader, said = MarkReader(), io.StringIO()
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main([*options, str(ROOT / TESTS)], plugins=[reader])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"error: the tests cannot be collected\n{said.getvalue()}")
    return reader.tests


def problems(facts: Sequence[Fact], gaps: Sequence[Gap], tests: Tests) -> list[str]:
    """What keeps the page from being true, one sentence each."""
    rows: list[Fact | Gap] = [*facts, *gaps]
    ids = Counter(each.id for each in rows)
    found = [f"{each}: this id is there {count} times" for each, count in ids.items() if count > 1]
    found += [f"{each}: no test has its mark" for each in ids if each not in tests]
    found += [f"{', '.join(tests[each])}: no fact is called {each}" for each in tests.keys() - ids]
    found += [
        f"{each.id}: its source is not public: {each.source}"
        for each in rows
        if not each.source.startswith("https://")
    ]
    found += [f"{f.id}: {f.known!r} is none of {LEVELS}" for f in facts if f.known not in LEVELS]
    return sorted(found)


def page(facts: Sequence[Fact], gaps: Sequence[Gap], tests: Tests) -> str:
    levels = Counter(fact.known for fact in facts)
    counts = ", ".join(f"{levels[level]} {level}" for level in LEVELS)
    parts = [INTRODUCTION, f"{len(facts)} facts: {counts}.\n"]
    for section, rows in groupby(facts, key=lambda fact: fact.section):
        parts.append(f"## {section}\n")
        parts.append(_table(["Fact", "Known", "Source", "Tests"], [_row(f, tests) for f in rows]))
    parts.append(NOT_EMULATED)
    refused = [[_cell(g.text), _link(g.source), _tests(tests.get(g.id, ()))] for g in gaps]
    parts.append(_table(["What", "Source", "Tests"], refused))
    return "\n".join(parts)


def _row(fact: Fact, tests: Tests) -> list[str]:
    known = f"**{fact.known}**" if fact.known == ASSUMED else fact.known
    return [_cell(fact.text), known, _link(fact.source), _tests(tests.get(fact.id, ()))]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _cell(text: str) -> str:
    """Nothing in a text may end the cell or be taken for HTML or for emphasis."""
    for character in "\\|<>*_":
        text = text.replace(character, f"\\{character}")
    return text


def _link(url: str) -> str:
    """docs.aws.amazon.com/…/API_Service.html is shown as API_Service, a repository by its name."""
    host, _, path = url.removeprefix("https://").rstrip("/").partition("/")
    last = path.rpartition("/")[2].removesuffix(".html")
    name = path if host == "github.com" else last
    if host == "github.com" and "/tree/" in path:
        name = path.partition("/tree/")[0]
    return f"[{_cell(name or host)}]({url})"


def _tests(names: Sequence[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Write docs/fidelity.md from facts and tests.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; 1 if something is missing or old"
    )
    options = parser.parse_args(arguments)
    facts, gaps, tests = read_facts(root / FACTS), read_gaps(root / FACTS), read_marks()
    found = problems(facts, gaps, tests)
    target, text = root / PAGE, page(facts, gaps, tests)
    is_old = not target.exists() or target.read_text("utf-8") != text
    if options.check and is_old:
        found.append(f"{PAGE}: old; run `python tools/write_fidelity.py`")
    if is_old and not found:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, "utf-8")
        print(f"{PAGE}: written")
    print("".join(f"{each}\n" for each in found), end="")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
