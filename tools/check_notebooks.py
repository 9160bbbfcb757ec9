"""Room: the rules that every notebook keeps.

Lives here: NB01 to NB10, each a function from a notebook to the places where it breaks the rule.
Never here: running notebooks (execute_notebooks) or writing to them.

NB01  one title, in the first cell, with the purpose on the next line
NB02  one `parameters` cell: literals, a comment each, only imports before it
NB03  one idea a cell: few lines, and a sentence above it that says why
NB04  no def, class, try, import boto3 or sys.path: the library has words for these
NB05  apply(…) is always given confirm=confirm
NB06  nothing waits for a keyboard, and only widgets may hide from nbval
NB07  outputs are committed, complete and reproducible
NB08  the last sections are the agreed ones
NB09  navigation below the title and at the end
NB10  the name is NN_verb_object.ipynb, and the notebook is short
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from execute_notebooks import clean, find_notebooks, read
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from write_navigation import NAVIGATION

from runbook_lib.headless.notebook_parameters import NotebookParametersError, declared_parameters

Findings = Iterator[str]
LINES, PARAMETER_LINES, CELLS, LAB_CELLS = 12, 20, 30, 36
ENDINGS = {
    "00": ("If this went wrong",),
    "90": ("Verdict", "If this went wrong", "Operation note"),
    "lab": ("Clean up", "If this went wrong"),
    "acting": ("Verdict", "Clean up", "If this went wrong", "Operation note"),
}
"""What a notebook ends with, by its number; 00 changes nothing, and 90 is itself the clean-up."""
ACCOUNT = "123456789876"
HIDING = {"nbval-ignore-output", "nbval-skip", "raises-exception"}
HIDING_COMMENT = re.compile(r"#\s*(NBVAL_|PYTEST_VALIDATE_)")
LIBRARY_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Try, ast.TryStar)
BOTO = re.compile(r"(import|from) boto")
BANNED_CALLS = {"input", "getpass", "getpass.getpass"}
VOLATILE = re.compile(r"\bat 0x[0-9a-f]{6,}|/ipykernel_\d+|\bT_[0-9a-f]{5}\b")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TWELVE_DIGITS = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
ACCESS_KEY = re.compile(r"\b(AKIA|ASIA)(?!\w*EXAMPLE)[A-Z0-9]{16}\b")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CodeCell:
    """A code cell, its number in the notebook from 1, and its Python."""

    number: int
    node: NotebookNode
    tree: ast.Module

    @property
    def tags(self) -> set[str]:
        return set(self.node.metadata.get("tags", []))

    @property
    def names(self) -> set[str]:
        """Every dotted name that is used: {"tables", "tables.plan"}."""
        kinds = ast.Name | ast.Attribute
        return {ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, kinds)}

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@dataclass(frozen=True, slots=True)
class Book:
    path: Path
    cells: list[NotebookNode]
    code: list[CodeCell]

    @property
    def headings(self) -> list[str]:
        """The headings of the Markdown cells, with their #, fenced code left out."""
        prose = (FENCED.sub("", c.source) for c in self.cells if c.cell_type == "markdown")
        return [line for text in prose for line in text.splitlines() if re.match(r"#+ ", line)]


def open_book(path: Path) -> Book:
    cells = read(path).cells
    to_python = TransformerManager().transform_cell
    numbered = [(n, c) for n, c in enumerate(cells, start=1) if c.cell_type == "code"]
    return Book(path, cells, [CodeCell(n, c, ast.parse(to_python(c.source))) for n, c in numbered])


def one_title(book: Book) -> Findings:
    titles = [heading for heading in book.headings if heading.startswith("# ")]
    if len(titles) != 1:
        yield f"has {len(titles)} titles (`# …`); wanted one"
    if not re.match(r"# .+\n+[^#\s]", book.cells[0].source):
        yield "the first cell must be the title and, on the next line, what the notebook is for"


def parameters_cell(book: Book) -> Findings:
    try:
        declared_parameters(book.path)
    except NotebookParametersError as error:
        yield str(error)
        return
    position = next(i for i, c in enumerate(book.code) if "parameters" in c.tags)
    for cell in book.code[:position]:
        if not all(isinstance(s, ast.Import | ast.ImportFrom) for s in cell.tree.body):
            yield f"cell {cell.number}: only imports may stand before the parameters"
    cell = book.code[position]
    tokens = tokenize.generate_tokens(io.StringIO(cell.node.source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    for line in sorted({s.end_lineno or s.lineno for s in cell.tree.body} - commented):
        yield f"cell {cell.number}, line {line}: the parameter has no comment on its line"


def one_idea_a_cell(book: Book) -> Findings:
    for cell in book.code:
        lines = [line for line in cell.node.source.splitlines() if line.strip()]
        most = PARAMETER_LINES if "parameters" in cell.tags else LINES
        if len(lines) > most:
            yield f"cell {cell.number}: {len(lines)} lines of code; at most {most}"
        above = book.cells[cell.number - 2] if cell.number > 1 else None
        if not above or above.cell_type != "markdown" or above.source.startswith(NAVIGATION):
            yield f"cell {cell.number}: no Markdown cell just above it"


def no_library_code(book: Book) -> Findings:
    for cell in book.code:
        for text, node in ((ast.unparse(node), node) for node in ast.walk(cell.tree)):
            if isinstance(node, LIBRARY_CODE) or BOTO.match(text) or text == "sys.path":
                yield f"cell {cell.number}: {text.splitlines()[0]}"


def apply_is_confirmed(book: Book) -> Findings:
    for cell in book.code:
        for call in cell.calls:
            named = ast.unparse(call.func).rpartition(".")[2]
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            if named == "apply" and given.get("confirm") != "confirm":
                yield f"cell {cell.number}: apply(…) without confirm=confirm"


def nothing_hidden(book: Book) -> Findings:
    for cell in book.code:
        if HIDING_COMMENT.search(cell.node.source):
            yield f"cell {cell.number}: steers nbval by a comment; use a tag"
        if cell.tags & HIDING and "widgets" not in cell.names:
            yield f"cell {cell.number}: tagged {min(cell.tags & HIDING)}, but shows no widget"
        for call in cell.calls:
            if ast.unparse(call.func) in BANNED_CALLS:
                yield f"cell {cell.number}: waits for a keyboard"


def shows_something(cell: CodeCell) -> bool:
    """Whether the cell ends in a value: `tables.plan(plan)` does, `x = 1` and `f();` do not."""
    last = cell.tree.body[-1] if cell.tree.body else None
    silent = cell.node.source.rstrip().endswith(";") or "get_ipython" in cell.names
    return isinstance(last, ast.Expr) and not silent


def texts(cell: NotebookNode) -> Iterator[str]:
    """All that a reader of the file can read in a cell; pictures left out."""
    yield cell.source
    for output in cell.get("outputs", []):
        yield str(output.get("text", ""))
        yield from (str(v) for k, v in output.get("data", {}).items() if "image/" not in k)


def outputs_are_committed(book: Book) -> Findings:
    if not any(cell.node.outputs for cell in book.code):
        yield "no cell has an output: never executed"
    for turn, cell in enumerate(book.code, start=1):
        if (found := cell.node.execution_count) != turn:
            yield f"cell {cell.number}: execution count {found}, not {turn}; run make notebooks"
        if shows_something(cell) and not cell.node.outputs:
            yield f"cell {cell.number}: ends in a value but has no output"
        if {"error", "stderr"} & {o.get("name", o.output_type) for o in cell.node.outputs}:
            yield f"cell {cell.number}: an error or a warning is committed"
    if clean(read(book.path)) != read(book.path):
        yield "metadata or cell ids are not clean; run tools/execute_notebooks.py --clean-only"
    yield from unfit_text(book)


def unfit_text(book: Book) -> Findings:
    for number, node in enumerate(book.cells, start=1):
        text = UUID.sub("", "\n".join(texts(node)))
        if "nbval-ignore-output" not in node.metadata.get("tags", []):
            for found in VOLATILE.finditer(text):
                yield f"cell {number}: {found[0]} is different in each run"
        if ACCESS_KEY.search(text) or set(TWELVE_DIGITS.findall(text)) - {ACCOUNT}:
            yield f"cell {number}: shows an account id other than {ACCOUNT}, or an access key"


def last_sections(book: Book) -> Findings:
    number = book.path.name[:2]
    kind = "lab" if "labs" in book.path.parts else number if number in ENDINGS else "acting"
    sections = [h.removeprefix("## ").strip() for h in book.headings if h.startswith("## ")]
    wanted = ENDINGS[kind]
    if tuple(sections[-len(wanted) :]) != wanted:
        yield f"must end with the sections {', '.join(wanted)}"


def navigation_cells(book: Book) -> Findings:
    places = [n for n, c in enumerate(book.cells) if c.source.startswith(NAVIGATION)]
    if places != [1, len(book.cells) - 1]:
        yield "navigation must stand below the title and at the end; run tools/write_navigation.py"


def name_and_size(book: Book) -> Findings:
    if not re.fullmatch(r"\d\d(_[a-z0-9]+){2,}\.ipynb", book.path.name):
        yield "the name must be NN_verb_object.ipynb"
    most = LAB_CELLS if "labs" in book.path.parts else CELLS
    if len(book.cells) > most:
        yield f"{len(book.cells)} cells; at most {most}"


RULES: tuple[Callable[[Book], Findings], ...] = (
    one_title, parameters_cell, one_idea_a_cell, no_library_code, apply_is_confirmed,
    nothing_hidden, outputs_are_committed, last_sections, navigation_cells, name_and_size,
)  # fmt: skip


def findings(path: Path) -> list[str]:
    """`10_make_it.ipynb: NB04 cell 3: uses try`, one for each place."""
    book = open_book(path)
    rules = enumerate(RULES, start=1)
    return [f"{path.name}: NB{n:02} {text}" for n, rule in rules for text in rule(book)]


def main(arguments: Sequence[str]) -> int:
    paths = [Path(argument) for argument in arguments] or find_notebooks()
    found = [finding for path in paths for finding in findings(path)]
    print("\n".join(found) or "notebooks: all rules are kept")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
