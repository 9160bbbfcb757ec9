"""Room: one running kernel for a whole walk of notebooks.

Lives here: the life of the kernel, and what a notebook declares as its parameters. A kernel start
costs about a second and importing boto3 and pandas another; here a walk pays that once, while its
own process does something else. Outputs, errors and the saved copies are papermill's own.
Never here: which notebooks there are, what their parameters mean, what AWS or the emulator is.
"""

from __future__ import annotations

import ast
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import runbook_lib.late_grammar  # noqa: F401  # before jsonschema, which nbformat imports

# isort: split
import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from runbook_lib.rare_collections import RARELY
from runbook_lib.warm_engine import CURRENT, ENGINE, KERNEL, FinishedCell, Running

SIGTERM_EXIT = 128 + signal.SIGTERM

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
    get_ipython().reset(new_session=True)
    gc.collect()
    gc.freeze()  # what is left belongs to modules: the next time it need not be looked at
_start_afresh({home!r}, {environment!r})
"""
_WARM_UP = f"import gc; gc.set_threshold{RARELY}; {{first}}; gc.collect(); gc.freeze()"


class NotebookParametersError(ValueError):
    """A notebook's parameters cell is missing, or holds more than names with literal values."""


class UnknownParameterError(NotebookParametersError):
    """A value was given for a name that the notebook does not declare; papermill only warns."""


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


def declared_parameters(path: Path) -> dict[str, object]:
    """The names and default values in the cell tagged `parameters`, in their order.

    `desired_count = 2  # how many tasks` declares {"desired_count": 2}.
    """
    notebook = nbformat.read(path, as_version=4)
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise NotebookParametersError(
            f"{path.name}: expected one cell tagged `parameters`, found {len(cells)}."
        )
    try:
        return dict(map(_declaration, ast.parse(cells[0].source).body))
    except (SyntaxError, ValueError) as error:
        raise NotebookParametersError(
            f"{path.name}: the parameters cell may hold only `name = literal` lines: {error}."
        ) from error


def _declaration(statement: ast.stmt) -> tuple[str, object]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            return name, ast.literal_eval(value)
    raise ValueError(f"line {statement.lineno} is something else")


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
        self._host: NotebookClient | None = None
        self._signals = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._signals.enter_context(_sigterm_raises())
        host = NotebookClient(nbformat.v4.new_notebook(), km=new_kernel_manager(self._first))
        try:
            host.start_new_kernel(env=self._env, cwd=str(self._cwd))
        except BaseException:
            self._stop(host)
            raise
        self._host = host
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
        host, self._host = self._host, None
        if host is not None:
            self._stop(host)

    def execute(self, source: Path, target: Path, parameters: Mapping[str, object]) -> NotebookNode:
        """Run one notebook; the executed copy goes to `target`, also when a cell fails.

        A parameter that the notebook does not declare is refused before anything runs.
        """
        if self._host is None:
            raise RuntimeError("use WarmKernel as a context manager: its kernel is not running")
        _refuse_unknown(source, parameters)
        if self._host.kc is None:
            self._host.start_new_kernel_client()
        target.parent.mkdir(parents=True, exist_ok=True)
        self._host.nb.cells = [nbformat.v4.new_code_cell(self._start_afresh())]
        self._host.execute_cell(self._host.nb.cells[0], 0, store_history=False)
        running = CURRENT.set(Running(source, self._host, self.on_line, self.on_cell))
        try:
            return _run_papermill(source, target, parameters)
        except (PapermillExecutionError, DeadKernelError) as error:
            error.add_note(f"Notebook: {source.name}. The failed copy: {target}")
            raise
        finally:
            CURRENT.reset(running)

    def _start_afresh(self) -> str:
        return _FRESH_NAMESPACE.format(home=str(self._cwd), environment=self.environment)

    def _stop(self, host: NotebookClient) -> None:
        """End the kernel and what it started, at once: a polite request waits for a busy cell."""
        host.shutdown_kernel = "immediate"
        try:
            if host.km is not None and host.km.has_kernel:
                host._cleanup_kernel()  # noqa: SLF001  # the only way to end a client that shares its kernel
        finally:
            self._signals.close()


def _run_papermill(source: Path, target: Path, parameters: Mapping[str, object]) -> NotebookNode:
    notebook: NotebookNode = papermill.execute_notebook(
        _literally(source),
        _literally(target),
        parameters=dict(parameters),
        engine_name=ENGINE,
        kernel_name=KERNEL,
        language="python",
        progress_bar=False,
    )
    return notebook


def _literally(path: Path) -> str:
    """Papermill formats its paths: {date} in a folder's name would be taken for a parameter."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _refuse_unknown(source: Path, parameters: Mapping[str, object]) -> None:
    declared = declared_parameters(source)
    unknown = [name for name in parameters if name not in declared]
    if unknown:
        raise UnknownParameterError(
            f"{source.name} has no parameter {', '.join(unknown)}. It has: {', '.join(declared)}."
        )


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
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


def _ignore(_: object) -> None:
    return None
