"""Tables: fixed columns, whole texts, nothing that a browser would run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from browser import open_browser, open_page

from runbook_lib import facts, tables
from runbook_lib.alerts.chain import Finding
from runbook_lib.alerts.delivery import Delivery, Hop
from runbook_lib.facts.causes import Cause
from runbook_lib.learner.progress import Entry, Progress
from runbook_lib.notebook.tables import Table
from runbook_lib.plans.applying import Outcome, StepResult
from runbook_lib.plans.preflight import Check
from runbook_lib.plans.steps import Plan, Step
from runbook_lib.verdict.deployment import Verdict
from runbook_lib.verdict.drill import DrillVerdict
from runbook_lib.verdict.steady_state import Probe, SteadyState

NOON = datetime(2026, 1, 5, 12, 0, 0, 987654, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script> & <b>"
LONG = "word " * 200 + "end"

STEP = Step(
    service="sns",
    operation="CreateTopic",
    input={},
    why="alerts are published here",
    makes="topic my-topic",
    permissions=("sns:CreateTopic",),
    undo="aws sns delete-topic",
)
PLAN = Plan("Test", "web", (STEP, replace(STEP, satisfied="topic my-topic exists")))
DEPLOYMENT = facts.Deployment(
    id="ecs-svc/1",
    status="PRIMARY",
    rollout_state="COMPLETED",
    rollout_state_reason="ECS deployment ecs-svc/1 completed.",
    task_definition="my-task:1",
    desired_count=1,
    running_count=1,
    pending_count=0,
    failed_tasks=0,
    created_at=NOON,
    updated_at=NOON,
)
SERVICE = facts.Service(
    name="web",
    arn="arn",
    cluster_arn="arn",
    status="ACTIVE",
    desired_count=1,
    running_count=1,
    pending_count=0,
    task_definition="my-task:1",
    circuit_breaker=facts.CircuitBreaker(enable=True, rollback=True),
    deployments=(DEPLOYMENT,),
    events=(
        facts.ServiceEvent(NOON, SCRIPT),
        facts.ServiceEvent(NOON - timedelta(hours=1), LONG),
    ),
)
TASK = facts.Task(
    id="t1",
    deployment_id="ecs-svc/1",
    task_definition="my-task:1",
    last_status="STOPPED",
    stop_code="TaskFailedToStart",
    stopped_reason="CannotPullContainerError",
    containers=(facts.Container("c"),),
    created_at=NOON,
    started_at=None,
    stopped_at=None,
)
RECORD = facts.ServiceDeployment("arn", "SUCCESSFUL", "", "my-task:1", NOON, None, None, None)
TOPIC = facts.Topic(
    "arn:topic",
    {},
    (
        facts.Subscription("PendingConfirmation", "email", "a@b.example"),
        facts.Subscription("arn:s", "sqs", "arn:q"),
    ),
    {},
)
RULE = facts.Rule("r", "arn", "ENABLED", {}, (facts.Target("1", "arn:topic"),), {})
DEFINITION = facts.TaskDefinition(
    "arn", "my-task", 1, "ACTIVE", {"c": "nginx:alpine"}, {"cpu": "256", "memory": "512"}, {}
)
ALERT = facts.Alert(
    deployment_id="ecs-svc/1",
    event_name="SERVICE_DEPLOYMENT_FAILED",
    reason="tasks failed to start.",
    text="{}",
    event_time=NOON + timedelta(milliseconds=500),
    received_at=NOON + timedelta(seconds=1),
)
CAUSE = Cause("CannotPull", "c", None, 3, ("a", "b", "d"), "no such image", "check the tag")
VERDICT = DrillVerdict(
    passed=True,
    deployment=Verdict(
        passed=False,
        deployment_id="ecs-svc/2",
        task_definition="my-task:2",
        ending="rolled back",
        ended_by="circuit breaker",
        reason="exceeded",
        why_no_rollback="",
        rolled_back_to="my-task:1 (ecs-svc/1)",
        runs_instead="",
        failure_count=3,
        threshold=3,
        causes=(CAUSE,),
        steady_state=SteadyState(NOON, ()),
        sentence="It was.",
        next_step="fix it",
    ),
    alert_arrived=True,
    sentence="It was.",
    next_step="clean up",
)
FINDING = Finding("rule", "rule-disabled", "rule r is DISABLED", "run 40 again")
DELIVERY = Delivery(
    "ecs-svc/2", (Hop("rule", "broken", NOON, 1.5, "rule r is DISABLED", "run 40 again"),)
)
MAIL = {"sent": "x", "sentAt": "2026-01-05T12:00:00Z", "subject": "AWS", "body": "one\n\ntwo"}

TABLES: dict[str, tuple[Table, list[str]]] = {
    "inventory": (
        tables.inventory([("topic", "my-topic", "absent", "")]),
        ["what", "name", "state", "made by"],
    ),
    "network": (
        tables.network(facts.Network(("subnet-1", "subnet-2"), ("sg-1",), "parameters")),
        ["source", "subnets", "security groups"],
    ),
    "plan": (tables.plan(PLAN), ["step", "state", "operation", "why", "undo"]),
    "outcome": (
        tables.outcome(Outcome(PLAN, (StepResult(STEP, "done", {}),))),
        ["step", "operation", "state", "there is now"],
    ),
    "task_definition": (
        tables.task_definition(DEFINITION),
        ["revision", "container", "image", "cpu", "memory", "status"],
    ),
    "service_events": (tables.service_events(SERVICE), ["time", "message"]),
    "deployments": (
        tables.deployments(SERVICE),
        [
            *("id", "status", "rollout state", "task definition"),
            *("desired", "running", "pending", "failed", "reason"),
        ],
    ),
    "tasks": (
        tables.tasks([TASK]),
        [
            *("task", "task definition", "last status", "stop code"),
            *("stopped reason", "created", "stopped"),
        ],
    ),
    "service_deployments": (
        tables.service_deployments([RECORD]),
        ["created", "status", "task definition", "failures", "threshold", "reason"],
    ),
    "subscriptions": (tables.subscriptions(TOPIC), ["protocol", "endpoint", "state"]),
    "rule": (tables.rule(RULE), ["rule", "state", "target id", "target"]),
    "alerts": (
        tables.alerts([ALERT]),
        ["updated", "received", "seconds", "event name", "deployment", "reason"],
    ),
    "mails": (tables.mails([MAIL]), ["sent", "subject", "body"]),
    "verdict": (tables.verdict(VERDICT), ["question", "answer"]),
    "causes": (
        tables.causes(VERDICT.deployment),
        ["tasks", "reason", "container", "exit code", "meaning", "next"],
    ),
    "delivery": (
        tables.delivery(DELIVERY),
        ["hop", "state", "time", "seconds", "found", "fix"],
    ),
    "findings": (tables.findings([FINDING]), ["hop", "name", "found", "fix"]),
    "steady_state": (
        tables.steady_state(SteadyState(NOON, (Probe("deployments", "1", "2"),))),
        ["what", "should be", "is", "met"],
    ),
    "preflight": (tables.preflight([Check("rule", "ok", "fine")]), ["check", "state", "found"]),
}
EMPTY: dict[str, Callable[[], Table]] = {
    "inventory": lambda: tables.inventory([]),
    "plan": lambda: tables.plan(Plan("Test", "web", ())),
    "outcome": lambda: tables.outcome(Outcome(PLAN, ())),
    "task_definition": lambda: tables.task_definition(replace(DEFINITION, images={})),
    "service_events": lambda: tables.service_events(replace(SERVICE, events=())),
    "deployments": lambda: tables.deployments(replace(SERVICE, deployments=())),
    "tasks": lambda: tables.tasks([]),
    "service_deployments": lambda: tables.service_deployments([]),
    "subscriptions": lambda: tables.subscriptions(replace(TOPIC, subscriptions=())),
    "rule": lambda: tables.rule(replace(RULE, targets=())),
    "alerts": lambda: tables.alerts([]),
    "mails": lambda: tables.mails([]),
}


@pytest.mark.parametrize(("table", "columns"), TABLES.values(), ids=TABLES)
def test_a_table_has_its_columns_in_a_fixed_order(table: Table, columns: list[str]) -> None:
    assert list(table.columns) == columns


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY)
def test_an_empty_table_still_says_what_it_would_show(make: Callable[[], Table]) -> None:
    table = make()
    columns = TABLES[next(name for name in EMPTY if EMPTY[name] is make)][1]

    assert list(table.columns) == columns
    assert repr(table) == f"(no rows: {', '.join(columns)})"
    assert all(f">{name}</th>" in table._repr_html_() for name in columns)


def test_a_plan_says_what_is_to_do_and_what_is_there() -> None:
    assert tables.plan(PLAN).to_dict("records") == [
        {
            "step": 1,
            "state": "to do",
            "operation": "sns:CreateTopic",
            "why": "alerts are published here",
            "undo": "aws sns delete-topic",
        },
        {
            "step": 2,
            "state": "topic my-topic exists",
            "operation": "sns:CreateTopic",
            "why": "alerts are published here",
            "undo": "aws sns delete-topic",
        },
    ]


def test_text_from_aws_cannot_become_html() -> None:
    html = tables.service_events(SERVICE)._repr_html_()

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in html
    assert SCRIPT in repr(tables.service_events(SERVICE))


def test_text_that_looks_like_a_cell_cannot_become_one() -> None:
    row = replace(SERVICE, events=(facts.ServiceEvent(NOON, "</td><td>x<th>"),))

    assert tables.service_events(row)._repr_html_().count("<td") == 2


def test_a_long_message_is_shown_whole() -> None:
    table = tables.service_events(SERVICE)

    assert LONG in table._repr_html_()
    assert LONG in repr(table)


def test_many_rows_are_all_shown() -> None:
    events = tuple(facts.ServiceEvent(NOON, f"number {n} ") for n in range(300))
    table = tables.service_events(replace(SERVICE, events=events))

    assert table._repr_html_().count("<tr") == 301
    assert len(repr(table).splitlines()) == 301


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=9))),
        NOON.astimezone(timezone(timedelta(hours=-3, minutes=-30))),
    ],
)
def test_times_are_utc_to_the_second_wherever_the_reader_sits(moment: datetime) -> None:
    table = tables.service_events(replace(SERVICE, events=(facts.ServiceEvent(moment, "m"),)))

    assert repr(table) == "time                 message\n2026-01-05 12:00:00  m"
    assert ">2026-01-05 12:00:00</td>" in table._repr_html_()


def test_a_long_word_breaks_where_a_reader_would_break_it() -> None:
    said = "CannotPullContainerError: docker.io/library/nginx-no-such-repository:alpine"
    table = tables.service_events(replace(SERVICE, events=(facts.ServiceEvent(NOON, said),)))

    html = table._repr_html_()

    assert "Cannot<wbr>Pull<wbr>Container<wbr>Error:" in html
    assert "docker.io/<wbr>library/<wbr>nginx-no-such-repository:<wbr>alpine" in html


WITH_REASONS = ("deployments", "tasks", "alerts", "causes", "service_deployments", "plan")


@pytest.mark.parametrize("name", WITH_REASONS)
def test_each_cell_of_a_table_with_reasons_says_what_it_is_where_there_is_no_head(
    name: str,
) -> None:
    table, columns = TABLES[name]

    html = table._repr_html_()

    assert "@container (max-width: 860px)" in html
    assert re.findall(r'<td data-name="([^"]*)"', html)[: len(columns)] == columns


def test_a_table_that_has_room_enough_stays_one() -> None:
    for table in (tables.inventory([("topic", "t", "absent", "")]), tables.rule(RULE)):
        assert "@container" not in table._repr_html_()


def test_progress_is_listed_as_one_walks_and_the_labs_come_after() -> None:
    names = ("01_choose_thresholds", "08_send_better_alerts", "10_register_task_definition")
    entries = tuple(Entry(name, "exercise", "a", "b", True, 1) for name in names)

    assert list(tables.progress(Progress(entries))["notebook"]) == [names[2], *names[:2]]


def test_there_is_no_index_and_no_trailing_blank() -> None:
    assert repr(tables.inventory([("topic", "t", "absent", ""), ("a", "b", "c", "d")])) == (
        "what   name  state   made by\ntopic  t     absent\na      b     c       d"
    )
    assert tables.inventory([("topic", "t", "absent", "")])._repr_html_().count("<th") == 5


def test_what_is_not_known_is_left_blank() -> None:
    row = repr(tables.service_deployments([RECORD])).splitlines()[1]

    assert row == "2026-01-05 12:00:00  SUCCESSFUL  my-task:1"
    assert "None" not in repr(tables.tasks([TASK]))
    assert "NaT" not in repr(tables.tasks([TASK, replace(TASK, stopped_at=NOON)]))


def test_counts_stay_whole_numbers_beside_a_gap() -> None:
    records = [RECORD, replace(RECORD, failure_count=3, threshold=3)]

    assert repr(tables.service_deployments(records)).splitlines()[2].split()[-2:] == ["3", "3"]


def test_events_can_be_limited_to_the_time_of_the_drill() -> None:
    assert len(tables.service_events(SERVICE)) == 2
    assert list(tables.service_events(SERVICE, since=NOON)["message"]) == [SCRIPT]


def test_an_alert_tells_the_seconds_from_the_failure_to_the_queue() -> None:
    assert tables.alerts([ALERT])["seconds"].to_list() == ["0.500"]


def test_a_subscription_is_confirmed_or_waits() -> None:
    assert tables.subscriptions(TOPIC)["state"].to_list() == ["pending confirmation", "confirmed"]


def answers_of(verdict: DrillVerdict) -> dict[str, str]:
    table = tables.verdict(verdict)
    return dict(zip(table["question"], table["answer"], strict=True))


def test_the_verdict_answers_its_questions() -> None:
    answers = answers_of(VERDICT)
    assert answers["verdict"] == "pass"
    assert answers["failures against the threshold"] == "3 of 3"
    assert answers["did the alert arrive"] == "yes"
    assert answers["who has not confirmed"] == "nobody"

    failed = replace(
        VERDICT,
        passed=False,
        alert_arrived=False,
        deployment=replace(
            VERDICT.deployment, steady_state=None, threshold=None, failure_count=None
        ),
        unconfirmed=("a@b.example", "c@d.example"),
    )
    answers = answers_of(failed)
    assert answers["verdict"] == "fail"
    assert answers["failures against the threshold"] == ""
    assert answers["did the alert arrive"] == "no"
    assert answers["steady again"] == "no"
    assert answers["who has not confirmed"] == "a@b.example, c@d.example"


def test_a_part_of_a_table_shows_itself_like_the_whole() -> None:
    part = tables.service_events(SERVICE).head(1)

    assert isinstance(part, Table)
    assert repr(part).startswith("time  ")


def test_beside_a_side_bar_and_enlarged_no_column_is_lost() -> None:
    """700 pixels are what JupyterLab leaves of 900 for an output; 1000 of 1440 with a side bar."""
    reason = (
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to "
        "resolve ref docker.io/library/nginx:wrong-image-tag: not found"
    )
    id_ = "4b2c767f466ab1bf8884a55c7ff1360e"
    task = replace(TASK, id=id_, stop_code="TaskFailedToStart", stopped_reason=reason)
    deployment = replace(DEPLOYMENT, id=f"ecs-svc/{'3' * 19}", rollout_state_reason=reason)
    hop = Hop("rule", "broken", NOON, 1.5, reason, "apply the steps of this finding")
    shown = (
        tables.tasks([replace(task, stopped_at=NOON)]),
        tables.deployments(replace(SERVICE, deployments=(deployment, deployment))),
        tables.delivery(Delivery("ecs-svc/2", (hop,))),
    )
    html = "".join(each._repr_html_() for each in shown)
    with open_browser() as browser, open_page(browser) as watched:
        for width in (700, 1000):
            watched.page.set_content(
                '<style>td, th { padding: 6px; font: 13px "DejaVu Sans", sans-serif }</style>'
                f'<main style="width: {width}px">{html}</main>'
            )
            wide = watched.page.locator("main").evaluate("each => each.scrollWidth")
            heads = watched.page.locator("thead:visible").count()

            assert (wide, heads) == (width, 1 if width == 700 else 3)

            cells = watched.page.locator('[data-name="stopped reason"]')
            assert cells.evaluate("each => each.clientWidth") > 0.35 * width
