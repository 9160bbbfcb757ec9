"""Room: challenges on the circuit breaker and its rollback.

Lives here: trip it where one wants, get back from nothing, put a second guard beside it, and see
that green is green.
Never here: health checks and reasons (releasing), the alert (telling).
"""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.aws import reading
from runbook_lib.exercises.challenges.challenge import Challenge, Situation, done, not_yet
from runbook_lib.exercises.grading import Grade
from runbook_lib.facts import CircuitBreaker, short
from runbook_lib.plans.labs.alarm import OK, alarm_name
from runbook_lib.plans.labs.release import Release
from runbook_lib.plans.steps import Plan
from runbook_lib.walk.labs.releases import alarm_plan, release_plan, verdict_on

FAILURES = 2
GOOD, BAD = Release(name="works"), "cannot be pulled"
ROLLED_BACK = "ROLLBACK_SUCCESSFUL"


def _ship_with_two(here: Situation) -> Plan:
    bad = Release(name=BAD, image=here.settings.bad_image)
    breaker = CircuitBreaker(True, True, "COUNT", FAILURES)
    return release_plan(here.session, here.settings, bad, breaker=breaker)


def _grade_two(here: Situation) -> Grade:
    service = here.service()
    trips_at = service.circuit_breaker.threshold(service.desired_count)
    if trips_at != FAILURES:
        said = f"the breaker of {service.name} trips at {trips_at}, not at {FAILURES}"
        return not_yet(said if trips_at else f"the breaker of {service.name} is off")
    shipped = here.shipped()
    if shipped is None:
        return not_yet("the threshold is right; now prove it with a release that cannot start")
    if shipped.threshold != FAILURES or shipped.status != ROLLED_BACK:
        return not_yet(f"the newest deployment is {shipped.status}, not {ROLLED_BACK}")
    count = f"{shipped.failure_count} of {shipped.threshold} failures"
    back = short(service.task_definition)
    return done(f"after {count} it was rolled back, and {back} runs again", failures=count)


TWO_FAILURES = Challenge(
    name="two-failures",
    lab="01_choose_thresholds",
    text="Make the circuit breaker of {service} trip after two failed tasks, and prove it: deploy "
    "the release that cannot start once more. Its revision is still registered.",
    hints=(
        "One call does both: `UpdateService` takes a revision and a `deploymentConfiguration`.",
        (
            "Which revision? `aws ecs list-task-definitions --family-prefix {family}` lists them, "
            "and the type `COUNT` takes its value as it is."
        ),
        (
            "This deploys it with the default threshold: `aws ecs update-service --cluster "
            "{cluster} --service {service} --task-definition {family}:2 --deployment-configuration "
            '\'{"deploymentCircuitBreaker": {"enable": true, "rollback": true, '
            '"thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}}\'`. What has to '
            "be changed in it?"
        ),
    ),
    solve=_ship_with_two,
    grade=_grade_two,
)


def _ship_the_good_one(here: Situation) -> Plan:
    breaker = here.settings.circuit_breaker
    return release_plan(here.session, here.settings, GOOD, breaker=breaker)


def _grade_good_again(here: Situation) -> Grade:
    service = here.service()
    primary = service.primary
    if primary is None or not primary.is_completed:
        state = primary.rollout_state if primary else "absent"
        return not_yet(f"the PRIMARY deployment of {service.name} is {state}, not COMPLETED")
    if problem := _without_tasks(here):
        return not_yet(problem)
    if not service.circuit_breaker.rolls_back:
        return not_yet("the release works, but the next bad one would not be rolled back")
    return done(f"{primary.task_definition} is PRIMARY and COMPLETED, and would be returned to")


def _without_tasks(here: Situation) -> str:
    """Why the release of the service is no good one; "" if it is."""
    service = here.service()
    if not service.running_count:
        return f"no task of {service.name} runs"
    revision = here.revision(service.task_definition)
    if here.settings.bad_image in revision.images.values():
        return f"{revision.name} has the image that does not exist"
    return "" if service.is_steady else f"{service.name} is not steady"


GOOD_AGAIN = Challenge(
    name="good-again",
    lab="02_return_to_nothing",
    text="A task is still running, but {service} is set to a release that cannot start. Deploy one "
    "that works, with a circuit breaker that will roll the next bad one back.",
    hints=(
        (
            "Which revision works? One of {family} was deregistered above, and `UpdateService` "
            "refuses a revision that is INACTIVE."
        ),
        (
            "So it has to be registered once more. `aws ecs describe-task-definition "
            "--task-definition {family}:2` shows what is in it."
        ),
        (
            "In a new cell `apply(session, labs.release_plan(session, settings, good, "
            "breaker=settings.circuit_breaker), confirm=confirm)` does all of it."
        ),
    ),
    solve=_ship_the_good_one,
    grade=_grade_good_again,
)


def _set_second_guard(here: Situation) -> Plan:
    breaker = replace(here.settings.circuit_breaker, reset_on_healthy_task=False)
    names = (alarm_name(here.settings),)
    shipped = release_plan(here.session, here.settings, GOOD, breaker=breaker, alarms=names)
    quiet = alarm_plan(here.session, here.settings, OK)
    return replace(shipped, title="A second guard", steps=(*quiet, *shipped))


def _grade_second_guard(here: Situation) -> Grade:
    service, name = here.service(), alarm_name(here.settings)
    alarm = reading.read_alarm(here.session, name)
    breaker, guard = service.circuit_breaker, service.alarms
    if not breaker.rolls_back:
        return not_yet("the breaker does not roll back")
    if breaker.reset_on_healthy_task:
        return not_yet("a task that becomes healthy still sets the count back to 0")
    if name not in guard.names or not (guard.enable and guard.rollback):
        return not_yet(f"alarm {name} is not named, enabled and with rollback")
    if alarm is None or alarm.state != OK:
        state = alarm.state if alarm else "absent"
        return not_yet(f"alarm {name} is {state}: the next deployment would not be guarded by it")
    return done("failures add up, and the alarm is quiet, so that it can ring")


SECOND_GUARD = Challenge(
    name="second-guard",
    lab="03_catch_crash_loops",
    text="Prepare {service} for its next release: make failures add up over the whole deployment, "
    "and let alarm {alarm} guard it. An alarm that is in ALARM already when a deployment begins is "
    "ignored for it.",
    hints=(
        (
            "There are three things: `resetOnHealthyTask` of the breaker, the alarms of the "
            "deployment configuration, and the state of the alarm. Changing the first two starts "
            "no deployment."
        ),
        (
            "`aws cloudwatch describe-alarms --alarm-names {alarm}` says whether it rings; "
            "`set-alarm-state` sets its state."
        ),
        (
            "`aws ecs describe-services --cluster {cluster} --services {service} --query "
            "'services[0].deploymentConfiguration'` shows the JSON that `update-service` takes as "
            "its `--deployment-configuration`."
        ),
    ),
    solve=_set_second_guard,
    grade=_grade_second_guard,
)


def _ship_with_a_task(here: Situation) -> Plan:
    return release_plan(here.session, here.settings, GOOD, desired_count=1)


def _grade_truly_green(here: Situation) -> Grade:
    service = here.service()
    if problem := _without_tasks(here):
        return not_yet(problem)
    primary = service.primary
    if primary is None:
        return not_yet(f"{service.name} has no PRIMARY deployment")
    found = verdict_on(here.session, here.settings, primary.id)
    if not found.passed:
        return not_yet(found.sentence.rstrip("."))
    return done(f"the verdict on {primary.task_definition} is a pass, and a task of it runs")


TRULY_GREEN = Challenge(
    name="truly-green",
    lab="07_see_through_false_greens",
    text="At this moment {service} is COMPLETED, steady and green, and serves nobody. Make it "
    "truly green: a task runs, and the verdict on its deployment is a pass.",
    hints=(
        (
            "`aws ecs update-service --cluster {cluster} --service {service} --desired-count 1` is "
            "not enough. Which image does its release have?"
        ),
        (
            "Changing the desired count starts no deployment, so no breaker counts the tasks that "
            "fail then. Deploy another revision in the same call."
        ),
        (
            "`aws ecs list-task-definitions --family-prefix {family}` lists the revisions; the "
            "first one works."
        ),
    ),
    solve=_ship_with_a_task,
    grade=_grade_truly_green,
)
