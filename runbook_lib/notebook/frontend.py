"""Room: is there somebody who can answer?

Lives here: telling a person at a notebook from a program that executes one; the cells run so far.
Never here: what is shown to either.
"""

from __future__ import annotations

from IPython.core.getipython import get_ipython


def is_interactive() -> bool:
    """Does a person's frontend run this cell? JupyterLab: True. papermill, nbval: False.

    A frontend says with each cell whether it could ask its user for input. What executes notebooks
    without anybody there says no, so a cell may show its widgets to people only.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    content = kernel.get_parent("shell").get("content", {})
    return bool(content.get("allow_stdin", False))


def cells_run() -> list[str]:
    """The sources of the cells that this kernel has run so far; [] outside of a notebook."""
    return list(getattr(get_ipython(), "user_ns", {}).get("In", ()))
