"""Room: what every reading shares.

Lives here: paging, batches, tags.
Never here: what is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runbook_lib.aws.session import Session


def tags_of(pairs: Iterable[dict[str, str]]) -> dict[str, str]:
    return {
        each.get("key", each.get("Key", "")): each.get("value", each.get("Value", ""))
        for each in pairs
    }


def pages(session: Session, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Every item of every page. Where there is none, SQS leaves the list out."""
    paginator = session.client(service).get_paginator(operation)
    return [item for page in paginator.paginate(**arguments) for item in page.get(key, ())]


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
