"""Beginning again is one click: the emulated account, the notebooks, the progress."""

from __future__ import annotations

from pathlib import Path

import pytest
from widget_world import do, opened, read

from ecs_emulator.http.server import EmulatorServer
from runbook_lib import open_session, read_service
from runbook_lib.aws.session import Session
from runbook_lib.facts.settings import Settings
from runbook_lib.learner.notebook_files import notebook_folder
from runbook_lib.learner.progress import EXERCISE, note, read_progress
from runbook_lib.learner.working_copy import bring_up_to_date
from runbook_lib.notebook.widgets.start_over import StartOverView

SETTINGS = Settings()


@pytest.fixture
def session(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    return open_session()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's own copy, in which the kernel stands."""
    folder = tmp_path / "my-notebooks"
    bring_up_to_date(notebook_folder(), folder)
    monkeypatch.chdir(folder)
    return folder


def test_the_emulated_account_is_emptied(session: Session, own: Path) -> None:
    do(session, SETTINGS, "10", "20")
    view = StartOverView(session)

    view.empty.click()

    assert read_service(session, SETTINGS.cluster, SETTINGS.service) is None
    assert "The emulated account is empty" in read(view.said)


def test_a_real_account_has_no_such_button(emulator: EmulatorServer, own: Path) -> None:
    view = StartOverView(opened(emulator.url, "aws"))

    names = [each.description for each in view.box.children[1].children]
    assert names == ["Bring new notebooks", "Forget my progress"]


def test_new_notebooks_come_and_the_old_ones_are_kept(session: Session, own: Path) -> None:
    written = own / "labs" / "01_choose_thresholds.ipynb"
    fresh = written.read_text("utf-8")
    written.write_text(fresh.replace("Choose thresholds", "My thresholds"), "utf-8")
    view = StartOverView(session)

    view.renew.click()

    assert written.read_text("utf-8") == fresh
    assert "My thresholds" in (own / "before-1" / "labs" / written.name).read_text("utf-8")
    assert "✓ 1 new; what you had is in before-1/." in read(view.said)
    view.renew.click()
    assert "✓ Nothing to do" in read(view.said)


def test_the_projects_own_notebooks_are_never_renewed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notebook_folder())
    view = StartOverView(session)

    view.renew.click()

    assert "✗ This is no copy of the notebooks" in read(view.said)


def test_the_progress_is_forgotten(session: Session, own: Path) -> None:
    note(own, "20_create_service", EXERCISE, "threshold", "3", False)
    view = StartOverView(session)

    view.forget.click()

    assert read_progress(own).entries == ()
    assert "✓ Forgotten: 1 entry of" in read(view.said)
