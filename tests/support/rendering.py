"""Room: a saved notebook as it is seen where no kernel runs.

Lives here: what GitHub leaves of an output, and the page that nbconvert, and so nbviewer, makes.
Never here: what a notebook should show.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import bleach
from nbconvert import HTMLExporter

UNSEEN = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
TAGS = frozenset(
    "a abbr b blockquote br caption code dd details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol "
    "p pre s section small span strong sub summary sup table tbody td tfoot th thead time tr tt ul "
    "var wbr".split()
)
ATTRIBUTES = {"a": ["href"], "img": ["src", "alt"], "td": ["colspan"], "th": ["colspan", "scope"]}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def bare(html: str) -> str:
    """What is left of an output's HTML on GitHub: no styles, no scripts, no controls."""
    kept: str = bleach.clean(
        UNSEEN.sub("", html), tags=TAGS, attributes=ATTRIBUTES, strip=True, strip_comments=True
    )
    return kept


def as_on_github(notebook: Any) -> str:
    """A page of the notebook with bare outputs."""
    shown = deepcopy(notebook)
    for cell in shown.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            data.pop(WIDGET_VIEW, None)
            if "text/html" in data:
                data["text/html"] = bare(data["text/html"])
    return as_on_nbviewer(shown)


def as_on_nbviewer(notebook: Any) -> str:
    """A page of the notebook as nbconvert makes it."""
    page: str
    page, _ = HTMLExporter(embed_images=False).from_notebook_node(notebook)
    return page
