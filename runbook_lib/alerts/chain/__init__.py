"""The way of an alert, link by link, and what is broken of it."""

from runbook_lib.alerts.chain.breaks import find_breaks
from runbook_lib.alerts.chain.chain import (
    EVENT,
    HOPS,
    RULE,
    SUBSCRIBER,
    TARGET,
    TOPIC,
    Chain,
    Finding,
)

__all__ = [
    "EVENT",
    "HOPS",
    "RULE",
    "SUBSCRIBER",
    "TARGET",
    "TOPIC",
    "Chain",
    "Finding",
    "find_breaks",
]
