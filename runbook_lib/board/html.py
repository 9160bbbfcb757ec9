"""Room: the board as HTML.

Lives here: the parts of the board, their style in light and dark, escaping.
Never here: what the board says, widgets.

Each state has a sign and a word beside its colour. What comes from AWS is escaped and scrubbed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from runbook_lib.board.view import BoardView, Breaker, Moment, Row
from runbook_lib.evidence.scrubbing import scrubbed
from runbook_lib.facts import ServiceEvent
from runbook_lib.facts.causes import Cause
from runbook_lib.following.expectation import spoken

_MOST_BOXES = 20
_STATES = {"COMPLETED": ("✓", "good"), "FAILED": ("✕", "bad"), "IN_PROGRESS": ("▸", "busy")}
_KINDS = {
    "began": ("▸", "busy"),
    "failure": ("✕", "bad"),
    "tripped": ("⚑", "bad"),
    "rollback": ("↩", "good"),
}
STYLE = """<style>
.ecs-board { --ink: var(--jp-content-font-color1, #1f2328); --plate: var(--jp-layout-color0, #fff);
  --soft: #59636e; --line: #d1d9e1; --raised: #f3f5f7; --good: #116329; --bad: #b3202c;
  --busy: #0550ae; --wait: #8a5300; }
[data-jp-theme-light="false"] .ecs-board, .vscode-dark .ecs-board { --soft: #b0bac5;
  --line: #4a525b; --raised: #23282e; --good: #6fdd8b; --bad: #ff9a96; --busy: #86c1ff;
  --wait: #f0b860; }
.ecs-board { container-type: inline-size; color: var(--ink); background: var(--plate);
  font: 14px/1.45 var(--jp-ui-font-family, system-ui, sans-serif); overflow-wrap: anywhere;
  padding: 0 2px; white-space: normal; }
.ecs-board.live { height: clamp(11em, calc(100vh - 390px), 36em); overflow-y: auto; }
.ecs-board p { margin: 0 0 .4em; }
.ecs-board .sentence { font-size: 1.15em; font-weight: 600; border-left: 5px solid var(--busy);
  padding: .35em .7em; background: var(--raised); }
.ecs-board .sentence.good { border-color: var(--good); }
.ecs-board .sentence.bad { border-color: var(--bad); }
.ecs-board .times { color: var(--soft); font-variant-numeric: tabular-nums; }
.ecs-board .times b { color: var(--ink); font-weight: 600; }
.ecs-board .bar { display: flex; flex-wrap: wrap; align-items: center; gap: .3em .8em;
  margin: .6em 0; }
.ecs-board .boxes { display: inline-flex; flex-wrap: wrap; gap: 4px; }
.ecs-board .box { box-sizing: border-box; min-width: 2.4em; padding: .1em .3em; text-align: center;
  font-weight: 700; border: 2px dashed var(--soft); color: var(--soft); border-radius: 3px; }
.ecs-board .box.bad { border: 2px solid var(--bad); color: var(--bad); background: var(--raised); }
.ecs-board .box.wait { border: 2px dotted var(--wait); color: var(--wait); }
.ecs-board .track { flex: 1 1 12em; max-width: 24em; height: 1.1em; border: 2px solid var(--bad);
  border-radius: 3px; }
.ecs-board .track span { display: block; height: 100%; background: var(--bad); }
.ecs-board h4 { font-size: 1em; font-weight: 600; margin: .9em 0 .25em; color: var(--ink); }
.ecs-board table.rows { border-collapse: collapse; width: 100%; margin: 0; color: var(--ink);
  font-size: 1em; display: table; table-layout: auto; border: 0; }
.ecs-board table.rows caption { text-align: left; font-weight: 600; padding: 0 0 .25em;
  color: var(--ink); caption-side: top; }
.ecs-board table.rows tr { background: none; border: 0; }
.ecs-board table.rows th, .ecs-board table.rows td { text-align: left; vertical-align: top;
  padding: .3em .6em .3em 0; border: 0; border-bottom: 1px solid var(--line); color: var(--ink);
  background: none; max-width: none; white-space: normal; font-weight: 400; }
.ecs-board table.rows thead th { color: var(--soft); }
.ecs-board table.rows thead th, .ecs-board table.rows td { overflow-wrap: normal; }
.ecs-board table.rows tbody th { overflow-wrap: anywhere; }
.ecs-board table.rows td.count { font-variant-numeric: tabular-nums; }
.ecs-board table.rows small, .ecs-board li small { color: var(--soft); font-size: .88em; }
.ecs-board table.rows .watched { font-weight: 600; }
.ecs-board .good b, .ecs-board b.good { color: var(--good); }
.ecs-board .bad b, .ecs-board b.bad { color: var(--bad); }
.ecs-board .busy b, .ecs-board b.busy { color: var(--busy); }
.ecs-board ol.told, .ecs-board ul.told { list-style: none; margin: 0; padding: 0; }
.ecs-board .told li { display: flex; gap: .6em; margin: 0; padding: .12em 0; }
.ecs-board .told time { color: var(--soft); font-variant-numeric: tabular-nums; flex: none; }
.ecs-board .told b { flex: none; min-width: 1.3em; text-align: center; }
.ecs-board .told .reason { color: var(--soft); }
.ecs-board .told li.rollback { font-weight: 600; background: var(--raised); }
.ecs-board .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.runbook-box .ecs-pace.widget-inline-hbox { flex-direction: row; align-items: center;
  height: 2em; }
.runbook-box .ecs-pace .slider-container { flex: 1 1 8em; height: 1em; }
.runbook-box .ecs-pace .widget-readout { min-width: 9.5em;
  color: var(--jp-ui-font-color1, #1f2328); }
.runbook-box .ecs-pace .noUi-target { background: var(--jp-ui-font-color2, #616161); }
.runbook-box .ecs-pace .noUi-handle { border: 2px solid var(--jp-ui-font-color1, #1f2328);
  background: var(--jp-layout-color0, #fff); }
.runbook-box .ecs-pace .noUi-handle:focus { outline: 3px solid var(--jp-brand-color1, #1565c0);
  outline-offset: 2px; }
@container (max-width: 34em) {
  .ecs-board table.rows, .ecs-board table.rows caption, .ecs-board table.rows tbody,
  .ecs-board table.rows tr, .ecs-board table.rows th, .ecs-board table.rows td { display: block; }
  .ecs-board table.rows thead { display: none; }
  .ecs-board table.rows td.count { display: inline-block; border: 0; padding-right: 1.2em; }
  .ecs-board table.rows td.count::before { content: attr(data-name) " "; color: var(--soft); }
  .ecs-board table.rows th, .ecs-board table.rows td { border: 0; }
  .ecs-board table.rows tr { border-bottom: 1px solid var(--line); padding: .3em 0; }
  .ecs-board .told li { flex-wrap: wrap; }
}
</style>"""


def board_html(view: BoardView) -> str:
    """The whole board, on its own: `board_html(view(snapshots, tasks, deployment_id))`."""
    return STYLE + sentence_html(view) + times_html(view) + body_html(view)


def sentence_html(view: BoardView) -> str:
    """The state in one sentence; who cannot see the board is told when it changes."""
    look = {"rolled back": "good", "completed": "good", "": "busy"}.get(view.end, "bad")
    if not view.end and any(each.kind == "tripped" for each in view.moments):
        look = "bad"
    text = _text(view.sentence)
    return _board(f'<p class="sentence {look}" role="status" aria-live="polite">{text}</p>')


def times_html(view: BoardView, *, is_paused: bool = False) -> str:
    """How long it has taken, and what is expected when."""
    paused = " · <b>paused</b>" if is_paused else ""
    next_change = f" · next: <b>{_text(view.next_change)}</b>" if view.next_change else ""
    said = f"<b>{spoken(view.elapsed.total_seconds())}</b> since it began"
    return _board(f'<p class="times">{_clock(view.now)} UTC · {said}{next_change}{paused}</p>')


def body_html(view: BoardView, *, is_live: bool = False) -> str:
    """The circuit breaker's bar, the deployments, the moments, the causes, the service events.

    While it `is_live` what stands below the bar scrolls by itself, so that the controls and the
    sentence above it stay in view while it grows.
    """
    parts = [_table(view.rows), _moments(view.moments)]
    parts += [_causes(view.causes), _events(view.events, view.earlier_events)]
    below = _board("".join(parts), look="live" if is_live else "")
    return _board(_bar(view.breaker)) + below


def room_html() -> str:
    """The room that a live board takes from its beginning, so that nothing moves as it fills."""
    return _board("", look="live")


def _board(html: str, *, look: str = "") -> str:
    return f'<div class="{f"ecs-board {look}".strip()}">{html}</div>'


def _text(value: Any) -> str:
    return escape(str(scrubbed(str(value))))


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def _bar(breaker: Breaker) -> str:
    sentence = f"<span>Failures: <b>{_text(breaker.sentence)}</b></span>"
    if breaker.threshold is None:
        return f'<div class="bar">{sentence}</div>'
    most, count = breaker.threshold, min(breaker.failures, breaker.threshold)
    meter = (
        f'role="meter" aria-label="failures against the threshold" aria-valuemin="0" '
        f'aria-valuemax="{most}" aria-valuenow="{count}" aria-valuetext="{_text(breaker.sentence)}"'
    )
    drawn = _boxes(breaker, most) if most <= _MOST_BOXES else _track(count / most)
    look = "boxes" if most <= _MOST_BOXES else "track"
    return f'<div class="bar"><span class="{look}" {meter}>{drawn}</span>{sentence}</div>'


def _boxes(breaker: Breaker, most: int) -> str:
    """✕ for each failure that counts, ◌ for one that has stopped only, its number for the rest."""
    boxes = []
    for number in range(1, most + 1):
        if number <= breaker.failures:
            boxes.append('<span class="box bad">✕</span>')
        elif number <= breaker.stopped:
            boxes.append('<span class="box wait">◌</span>')
        else:
            boxes.append(f'<span class="box">{number}</span>')
    return " ".join(boxes)


def _track(share: float) -> str:
    return f'<span style="width: {share:.1%}"></span>'


def _table(rows: Sequence[Row]) -> str:
    names = ("release", "state", "desired", "running", "pending", "failed")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(_row(each) for each in rows)
    return (
        '<table class="rows"><caption>Deployments of the service</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(row: Row) -> str:
    sign, look = _STATES.get(row.rollout_state, ("?", "busy"))
    mine = ' class="watched"' if row.is_watched else ""
    note = " · watched" if row.is_watched else ""
    counts = "".join(
        f'<td class="count" data-name="{name}">{getattr(row, name)}</td>'
        for name in ("desired", "running", "pending", "failed")
    )
    return (
        f'<tr><th scope="row"{mine}>{_text(row.task_definition)}<br>'
        f"<small>{_text(row.id)}{note}</small></th>"
        f'<td class="{look}"><b>{sign} {_text(row.rollout_state)}</b><br>'
        f"<small>{_text(row.status)}</small></td>{counts}</tr>"
    )


def _moments(moments: Sequence[Moment]) -> str:
    lines = [_moment(each) for each in moments]
    return _list("What happened", lines, "ol") if lines else ""


def _moment(moment: Moment) -> str:
    sign, look = _KINDS[moment.kind]
    after = spoken(moment.after.total_seconds())
    said = (
        f"{_text(moment.text)} <small>after {after}</small>" if moment.after else _text(moment.text)
    )
    line = f'<time>{_clock(moment.time)}</time> <b class="{look}">{sign}</b> <span>{said}</span>'
    return f'<li class="{moment.kind}">{line}</li>'


def _causes(causes: Iterable[Cause]) -> str:
    lines = [
        f'<li><b class="bad">{each.count}×</b> <span>{_text(each.meaning or each.reason)}'
        f'<br><span class="reason">{_text(each.reason)}</span>'
        f"<br><small>Next: {_text(each.next_step)}.</small></span></li>"
        for each in causes
    ]
    return _list("Why tasks stopped", lines, "ul") if lines else ""


def _events(events: Sequence[ServiceEvent], earlier: int) -> str:
    """Newest first, with the rollback marked."""
    lines = []
    for each in events:
        is_rollback = "rolling back to" in each.message
        sign = '<b class="good">↩</b> ' if is_rollback else ""
        kind = ' class="rollback"' if is_rollback else ""
        when = f"<time>{_clock(each.created_at)}</time>"
        lines.append(f"<li{kind}>{when} {sign}<span>{_text(each.message)}</span></li>")
    if earlier:
        lines.append(f"<li><small>and {earlier} before them</small></li>")
    return _list("Service events, newest first", lines, "ol") if lines else ""


def _list(title: str, lines: Sequence[str], kind: str) -> str:
    return f'<h4>{title}</h4><{kind} class="told">{"".join(lines)}</{kind}>'
