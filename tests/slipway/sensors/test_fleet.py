from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from slipway.exceptions import UnhealthyRelease
from slipway.fleet.gates import Verdict
from slipway.sensors import fleet
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.triggers import fleet as trigger_module
from slipway.triggers.fleet import FleetTrigger

ENVIRONMENT = {
    "project": "shop", "environment": "dev", "region": "eu-west-1", "aws_conn_id": "aws",
    "subnets": ["a"], "security_groups": ["s"], "instance_type": "t3.micro", "min_size": 1,
    "desired_size": 2, "max_size": 4, "health_path": "/", "health_port": 80,
    "health_timeout": 60.0, "soak": 5.0, "keep_old": 0.0, "target_group": "shop-dev",
}  # fmt: skip
IMAGE = {
    "release": {"project": "shop", "sha": "a" * 40, "version": "1"}, "image_id": "ami-1",
    "name": "n", "base_image_id": "b", "deb_sha256": "d", "playbook_hash": "p",
    "region": "eu-west-1",
}  # fmt: skip


def _scripted(monkeypatch: pytest.MonkeyPatch, *answers: bool | Exception) -> list[float]:
    script, waited = list(answers), []

    def ask(gate: Any, swap: Any, *, waited_for: float) -> Verdict:
        waited.append(waited_for)
        answer = script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Verdict(passed=answer, said="so far")

    for module in (fleet, trigger_module):
        monkeypatch.setattr(module, "ask", lambda g, s, waited: ask(g, s, waited_for=waited))
    monkeypatch.setattr(fleet, "open_swap", lambda *_: None)
    monkeypatch.setattr(trigger_module, "fleet_cloud", lambda *_: None)
    return waited


def _sensor(**more: Any) -> FleetHealthySensor:
    return FleetHealthySensor(
        task_id="fleet_healthy", environment=ENVIRONMENT, image=IMAGE, poke_interval=0.01, **more
    )


def test_pokes_until_the_gate_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = _scripted(monkeypatch, False, False, True)
    _sensor().execute({})
    assert len(waited) == 3


def test_an_unhealthy_release_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, False, UnhealthyRelease("0 of 2"))
    with pytest.raises(AirflowFailException, match="0 of 2"):
        _sensor().execute({})


def test_a_deferrable_one_leaves_the_worker_only_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "POKE_FIRST", 0.05)
    waited = _scripted(monkeypatch, *[False] * 100)
    with pytest.raises(TaskDeferred) as deferred:
        _sensor(deferrable=True).execute({})
    assert 1 < len(waited) < 100
    assert deferred.value.timeout is not None


def test_the_trigger_survives_the_database_and_fires_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, False, True)
    trigger = FleetTrigger(
        gate="healthy", environment=ENVIRONMENT, image=IMAGE, since=0.0, poll=0.01
    )
    path, arguments = trigger.serialize()
    assert path == f"{FleetTrigger.__module__}.FleetTrigger"

    async def events() -> list[Any]:
        return [event.payload async for event in FleetTrigger(**arguments).run()]

    assert asyncio.run(events()) == [{"passed": True}]


def test_a_shut_gate_fails_the_task_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, UnhealthyRelease("0 of 2"))
    trigger = FleetTrigger(
        gate="healthy", environment=ENVIRONMENT, image=IMAGE, since=0.0, poll=0.01
    )

    async def first() -> Any:
        return (await anext(trigger.run())).payload

    event = asyncio.run(first())
    with pytest.raises(AirflowFailException, match="0 of 2"):
        _sensor().execute_complete({}, event)
