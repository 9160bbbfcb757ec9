"""The same cell for a person and for a machine: a kernel that may ask shows widgets, else text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from ecs_emulator.http.server import EmulatorServer
from runbook_lib.notebook.widgets.parts import WIDGET_VIEW

CELLS = {
    "parameters": 'widgets.parameters(service="web", desired_count=2);',
    "plan": "cards = widgets.plan(session, plan)",
    "inbox": "inbox = widgets.inbox(session, settings)",
    "exercise": 'exercise = widgets.exercise(session, settings, "rollback-target")',
}


class Kernel:
    """A kernel of its own, as JupyterLab and papermill start one."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str, *, may_ask: bool) -> list[dict[str, Any]]:
        """What the cell put out, message by message."""
        seen: list[dict[str, Any]] = []

        def note(message: dict[str, Any]) -> None:
            if message["header"]["msg_type"] not in ("status", "execute_input"):
                seen.append({"kind": message["header"]["msg_type"], **message["content"]})

        reply = self.client.execute_interactive(
            code, allow_stdin=may_ask, output_hook=note, stdin_hook=note, timeout=60
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return seen


@pytest.fixture(scope="module")
def kernel(
    emulator_server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    manager = KernelManager(transport="ipc", ip=str(tmp_path_factory.mktemp("k") / "s"))
    nowhere = {"AWS_ENDPOINT_URL": emulator_server.url, "AWS_CONFIG_FILE": os.devnull}
    manager.start_kernel(env={**os.environ, **nowhere})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        made = Kernel(client)
        made.run(
            "from runbook_lib import Settings, apply, open_session, walk, widgets\n"
            "settings, session = Settings(), open_session()\n"
            "for stage in walk.STAGES[:3]:\n"
            "    plan = stage.plan(session, settings)\n"
            "    apply(session, plan)\n",
            may_ask=False,
        )
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("name", CELLS)
def test_where_nobody_can_be_asked_a_cell_shows_text_and_no_widget(
    kernel: Kernel, name: str
) -> None:
    seen = kernel.run(CELLS[name], may_ask=False)

    assert {each["kind"] for each in seen} <= {"display_data", "stream"}
    assert seen
    assert not any(WIDGET_VIEW in each.get("data", {}) for each in seen)
    loaded = kernel.run("import sys; print('ipywidgets' in sys.modules)", may_ask=False)
    assert "".join(each["text"] for each in loaded) == "False\n"  # a kernel may send it in parts


def test_it_is_the_same_text_each_time(kernel: Kernel) -> None:
    code = CELLS["plan"] + "\n" + CELLS["exercise"]

    assert kernel.run(code, may_ask=False) == kernel.run(code, may_ask=False)


@pytest.mark.parametrize("name", CELLS)
def test_where_a_person_can_be_asked_a_cell_shows_a_widget_with_text_to_stand_for_it(
    kernel: Kernel, name: str
) -> None:
    seen = kernel.run(CELLS[name], may_ask=True)

    kept, shown = [each for each in seen if each["kind"] == "display_data"]
    assert WIDGET_VIEW in shown["data"]
    assert WIDGET_VIEW not in kept["data"]
    assert kept["data"]["text/plain"]
    assert kept["data"]["text/html"]
    assert "VBox" not in kept["data"]["text/plain"] + shown["data"]["text/plain"]
