"""The end of a failed task's log, as a shell shows it."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest

from include.cli.server.client import AirflowServer
from include.cli.server.logs import last_messages
from include.cli.server.runs import Run, Task

RUN = Run(dag_id="shop.prod", run_id="manual__1", state="failed")
TASK = Task(task_id="test", state="failed", attempt=1)
BEGIN, AFTER, END = "::group::Pre Execute", "::group::Post Execute", "::endgroup::"


def ends_with(*messages: str | dict[str, Any], most: int = 20) -> list[str]:
    server = mock.create_autospec(AirflowServer, instance=True)
    told = [one if isinstance(one, dict) else {"event": one, "level": "info"} for one in messages]
    server.lines.return_value = iter(map(json.dumps, told))
    return [one["event"] for one in last_messages(server, RUN, TASK, most)]


def test_what_airflow_says_around_each_task_is_left_out() -> None:
    assert ends_with(BEGIN, "loaded", END, "1 failed", AFTER, "pushed", END) == ["1 failed"]


def test_what_takes_its_place_is_the_log_of_the_task() -> None:
    said = [f"line {number}" for number in range(5)]
    assert ends_with(BEGIN, *["loaded"] * 9, END, *said, AFTER, END, most=3) == said[-3:]


@pytest.mark.parametrize("more", [{"level": "error"}, {"error_detail": [{"exc_value": "x"}]}])
def test_a_mistake_within_it_stays(more: dict[str, Any]) -> None:
    assert ends_with(BEGIN, {"event": "no such DAG", **more}, "loaded", END) == ["no such DAG"]


def test_a_task_that_ends_in_it_has_it_whole() -> None:
    assert ends_with(BEGIN, "loads", "was killed") == [BEGIN, "loads", "was killed"]


def test_other_groups_are_no_frame() -> None:
    assert ends_with("::group::up", "OK 1", END) == ["::group::up", "OK 1", END]
