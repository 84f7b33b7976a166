"""A deferred task is not failed by what its executor says of the process before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import pytest
from airflow.executors.base_executor import BaseExecutor
from airflow.triggers.base import TriggerEvent
from airflow.utils.state import TaskInstanceState

from slipway.triggers import settled
from slipway.triggers.commits import CommitsTrigger
from slipway.triggers.fleet import FleetTrigger
from slipway.triggers.lease import LeaseTrigger


class Once:
    """Fires as soon as it is asked, or later."""

    def __init__(self, after: float = 0.0) -> None:
        self.after = after

    @settled.settled
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire."""
        await asyncio.sleep(self.after)
        yield TriggerEvent({"passed": True})


async def _seconds(trigger: Once) -> float:
    began = time.monotonic()
    assert [event.payload async for event in trigger.run()] == [{"passed": True}]
    return time.monotonic() - began


def test_a_trigger_that_could_fire_at_once_lets_the_scheduler_hear_of_the_worker_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settled.SETTLE == 0.0  # in these tests
    monkeypatch.setattr(settled, "SETTLE", 0.3)
    assert asyncio.run(_seconds(Once())) >= 0.3


def test_one_that_waited_anyway_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(settled, "SETTLE", 0.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(_seconds(Once()))
    assert slept[-1] == 0.0


@pytest.mark.parametrize("trigger", [CommitsTrigger, FleetTrigger, LeaseTrigger])
def test_each_trigger_that_may_fire_soon_is_settled(trigger: Any) -> None:
    assert trigger.run.__wrapped__


class _Executor(BaseExecutor):
    """Runs nothing."""

    def _process_workloads(self, workload_items: Any) -> None:
        for workload in workload_items:
            key = workload.ti.key
            del self.queued_tasks[key]
            self.running.add(key)


def test_airflow_still_takes_old_news_for_the_new_process() -> None:
    """When this fails, Airflow keeps the two apart: see whether ``settled`` can go."""
    executor = _Executor(parallelism=4)
    key = mock.sentinel.key
    workload = mock.MagicMock()
    workload.ti.key = key
    executor.running.add(key)  # the process that deferred, which has ended unnoticed
    executor.queued_tasks[key] = workload  # its trigger has fired
    with mock.patch.object(executor, "_get_workloads_to_schedule", return_value=[(key, workload)]):
        executor.trigger_tasks(4)
    executor.change_state(key, TaskInstanceState.SUCCESS)  # of the first
    assert key not in executor.running
    assert not executor.queued_tasks
