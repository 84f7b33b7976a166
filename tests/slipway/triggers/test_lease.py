from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from unittest import mock

import pytest

from slipway.exceptions import CloudUnavailable
from slipway.triggers import lease
from slipway.triggers.lease import LeaseTrigger
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud()
    monkeypatch.setattr(lease, "fleet_cloud", lambda *_, **__: cloud)
    return cloud


def _trigger(**more: float) -> LeaseTrigger:
    path, arguments = LeaseTrigger(environment=make_target().to_json(), **more).serialize()
    assert path == f"{LeaseTrigger.__module__}.LeaseTrigger"
    return LeaseTrigger(**json.loads(json.dumps(arguments)))


async def _next(trigger: LeaseTrigger) -> Any:
    return [event.payload async for event in trigger.run()]


def _hold(cloud: FakeFleetCloud, owner: str) -> None:
    cloud.lease(owner=owner, is_dead=lambda _: True).acquire()


def test_it_fires_at_once_when_nobody_holds_it(cloud: FakeFleetCloud) -> None:
    assert asyncio.run(_next(_trigger(poll=60.0))) == [{}]


@pytest.mark.parametrize(
    ("heir", "told"), [("another", "another has the lease now"), (None, "the lease is free")]
)
def test_it_fires_when_the_lease_changes_hands(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch, heir: str | None, told: str
) -> None:
    log = mock.create_autospec(logging.Logger, instance=True)
    monkeypatch.setattr(LeaseTrigger, "log", log)
    _hold(cloud, "somebody")

    async def watched() -> Any:
        waiting = asyncio.create_task(_next(_trigger(poll=0.01)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        _hold(cloud, heir) if heir else cloud.ssm.parameters.clear()
        return await waiting

    assert asyncio.run(watched()) == [{}]
    assert log.info.call_args_list == [mock.call("%s", told)]


def test_it_fires_after_a_while_so_that_a_worker_asks_for_the_owner(cloud: FakeFleetCloud) -> None:
    _hold(cloud, "somebody")
    assert asyncio.run(_next(_trigger(poll=0.01, patience=0.05))) == [{}]


def test_what_is_wrong_with_the_cloud_is_left_to_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        msg = "the cloud is away"
        raise CloudUnavailable(msg)

    monkeypatch.setattr(lease, "fleet_cloud", away)
    assert asyncio.run(_next(_trigger())) == [{}]
