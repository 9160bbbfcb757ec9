"""Room: the picture of what is built is attached to the notebook that shows it.

Lives here: writing it once, finding it old, leaving the rest alone.
Never here: what it shows.
"""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import draw_overview
import execute_notebooks
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from rendering import as_on_nbviewer

from runbook_lib.overview.picture import static_picture

SHOWS = f"## What\n![A release, its breaker, an alert](attachment:{draw_overview.NAME})"


def book(root: Path, *sources: str) -> Path:
    path = root / draw_overview.NOTEBOOK
    path.parent.mkdir()
    made = execute_notebooks.clean(new_notebook(cells=[new_markdown_cell(s) for s in sources]))
    path.write_text(execute_notebooks.serialise(made), "utf-8")
    return path


@pytest.mark.whole
def test_the_picture_is_written_once_and_then_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book(tmp_path, "# Title", SHOWS, "The rest.")

    assert draw_overview.main(["--check"], tmp_path) == 1
    assert draw_overview.main([], tmp_path) == 0
    written = path.read_text("utf-8")

    assert "old picture" in capsys.readouterr().out
    assert draw_overview.main(["--check"], tmp_path) == 0
    assert draw_overview.main([], tmp_path) == 0
    assert path.read_text("utf-8") == written
    cells = execute_notebooks.read(path).cells
    assert ["attachments" in each for each in cells] == [False, True, False]
    png = base64.b64decode(cells[1].attachments[draw_overview.NAME]["image/png"])
    assert len(png) < 40_000
    assert 'src="data:image/png;base64,' in as_on_nbviewer(execute_notebooks.read(path))


def test_a_picture_of_another_drawing_is_old(tmp_path: Path) -> None:
    path = book(tmp_path, "# Title", SHOWS)
    for drawing, is_old in ((static_picture(), False), ("<svg/>", True)):
        made = draw_overview.marked(b"\x89PNG\r\n\x1a\n" + b"\0" * 12, drawing)
        notebook = execute_notebooks.read(path)
        encoded = base64.b64encode(made).decode()
        notebook.cells[1].attachments = {draw_overview.NAME: {"image/png": encoded}}
        path.write_text(execute_notebooks.serialise(notebook), "utf-8")

        assert draw_overview.is_old(path) is is_old


def test_a_picture_that_is_current_needs_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    path = book(tmp_path, "# Title", SHOWS)
    with pytest.raises(SystemExit, match="no Chromium on this machine"):
        draw_overview.attach(path)

    made = draw_overview.marked(b"\x89PNG\r\n\x1a\n" + b"\0" * 12, static_picture())
    notebook = execute_notebooks.read(path)
    encoded = base64.b64encode(made).decode()
    notebook.cells[1].attachments = {draw_overview.NAME: {"image/png": encoded}}
    path.write_text(execute_notebooks.serialise(notebook), "utf-8")

    assert encoded in draw_overview.attach(path)


def test_a_notebook_that_does_not_show_it_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, "# Title", "No picture.")

    with pytest.raises(SystemExit, match="has 0 cells with"):
        draw_overview.attach(path)
    assert draw_overview.is_old(path)
