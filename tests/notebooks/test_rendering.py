"""The committed notebooks where no kernel runs: on GitHub and on nbviewer."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rendering import WIDGET_VIEW, as_on_github, as_on_nbviewer, bare

from runbook_lib.learner.notebook_files import lab_notebooks, notebook_folder

NOTEBOOKS = [*sorted(notebook_folder().glob("[0-9]*.ipynb")), *lab_notebooks()]


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def bundles(notebook: Any) -> list[dict[str, Any]]:
    outputs = (each for cell in notebook.cells for each in cell.get("outputs", ()))
    return [each["data"] for each in outputs if "data" in each]


def words(text: str) -> set[str]:
    """The words that a reader sees; a cell ends a word, a place to break does not."""
    seen = re.sub(r"<wbr>", "", text)
    return set(html.unescape(re.sub(r"<[^>]*>", " ", seen)).split())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_table_says_the_same_without_its_styles(path: Path) -> None:
    tables = [each for each in bundles(read(path)) if "<table" in each.get("text/html", "")]

    lost = [words(each["text/plain"]) - {"|"} - words(bare(each["text/html"])) for each in tables]

    assert tables
    assert [each for each in lost if each] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_waits_for_a_widget(path: Path) -> None:
    notebook = read(path)
    drawn = [each for each in bundles(notebook) if "image/svg+xml" in each]
    attached = [each for cell in notebook.cells for each in cell.get("attachments", ())]

    on_github, on_nbviewer = as_on_github(notebook), as_on_nbviewer(notebook)

    assert [each for each in bundles(notebook) if WIDGET_VIEW in each] == []
    for page in (on_github, on_nbviewer):
        assert page.count("<img") == len(drawn) + len(attached)
    for said in ("Error displaying widget", "Loading widget"):
        assert said not in on_github + on_nbviewer


def test_styles_scripts_and_controls_do_not_reach_a_reader_on_github() -> None:
    given = "<style>p {}</style><script>x()</script><p style='color: red' onclick='x()'>said</p>"

    assert bare(given) == "<p>said</p>"
