"""Room: what forms and cards are made of.

Lives here: the style, text that can be copied, fields and buttons, and showing a widget so that
the saved notebook can still be read where no kernel runs.
Never here: what is asked or told. ipywidgets is imported where it is used: headless runs need none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from IPython.display import display

from runbook_lib.evidence.scrubbing import clean
from runbook_lib.evidence.svg import IN_A_PAGE

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STYLE = (
    f"<style>{IN_A_PAGE}"
    """
.runbook { color: var(--jp-content-font-color1, #1f1f1f); line-height: 1.5;
  font-size: var(--jp-content-font-size1, 14px); overflow-wrap: anywhere; }
.runbook h4, .runbook p { margin: 0.2em 0; font-size: inherit; line-height: 1.5; }
.runbook h4, .runbook summary { font-weight: bold; }
.runbook summary { cursor: pointer; }
.runbook a { color: var(--jp-content-link-color, #1565c0); text-decoration: underline; }
.runbook pre { white-space: pre-wrap; word-break: normal; overflow-wrap: break-word;
  margin: 0.3em 0; padding: 0.4em 0.6em; color: inherit;
  background: var(--jp-cell-editor-background, #f5f5f5);
  font-family: var(--jp-code-font-family, monospace); }
.runbook code { color: inherit; background: none; padding: 0; }
.runbook .runbook-facts dl { display: grid; grid-template-columns: max-content 1fr; margin: 0.3em 0;
  gap: 0.1em 1em; }
.runbook .runbook-facts dl dt, .runbook .runbook-facts dl dd { float: none; display: block;
  width: auto; margin: 0; padding: 0; min-width: 0; }
.runbook .runbook-facts dl dt { font-weight: bold; overflow-wrap: normal; }
.runbook table { border-collapse: collapse; margin: 0.3em 0; display: block; overflow-x: auto; }
.runbook th, .runbook td { padding: 0.2em 0.8em 0.2em 0; vertical-align: top;
  overflow-wrap: normal; white-space: normal !important; }
.runbook button { font: inherit; color: inherit; background: var(--jp-layout-color1, #fff);
  border: 1px solid currentColor; border-radius: 3px; padding: 0.1em 0.8em; cursor: pointer; }
.runbook :focus-visible { outline: 3px solid var(--jp-brand-color1, #1565c0); outline-offset: 2px; }
.runbook-card { border: 1px solid var(--jp-ui-font-color2, #616161); border-radius: 4px;
  padding: 0.5em 0.8em; margin: 0.4em 0; }
.runbook-box .widget-inline-hbox { flex-direction: column; align-items: stretch; height: auto; }
.runbook-box .widget-inline-hbox .widget-label { width: auto; text-align: left; font-weight: bold;
  color: var(--jp-ui-font-color1, #1f1f1f); }
.runbook-box .widget-inline-hbox > input, .runbook-box .widget-inline-hbox > select { flex: none;
  border: 1px solid var(--jp-ui-font-color2, #616161); color: var(--jp-ui-font-color1, #1f1f1f);
  background-color: var(--jp-layout-color1, #fff); min-height: 28px; }
.runbook-box .runbook-question + .runbook-question { margin-top: 0.8em; }
.runbook-box .widget-radio { width: auto; }
.runbook-box .widget-radio > .widget-label { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); }
.runbook-box .widget-radio label { font-size: var(--jp-content-font-size1, 14px);
  color: var(--jp-ui-font-color1, #1f1f1f); }
.runbook-box .widget-dropdown > select { appearance: auto; background-image: none; }
.runbook-box ::placeholder { color: inherit; opacity: 0.75; }
.runbook-box button.jupyter-button { border: 1px solid currentColor; height: auto; min-height: 2em;
  width: auto; padding: 0 1em; color: var(--jp-ui-font-color1, #1f1f1f);
  background: var(--jp-layout-color1, #fff); }
[data-jp-theme-light="false"] .jp-RenderedSVG img { color-scheme: dark; }
[data-jp-theme-light="true"] .jp-RenderedSVG img { color-scheme: light; }
.jp-RenderedHTMLCommon p.runbook-said { margin: 0; }
.runbook { --runbook-bad: #b3202c; }
[data-jp-theme-light="false"] .runbook, .vscode-dark .runbook { --runbook-bad: #ff9a96; }
.runbook .runbook-problem { color: var(--runbook-bad); border-left: 4px solid var(--runbook-bad);
  padding-left: 0.5em; }
.runbook-box .runbook-wrong.widget-inline-hbox > input,
.runbook-box .runbook-wrong.widget-inline-hbox > select { border: 2px solid #c62828; }
.runbook-box textarea { border: 1px solid var(--jp-ui-font-color2, #616161); width: 100%;
  color: var(--jp-ui-font-color1, #1f1f1f); background-color: var(--jp-layout-color1, #fff);
  font-family: var(--jp-code-font-family, monospace); }
.runbook-box textarea:focus-visible,
.runbook-box .jupyter-button:focus-visible, .runbook-box input:focus-visible,
.runbook-box select:focus-visible { outline: 3px solid var(--jp-brand-color1, #1565c0); }
</style>"""
)

BANNER_STYLE = """<style>
.runbook-banner { border: 1px solid #59636e; border-left: 8px solid #59636e; padding: 0.5em 0.8em;
  border-radius: 4px; font-weight: 600; font-size: 1.1em; margin: 0.3em 0; }
.runbook-banner.runbook-good { border-color: #1a7f37; }
.runbook-banner.runbook-bad { border-color: #c62828; }
.jp-RenderedHTMLCommon p.runbook-said { margin: 0; overflow-wrap: break-word; }
</style>"""
"""A banner stands in the saved notebook, too, where no form has brought its style along."""
KEPT_STYLE = """<style>
.jp-OutputArea:has(.runbook-box) .runbook-kept { display: none; }
.jp-OutputArea:has(.runbook-kept) .lm-Panel.jp-OutputArea-output:not(:has(.runbook-box)) {
  display: none; }
</style>"""

_CODE = re.compile(r"`([^`]+)`")
_COPY = (
    "const box = this.closest('.runbook-copy'), code = box.querySelector('code'),"
    " said = box.querySelector('[role=status]');"
    " const select = () => { getSelection().selectAllChildren(code);"
    " said.textContent = 'Selected: copy it with Ctrl+C or Cmd+C.'; };"
    " navigator.clipboard ? navigator.clipboard.writeText(code.textContent).then("
    "() => { said.textContent = 'Copied.'; }, select) : select();"
)


def safe(text: object) -> str:
    """Text from AWS or a user as HTML that is nothing but text: "<b>" → "&lt;b&gt;"."""
    return escape(clean(str(text)))


def prose(text: str) -> str:
    """Text as HTML in which what stands between backticks is code: "run `aws`"."""
    return _CODE.sub(r"<code>\1</code>", safe(text))


def copyable(text: str, what: str) -> str:
    """The text with a button that copies it; where the browser forbids that, it is selected.

    `what` completes the button's name for a screen reader: "Copy the command of step 1".
    """
    return (
        f'<div class="runbook-copy"><pre tabindex="0"><code>{safe(text)}</code></pre>'
        f'<button type="button" aria-label="Copy {safe(what)}" onclick="{escape(_COPY)}">Copy'
        '</button> <span role="status"></span></div>'
    )


def told(text: str, *, is_wrong: bool = False) -> str:
    """A line that a screen reader reads out when it changes; a problem also by a sign."""
    role, sign = ("alert", "✗ ") if is_wrong else ("status", "")
    look = ' class="runbook-problem"' if is_wrong else ""
    return f'<p role="{role}"{look} aria-live="polite">{sign}{safe(text)}</p>' if text else ""


def banner(text: str, *, look: str) -> str:
    """A result as a banner: `look` is "good", "bad" or "plain"; its sign says so, too."""
    sign = {"good": "✓ ", "bad": "✗ "}.get(look, "")
    return f'{BANNER_STYLE}<p class="runbook-banner runbook-{look}">{sign}{safe(text)}</p>'


def mark(field: Any, *, is_wrong: bool) -> None:
    """Give a field the border of a problem, or take it away."""
    (field.add_class if is_wrong else field.remove_class)("runbook-wrong")


def html(content: str = "") -> Any:
    """An HTML widget. What comes from outside must be `safe` already."""
    import ipywidgets

    return ipywidgets.HTML(_framed(content))


def fill(widget: Any, content: str) -> None:
    """Put other content into a widget made by `html`, if it is other content."""
    framed = _framed(content)
    if widget.value != framed:
        widget.value = framed


def _framed(content: str) -> str:
    return f'<div class="runbook">{content}</div>' if content else ""


def text_field(
    label: str, value: str = "", *, placeholder: str = "", while_typing: bool = False
) -> Any:
    """A field for a line of text, its label above it.

    Its value comes when the field is left, before any click that leaves it; `while_typing`: with
    every letter, and of letters that are typed fast the last ones after a click.
    """
    import ipywidgets

    return ipywidgets.Text(
        value,
        description=label,
        placeholder=placeholder,
        continuous_update=while_typing,
        style={"description_width": "auto"},
        layout={"width": "auto", "max_width": "40em"},
    )


def text_area(label: str) -> Any:
    """A field for several lines, such as JSON; its value comes as it is typed."""
    import ipywidgets

    return ipywidgets.Textarea(
        "",
        description=label,
        rows=5,
        style={"description_width": "auto"},
        layout={"width": "auto", "max_width": "60em"},
    )


def on_enter(field: Any, do: Callable[[], None]) -> None:
    """Call `do` when Enter is pressed in a field of text.

    The word that it was pressed may come before what was typed: then `do` waits for that.
    """
    done: list[str] = [""]
    waits = [False]

    def answer() -> None:
        waits[0], done[0] = False, field.value
        do()

    def told(_: Any, content: Any, __: Any) -> None:
        if content.get("event") != "submit":
            return
        if field.value == done[0]:
            waits[0] = True
        else:
            answer()

    def changed(_: Any) -> None:
        if waits[0]:
            answer()

    field.on_msg(told)
    field.observe(changed, names="value")


def choice(label: str, value: str, options: Iterable[str]) -> Any:
    """A list to choose from; a value that is none of the options is one all the same."""
    import ipywidgets

    return ipywidgets.Dropdown(
        options=list(dict.fromkeys((*options, value))),
        value=value,
        description=label,
        style={"description_width": "auto"},
        layout={"width": "auto", "max_width": "40em"},
    )


def options(label: str, options: Iterable[str]) -> Any:
    """One of several, all of them to be seen; None is chosen at first."""
    import ipywidgets

    return ipywidgets.RadioButtons(
        options=list(options),
        value=None,
        description=label,
        style={"description_width": "0"},
        layout={"width": "auto", "max_width": "60em"},
    )


def button(label: str, do: Callable[[], None]) -> Any:
    """A button with its text as its name."""
    import ipywidgets

    made = ipywidgets.Button(description=label, layout={"width": "auto"})
    made.on_click(lambda _: do())
    return made


def row(*children: Any, align: str = "center") -> Any:
    """Side by side; one below the other where the page is narrow, or at 200 %."""
    import ipywidgets

    return ipywidgets.Box(
        list(children),
        layout={
            "display": "flex",
            "flex_flow": "row wrap",
            "grid_gap": "0.4em",
            "align_items": align,
        },
    )


def column(*children: Any) -> Any:
    import ipywidgets

    return ipywidgets.VBox(list(children))


def grid(children: Sequence[Any]) -> Any:
    """As many columns as the page has room for."""
    import ipywidgets

    return ipywidgets.GridBox(
        list(children),
        layout={
            "grid_template_columns": "repeat(auto-fit, minmax(min(100%, 24em), 1fr))",
            "grid_gap": "0.2em 1.5em",
        },
    )


def box(*children: Any) -> Any:
    """The whole of a form or card, with its style."""
    made = column(html(STYLE), *children)
    made.add_class("runbook-box")
    return made


class Shown:
    """A widget on the page, and beside it what can be read where no kernel runs it any more.

    Of the two only one is to be seen: while the widget lives, it hides the other; without it, the
    place where JupyterLab would say "Error displaying widget" is hidden.

    >>> shown = Shown(form.box, "2 parameters", "<table>…</table>")
    >>> shown.keep("3 parameters", "<table>…</table>")  # the saved file says so from now on
    """

    def __init__(self, widget: Any, plain: str, html_text: str = "") -> None:
        model = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        name = widget.model_id
        self._kept = display(_kept(plain, html_text), raw=True, display_id=f"{name}-kept")
        self._view = display({"text/plain": "", WIDGET_VIEW: model}, raw=True, display_id=name)

    def keep(self, plain: str, html_text: str = "") -> None:
        """Let this stand for the widget in the saved file."""
        self._kept.update(_kept(plain, html_text), raw=True)

    def end(self, plain: str, html_text: str = "") -> None:
        """Take the widget off the page, and leave this in its place."""
        self._view.update({"text/plain": ""}, raw=True)
        self.keep(plain, html_text)


def _kept(plain: str, html_text: str) -> dict[str, str]:
    if not plain and not html_text:
        return {"text/plain": ""}
    shown = f'<div class="runbook-kept">{html_text or f"<p>{safe(plain)}</p>"}</div>'
    return {"text/plain": plain, "text/html": KEPT_STYLE + shown}


def say(text: str) -> None:
    """A sentence, or several lines; as HTML it breaks between words, which plain text does not."""
    lines = "".join(f'<p class="runbook-said">{safe(line)}</p>' for line in text.splitlines())
    show_text(text, lines)


def show_text(plain: str, html_text: str) -> None:
    """Show a text that a saved file keeps in both forms."""
    display({"text/plain": plain, "text/html": html_text}, raw=True)
