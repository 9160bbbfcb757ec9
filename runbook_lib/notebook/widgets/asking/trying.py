"""Room: what AWS cannot tell, said in one line.

Lives here: trying to say something that AWS has to be asked for.
Never here: what is said.
"""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from runbook_lib.errors import RunbookError
from runbook_lib.notebook.widgets import parts


def or_why_not(do: Callable[[], str]) -> str:
    """What `do` says, or in one line why AWS could not be asked."""
    try:
        return do()
    except (RunbookError, ClientError, BotoCoreError) as error:
        return parts.told(str(error), is_wrong=True)
