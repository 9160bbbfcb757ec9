"""Room: one running kernel for a whole walk of notebooks.

Lives here: the life of the kernel, from before papermill is imported until after the last notebook.
A kernel start costs about a second and importing boto3 and pandas another; here a walk pays that
once, while its own process does something else.
Never here: running a notebook (warm_engine), which notebooks there are, what AWS or the emulator
is.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from runbook_lib.headless.interrupts import signals_wait, sigterm_raises
from runbook_lib.headless.notebook_parameters import refuse_unknown
from runbook_lib.headless.startup.rare_collections import RARELY

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from runbook_lib.headless.warm_engine import FinishedCell, Host

KERNEL = "python3"
_GONE_SECONDS = 5.0

# Runs in the kernel before each notebook. IPython's reset empties the namespace and starts
# counting cells from 1 again; imported modules stay.
_FRESH_NAMESPACE = """
def _start_afresh(home, environment):
    import gc, os, sys
    os.chdir(home)
    os.environ.update(environment)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    if "ipywidgets" in sys.modules:
        sys.modules["ipywidgets"].Widget.close_all()
    gc.freeze()  # reset collects garbage: what modules hold need not be looked through
    get_ipython().reset(new_session=True)
_start_afresh({home!r}, {environment!r})
"""
_NO_HISTORY = "--HistoryManager.hist_file=:memory:"
_WARM_UP = f"import gc; gc.set_threshold{RARELY}; {{first}}; gc.freeze()"


class _ThisInterpreter(KernelSpecManager):
    """Whatever kernels are installed, ours runs the interpreter that runs us."""

    first_line = ""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        option = [f"--IPKernelApp.exec_lines={self.first_line}"] if self.first_line else []
        return KernelSpec(
            argv=[*launch, *option],
            display_name=kernel_name,
            language="python",
            metadata={"supported_encryption": "curve"},
        )


def new_kernel_manager(first: str = "") -> AsyncKernelManager:
    """A kernel, not yet started, of this interpreter. It runs the line `first` as it starts.

    The line to it is encrypted: that is safer on a shared machine, and ipykernel 7 warns on stderr
    about a line that is not.
    """
    specs = _ThisInterpreter()
    if first:
        specs.first_line = _WARM_UP.format(first=first)
    return AsyncKernelManager(
        kernel_name=KERNEL, kernel_spec_manager=specs, transport_encryption="auto"
    )


class WarmKernel:
    """A context manager: one kernel, and each notebook meets it with an empty namespace.

    `env` is the kernel's whole environment and `cwd` the folder that each notebook begins in.
    `on_line` gets every line the notebook prints, as it arrives; `on_cell` every cell that has run.
    Both may be set later, and `environment`, which each notebook finds on top of `env`. The kernel
    starts at once and runs the line `first`; the first notebook waits for it. On the way out the
    kernel and what it started are gone, also after an error, Ctrl-C or SIGTERM. Not to be shared
    between threads.
    """

    def __init__(
        self,
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_line: Callable[[str], None] | None = None,
        on_cell: Callable[[FinishedCell], None] | None = None,
        first: str = "",
    ) -> None:
        self.on_line = on_line or _ignore
        self.on_cell = on_cell or _ignore
        self.environment: dict[str, str] = {}
        self._env = dict(env)
        self._cwd = cwd.resolve()
        self._first = first
        self._manager: AsyncKernelManager | None = None
        self._host: Host | None = None
        self._signals = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._signals.enter_context(sigterm_raises())
        self._manager = new_kernel_manager(self._first)
        start = run_sync(self._manager.start_kernel)
        try:
            with signals_wait():
                start(extra_arguments=[_NO_HISTORY], env=self._env, cwd=str(self._cwd))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the kernel now: what a notebook is doing goes no further. Twice is harmless."""
        manager, self._manager = self._manager, None
        host, self._host = self._host, None
        try:
            if host is not None:
                host.close()
            if manager is not None and manager.has_kernel:
                _end(manager)
        finally:
            self._signals.close()

    def execute(self, source: Path, target: Path, parameters: Mapping[str, object]) -> NotebookNode:
        """Run one notebook; the executed copy goes to `target`, also when a cell fails.

        A parameter that the notebook does not declare is refused before anything runs.
        """
        manager = self._running()
        refuse_unknown(source, parameters)
        host = self._host_of(manager)
        host.run_line(_FRESH_NAMESPACE.format(home=str(self._cwd), environment=self.environment))
        return host.run_notebook(source, target, parameters, self.on_line, self.on_cell)

    def try_line(self, line: str) -> bool:
        """Run a line between two notebooks. False if it failed, or there is no kernel any more."""
        return self._manager is not None and self._host_of(self._manager).run_line(line)

    def _running(self) -> AsyncKernelManager:
        if self._manager is None:
            raise RuntimeError("use WarmKernel as a context manager: its kernel is not running")
        return self._manager

    def _host_of(self, manager: AsyncKernelManager) -> Host:
        """Waits until the kernel answers, which it does when it has run its first line."""
        if self._host is None:
            from runbook_lib.headless.warm_engine import Host  # papermill: half a second

            self._host = Host(manager)
        return self._host


def _end(manager: AsyncKernelManager) -> None:
    """At once: a polite request waits for a busy cell, and jupyter_client looks for the end of the
    process ten times a second."""
    process = getattr(manager.provisioner, "process", None)
    if hasattr(signal, "SIGKILL"):
        run_sync(manager.signal_kernel)(signal.SIGKILL)
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GONE_SECONDS)
    run_sync(manager.shutdown_kernel)(now=True)


def _ignore(_: object) -> None:
    return None
