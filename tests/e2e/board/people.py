"""People at their browsers, and what they see and do on the board."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from tests.e2e.board.airflow import Airflow

# Milliseconds that a page may take, and that a deployment may take on a busy machine.
PAGE, DEPLOYMENT = 60_000.0, 900_000.0
# Where pictures of each step are kept, for docs/board.md and for whoever looks for a fault.
_PICTURES = os.environ.get("SLIPWAY_PICTURES")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    program = shutil.which("chromium")
    assert program, "Chromium is needed: as root, apt-get install chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who is logged in and looks at the board.

    :param name: the login.
    :param page: of their browser.
    :param board: the board's address.
    """

    name: str
    page: Page
    board: str

    def looks_at_the_board(self) -> None:
        self.page.goto(self.board)

    def cell(self, project: str, environment: str) -> Locator:
        """What the board says of an environment."""
        return self.page.locator(f'tr[data-key="row {project}"] td[data-env="{environment}"] .cell')

    def opens(self, project: str, environment: str) -> None:
        """Open an environment by its cell."""
        self.looks_at_the_board()
        self.cell(project, environment).locator("a.open").click()
        expect(self.now).to_be_visible()

    @property
    def now(self) -> Locator:
        """What serves, at the top of an environment's page."""
        return self.page.locator("section.now")

    def presses(self, name: str | re.Pattern[str], *, within: Locator | None = None) -> None:
        """Follow a link, or send a form, by the word on it."""
        where = within or self.page.locator("#live")
        button = where.get_by_role("button", name=name)
        link = where.get_by_role("link", name=name)
        button.or_(link).first.click()

    def says_why(self, why: str) -> None:
        """Fill in the reason that a form asks for."""
        self.page.get_by_label("Why").fill(why)

    def picture(self, name: str) -> None:
        """Keep a picture of the page, where somebody asked for pictures."""
        if _PICTURES:
            self.page.screenshot(path=Path(_PICTURES) / f"{name}.png", full_page=True)


def log_in(browser: Browser, airflow: Airflow, name: str) -> Reader:
    """Come to the board without a login, and be led through Airflow's to it.

    :param browser: in which each person has cookies of their own.
    :param airflow: with the board.
    :param name: who it is.
    """
    screen: ViewportSize = {"width": 1280, "height": 800}
    # Without a graphics card, what moves takes the time of those that deliver.
    page = browser.new_context(viewport=screen, reduced_motion="reduce").new_page()
    page.set_default_timeout(PAGE)
    board = f"{airflow.url}/slipway/board/"
    page.goto(board)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", airflow.passwords[name])
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_be_visible(timeout=PAGE)
    return Reader(name=name, page=page, board=board)
