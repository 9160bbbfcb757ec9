"""Room: the report of a drill for people.

Lives here: `report.html`: one file made of a journal alone, readable without a network.
Never here: judging, drawing, reading a journal; how it looks is in report.html.j2 and report.css.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from runbook_lib.evidence.charts import breaker_count, delivery_waterfall, deployment_timeline
from runbook_lib.evidence.evidence import Evidence, Notebook, read
from runbook_lib.evidence.moments import (
    Moments,
    duration,
    moments_of_drill,
    seconds_between,
    watched_deployment,
)
from runbook_lib.evidence.svg import Chart
from runbook_lib.evidence.who_is_told import who_is_told

REPORT_FILE = "report.html"
_PACKAGE = Path(__file__).resolve().parent
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d{1,2}")
_FILE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")
_CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
"""Where the console of a partition is; else it is console.aws.amazon.com."""
_CLEAN_UP = "90_clean_up"
_SHORT = 33
"""Facts of up to so many characters stand two in a row."""
_AFTER_A_BREAK = "fix the cause and run the drill again; runbook clean-up removes what exists"
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


@dataclass(frozen=True, slots=True)
class Head:
    """The verdict in one word, its look ("pass", "fail", "none"), a sentence, and what is next."""

    word: str
    look: str
    sentence: str
    next_step: str
    service: str
    detail: str = ""


def write(journal: Mapping[str, Any], folder: Path) -> Path:
    """Write `report.html` into the folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / REPORT_FILE
    file.write_text(render(journal), encoding="utf-8", newline="\n")
    return file


def write_again(folder: Path) -> Path:
    """Write `report.html` anew from the folder's `journal.json`."""
    return write(json.loads((folder / "journal.json").read_text(encoding="utf-8")), folder)


def render(journal: Mapping[str, Any]) -> str:
    """The report as HTML. Whatever a run did not get to is said to be missing."""
    told = read(journal)
    moments = moments_of_drill(told)
    style = (_PACKAGE / "report.css").read_text(encoding="utf-8")
    return template().render(
        told=told,
        head=_head(told),
        where=_where(told),
        really=told.ran_at or (None if _is_emulated(told) else told.started),
        is_emulated=_is_emulated(told),
        who=who_is_told(journal),
        tiles=_tiles(told, moments),
        short=_SHORT,
        facts=_facts(told, moments),
        links=console_links(told),
        link_to=_link_to,
        failed=sum(each.failed for each in told.calls),
        answers=Counter(each.answer for each in told.calls if each.answer),
        duration=duration,
        since=lambda moment: _since(moments.began, moment),
        style=style,
        policy=_policy(style),
        **_pictures(journal, told),
    )


@cache
def template() -> Template:
    """The page, compiled: that takes longer than to fill it in."""
    environment = Environment(
        loader=FileSystemLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2")


def _policy(style: str) -> str:
    """Nothing may be loaded, run or sent; of styles only ours, known by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _pictures(journal: Mapping[str, Any], told: Evidence) -> dict[str, Chart | None]:
    entries, delivery = journal.get("entries"), journal.get("delivery")
    hops = delivery.get("hops") if isinstance(delivery, Mapping) else None
    known: Mapping[str, Any] = {
        "deployment": watched_deployment(told),
        "threshold": told.verdict.threshold if told.verdict else None,
        "hops": hops if isinstance(hops, list) else [],
    }
    seen = entries if isinstance(entries, list) else []
    return {
        "timeline": deployment_timeline(seen, **known),
        "breaker": breaker_count(seen, **known),
        "waterfall": delivery_waterfall(known["hops"]),
    }


def _head(told: Evidence) -> Head:
    service = told.parameters.get("service") or "a service"
    verdict = told.verdict
    if verdict is not None:
        word, look = ("PASS", "pass") if verdict.passed else ("FAIL", "fail")
        cleaned_up = any(e.name == _CLEAN_UP and e.state == "ok" for e in told.notebooks)
        is_over = verdict.passed and cleaned_up
        next_step = "" if is_over else verdict.next_step
        return Head(word, look, verdict.sentence, next_step, service)
    broken = next((each for each in told.notebooks if each.state == "failed"), None)
    if broken is not None:
        return Head(
            word="BROKE OFF",
            look="fail",
            sentence=f"The run broke off in {broken.name}, before there was a verdict.",
            next_step="" if "Next:" in broken.error else _AFTER_A_BREAK,
            service=service,
            detail=broken.error,
        )
    return Head(
        word="NO VERDICT",
        look="none",
        sentence="The drill itself was not part of this run, or was interrupted.",
        next_step="run 50_run_failure_drill",
        service=service,
    )


def _is_emulated(told: Evidence) -> bool:
    return told.target == "emulator"


def _where(told: Evidence) -> str:
    """On AWS, account 111122223333, Region us-east-1: as much of it as is known."""
    if not told.target:
        return ""
    if _is_emulated(told):
        return "on the emulator"
    known = (("account", told.account), ("Region", told.region))
    return ", ".join(
        [f"on {told.target.upper()}", *(f"{name} {value}" for name, value in known if value)]
    )


def _tiles(told: Evidence, moments: Moments) -> dict[str, str]:
    """The numbers that one looks for first; those that are unknown are left out."""
    verdict = told.verdict
    count = ""
    if verdict is not None and verdict.failures is not None:
        limit = "unknown" if verdict.threshold is None else verdict.threshold
        count = f"{verdict.failures} of {limit}"
    found = {
        "Breaker count": count,
        "Time to fail": duration(moments.seconds_to_fail),
        "From failure to rollback": duration(moments.seconds_to_roll_back),
        "From failure to alert": duration(moments.seconds_to_alert),
    }
    return {name: value for name, value in found.items() if value}


def _facts(told: Evidence, moments: Moments) -> dict[str, str]:
    parameters, verdict = told.parameters, told.verdict
    where = "the emulator" if _is_emulated(told) else told.target.upper()
    ran = " to ".join(filter(None, (_full(told.started), _full(told.ended))))
    found = {
        "Service": parameters.get("service", ""),
        "Cluster": parameters.get("cluster", ""),
        "Deployment": watched_deployment(told),
    }
    if verdict is not None:
        found |= {
            "Task definition": verdict.task_definition,
            "Rolled back to": verdict.rolled_back_to,
            "Ended": verdict.ending,
            "Ended by": verdict.ended_by,
            "AWS's reason": verdict.reason,
            "Alert": "arrived" if verdict.alert_arrived else "did not arrive",
        }
    found |= {
        "Began": _full(moments.began),
        "Failed": _full(moments.failed),
        "Rolled back": _full(moments.rolled_back),
        "Really ran": _full(told.ran_at) if _is_emulated(told) else "",
        "Emulator's clock" if _is_emulated(told) else "Run": ran,
        "Account": told.account,
        "Region": told.region,
        "Ran on": where + (f" at {told.endpoint}" if told.endpoint else ""),
        "Run by": told.caller,
    }
    known = [each for each in found.items() if each[1]]
    return dict(sorted(known, key=lambda each: len(each[1]) > _SHORT))


def _full(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""


def _since(began: datetime | None, moment: datetime) -> str:
    """+11:27, and -0:42 for what came before the deployment."""
    if began is None:
        return "–"
    before = seconds_between(moment, began)
    sign, seconds = ("-", before) if before else ("+", seconds_between(began, moment) or 0.0)
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes}:{rest:02d}"


def _link_to(notebook: Notebook) -> str:
    """The executed copy beside the report. A name that is no plain file name gets no link."""
    if notebook.state == "not run" or not _FILE_NAME.fullmatch(notebook.name):
        return ""
    return f"{notebook.name}.ipynb"


def console_links(told: Evidence) -> dict[str, str]:
    """Pages of the AWS console; empty on the emulator, and where a part of it is not known.

    The forms are those of the console itself; aws-actions/amazon-ecs-deploy-task-definition links
    to services in this way too.
    """
    region, account = told.region, told.account
    if told.target != "aws" or not _REGION.fullmatch(region) or "-iso" in region:
        return {}
    family = next((each for each in _CONSOLES if region.startswith(f"{each}-")), "")
    base = f"https://{region}.{_CONSOLES.get(family, 'console.aws.amazon.com')}"
    given = ("cluster", "service", "rule", "topic")
    cluster, service, rule, topic = (
        quote(told.parameters.get(each, ""), safe="") for each in given
    )
    links = {}
    if cluster and service:
        page = f"{base}/ecs/v2/clusters/{cluster}/services/{service}"
        links["service"] = f"{page}/health?region={region}"
        links["deployments"] = f"{page}/deployments?region={region}"
    if rule:
        links["rule"] = f"{base}/events/home?region={region}#/eventbus/default/rules/{rule}"
    if topic and account.isascii() and account.isdigit():
        arn = f"arn:{_PARTITIONS.get(family, 'aws')}:sns:{region}:{account}:{topic}"
        links["topic"] = f"{base}/sns/v3/home?region={region}#/topic/{arn}"
    return links
