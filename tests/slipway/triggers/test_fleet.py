from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from typing import Any
from unittest import mock

import pytest

from slipway.exceptions import (
    CloudUnavailable,
    EnvironmentMisconfigured,
    SlipwayError,
    UnhealthyRelease,
)
from slipway.fleet.gates import GateResult
from slipway.triggers import fleet
from slipway.triggers.fleet import FleetTrigger
from tests.slipway.fleet.worlds import make_image, make_target


class _Script:
    """Answers of the gate, and who was asked for them."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.swaps: list[Any] = []
        self.threads: set[int] = set()
        self.waited: list[float] = []

    def ask(self, gate: Any, swap: Any, *, waited: float) -> GateResult:
        self.swaps.append(swap)
        self.threads.add(threading.get_ident())
        self.waited.append(waited)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return GateResult(passed=answer, message="so far")


def _scripted(monkeypatch: pytest.MonkeyPatch, *answers: bool | Exception) -> _Script:
    script = _Script(*answers)
    monkeypatch.setattr(fleet, "evaluate", script.ask)
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: None)
    return script


def _trigger(since: float | None = None) -> FleetTrigger:
    return FleetTrigger(
        gate="healthy",
        environment=make_target().to_json(),
        image=make_image("1").to_json(),
        since=time.time() if since is None else since,
        poll=0.01,
    )


def _events(trigger: FleetTrigger) -> list[Any]:
    async def all_of_them() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(all_of_them())


def test_it_survives_the_database_and_fires_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = _scripted(monkeypatch, False, False, True)
    path, arguments = _trigger(since=time.time() - 40).serialize()
    assert path == f"{FleetTrigger.__module__}.FleetTrigger"
    assert _events(FleetTrigger(**json.loads(json.dumps(arguments)))) == [{"passed": True}]
    assert len(script.answers) == 0
    # The gate's patience began in the worker.
    assert 40 <= script.waited[0] < 45


def test_the_event_loop_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    script = _scripted(monkeypatch, False, True)
    _events(_trigger())
    assert threading.get_ident() not in script.threads


def test_the_cloud_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = _scripted(monkeypatch, False, False, True)
    _events(_trigger())
    assert len({id(swap) for swap in script.swaps}) == 1


@pytest.mark.parametrize(
    ("error", "retry", "unhealthy"),
    [
        (UnhealthyRelease("0 of 2"), False, True),
        (EnvironmentMisconfigured("no such alarm"), False, False),
        (CloudUnavailable("away"), True, False),
    ],
)
def test_a_gate_that_cannot_open(
    monkeypatch: pytest.MonkeyPatch, error: SlipwayError, retry: bool, unhealthy: bool
) -> None:
    _scripted(monkeypatch, False, error)
    before = time.time()
    [told] = _events(_trigger())
    assert before <= told.pop("at") <= time.time()
    assert told == {"error": str(error), "retry": retry, "unhealthy": unhealthy}


def test_the_log_says_what_is_waited_for_and_no_line_for_each_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _scripted(monkeypatch, *[False] * 15, True)
    log = mock.create_autospec(logging.Logger, instance=True)
    monkeypatch.setattr(FleetTrigger, "log", log)
    _events(_trigger())
    assert log.info.call_args_list == [mock.call("%s", "so far")]
