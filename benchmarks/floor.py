"""Room: the least that a headless walk can cost: papermill imported, one kernel, the same imports.

`python -m benchmarks.floor` does just that, and nothing with it.
"""

from __future__ import annotations

import os

import papermill
from jupyter_client.manager import start_new_kernel

IMPORTS = (
    "boto3, matplotlib.backends.backend_svg, runbook_lib.evidence.charts, ecs_emulator.client, "
    "runbook_lib.notebook.tables, runbook_lib.walk, runbook_lib.notebook.widgets"
)


def main() -> None:
    assert papermill.execute_notebook is not None
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file
        kernel, client = start_new_kernel(kernel_name="python3", stderr=nowhere)
        try:
            reply = client.execute_interactive(f"import {IMPORTS}", output_hook=_say_nothing)
            assert reply["content"]["status"] == "ok"
        finally:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)


def _say_nothing(_: object) -> None:
    """What the kernel says of itself."""


if __name__ == "__main__":
    main()
