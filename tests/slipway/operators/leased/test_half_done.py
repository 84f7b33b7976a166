"""A swap that its run left half done is ended, by whoever comes next."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.lease.owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.lanes import own
from tests.slipway.fleet.worlds import NOW, deploy, make_group, make_target, serving
from tests.slipway.operators.leased import leases
from tests.slipway.operators.leased.leases import (
    MINE,
    OTHER,
    half_done,
    holder,
    housekeeping,
    make,
    mutations,
)
from tests.slipway.operators.releases import catalogue

cloud, held = leases.cloud, leases.held


def test_housekeeping_leaves_an_environment_alone_while_a_swap_is_under_way(
    cloud: FakeFleetCloud, held: str
) -> None:
    due = make_group("2", attached=False, standby_until=NOW)
    cloud.groups[due.name] = due
    task = FakeTask(dag_id="housekeeping", states={OTHER: "running"})
    operator = RetireStandbysOperator(task_id="t", target=make_target())
    with pytest.raises(AirflowSkipException, match=rf"commit__abc#7e57\.{own('test')} is changing"):
        operator.execute(task.context)
    assert due.name in cloud.groups
    task.states[OTHER] = "success"
    operator.execute(task.context)
    assert holder(cloud) is None
    assert due.name not in {group.name for group in cloud.observe().groups}


@pytest.mark.parametrize("steps", [1, 2])
def test_a_swap_whose_run_was_ended_by_hand_is_rolled_back(
    cloud: FakeFleetCloud, steps: int
) -> None:
    """Marked as failed in the UI, or deleted: no task of the run comes to clean up."""
    for kind in (LaunchOperator, ShiftTrafficOperator)[:steps]:
        make(kind).execute(MINE.context)
    assert cloud.groups["shop-dev-1"].held
    run = (MINE.dag_id, MINE.run_id)
    task = FakeTask(dag_id="housekeeping", states={run: "running"})
    with pytest.raises(AirflowSkipException, match="to 2"):
        housekeeping().execute(task.context)
    task.states[run] = "failed"
    housekeeping().execute(task.context)
    assert holder(cloud) is None
    assert [group.name for group in cloud.observe().groups] == ["shop-dev-1"]
    assert serving(cloud) == ["1"]
    assert not cloud.groups["shop-dev-1"].held


def test_what_was_half_done_is_known_to_the_next_who_dies(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator).execute(MINE.context)
    first = FakeTask(dag_id="housekeeping", run_id="scheduled__1")
    cloud.faults.crash_at = mutations(cloud)
    with pytest.raises(Crash):
        housekeeping().execute(first.context)
    assert half_done(cloud) == [{"release": "2", "passed": False}]
    housekeeping().execute(FakeTask(dag_id="housekeeping", run_id="scheduled__2").context)
    assert [group.name for group in cloud.observe().groups] == ["shop-dev-1"]
    assert holder(cloud) is None


@pytest.mark.usefixtures("artifacts")
@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_a_swap_that_was_watched_to_its_end_is_finished(cloud: FakeFleetCloud, calls: int) -> None:
    """Its last task failed, wherever in it."""
    catalogue("2")
    make(LaunchOperator).execute(MINE.context)
    make(ShiftTrafficOperator).execute(MINE.context)
    cloud.faults.crash_at = mutations(cloud) + calls
    with pytest.raises(Crash):
        make(RetireOldOperator).execute(MINE.context)
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert serving(cloud) == ["2"]
    assert [group.name for group in cloud.observe().groups] == ["shop-dev-2"]
    assert holder(cloud) is None
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == ["2"]


@pytest.mark.usefixtures("artifacts")
def test_a_lease_that_somebody_wrote_brings_no_release_into_the_history(
    cloud: FakeFleetCloud,
) -> None:
    """What it says was half done was never released."""
    make(LaunchOperator).execute(MINE.context)
    make(ShiftTrafficOperator).execute(MINE.context)
    cloud.faults.crash_at = mutations(cloud) + 1
    with pytest.raises(Crash):
        make(RetireOldOperator).execute(MINE.context)
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert serving(cloud) == ["2"]
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []


@pytest.mark.usefixtures("artifacts")
def test_what_was_half_done_before_is_not_forgotten_when_the_next_one_fails(
    cloud: FakeFleetCloud,
) -> None:
    """Somebody ended the run of 2 in its soak; the one that waited for it failed as well."""
    make(LaunchOperator).execute(MINE.context)
    make(ShiftTrafficOperator).execute(MINE.context)
    bad = FakeTask(run_id="manual__2")
    make(LaunchOperator, "bad").execute(bad.context)
    make(RollBackOperator, "bad").execute(bad.context)
    assert cloud.groups["shop-dev-2"].attached
    assert half_done(cloud) == [{"release": "2", "passed": False}]
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert [group.name for group in cloud.observe().groups] == ["shop-dev-1"]
    assert holder(cloud) is None


@pytest.mark.usefixtures("artifacts")
def test_all_that_was_left_half_done_is_ended(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator).execute(MINE.context)
    make(LaunchOperator, "bad").execute(FakeTask(run_id="manual__2").context)
    assert len(holder(cloud)["swaps"]) == 2
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert [group.name for group in cloud.observe().groups] == ["shop-dev-1"]
    assert not cloud.groups["shop-dev-1"].held
    assert holder(cloud) is None


def test_a_swap_that_was_finished_is_not_undone(cloud: FakeFleetCloud) -> None:
    """The run ended between its last change and the lease's return."""
    deploy(cloud, "2")
    cloud.lease(owner=run_owner(MINE.dag_id, MINE.run_id), is_dead=lambda _: False).acquire("2")
    before = mutations(cloud)
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert (serving(cloud), mutations(cloud)) == (["2"], before)
    assert holder(cloud) is None
