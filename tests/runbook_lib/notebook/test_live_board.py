"""The live board in a real kernel, its frontend being the test: what is shown, moved, stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, open_session, walk
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets.live_board import PACES

SETTINGS = Settings()
INSTANT = len(PACES) - 1
HTML, PLAIN, WIDGET = "text/html", "text/plain", "application/vnd.jupyter.widget-view+json"
PATIENCE = 20.0
SET_UP = """
from runbook_lib import Settings, connect, widgets
settings = Settings()
session = connect(settings)
"""


@dataclass
class Told:
    """What a cell sent: `comms` are the states of its widgets, by model id."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""
    result: str = ""
    error: str = ""
    comms: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["msg_type"]:
            case "display_data" | "update_display_data":
                self.shown.append(content["data"])
            case "stream":
                self.printed += content["text"]
            case "execute_result":
                self.result = content["data"][PLAIN]
            case "error":
                self.error = "\n".join(content["traceback"])
            case "comm_open":
                self.comms[content["comm_id"]] = dict(content["data"]["state"])
            case "comm_msg" if content["data"].get("method") in ("update", "echo_update"):
                self.comms.setdefault(content["comm_id"], {}).update(content["data"]["state"])

    def widget(self, **state: Any) -> str:
        """The id of the widget with this in its state; "" if there is none yet."""
        found = (k for k, s in self.comms.items() if state.items() <= s.items())
        return next(found, "")

    def says(self, text: str) -> bool:
        return any(text in str(state.get("value", "")) for state in self.comms.values())


class Kernel:
    """A kernel of the notebooks. `run` executes a cell as a frontend with or without a person."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    def run(
        self,
        code: str,
        *,
        with_person: bool,
        meanwhile: Callable[[Told], None] = lambda _: None,
    ) -> Told:
        """`meanwhile` is called with each message of the cell while it runs."""
        told = Told()
        request = self.client.execute(code, allow_stdin=with_person)
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            told.take(message)
            is_own = message["parent_header"].get("msg_id") == request
            if is_own and message["content"].get("execution_state") == "idle":
                return told
            meanwhile(told)

    def subshell(self) -> str:
        """A second shell, as JupyterLab asks for one to send widget messages to."""
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        reply = self.client.get_control_msg(timeout=PATIENCE)
        return str(reply["content"]["subshell_id"])

    def move(self, widget: str, state: dict[str, Any], subshell: str) -> None:
        data = {"method": "update", "state": state, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": widget, "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)


@pytest.fixture(scope="module")
def kernel(emulator_server: EmulatorServer) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    manager.start_kernel(env={**kept, "AWS_ENDPOINT_URL": emulator_server.url})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        kernel = Kernel(manager, client)
        assert kernel.run(SET_UP, with_person=False).error == ""
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def begun(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a deployment that has just begun to fail."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    session = open_session()
    for stage in walk.STAGES[:4]:
        stage.afterwards(session, SETTINGS, apply(session, stage.plan(session, SETTINGS)))
    outcome = apply(session, walk.bad_release_plan(session, SETTINGS))
    return walk.started_deployment(session, SETTINGS, outcome).id


def follow(deployment_id: str) -> str:
    return f"watched = widgets.follow(session, settings, {deployment_id!r})\nwatched.end"


class Hand:
    """A person who moves one widget, once it is there and `when` holds."""

    def __init__(self, kernel: Kernel, **state: Any) -> None:
        self.kernel, self.state, self.subshell = kernel, state, kernel.subshell()

    def sets(
        self, when: Callable[[Told], bool] = lambda _: True, **state: Any
    ) -> Callable[[Told], None]:
        has_moved = False

        def meanwhile(told: Told) -> None:
            nonlocal has_moved
            widget = told.widget(**self.state)
            if widget and not has_moved and when(told):
                has_moved = True
                self.kernel.move(widget, state, self.subshell)

        return meanwhile


SLIDER = {"_model_name": "SelectionSliderModel"}
PAUSE = {"_model_name": "ToggleButtonModel"}


def test_without_a_kernel_nobody_is_there() -> None:
    assert is_interactive() is False


@pytest.mark.parametrize("with_person", [True, False])
def test_the_frontend_says_whether_somebody_is_there(with_person: bool, kernel: Kernel) -> None:
    asked = "from runbook_lib.notebook.frontend import is_interactive\nis_interactive()"

    assert kernel.run(asked, with_person=with_person).result == str(with_person)


def test_where_nobody_watches_it_prints_the_lines_of_walk_follow(
    kernel: Kernel, begun: str
) -> None:
    told = kernel.run(follow(begun), with_person=False)

    lines = told.printed.splitlines()
    assert lines[0].endswith(
        "PRIMARY  my-task:2 ecs-svc/2942440254381718020 IN_PROGRESS  "
        "desired 0 running 0 pending 0 failed 0"
    )
    assert "my-task:1 ecs-svc/3203581604050535102 COMPLETED" in lines[-1]
    assert (told.result, told.error, told.comms, told.shown) == ("'rolled back'", "", {}, [])


def test_the_slider_is_heard_while_the_cell_runs_and_the_last_frame_stays(
    kernel: Kernel, begun: str
) -> None:
    hand = Hand(kernel, **SLIDER)
    told = kernel.run(follow(begun), with_person=True, meanwhile=hand.sets(index=INSTANT))
    last = told.shown[-1]
    assert (
        "is being watched. If nothing moves, stop (■) and run this cell again."
        in told.shown[0][HTML]
    )
    assert WIDGET in told.shown[1]
    assert (told.result, told.error, told.printed) == ("'rolled back'", "", "")
    assert "my-task:2 failed, and ECS has rolled back to my-task:1." in last[HTML]
    assert last[PLAIN].splitlines()[-1].endswith("desired 1 running 1 pending 0 failed 0")
    assert {PLAIN: ""} in told.shown, "the widgets are taken off the page"
    assert WIDGET not in last


def test_a_pause_holds_until_it_is_lifted(kernel: Kernel, begun: str) -> None:
    pause, slider = Hand(kernel, **PAUSE), Hand(kernel, **SLIDER)
    steps = [
        pause.sets(value=True),
        slider.sets(lambda told: told.says("paused"), index=INSTANT),
        pause.sets(lambda told: bool(told.widget(**SLIDER, index=INSTANT)), value=False),
    ]
    told = kernel.run(
        follow(begun), with_person=True, meanwhile=lambda told: [each(told) for each in steps]
    )

    assert told.widget(**PAUSE, description="Pause", value=False)
    assert told.result == "'rolled back'"


def test_stopping_the_cell_leaves_one_sentence_and_it_can_be_run_again(
    kernel: Kernel, begun: str
) -> None:
    is_stopped = False

    def stop(told: Told) -> None:
        nonlocal is_stopped
        if not is_stopped and told.says("since it began"):
            is_stopped = True
            kernel.manager.interrupt_kernel()

    stopped = kernel.run(follow(begun), with_person=True, meanwhile=stop)
    hand = Hand(kernel, **SLIDER)
    again = kernel.run(follow(begun), with_person=True, meanwhile=hand.sets(index=INSTANT))

    assert stopped.error.startswith(f"Interrupted: You stopped watching {begun};")
    assert stopped.error.endswith("Next: run this cell again.")
    assert "run this cell again to watch it further" in stopped.shown[-1][HTML]
    assert again.result == "'rolled back'"


def test_following_what_has_ended_shows_the_end_at_once(kernel: Kernel, begun: str) -> None:
    kernel.run(follow(begun), with_person=False)
    told = kernel.run(follow(begun), with_person=True)

    assert told.result == "'rolled back'"
    assert "ECS has rolled back to my-task:1." in told.shown[-1][HTML]


def test_the_speed_that_was_chosen_holds_for_the_next_board(kernel: Kernel, begun: str) -> None:
    hand = Hand(kernel, **SLIDER)
    kernel.run(follow(begun), with_person=True, meanwhile=hand.sets(index=INSTANT))

    again = kernel.run(board(begun), with_person=True)

    assert again.widget(**SLIDER, index=INSTANT)


def board(deployment_id: str) -> str:
    return f"watched = widgets.board(session, settings, {deployment_id!r})\nwatched.end"


def test_of_one_of_many_deployments_the_last_frame_is_folded(kernel: Kernel, begun: str) -> None:
    hand = Hand(kernel, **SLIDER)
    told = kernel.run(board(begun), with_person=True, meanwhile=hand.sets(index=INSTANT))
    last = told.shown[-1][HTML]

    assert told.result == "'rolled back'"
    said = "my-task:2 failed, and ECS has rolled back to my-task:1."
    assert f"<details><summary>{said}</summary>" in last
    assert "Service events, newest first" in last.partition("</summary>")[2]


def test_one_of_many_is_silent_where_nobody_watches(kernel: Kernel, begun: str) -> None:
    told = kernel.run(board(begun), with_person=False)

    assert (told.result, told.printed, told.shown) == ("'rolled back'", "", [])


def test_a_good_release_is_not_expected_to_fail_whatever_the_bad_image_is(
    kernel: Kernel, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board asks the registry for the image of the release itself, not for the parameter's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    session = open_session()
    for stage in walk.STAGES[:2]:
        apply(session, stage.plan(session, SETTINGS))
    hand, seen = Hand(kernel, **SLIDER).sets(index=INSTANT), set[str]()

    def watch(told: Told) -> None:
        seen.update(each for each in ("the first attempt", "failure 1") if told.says(each))
        hand(told)

    service = "from runbook_lib import read_service\nservice = read_service(session, 'default', "
    code = f"{service}settings.service)\nwidgets.board(session, settings, service.primary.id).end"
    told = kernel.run(code, with_person=True, meanwhile=watch)

    assert told.result == "'completed'"
    assert seen == {"the first attempt"}, "its image is there: no failure is expected"


def test_a_service_that_is_gone_is_one_line(kernel: Kernel, emulator: EmulatorServer) -> None:
    told = kernel.run(follow("ecs-svc/1"), with_person=True)

    assert told.error.startswith("NotThere: service my-sample-service is missing")
    assert told.shown[-1] == {PLAIN: ""}


@pytest.mark.whole
def test_no_widget_is_left_behind(kernel: Kernel, begun: str) -> None:
    hand = Hand(kernel, **SLIDER)
    code = "import ipywidgets\nbefore = len(ipywidgets.Widget.widgets)\n" + follow(begun)
    kernel.run(code, with_person=True, meanwhile=hand.sets(index=INSTANT))
    left = kernel.run("len(ipywidgets.Widget.widgets) - before", with_person=False)

    assert left.result == "0"
