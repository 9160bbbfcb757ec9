"""Room: Ctrl-C and SIGTERM.

Lives here: when they may strike, and that both unwind the stack.
Never here: what is tidied up on the way out.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGTERM_EXIT = 128 + signal.SIGTERM


@contextmanager
def signals_wait() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until this is over.

    A process half started would be nobody's; and Python loses an interrupt in the middle of an
    import now and then ("Exception ignored in: _get_module_lock").
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[int] = []
    usual = {
        number: signal.signal(number, lambda number, _: noted.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    if noted:
        signal.raise_signal(noted[0])


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Make SIGTERM unwind the stack, so that the kernel is ended on the way out.

    Left alone where the program has its own handler, and outside the main thread.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit_on_sigterm(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(SIGTERM_EXIT)
