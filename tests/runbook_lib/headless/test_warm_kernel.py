"""Room: what WarmKernel promises to whoever walks notebooks with it.

Lives here: tiny notebooks run in a real kernel.
Never here: the notebooks of the walk.
"""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from runbook_lib.headless.notebook_parameters import (
    NotebookParametersError,
    UnknownParameterError,
    declared_parameters,
)
from runbook_lib.headless.warm_kernel import WarmKernel

PARAMETERS = 'service = "web"  # which service\ndesired_count = 2  # how many'


def write_notebook(path: Path, *cells: str, parameters: str = PARAMETERS) -> Path:
    """A notebook of code cells behind a parameters cell."""
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[tagged, *map(nbformat.v4.new_code_cell, cells)])
    nbformat.write(book, path)
    return path


@pytest.fixture
def run(tmp_path):
    """Execute cells as one notebook after the other, all in one kernel."""
    lines, cells = [], []
    with WarmKernel(
        env=os.environ, cwd=tmp_path, on_line=lines.append, on_cell=cells.append
    ) as kernel:

        def execute(*code: str, name: str = "a", **parameters: object):
            source = write_notebook(tmp_path / f"{name}.ipynb", *code)
            return kernel.execute(source, tmp_path / "out" / f"{name}.ipynb", parameters)

        execute.lines, execute.cells, execute.kernel = lines, cells, kernel
        yield execute


def result(notebook, index: int = -1) -> str:
    return notebook.cells[index].outputs[-1]["data"]["text/plain"]


def test_all_notebooks_share_one_kernel_process(run):
    pids = {result(run("import os; os.getpid()", name=name)) for name in "abc"}

    assert len(pids) == 1
    assert str(os.getpid()) not in pids


def test_each_notebook_finds_an_empty_namespace_and_counts_from_one(run):
    run("leftover = 1", "leftover")

    notebook = run("'leftover' in globals() or '_' in globals() and bool(_)", name="b")

    assert result(notebook) == "False"
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]


def test_a_line_between_two_notebooks_says_whether_it_ran(run):
    run("1")

    assert run.kernel.try_line("import fractions; fractions.mark = 'kept'")
    assert result(run("import fractions; fractions.mark", name="b")) == "'kept'"
    assert not run.kernel.try_line("1 / 0")
    run.kernel.stop()
    assert not run.kernel.try_line("1")


def test_modules_stay_imported(run):
    run("import fractions; fractions.mark = 'kept'")

    assert result(run("import fractions; fractions.mark", name="b")) == "'kept'"


def test_figures_of_the_last_notebook_are_closed(run):
    run("import matplotlib.pyplot as plt; plt.ioff(); plt.figure();")

    assert result(run("import matplotlib.pyplot as plt; plt.get_fignums()", name="b")) == "[]"


def test_each_notebook_begins_in_the_folder_it_was_promised(run, tmp_path):
    run("import os; os.chdir('/')")

    assert result(run("import os; os.getcwd()", name="b")) == repr(str(tmp_path.resolve()))


def test_parameters_replace_the_defaults(run):
    notebook = run("service, desired_count", service="api")

    assert result(notebook) == "('api', 2)"


def test_unknown_parameter_is_refused_before_anything_runs(run, tmp_path):
    with pytest.raises(UnknownParameterError, match=r"no parameter svc. It has: service, "):
        run("open('touched', 'w')", svc="api")

    assert not (tmp_path / "touched").exists()
    assert run.cells == []


def test_printed_lines_arrive_one_by_one(run):
    run("print('one\\ntwo'); print('half a', end=' ')\nprint('line', end='')", "print('three')")

    assert run.lines == ["one", "two", "half a line", "three"]


def test_a_line_arrives_while_its_cell_still_runs(tmp_path):
    """The cell waits for a file that only the arrival of its line creates."""
    flag = tmp_path / "flag"
    source = write_notebook(
        tmp_path / "a.ipynb",
        "import threading, pathlib\nprint('waiting', flush=True)\n"
        "tick = threading.Event()\n"
        "while not pathlib.Path('flag').exists(): tick.wait(0.01)\n'seen'",
    )
    with WarmKernel(env=os.environ, cwd=tmp_path, on_line=lambda _: flag.touch()) as kernel:
        notebook = kernel.execute(source, tmp_path / "out.ipynb", {})

    assert result(notebook) == "'seen'"


def test_finished_cells_are_reported_with_their_outcome(run, tmp_path):
    with pytest.raises(PapermillExecutionError):
        run("1", "1 / 0", "2")

    assert [(c.notebook.name, c.index, c.failed) for c in run.cells] == [
        ("a.ipynb", 0, False),
        ("a.ipynb", 1, False),
        ("a.ipynb", 2, True),
    ]


def test_error_names_notebook_and_cell_and_keeps_the_failed_copy(run, tmp_path):
    with pytest.raises(PapermillExecutionError) as caught:
        run("before = 1", "1 / 0", "print('never')")

    error = caught.value
    assert (error.ename, error.source, error.exec_count) == ("ZeroDivisionError", "1 / 0", 3)
    assert "a.ipynb" in "".join(error.__notes__)
    copy = nbformat.read(tmp_path / "out" / "a.ipynb", as_version=4)
    assert "ZeroDivisionError" in str(copy.cells)
    assert "never" not in run.lines


def test_a_failed_notebook_does_not_spoil_the_next(run):
    with pytest.raises(PapermillExecutionError):
        run("1 / 0")

    assert result(run("1 + 1", name="b")) == "2"


def test_braces_in_a_path_are_just_braces(tmp_path):
    source = write_notebook(tmp_path / "{date}.ipynb", "1")
    with WarmKernel(env=os.environ, cwd=tmp_path) as kernel:
        kernel.execute(source, tmp_path / "{out}.ipynb", {})

    assert (tmp_path / "{out}.ipynb").exists()


def test_kernel_gets_exactly_the_environment_given(tmp_path):
    source = write_notebook(tmp_path / "a.ipynb", "import os; os.environ.get('COLOUR')")
    with WarmKernel(env={**os.environ, "COLOUR": "green"}, cwd=tmp_path) as kernel:
        notebook = kernel.execute(source, tmp_path / "out.ipynb", {})

    assert result(notebook) == "'green'"


def test_what_is_said_later_about_the_environment_reaches_the_next_notebook(run):
    run.kernel.environment = {"COLOUR": "blue"}
    shown = "import os; os.environ.get('COLOUR')"

    assert result(run(shown)) == "'blue'"

    run.kernel.environment["COLOUR"] = "red"
    assert result(run(shown, name="b")) == "'red'"


def test_what_the_first_line_imports_stays_and_its_names_are_gone(tmp_path):
    source = write_notebook(
        tmp_path / "a.ipynb", "import sys", "'colorsys' in sys.modules, 'colorsys' in globals()"
    )
    with WarmKernel(env=os.environ, cwd=tmp_path, first="import colorsys") as kernel:
        notebook = kernel.execute(source, tmp_path / "out.ipynb", {})

    assert result(notebook) == "(True, False)"


def test_a_kernel_that_was_stopped_stays_stopped(tmp_path):
    source = write_notebook(tmp_path / "a.ipynb", "import os; os.getpid()")
    with WarmKernel(env=os.environ, cwd=tmp_path) as kernel:
        pid = int(result(kernel.execute(source, tmp_path / "out.ipynb", {})))
        kernel.stop()
        kernel.stop()

        assert not psutil.pid_exists(pid)
        with pytest.raises(RuntimeError, match="not running"):
            kernel.execute(source, tmp_path / "out.ipynb", {})


def test_the_copy_is_saved_while_a_cell_still_runs(run, tmp_path):
    copy = tmp_path / "out" / "a.ipynb"
    until_saved = f"""
        import pathlib, threading
        tries = 0
        while "the first result" not in pathlib.Path({str(copy)!r}).read_text() and tries < 3000:
            tries += threading.Event().wait(0.01) is False
        tries < 3000
    """

    assert result(run("'the first ' + 'result'", textwrap.dedent(until_saved))) == "True"


def test_a_dead_kernel_is_an_error_and_no_hang(tmp_path):
    source = write_notebook(tmp_path / "a.ipynb", "import os; os._exit(7)")
    with (
        pytest.raises(DeadKernelError) as caught,
        WarmKernel(env=os.environ, cwd=tmp_path) as kernel,
    ):
        kernel.execute(source, tmp_path / "out.ipynb", {})

    assert "a.ipynb" in "".join(caught.value.__notes__)
    assert (tmp_path / "out.ipynb").exists()


def test_without_with_there_is_no_kernel(tmp_path):
    kernel = WarmKernel(env=os.environ, cwd=tmp_path)

    with pytest.raises(RuntimeError, match="context manager"):
        kernel.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", {})


PROGRAM = """
import os, sys
from pathlib import Path
from runbook_lib.headless.warm_kernel import WarmKernel
here = Path(sys.argv[1])
with WarmKernel(env=os.environ, cwd=here, on_line=lambda line: print(line, flush=True)) as kernel:
    kernel.execute(here / "a.ipynb", here / "out.ipynb", {})
"""
STUCK = """
import os, subprocess, threading
child = subprocess.Popen(["sleep", "600"])
print(os.getpid(), child.pid, flush=True)
threading.Event().wait()
"""


def gone(pid: int) -> bool:
    """True once the process has ended, waiting up to ten seconds for it."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_signal_ends_the_kernel_and_what_it_started(tmp_path, sent, code):
    write_notebook(tmp_path / "a.ipynb", STUCK)
    walker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kernel, child = map(int, walker.stdout.readline().split())

    walker.send_signal(sent)
    walker.communicate(timeout=30)

    assert walker.returncode == code
    assert (gone(kernel), gone(child)) == (True, True)


def test_nothing_is_written_to_stderr(tmp_path):
    write_notebook(tmp_path / "a.ipynb", "print('hello')")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert (done.stdout, done.stderr) == ("hello\n", "")


def test_declared_parameters_are_names_and_defaults_in_order(tmp_path):
    source = write_notebook(
        tmp_path / "a.ipynb", parameters="b: int = -1  # first\na = ['x']  # second"
    )

    assert list(declared_parameters(source).items()) == [("b", -1), ("a", ["x"])]


@pytest.mark.parametrize("cell", ["a = input()", "print('x')", "a, b = 1, 2", "a ="])
def test_parameters_cell_holds_literals_only(tmp_path, cell):
    source = write_notebook(tmp_path / "a.ipynb", parameters=cell)

    with pytest.raises(NotebookParametersError, match="only `name = literal` lines"):
        declared_parameters(source)


def test_a_notebook_without_parameters_cell_is_refused(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "a.ipynb")

    with pytest.raises(NotebookParametersError, match="found 0"):
        declared_parameters(tmp_path / "a.ipynb")
