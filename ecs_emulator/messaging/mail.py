"""Room: the letters that Amazon SNS writes, and the box where they arrive.

Lives here: all wording of mails and their links.
Never here: who is subscribed, or whether a mail is due.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal
from urllib.parse import quote

CAPACITY = 1000
CONFIRM_PATH = "/_emulator/mail/confirm"
UNSUBSCRIBE_PATH = "/_emulator/mail/unsubscribe"
DEFAULT_SUBJECT = "AWS Notification Message"
CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"

_CONFIRMATION = """\
You have chosen to subscribe to the topic:
{topic_arn}

To confirm this subscription, click or visit the link below (If this was in error no action is necessary):
Confirm subscription
{link}

Please do not reply directly to this email. If you wish to remove yourself from receiving all future \
SNS subscription confirmation requests please send an email to sns-opt-out
"""
_NOTIFICATION = """\
{message}

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
{link}

Please do not reply directly to this email. If you have any questions or comments regarding this \
email, please contact us at https://aws.amazon.com/support
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `link` is the path on the emulator that does what the link in the body says."""

    sent_at: datetime
    to: str
    sender: str
    subject: str
    body: str
    topic_arn: str
    kind: Literal["confirmation", "notification"]
    link: str


class Outbox:
    """Mails in the order in which they were sent. Of more than 1,000 the oldest are dropped."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=CAPACITY)

    def add(self, mail: Mail) -> None:
        self._mails.append(mail)

    def clear(self) -> None:
        self._mails.clear()

    def __iter__(self) -> Iterator[Mail]:
        return iter(tuple(self._mails))

    def __len__(self) -> int:
        return len(self._mails)

    def as_json(self) -> list[dict[str, str]]:
        return [
            {
                "sentAt": stamp(mail.sent_at),
                "to": mail.to,
                "from": mail.sender,
                "subject": mail.subject,
                "body": mail.body,
                "topicArn": mail.topic_arn,
                "kind": mail.kind,
                "link": mail.link,
            }
            for mail in self._mails
        ]


def confirmation(now: datetime, topic_arn: str, sender: str, to: str, token: str) -> Mail:
    """The mail that asks whether the address really wants to be subscribed."""
    question = f"TopicArn={_quoted(topic_arn)}&Token={token}&Endpoint={_quoted(to)}"
    link = f"https://sns.{_region(topic_arn)}.amazonaws.com/confirmation.html?{question}"
    body = _CONFIRMATION.format(topic_arn=topic_arn, link=link)
    local = f"{CONFIRM_PATH}?{question}"
    sender = _from(sender)
    return Mail(now, to, sender, CONFIRMATION_SUBJECT, body, topic_arn, "confirmation", local)


def notification(
    now: datetime, subscription_arn: str, sender: str, to: str, subject: str | None, message: str
) -> Mail:
    """The mail with the news. EventBridge gives no subject, so SNS puts its own."""
    topic_arn = subscription_arn.rpartition(":")[0]
    question = f"SubscriptionArn={_quoted(subscription_arn)}&Endpoint={_quoted(to)}"
    link = f"https://sns.{_region(topic_arn)}.amazonaws.com/unsubscribe.html?{question}"
    body = _NOTIFICATION.format(message=message, link=link)
    title, local = subject or DEFAULT_SUBJECT, f"{UNSUBSCRIBE_PATH}?{question}"
    return Mail(now, to, _from(sender), title, body, topic_arn, "notification", local)


def page(title: str, text: str) -> bytes:
    """What the browser shows after a click. Nothing of the link is taken as HTML."""
    return _PAGE.format(title=escape(title), text=escape(text)).encode()


def stamp(moment: datetime) -> str:
    """2026-01-05T09:00:00.000Z, the form that SNS uses."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _from(display_name: str) -> str:
    return f"{display_name or 'AWS Notifications'} <no-reply@sns.amazonaws.com>"


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _quoted(value: str) -> str:
    return quote(value, safe=":@")
