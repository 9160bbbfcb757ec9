"""Room: a real JupyterLab for the tests.

Lives here: starting `runbook lab` on a copy of the notebooks, and what a person does in it.
Never here: what should be seen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.request import Request, urlopen

from playwright.sync_api import Error, Locator, Page

from ecs_emulator.client import EmulatorControls
from runbook_lib.aws.clock import WallClock
from runbook_lib.learner.notebook_files import notebook_folder

RUNBOOK = Path(sys.executable).parent / "runbook"
PATIENCE_SECONDS = 40
_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*[?&]token=(\w+)")
_EMULATOR = re.compile(r"Emulator at (\S+),")
_IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
_QUIET = {"fetchNews": "false", "checkForUpdates": False}
_WHOLE = {"windowingMode": "none"}
"""By default JupyterLab takes cells that are out of sight off the page."""


@dataclass(frozen=True)
class Lab:
    """A running `runbook lab`: where JupyterLab and its emulator are, and the notebooks in it."""

    url: str
    token: str
    emulator: EmulatorControls
    folder: Path

    def open(self, page: Page, notebook: str) -> None:
        """Open a notebook by itself, with a kernel of its own, and wait until it may be run."""
        workspace = notebook.replace("/", "-")
        page.goto(f"{self.url}/lab/workspaces/{workspace}/tree/{notebook}.ipynb?token={self.token}")
        page.locator(_IDLE).wait_for(timeout=PATIENCE_SECONDS * 1000)
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE_SECONDS * 1000)

    def follow_link(self, page: Page, title: str) -> None:
        """Click the link to the next notebook, and wait until that may be run."""
        shown(page).get_by_role("link", name=f"{title} >").first.click()
        shown(page).locator("h1", has_text=title).wait_for(timeout=PATIENCE_SECONDS * 1000)
        shown(page).locator(_IDLE).wait_for(timeout=PATIENCE_SECONDS * 1000)
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE_SECONDS * 1000)

    def end_kernels(self) -> None:
        """Stop every kernel, as shutting the machine down does."""
        for session in self._ask("GET", "api/sessions"):
            self._ask("DELETE", f"api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> Any:
        asked = Request(f"{self.url}/{path}", method=method)
        asked.add_header("Authorization", f"token {self.token}")
        with urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or "null")


@contextmanager
def open_lab(folder: Path, *options: str) -> Iterator[Lab]:
    """`runbook lab` on a copy of the notebooks in `folder`, with settings of its own."""
    notebooks, log = folder / "notebooks", folder / "log"
    _copy_unexecuted(notebooks)
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET), "utf-8")
    tracker = folder / "settings" / "@jupyterlab" / "notebook-extension"
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text(json.dumps(_WHOLE), "utf-8")
    with _running(["--notebooks", str(notebooks), *options], folder, log, notebooks) as lab:
        yield lab


@contextmanager
def open_own_copy(folder: Path) -> Iterator[Lab]:
    """`runbook lab` as `make lab` starts it: a copy of one's own, JupyterLab's own settings.

    Only its question whether news may be fetched is answered.
    """
    own, log = folder / "my-notebooks", folder / "log"
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET), "utf-8")
    with _running(["--work", str(own)], folder, log, own) as lab:
        yield lab


@contextmanager
def _running(options: Sequence[str], folder: Path, log: Path, notebooks: Path) -> Iterator[Lab]:
    with log.open("w") as output:
        process = _start(options, folder, output)
    try:
        emulator, url, token = _read_addresses(process, log)
        yield Lab(url, token, EmulatorControls(emulator), notebooks)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=PATIENCE_SECONDS)


def _copy_unexecuted(notebooks: Path) -> None:
    """Without outputs: what is seen then was made just now."""
    shutil.copytree(notebook_folder(), notebooks)
    for file in notebooks.rglob("*.ipynb"):
        book = json.loads(file.read_text("utf-8"))
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        file.write_text(json.dumps(book), "utf-8")


def _start(options: Sequence[str], folder: Path, output: IO[str]) -> subprocess.Popen[str]:
    kept = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return subprocess.Popen(
        [
            *(str(RUNBOOK), "lab", *options, "--"),
            *("--no-browser", "--ServerApp.port=0", "--allow-root"),
        ],
        env={**kept, **{name: str(folder / each) for name, each in own.items()}},
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _read_addresses(process: subprocess.Popen[str], log: Path) -> tuple[str, str, str]:
    for _ in range(PATIENCE_SECONDS * 10):
        said = log.read_text("utf-8")
        emulator, jupyter = _EMULATOR.search(said), _ADDRESS.search(said)
        if emulator and jupyter:
            return emulator[1], jupyter[1], jupyter[2]
        if process.poll() is not None:
            break
        WallClock().sleep(0.1)
    raise AssertionError(f"runbook lab did not come up:\n{log.read_text('utf-8')}")


_SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
_PROMPTS = f"""[...document.querySelectorAll('{_SHOWN} .jp-InputPrompt')]
  .map(each => each.textContent)"""
_HAS_BEGUN = f"() => {_PROMPTS}.some(each => /\\[[*\\d]/.test(each))"
_IS_OVER = f"""() => {{ const said = {_PROMPTS};
  return said.some(each => /\\[\\d/.test(each)) && !said.some(each => each.includes("[*]")); }}"""


def shown(page: Page) -> Locator:
    """The notebook that is seen; others are open behind it."""
    return page.locator(_SHOWN)


def run_all(page: Page) -> None:
    """Run, Run All Cells: as the menu does it."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    try:
        page.wait_for_function(_HAS_BEGUN, timeout=PATIENCE_SECONDS * 1000)
    except Error as error:
        asked = page.locator("dialog").all_inner_texts()
        raise AssertionError(f"Run All Cells runs no cell; JupyterLab asks {asked}") from error


def wait_until_idle(page: Page) -> None:
    """Until every cell that was to run has run: some have a number, none a star."""
    page.wait_for_function(_IS_OVER, timeout=PATIENCE_SECONDS * 1000)


def restart_kernel(page: Page) -> None:
    """Kernel, Restart Kernel…, and yes."""
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Restart Kernel…$")).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator("dialog").wait_for(state="detached")
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE_SECONDS * 1000)


def run_below(page: Page, cell: Locator) -> None:
    """Run, Run Selected Cell and All Below."""
    cell.locator(".jp-InputPrompt").first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run Selected Cell and All Below", exact=True).click()
    wait_until_idle(page)


def save(page: Page) -> None:
    """Ctrl+S, and until the tab has lost the mark of a change."""
    page.keyboard.press("Control+s")
    page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty").wait_for(
        state="detached", timeout=PATIENCE_SECONDS * 1000
    )


def choose_theme(page: Page, *, is_light: bool) -> None:
    """Settings, Theme."""
    name = "JupyterLab Light" if is_light else "JupyterLab Dark"
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).hover()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).click()
    page.keyboard.press("Escape")
    page.locator(f'body[data-jp-theme-light="{str(is_light).lower()}"]').wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def fold_side_bar(page: Page) -> None:
    """As one does on a small screen: a click on the tab of the file browser."""
    if page.locator("#jp-left-stack").is_visible():
        page.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab.lm-mod-current").click()
        page.locator("#jp-left-stack").wait_for(state="hidden")


def board(page: Page) -> Locator:
    """The parts of the live board."""
    return page.locator(".ecs-board")
