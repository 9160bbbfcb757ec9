"""Room: what can go wrong, as exceptions.

Lives here: the tree below. Each message says what, where and what next, in one line.
Never here: what led to it.

RunbookError
├── BadParameter          a parameter is not usable; nothing was touched
│   └── UnknownParameter  no parameter has that name
├── NotConnected          no credentials, no endpoint, wrong account
├── MissingPrerequisite   an earlier notebook has not been run
├── NotThere              a cluster or a service of that name does not exist
├── NotOurs               something of that name exists, and the runbook did not make it
├── NotDrillable          the service must not be drilled; nothing was shipped
├── NotSteady             the service is not as it should be before a drill; nothing was shipped
├── RolloutFailed         the service's deployment failed, and there is nothing to return to
├── NotConfirmed          a plan was shown; without `confirm` it is not applied
├── StepRefused           AWS refused a step; what exists is listed
├── CallRefused           AWS refused a reading; also botocore's ClientError
├── NoReply               a call was never answered; also botocore's BotoCoreError
├── Interrupted           somebody stopped watching (widgets.live_board); the deployment goes on
└── DeadlineMissed        waited long enough for something that did not happen
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class RunbookError(Exception):
    """What, where, what next: one line. In a notebook only that line is shown."""

    fmt = "{text}"

    def __init__(self, **details: object) -> None:
        self.details = details
        text = " ".join(self.fmt.format(**details).split())
        Exception.__init__(self, text)  # what else a kind may be is not asked: it formats, too

    def __reduce__(self) -> tuple[object, ...]:
        return (_again, (type(self), self.details))

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def _again(kind: type[RunbookError], details: dict[str, object]) -> RunbookError:
    return kind(**details)


class BadParameter(RunbookError, ValueError):
    fmt = "{name}: {problem}. Example: {name}: {example}"

    def __init__(self, *, name: str, problem: str, example: object) -> None:
        super().__init__(name=name, problem=problem, example=example)


class UnknownParameter(BadParameter):
    fmt = "{name}: there is no such parameter. There are: {known}."

    def __init__(self, *, name: str, known: str) -> None:
        RunbookError.__init__(self, name=name, known=known)


class NotConnected(RunbookError, ConnectionError):
    fmt = "{problem}. Next: {next_step}."

    def __init__(self, *, problem: str, next_step: str) -> None:
        super().__init__(problem=problem, next_step=next_step)


class MissingPrerequisite(RunbookError, LookupError):
    fmt = "{missing} is missing in {where}. Next: run {notebook} first."

    def __init__(self, *, missing: str, where: str, notebook: str) -> None:
        super().__init__(missing=missing, where=where, notebook=notebook)


class NotThere(RunbookError, LookupError):
    fmt = "{what} is missing in {where}. Next: {next_step}."

    def __init__(self, *, what: str, where: str, next_step: str) -> None:
        super().__init__(what=what, where=where, next_step=next_step)


class NotOurs(RunbookError):
    fmt = "{what} exists already and was not made by this runbook. Next: {next_step}."

    def __init__(self, *, what: str, next_step: str) -> None:
        super().__init__(what=what, next_step=next_step)


class NotDrillable(RunbookError):
    fmt = "service {service} cannot be drilled: {problem}. Next: {next_step}."

    def __init__(self, *, service: str, problem: str, next_step: str) -> None:
        super().__init__(service=service, problem=problem, next_step=next_step)


class NotSteady(RunbookError):
    fmt = (
        "service {service} is not steady, so a drill would prove nothing: {deviations}. "
        "Next: wait until it is, or read its service events."
    )

    def __init__(self, *, service: str, deviations: str) -> None:
        super().__init__(service=service, deviations=deviations)


class RolloutFailed(RunbookError):
    fmt = "deployment {deployment} of service {service} failed: {reason} Next: {next_step}."

    def __init__(self, *, deployment: str, service: str, reason: str, next_step: str) -> None:
        super().__init__(
            deployment=deployment, service=service, reason=sentence(reason), next_step=next_step
        )


class NotConfirmed(RunbookError, PermissionError):
    fmt = (
        "Nothing was changed in account {account}: confirm is {given!r}. "
        "Next: read the plan above, then set confirm to {wanted!r}."
    )

    def __init__(self, *, account: str, given: str, wanted: str) -> None:
        super().__init__(account=account, given=given, wanted=wanted)


class StepRefused(RunbookError):
    """`exists` names what earlier steps made, so that nothing half-done is left unnamed."""

    fmt = "{operation} was refused: {reason} What exists so far: {exists}. Next: {next_step}."

    def __init__(
        self, *, operation: str, reason: str, exists: Sequence[str], next_step: str
    ) -> None:
        listed = ", ".join(exists) or "nothing from this plan"
        super().__init__(operation=operation, reason=reason, exists=listed, next_step=next_step)

    def __reduce__(self) -> tuple[object, ...]:
        return (_again, (type(self), {**self.details, "exists": [self.details["exists"]]}))


class CallRefused(RunbookError, ClientError):
    """Caught as botocore's ClientError, too: `response` is AWS's."""

    fmt = "{service}:{operation} was refused: {code}: {message} Next: {next_step}."

    def __init__(
        self, *, service: str, operation: str, response: Mapping[str, Any], next_step: str
    ) -> None:
        said = response["Error"]
        self.response, self.operation_name = response, operation  # type: ignore[assignment]
        super().__init__(
            service=service,
            operation=operation,
            code=said.get("Code", "unknown error"),
            message=sentence(said.get("Message")),
            next_step=next_step,
        )
        self.details = {
            "service": service,
            "operation": operation,
            "response": response,
            "next_step": next_step,
        }


class NoReply(RunbookError, BotoCoreError):
    """Caught as botocore's BotoCoreError, too. `problem` is botocore's own sentence."""

    fmt = "{call} got no reply: {problem} Next: {next_step}."

    def __init__(self, *, call: str, problem: str, next_step: str) -> None:
        super().__init__(call=call, problem=sentence(problem), next_step=next_step)


def sentence(text: object) -> str:
    """The same text with one full stop at its end; "" for nothing."""
    words = str(text or "").strip().rstrip(".")
    return f"{words}." if words else ""


class DeadlineMissed(RunbookError, TimeoutError):
    fmt = "{what} did not happen within {seconds:.0f} s. Next: {next_step}."

    def __init__(self, *, what: str, seconds: float, next_step: str) -> None:
        super().__init__(what=what, seconds=seconds, next_step=next_step)
