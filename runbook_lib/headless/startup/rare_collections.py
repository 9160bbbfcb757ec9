"""Room: how often Python looks for garbage.

Lives here: looking for it less often while a program runs that soon ends, and not at its end.
Never here: what the program does.

Half a million objects come with the imports of a drill, and stay. Looking through them at the usual
rate takes a fifth of its time.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (100_000, 20, 100)
"""Instead of 700, 10, 10: new objects before the youngest are looked through, and so on."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Meanwhile garbage is looked for a hundred times less often; memory grows by a little."""
    usual = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def no_last_collection() -> None:
    """As it ends, Python looks through everything once more: 0.4 s after a drill, for nothing."""
    atexit.register(gc.freeze)
