"""Room: how far a learner has come on the way through the notebooks.

Lives here: title and minutes of each notebook, which are done, which is next, and what is left.
Never here: reading AWS (parts), what a way looks like.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from runbook_lib.errors import BadParameter
from runbook_lib.learner.notebook_files import lab_notebooks, walk_notebooks
from runbook_lib.learner.progress import VERDICT, Progress
from runbook_lib.overview.parts import EVENT, MADE_BY, Parts

DONE, HERE, NEXT, LATER, LEFT_OUT, OPEN = "done", "here", "next", "later", "not done", "open"
"""LEFT_OUT is before the notebook that one stands in. The labs may be done in any order: OPEN."""
SILENT = ("00_start_here", "90_clean_up")
"""They ask nothing and make nothing, so nothing tells that they are done but having gone on."""
_TAKES = re.compile(r"\*\*Takes\*\* (\d+) minutes?([^.]*)\.")
_ON_AWS = re.compile(r"; on AWS (?:about )?(\d+)( more)?")
_SPELLED = {"sns": "SNS"}
_LONGEST_IN_MINUTES = 90


@dataclass(frozen=True, slots=True)
class Page:
    """A notebook: its title, and how many minutes it says that it takes; None: it does not say."""

    notebook: str
    title: str
    minutes: int | None
    minutes_on_aws: int | None

    @property
    def number(self) -> str:
        return self.notebook[:2]

    @property
    def label(self) -> str:
        """The words of its file name: "create SNS topic"."""
        return " ".join(_SPELLED.get(word, word) for word in self.notebook.split("_")[1:])


@dataclass(frozen=True, slots=True)
class Step:
    """A notebook on the way, its minutes where it is run, and its state."""

    page: Page
    minutes: int | None
    state: str

    @property
    def time(self) -> str:
        """ "about 10 minutes"; "" where it is not known."""
        return "" if self.minutes is None else f"about {self.minutes} minutes"


@dataclass(frozen=True, slots=True)
class Way:
    """All notebooks of the walk, or all labs, in order."""

    steps: tuple[Step, ...]
    is_lab: bool

    @property
    def here(self) -> Step:
        return next(each for each in self.steps if each.state == HERE)

    @property
    def place(self) -> str:
        """ "Part 3 of 8"."""
        kind = "Lab" if self.is_lab else "Part"
        return f"{kind} {self.steps.index(self.here) + 1} of {len(self.steps)}"

    @property
    def minutes_left(self) -> int | None:
        """Of all that are not done, and of this one; None where one of them does not say."""
        left = [each.minutes for each in self.steps if each.state != DONE]
        known = [each for each in left if each is not None]
        return sum(known) if len(known) == len(left) else None

    @property
    def time_left(self) -> str:
        """ "about 25 minutes", in fives; "about 1.5 hours"; "" where it is not known."""
        left = self.minutes_left
        if left is None:
            return ""
        if left > _LONGEST_IN_MINUTES:
            return f"about {round(left / 30) / 2:g} hours"
        return f"about {-(-left // 5) * 5} minutes"


def is_lab(notebook: str) -> bool:
    """Raises `BadParameter` for a name that is neither a lab's nor a notebook's of the walk."""
    labs = {each.stem for each in lab_notebooks()}
    walk = {each.stem for each in walk_notebooks()}
    if notebook not in labs | walk:
        raise BadParameter(
            name="notebook", problem=f"{notebook!r} is no notebook", example="20_create_service"
        )
    return notebook in labs


def find_way(
    notebook: str, progress: Progress | None, parts: Parts | None = None, *, target: str
) -> Way:
    """The way that this notebook is on: find_way("20_create_service", progress, parts, …).

    AWS wins where `parts` tells that a notebook is done or not; otherwise the record of progress
    does. Where none is kept it is None: what has been gone past in the walk is taken to be done.
    Raises `BadParameter` for a name that is no notebook's.
    """
    in_lab = is_lab(notebook)
    pages = [read_page(each) for each in (lab_notebooks() if in_lab else walk_notebooks())]
    number = [each.notebook for each in pages].index(notebook)
    states = []
    for position, page in enumerate(pages):
        seen = parts.is_done(page.notebook) if parts and not in_lab else None
        if seen is None:
            seen = _is_done(page.notebook, progress, has_gone_on=not in_lab and position < number)
        states.append(HERE if position == number else DONE if seen else "")
    following = next((n for n in range(number + 1, len(pages)) if not states[n]), -1)
    steps = []
    for position, (page, state) in enumerate(zip(pages, states, strict=True)):
        waiting = OPEN if in_lab else LEFT_OUT if position < number else LATER
        minutes = page.minutes_on_aws if target == "aws" else page.minutes
        steps.append(Step(page, minutes, state or (NEXT if position == following else waiting)))
    return Way(tuple(steps), in_lab)


def _is_done(notebook: str, progress: Progress | None, *, has_gone_on: bool) -> bool:
    """By the record of progress. A drill is done by its verdict, whatever was answered there."""
    if progress is None or notebook in SILENT:
        return has_gone_on
    if notebook == MADE_BY[EVENT]:
        return any(each.kind == VERDICT and each.right for each in progress.of(notebook))
    return progress.is_done(notebook)


def read_page(path: Path) -> Page:
    """Title and minutes, from the first cell of the notebook."""
    return _page(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _page(path: Path, _: int) -> Page:
    text = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
    title = text.splitlines()[0].removeprefix("# ")
    return Page(path.stem, title, *minutes_of(text))


def minutes_of(text: str) -> tuple[int | None, int | None]:
    """On the emulator and on AWS: "**Takes** 5 minutes; on AWS 2 more." is (5, 7).

    "15 minutes; on AWS about 40." is (15, 40); without a word on AWS both are the same, and with
    one that is not understood the second is None.
    """
    found = _TAKES.search(text)
    if found is None:
        return None, None
    minutes, rest = int(found[1]), found[2]
    if not rest:
        return minutes, minutes
    told = _ON_AWS.fullmatch(rest)
    return minutes, int(told[1]) + (minutes if told[2] else 0) if told else None
