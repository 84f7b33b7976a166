"""What is said of an environment is what was said last, whoever said it and whoever died."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.environments.snapshots import Snapshots, forget_read
from slipway.model.board.snapshot import (
    EnvironmentSnapshot,
    EnvironmentState,
    Hold,
    Machines,
    Serving,
    UnderWay,
)

INSTALLATION = os.environ["AIRFLOW__SLIPWAY__INSTALLATION"]
pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def board() -> Snapshots:
    return Snapshots(artifact_store())


def say(board: Snapshots, project: str, environment: str, version: str, place: int = 0) -> None:
    board.change(
        project,
        environment,
        lambda one: replace(one, serving=Serving(version=version), place=place),
    )


def test_environments_stand_in_the_order_of_the_project_file(board: Snapshots) -> None:
    say(board, "shop", "prod", "1", place=1)
    say(board, "shop", "dev", "2")
    say(board, "blog", "dev", "7")
    every = board.every()
    assert [one.project for one in every] == ["blog", "shop"]
    assert [one.environment for one in every[1].environments] == ["dev", "prod"]
    assert board.project("shop") == every[1]
    dev = every[1].of("dev")
    assert dev is not None
    assert dev.serving == Serving(version="2")


def test_what_several_say_at_once_is_all_there(board: Snapshots) -> None:
    """A hold, the swap's step and housekeeping's count each leave the others alone."""
    changes = [
        lambda one: replace(one, hold=Hold(by="ada", why="the fair")),
        lambda one: replace(one, under_way=UnderWay(version="2", step="soak")),
        lambda one: replace(one, machines=Machines(healthy=3, wanted=4)),
        lambda one: replace(one, newer=7),
    ]
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda change: board.change("shop", "prod", change), changes))
    now = board.project("shop").of("prod")
    assert now is not None
    assert now.hold == Hold(by="ada", why="the fair")
    assert now.under_way == UnderWay(version="2", step="soak")
    assert now.machines == Machines(healthy=3, wanted=4)
    assert now.newer == 7
    assert now.state is EnvironmentState.DEPLOYING


def test_two_airflows_on_one_store_say_what_each_has_seen() -> None:
    here, there = (Snapshots(artifact_store(), name) for name in ("ci", "ci/2"))
    say(here, "shop", "dev", "1")
    say(there, "shop", "dev", "2")
    for one, version in ((here, "1"), (there, "2")):
        [shop] = one.every()
        dev = shop.of("dev")
        assert dev is not None
        assert dev.serving == Serving(version=version)
        assert dev.written_by == one.installation


@pytest.mark.parametrize("rolled_up", [True, False])
def test_a_page_reads_no_record_that_it_knows(
    board: Snapshots, monkeypatch: pytest.MonkeyPatch, *, rolled_up: bool
) -> None:
    for number in range(5):
        say(board, f"p{number}", "dev", "1")
    if rolled_up:
        board.roll_up()
        forget_read()
    else:
        board.every()
    say(board, "p3", "dev", "2")
    asked: list[str] = []
    read = ArtifactStore.get_json

    def noted(store: ArtifactStore, key: str) -> Any:
        asked.append(key)
        return read(store, key)

    monkeypatch.setattr(ArtifactStore, "get_json", noted)
    found = {one.project: one.environments[0].serving for one in board.every()}
    assert found == {f"p{n}": Serving(version="2" if n == 3 else "1") for n in range(5)}
    assert [key for key in asked if "/now/" in key] == [
        f"environments/{INSTALLATION}/now/p3~0000000002.json"
    ]


def test_one_record_of_a_stranger_hides_no_other(board: Snapshots, artifacts: Path) -> None:
    say(board, "shop", "dev", "1")
    say(board, "blog", "dev", "1")
    folder = artifacts / "environments" / INSTALLATION / "now"
    (folder / "shop~0000000099.json").write_text('{"project": "shop", "environments": []}')
    (folder / "notes.txt").write_text("mine")
    blog, shop = board.every()
    assert (blog.problem, len(blog.environments)) == ("", 1)
    assert "is not signed" in shop.problem
    say(board, "shop", "dev", "3")  # the next who has seen something puts it right
    assert board.project("shop").environments[0].serving == Serving(version="3")


def test_a_record_that_was_copied_to_another_project_counts_for_nothing(
    board: Snapshots, artifacts: Path
) -> None:
    say(board, "blog", "prod", "1")
    folder = artifacts / "environments" / INSTALLATION / "now"
    text = (folder / "blog~0000000001.json").read_text()
    (folder / "shop~0000000001.json").write_text(text)
    assert "is not what was signed there" in board.project("shop").problem


def test_what_does_not_change_is_not_written_again(board: Snapshots, artifacts: Path) -> None:
    for _ in range(3):
        say(board, "shop", "dev", "1")
    folder = artifacts / "environments" / INSTALLATION / "now"
    assert [one.name for one in folder.iterdir()] == ["shop~0000000001.json"]


def test_an_environment_that_is_no_more_is_forgotten(board: Snapshots) -> None:
    say(board, "shop", "dev", "1")
    say(board, "shop", "old", "1")
    board.keep_only("shop", ["dev", "new"])
    assert [one.environment for one in board.project("shop").environments] == ["dev"]
    board.keep_only("shop", [])
    assert board.every() == []


def test_the_index_says_the_same_as_the_records(board: Snapshots) -> None:
    say(board, "blog", "dev", "1")
    board.change("shop", "dev", lambda one: replace(one, hold=Hold(by=""), newer=0))
    board.change("shop", "prod", lambda one: replace(one, newer=None))
    read = board.every()
    board.roll_up()
    forget_read()
    assert board.every() == read


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("others", range(1, 8))
def test_whoever_is_held_up_while_others_write_loses_nothing(
    board: Snapshots, before: int, others: int
) -> None:
    for version in range(before):
        say(board, "shop", "dev", str(version))
    left = list(range(others))

    def slowly(one: EnvironmentSnapshot) -> EnvironmentSnapshot:
        while left:
            say(Snapshots(artifact_store()), "shop", "prod", f"9.{left.pop()}")
        return replace(one, hold=Hold(by="ada", why="the fair"))

    board.change("shop", "dev", slowly)
    there = board.project("shop")
    dev, prod = there.of("dev"), there.of("prod")
    assert dev is not None
    assert dev.hold == Hold(by="ada", why="the fair")
    assert prod is not None
    assert prod.serving == Serving(version="9.0")
