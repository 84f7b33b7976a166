"""A time is waited for without a worker, and a wait that somebody cancels ends at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent
from slipway.policies.controls import after
from slipway.triggers import clock
from slipway.triggers.clock import ClockTrigger, pause

pytestmark = pytest.mark.usefixtures("artifacts")


def _trigger(left: float, **more: Any) -> ClockTrigger:
    facts: dict[str, Any] = {
        "project": "shop",
        "environment": "prod",
        "run_id": "r",
        "asked_at": time.time() - 60,
    }
    made = ClockTrigger(until=time.time() + left, poll=0.02, **(facts | more))
    path, arguments = made.serialize()
    assert path == f"{ClockTrigger.__module__}.ClockTrigger"
    return ClockTrigger(**json.loads(json.dumps(arguments)))


async def _fired(trigger: ClockTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def _cancel(run: str = "", environment: str = "prod") -> None:
    event = ControlEvent(
        action=Action.CANCEL,
        by="ann",
        at=0,
        why="",
        dag_id="controls",
        run_id=f"c {run} {environment}",
        project="shop",
        environment=environment,
        run=run,
    )
    ControlBook(artifact_store()).note(event, after)


def test_it_fires_when_the_time_has_come_and_not_before() -> None:
    began = time.time()
    assert asyncio.run(_fired(_trigger(0.3))) == [{}]
    assert time.time() - began >= 0.3


def test_a_time_that_came_while_no_triggerer_was_there_fires_at_once() -> None:
    began = time.monotonic()
    assert asyncio.run(_fired(_trigger(-3600.0))) == [{}]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("run", ["r", ""])
def test_it_fires_when_somebody_cancels_it(run: str) -> None:
    async def watched() -> Any:
        waiting = asyncio.create_task(_fired(_trigger(60.0)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        _cancel(run)
        return await asyncio.wait_for(waiting, 20)

    assert asyncio.run(watched()) == [{}]


def test_another_runs_or_environments_cancellation_ends_nothing() -> None:
    _cancel("other")
    _cancel("r", environment="dev")
    began = time.time()
    assert asyncio.run(_fired(_trigger(0.3))) == [{}]
    assert time.time() - began >= 0.3


def test_a_store_that_is_away_ends_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        msg = "no route to host"
        raise OSError(msg)

    monkeypatch.setattr(clock, "artifact_store", away)
    began = time.time()
    assert asyncio.run(_fired(_trigger(0.2))) == [{}]
    assert time.time() - began >= 0.2


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(60 * 86400, 60), (3600, 60), (1800, 30), (300, 5), (60, 5), (3, 3), (0, 0), (-1, 0)],
)
def test_the_nearer_its_time_is_the_oftener_it_looks(left: float, seconds: float) -> None:
    assert pause(left, 5.0) == seconds
