"""A branch that is watched and is not there: said at once, where people look, and to them alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from slipway.model.git.watching import WatchedProject
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, remember, two, watch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_branch_that_is_missing_is_told_by_one_run_of_its_project_and_stops_no_other(
    daemon: tuple[Path, str], artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost, good = two(daemon, "missing")
    lost.git("branch", "--move", "main", "master")
    lost.git("branch", "develop")
    lost.git("branch", "maint")
    watched = [watch(lost, "lost"), watch(good, "good")]
    runs = poke(*watched)
    assert [run["trigger_dag_id"] for run in runs] == ["lost", "good"]
    assert re.fullmatch(r"branch_missing__\d{8}T\d{6}", runs[0]["trigger_run_id"])
    assert runs[0]["conf"] == {"ref": "refs/heads/main"}
    said = capsys.readouterr().out
    assert f"lost: {lost.url} has no branch 'main'" in said
    assert "its branches, the nearest first: maint, master, develop" in said
    again = [run["trigger_dag_id"] for run in poke(*watched)]
    assert again == ["lost", "good"]  # after a crash before it was noted
    remember(runs)
    assert json.loads((artifacts / "heads" / "good.json").read_text()) == runs[1]["conf"]["ref"]
    assert not (artifacts / "heads" / "lost.json").exists()
    assert poke(*watched) == []


def test_a_branch_that_comes_back_goes_on_where_it_was_and_is_told_of_again_when_it_goes(
    repository: Repository, artifacts: Path
) -> None:
    watched = watch(repository)
    repository.commit(readme="one")
    remember(poke(watched))
    repository.git("branch", "--move", "main", "other")
    remember(poke(watched))
    assert poke(watched) == []
    repository.git("branch", "--move", "other", "main")
    assert poke(watched) == []
    burst = [repository.commit(readme=f"{number}") for number in range(2)]
    runs = poke(watched)
    assert [run["conf"]["ref"] for run in runs] == burst
    remember(runs)
    repository.git("branch", "--move", "main", "other")
    assert [run["conf"]["ref"] for run in poke(watched)] == ["refs/heads/main"]


def test_another_branch_that_is_missing_is_told_of_as_well(
    repository: Repository, artifacts: Path
) -> None:
    """Also one whose ref is longer than what a run may be given."""
    repository.commit(readme="one")
    for branch in ("absent", "also/absent", "x" * 250):
        watched = WatchedProject(dag_id="shop", url=repository.url, branch=branch, connection=None)
        runs = poke(watched)
        assert [run["conf"]["ref"] for run in runs] == [f"refs/heads/{branch}"[:250]]
        remember(runs)
        assert poke(watched) == []


def test_a_repository_without_a_commit_is_told_of(repository: Repository, artifacts: Path) -> None:
    watched = watch(repository)
    runs = poke(watched)
    assert [run["conf"]["ref"] for run in runs] == ["refs/heads/main"]
    remember(runs)
    head = repository.commit(readme="one")
    assert [run["conf"]["ref"] for run in poke(watched)] == [head]


def test_a_server_that_is_away_has_not_lost_its_branches(artifacts: Path) -> None:
    away = WatchedProject(dag_id="away", url="git://127.0.0.1:1/x", branch="main", connection=None)
    assert poke(away) == []
