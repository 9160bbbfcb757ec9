"""Room: hints, one after another.

Lives here: a button that gives one more at each click, and the list of those given.
Never here: what they say.
"""

from __future__ import annotations

from collections.abc import Callable

from runbook_lib.notebook.widgets import parts


class Hints:
    """The widgets: `button`, and `shown` where the hints appear; `hints` are asked for then."""

    def __init__(self, hints: Callable[[], tuple[str, ...]]) -> None:
        self._hints = hints
        self._count = 0
        self.button = parts.button("Hint", self._give)
        self.shown = parts.html()

    def _give(self) -> None:
        """One more at each click; after the last one all of them stay."""
        hints = self._hints()
        self._count = min(self._count + 1, len(hints))
        listed = "".join(f"<li>{parts.prose(each)}</li>" for each in hints[: self._count])
        left = len(hints) - self._count
        more = f"<p>{left} more.</p>" if left else ""
        parts.fill(self.shown, f"<p>Hints:</p><ol role='status'>{listed}</ol>{more}")
        self.button.disabled = left == 0
