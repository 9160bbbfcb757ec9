"""Exercises are graded on what AWS says at that moment, and change nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from widget_world import do, opened, read, unnamed

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, walk, widgets
from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter, MissingPrerequisite
from runbook_lib.exercises import EXERCISES, Grade, find_exercise
from runbook_lib.exercises.grading import number
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.notebook_files import walk_notebooks
from runbook_lib.notebook.widgets.asking.exercise import ExerciseCard, ExerciseView
from runbook_lib.plans.event_rule import EVENT_PATTERN

SETTINGS = Settings()
TEN = Settings(desired_count=10)
COUNT_TWO = {"type": "COUNT", "value": 2}
SERVICE_ARN = "arn:aws:ecs:eu-west-1:123456789876:service/default/my-sample-service"


@pytest.fixture(scope="module")
def connected(emulator_server: EmulatorServer) -> Session:
    return opened(emulator_server.url)


@pytest.fixture
def session(emulator: EmulatorServer, connected: Session) -> Session:
    return connected


@pytest.fixture
def after_the_drill(session: Session) -> Session:
    do(session, SETTINGS, "10", "20", "30", "40", "50")
    return session


def grade(session: Session, name: str, answer: object, settings: Settings = SETTINGS) -> Grade:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return find_exercise(name).check(session, settings, text)


def breaker(**given: Any) -> dict[str, Any]:
    return {"enable": True, "rollback": True, **given}


def pattern(**given: Any) -> Mapping[str, Any]:
    return {**EVENT_PATTERN, "resources": [SERVICE_ARN], **given}


def test_a_registered_revision_alone_is_nothing_to_go_back_to(session: Session) -> None:
    do(session, SETTINGS, "10")

    right = grade(session, "rollback-target", " none ")
    wrong = grade(session, "rollback-target", "my-task:1")

    assert right.passed
    assert right.sentence == (
        "Right: there is no service my-sample-service yet, so no deployment has completed."
    )
    assert not wrong.passed
    assert "there is no service yet" in wrong.sentence


def test_a_completed_deployment_is_what_a_rollback_returns_to(session: Session) -> None:
    do(session, SETTINGS, "10", "20")

    assert grade(session, "rollback-target", "my-task:1").passed
    arn = "arn:aws:ecs:eu-west-1:123456789876:task-definition/my-task:1"
    assert grade(session, "rollback-target", arn).passed
    for answer in ("none", "my-task:2", "my-task", ""):
        assert not grade(session, "rollback-target", answer).passed, answer


def test_a_first_deployment_that_is_not_complete_is_nothing_to_go_back_to(
    session: Session,
) -> None:
    do(session, SETTINGS, "10")
    apply(session, walk.service_plan(session, SETTINGS))

    assert grade(session, "rollback-target", "none").sentence == (
        "Right: no deployment of my-sample-service is COMPLETED."
    )
    assert "there is none" in grade(session, "rollback-target", "my-task:1").sentence


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (breaker(thresholdConfiguration=COUNT_TWO), SETTINGS),
        ({"deploymentCircuitBreaker": breaker(thresholdConfiguration=COUNT_TWO)}, TEN),
        (breaker(thresholdConfiguration={"type": "UNBOUNDED_PERCENT", "value": 20}), TEN),
    ],
)
def test_every_breaker_that_trips_at_two_failures_is_right(
    session: Session, answer: object, settings: Settings
) -> None:
    found = grade(session, "threshold", answer, settings)

    assert found.passed, found.sentence
    assert found.facts["trips at"] == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (breaker(), "BOUNDED_PERCENT 50 with desired count 10 trips at 5 failures"),
        (
            breaker(thresholdConfiguration={"type": "BOUNDED_PERCENT", "value": 20}),
            "trips at 3 failures",
        ),
        (
            breaker(thresholdConfiguration={"type": "UNBOUNDED_PERCENT", "value": 10}),
            "trips at 1 failure.",
        ),
        (breaker(rollback=False, thresholdConfiguration=COUNT_TWO), "rollback is off"),
        (breaker(enable=False, thresholdConfiguration=COUNT_TWO), "the breaker is off"),
        ({"enable": True}, "Missing required parameter"),
        (breaker(threshold=2), "Unknown parameter"),
        (breaker(thresholdConfiguration={"type": "COUNT", "value": "2"}), "Invalid type"),
        ("two failures", "not JSON"),
        ("2", "not a JSON object"),
    ],
)
def test_any_other_breaker_is_wrong_and_it_is_said_why(
    session: Session, answer: object, why: str
) -> None:
    found = grade(session, "threshold", answer, TEN)

    assert not found.passed
    assert why in found.sentence


def test_without_an_answer_the_breaker_of_the_service_itself_is_graded(session: Session) -> None:
    do(session, SETTINGS, "10", "20")
    assert "trips at 3 failures" in grade(session, "threshold", "").sentence

    configuration = {"deploymentCircuitBreaker": breaker(thresholdConfiguration=COUNT_TWO)}
    where = {"cluster": SETTINGS.cluster, "service": SETTINGS.service}
    session.client("ecs").update_service(**where, deploymentConfiguration=configuration)

    assert grade(session, "threshold", "").passed
    service = reading.read_service(session, SETTINGS.cluster, SETTINGS.service)
    assert service is not None
    assert len(service.deployments) == 1


def test_the_default_can_be_put_back_as_the_hint_says(session: Session) -> None:
    do(session, SETTINGS, "10", "20")
    where = {"cluster": SETTINGS.cluster, "service": SETTINGS.service}
    default = {"type": "BOUNDED_PERCENT", "value": 50}
    hint = find_exercise("threshold").hints_for(session, SETTINGS)[-1]
    assert '"type": "BOUNDED_PERCENT", "value": 50' in hint

    for threshold in (COUNT_TWO, default):
        changed = {"deploymentCircuitBreaker": breaker(thresholdConfiguration=threshold)}
        session.client("ecs").update_service(**where, deploymentConfiguration=changed)

    service = reading.read_service(session, SETTINGS.cluster, SETTINGS.service)
    assert service is not None
    assert service.circuit_breaker.threshold(1) == 3


def test_only_who_has_confirmed_is_counted(session: Session) -> None:
    apply(session, walk.topic_plan(session, SETTINGS))

    assert grade(session, "subscribers", "0").passed
    pending = grade(session, "subscribers", "1")
    assert not pending.passed
    assert "has not confirmed receives nothing" in pending.sentence

    session.mailbox.confirm(SETTINGS.email, session.arn("sns", SETTINGS.topic))

    assert grade(session, "subscribers", "1").passed
    assert not grade(session, "subscribers", "0").passed
    assert grade(session, "subscribers", "one").passed


def test_a_pattern_that_names_the_service_is_right(session: Session) -> None:
    assert grade(session, "pattern", pattern()).passed
    assert grade(session, "pattern", pattern(resources=[{"prefix": SERVICE_ARN}])).passed is False


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (EVENT_PATTERN, "it matches the failure of another service"),
        (pattern(resources=[{"suffix": "/my-sample-service"}]), "in another cluster"),
        (pattern(detail={"clusterArn": [{"exists": True}]}), "it matches a completed deployment"),
        (pattern(resources=[SERVICE_ARN + "x"]), "does not match the failure of my-sample-service"),
        ({"detail-type": ["ECS Service Deployment State Change"]}, "does not match the failure"),
        ({"source": "aws.ecs"}, "EventBridge refuses it"),
        ("source = aws.ecs", "is not JSON"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_pattern_that_matches_too_much_or_too_little_is_wrong(
    session: Session, answer: object, why: str
) -> None:
    found = grade(session, "pattern", answer)

    assert not found.passed
    assert why in found.sentence


def test_a_waiter_is_content_after_a_rollback(after_the_drill: Session) -> None:
    service = reading.read_service(after_the_drill, SETTINGS.cluster, SETTINGS.service)
    assert service is not None
    assert service.last_failure is not None

    right = grade(after_the_drill, "waiter", "0")

    assert right.passed
    assert f"It does not see that {service.last_failure[0]} failed" in right.sentence
    assert not grade(after_the_drill, "waiter", "255").passed


def test_a_waiter_is_not_content_while_two_deployments_are_listed(session: Session) -> None:
    do(session, SETTINGS, "10", "20", "30", "40")
    apply(session, walk.bad_release_plan(session, SETTINGS))

    assert grade(session, "waiter", "255").passed
    assert not grade(session, "waiter", "0").passed


def test_the_time_to_an_alert_is_counted_from_the_release(after_the_drill: Session) -> None:
    right = find_exercise("time-to-alert").solve(after_the_drill, SETTINGS)

    assert 9 < float(right) < 15
    for text in (f"{right} min", right.replace(".", ","), f" {float(right) + 0.4:.1f} minutes "):
        assert grade(after_the_drill, "time-to-alert", text).passed, text
    assert not grade(after_the_drill, "time-to-alert", str(float(right) + 1)).passed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (".53", 0.53),
        ("0,53", 0.53),
        ("0.53 s", 0.53),
        ("2.", 2.0),
        ("Two", 2.0),
        ("11 minutes", 11.0),
        ("", None),
        (".", None),
        ("1.2.3", None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_a_number_is_understood_as_people_write_it(text: str, meant: float | None) -> None:
    assert number(text) == meant


@pytest.mark.parametrize("text", ["none", "None.", "nothing", "-", " NO "])
def test_none_has_many_words(session: Session, text: str) -> None:
    do(session, SETTINGS, "10")

    assert grade(session, "rollback-target", text).passed


def test_a_revision_is_understood_by_its_number(session: Session) -> None:
    do(session, SETTINGS, "10", "20")

    assert grade(session, "rollback-target", "1").passed
    assert grade(session, "rollback-target", "my-task:1").passed
    assert not grade(session, "rollback-target", "2").passed


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("rollback-target", "the one before"),
        ("rollback-target", ""),
        ("threshold", "COUNT 2"),
        ("subscribers", "a few"),
        ("pattern", "source = aws.ecs"),
        ("waiter", "green"),
        ("time-to-alert", "soon"),
    ],
)
def test_what_is_not_understood_is_said_and_is_no_wrong_answer(
    after_the_drill: Session, name: str, answer: str
) -> None:
    found = grade(after_the_drill, name, answer)

    assert not found.is_understood
    assert not found.passed
    assert found.sentence.startswith("Not understood: ")


def test_every_part_that_acts_or_judges_has_an_exercise() -> None:
    parts = [path.stem for path in walk_notebooks()][1:-1]

    assert [each.notebook for each in EXERCISES] == [*parts, "05_read_stopped_tasks"]
    assert all(len(each.hints) >= 2 for each in EXERCISES)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
def test_its_own_solution_passes_and_nonsense_does_not(
    after_the_drill: Session, exercise: Any
) -> None:
    solution = exercise.solve(after_the_drill, SETTINGS)

    assert exercise.check(after_the_drill, SETTINGS, solution).passed
    for nonsense in ("nonsense", "\x00<b>", "9" * 400, "{}", "NaN", "-1"):
        assert not exercise.check(after_the_drill, SETTINGS, nonsense).passed, nonsense


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
def test_asking_solving_and_grading_change_nothing(after_the_drill: Session, exercise: Any) -> None:
    after_the_drill.journal.entries.clear()

    widgets.exercise(after_the_drill, SETTINGS, exercise.name)

    calls = [each["operation"] for each in after_the_drill.journal.entries]
    assert all(
        each.startswith(("Describe", "List", "Get", "TestEventPattern", "ReceiveMessage"))
        for each in calls
    ), calls


def test_what_an_exercise_needs_and_is_not_there_names_its_notebook(session: Session) -> None:
    for name, notebook in (
        ("subscribers", "30_create_sns_topic"),
        ("waiter", "20_create_service"),
        ("time-to-alert", "50_run_failure_drill"),
    ):
        card = widgets.exercise(session, SETTINGS, name)
        assert card.grade is None
        with pytest.raises(MissingPrerequisite, match=f"run {notebook} first"):
            card.check(card.solution)


def test_an_exercise_that_does_not_exist_names_those_that_do(session: Session) -> None:
    with pytest.raises(BadParameter, match="rollback-target, threshold, subscribers"):
        widgets.exercise(session, SETTINGS, "trip-wire")


def test_without_a_person_the_solution_is_given_and_graded(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    do(session, SETTINGS, "10", "20")

    card = widgets.exercise(session, SETTINGS, "rollback-target")

    assert card.grade is not None
    assert card.grade.passed


def view(session: Session, name: str) -> ExerciseView:
    return ExerciseView(ExerciseCard(session, SETTINGS, find_exercise(name)))


def test_check_says_what_is_wrong_and_then_that_it_is_right(session: Session) -> None:
    shown = view(session, "rollback-target")

    shown.answer.value = "my-task:1"
    shown.check.click()
    assert read(shown.said).startswith("✗ Not so:")

    shown.answer.value = "none"
    shown.check.click()
    assert read(shown.said).startswith("✓ Right:")
    assert shown.card.grade is not None
    assert shown.card.grade.passed


def test_hints_come_one_by_one_and_then_no_more(session: Session) -> None:
    shown = view(session, "rollback-target")
    hints = shown.card.hints
    assert read(shown.hints.shown) == ""

    for turn, hint in enumerate(hints, 1):
        shown.hints.button.click()
        assert hint.replace("`", "") in read(shown.hints.shown).replace(" ;", ";")
        assert shown.hints.button.disabled == (turn == len(hints))
        assert all(later not in read(shown.hints.shown) for later in hints[turn:])


def test_the_solution_is_shown_on_request_and_can_be_copied(session: Session) -> None:
    shown = view(session, "threshold")
    assert "COUNT" not in read(shown.box)

    shown.solution.click()

    assert '"type": "COUNT", "value": 2' in read(shown.said)
    assert shown.card.grade is None


def test_what_aws_cannot_tell_is_one_line_and_no_traceback(session: Session) -> None:
    shown = view(session, "waiter")

    shown.check.click()

    assert "✗ service my-sample-service is missing" in read(shown.said)


def test_an_answer_is_never_taken_as_html(session: Session) -> None:
    shown = view(session, "rollback-target")

    shown.answer.value = "<img src=x onerror=alert(1)>"
    shown.check.click()

    assert "<img" not in shown.said.value


def test_question_names_the_users_own_service(session: Session) -> None:
    mine = replace(SETTINGS, service="shop", family="shop")

    assert find_exercise("rollback-target").ask(mine).endswith("Answer like shop:7, or none.")


def test_every_field_and_button_has_a_name(session: Session) -> None:
    assert unnamed(view(session, "threshold").box) == []
