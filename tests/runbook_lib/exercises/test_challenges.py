"""Challenges are graded on what AWS says after the learner has acted; looking changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from widget_world import opened, read

from ecs_emulator.environment import environment_for
from ecs_emulator.http.server import EmulatorServer
from runbook_lib import apply, labs, wait_until_steady, walk, widgets
from runbook_lib.aws.session import Session
from runbook_lib.errors import BadParameter, MissingPrerequisite
from runbook_lib.exercises.challenges import CHALLENGES, Situation, find_challenge
from runbook_lib.exercises.grading import Grade
from runbook_lib.exercises.questions import QUESTIONS, questions_of
from runbook_lib.facts import CircuitBreaker
from runbook_lib.facts.settings import Settings
from runbook_lib.learner import progress
from runbook_lib.learner.notebook_files import lab_notebooks
from runbook_lib.notebook.widgets.asking.challenge import ChallengeCard, ChallengeView
from runbook_lib.notebook.widgets.asking.questions import QuestionView

LAB = Settings(
    service="lab-web",
    family="lab-web",
    topic="lab-web",
    rule="LabWeb",
    threshold="COUNT 1",
    confirm="lab-web",
)
GOOD = labs.Release(name="works")
BAD = labs.Release(name="cannot be pulled", image=LAB.bad_image)
OTHER = {"other_service": "checkout"}


@pytest.fixture(scope="module")
def connected(emulator_server: EmulatorServer) -> Session:
    return opened(emulator_server.url)


@pytest.fixture
def session(emulator: EmulatorServer, connected: Session) -> Session:
    return connected


def here(session: Session, **more: str) -> Situation:
    return Situation(session, LAB, session.clock.now().replace(microsecond=0), {**OTHER, **more})


def ship(session: Session, release: labs.Release, **how: Any) -> labs.Ending:
    outcome = apply(session, labs.release_plan(session, LAB, release, **how), confirm=LAB.service)
    return labs.ending(session, LAB, outcome, release.name)


def running(session: Session) -> None:
    ship(session, GOOD)
    wait_until_steady(session, cluster=LAB.cluster, service=LAB.service)


def rolled_back(session: Session) -> None:
    running(session)
    ship(session, BAD)


def stalled(session: Session) -> None:
    running(session)
    ship(session, BAD, breaker=CircuitBreaker(True, False, "COUNT", 1))


def alarm_rang(session: Session) -> None:
    running(session)
    apply(session, labs.alarm_plan(session, LAB, "OK"), confirm=LAB.service)
    apply(session, labs.alarm_plan(session, LAB, "ALARM"), confirm=LAB.service)


def slow_behind_a_balancer(session: Session) -> None:
    check = labs.TargetCheck(interval=10, unhealthy_threshold=2)
    apply(session, labs.balancer_plan(session, LAB, check), confirm=LAB.service)
    port = {"portMappings": [{"containerPort": 80}]}
    good = labs.Release(name="works", container=port)
    slow = labs.Release(name="slow", command="sleep 90; nginx -g 'daemon off;'", container=port)
    ship(session, good, loadBalancers=labs.behind_balancer(session, LAB))
    ship(session, slow, healthCheckGracePeriodSeconds=180)


def mystery_failed(session: Session) -> None:
    running(session)
    ship(session, labs.mystery_release(session, 2))


def chain_broken(session: Session) -> None:
    chained(session)
    apply(session, walk.bad_release_plan(session, LAB), confirm=LAB.service)
    apply(session, labs.break_plan(session, LAB, 5), confirm=LAB.service)


def chained(session: Session) -> None:
    apply(session, labs.alert_chain_plan(session, LAB, GOOD), confirm=LAB.service)
    wait_until_steady(session, cluster=LAB.cluster, service=LAB.service)
    session.mailbox.confirm(LAB.email, session.arn("sns", LAB.topic))


def no_task(session: Session) -> None:
    running(session)
    ship(session, BAD, desired_count=0)


BEFORE: dict[str, Callable[[Session], None]] = {
    "two-failures": rolled_back,
    "good-again": stalled,
    "second-guard": alarm_rang,
    "short-grace": slow_behind_a_balancer,
    "corrected": mystery_failed,
    "repaired": chain_broken,
    "truly-green": no_task,
    "two-services": chained,
}


def grade(situation: Situation, name: str) -> Grade:
    return find_challenge(name).grade(situation)


def finish(situation: Situation) -> None:
    if deployment := situation.under_way():
        walk.follow(situation.session, LAB, deployment, tell=lambda _: None)


def update(session: Session, **given: Any) -> None:
    where = {"cluster": LAB.cluster, "service": LAB.service}
    session.client("ecs").update_service(**where, **given)


def paste(commands: str, url: str) -> None:
    """As into JupyterLab's terminal."""
    beside = Path(sys.executable).parent
    environment = environment_for(url)
    environment["PATH"] = f"{beside}:{environment.get('PATH', '')}"
    subprocess.run(
        ["bash", "-e", "-c", commands], check=True, env=environment, stdout=subprocess.DEVNULL
    )


def test_each_lab_has_one_challenge_and_three_questions() -> None:
    stems = [path.stem for path in lab_notebooks()]

    assert [each.lab for each in CHALLENGES] == stems == list(QUESTIONS)
    assert all(len(questions_of(each)) == 3 for each in stems)
    assert all(len(each.hints) >= 3 for each in CHALLENGES)
    assert set(BEFORE) == {each.name for each in CHALLENGES}


@pytest.mark.parametrize("name", BEFORE)
def test_it_is_not_done_until_somebody_does_it(session: Session, name: str) -> None:
    BEFORE[name](session)
    situation = here(session)
    before = grade(situation, name)

    apply(session, find_challenge(name).solve(situation), confirm=LAB.service)
    finish(situation)
    after = grade(situation, name)

    assert before.sentence.startswith("Not yet: ")
    assert not before.passed
    assert after.sentence.startswith("Done: ")
    assert after.passed


@pytest.mark.parametrize("name", BEFORE)
def test_looking_changes_nothing(session: Session, name: str) -> None:
    BEFORE[name](session)
    situation = here(session)
    session.journal.entries.clear()

    grade(situation, name)
    find_challenge(name).solve(situation)

    made = {each["operation"] for each in session.journal.entries if each["kind"] == "call"}
    reads = ("Describe", "List", "Get", "TestEventPattern", "ReceiveMessage")
    assert made
    assert all(each.startswith(reads) for each in made), made


@pytest.mark.parametrize("name", BEFORE)
def test_the_commands_of_the_solution_do_it(
    session: Session, emulator_server: EmulatorServer, name: str
) -> None:
    BEFORE[name](session)
    situation = here(session)
    commands = find_challenge(name).solve(situation).commands

    paste(commands, emulator_server.url)
    finish(situation)

    assert grade(situation, name).passed


@pytest.mark.parametrize("name", BEFORE)
def test_every_command_of_a_hint_can_be_pasted(
    session: Session, emulator_server: EmulatorServer, name: str
) -> None:
    BEFORE[name](session)
    hints = find_challenge(name).hints_for(here(session))
    commands = [each for hint in hints for each in re.findall(r"`(aws [^`]+)`", hint)]

    assert commands or name == "good-again"
    for each in commands:
        paste(each, emulator_server.url)


@pytest.mark.parametrize("name", BEFORE)
def test_no_hint_has_a_name_left_to_fill_in(session: Session, name: str) -> None:
    situation = here(session)
    challenge = find_challenge(name)

    for text in (challenge.ask(situation), *challenge.hints_for(situation)):
        assert "{service}" not in text
        assert "{other_service}" not in text
        assert "{alarm}" not in text
        assert text.count("`") % 2 == 0


def test_a_threshold_without_a_proof_is_half_the_way(session: Session) -> None:
    rolled_back(session)
    situation = here(session)
    two = {"type": "COUNT", "value": 2}
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": two}

    assert "trips at 1, not at 2" in grade(situation, "two-failures").sentence
    update(session, deploymentConfiguration={"deploymentCircuitBreaker": breaker})

    assert grade(situation, "two-failures").sentence == (
        "Not yet: the threshold is right; now prove it with a release that cannot start."
    )


def test_a_failure_of_before_proves_nothing(session: Session) -> None:
    running(session)
    ship(session, BAD, breaker=CircuitBreaker(True, True, "COUNT", 2))
    session.clock.sleep(1)

    assert not grade(here(session), "two-failures").passed


def test_a_good_release_behind_a_breaker_that_is_off_is_not_enough(session: Session) -> None:
    stalled(session)
    ship(session, GOOD)

    found = grade(here(session), "good-again")

    assert found.sentence == (
        "Not yet: the release works, but the next bad one would not be rolled back."
    )


def test_to_scale_the_bad_release_up_is_not_green(session: Session) -> None:
    no_task(session)
    situation = here(session)

    update(session, desiredCount=1)
    session.clock.sleep(300)

    assert grade(situation, "truly-green").sentence == "Not yet: no task of lab-web runs."


def test_a_grace_period_that_is_too_short_is_named(session: Session) -> None:
    slow_behind_a_balancer(session)
    situation = here(session)

    assert "is 180 s" in grade(situation, "short-grace").sentence
    update(session, healthCheckGracePeriodSeconds=60)
    assert "nothing deployed" in grade(situation, "short-grace").sentence
    update(session, forceNewDeployment=True)
    finish(situation)

    assert "with 60 s the deployment of the slow release is ROLLBACK_SUCCESSFUL" in (
        grade(situation, "short-grace").sentence
    )


def test_the_release_without_the_feature_is_another_one(session: Session) -> None:
    mystery_failed(session)
    ship(session, GOOD, force=True)

    found = grade(here(session), "corrected")

    assert found.sentence == "Not yet: lab-web:1 works without FEATURE=on: it is another release."


@pytest.mark.parametrize("number", range(1, 6))
def test_each_mystery_fails_for_the_cause_that_the_exercise_knows(
    session: Session, number: int
) -> None:
    running(session)
    ending = ship(session, labs.mystery_release(session, number))
    words = ("health check", "image", "command", "secret", "memory")

    assert ending.verdict.ending == "rolled back"
    card = widgets.exercise(session, LAB, "cause")
    assert card.solution == words[number - 1]
    assert card.check("the weather").sentence.startswith("Not understood: ")
    assert not card.check(words[number - 2]).passed


@pytest.mark.parametrize("number", [0, 6])
def test_there_is_no_mystery_of_another_number(session: Session, number: int) -> None:
    with pytest.raises(BadParameter, match=r"^mystery: "):
        labs.mystery_release(session, number)


def test_a_rule_for_everybody_is_one_for_too_many(session: Session) -> None:
    chained(session)
    situation = here(session)

    assert "all other services, too" in grade(situation, "two-services").sentence
    apply(session, labs.rule_of_service_plan(session, LAB), confirm=LAB.service)

    assert "does not match the failure of checkout" in grade(situation, "two-services").sentence


def test_a_repair_that_breaks_something_else_is_not_done(session: Session) -> None:
    chain_broken(session)
    situation = here(session)
    apply(session, find_challenge("repaired").solve(situation), confirm=LAB.service)
    assert grade(situation, "repaired").passed

    apply(session, labs.break_plan(session, LAB, 1), confirm=LAB.service)

    assert grade(situation, "repaired").sentence == "Not yet: one thing is still broken."


def test_a_service_that_is_not_there_is_said_in_one_line(session: Session) -> None:
    with pytest.raises(MissingPrerequisite, match="service lab-web is missing"):
        grade(here(session), "truly-green")


def test_a_challenge_that_does_not_exist_names_those_that_do(session: Session) -> None:
    with pytest.raises(BadParameter, match="two-failures, good-again"):
        widgets.challenge(session, LAB, "trip-wire")


def test_without_a_person_the_solution_is_applied_and_recorded(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    no_task(session)
    task = widgets.challenge(session, LAB, "truly-green", confirm=LAB.service)

    task.check()

    assert task.grade is not None
    assert task.grade.passed
    assert repr(task).startswith("truly-green: Done: ")


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner in front of a notebook, in a folder of their own."""
    (tmp_path / "00_start_here.ipynb").write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path)
    asked = {"content": {"allow_stdin": True}}
    kernel = SimpleNamespace(get_parent=lambda _: asked)
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setattr("runbook_lib.notebook.frontend.get_ipython", lambda: shell)
    return tmp_path


def test_with_a_person_nothing_is_applied_for_them(session: Session, at_work: Path) -> None:
    no_task(session)
    task = widgets.challenge(session, LAB, "truly-green")

    task.check()
    assert task.grade is not None
    assert not task.grade.passed
    apply(session, find_challenge("truly-green").solve(here(session)), confirm=LAB.service)
    finish(task.here)
    task.check()

    assert task.grade.passed
    (entry,) = progress.read_progress(at_work).entries
    assert (entry.kind, entry.name, entry.right, entry.tries) == (
        "challenge",
        "truly-green",
        True,
        2,
    )
    assert progress.read_progress(at_work).score == (1, 1)


def test_hints_come_one_by_one_with_their_commands_as_code(session: Session) -> None:
    rolled_back(session)
    card = ChallengeCard(find_challenge("two-failures"), here(session), "")
    view = ChallengeView(card)
    assert read(view.hints.shown) == ""

    for turn, _ in enumerate(card.hints, 1):
        view.hints.button.click()
        assert view.hints.shown.value.count("<li>") == turn
    assert view.hints.button.disabled
    assert (
        "<code>aws ecs update-service --cluster default --service lab-web" in view.hints.shown.value
    )
    assert json.dumps({"type": "COUNT", "value": 2}) not in read(view.box), "that is for them"


def test_the_solution_is_shown_on_request(session: Session) -> None:
    rolled_back(session)
    view = ChallengeView(ChallengeCard(find_challenge("two-failures"), here(session), ""))
    assert "COUNT" not in read(view.box)

    view.solution.click()

    assert json.dumps({"type": "COUNT", "value": 2}) in read(view.said)


def test_what_is_done_already_has_no_commands(session: Session) -> None:
    chain_broken(session)
    card = ChallengeCard(find_challenge("repaired"), here(session), "")
    apply(session, card.challenge.solve(card.here), confirm=LAB.service)
    view = ChallengeView(card)

    view.solution.click()

    assert card.solution == ""
    assert "There is nothing left to do." in read(view.said)


def test_what_aws_cannot_tell_is_one_line_and_no_traceback(session: Session) -> None:
    view = ChallengeView(ChallengeCard(find_challenge("two-services"), here(session), ""))
    session.client("events")  # no rule is there: the solution makes one

    view.solution.click()

    assert "aws events put-rule" in read(view.said)


def test_a_question_wants_a_choice_and_says_why(at_work: Path) -> None:
    (first, *_) = questions_of("01_choose_thresholds")
    view = QuestionView("01_choose_thresholds", 1, first)

    view.check.click()
    assert "Choose one of them first." in read(view.said)
    view.choice.value = "3"
    view.check.click()
    assert "Not so" in read(view.said)
    view.choice.value = first.answer
    view.check.click()

    assert first.why in read(view.said)
    (entry,) = progress.read_progress(at_work).entries
    assert (entry.kind, entry.right, entry.tries) == ("question", True, 2)


def test_the_questions_of_no_lab_are_a_bad_parameter() -> None:
    with pytest.raises(BadParameter, match="01_choose_thresholds"):
        widgets.questions("09_none")


def test_the_right_answer_has_no_place_of_its_own() -> None:
    places = [each.right for asked in QUESTIONS.values() for each in asked]

    assert {places.count(place) for place in range(3)} <= set(range(6, 11))
    assert all(0 <= each.right < len(each.options) for a in QUESTIONS.values() for each in a)


def test_a_challenge_waits_for_what_is_under_way(session: Session) -> None:
    rolled_back(session)
    situation = here(session)
    apply(session, find_challenge("two-failures").solve(situation), confirm=LAB.service)
    began = session.clock.now()

    assert situation.under_way()
    finish(situation)

    assert situation.under_way() == ""
    assert session.clock.now() - began > timedelta(minutes=1)
