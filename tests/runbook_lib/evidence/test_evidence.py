"""What a journal says, even half a one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.evidence import junit
from runbook_lib.evidence.compare import compare_evidence
from runbook_lib.evidence.evidence import UnreadableEvidence, load, read
from runbook_lib.evidence.moments import Moments, duration, moments_of_drill, watched_deployment

EVIDENCE = Path(__file__).parent / "journals"
NAMES = ("passed", "not_delivered", "superseded", "broken_off")
WATCHED = "ecs-svc/2942440254381718020"


def journal(name: str) -> dict[str, Any]:
    return load(EVIDENCE / f"{name}.json")


def test_the_moments_are_those_of_the_events_where_they_are_known() -> None:
    told = read(journal("passed"))

    assert watched_deployment(told) == WATCHED
    assert moments_of_drill(told) == Moments(
        began=datetime(2026, 1, 5, 9, 1, 45, tzinfo=UTC),
        failed=datetime(2026, 1, 5, 9, 13, 12, 393_000, tzinfo=UTC),
        rolled_back=datetime(2026, 1, 5, 9, 14, 15, tzinfo=UTC),
        alerted=datetime(2026, 1, 5, 9, 13, 12, 924_000, tzinfo=UTC),
    )


def test_without_the_alert_the_moments_are_those_of_the_looks() -> None:
    half = {**journal("passed"), "delivery": None, "verdict": None}
    told = read(half)

    assert watched_deployment(told) == WATCHED
    assert moments_of_drill(told) == Moments(
        began=datetime(2026, 1, 5, 9, 1, 45, tzinfo=UTC),
        failed=datetime(2026, 1, 5, 9, 13, 15, tzinfo=UTC),
        rolled_back=datetime(2026, 1, 5, 9, 14, 15, tzinfo=UTC),
        alerted=None,
    )


def test_a_journal_of_before_says_how_to_fix_a_hop_too() -> None:
    """Its member was called otherwise then."""
    now = journal("not_delivered")
    before = json.loads(json.dumps(now).replace('"fix":', '"mend":'))

    assert any(each.fix for each in read(now).hops)
    assert read(before).hops == read(now).hops


def test_a_deployment_that_another_one_replaced_was_not_rolled_back() -> None:
    moments = moments_of_drill(read(journal("superseded")))

    assert (moments.failed, moments.rolled_back, moments.alerted) == (None, None, None)


def test_what_happened_is_in_the_order_of_time_and_each_thing_once() -> None:
    full = journal("passed")
    full["entries"] += [each for each in full["entries"] if each["kind"] == "event"]
    happenings = read(full).happenings

    assert [each.time for each in happenings] == sorted(each.time for each in happenings)
    assert len(set(happenings)) == len(happenings)
    assert {each.source for each in happenings} == {"service event", "deployment", "runbook"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.047, "0.05 s"),
        (9.996, "10 s"),
        (59.6, "1 min"),
        (62, "1 min 2 s"),
        (3_599.7, "1 h"),
        (3_700, "1 h 1 min"),
    ],
)
def test_a_duration_reads_as_one_would_say_it(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The way to every member of a journal; of long lists only the first of each kind."""
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*path, name))
    elif isinstance(value, list):
        kinds: set[Any] = set()
        for number, each in enumerate(value):
            kind = each.get("kind") if isinstance(each, dict) else type(each)
            if kind not in kinds:
                kinds.add(kind)
                yield from places(each, (*path, number))


def replaced(whole: Any, path: tuple, value: Any) -> Any:
    if not path:
        return value
    changed = deepcopy(whole)
    part = changed
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return changed


def short_journal() -> dict[str, Any]:
    full = journal("passed")
    seen: dict[str, list] = {}
    for each in full["entries"]:
        seen.setdefault(each["kind"], []).append(each)
    full["entries"] = [each for kind in seen.values() for each in kind[:2] + kind[-1:]]
    return full


@pytest.mark.parametrize(
    "value",
    [None, "text", -1.5, float("nan"), True, {}, [None, 1, "x", [], {}]],
    ids=repr,
)
def test_any_part_may_be_missing_or_of_another_kind(value: Any) -> None:
    whole = short_journal()
    sound = read(whole)
    for path in list(places(whole))[1:]:
        broken = read(replaced(whole, path, value))

        moments_of_drill(broken)
        junit.cases(broken)
        compare_evidence(sound, broken)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        (b"", "no JSON"),
        (b'{"entries": [', "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no journal of a drill"),
        (b"{}", "no journal of a drill"),
    ],
)
def test_a_file_that_is_no_journal_is_named_in_one_line(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "journal.json"
    if content is not None:
        file.write_bytes(content)

    for path in (file, tmp_path):
        if content is None and path is not file:
            continue
        with pytest.raises(UnreadableEvidence, match=problem) as caught:
            load(path)
        assert str(file) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_evidence_is_as_good_as_its_journal(name: str, tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text(json.dumps(journal(name)), encoding="utf-8")

    assert read(load(tmp_path)) == read(journal(name))
