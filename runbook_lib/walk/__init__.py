"""The words of the walk: what each notebook plans, does and stands on."""

from runbook_lib.plans.preflight import find_network
from runbook_lib.walk.drilling import (
    follow,
    judge_drill,
    probe_before,
    record_verdict,
    restore,
    review_drill,
    started_deployment,
)
from runbook_lib.walk.inventory import inventory
from runbook_lib.walk.planning import (
    bad_release_plan,
    clean_up_plan,
    event_rule_plan,
    good_revision,
    restore_plan,
    service_plan,
    task_definition_plan,
    topic_plan,
)
from runbook_lib.walk.stages import CLEAN_UP, STAGES, Stage, begin

__all__ = [
    "CLEAN_UP",
    "STAGES",
    "Stage",
    "bad_release_plan",
    "begin",
    "clean_up_plan",
    "event_rule_plan",
    "find_network",
    "follow",
    "good_revision",
    "inventory",
    "judge_drill",
    "probe_before",
    "record_verdict",
    "restore",
    "restore_plan",
    "review_drill",
    "service_plan",
    "started_deployment",
    "task_definition_plan",
    "topic_plan",
]
