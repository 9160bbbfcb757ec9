"""Room: the grammar of international addresses (RFC 3987), read late.

Lives here: a stand-in for rfc3987_syntax while jsonschema is imported. That package compiles its
grammar as it is imported, which takes 1.5 s; no notebook has an address to check against it.
Never here: anything of jsonschema's own. Who asks for the check gets the real one.

Import this module before nbformat, nbclient or papermill.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

_GRAMMAR, _CHECKER = "rfc3987_syntax", "jsonschema"


def _is_valid_syntax(rule: str, text: str) -> bool:
    """What rfc3987_syntax says: ("iri", "http://example.com/é") is valid."""
    return bool(import_module(_GRAMMAR).is_valid_syntax(rule, text))


def _import_checker() -> None:
    if _CHECKER in sys.modules or _GRAMMAR in sys.modules or find_spec(_GRAMMAR) is None:
        return
    stand_in = ModuleType(_GRAMMAR)
    stand_in.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_GRAMMAR] = stand_in
    try:
        import_module(_CHECKER)
    finally:
        del sys.modules[_GRAMMAR]


_import_checker()
