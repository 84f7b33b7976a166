"""A project whose DAG Airflow has not read yet waits, quietly at first, and alone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from slipway.exceptions import RepositoriesInTrouble
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.watch_trouble import Trouble, note_trouble, troubles
from slipway.model.git.watching import WatchedProject
from slipway.sensors import commits
from slipway.sensors.commits import CommitsSensor
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.known_dags import PATIENCE, STANDS, subject_of
from slipway.tasks.watching.standing import raise_for_troubles
from slipway.tasks.watching.watcher import Watcher
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import Task, poke_with, remember, two, watch

NO_SUCH_DAG, OUT_OF_ORDER = {"hello": 404}, {"hello": 500}


def sensor(*watched: WatchedProject, **options: Any) -> CommitsSensor:
    return CommitsSensor(task_id="new_commits", watched=lambda: watched, **options)


def dags(runs: list[dict[str, Any]]) -> list[str]:
    return [run["trigger_dag_id"] for run in runs]


def age(seconds: float) -> None:
    """Let what is noted have been noted earlier."""
    for one in troubles(artifact_store()):
        note_trouble(artifact_store(), replace(one, since=one.since - seconds))


def test_a_new_project_is_passed_over_with_one_line_until_its_dag_is_there(
    daemon: tuple[Path, str], artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, other = two(daemon, "unread")
    watched = (watch(new, "hello"), watch(other, "shop"))
    runs = poke_with(sensor(*watched), NO_SUCH_DAG)
    assert dags(runs) == ["shop"]
    remember(runs)
    waiting = sensor(*watched)
    for again in (waiting, waiting, sensor(*watched)):
        assert poke_with(again, NO_SUCH_DAG) == []
    said = [one for one in capsys.readouterr().out.splitlines() if "hello:" in one]
    assert len(said) == 1
    assert "Airflow does not have the DAG yet; what was found is run as soon as it has" in said[0]
    raise_for_troubles()
    # At the very next look, with nothing lost meanwhile.
    runs = poke_with(waiting)
    assert dags(runs) == ["hello"]
    assert "hello: Airflow has the DAG now" in capsys.readouterr().out
    remember(runs)
    assert poke_with(waiting) == []
    assert troubles(artifact_store()) == []


def test_a_dag_that_stays_away_is_shown_until_it_comes(
    repository: Repository, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(readme="one")
    one = sensor(watch(repository, "hello"))
    poke_with(one, NO_SUCH_DAG)
    age(PATIENCE + 1)
    for _ in range(2):
        assert poke_with(one, NO_SUCH_DAG) == []
    with pytest.raises(RepositoriesInTrouble, match=r"hello: .* after 5 minutes(.|\n)*what to do"):
        raise_for_troubles()
    assert capsys.readouterr().out.count("after 5 minutes") == 1
    # A watcher that is begun anew keeps it, too.
    poke_with(sensor(watch(repository, "hello")), NO_SUCH_DAG)
    with pytest.raises(RepositoriesInTrouble):
        raise_for_troubles()
    assert dags(poke_with(one)) == ["hello"]
    raise_for_troubles()


def test_what_nobody_finds_any_more_is_not_shown_for_ever(artifacts: Path) -> None:
    trouble = Trouble(
        subject=subject_of("hello"),
        repository="",
        projects=("hello",),
        reason="no DAG",
        since=time.time() - 2 * STANDS,
        until=time.time() + 60,
    )
    note_trouble(artifact_store(), trouble)
    with pytest.raises(RepositoriesInTrouble):
        raise_for_troubles()
    note_trouble(artifact_store(), replace(trouble, until=time.time() - 60))
    raise_for_troubles()
    # Nor is that of a project that is gone.
    Watcher(tuple, artifact_store(), print).sweep()
    assert troubles(artifact_store()) == []


def test_a_server_that_cannot_say_holds_up_nothing(repository: Repository, artifacts: Path) -> None:
    """The task that makes the run asks it again, and says what is wrong."""
    repository.commit(readme="one")
    assert dags(poke_with(sensor(watch(repository, "hello")), OUT_OF_ORDER)) == ["hello"]


def test_many_that_wait_keep_no_other_from_its_turn(
    daemon: tuple[Path, str], artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "MOST_FINDS", 1)
    new, other = two(daemon, "many")
    watched = (watch(new, "hello"), watch(new, "hello-docs"), watch(other, "shop"))
    missing = {"hello": 404, "hello-docs": 404}
    assert dags(poke_with(sensor(*watched), missing)) == ["shop"]


def resumed(finds: list[Find], until: float, missing: dict[str, int]) -> list[dict[str, Any]]:
    task: Any = Task(missing=missing)
    waiting = sensor(source="tests.projects", mode="deferrable")
    event = {"finds": [find.to_json() for find in finds]}
    return waiting.resume({"ti": task}, event, until=until)


def test_in_the_triggerer_the_same_run_waits_on_as_long_as_it_would_have(artifacts: Path) -> None:
    finds = [Find(dag_id=one, run_id="r", sha="a" * 40, event=None) for one in ("hello", "shop")]
    until = time.time() + 600
    with pytest.raises(TaskDeferred) as deferred:
        resumed(finds[:1], until, NO_SUCH_DAG)
    assert deferred.value.trigger.serialize()[1]["until"] == until
    assert deferred.value.kwargs == {"until": until}
    assert dags(resumed(finds, until, NO_SUCH_DAG)) == ["shop"]
    with pytest.raises(AirflowSkipException):
        resumed(finds[:1], time.time() - 1, NO_SUCH_DAG)
