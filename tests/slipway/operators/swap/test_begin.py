"""Within a freeze, and in a dry run, nothing begins: whatever was marked as successful before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import MachineImageRefused
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.operators import swap as fleet
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchCanaryOperator, LaunchOperator, ShiftTrafficOperator
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import deploy, serving
from tests.slipway.operators.releases import make_record
from tests.slipway.operators.swap.begin import runs
from tests.slipway.operators.swap.begin.runs import (
    ADMISSION,
    BEFORE,
    BEGINS,
    CHANGES,
    GOES_ON,
    OTHER_RUN,
    RUN,
    context,
    make,
    state,
)
from tests.slipway.tasks.consent.approvals import approve, propose

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud, migrated = runs.cloud, runs.migrated


@pytest.mark.parametrize("kind", CHANGES)
def test_a_run_whose_gate_was_marked_begins_nothing_within_a_freeze(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    before = state(cloud)
    for _ in range(2):  # nor does the next try take the first one's traces for a swap
        with pytest.raises(AirflowFailException, match=r"nobody is here(?s:.*)nothing was changed"):
            make(kind).execute(context())
    assert state(cloud) == before
    migrated.assert_not_called()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_commit_that_nobody_started_is_skipped_there(kind: Any, cloud: FakeFleetCloud) -> None:
    before = state(cloud)
    with pytest.raises(AirflowSkipException, match="nobody is here"):
        make(kind, skip=True).execute(context())
    assert state(cloud) == before


@pytest.mark.parametrize("kind", BEGINS)
def test_a_reason_given_at_the_start_lets_it_begin(kind: Any, cloud: FakeFleetCloud) -> None:
    before = state(cloud)
    make(kind).execute(context(override_freeze="the shop is down"))
    assert state(cloud) != before


def test_what_has_begun_is_finished_within_a_freeze(cloud: FakeFleetCloud) -> None:
    make(GooseMigrateOperator, BEFORE).execute(context())
    for kind in (LaunchCanaryOperator, LaunchOperator, *GOES_ON):
        make(kind).execute(context())
    assert serving(cloud) == ["2"]
    assert cloud.ssm.parameters == {}


def test_the_way_back_is_open_within_a_freeze(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, BEFORE).execute(context())
    make(RollBackOperator).execute(context())
    assert serving(cloud) == ["1"]
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(LaunchOperator).execute(context())


def test_the_way_back_tells_where_the_database_stays_and_what_is_gone_for_good(
    cloud: FakeFleetCloud, capfd: pytest.CaptureFixture[str]
) -> None:
    release = make_record("2").checkout.release
    record = SchemaRecord(release=release, version=5, before=3, irreversible=("00005_drop.sql",))
    SchemaRecords(artifact_store()).put("dev", record)
    make(LaunchOperator, BEFORE).execute(context())
    make(RollBackOperator).execute(context())
    said = "".join(capfd.readouterr())
    assert "the database stays at schema 5, where 2 brought it from 3" in said
    assert "00005_drop.sql cannot be undone" in said


def test_a_worker_that_died_in_the_middle_is_no_reason_to_stop_there(cloud: FakeFleetCloud) -> None:
    cloud.observe()
    cloud.faults.crash_at = len(cloud.calls)
    with pytest.raises(Crash):
        make(LaunchOperator, BEFORE).execute(context())
    make(LaunchOperator).execute(context())
    for kind in GOES_ON:
        make(kind).execute(context())
    assert serving(cloud) == ["2"]


@pytest.mark.parametrize("kind", BEGINS)
def test_a_later_task_that_took_the_lease_has_begun_nothing(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    """With everything before it marked, and somebody took its lease away since."""
    with pytest.raises(Exception, match="is gone"):
        make(ShiftTrafficOperator, BEFORE).execute(context())
    assert cloud.ssm.parameters != {}
    cloud.ssm.parameters.clear()
    calls = len(cloud.calls)
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(kind).execute(context())
    assert len(cloud.calls) == calls
    migrated.assert_not_called()


def test_a_swap_that_is_over_begins_anew_and_not_within_a_freeze(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context())
    for again in CHANGES:
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(again).execute(context())


def test_another_runs_half_done_swap_does_not_let_a_run_begin(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, BEFORE).execute(context(replace(OTHER_RUN)))
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(LaunchOperator).execute(context())
    assert state(cloud) == before


@pytest.fixture
def standby(cloud: FakeFleetCloud) -> None:
    """2 serves, and 1 is kept warm: to bring it back, no machine has to be launched."""
    deploy(cloud, "2", keep_old=3600.0)
    assert serving(cloud) == ["2"]


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("asks", [True, False])
def test_a_warm_standby_does_not_come_back_within_a_freeze_after_a_launch_that_was_marked(
    version: str, asks: bool, cloud: FakeFleetCloud
) -> None:
    admission = replace(ADMISSION, asks=asks)
    approve(propose(version, run=RUN, replaces="2"))  # of before the window
    before = state(cloud)
    for kind in (LaunchOperator, *GOES_ON):
        with pytest.raises(AirflowFailException, match="nobody is here"):
            make(kind, version=version, admission=admission).execute(context())
    assert (state(cloud), serving(cloud)) == (before, ["2"])


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("kind", GOES_ON)
def test_an_outdated_plan_is_not_passed_by_marking_the_task_that_noticed(
    kind: Any, cloud: FakeFleetCloud
) -> None:
    approve(propose("1", run=RUN, replaces="0.9"))
    before = state(cloud)
    for task in (LaunchOperator, kind):
        operator = make(task, BEFORE, version="1", admission=replace(ADMISSION, asks=True))
        with pytest.raises(AirflowFailException, match=r"replaces 0\.9, but 2 serves"):
            operator.execute(context())
    assert (state(cloud), serving(cloud)) == (before, ["2"])


@pytest.mark.usefixtures("standby")
@pytest.mark.parametrize("kind", GOES_ON)
def test_an_image_that_is_not_on_record_is_not_passed_by_marking_the_launch(
    kind: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = MachineImageRefused("nobody recorded it", advice="bake it")
    monkeypatch.setattr(fleet, "require_recorded", mock.Mock(side_effect=refused))
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="nobody recorded it"):
        make(kind, BEFORE, version="1").execute(context())
    assert (state(cloud), serving(cloud)) == (before, ["2"])
