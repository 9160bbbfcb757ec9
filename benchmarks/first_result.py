"""Room: how long a learner waits for a notebook's first result.

As in JupyterLab: a kernel of its own for each notebook, on one shared emulator, its cells one by
one, the next as soon as the one before is done.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel

from benchmarks.measurement import Measurement, Target, single
from benchmarks.processes import Server, emulator, environment
from benchmarks.raw_http import ecs_request
from benchmarks.running import Benchmark
from runbook_lib.learner.notebook_files import notebook_folder, walk_notebooks

TARGET = Target(3, unit="s")
MOST_ROUNDS = 3
_RESULTS = ("stream", "display_data", "execute_result")


@contextlib.contextmanager
def _kernel(server: Server) -> Iterator[Any]:
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file
        manager, client = start_new_kernel(
            kernel_name="python3",
            stderr=nowhere,
            env=environment(AWS_ENDPOINT_URL=server.url),
            cwd=str(notebook_folder()),
        )
        try:
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def first_result(server: Server, path: Path) -> float:
    """Seconds from running the first cell to the first output; then the rest is run, too."""
    shown: list[float] = []

    def hook(message: dict[str, Any]) -> None:
        if message["msg_type"] in _RESULTS:
            shown.append(time.perf_counter())

    notebook = nbformat.read(path, as_version=4)
    with _kernel(server) as client:
        began = time.perf_counter()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                reply = client.execute_interactive(cell.source, output_hook=hook)
                if reply["content"]["status"] != "ok":
                    raise RuntimeError(f"{path.name}: {reply['content']['evalue']}")
    return shown[0] - began


def measure(rounds: int) -> Sequence[Measurement]:
    found: dict[str, list[float]] = {}
    for _ in range(min(rounds, MOST_ROUNDS)):
        with emulator("--speed", "0") as server:
            server.first_answer(ecs_request(server.port, "ListClusters"))
            for path in walk_notebooks():
                found.setdefault(path.stem, []).append(first_result(server, path))
    return [
        single(
            f"first result of {name}",
            value=statistics.median(samples),
            shown=f"{statistics.median(samples):.2f} s, slowest {max(samples):.2f}",
            target=TARGET,
            command="python -m benchmarks -k 'first result'",
        )
        for name, samples in found.items()
    ]


BENCHMARKS = (Benchmark("first result", measure),)
