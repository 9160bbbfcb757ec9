"""What to do, as data: one module for each notebook that acts. Nothing here calls AWS."""

from runbook_lib.plans.bad_release import plan_bad_release
from runbook_lib.plans.clean_up import Leftovers, plan_clean_up
from runbook_lib.plans.event_rule import plan_event_rule
from runbook_lib.plans.service import plan_service
from runbook_lib.plans.task_definition import plan_task_definition
from runbook_lib.plans.topic import plan_topic

__all__ = [
    "Leftovers",
    "plan_bad_release",
    "plan_clean_up",
    "plan_event_rule",
    "plan_service",
    "plan_task_definition",
    "plan_topic",
]
