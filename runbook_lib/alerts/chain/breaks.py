"""Room: everything that is wrong with an alert chain.

Lives here: `find_breaks`, hop by hop.
Never here: AWS calls (diagnosis), how long the alert took (delivery).
"""

from __future__ import annotations

from runbook_lib.alerts.chain.chain import Chain, Finding
from runbook_lib.alerts.chain.rule_side import (
    counted_failures,
    event_breaks,
    rule_breaks,
    target_breaks,
)
from runbook_lib.alerts.chain.subscriber_side import subscriber_breaks
from runbook_lib.alerts.chain.topic_side import key_breaks, topic_breaks
from runbook_lib.facts.settings import Settings


def find_breaks(chain: Chain, settings: Settings) -> tuple[Finding, ...]:
    """Every broken link, in the order in which an alert would come to it. Empty: none is known."""
    found = (
        *event_breaks(chain, settings),
        *rule_breaks(chain, settings),
        *target_breaks(chain, settings),
        *topic_breaks(chain, settings),
        *key_breaks(chain, settings),
        *subscriber_breaks(chain, settings),
    )
    return found or tuple(counted_failures(chain, settings))
