"""Runs of one environment take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from slipway.exceptions import CloudUnavailable, LeaseHeld
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.lease.owner import run_of, run_owner
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet.worlds import make_target, serving
from tests.slipway.operators.leased import leases
from tests.slipway.operators.leased.leases import (
    LEASE,
    MINE,
    OTHER,
    holder,
    housekeeping,
    make,
    mutations,
)

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

cloud, held = leases.cloud, leases.held


def test_the_run_holds_it_from_the_first_change_to_the_last(cloud: FakeFleetCloud) -> None:
    owner = run_owner(MINE.dag_id, MINE.run_id)
    for number, kind in enumerate((LaunchOperator, ShiftTrafficOperator), start=1):
        make(kind).execute(MINE.context)
        found = holder(cloud)
        assert (found["owner"], found["generation"]) == (owner, number)
        assert MINE.xcoms["lease"] == {"name": LEASE, "owner": owner, "generation": number}
    make(RetireOldOperator).execute(MINE.context)
    assert holder(cloud) is None


def test_a_roll_back_gives_it_back_as_well(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, "bad").execute(MINE.context)
    make(RollBackOperator, "bad").execute(MINE.context)
    assert holder(cloud) is None


def test_whose_turn_never_came_has_nothing_to_roll_back(cloud: FakeFleetCloud, held: str) -> None:
    task, before = FakeTask(states={OTHER: "running"}), mutations(cloud)
    with pytest.raises(AirflowSkipException, match="nothing was launched") as skipped:
        make(RollBackOperator).execute(task.context)
    assert held in str(skipped.value)
    assert (mutations(cloud), holder(cloud)["owner"]) == (before, held)


def test_a_living_owner_is_waited_for_without_a_worker(
    cloud: FakeFleetCloud,
    held: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(leased, "_POKE_FIRST", 0.0)
    task, before = FakeTask(states={OTHER: "running"}), mutations(cloud)
    operator = make(LaunchOperator)
    with pytest.raises(TaskDeferred) as left:
        operator.execute(task.context)
    assert mutations(cloud) == before
    assert held in capsys.readouterr().out
    assert left.value.trigger.environment == make_target().to_json()
    # The owner is done: what resumes goes on.
    del cloud.ssm.parameters[LEASE]
    arguments: Any = left.value.kwargs
    getattr(operator, left.value.method_name)(task.context, event={}, **arguments)
    assert holder(cloud)["owner"] == run_owner(task.dag_id, task.run_id)


def test_waiting_ends_with_the_owners_name(cloud: FakeFleetCloud, held: str) -> None:
    task = FakeTask(states={OTHER: "queued"})
    with pytest.raises(AirflowFailException, match="and has for") as refused:
        make(LaunchOperator).resume(task.context, {}, since=1.0)
    assert held in str(refused.value)
    assert holder(cloud)["owner"] == held


def test_a_try_that_only_seemed_dead_is_refused(cloud: FakeFleetCloud) -> None:
    operator = make(LaunchOperator)
    stale = operator.acquire_lease(MINE.context, cloud, make_target(), "2", begin=None)
    make(LaunchOperator).execute(MINE.context)
    before = mutations(cloud)
    with pytest.raises(LeaseHeld, match="generation 2"):
        cloud.with_fence(stale.check).delete("shop-dev-1")
    assert mutations(cloud) == before
    assert serving(cloud) == ["1"]


def test_housekeeping_without_work_takes_no_lease(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(cloud.ssm, "put_parameter", lambda **_: written.append("lease"))
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert written == []


@pytest.mark.parametrize("kind", [RetireOldOperator, RollBackOperator])
def test_a_drain_may_take_as_long_as_the_balancer_lets_it(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    cloud.healthy.add("3")
    for launching in (LaunchOperator, ShiftTrafficOperator):
        make(launching, "3").execute(MINE.context)
    monkeypatch.setattr(fleet, "_PATIENCE", 0.0)
    monkeypatch.setattr(cloud, "handover_seconds", lambda: 0)
    with pytest.raises(CloudUnavailable, match="not reached in 0 s"):
        make(kind, "3").execute(MINE.context)
    monkeypatch.setattr(cloud, "handover_seconds", lambda: 60)
    make(kind, "3").execute(MINE.context)
    assert len(cloud.observe().groups) == 1


def test_a_runs_page_is_read_back_whatever_is_in_its_name() -> None:
    assert run_of(run_owner("shop.dev", "manual__a/b c?d#e")) == ("shop.dev", "manual__a/b c?d#e")
