"""Room: a browser for the tests.

Lives here: finding Chromium, starting it without a window, a page that keeps what it asked for and
what it complained about.
Never here: what a page should show.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
"""A browser that asks nobody for anything but the page."""


def chromium() -> str:
    """Where it is. A test that needs it fails without it: a browser is no extra here."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium on this machine: apt-get install chromium", pytrace=False)
    return found


@contextmanager
def open_browser(*more: str) -> Iterator[Browser]:
    """A new browser with an empty profile. Close it before anything of asyncio runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, every address it asked for, and every complaint of its console."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@contextmanager
def open_page(browser: Browser, *, width: int = 1280, theme: str = "light") -> Iterator[Watched]:
    """A page in a context of its own; `theme` is what the user prefers: "light" or "dark"."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, service_workers="block"
    )
    try:
        yield Watched(context.new_page())
    finally:
        context.close()
