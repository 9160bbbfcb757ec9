"""Room: a click on a link in a mail.

Lives here: what the two links do, and the page that answers.
Never here: the wording of mails, HTTP servers.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ecs_emulator.messaging.mail import CONFIRM_PATH, UNSUBSCRIBE_PATH, page
from ecs_emulator.messaging.sns import Sns, SnsRefusal
from ecs_emulator.wire.http_messages import HttpResponse
from ecs_emulator.world.lookups import AccountLookups


def follow(path_with_query: str, sns: Sns, account: AccountLookups) -> HttpResponse:
    """Do what the link says and show that it is done, or why it is not."""
    link = urlsplit(path_with_query)
    given = {name: values[-1] for name, values in parse_qs(link.query).items()}
    sns.forget_expired()
    if link.path == CONFIRM_PATH:
        return _confirm(sns, given.get("TopicArn", ""), given.get("Token", ""))
    if link.path == UNSUBSCRIBE_PATH:
        return _unsubscribe(account, given.get("SubscriptionArn", ""), given.get("Endpoint", ""))
    return _page(404, "Not found", "No mail of the emulator has this link.")


def _confirm(sns: Sns, topic_arn: str, token: str) -> HttpResponse:
    try:
        arn = sns.confirm(topic_arn, token)
    except SnsRefusal as refusal:
        text = f"{refusal}. A link works for 48 hours; subscribe again to get a new mail."
        return _page(400, "Subscription not confirmed", text)
    return _page(200, "Subscription confirmed!", f"Your subscription's id is: {arn}")


def _unsubscribe(account: AccountLookups, arn: str, endpoint: str) -> HttpResponse:
    found = account.subscription(arn)
    if found is None or found.endpoint != endpoint or found.is_pending:
        return _page(400, "Nothing to unsubscribe", f"There is no such subscription: {arn}")
    account.remove_subscription(arn)
    return _page(200, "Subscription removed!", f"Your subscription's id was: {arn}")


def _page(status: int, title: str, text: str) -> HttpResponse:
    headers = {"content-type": "text/html; charset=utf-8"}
    return HttpResponse(status, headers, page(title, text))
