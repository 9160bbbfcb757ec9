"""Room: AWS replies → facts.

Lives here: the names of all readings, so that a caller need not know which service answers.
Never here: decisions.
"""

from runbook_lib.reading.account import (
    read_alarm,
    read_default_network,
    read_ecr_image,
    read_fargate_vcpus,
    read_missing_network_ids,
    read_principal,
    read_role,
    simulate,
)
from runbook_lib.reading.alert_chain import (
    count_rules,
    read_alerts,
    read_dead_letters,
    read_event_buses,
    read_filter,
    read_key,
    read_queue,
    read_regions,
    read_rule,
    read_rule_counts,
    read_topic,
    read_topic_by_arn,
    would_match,
)
from runbook_lib.reading.ecs import (
    ALL_REVISIONS,
    SERVICES_A_CALL,
    read_cluster,
    read_cluster_names,
    read_service,
    read_service_deployments,
    read_services,
    read_task_definition,
    read_task_definitions,
    read_tasks,
    started_by,
)
from runbook_lib.reading.load_balancer import read_balancer, read_vpc
from runbook_lib.reading.watches import read_watch_queues, read_watch_rules

__all__ = [
    "ALL_REVISIONS",
    "SERVICES_A_CALL",
    "count_rules",
    "read_alarm",
    "read_alerts",
    "read_balancer",
    "read_cluster",
    "read_cluster_names",
    "read_dead_letters",
    "read_default_network",
    "read_ecr_image",
    "read_event_buses",
    "read_fargate_vcpus",
    "read_filter",
    "read_key",
    "read_missing_network_ids",
    "read_principal",
    "read_queue",
    "read_regions",
    "read_role",
    "read_rule",
    "read_rule_counts",
    "read_service",
    "read_service_deployments",
    "read_services",
    "read_task_definition",
    "read_task_definitions",
    "read_tasks",
    "read_topic",
    "read_topic_by_arn",
    "read_vpc",
    "read_watch_queues",
    "read_watch_rules",
    "simulate",
    "started_by",
    "would_match",
]
