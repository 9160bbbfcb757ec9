"""Room: the questions at the end of each lab.

Lives here: each question with its options, the one that is right, and why.
Never here: how they are shown; questions whose answer is in the account (catalogue).

The answers are what the lab itself has shown or said.
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.errors import BadParameter


@dataclass(frozen=True, slots=True)
class Question:
    """`right` is the place of the right option, from 0; `why` is said after each answer."""

    name: str
    text: str
    options: tuple[str, ...]
    right: int
    why: str

    @property
    def answer(self) -> str:
        return self.options[self.right]


QUESTIONS: dict[str, tuple[Question, ...]] = {
    "01_choose_thresholds": (
        Question(
            "ten-tasks",
            "With AWS's default threshold, how many failures end a deployment of ten tasks?",
            ("3", "5", "10"),
            1,
            "BOUNDED_PERCENT 50 is half the desired count: 5 of 10.",
        ),
        Question(
            "four-tasks",
            "And one of four tasks?",
            ("2", "3", "4"),
            1,
            "Half of four is 2, but BOUNDED_PERCENT never goes below 3.",
        ),
        Question(
            "strict",
            "What is the risk of COUNT 1 in production?",
            (
                "One task that fails for a passing reason ends a good release",
                "It takes longer until the breaker trips",
                "It works with one task only",
            ),
            0,
            "A registry that is busy for a moment is enough.",
        ),
    ),
    "02_return_to_nothing": (
        Question(
            "target",
            "What does the breaker return to?",
            (
                "The revision with the number before",
                "The newest revision that is ACTIVE",
                "The newest deployment that is COMPLETED",
            ),
            2,
            "Revisions do not count, only deployments, and of these only completed ones.",
        ),
        Question(
            "first",
            "The first deployment of a new service fails. What then?",
            (
                "The deployment is FAILED, and nothing runs until somebody deploys again",
                "The service is deleted",
                "ECS tries for ever",
            ),
            0,
            "There is nothing to return to, and the breaker starts no more tasks.",
        ),
        Question(
            "only-enable",
            "The breaker is enabled, rollback is false, and a release fails. Which release is "
            "the service set to afterwards?",
            ("The release that failed", "The old release", "No task at all"),
            0,
            "The old task goes on running, but when it stops, nothing takes its place.",
        ),
    ),
    "03_catch_crash_loops": (
        Question(
            "late-crash",
            "Containers without a health check die after two minutes, each of them. What does the "
            "breaker count?",
            ("Nothing", "Each crash", "The first crash only"),
            0,
            "A task that was RUNNING counts as started; what happens to it later is not counted.",
        ),
        Question(
            "bake",
            "Until when can a CloudWatch alarm roll a deployment back?",
            (
                "Until the new tasks run",
                "Until the bake time after that is over",
                "At any time",
            ),
            1,
            "ECS derives the bake time from the periods of the alarm.",
        ),
        Question(
            "every-other",
            "Every other task of a release fails. Which setting makes the breaker trip?",
            (
                "resetOnHealthyTask: true, the default",
                "With either",
                "resetOnHealthyTask: false",
            ),
            2,
            "By default each healthy task sets the count back to 0; with false failures add up.",
        ),
    ),
    "04_tune_health_checks": (
        Question(
            "detection",
            "interval 30, retries 3, startPeriod 60: when is a container that never answers "
            "UNHEALTHY?",
            ("After 90 s", "After 150 s", "After 180 s"),
            1,
            "startPeriod + interval × retries: 60 + 30 × 3.",
        ),
        Question(
            "hasty",
            "A good release is rolled back, because its container takes long to answer. What "
            "helps?",
            (
                "A longer healthCheckGracePeriodSeconds",
                "A higher threshold of the breaker",
                "rollback: false",
            ),
            0,
            "A higher threshold only repeats the same failure more often.",
        ),
        Question(
            "slow-notice",
            "What decides how soon a bad release is noticed?",
            ("The breaker", "The size of the image", "The health check, times the threshold"),
            2,
            "Each attempt lasts as long as the check needs.",
        ),
    ),
    "05_read_stopped_tasks": (
        Question(
            "never-ran",
            "The stopCode of a task is TaskFailedToStart. Where do you look first?",
            (
                "At the image, the secrets, the role and the network",
                "Into the logs of the container",
                "At the health check",
            ),
            0,
            "The container never ran, so it has no logs.",
        ),
        Question(
            "137",
            "The exit code is 137. What is most likely?",
            ("A wrong command", "A missing secret", "The container was killed, for its memory"),
            2,
            "137 is 128 + 9, a kill; the reason names OutOfMemoryError where it was that.",
        ),
        Question(
            "hour",
            "A colleague asks about a task that stopped yesterday. What does ECS still show of it?",
            ("Everything", "The reason only", "Nothing: stopped tasks are shown for about an hour"),
            2,
            "To keep the reasons, keep the events: ECS Task State Change.",
        ),
    ),
    "06_find_lost_alerts": (
        Question(
            "no-match",
            "A rule's pattern does not match. Where can you see that?",
            ("In CloudWatch, as a failed invocation", "In the dead-letter queue", "Nowhere"),
            2,
            "What is not matched is no failed invocation, and leaves no trace.",
        ),
        Question(
            "refused",
            "The topic's policy refuses EventBridge. Where can you see that?",
            (
                "In CloudWatch, as FailedInvocations of the rule",
                "In the service events of ECS",
                "In a mail from AWS",
            ),
            0,
            "And in a dead-letter queue, if the target has one.",
        ),
        Question(
            "proof",
            "What proves that somebody will be told?",
            (
                "A rule that is ENABLED",
                "A topic with a confirmed subscription",
                "A message of a real failure that has arrived",
            ),
            2,
            "Each part can look well by itself; that is what the drill is for.",
        ),
    ),
    "07_see_through_false_greens": (
        Question(
            "waiter",
            "`aws ecs wait services-stable` ends with 0. What do you know?",
            (
                "One deployment is left, and as many tasks run as are desired",
                "Your release runs",
                "No deployment has failed",
            ),
            0,
            "After a rollback this is so, too.",
        ),
        Question(
            "255",
            "The service is ACTIVE, and it ends with 255. What do you know?",
            (
                "The deployment has failed",
                "The service was not stable within ten minutes",
                "The circuit breaker has tripped",
            ),
            1,
            "It looks 40 times, every 15 seconds; ECS may still be trying.",
        ),
        Question(
            "by-what",
            "How can you tell whether your release is out?",
            (
                "By the revision that the service names",
                "By the number of tasks that run",
                "By the id of its deployment, and what became of it",
            ),
            2,
            "UpdateService replies with the id; a forced deployment keeps the revision.",
        ),
    ),
    "08_send_better_alerts": (
        Question(
            "transformer",
            "What makes a text of an event that a person can read?",
            ("An input transformer of the rule's target", "The topic", "The mail program"),
            0,
            "It picks fields by their path and puts them into a template.",
        ),
        Question(
            "lost",
            "A target refuses an event again and again. What keeps it?",
            ("The rule", "The topic", "A dead-letter queue of the target"),
            2,
            "Without one, EventBridge drops it after its last try.",
        ),
        Question(
            "others",
            "Your topic tells of other people's services, too. What has to be changed?",
            (
                "The subscription",
                "resources in the pattern of the rule",
                "The policy of the topic",
            ),
            1,
            "The event names the service's ARN in resources, so the pattern can ask for it.",
        ),
    ),
}
"""Of each lab, by its file: what it asks when all is done."""


def questions_of(lab: str) -> tuple[Question, ...]:
    """The questions of a lab: questions_of("01_choose_thresholds"). Raises `BadParameter`."""
    if lab not in QUESTIONS:
        problem = f"{lab!r} is none of {', '.join(QUESTIONS)}"
        raise BadParameter(name="lab", problem=problem, example="01_choose_thresholds")
    return QUESTIONS[lab]
