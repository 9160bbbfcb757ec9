"""Room: the picture of what is built, in the notebook that begins the walk.

Lives here: drawing it, and putting it into the cell that shows it, as an attachment: the notebook
stays one file, and shows it without a kernel. It is generated, so it cannot go stale.
Never here: what the picture shows (runbook_lib.overview).

JupyterLab shows no SVG that is attached ("Cannot render unknown image mime type"), so a browser
makes a PNG of it. Browsers and fonts differ; what it was made of stands in the PNG, and only that
decides whether it is old.

    python tools/draw_overview.py           write the picture if it is missing or old
    python tools/draw_overview.py --check   change nothing, exit 1 if it is old
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import shutil
import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import nbformat
from execute_notebooks import ROOT, clean, read, serialise
from nbformat import NotebookNode

from runbook_lib.overview.picture import static_picture

NAME = "what-you-build.png"
LINK = f"](attachment:{NAME})"
NOTEBOOK = "notebooks/00_start_here.ipynb"
SCALE = 1.5
"""Pixels of the picture for one of the drawing: sharp, and not too large on a wide page."""
COLOURS = 64
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_SIGNATURE, _KEY = b"\x89PNG\r\n\x1a\n", b"made-of\0"


def attach(path: Path) -> str:
    """The notebook's file with the picture attached to the cell that says `![…](attachment:…)`.

    A picture that is there and not old stays as it is, to the byte.
    """
    notebook = read(path)
    shown = [c for c in notebook.cells if c.cell_type == "markdown" and LINK in c.source]
    if len(shown) != 1:
        raise SystemExit(f"error: {path.name} has {len(shown)} cells with `![…{LINK}`; wanted one")
    drawing = static_picture()
    there = _attached(shown[0])
    picture = there if is_of(there, drawing) else draw(drawing)
    for cell in notebook.cells:
        kept = {name: each for name, each in cell.get("attachments", {}).items() if name != NAME}
        if cell is shown[0]:
            kept[NAME] = {"image/png": base64.b64encode(picture).decode()}
        cell.pop("attachments", None)
        if kept:
            cell.attachments = nbformat.from_dict(kept)
    return serialise(clean(notebook))


def is_old(path: Path) -> bool:
    """Whether the notebook shows another picture than would be drawn now, or none."""
    shown = [c for c in read(path).cells if LINK in c.source]
    return not shown or not all(is_of(_attached(c), static_picture()) for c in shown)


def _attached(cell: NotebookNode) -> bytes:
    bundle = cell.get("attachments", {}).get(NAME, {})
    return base64.b64decode(bundle.get("image/png", ""))


def draw(drawing: str) -> bytes:
    """The drawing as PNG, with what it was made of."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("error: no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page(device_scale_factor=SCALE)
        page.set_content(f'<body style="margin:0">{drawing}</body>')
        png = page.locator("svg").screenshot(omit_background=True)
        opened.close()
    return marked(small(png), drawing)


def small(png: bytes) -> bytes:
    """The same picture in few colours: a third of the bytes."""
    from PIL import Image  # matplotlib brings it along

    written = io.BytesIO()
    few = Image.open(io.BytesIO(png)).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def marked(png: bytes, drawing: str) -> bytes:
    """The PNG with a text chunk that says what it was made of, before its last chunk.

    https://www.w3.org/TR/png-3/#11tEXt
    """
    content = b"tEXt" + _KEY + _digest(drawing)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:-12] + chunk + png[-12:]


def is_of(png: bytes, drawing: str) -> bool:
    return png.startswith(_SIGNATURE) and _KEY + _digest(drawing) in png


def _digest(drawing: str) -> bytes:
    return hashlib.sha256(drawing.encode()).hexdigest().encode()


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Write the picture of what is built.")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it is old")
    only_check = parser.parse_args(arguments).check
    path = root / NOTEBOOK
    if only_check:
        old = is_old(path)
        if old:
            print(f"{NOTEBOOK}: old picture; run `python tools/draw_overview.py`")
        return int(old)
    text = attach(path)
    if path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        print(f"{NOTEBOOK}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
