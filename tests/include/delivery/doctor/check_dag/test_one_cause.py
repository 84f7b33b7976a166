"""A repository with nothing in it is one thing that is wrong, however much needs what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.delivery.doctor import check_dag, connections, source, surroundings
from include.delivery.doctor.finding import Checked, State
from include.project.loader import PROJECTS, load_project
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository

GUESTBOOK = load_project(PROJECTS / "guestbook.yaml")


@pytest.fixture(autouse=True)
def _nothing_else_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (connections, "connections"),
        (connections, "signing"),
        (source, "webhook"),
        (source, "worker"),
        (surroundings, "cloud"),
    ):
        monkeypatch.setattr(module, name, lambda *_: [])


def wrong(url: str) -> list[Checked]:
    repository = GUESTBOOK.repository.model_copy(update={"url": url})
    project = GUESTBOOK.model_copy(update={"repository": repository})
    assert project.migrations
    assert len(project.environments) > 1
    found = list(check_dag.examine(project, FakeTask().context))
    assert all(one.state is State.WRONG for one in found)
    return found


def test_before_the_first_push_the_branch_is_missing_and_nothing_else(
    daemon: tuple[Path, str], repository: Repository
) -> None:
    repository.git("init", "--bare", "--initial-branch=main", f"{repository.path}-empty")
    [one] = wrong(f"{repository.url}-empty")
    assert (one.area, one.what) == ("repository", "branch main")
    assert one.cure.startswith("push it")
    assert one.cure.endswith("databases are looked at after that")


def test_a_repository_that_nobody_has_made_is_told_once(daemon: tuple[Path, str]) -> None:
    [one] = wrong(f"{daemon[1]}/nobody-made-it")
    assert one.area == "repository"
