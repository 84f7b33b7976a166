"""Runs are made in the order of their commits, whichever mapped task is the quickest."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from slipway.exceptions import RunsNotMade
from slipway.operators.watching import start_run
from slipway.operators.watching.start_run import StartRunOperator

FOUND = [
    {"trigger_dag_id": dag, "trigger_run_id": f"commit__{dag}{number}"}
    for dag, number in (("shop", 0), ("shop", 1), ("api", 0), ("shop", 2), ("api", 1), ("shop", 3))
]


@dataclass
class World:
    """What Airflow knows of the mapped tasks, and the runs in the order in which they were made.

    :param broken: ids of runs that cannot be made.
    """

    made: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    errors: dict[int, BaseException] = field(default_factory=dict)

    def work(self, index: int) -> None:
        """Do what a worker does with one of the mapped tasks."""
        name = f"start_runs_{index}"
        self.states[name] = "running"
        task = StartRunOperator(task_id="start_runs", found_by="new_commits", **FOUND[index])
        context: Any = {"ti": Ti(self, index)}
        try:
            task.execute(context)
        except BaseException as error:
            self.errors[index] = error
            self.states[name] = "failed"
        else:
            self.states[name] = "success"


@dataclass
class Ti:
    """One of the mapped tasks."""

    world: World
    map_index: int
    dag_id: str = "commits"
    run_id: str = "r"
    task_id: str = "start_runs"

    def xcom_pull(self, *, task_ids: str) -> Any:
        assert task_ids == "new_commits"
        return FOUND

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {"r": dict(self.world.states)}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    one = World()

    def make(task: TriggerDagRunOperator, context: Any) -> None:
        if task.trigger_run_id in one.broken:
            msg = "the database is away"
            raise ConnectionError(msg)
        one.made.append(str(task.trigger_run_id))

    monkeypatch.setattr(TriggerDagRunOperator, "execute", make)
    monkeypatch.setattr(start_run, "PAUSE", 0.01)
    return one


def of(world: World, dag: str) -> list[str]:
    return [one for one in world.made if one.startswith(f"commit__{dag}")]


def together(world: World, order: list[int], pause: float = 0.0) -> None:
    """Let workers begin with the tasks in some order, and work side by side."""
    threads = [threading.Thread(target=world.work, args=(index,)) for index in order]
    for thread in threads:
        thread.start()
        time.sleep(pause)
    for thread in threads:
        thread.join(timeout=60)


@pytest.mark.parametrize("seed", range(5))
def test_commits_of_a_branch_get_their_runs_in_order_however_workers_race(
    world: World, seed: int
) -> None:
    order = list(range(len(FOUND)))
    random.Random(seed).shuffle(order)
    together(world, order, pause=0.02)
    assert of(world, "shop") == [f"commit__shop{number}" for number in range(4)]
    assert of(world, "api") == ["commit__api0", "commit__api1"]


def test_no_project_waits_for_another(world: World) -> None:
    world.work(2)
    world.work(4)
    assert world.made == ["commit__api0", "commit__api1"]


def test_a_newer_commit_is_not_run_in_place_of_one_that_could_not_be(world: World) -> None:
    """It would be remembered, and the older one with it, which nobody would find again."""
    world.broken = frozenset({"commit__shop1"})
    together(world, list(range(len(FOUND))))
    assert of(world, "shop") == ["commit__shop0"]
    assert of(world, "api") == ["commit__api0", "commit__api1"]
    assert [type(world.errors[index]) for index in (3, 5)] == [RunsNotMade, RunsNotMade]


def test_one_that_never_comes_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_run, "PATIENCE", 0.05)
    world.work(5)
    assert isinstance(world.errors[5], RunsNotMade)
    assert "start_runs_0 has not made" in str(world.errors[5])
    assert world.made == []


@pytest.mark.parametrize("kind", ["pr__{}__a", "branch__topic-{}__a", "tag__v{}-0__a"])
def test_a_pull_request_whose_run_cannot_be_made_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    runs = [kind.format(1), kind.format(2), kind.format(1) + "b"]
    found = [{"trigger_dag_id": "shop.proposals", "trigger_run_id": one} for one in runs]
    monkeypatch.setattr(f"{__name__}.FOUND", found)
    world.broken = frozenset({runs[0]})
    together(world, [0, 1, 2])
    assert world.made == [runs[1]]
    assert isinstance(world.errors[2], RunsNotMade)  # its own next one
