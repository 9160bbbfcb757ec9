"""Room: the board that follows a deployment while somebody watches.

Lives here: `follow` and `board`, the slider and the pause button, and what is left when it ends.
Never here: what the board says, how it looks, how time passes (board).

While a cell runs, JupyterLab's messages to widgets are handled in another thread of the kernel. So
the handlers here only set a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib import facts, walk
from runbook_lib.aws import reading
from runbook_lib.aws.registries import Image
from runbook_lib.aws.session import Session
from runbook_lib.board import view as boards
from runbook_lib.board.html import (
    STYLE,
    board_html,
    body_html,
    room_html,
    sentence_html,
    times_html,
)
from runbook_lib.board.pacing import INSTANT, REAL_TIME, PacedClock
from runbook_lib.errors import RunbookError
from runbook_lib.facts.settings import Settings
from runbook_lib.following.deployment import Snapshot, Watched
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts

PACES = (
    ("real time", REAL_TIME),
    ("10 times as fast", 10.0),
    ("a minute a second", 60.0),
    ("5 minutes a second", 300.0),
    ("instant", INSTANT),
)
FIRST_PACE = 60.0
_NAME_SLIDER = (
    "const box = this.closest('.runbook-box');"
    " const name = left => { const slider = box.querySelector('[role=slider]'),"
    " said = box.querySelector('.widget-readout');"
    " if (!slider || !said) { if (left) requestAnimationFrame(() => name(left - 1)); return; }"
    " const say = () => slider.setAttribute('aria-valuetext', said.textContent);"
    " slider.setAttribute('aria-label', 'Speed'); say();"
    " new MutationObserver(say).observe(said,"
    " {childList: true, characterData: true, subtree: true}); };"
    " box && name(600);"
    " const show = () => box.isConnected && box.scrollIntoView({block: 'nearest'});"
    " box && [0, 250, 1000, 2500].forEach(each => setTimeout(show, each));"
)
_SPOKEN = f'<img alt="" hidden src="data:," onerror="{escape(_NAME_SLIDER)}">'
"""ipywidgets gives the slider no name, and its value to a screen reader as a bare number.

Shift+Enter goes on to the cell below and scrolls to it before the board is there: so the board
brings itself into view, four times within the first seconds, and then leaves it to the reader."""

_GIVE_FOCUS_BACK = (
    "const at = document.activeElement;"
    " const cell = document.querySelector("
    "'.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active');"
    " if (cell && (at === document.body || at.closest('.runbook-box')))"
    " cell.focus({preventScroll: true});"
)
_DONE = f'<img alt="" hidden src="data:," onerror="{escape(_GIVE_FOCUS_BACK)}">'
"""Whoever moved the slider by keyboard stands nowhere once it is gone: back to the cell then."""


class Interrupted(RunbookError):
    fmt = "You stopped watching {deployment}; it goes on by itself. Next: run this cell again."

    def __init__(self, *, deployment: str) -> None:
        super().__init__(deployment=deployment)


def follow(session: Session, settings: Settings, deployment_id: str) -> Watched:
    """Watch the drill's deployment to its end: on a live board, or line by line.

    In JupyterLab the board plays an emulated deployment at the speed of its slider, and can be
    paused; on AWS it looks every 15 s. When it ends, its last frame stays in the notebook. Where
    nobody watches (papermill, nbval, `runbook drill`) it prints what `walk.follow` prints.

    Raises `Interrupted` when somebody stops the cell: nothing is lost, the cell may be run again.
    """
    if not is_interactive():
        return walk.follow(session, settings, deployment_id)
    return LiveBoard(session, settings, deployment_id).follow()


def board(session: Session, settings: Settings, deployment_id: str) -> Watched:
    """As `follow`, for one of many deployments: its last frame is folded away when it has ended.

    Where nobody watches, nothing is printed.
    """
    if not is_interactive():
        return walk.follow(session, settings, deployment_id, tell=lambda _: None)
    return LiveBoard(session, settings, deployment_id, is_one_of_many=True).follow()


class LiveBoard:
    """One deployment on the screen: its looks so far, and the widgets that show them.

    The speed that was chosen last holds for the next board of this kernel.
    """

    chosen_pace = FIRST_PACE

    def __init__(
        self,
        session: Session,
        settings: Settings,
        deployment_id: str,
        *,
        is_one_of_many: bool = False,
    ) -> None:
        self._session, self._settings, self._id = session, settings, deployment_id
        self._is_one_of_many = is_one_of_many
        self._snapshots: list[Snapshot] = []
        self._tasks: Sequence[facts.Task] = ()
        self._lines: list[str] = []
        self._is_missing: bool | None = None
        self.clock = PacedClock(session.clock, pace=self.chosen_pace, tick=self._show_time)
        self.sentence, self.times = parts.html(), parts.html()
        self.body = parts.html(room_html())
        self.pace, self.pause = _pace_slider(self.chosen_pace), _pause_button()
        self.pace.observe(self._set_pace, "value")
        self.pause.observe(self._set_pause, "value")
        _answer_meanwhile(self.pace, self.pause)
        steering = parts.row(self.pace, self.pause, parts.html(_SPOKEN))
        controls = [steering] if self.clock.is_steerable else []
        self.box = parts.box(*controls, parts.html(STYLE), self.sentence, self.times, self.body)

    def follow(self) -> Watched:
        said = f"{self._id} is being watched. If nothing moves, stop (■) and run this cell again."
        shown = parts.Shown(self.box, said)
        try:
            with self.clock.steering():
                watched = walk.follow(
                    self._session,
                    self._settings,
                    self._id,
                    tell=self._lines.append,
                    see=self._see,
                    clock=self.clock,
                )
        except KeyboardInterrupt:
            self._leave(shown, boards.INTERRUPTED)
            raise Interrupted(deployment=self._id) from None
        except BaseException:
            self._leave(shown, "")
            raise
        self._leave(shown, watched.end)
        return watched

    def _set_pace(self, change: Any) -> None:
        self.clock.pace = LiveBoard.chosen_pace = change["new"]

    def _set_pause(self, change: Any) -> None:
        self.clock.is_paused = change["new"]
        self.pause.description = "Resume" if change["new"] else "Pause"

    def _see(self, snapshot: Snapshot) -> None:
        if not self._snapshots:
            self._is_missing = self._lacks_an_image(snapshot)
        self._snapshots.append(snapshot)
        self._tasks = self._read_tasks()
        shown = self._view()
        parts.fill(self.sentence, sentence_html(shown))
        parts.fill(self.times, times_html(shown))
        parts.fill(self.body, body_html(shown, is_live=True))

    def _read_tasks(self) -> Sequence[facts.Task]:
        """A board without its reasons is better than none."""
        try:
            return reading.read_tasks(self._session, self._settings.cluster, self._settings.service)
        except (ClientError, BotoCoreError):
            return self._tasks

    def _lacks_an_image(self, snapshot: Snapshot) -> bool | None:
        """Whether the release has an image that no registry has; None where nobody can say."""
        entry = snapshot.service.deployment(self._id)
        if entry is None:
            return None
        try:
            revision = reading.read_task_definition(self._session, entry.task_definition)
        except (ClientError, BotoCoreError):
            return None
        found = [self._session.registries.has(Image.read(e)) for e in revision.images.values()]
        return True if False in found else None if None in found else False

    def _show_time(self, now: datetime) -> None:
        if self._snapshots:
            said = times_html(self._view(now=now), is_paused=self.clock.is_paused)
            parts.fill(self.times, said)

    def _view(self, *, now: datetime | None = None, end: str = "") -> boards.BoardView:
        return boards.view(
            self._snapshots,
            self._tasks,
            self._id,
            now=now,
            end=end,
            image_is_missing=self._is_missing,
        )

    def _leave(self, shown: parts.Shown, end: str) -> None:
        """The last frame takes the widgets' place: it needs no kernel to be seen again."""
        parts.fill(self.times, _DONE)
        last = board_html(self._view(end=end)) if self._snapshots else ""
        if last and self._is_one_of_many:
            said = parts.safe(self._view(end=end).sentence)
            last = f"<details><summary>{said}</summary>{last}</details>"
        shown.end("\n".join(self._lines), last)
        for widget in (self.box, self.pace, self.pause):
            _close(widget)


def _close(widget: Any) -> None:
    """Close it with all that it is made of."""
    for each in getattr(widget, "children", ()):
        _close(each)
    for part in (widget.layout, getattr(widget, "style", None), widget):
        if part is not None:
            part.close()


def _answer_meanwhile(*widgets: Any) -> None:
    """Let these be moved while the cell that made them runs.

    JupyterLab sends their messages to a subshell of the kernel, which is free. ipykernel 7.4 sends
    them back to where the widget was last used, which is this cell, unless it forgets that.
    """
    for widget in widgets:
        vars(widget.comm).pop("_reply_subshell_id", None)


def _pace_slider(pace: float) -> Any:
    import ipywidgets

    made = ipywidgets.SelectionSlider(
        options=PACES,
        value=pace,
        description="Speed",
        layout={"width": "auto", "flex": "1 1 20em", "max_width": "36em"},
    )
    made.add_class("ecs-pace")
    return made


def _pause_button() -> Any:
    import ipywidgets

    return ipywidgets.ToggleButton(value=False, description="Pause", layout={"width": "auto"})
