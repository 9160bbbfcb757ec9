"""Room: what can be wrong with the subscribers.

Lives here: the probe and the address that alerts are mailed to.
Never here: the topic itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from runbook_lib import facts
from runbook_lib.alerts.chain.chain import SUBSCRIBER, Chain, Finding, run_30, run_50
from runbook_lib.facts.settings import Settings
from runbook_lib.facts.tags import is_ours
from runbook_lib.plans.bad_release import plan_probe, probe_arn, queue_policy
from runbook_lib.plans.steps import Step
from runbook_lib.plans.topic import email_subscription, plan_topic


def subscriber_breaks(chain: Chain, settings: Settings) -> Iterator[Finding]:
    topic = chain.topic
    if topic is None:
        return
    yield from _probe(chain, settings, topic)
    subscription = email_subscription(settings, topic)
    if subscription is None:
        steps = plan_topic(settings, account=chain.account, topic=topic).open_steps
        yield Finding(
            SUBSCRIBER,
            "nobody-subscribed",
            f"{settings.email} is not subscribed to {settings.topic}",
            f"{run_30(settings)}, and follow the link in the mail",
            tuple(step for step in steps if step.operation == "Subscribe"),
        )
    elif not subscription.is_confirmed:
        yield Finding(
            SUBSCRIBER,
            "subscription-pending",
            f"{settings.email} has not followed the link in SNS's mail",
            "follow it: it is valid for two days; aws sns subscribe sends another one",
        )
    elif subscription.endpoint in chain.hidden_from:
        yield _filtered(subscription)


def _filtered(subscription: facts.Subscription) -> Finding:
    return Finding(
        SUBSCRIBER,
        "subscription-filtered",
        f"the filter policy of {subscription.endpoint} lets no alert through: "
        f"{json.dumps(subscription.filter_policy)}",
        "take the filter policy off the subscription",
        (
            Step(
                service="sns",
                operation="SetSubscriptionAttributes",
                input={
                    "SubscriptionArn": subscription.arn,
                    "AttributeName": "FilterPolicy",
                    "AttributeValue": "{}",
                },
                why="an empty policy lets everything through",
                makes=f"subscription of {subscription.endpoint} without a filter",
                permissions=("sns:SetSubscriptionAttributes",),
                undo="aws sns set-subscription-attributes with the old policy",
            ),
        ),
    )


def _probe(chain: Chain, settings: Settings, topic: facts.Topic) -> Iterator[Finding]:
    """The probe stands for any subscriber: what does not reach it reaches nobody like it."""
    if chain.probe is not None and not is_ours(chain.probe.tags):
        return
    steps = tuple(
        step
        for step in plan_probe(settings, chain.account, chain.probe, topic)
        if not step.satisfied
    )
    arn = probe_arn(settings, chain.account)
    own = next((each for each in topic.subscriptions if each.endpoint == arn), None)
    if chain.probe is None:
        yield Finding(
            SUBSCRIBER,
            "probe-missing",
            f"there is no queue {settings.probe_queue}",
            run_50(settings),
            steps,
        )
    elif own is None:
        yield Finding(
            SUBSCRIBER,
            "probe-not-subscribed",
            f"queue {settings.probe_queue} is not subscribed to {settings.topic}",
            run_50(settings),
            steps,
        )
    elif chain.probe.policy != queue_policy(settings, chain.account):
        yield Finding(
            SUBSCRIBER,
            "probe-shuts-out",
            f"the policy of queue {settings.probe_queue} does not let the topic send to it",
            run_50(settings),
            steps,
        )
    elif arn in chain.hidden_from:
        yield _filtered(own)
