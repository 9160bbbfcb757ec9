"""Room: the mailbox of the person who is to be told.

Lives here: the mails as their reader sees them, following the link of the first one, and where the
mailbox is a real one, what to do in it.
Never here: the wording of mails, SNS calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.display import display

from runbook_lib.aws import reading
from runbook_lib.aws.session import Session
from runbook_lib.errors import MissingPrerequisite
from runbook_lib.evidence.scrubbing import clean
from runbook_lib.facts import Topic
from runbook_lib.facts.settings import Settings
from runbook_lib.notebook import tables
from runbook_lib.notebook.frontend import is_interactive
from runbook_lib.notebook.widgets import parts
from runbook_lib.notebook.widgets.parts import safe
from runbook_lib.plans.topic import email_subscription

CONFIRMED, PENDING, ABSENT = "confirmed", "pending confirmation", "not subscribed"


class Inbox:
    """The mails to `settings.email`, newest first, and the state of its subscription."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.session, self.settings = session, settings
        self.address = settings.email

    @property
    def can_be_read(self) -> bool:
        """False for a real mailbox: only its owner can look into it."""
        return self.session.mailbox.can_be_read

    @property
    def mails(self) -> list[dict[str, str]]:
        return self.session.mailbox.mails(self.address)

    @property
    def topic(self) -> Topic:
        """Raises `MissingPrerequisite` where there is no topic."""
        found = reading.read_topic(self.session, self.settings.topic)
        if found is None:
            where = f"account {self.session.account}, {self.session.region}"
            raise MissingPrerequisite(
                missing=f"topic {self.settings.topic}", where=where, notebook="30_create_sns_topic"
            )
        return found

    @property
    def state(self) -> str:
        """ "confirmed", "pending confirmation" or "not subscribed"."""
        subscription = email_subscription(self.settings, self.topic)
        if subscription is None:
            return ABSENT
        return CONFIRMED if subscription.is_confirmed else PENDING

    @property
    def table(self) -> str:
        """The newest mail and the state, as HTML: what is left of the inbox without its kernel."""
        newest = tables.mails(self.mails[:1])._repr_html_() if self.can_be_read else ""
        return f"{newest}<p>{safe(repr(self))}</p>"

    def confirm(self) -> str:
        """Follow the link, or the advice to do so in a real mailbox: a sentence."""
        return self.session.mailbox.confirm(self.address, self.topic.arn)

    def __repr__(self) -> str:
        return f"{self.address}: {self.state}"


def inbox(session: Session, settings: Settings) -> Inbox:
    """The mailbox of `settings.email`. `inbox.state` says whether the subscription is confirmed.

    Without a person in front of it: the newest mail, and the link of a confirmation is followed.
    On AWS: the advice to look into the real mailbox, and the state of the subscription.
    """
    found = Inbox(session, settings)
    if is_interactive():
        view = InboxView(found)
        view.shown = parts.Shown(view.box, repr(found), found.table)
        return found
    if found.can_be_read:
        display(tables.mails(found.mails[:1]))
    if found.state == PENDING:
        print(found.confirm())
    print(found)
    return found


def letter(mail: Mapping[str, str]) -> str:
    """A mail as HTML: its head, and its body with nothing in it that the browser would act on."""
    head = {
        "From": mail["from"],
        "To": mail["to"],
        "Sent": mail["sentAt"],
        "Subject": mail["subject"],
    }
    rows = "".join(f"<dt>{name}</dt><dd>{safe(value)}</dd>" for name, value in head.items())
    return (
        f'<section class="runbook-card runbook-facts" aria-label="Mail"><dl>{rows}</dl>'
        f'<pre tabindex="0">{safe(mail["body"])}</pre></section>'
    )


def heading(mail: Mapping[str, str]) -> str:
    """A mail as one line of the list: when, from whom, about what. The list escapes by itself."""
    sender = mail["from"].partition(" <")[0]
    line = f"{mail['sentAt'][:19].replace('T', ' ')}, {sender}: {mail['subject']}"
    return " ".join(clean(line).split())


class InboxView:
    """The widgets: `list`, `letter`, `follow` and `refresh` for a mailbox that can be read."""

    def __init__(self, inbox: Inbox) -> None:
        import ipywidgets

        self.inbox = inbox
        self.shown: parts.Shown | None = None
        self._mails: list[dict[str, str]] = []
        self.list = ipywidgets.Select(
            description="Mails", layout={"width": "auto"}, style={"description_width": "auto"}
        )
        self.list.observe(self._open, names="index")
        self.letter, self.said = parts.html(), parts.html()
        self.follow = parts.button("Confirm subscription", self._follow)
        name = "Refresh" if inbox.can_be_read else "Check again"
        self.refresh = parts.button(name, self._refresh)
        reading_part = (self.list, self.letter) if inbox.can_be_read else ()
        buttons = (self.follow, self.refresh) if inbox.can_be_read else (self.refresh,)
        self.box = parts.box(*reading_part, parts.row(*buttons), self.said)
        self._refresh()

    def _refresh(self) -> None:
        self._mails = self.inbox.mails
        count = len(self._mails)
        labels = [f"{count - n}. {heading(mail)}" for n, mail in enumerate(self._mails)]
        self.list.options = labels
        self.list.rows = max(2, min(len(labels), 6))
        self.list.index = 0 if labels else None
        self._open()
        self._tell()

    def _open(self, _: Any = None) -> None:
        index = self.list.index
        mail = self._mails[index] if index is not None and index < len(self._mails) else None
        parts.fill(self.letter, letter(mail) if mail else parts.told("No mail has come yet."))
        asks = mail is not None and mail["kind"] == "confirmation"
        is_asking = asks and self.inbox.state != CONFIRMED
        self.follow.layout.display = "" if is_asking else "none"

    def _follow(self) -> None:
        done = self.inbox.confirm()
        self._refresh()
        self._tell(done)

    def _tell(self, done: str = "") -> None:
        state = self.inbox.state
        advice = ""
        if not self.inbox.can_be_read and state != CONFIRMED:
            advice = self.inbox.confirm()
        is_done = state == CONFIRMED
        text = f"The subscription of {self.inbox.address} is {state}."
        if state == ABSENT:
            text = f"{self.inbox.address} is {state}."
        if self.shown:
            self.shown.keep(repr(self.inbox), self.inbox.table)
        sign = "✓" if is_done else ""
        parts.fill(self.said, parts.told(" ".join(filter(None, (sign, done, advice, text)))))
