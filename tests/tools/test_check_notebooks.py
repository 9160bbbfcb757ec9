"""Room: the notebook tools can say no.

Lives here: for each rule a notebook that keeps it and ones that break it; what the committed form
is; links that are current.
Never here: whether the real notebooks run; nbval and the walk show that.
"""

import copy
import os
import re
from pathlib import Path

import check_notebooks
import execute_notebooks
import nbformat
import pytest
import write_navigation
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ENDING = (
    "## Verdict\nDone.\n## Clean up\nNothing.\n## If this went wrong\nAgain.\n## Operation note\n"
)
NAVIGATION = f"{write_navigation.NAVIGATION}\n[Contents](00_start_here.ipynb)"
PARAMETERS = 'service = "web"  # the service\ncount = 2  # how many tasks'


def shown(source: str, text: str = "2", **metadata: object):
    """A code cell with a value below it."""
    result = new_output("execute_result", {"text/plain": text})
    return new_code_cell(source, outputs=[result], metadata=metadata)


def good_cells() -> list:
    return [
        new_markdown_cell("# Ship a release\nReplaces the image of one service."),
        new_markdown_cell(NAVIGATION),
        new_markdown_cell("What it works on."),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new_markdown_cell("As many as we asked for?"),
        shown("count"),
        new_markdown_cell(ENDING),
        new_markdown_cell(NAVIGATION),
    ]


def save(folder: Path, cells: list, name: str = "10_ship_release.ipynb", *, count=True) -> Path:
    """The notebook in its committed form, as if executed."""
    book = execute_notebooks.clean(new_notebook(cells=cells))
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    for turn, cell in enumerate(code if count else [], start=1):
        cell.execution_count = turn
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = turn
    path = folder / name
    path.write_text(execute_notebooks.serialise(book), "utf-8")
    return path


def codes(path: Path) -> set[str]:
    """The rules that the notebook breaks."""
    found = "\n".join(check_notebooks.findings(path))
    return set(re.findall(r": (NB\d\d) ", found))


def with_code(source: str, text: str = "2", tags: tuple[str, ...] = ()) -> list:
    cells = good_cells()
    cells[5] = shown(source, text, tags=list(tags))
    return cells


def with_prose(index: int, text: str) -> list:
    cells = good_cells()
    cells[index] = new_markdown_cell(text)
    return cells


def with_parameters(source: str, tags: tuple[str, ...] = ("parameters",)) -> list:
    cells = good_cells()
    cells[3] = new_code_cell(source, metadata={"tags": list(tags)})
    return cells


def with_output(**output: object) -> list:
    cells = good_cells()
    cells[5].outputs = [new_output(**output)]
    return cells


def without(index: int) -> list:
    cells = good_cells()
    del cells[index]
    return cells


def test_a_good_notebook_breaks_no_rule(tmp_path):
    assert check_notebooks.findings(save(tmp_path, good_cells())) == []


PROSE = "Because."
BROKEN = {
    "no title": ("NB01", without(0)),
    "no purpose": ("NB01", with_prose(0, "# Ship a release")),
    "two titles": ("NB01", with_prose(4, "# Another title")),
    "no parameters tag": ("NB02", with_parameters(PARAMETERS, tags=())),
    "parameter not a literal": ("NB02", with_parameters("n = len('ab')  # how many")),
    "parameter without comment": ("NB02", with_parameters("a = 1  # one\nb = '#2'")),
    "code before parameters": (
        "NB02",
        [*good_cells()[:3], new_code_cell("x = 1"), *good_cells()[2:]],
    ),
    "thirteen lines": ("NB03", with_code("x = 1\n" * 12 + "x")),
    "no sentence above": ("NB03", without(4)),
    "navigation is no sentence": ("NB03", without(2)),
    "def": ("NB04", with_code("def f(): return 1\nf()")),
    "class": ("NB04", with_code("class A: pass\nA.__name__")),
    "try": ("NB04", with_code("try: x = 1\nfinally: y = 1\nx")),
    "boto3": ("NB04", with_code("import boto3\nboto3.__version__")),
    "botocore": ("NB04", with_code("from botocore import config\nconfig.__name__")),
    "sys.path": ("NB04", with_code("import sys\nsys.path.append('.')\n1")),
    "apply without confirm": ("NB05", with_code("apply(session, plan)")),
    "apply confirmed by a constant": ("NB05", with_code("apply(session, plan, confirm='web')")),
    "input": ("NB06", with_code("input('Service? ')")),
    "hidden from nbval": ("NB06", with_code("count", tags=("nbval-ignore-output",))),
    "hidden by a comment": ("NB06", with_code("# NBVAL_SKIP\ncount")),
    "expected exception": ("NB06", with_code("count", tags=("raises-exception",))),
    "error output": ("NB07", with_output(output_type="error", ename="E", evalue="e")),
    "warning output": ("NB07", with_output(output_type="stream", name="stderr", text="oh")),
    "address in output": ("NB07", with_code("count", "<Plan at 0x7f1234567890>")),
    "account in output": ("NB07", with_code("count", "arn:aws:sns:eu-west-1:210987654321:a")),
    "account in prose": ("NB07", with_prose(4, "Account 210987654321.")),
    "access key": ("NB07", with_prose(4, "Key AKIA" + "ABCDEFGHIJKLMNOP")),
    "no clean up": ("NB08", with_prose(6, ENDING.replace("## Clean up", "## Tidy"))),
    "sections out of order": ("NB08", with_prose(6, ENDING + "## More\n")),
    "no navigation at the top": ("NB09", without(1)),
    "no navigation at the end": ("NB09", without(7)),
    "too many cells": (
        "NB10",
        [*good_cells()[:7], *(new_markdown_cell(PROSE) for _ in range(25)), good_cells()[7]],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_found_and_no_other(tmp_path, case):
    code, cells = BROKEN[case]
    found = codes(save(tmp_path, copy.deepcopy(cells)))

    assert code in found
    assert found <= {code, *ALSO.get(case, ())}


ALSO = {"no title": {"NB09"}}
"""Cases in which one mistake breaks a second rule too."""


SHORT = "## If this went wrong\nAgain.\n"


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("00_start_here.ipynb", SHORT),
        ("90_clean_up.ipynb", f"## Verdict\nDone.\n{SHORT}## Operation note\n"),
    ],
)
def test_first_and_last_notebook_may_end_differently(tmp_path, name, ending):
    """00 changes nothing, so it has no verdict; 90 is the clean-up itself."""
    cells = with_prose(6, ending)

    assert codes(save(tmp_path, cells, name)) == set()
    assert codes(save(tmp_path, cells)) == {"NB08"}


def test_a_notebook_that_never_ran_is_found(tmp_path):
    cells = good_cells()
    cells[5].outputs = []

    found = check_notebooks.findings(save(tmp_path, cells, count=False))

    assert [f.split()[1] for f in found] == ["NB07"] * 4
    assert "never executed" in found[0]


def test_a_cell_run_out_of_turn_is_found(tmp_path):
    path = save(tmp_path, good_cells())
    path.write_text(path.read_text().replace('"execution_count": 2', '"execution_count": 5'))

    assert codes(path) == {"NB07"}


@pytest.mark.parametrize("source", ["x = 1", "len('ab');", "%matplotlib inline"])
def test_a_cell_without_a_value_needs_no_output(tmp_path, source):
    cells = good_cells()
    cells[5:5] = [new_code_cell(source), new_markdown_cell(PROSE)]

    assert codes(save(tmp_path, cells)) == set()


def test_metadata_that_time_left_is_found(tmp_path):
    path = save(tmp_path, good_cells())
    book = nbformat.read(path, as_version=4)
    book.cells[3].metadata["execution"] = {"iopub.execute_input": "2026-01-05T09:00:00Z"}
    nbformat.write(book, path)

    assert codes(path) == {"NB07"}


def test_uuid_is_not_taken_for_an_account(tmp_path):
    cells = with_code("count", "'01234567-89ab-cdef-0123-210987654321'")

    assert codes(save(tmp_path, cells)) == set()


def test_main_fails_when_a_rule_is_broken(tmp_path, capsys):
    good, bad = save(tmp_path, good_cells()), save(tmp_path, without(4), "20_make_it.ipynb")

    assert (check_notebooks.main([str(good)]), check_notebooks.main([str(bad)])) == (0, 1)
    assert "20_make_it.ipynb: NB03 cell 5: no Markdown cell" in capsys.readouterr().out


def noisy(path: Path) -> None:
    """What JupyterLab and papermill leave in a file."""
    book = nbformat.read(path, as_version=4)
    book.metadata["papermill"] = {"duration": 1.5}
    book.metadata["widgets"] = {}
    book.metadata.language_info["version"] = "3.12.1"
    for number, cell in enumerate(book.cells):
        cell.id = f"random-{number}"
        cell.metadata["papermill"] = {"status": "completed"}
    nbformat.write(book, path)


def test_cleaning_removes_what_time_left_and_is_stable(tmp_path):
    path = save(tmp_path, good_cells())
    before = path.read_bytes()
    noisy(path)
    assert path.read_bytes() != before

    assert execute_notebooks.main(["--clean-only", str(path)]) == 0

    assert path.read_bytes() == before


def test_two_equal_cells_have_different_ids(tmp_path):
    book = nbformat.read(save(tmp_path, good_cells()), as_version=4)

    assert len({cell.id for cell in book.cells}) == len(book.cells)


def test_executing_twice_gives_the_same_bytes_and_a_clean_notebook(tmp_path, capsys):
    cells = good_cells()
    cells[5] = shown("print('a'); print('b')\nimport os; os.environ.get('AWS_ENDPOINT_URL')", "'?'")
    path = save(tmp_path, cells, count=False)
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"

    try:
        assert execute_notebooks.main([str(path)]) == 0
    finally:
        del os.environ["AWS_ENDPOINT_URL"]
    first = path.read_bytes()

    assert execute_notebooks.main(["--check", str(path)]) == 0
    assert path.read_bytes() == first
    assert codes(path) == set()


def test_check_names_the_first_cell_that_differs_and_writes_nothing(tmp_path, capsys):
    path = save(tmp_path, good_cells())
    path.write_text(path.read_text().replace('"2"', '"3"'))
    before = path.read_bytes()

    assert execute_notebooks.main(["--check", str(path)]) == 1

    assert "10_ship_release.ipynb: not as committed, first at cell 6 (outputs)" in (
        capsys.readouterr().out
    )
    assert path.read_bytes() == before


def test_a_failing_cell_is_reported_and_nothing_is_written(tmp_path, capsys):
    path = save(tmp_path, with_code("1 / 0"))
    before = path.read_bytes()

    assert execute_notebooks.main([str(path)]) == 1

    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.fixture
def site(tmp_path) -> Path:
    """A README and three notebooks, none of them linked yet."""
    marks = "<!--NOTEBOOKS-->old<!--/NOTEBOOKS--> <!--LABS-->old<!--/LABS-->"
    (tmp_path / "README.md").write_text(f"# Runbook\n{marks}\nThe end.\n")
    (tmp_path / "notebooks" / "labs").mkdir(parents=True)
    for name, title in {
        "notebooks/00_start_here.ipynb": "Start here",
        "notebooks/10_make_it.ipynb": "Make it",
        "notebooks/labs/10_try_more.ipynb": "Try more",
    }.items():
        first = f"# {title}\n\nIt does.\n\n**Takes** 5 minutes. **Changes** nothing."
        cells = [new_markdown_cell(first), new_markdown_cell(marks)]
        save(tmp_path, cells, name)
    return tmp_path


def test_navigation_links_neighbours_and_contents(site):
    assert write_navigation.main([], site) == 0

    book = nbformat.read(site / "notebooks/10_make_it.ipynb", as_version=4)
    wanted = (
        "<!--NAVIGATION-->\nPart 2 of 2 | [< Start here](00_start_here.ipynb) | "
        "[Contents](00_start_here.ipynb)"
    )
    assert [book.cells[1].source, book.cells[-1].source] == [wanted, wanted]
    lab = nbformat.read(site / "notebooks/labs/10_try_more.ipynb", as_version=4)
    assert lab.cells[1].source.endswith("\nLab 1 of 1 | [Contents](../00_start_here.ipynb)")


def test_tables_of_notebooks_and_labs_are_filled_with_links_from_where_they_stand(site):
    write_navigation.main([], site)

    readme = (site / "README.md").read_text()
    assert "| [Make it](notebooks/10_make_it.ipynb) | It does. | 5 minutes |" in readme
    assert "old" not in readme
    assert readme.endswith("The end.\n")
    start = nbformat.read(site / "notebooks/00_start_here.ipynb", as_version=4)
    assert "| [Make it](10_make_it.ipynb) | It does. | 5 minutes |" in start.cells[2].source
    assert "| [Try more](labs/10_try_more.ipynb) | It does. | 5 minutes |" in start.cells[2].source
    assert start.cells[2].source.count("Try more") == 1


def test_navigation_check_fails_until_written_and_changes_nothing(site, capsys):
    before = (site / "README.md").read_bytes()

    assert write_navigation.main(["--check"], site) == 1
    assert (site / "README.md").read_bytes() == before
    assert "README.md: old links" in capsys.readouterr().out

    write_navigation.main([], site)
    assert write_navigation.main(["--check"], site) == 0


@pytest.mark.parametrize("path", execute_notebooks.find_notebooks(), ids=lambda path: path.name)
def test_every_notebook_keeps_the_rules(path):
    assert check_notebooks.findings(path) == []


def test_links_between_the_notebooks_are_current():
    assert write_navigation.main(["--check"]) == 0
