"""Two projects and three environments in a real browser, from the first push to a way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.board import projects
from tests.e2e.board.airflow import Airflow, running
from tests.e2e.board.people import DEPLOYMENT, PAGE, Reader, chromium, log_in
from tests.e2e.conftest import World
from tests.fakes.git_server import Repository

# Seven deployments on a busy machine: it is not the test that says how long they may take.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
expect.set_options(timeout=PAGE)


@pytest.fixture
def repositories(daemon: tuple[Path, str]) -> dict[str, Repository]:
    return {name: projects.repository_of(name, *daemon) for name in projects.LISTENERS}


@pytest.fixture
def airflow(
    world: World, repositories: dict[str, Repository], artifacts: Path, tmp_path: Path
) -> Iterator[Airflow]:
    for name in projects.LISTENERS:
        projects.lay_out(name)
    urls = {name: one.url for name, one in repositories.items()}
    projects.write(tmp_path / "projects", tmp_path / "dags", urls)
    try:
        with running(tmp_path, {"AIRFLOW__SLIPWAY__ARTIFACTS": artifacts.as_uri()}) as found:
            yield found
    finally:
        # The lane's next test finds the cloud as this one did.
        for name in projects.LISTENERS:
            world.retire(name)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_people_deliver_by_the_board_alone(
    airflow: Airflow, browser: Browser, repositories: dict[str, Repository]
) -> None:
    ann, bob, vera = (log_in(browser, airflow, name) for name in ("ann", "bob", "vera"))
    first = _watch_the_first_deployments(ann)
    _release_to_production(ann, bob)
    _look_without_the_right(bob, vera)
    second = _push(ann, repositories["shop"], after=first)
    _hold_and_resume(ann)
    _roll_back(ann, first)
    _reject(ann, second)


def _watch_the_first_deployments(ann: Reader) -> str:
    ann.looks_at_the_board()
    # Nobody reloads the page: it keeps itself up to date.
    expect(ann.page.locator("td .step").first).to_be_visible(timeout=DEPLOYMENT)
    ann.picture("under-way")
    for project in projects.LISTENERS:
        expect(ann.cell(project, "dev")).to_contain_text("1/1", timeout=DEPLOYMENT)
    expect(ann.cell("shop", "prod")).to_contain_text("nothing yet")
    return _version(ann.cell("shop", "dev"))


def _release_to_production(ann: Reader, bob: Reader) -> None:
    ann.opens("shop", "prod")
    ann.presses(re.compile("^Deploy "))
    expect(ann.page.locator("#live")).to_contain_text("somebody is asked to approve the plan")
    ann.presses("Deploy")
    expect(ann.page.locator("section.ask.mine")).to_be_visible()
    bob.looks_at_the_board()
    expect(bob.cell("shop", "prod")).to_contain_text("approval wanted", timeout=DEPLOYMENT)
    bob.picture("approval-wanted")
    bob.opens("shop", "prod")
    bob.presses("Read the plan, and answer")
    bob.picture("plan")
    bob.says_why("it greets as it should")
    bob.presses("Approve")
    expect(bob.now).to_contain_text("1 of 1", timeout=DEPLOYMENT)
    expect(bob.now).to_contain_text("ann, approved by bob")


def _look_without_the_right(bob: Reader, vera: Reader) -> None:
    vera.opens("shop", "prod")
    expect(vera.now).to_contain_text("You may look, but not start runs of shop.prod")
    expect(vera.now.get_by_role("link", name="Hold")).to_have_count(0)
    # Airflow lets Bob start runs, the project file none that deploys there.
    bob.opens("shop", "prod")
    bob.presses("Hold")
    bob.says_why("I would like to")
    bob.presses("Hold")
    expect(bob.page.locator("section.ask.mine.failed")).to_contain_text(
        "bob may not hold, resume, stop or reject on shop prod: ann may", timeout=DEPLOYMENT
    )
    bob.picture("not-allowed")


def _push(ann: Reader, repository: Repository, *, after: str) -> str:
    ann.looks_at_the_board()
    program = (repository.path / "hello.py").read_text()
    repository.commit(
        "Greet warmly", hello_dot_py=program.replace("Says hello", "Says a warm hello")
    )
    cell = ann.cell("shop", "dev")
    expect(cell).to_contain_text("Greet warmly", timeout=DEPLOYMENT)
    expect(ann.cell("shop", "prod")).to_contain_text("1 newer")
    second = _version(cell)
    assert second != after
    return second


def _hold_and_resume(ann: Reader) -> None:
    ann.opens("shop", "dev")
    ann.presses("Hold")
    ann.says_why("the shop is being counted")
    ann.presses("Hold")
    expect(ann.now).to_contain_text("held by ann", timeout=DEPLOYMENT)
    ann.looks_at_the_board()
    expect(ann.cell("shop", "dev")).to_contain_text("held by ann")
    ann.picture("held")
    _resume(ann)


def _resume(ann: Reader) -> None:
    ann.opens("shop", "dev")
    ann.presses("Resume")
    ann.presses("Resume")
    expect(ann.now).not_to_contain_text("held by ann", timeout=DEPLOYMENT)


def _roll_back(ann: Reader, first: str) -> None:
    ann.opens("shop", "dev")
    ann.presses(re.compile("^Roll back to "))
    ann.presses("Roll back")
    expect(ann.now.locator("h1")).to_contain_text(first, timeout=DEPLOYMENT)
    # The next push does not undo it.
    expect(ann.now).to_contain_text("held by ann")
    expect(ann.page.locator(".history")).to_contain_text("took back 1 release")
    ann.picture("rolled-back")
    _resume(ann)


def _reject(ann: Reader, second: str) -> None:
    ann.opens("shop", "prod")
    newer = ann.page.locator('section[data-key="waiting"]')
    expect(newer).to_contain_text(second)
    ann.presses("Reject", within=newer)
    ann.says_why("it greets too warmly")
    ann.presses("Reject")
    expect(ann.now).to_be_visible()
    expect(newer).to_have_count(0, timeout=DEPLOYMENT)
    ann.picture("rejected")


def _version(cell: Locator) -> str:
    return str(cell.locator(".version").first.get_attribute("title"))
