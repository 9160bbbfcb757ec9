"""Room: the plan of a CloudWatch alarm that a lab lets ring: a second guard beside the breaker."""

from __future__ import annotations

from runbook_lib import facts
from runbook_lib.errors import NotOurs
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import AWS_TAGS, is_ours
from runbook_lib.plans.steps import Plan, Step

OK, ALARM = "OK", "ALARM"


def alarm_name(settings: Settings) -> str:
    return f"{settings.service}-errors"


def plan_alarm(settings: Settings, state: str, alarm: facts.Alarm | None) -> Plan:
    """An alarm in this state: "OK" or "ALARM".

    Its metric has no data, and missing data leave the state as it is: it stays where SetAlarmState
    puts it. An alarm of a real service watches errors or latency instead. Five periods of a
    minute: ECS derives from them how long it goes on watching.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    name = alarm_name(settings)
    if alarm is not None and not is_ours(alarm.tags):
        raise NotOurs(what=f"alarm {name}", next_step="rename or delete that alarm")
    put = Step(
        service="cloudwatch",
        operation="PutMetricAlarm",
        input={
            "AlarmName": name,
            "Namespace": "CircuitBreakerLab",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "ignore",
            "Tags": AWS_TAGS,
        },
        why="what tasks do after they were healthy, the breaker does not count",
        makes=f"alarm {name}",
        permissions=("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"),
        undo="aws cloudwatch delete-alarms",
        satisfied=f"alarm {name} exists" if alarm else "",
    )
    ring = Step(
        service="cloudwatch",
        operation="SetAlarmState",
        input={"AlarmName": name, "StateValue": state, "StateReason": "a lab sets it by hand"},
        why="as if errors were coming in" if state == ALARM else "as if all were well",
        makes=f"alarm {name} in state {state}",
        permissions=("cloudwatch:SetAlarmState",),
        undo="aws cloudwatch delete-alarms",
        satisfied=f"alarm {name} is {state}" if alarm and alarm.state == state else "",
    )
    return Plan(f"Set the alarm to {state}", settings.service, (put, ring))


def delete_alarm_steps(alarm: facts.Alarm | None) -> tuple[Step, ...]:
    """Only an alarm that the runbook made."""
    if alarm is None or not is_ours(alarm.tags):
        return ()
    return (
        Step(
            service="cloudwatch",
            operation="DeleteAlarms",
            input={"AlarmNames": [alarm.name]},
            why="the lab is over",
            makes=f"alarm {alarm.name} removed",
            permissions=("cloudwatch:DeleteAlarms",),
            undo="run the lab again",
        ),
    )
