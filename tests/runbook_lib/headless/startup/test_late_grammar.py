"""nbformat comes quickly, and jsonschema still checks international addresses."""

from __future__ import annotations

import subprocess
import sys

import pytest


def told(program: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("room", ["drill", "warm_kernel", "warm_engine"])
def test_running_notebooks_does_not_compile_the_grammar(room: str) -> None:
    asked = f"import runbook_lib.headless.{room}, sys; print('rfc3987_syntax' in sys.modules)"

    assert told(asked) == "False"


def test_who_checks_an_address_gets_the_real_check() -> None:
    pytest.importorskip("rfc3987_syntax")
    asked = (
        "import runbook_lib.headless.startup.late_grammar, jsonschema; "
        "check = jsonschema.FormatChecker().conforms; "
        "print(check('http://example.com/é', 'iri'), check('no address', 'iri'))"
    )

    assert told(asked) == "True False"


def test_a_jsonschema_that_is_there_already_is_left_alone() -> None:
    asked = (
        "import jsonschema, sys; before = sys.modules.get('rfc3987_syntax'); "
        "import runbook_lib.headless.startup.late_grammar; "
        "print(sys.modules.get('rfc3987_syntax') is before)"
    )

    assert told(asked) == "True"
