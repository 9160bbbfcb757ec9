"""Room: the mailbox of the person who is to be told.

Lives here: the `Mailbox` that notebooks use, and the one that only its owner can open.
Never here: SNS calls.
"""

from __future__ import annotations

from typing import Protocol


class Mailbox(Protocol):
    """`can_be_read` is false for a real mailbox: only its owner can look into it."""

    can_be_read: bool

    def mails(self, address: str) -> list[dict[str, str]]: ...

    def confirm(self, address: str, topic_arn: str) -> str: ...


class OwnersMailbox:
    """A real mailbox. The runbook asks its owner to act."""

    can_be_read = False

    def mails(self, address: str) -> list[dict[str, str]]:  # noqa: ARG002 - the port has it
        return []

    def confirm(self, address: str, topic_arn: str) -> str:  # noqa: ARG002 - the port has it
        return (
            f"Open the mailbox of {address} and follow the link in "
            '"AWS Notification - Subscription Confirmation". It is valid for two days.'
        )
