"""An environment whose lease somebody has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.fleet import swap
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.tasks.lease.owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target

LEASE = "/slipway-leases/shop/dev"
MINE = FakeTask(run_id="manual__2026-11-23T12:00:00+00:00")
OTHER = ("shop", "commit__abc")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    deploy(cloud, "1")
    return cloud


@pytest.fixture
def held(cloud: FakeFleetCloud) -> str:
    """The lease is another run's."""
    owner = run_owner(*OTHER)
    cloud.lease(owner=owner, is_dead=lambda _: False).acquire()
    return owner


def make(kind: Any, version: str = "2") -> Any:
    return kind(task_id="t", target=make_target(), image=make_image(version).to_json())


def holder(cloud: FakeFleetCloud) -> Any:
    value = cloud.ssm.parameters.get(LEASE)
    return json.loads(value) if value else None


def half_done(cloud: FakeFleetCloud) -> list[dict[str, Any]]:
    """What the lease has on record, without the swaps' own names."""
    swaps: list[dict[str, Any]] = holder(cloud)["swaps"]
    return [{key: one[key] for key in one if key != "name"} for one in swaps]


def mutations(cloud: FakeFleetCloud) -> int:
    cloud.observe()
    return len(cloud.calls)


def housekeeping() -> RetireStandbysOperator:
    return RetireStandbysOperator(task_id="t", target=make_target())
