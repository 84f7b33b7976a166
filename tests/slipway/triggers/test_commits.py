"""Watching from the triggerer."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from slipway.exceptions import EnvironmentMisconfigured
from slipway.model.git.watching import WatchedProject
from slipway.sensors.commits import CommitsSensor
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.watcher import Watcher
from slipway.triggers.commits import CommitsTrigger
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import Task, watch

PROJECTS: list[WatchedProject] = []
SOURCE = f"{__name__}.projects"


def projects() -> list[WatchedProject]:
    """Give what the trigger watches; it knows this function by its name."""
    return list(sys.modules[__name__].PROJECTS)


def fired(trigger: CommitsTrigger) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        pytest.fail("the trigger ended without a word")

    return asyncio.run(asyncio.wait_for(first(), 60))


def resumed(event: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    task: Any = Task()
    sensor = CommitsSensor(task_id="new_commits", watched=list, source=SOURCE, mode="deferrable")
    return sensor.resume({"ti": task}, event), task.seen


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> str:
    name = "tests_of_the_trigger"
    monkeypatch.setitem(sys.modules, name, sys.modules[__name__])
    monkeypatch.setattr("slipway.triggers.commits._watchers", {})
    return f"{name}.projects"


def test_the_sensor_hands_over_to_the_triggerer_and_back(
    repository: Repository, artifacts: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository.commit(readme="one")
    monkeypatch.setattr(sys.modules[__name__], "PROJECTS", [watch(repository)])
    sensor = CommitsSensor(
        task_id="new_commits", watched=list, source=source, mode="deferrable", poke_interval=0.5
    )
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    path, arguments = deferred.value.trigger.serialize()
    assert path == "slipway.triggers.commits.CommitsTrigger"
    runs, seen = resumed(fired(CommitsTrigger(**arguments)))
    run = f"commit__{head}"
    assert runs == [{"trigger_dag_id": "shop", "trigger_run_id": run, "conf": {"ref": head}}]
    assert [one["value"] for one in seen[0]] == [head]


def test_a_trigger_whose_time_is_over_ends_the_task_as_skipped(
    artifacts: Path, source: str
) -> None:
    event = fired(CommitsTrigger(source=source, poll=1.0, until=time.time() + 0.3))
    with pytest.raises(AirflowSkipException):
        resumed(event)


def test_a_triggerer_without_the_project_files_fails_the_task_and_says_what_to_do(
    artifacts: Path,
) -> None:
    event = fired(CommitsTrigger(source="no_such_module.projects", poll=1.0, until=time.time() + 9))
    with pytest.raises(EnvironmentMisconfigured, match="no_such_module") as failed:
        resumed(event)
    assert "PYTHONPATH" in failed.value.advice


def test_other_triggers_go_on_while_a_repository_hangs(
    artifacts: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(watcher: Watcher) -> list[Find]:
        time.sleep(1.0)
        return []

    monkeypatch.setattr(Watcher, "tick", hangs)

    async def beats() -> int:
        trigger = CommitsTrigger(source=source, poll=1.0, until=time.time() + 0.5)
        waiting = asyncio.ensure_future(anext(aiter(trigger.run())))
        count = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            count += 1
        return count

    assert asyncio.run(beats()) > 10
