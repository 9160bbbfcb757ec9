"""Room: the main job: the whole walk, headless, and its verdict.

Lives here: the order of a drill, what it prints, its exit code, what it leaves in the out folder.
Never here: what a notebook does, the command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import runbook_lib.headless.startup.late_grammar  # noqa: F401  # before jsonschema, which nbformat imports

# isort: split
from botocore.exceptions import BotoCoreError, ClientError
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from runbook_lib import walk
from runbook_lib.aws.journal import JOURNAL_VARIABLE, read_entries, read_records
from runbook_lib.aws.session import ENDPOINT_VARIABLE, Session, connect
from runbook_lib.errors import BadParameter, RunbookError
from runbook_lib.evidence import junit, report
from runbook_lib.evidence.run_record import RunRecord
from runbook_lib.evidence.scrubbing import scrubbed
from runbook_lib.facts.settings import Settings
from runbook_lib.following.estimate import estimate
from runbook_lib.headless.interrupts import signals_wait
from runbook_lib.headless.lines import only_states, progress
from runbook_lib.headless.notebook_parameters import declared_parameters
from runbook_lib.headless.preparation import (
    BAD_PARAMETER,
    FAILED,
    INTERRUPTED,
    PASSED,
    REFUSED,
    Drill,
)
from runbook_lib.headless.startup.rare_collections import rare_collections
from runbook_lib.headless.warm_kernel import WarmKernel
from runbook_lib.plans.preflight import preflight, problems

_BEFORE_ANYTHING = ("BadParameter", "UnknownParameter")
_DRAW = (
    "import pathlib; from runbook_lib.evidence import report; "
    "report.write_again(pathlib.Path({folder!r}))"
)
"""The notebooks' kernel has what the report's charts need; here it would have to be imported."""
Say = Callable[[str], None]


def run_drill(drill: Drill, kernel: WarmKernel | None, say: Say = print) -> int:
    """Run the notebooks in order and print the verdict. Returns the exit code.

    `kernel` is None on AWS without `confirm`: then only the plans are printed. 0 pass, 1 fail,
    2 a bad parameter (nothing was touched), 3 AWS or the emulator refused a step, 130 interrupted;
    after 3 and 130 it lists what exists.
    """
    with rare_collections(), contextlib.ExitStack() as stack:
        session: Session | None = None
        try:
            stack.enter_context(_shared_emulator(drill.settings))
            session = connect(drill.settings)
            refused = problems(preflight(session, drill.settings))
            if refused:
                return max(_say_error(each, BAD_PARAMETER) for each in refused)
            say(f"{session}, service {drill.settings.service}")
            if session.needs_confirmation:
                say(_estimated(drill.settings))
            if kernel is None:
                return _only_plan(session, drill.settings, say)
            return _run(drill, session, kernel, say)
        except BadParameter as error:
            return _say_error(error, BAD_PARAMETER)
        except (RunbookError, ClientError, BotoCoreError) as error:
            return _say_error(error, REFUSED)
        except (PapermillExecutionError, DeadKernelError) as error:
            return _say_failed_notebook(drill, session, error, say)
        except (KeyboardInterrupt, SystemExit):
            say("\nInterrupted.")
            _restore(drill, session, say)
            _say_what_exists(drill, session, say)
            return INTERRUPTED


@contextlib.contextmanager
def _shared_emulator(settings: Settings) -> Iterator[None]:
    """On the emulator, one for all notebooks: the one that is named, else one of our own."""
    if settings.target != "emulator" or os.environ.get(ENDPOINT_VARIABLE):
        yield
        return
    with signals_wait():
        from ecs_emulator.http.server import EmulatorServer
    with EmulatorServer() as server:
        os.environ[ENDPOINT_VARIABLE] = server.url
        try:
            yield
        finally:
            del os.environ[ENDPOINT_VARIABLE]


def _estimated(settings: Settings) -> str:
    return estimate(settings.desired_count, breaker=settings.circuit_breaker).sentence


def _run(drill: Drill, session: Session, kernel: WarmKernel, say: Say) -> int:
    drill.out.mkdir(parents=True, exist_ok=True)
    lines = drill.out / "journal.jsonl"
    lines.unlink(missing_ok=True)
    kernel.environment = {JOURNAL_VARIABLE: str(lines.resolve()), **_endpoint()}
    ran = RunRecord.begin([path.stem for path in drill.notebooks], session.clock.now())
    is_whole = False
    try:
        with progress(drill.notebooks) as (tell, tick):
            kernel.on_line, kernel.on_cell = only_states(tell), tick
            for path in drill.notebooks:
                target = drill.out / path.name
                with ran.notebook(path.stem):
                    executed = kernel.execute(path, target, _declared(path, drill.given))
                ran.records[path.stem] = found = read_records(executed)
                if "passed" in found:  # before the clean-up takes topic and probe away
                    ran.look_who_is_told(session, drill.settings, found["deployment"])
                tell(f"{path.stem:<30} ok")
        is_whole = True
    finally:
        if not is_whole:
            kernel.stop()
        _write_evidence(drill, session, kernel, ran, lines)
        kernel.stop()
    return _say_verdict(drill, ran.records, say)


def _endpoint() -> dict[str, str]:
    """The emulator's address, which was not known when the kernel was started."""
    found = os.environ.get(ENDPOINT_VARIABLE)
    return {ENDPOINT_VARIABLE: found} if found else {}


def _declared(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    known = declared_parameters(path)
    return {name: value for name, value in given.items() if name in known}


def _write_evidence(
    drill: Drill, session: Session, kernel: WarmKernel, ran: RunRecord, lines: Path
) -> None:
    """journal.json, junit.xml and report.html beside the executed notebooks, whatever happened."""
    journal = scrubbed(ran.journal(session, drill.settings, read_entries(lines)))
    text = json.dumps(journal, indent=2, default=str) + "\n"
    (drill.out / "journal.json").write_text(text, encoding="utf-8")
    lines.unlink(missing_ok=True)
    junit.write(journal, drill.out)
    if not kernel.try_line(_DRAW.format(folder=str(drill.out.resolve()))):
        report.write(journal, drill.out)


def _restore(drill: Drill, session: Session | None, say: Say) -> None:
    """An existing service gets its own release back, whatever ended the run."""
    if session is None or not drill.settings.drills_own_service:
        return
    try:
        restored = walk.restore(session, drill.settings)
    except Exception as error:  # the account may be out of reach, which is why we are here
        say(f"The service could not be restored: {error}. Run `runbook clean-up`.")
        return
    if restored is not None:
        say(f"Restored: {', '.join(each.step.makes for each in restored.results)}.")


def _say_verdict(drill: Drill, records: Mapping[str, Mapping[str, Any]], say: Say) -> int:
    verdicts = [facts for facts in records.values() if "passed" in facts]
    say("")
    if not verdicts:
        say("No verdict: the drill itself (50_run_failure_drill) was not part of this run.")
        return PASSED
    facts = next((each for each in verdicts if not each["passed"]), verdicts[0])
    for name in ("deployment", "ended by", "cause", "failures", "rolled back to"):
        if facts[name]:
            say(f"  {name:<15} {facts[name]}")
    say(f"  {'alert':<15} {'arrived' if facts['alert arrived'] else 'did not arrive'}")
    say(f"Verdict: {'PASS' if facts['passed'] else 'FAIL'}. {facts['sentence']}")
    if not facts["passed"]:
        say(f"Next: {facts['next step']}.")
    say(f"Evidence: {drill.out}/report.html")
    return PASSED if facts["passed"] else FAILED


def _only_plan(session: Session, settings: Settings, say: Say) -> int:
    """On AWS without `confirm`: the plans that can be made now, and nothing else."""
    from runbook_lib.notebook import tables

    makes = [walk.task_definition_plan, walk.service_plan, walk.topic_plan, walk.event_rule_plan]
    if settings.drills_own_service:
        makes = [walk.topic_plan, walk.event_rule_plan, walk.bad_release_plan]
    for make in makes:
        made = make(session, settings)
        say(f"\n{made.title}\n{tables.plan(made)}")
    say("")
    return _say_error(
        BadParameter(
            name="confirm",
            problem=f"empty, so nothing was changed in account {session.account}",
            example=settings.service,
        ),
        BAD_PARAMETER,
    )


def _say_error(error: Exception, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"error: {error}\n")
    return code


def _say_failed_notebook(drill: Drill, session: Session | None, error: Exception, say: Say) -> int:
    """The line of the cell that failed, which notebook, which cell, and what exists."""
    name, text, cell = type(error).__name__, str(error), ""
    if isinstance(error, PapermillExecutionError):
        name, text, cell = error.ename, error.evalue, f", cell {error.exec_count}"
    notes = " ".join(getattr(error, "__notes__", ()))
    sys.stdout.flush()
    sys.stderr.write(f"error: {name}{cell}: {text} {notes}\n")
    if name in _BEFORE_ANYTHING:
        return BAD_PARAMETER
    _restore(drill, session, say)
    _say_what_exists(drill, session, say)
    return REFUSED


def _say_what_exists(drill: Drill, session: Session | None, say: Say) -> None:
    from runbook_lib.notebook import tables

    if session is None:
        say("Nothing was begun.")
        return
    try:
        rows = [row for row in walk.inventory(session, drill.settings) if row[3] == "this runbook"]
    except Exception as error:  # the account may be out of reach, which is why we are here
        say(f"What exists could not be listed: {error}. Run `runbook clean-up`.")
        return
    if not rows:
        say("Nothing that this runbook made exists.")
        return
    say(f"What exists (remove it with `runbook clean-up`):\n{tables.inventory(rows)}")
