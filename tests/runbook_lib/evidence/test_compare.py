"""What differs between two drills, and what is never the same and so no difference."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runbook_lib.cli.main import main
from runbook_lib.evidence.compare import Difference, as_table, compare, compare_files, without_ids
from runbook_lib.evidence.evidence import UnreadableEvidence

EVIDENCE = Path(__file__).parent / "journals"
OTHER_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.fixture
def passed() -> dict[str, Any]:
    return json.loads((EVIDENCE / "passed.json").read_text("utf-8"))


def later(told: dict[str, Any]) -> dict[str, Any]:
    """The same drill on another day: other ids, revisions, moments and ports."""
    text = json.dumps(told)
    text = text.replace("2026-01-05T", "2026-02-11T")
    text = text.replace("ecs-svc/2942440254381718020", "ecs-svc/1111111111111111111")
    text = text.replace("ecs-svc/3203581604050535102", "ecs-svc/2222222222222222222")
    text = text.replace("bc4fc365c0d005a807d7910e2e4e7e5c", OTHER_ID)
    text = re.sub(r"my-task:2\b", "my-task:14", re.sub(r"my-task:1\b", "my-task:13", text))
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", text)
    return json.loads(re.sub(r'"request_id": "[0-9a-f]{8}', '"request_id": "00000000', text))


def test_a_drill_differs_in_nothing_from_itself(passed: dict[str, Any]) -> None:
    assert compare(passed, passed) == ()


def test_what_is_never_the_same_twice_is_no_difference(passed: dict[str, Any]) -> None:
    assert compare(passed, later(passed)) == ()


def test_a_drill_whose_alert_did_not_arrive_differs_in_that(passed: dict[str, Any]) -> None:
    other = json.loads((EVIDENCE / "not_delivered.json").read_text("utf-8"))

    assert compare(passed, other) == (
        Difference("verdict", "pass", "fail"),
        Difference("alert", "arrived", "did not arrive"),
        Difference("not confirmed", "", "example@example.com"),
        Difference("failure to alert", "0.53 s", ""),
        Difference("hop topic", "ok, 0.53 s", "broken"),
        Difference("hop subscriber", "ok, 0.00 s", "not reached"),
        Difference("calls sqs:ReceiveMessage", "6", "30"),
    )


def what_differs(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return [each.what for each in compare(left, right)]


def test_every_part_of_a_drill_is_compared(passed: dict[str, Any]) -> None:
    other = json.loads((EVIDENCE / "superseded.json").read_text("utf-8"))

    assert set(what_differs(passed, other)) >= {
        "verdict",
        "ended",
        "ended by",
        "AWS's reason",
        "rolled back to",
        "failures",
        "alert",
        "time to fail",
        "failure to rollback",
        "failure to alert",
        "hop deployment",
        "notebook 90_clean_up",
        "target",
        "account",
        "parameter confirm",
        "calls ecs:DeleteService",
    }


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("verdict", "threshold"), 5, "threshold"),
        (("verdict", "failures"), None, "failures"),
        (("verdict", "rolled_back_to"), "other-task:1 (ecs-svc/1)", "rolled back to"),
        (("steady_states", "after", "met"), False, "steady state after"),
        (("notebooks", 3, "state"), "failed", "notebook 30_create_sns_topic"),
        (("parameters", "bad_image"), "nginx:2", "parameter bad_image"),
        (("parameters", "desired_count"), 2, "parameter desired_count"),
        (("versions", "boto3"), "1.45.0", "version of boto3"),
        (("delivery", "hops", 4, "state"), "unknown", "hop target"),
        (("delivery", "hops", 5, "seconds"), 60, "hop topic"),
        (("region",), "us-east-1", "region"),
    ],
)
def test_one_thing_that_matters_is_one_row(
    passed: dict[str, Any], path: tuple, value: Any, what: str
) -> None:
    other = deepcopy(passed)
    part = other
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value

    assert what_differs(passed, other) == what_differs(other, passed) == [what]


def test_two_images_are_two_though_their_tags_are_numbers(passed: dict[str, Any]) -> None:
    other = deepcopy(passed)
    passed["parameters"]["good_image"], other["parameters"]["good_image"] = "nginx:1", "nginx:2"

    assert what_differs(passed, other) == ["parameter good_image"]


def test_causes_differ_by_reason_container_exit_code_and_number(passed: dict[str, Any]) -> None:
    cause = passed["verdict"]["causes"][0]
    same = {**cause, "reason": f"{cause['reason']} (task {OTHER_ID})"}
    passed["verdict"]["causes"].append(same)
    other = deepcopy(passed)
    other["verdict"]["causes"][0].update(exit_code=137, count=2)
    other["verdict"]["causes"][1]["reason"] = same["reason"].replace(OTHER_ID, "a" * 32)

    assert [(each.left, each.right) for each in compare(passed, other)] == [
        (
            "3 tasks, container sample-container",
            "2 tasks, container sample-container, exit code 137",
        )
    ]


def shifted(told: dict[str, Any], seconds: int) -> dict[str, Any]:
    """The deployment fails that many seconds later."""
    other = deepcopy(told)
    for hop in other["delivery"]["hops"][1:]:
        if hop["time"]:
            minute, second = divmod(13 * 60 + 12 + seconds, 60)
            hop["time"] = f"2026-01-05T09:{minute:02d}:{second:02d}.393+00:00"
    return other


def test_a_little_later_is_the_same_and_much_later_is_not(passed: dict[str, Any]) -> None:
    assert what_differs(passed, shifted(passed, 10)) == []
    assert "time to fail" in what_differs(passed, shifted(passed, 400))


def test_how_often_was_looked_may_vary_but_not_how_often_something_was_changed(
    passed: dict[str, Any],
) -> None:
    calls = [each for each in passed["entries"] if each["kind"] == "call"]
    look = next(each for each in calls if each["operation"] == "DescribeServices")
    change = next(each for each in calls if each["operation"] == "UpdateService")
    more_looks = {**passed, "entries": [*passed["entries"], look, look, look]}
    more_changes = {**passed, "entries": [*passed["entries"], change]}
    refused = {**look, "error": "ThrottlingException", "status": 400}

    assert compare(passed, more_looks) == ()
    assert compare(passed, more_changes) == (Difference("calls ecs:UpdateService", "1", "2"),)
    assert compare(passed, {**passed, "entries": [*passed["entries"], refused]}) == (
        Difference("refused ecs:DescribeServices, ThrottlingException", "0", "1"),
    )


def test_what_always_differs_has_one_name() -> None:
    assert without_ids("my-task:12 (ecs-svc/320358160)") == "my-task:<revision> (ecs-svc/<id>)"
    assert without_ids(f"dial tcp 10.0.1.7:443, task {OTHER_ID}") == "dial tcp <address>, task <id>"
    assert without_ids("at 2026-01-05T09:00:00.000+00:00.") == "at <time>."
    assert without_ids("failed 3 of 3: nginx:alpine") == "failed 3 of 3: nginx:alpine"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def test_the_command_prints_a_short_table_and_exits_with_1() -> None:
    done = run(EVIDENCE / "passed.json", EVIDENCE / "not_delivered.json")

    assert done.exit_code == 1
    assert done.output.splitlines()[2:6] == [
        "",
        "what                      A           B",
        "verdict                   pass        fail",
        "alert                     arrived     did not arrive",
    ]
    assert all(len(line) < 130 for line in done.output.splitlines()[2:])


def test_the_command_exits_with_0_when_nothing_that_matters_differs(
    passed: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "journal.json").write_text(json.dumps(later(passed)), "utf-8")
    done = run(EVIDENCE / "passed.json", tmp_path)

    assert done.exit_code == 0
    assert done.output.endswith("\nNothing that matters differs.\n")


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "\x00"])
def test_the_command_exits_with_2_and_one_line_when_a_file_cannot_be_read(
    content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "journal.json"
    if content is not None:
        file.write_text(content, "utf-8")

    for arguments in ((EVIDENCE / "passed.json", file), (file, EVIDENCE / "passed.json")):
        done = run(*arguments)

        assert done.exit_code == 2
        assert done.output.startswith(f"error: {file}: ")
        assert done.output.count("\n") == 1
        assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_file_that_cannot_be_read_raises_for_who_calls_the_function(tmp_path: Path) -> None:
    with pytest.raises(UnreadableEvidence, match=re.escape(str(tmp_path / "journal.json"))):
        compare_files(tmp_path, EVIDENCE / "passed.json")


def test_a_table_breaks_long_texts_and_shows_no_control_characters(passed: dict[str, Any]) -> None:
    other = deepcopy(passed)
    other["verdict"]["reason"] = "\x1b[31m" + "because " * 30
    table = as_table(compare(passed, other))

    assert max(map(len, table.splitlines())) <= 122
    assert "\x1b" not in table
