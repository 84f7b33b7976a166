"""Housekeeping of one environment, on a cloud in memory."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.fleet import swap
from slipway.model.fleet import KeptMachine
from slipway.operators import swap as doors
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import NOW, make_group, make_target


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(doors, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(swap, "_WHILE_WAITING", 0.0)
    return cloud


def _run(operator: Any) -> Any:
    return operator.execute(FakeTask().context)


def test_standbys_are_retired_when_they_are_due(cloud: FakeFleetCloud) -> None:
    # Long ago and in far future, for the operator asks the real clock.
    for version, until in (("1", NOW), ("2", 2**40)):
        group = make_group(version, attached=False, standby_until=until)
        cloud.groups[group.name] = group
    _run(RetireStandbysOperator(task_id="t", target=make_target()))
    assert [one.name for one in cloud.observe().groups] == ["shop-dev-2"]


def test_a_kept_machine_has_its_end_from_housekeeping(cloud: FakeFleetCloud) -> None:
    for name, until in (("i-old", NOW), ("i-new", 2**40)):
        cloud.kept[name] = KeptMachine(instance_id=name, version="bad", until=until)
    _run(RetireStandbysOperator(task_id="t", target=make_target()))
    assert list(cloud.kept) == ["i-new"]
