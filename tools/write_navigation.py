"""Room: the links between notebooks.

Lives here: the cell `< previous | contents | next >` at both ends of each notebook, and the table
of notebooks in README.md and in 00_start_here. Both are generated, so they cannot go stale.
Never here: anything else in a notebook.

    python tools/write_navigation.py           write what is missing or old
    python tools/write_navigation.py --check   change nothing, exit 1 if something is old
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import nbformat
from execute_notebooks import ROOT, clean, find_notebooks, read, serialise
from nbformat import NotebookNode

NAVIGATION = "<!--NAVIGATION-->"
TABLE = re.compile(r"(<!--(NOTEBOOKS|LABS)-->).*?(<!--/\2-->)", re.DOTALL)
TAKES = re.compile(r"\*\*Takes\*\* (.+?)\.(?:\s|$)")
CONTENTS = "00_start_here.ipynb"


@dataclass(frozen=True, slots=True)
class Page:
    """A notebook as others see it. The purpose is the first line of text below its title.

    `takes` is what it says about the time that it takes: **Takes** 10 minutes.
    """

    path: Path
    title: str
    purpose: str
    takes: str = ""

    @property
    def is_lab(self) -> bool:
        return self.path.parent.name == "labs"


def read_page(path: Path) -> Page:
    lines = [line.strip() for line in read(path).cells[0].source.splitlines() if line.strip()]
    if not lines or not lines[0].startswith("# "):
        raise SystemExit(f"error: {path.name} does not begin with a title (`# Title`)")
    purpose = next((line for line in lines[1:] if not line.startswith("#")), "")
    takes = TAKES.search(" ".join(lines))
    return Page(path, lines[0].removeprefix("# "), purpose, takes[1] if takes else "")


def link(text: str, target: Path, start: Path) -> str:
    return f"[{text}]({Path(os.path.relpath(target, start)).as_posix()})"


def navigation(
    before: Page | None, page: Page, after: Page | None, contents: Path, place: str
) -> str:
    """`Part 3 of 8 | < Previous | Contents | Next >`, with what there is."""
    folder = page.path.parent
    parts = [
        place,
        before and link(f"< {before.title}", before.path, folder),
        page.path != contents and link("Contents", contents, folder),
        after and link(f"{after.title} >", after.path, folder),
    ]
    return f"{NAVIGATION}\n" + " | ".join(part for part in parts if part)


def table(pages: Sequence[Page], folder: Path) -> str:
    """The notebooks of the walk as a Markdown table, its links relative to `folder`."""
    walk = (p for p in pages if not p.is_lab)
    rows = [f"| {link(p.title, p.path, folder)} | {p.purpose} | {p.takes} |" for p in walk]
    return "\n".join(
        ["", "", "| Notebook | What it does | Takes |", "|:---|:---|:---|", *rows, "", ""]
    )


def table_of_labs(pages: Sequence[Page], folder: Path) -> str:
    """The labs as a Markdown table, with the time that each takes."""
    labs = (p for p in pages if p.is_lab)
    rows = [f"| {link(p.title, p.path, folder)} | {p.purpose} | {p.takes} |" for p in labs]
    return "\n".join(
        ["", "", "| Lab | What it is about | Takes |", "|:---|:---|:---|", *rows, "", ""]
    )


def fill(text: str, pages: Sequence[Page], folder: Path) -> str:
    def filled(marks: re.Match[str]) -> str:
        make = table_of_labs if marks[2] == "LABS" else table
        return marks[1] + make(pages, folder) + marks[3]

    return TABLE.sub(filled, text)


def with_navigation(path: Path, text: str, pages: Sequence[Page]) -> str:
    """The notebook's file with its navigation cells below the title and at the end."""
    notebook: NotebookNode = read(path)
    cells = [cell for cell in notebook.cells if not cell.source.startswith(NAVIGATION)]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = fill(cell.source, pages, path.parent)
    ends = [nbformat.v4.new_markdown_cell(text) for _ in range(2)]
    notebook.cells = [cells[0], ends[0], *cells[1:], ends[1]]
    return serialise(clean(notebook))


def wanted(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file that holds generated links, and what it should say."""
    pages = [read_page(path) for path in find_notebooks(root)]
    contents = root / "notebooks" / CONTENTS
    for _, group in groupby(pages, key=lambda page: page.path.parent):
        row: list[Page | None] = [None, *group, None]
        count = len(row) - 2
        for number, (before, page, after) in enumerate(
            zip(row, row[1:], row[2:], strict=False), start=1
        ):
            if page is not None:
                place = f"{'Lab' if page.is_lab else 'Part'} {number} of {count}"
                text = navigation(before, page, after, contents, place)
                yield page.path, with_navigation(page.path, text, pages)
    readme = root / "README.md"
    if readme.exists():
        yield readme, fill(readme.read_text("utf-8"), pages, root)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Write the links between the notebooks.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; 1 if something is old"
    )
    options = parser.parse_args(arguments)
    old = [(path, text) for path, text in wanted(root) if path.read_text("utf-8") != text]
    for path, text in old:
        if options.check:
            print(f"{path.relative_to(root)}: old links; run `python tools/write_navigation.py`")
        else:
            path.write_text(text, "utf-8")
            print(f"{path.relative_to(root)}: written")
    return int(options.check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
