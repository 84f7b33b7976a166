"""Swaps that ended, were written by somebody, or are of before an upgrade."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.signed_records import SignedRecords
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, ShiftTrafficOperator
from slipway.tasks.lease.owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import make_target, serving
from tests.slipway.operators.swap.begin import runs
from tests.slipway.operators.swap.begin.runs import (
    BEFORE,
    CHANGES,
    GOES_ON,
    OTHER_RUN,
    RUN,
    context,
    make,
    state,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud, migrated = runs.cloud, runs.migrated
LEASE = "/slipway-leases/shop/dev"


def ended_by_housekeeping() -> None:
    keeper = RetireStandbysOperator(task_id="t", target=make_target(keep_old=3600.0))
    keeper.execute(FakeTask(dag_id="housekeeping", run_id="scheduled__1").context)


def test_an_old_run_whose_swap_housekeeping_ended_begins_nothing_within_a_freeze(
    cloud: FakeFleetCloud,
) -> None:
    """The run was marked as failed before the freeze, and is cleared within it."""
    make(LaunchOperator, BEFORE).execute(context())
    ended_by_housekeeping()
    before = state(cloud)
    for kind in (LaunchOperator, ShiftTrafficOperator, LaunchOperator, *GOES_ON):
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(kind).execute(context())
    assert (state(cloud), serving(cloud)) == (before, ["1"])


def test_nor_does_one_whose_swap_gave_way_to_another_runs(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    for kind in (LaunchOperator, *GOES_ON):  # RUN has ended, and nobody had come for its swap
        make(kind, BEFORE).execute(context(OTHER_RUN))
    before = state(cloud)
    for again in CHANGES:
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(again).execute(context())
    assert state(cloud) == before


def test_nor_one_whose_way_back_died_on_its_way(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    cloud.observe()
    cloud.faults.crash_at = len(cloud.calls)
    with pytest.raises(Crash):
        make(RollBackOperator).execute(context())
    for kind in (LaunchOperator, *GOES_ON):
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(kind).execute(context())
    make(RollBackOperator).execute(context())
    assert (serving(cloud), cloud.ssm.parameters) == (["1"], {})


@pytest.mark.parametrize("name", ["", "guessed"])
def test_a_swap_that_somebody_wrote_into_the_lease_has_not_begun(
    name: str, cloud: FakeFleetCloud
) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    ended_by_housekeeping()
    owner = run_owner(RUN.dag_id, RUN.run_id)
    cloud.lease(owner=owner, is_dead=lambda _: False).acquire("2", admit=lambda _: name)
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(LaunchOperator).execute(context())
    assert serving(cloud) == ["1"]


def before_swaps_had_names(cloud: FakeFleetCloud, artifacts: Path) -> None:
    """Turn what a run wrote into what the version before wrote."""
    held = json.loads(cloud.ssm.parameters[LEASE])
    for one in held["swaps"]:
        del one["name"]
    cloud.ssm.parameters[LEASE] = json.dumps(held)
    (note,) = artifacts.glob("runs/*/swap/begun.json")
    path = note.relative_to(artifacts).as_posix()
    SignedRecords(artifact_store()).put(path, {"version": "2"})


def test_a_swap_of_before_an_upgrade_is_finished_within_a_freeze(
    cloud: FakeFleetCloud, artifacts: Path
) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    before_swaps_had_names(cloud, artifacts)
    for kind in GOES_ON:
        make(kind).execute(context())
    assert serving(cloud) == ["2"]


def test_a_note_of_before_an_upgrade_alone_is_no_swap(
    cloud: FakeFleetCloud, artifacts: Path
) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    before_swaps_had_names(cloud, artifacts)
    ended_by_housekeeping()
    for kind in (LaunchOperator, ShiftTrafficOperator, LaunchOperator):
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(kind).execute(context())
    assert (serving(cloud), cloud.ssm.parameters) == (["1"], {})
