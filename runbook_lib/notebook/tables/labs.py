"""Room: the tables of the labs.

Lives here: one function for each table, with its columns in a fixed order.
Never here: AWS calls, what a lab teaches.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from runbook_lib import facts
from runbook_lib.following.estimate import estimate
from runbook_lib.notebook.tables.table import Table, table
from runbook_lib.verdict.deployment import Verdict

if TYPE_CHECKING:
    from runbook_lib.walk.labs import Calls, Diagnosed, Ending, Release, Waiter


def thresholds(desired_counts: Iterable[int], breakers: Sequence[facts.CircuitBreaker]) -> Table:
    """desired count, then a column for each breaker: "3 in 10 to 18 min", when it trips.

    The failures are AWS's rule. The minutes are for an image that is missing, as recorded on
    Fargate: `estimate`.
    """

    def cell(count: int, breaker: facts.CircuitBreaker) -> str:
        found = estimate(count, breaker=breaker)
        low, high = (round(each.total_seconds() / 60) for each in found.until_failed)
        return f"{found.threshold} in {low} to {high} min"

    names = [f"{each.threshold_type} {each.threshold_value}" for each in breakers]
    rows = [(count, *(cell(count, each) for each in breakers)) for count in desired_counts]
    return table(("desired count", *names), rows)


def counting(outcomes: Sequence[str], desired_count: int = 1) -> Table:
    """task, outcome, consecutive, cumulative: what either counting model makes of the outcomes.

    With AWS's default threshold; "trips" where it is met.
    """
    from runbook_lib.walk.labs.counting import count_failures  # the words of the labs come with it

    models = (True, False)
    counted = [
        count_failures(
            outcomes, facts.CircuitBreaker(True, True, reset_on_healthy_task=each), desired_count
        )
        for each in models
    ]
    rows = []
    for number, outcome in enumerate(outcomes):
        shown = [f"{c[number][0]}, trips" if c[number][1] else c[number][0] for c in counted]
        rows.append((number + 1, outcome, *shown))
    return table(("task", "outcome", "consecutive (default)", "cumulative"), rows)


def releases(releases: Iterable[Release]) -> Table:
    """release, what is special about it: the releases that a lab ships."""
    return table(
        ("release", "image", "command", "more"),
        [
            (
                each.name,
                each.image,
                each.command,
                json.dumps(dict(each.container)) if each.container else "",
            )
            for each in releases
        ],
    )


def reasons(endings: Iterable[Ending]) -> Table:
    """release, reason, exit code, meaning, next: why the tasks of each release stopped."""
    rows = [
        (each.story, cause.reason, cause.exit_code, cause.meaning, cause.next_step)
        for each in endings
        for cause in each.verdict.causes[:1]
    ]
    return table(("release", "reason", "exit code", "meaning", "next"), rows)


def endings(endings: Iterable[Ending]) -> Table:
    """story, tasks running, how it ended, why, next: several deployments one below the other."""
    return table(
        ("story", "tasks running", "how it ended", "which is", "next"),
        [
            (e.story, e.running, e.verdict.ending, e.verdict.sentence, e.verdict.next_step)
            for e in endings
        ],
    )


def judgements(rows: Iterable[tuple[str, object, Verdict]], rule: str) -> Table:
    """story, what the rule named `rule` says, verdict, sentence: two judgements side by side."""
    return table(
        ("story", rule, "verdict", "because"),
        [
            (story, said, "pass" if found.passed else "fail", found.sentence)
            for story, said, found in rows
        ],
    )


def waiters(found: Iterable[Waiter]) -> Table:
    """command, looks every, at most, gives up after: how long each waiter waits, in minutes."""
    rows = [
        (each.command, f"{each.delay} s", f"{each.max_attempts} times", f"{each.minutes:.1f} min")
        for each in found
    ]
    return table(("command", "looks every", "at most", "gives up after"), rows)


def diagnosed(rows: Iterable[Diagnosed]) -> Table:
    """broken on purpose, hop, what the diagnosis found, how it was fixed, whole again."""
    return table(
        ("broken on purpose", "hop", "found", "fix", "whole again"),
        [
            (
                each.name,
                each.found.hop if each.found else "",
                each.found.found if each.found else "nothing",
                each.found.fix if each.found else "",
                "yes" if each.fixed else "no",
            )
            for each in rows
        ],
    )


def calls(ways: Mapping[str, Calls]) -> Table:
    """way, operation, calls: what following a deployment has cost, a total for each way."""
    rows = [
        row
        for way, made in ways.items()
        for row in [
            *((way, name, count) for name, count in sorted(made.by_operation.items())),
            (way, "all", made.total),
        ]
    ]
    return table(("way", "operation", "calls"), rows)
