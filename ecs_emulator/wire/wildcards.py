"""Room: names with wildcards, as AWS writes them in policies and in the faults of calls.

Lives here: whether a name is like a pattern.
Never here: what the name is of.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from functools import cache


def like(pattern: str, value: str) -> bool:
    """`*` is any text, `?` any one character: `sns:Pub*` is like `sns:Publish`."""
    return bool(_wildcards(pattern).fullmatch(value))


@cache
def _wildcards(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([*?])", pattern)
    meaning = {"*": ".*", "?": "."}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)
