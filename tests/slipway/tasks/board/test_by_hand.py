"""What somebody changed by hand comes onto the board by housekeeping, and goes with the group."""

from __future__ import annotations

import pytest

from slipway.exceptions import CloudUnavailable
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.model.board.by_hand import ByHand, HandChange
from slipway.model.cloud.group_seen import GroupSeen
from slipway.operators import swap
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.tasks.board.show import show
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_group, make_target
from tests.slipway.operators.releases import catalogue

NAME = "shop-dev-1"
SEEN = GroupSeen(name=NAME, live_since=1000, asked=2, size=(1, 5, 8))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    deploy(cloud, "1")
    catalogue("1", "2")
    cloud.close[NAME] = SEEN
    return cloud


def keep_house() -> None:
    task = FakeTask(dag_id="housekeeping", run_id="scheduled__1")
    RetireStandbysOperator(task_id="t", target=make_target()).execute(task.context)


def shown() -> ByHand | None:
    found = snapshots().project("shop").of("dev")
    assert found is not None
    return found.by_hand


def test_housekeeping_shows_it_and_that_it_was_put_right(cloud: FakeFleetCloud) -> None:
    keep_house()
    change = HandChange(what="desired", was="2", now="5")
    assert shown() == ByHand(group=NAME, since=1000, changes=(change,))
    cloud.close.clear()
    keep_house()
    assert shown() is None


def test_it_stays_while_the_cloud_does_not_answer(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_house()

    def refuse(_: str) -> None:
        msg = "throttled"
        raise CloudUnavailable(msg, advice="wait")

    monkeypatch.setattr(cloud, "seen", refuse)
    keep_house()
    assert shown() is not None


def test_it_goes_with_the_group_that_it_was_seen_in(cloud: FakeFleetCloud) -> None:
    keep_house()
    show("shop", "dev", cloud.observe())
    assert shown() is not None
    del cloud.groups[NAME]
    other = make_group("2", attached=True, live_since=2000)
    cloud.groups[other.name] = other
    show("shop", "dev", cloud.observe())
    assert shown() is None
