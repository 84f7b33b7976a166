"""Polls of real repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slipway.operators.remember_commits import RememberCommitsOperator
from slipway.sensors.commits import CommitsSensor, WatchedBranch
from tests.fakes.git_server import Repository


def poke(*watched: WatchedBranch) -> list[dict[str, Any]]:
    """Poll the branches once, and return the runs that are to be started."""
    sensor = CommitsSensor(task_id="new_commits", watched=lambda: watched)
    answer = sensor.poke({})
    assert answer.is_done == bool(answer.xcom_value)
    return list(answer.xcom_value or ())


def remember(runs: list[dict[str, Any]]) -> None:
    """Do what follows when the runs were started."""
    RememberCommitsOperator(task_id="remember", runs=runs).execute({})


def watch(repository: Repository, dag_id: str = "shop") -> WatchedBranch:
    """Watch a repository's main branch."""
    return WatchedBranch(dag_id=dag_id, url=repository.url, branch="main", connection=None)


def two(daemon: tuple[Path, str], name: str) -> tuple[Repository, Repository]:
    """Make two repositories with a commit."""
    base, url = daemon
    evil, good = (Repository(base / f"{name}-{n}", f"{url}/{name}-{n}") for n in ("evil", "good"))
    evil.commit(readme="one")
    good.commit(readme="one")
    return evil, good
