"""What a shell says of a run's tasks while it follows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from unittest import mock

import pytest

from include.cli.server import follow
from include.cli.server.client import AirflowServer
from include.cli.server.follow import Progress
from include.cli.server.runs import Run, Task


def test_what_ended_is_told_with_the_time_of_its_end() -> None:
    server = mock.create_autospec(AirflowServer, instance=True)
    progress = Progress(server, Run(dag_id="shop.prod", run_id="manual__1", state="running"))
    task = Task(task_id="test", state="running", attempt=1, started="2026-11-27T17:23:37+00:00")
    (begins,) = progress.news([task])
    (ends,) = progress.news([replace(task, state="success", seconds=248.0)])
    began, ended = (
        datetime.fromisoformat(f"2026-11-27T{line.split()[0]}+00:00") for line in (begins, ends)
    )
    assert (ended - began).total_seconds() % 86400 == 248


def test_a_run_that_found_nothing_to_bring_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    server = mock.create_autospec(AirflowServer, instance=True)
    run = Run(dag_id="shop.prod", run_id="manual__1", state="success")
    tasks = [
        Task(task_id="choose_release", state="skipped", attempt=1),
        Task(task_id="plan", state="skipped", attempt=0),
    ]
    said = "nothing to do: 1.4.0 serves prod with the settings and the base image of today"
    messages = [{"event": "looked"}, {"event": said}, {"event": "Skipping task."}]
    monkeypatch.setattr(follow, "run_of", lambda *_: run)
    monkeypatch.setattr(follow, "tasks_of", lambda *_: tasks)
    monkeypatch.setattr(follow, "last_messages", lambda *_: messages)
    ended = follow.follow(server, run, lambda _: None)
    assert ended.code == 0
    assert list(follow.told(ended)) == [said, "shop.prod: success"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bake_early", "waits for the package to have its turn"),
        ("test", "waits: Slipway is being maintained"),
    ],
)
def test_a_task_that_gave_its_slot_back_says_for_what(name: str, said: str) -> None:
    server = mock.create_autospec(AirflowServer, instance=True)
    run = Run(dag_id="shop", run_id="commit__1", state="running")
    task = Task(task_id=name, state="up_for_reschedule", attempt=1)
    [line] = Progress(server, run).news([task])
    assert line.endswith(f"{name}: {said}")
