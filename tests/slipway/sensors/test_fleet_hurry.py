"""The gates' sensors and triggers let a fix past a release that answers wrongly."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from slipway.fleet import patience
from slipway.fleet.gates import GateResult
from slipway.sensors import fleet as sensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.triggers import fleet as trigger
from slipway.triggers.fleet import FleetTrigger
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet.worlds import make_image, make_target
from tests.slipway.sensors.polls import hand_on

TARGET, IMAGE = make_target(), make_image("1").to_json()
SHA = "b" * 40
WRONG = GateResult(passed=False, message="0 of 2 machines healthy", patience=0.05)
NOT_UP = GateResult(passed=False, message="0 of 2 machines healthy")
TASK = FakeTask(dag_id="shop", run_id="commit__a", states={("shop", f"commit__{SHA}"): "queued"})


@pytest.fixture(autouse=True)
def _a_fix_waits(artifacts: Path) -> None:
    del artifacts
    hand_on("shop", SHA)


def seen(monkeypatch: pytest.MonkeyPatch, module: Any, result: GateResult, *, passes: int) -> None:
    """Let a gate see the same for a while, and then all that it wants."""
    looks = iter([*[result] * passes, GateResult(passed=True, message="2 of 2")])
    monkeypatch.setattr(module, "evaluate", lambda *_, **__: next(looks))
    monkeypatch.setattr(patience, "_PAUSE", 0.0)


def wait_in_a_worker(monkeypatch: pytest.MonkeyPatch, result: GateResult, context: Any) -> None:
    seen(monkeypatch, sensor, result, passes=40)
    monkeypatch.setattr(sensor, "open_swap", lambda *_: None)
    task = FleetHealthySensor(
        task_id="fleet_healthy", target=TARGET, image=IMAGE, poke_interval=0.01
    )
    task.execute(context)


def test_a_worker_stops_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AirflowFailException, match="newer commit bbbbbbb waits"):
        wait_in_a_worker(monkeypatch, WRONG, TASK.context)


def test_a_worker_waits_for_what_is_not_up_yet_or_where_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait_in_a_worker(monkeypatch, NOT_UP, TASK.context)
    wait_in_a_worker(monkeypatch, WRONG, FakeTask(dag_id="shop").context)
    wait_in_a_worker(monkeypatch, WRONG, {})


def wait_in_the_triggerer(
    monkeypatch: pytest.MonkeyPatch, result: GateResult, task: Any
) -> dict[str, Any]:
    seen(monkeypatch, trigger, result, passes=40)
    monkeypatch.setattr(trigger, "fleet_cloud", lambda *_, **__: None)
    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", staticmethod(TASK.get_dr_count))
    waiting = FleetTrigger(
        gate="healthy", environment=TARGET.to_json(), image=IMAGE, since=time.time(), poll=0.01
    )
    waiting._task_instance = task

    async def first() -> Any:
        return [event.payload async for event in waiting.run()]

    [payload] = asyncio.run(first())
    return dict(payload)


def test_the_triggerer_stops_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    told = wait_in_the_triggerer(
        monkeypatch, WRONG, SimpleNamespace(dag_id="shop", run_id="commit__a")
    )
    assert not told["retry"]
    assert "newer commit bbbbbbb waits" in told["error"]


@pytest.mark.parametrize(
    ("result", "task"),
    [(NOT_UP, SimpleNamespace(dag_id="shop", run_id="commit__a")), (WRONG, None)],
)
def test_the_triggerer_waits_on_otherwise(
    monkeypatch: pytest.MonkeyPatch, result: GateResult, task: Any
) -> None:
    assert wait_in_the_triggerer(monkeypatch, result, task) == {"passed": True}
