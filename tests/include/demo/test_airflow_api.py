"""What the demo's client makes of Airflow's answers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from include.demo import processes
from include.demo.airflow_api import AirflowApi, DemoFailed

FOUND = [
    {
        "task_id": "checkout",
        "state": "success",
        "duration": 2.5,
        "scheduled_when": "2026-11-27T12:00:00Z",
        "queued_when": "2026-11-27T12:00:03Z",
        "start_date": "2026-11-27T12:00:04.500000Z",
    },
    {
        "task_id": "asked_by_hand",
        "state": "running",
        "duration": None,
        "scheduled_when": None,
        "queued_when": "2026-11-27T12:00:01Z",
        "start_date": "2026-11-27T12:00:02Z",
    },
    {
        "task_id": "to_come",
        "state": None,
        "duration": None,
        "scheduled_when": None,
        "queued_when": None,
        "start_date": None,
    },
]


@pytest.fixture
def api() -> AirflowApi:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/dags/hello/dagRuns/run-1/taskInstances"
        return httpx.Response(200, json={"task_instances": FOUND})

    api = AirflowApi()
    api._client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    return api


def test_a_wait_is_from_scheduled_or_queued_to_running_and_is_of_those_that_ran(
    api: AirflowApi,
) -> None:
    assert api.waits("hello", "run-1") == {"checkout": 4.5, "asked_by_hand": 1.0}


def test_tasks_come_in_the_order_in_which_they_started(api: AirflowApi) -> None:
    told = [(one.task, one.state, one.seconds) for one in api.tasks("hello", "run-1")]
    assert told == [
        ("asked_by_hand", "running", None),
        ("checkout", "success", 2.5),
        ("to_come", None, None),
    ]


def pools_there(*names: str) -> AirflowApi:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/pools"
        return httpx.Response(200, json={"pools": [{"name": name} for name in names]})

    api = AirflowApi()
    api._client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    return api


def test_pools_that_could_not_be_made_are_told_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without one its tasks wait, and nothing says why."""
    monkeypatch.setattr(processes, "LOG", tmp_path)
    monkeypatch.setattr(processes, "alive", lambda name: False)
    (tmp_path / "pools.log").write_text("Invalid pool: slots is no number\n")
    wanted = ("slipway_builds", "slipway_bakes")
    pools_there(*wanted, "default_pool").wait_for_pools(wanted, timeout=60)
    with pytest.raises(DemoFailed, match="no pool slipway_bakes:\nInvalid pool: slots"):
        pools_there("slipway_builds").wait_for_pools(wanted, timeout=60)
