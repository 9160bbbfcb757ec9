"""Room: docs/fidelity.md is true.

Lives here: the tool that writes it can say no; every fact of the real page has its tests, every
mark its fact, and the page is current.
Never here: whether the emulator keeps to the facts; the marked tests show that.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from write_fidelity import ASSUMED, FACTS, PAGE, ROOT, Fact, Gap, page, problems, read_facts

pytestmark = pytest.mark.whole

FACT = Fact("web.up", "Web", "It is up | down.", "https://example.com/docs/API_Web.html", ASSUMED)
GAP = Gap("not.mainframes", "Mainframes.", "https://github.com/somebody/mainframes")
TESTS = {"web.up": ["test_web.py::test_up"], "not.mainframes": ["test_web.py::test_refused"]}


def test_a_complete_table_has_no_problems() -> None:
    assert problems([FACT], [GAP], TESTS) == []


@pytest.mark.parametrize(
    ("facts", "tests", "found"),
    [
        ([FACT], {**TESTS, "web.gone": ["t"]}, "t: no fact is called web.gone"),
        ([FACT], {"not.mainframes": ["t"]}, "web.up: no test has its mark"),
        ([FACT, FACT], TESTS, "web.up: this id is there 2 times"),
        ([FACT, replace(FACT, id=GAP.id)], TESTS, "not.mainframes: this id is there 2 times"),
        ([replace(FACT, source="a friend")], TESTS, "web.up: its source is not public: a friend"),
        ([replace(FACT, known="sure")], TESTS, "web.up: 'sure' is none of"),
    ],
    ids=["unknown mark", "no test", "twice", "twice in both", "source", "level"],
)
def test_what_is_missing_is_named(
    facts: list[Fact], tests: dict[str, list[str]], found: str
) -> None:
    (problem,) = problems(facts, [GAP], tests)

    assert problem.startswith(found)


def test_a_row_of_the_page() -> None:
    text = page([FACT], [GAP], TESTS)

    assert "1 facts: 0 seen on AWS, 0 documented, 1 assumed." in text
    assert (
        "| It is up \\| down. | **assumed** | [API\\_Web](https://example.com/docs/API_Web.html) "
        "| `test_web.py::test_up` |"
    ) in text
    assert (
        "| Mainframes. | [somebody/mainframes](https://github.com/somebody/mainframes) "
        "| `test_web.py::test_refused` |"
    ) in text


def test_no_section_is_torn_apart() -> None:
    sections = [fact.section for fact in read_facts(ROOT / FACTS)]

    assert sections == sorted(sections, key=sections.index)


def test_the_page_is_complete_and_current() -> None:
    """In a process of its own: it collects the tests of the emulator."""
    tool = ROOT / "tools" / "write_fidelity.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (ROOT / PAGE).exists()
