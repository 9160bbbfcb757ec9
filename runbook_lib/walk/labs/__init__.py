"""The words of the labs, on top of those of the walk."""

from runbook_lib.plans.labs.alarm import alarm_name
from runbook_lib.plans.labs.load_balancer import TargetCheck
from runbook_lib.plans.labs.release import Release
from runbook_lib.walk.labs.chain import (
    Diagnosed,
    alert_chain_plan,
    break_and_fix_all,
    break_plan,
    dead_letter_plan,
    drill,
    fix_plan,
    matching,
    read_dead_letters,
    rule_of_service_plan,
    split_drill,
)
from runbook_lib.walk.labs.counting import count_failures, detection_seconds
from runbook_lib.walk.labs.failures import failing_releases, mystery_release
from runbook_lib.walk.labs.releases import (
    Ending,
    alarm_plan,
    balancer_plan,
    behind_balancer,
    clean_up_plan,
    deregister_plan,
    ending,
    minutes,
    release_plan,
    seconds_unhealthy,
    ship_each,
    started,
    verdict_on,
    wait_for_rollback,
    watch,
)
from runbook_lib.walk.labs.waiting import Calls, Stable, calls_while, services_stable

__all__ = [
    "Calls",
    "Diagnosed",
    "Ending",
    "Release",
    "Stable",
    "TargetCheck",
    "alarm_name",
    "alarm_plan",
    "alert_chain_plan",
    "balancer_plan",
    "behind_balancer",
    "break_and_fix_all",
    "break_plan",
    "calls_while",
    "clean_up_plan",
    "count_failures",
    "dead_letter_plan",
    "deregister_plan",
    "detection_seconds",
    "drill",
    "ending",
    "failing_releases",
    "fix_plan",
    "matching",
    "minutes",
    "mystery_release",
    "read_dead_letters",
    "release_plan",
    "rule_of_service_plan",
    "seconds_unhealthy",
    "services_stable",
    "ship_each",
    "split_drill",
    "started",
    "verdict_on",
    "wait_for_rollback",
    "watch",
]
