"""Room: papermill's engine on a kernel that is already up.

Lives here: the papermill engine "warm_kernel": what it tells as it happens, and when it saves.
Outputs, errors and the saved copies are papermill's own.
Never here: the life of the kernel, which notebooks there are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import runbook_lib.headless.startup.late_grammar  # noqa: F401  # before jsonschema, which nbformat imports

# isort: split
import nbformat
import papermill
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop, run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

ENGINE, KERNEL = "warm_kernel", "python3"
START_SECONDS = 60
SAVE_AFTER_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class FinishedCell:
    """A code cell that has just run. `index` counts every cell of the copy, from 0."""

    notebook: Path
    index: int
    cell: NotebookNode
    failed: bool


class Host:
    """A running kernel and the one client that everything in it is run by."""

    def __init__(self, manager: AsyncKernelManager) -> None:
        """Waits until the kernel answers. Raises DeadKernelError if it never does."""
        self.client = NotebookClient(nbformat.v4.new_notebook(), km=manager)
        self.client.kc = channels = manager.client()
        try:
            channels.start_channels()
            run_sync(_wait_for_answer)(manager, channels)
        except BaseException:
            self.close()  # sockets that stay open would hold up the end of the process
            raise
        channels.allow_stdin = False

    def run_line(self, line: str) -> bool:
        """Run it outside of any notebook. False: it raised."""
        cell = nbformat.v4.new_code_cell(line)
        self.client.nb.cells = [cell]
        try:
            self.client.execute_cell(cell, 0, store_history=False)
        except CellExecutionError:
            return False
        return True

    def run_notebook(
        self,
        source: Path,
        target: Path,
        parameters: Mapping[str, object],
        on_line: Callable[[str], None],
        on_cell: Callable[[FinishedCell], None],
    ) -> NotebookNode:
        """By papermill. What it raises carries a note with the notebook and its failed copy."""
        target.parent.mkdir(parents=True, exist_ok=True)
        running = CURRENT.set(Running(source, self.client, on_line, on_cell))
        try:
            return self._run_papermill(source, target, parameters)
        except (PapermillExecutionError, DeadKernelError) as error:
            error.add_note(f"Notebook: {source.name}. The failed copy: {target}")
            raise
        finally:
            CURRENT.reset(running)

    def _run_papermill(
        self, source: Path, target: Path, parameters: Mapping[str, object]
    ) -> NotebookNode:
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

    def close(self) -> None:
        """Leave the kernel. What it was interrupted in ends without a word more."""
        ensure_event_loop().set_exception_handler(_without_dead_kernels)
        if self.client.kc is not None:
            self.client.kc.stop_channels()


def _without_dead_kernels(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody waits any more for the cell that was running when its kernel was ended."""
    if not isinstance(context.get("exception"), DeadKernelError):
        loop.default_exception_handler(context)


def _literally(path: Path) -> str:
    """Papermill formats its paths: {date} in a folder's name would be taken for a parameter."""
    return str(path).replace("{", "{{").replace("}", "}}")


async def _wait_for_answer(manager: AsyncKernelManager, channels: AsyncKernelClient) -> None:
    """jupyter_client's own way waits a fifth of a second more, for messages that are nobody's."""
    for _ in range(START_SECONDS):
        if await _answers(channels):
            return
        if not await manager.is_alive():
            break
    raise DeadKernelError("Kernel died before it answered.")


async def _answers(channels: AsyncKernelClient) -> bool:
    """On both of the channels that are listened to."""
    channels.kernel_info()
    try:
        await channels.get_shell_msg(timeout=1)
        await channels.get_iopub_msg(timeout=0.2)
    except Empty:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Running:
    """What the engine needs to know of the run that called it; papermill makes the engine."""

    source: Path
    host: NotebookClient
    on_line: Callable[[str], None]
    on_cell: Callable[[FinishedCell], None]


CURRENT: ContextVar[Running] = ContextVar("running notebook")


class _Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill ships without types
    """Papermill's client on a kernel that is already up, telling what happens as it happens."""

    def __init__(self, nb_man: Any, running: Running, **options: Any) -> None:
        super().__init__(
            nb_man,
            km=running.host.km,
            kernel_name=KERNEL,
            coalesce_streams=True,
            on_cell_executed=self._cell_executed,
            **options,
        )
        self.kc = running.host.kc
        self._running = running
        self._begun = ""

    def process_message(self, message: dict[str, Any], *where: Any) -> NotebookNode | None:
        output: NotebookNode | None = super().process_message(message, *where)
        if message["msg_type"] == "stream":
            *lines, self._begun = (self._begun + message["content"]["text"]).split("\n")
            for line in lines:
                self._running.on_line(line)
        return output

    def _cell_executed(
        self, *, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]
    ) -> None:
        if self._begun:
            self._running.on_line(self._begun)
            self._begun = ""
        failed = execute_reply["content"]["status"] == "error"
        self._running.on_cell(FinishedCell(self._running.source, cell_index, cell, failed))


class WarmKernelEngine(NBClientEngine):  # type: ignore[misc]  # papermill ships without types
    """Papermill's own engine, except that the kernel is there before and stays afterwards."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, *_: Any, **__: Any) -> None:
        with _late_saves(nb_man):
            _Client(nb_man, CURRENT.get()).execute()


class _LateSave:
    """Papermill writes the copy before and after each cell, which takes as long as most cells do.

    Here it is written once for a quarter of a second, and at the end of the notebook.
    """

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._waiting: asyncio.TimerHandle | None = None

    def ask(self, **_: Any) -> None:
        if self._waiting is None:
            self._waiting = ensure_event_loop().call_later(SAVE_AFTER_SECONDS, self._do)

    def _do(self) -> None:
        self._waiting = None
        self._save()

    def forget(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()


@contextlib.contextmanager
def _late_saves(nb_man: Any) -> Iterator[None]:
    at_once = nb_man.save
    late = _LateSave(at_once)
    nb_man.save = late.ask
    try:
        yield
    finally:
        late.forget()
        nb_man.save = at_once


papermill_engines.register(ENGINE, WarmKernelEngine)
