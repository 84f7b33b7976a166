"""Within a freeze, and in a dry run, nothing begins: whatever was marked as successful before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import MachineImageRefused
from slipway.fleet import swap
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.signed_records import SignedRecords
from slipway.model.cloud.account import Account
from slipway.model.facts import SchemaVersion
from slipway.model.git.repository import Repository
from slipway.operators import bake_image, leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.consent import Admission
from slipway.tasks.lease_owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import deploy, make_target, serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.tasks.consent.approvals import approve, image, propose

ADMISSION = Admission(project="shop", environment="dev")
CHRISTMAS = FreezeWindow(
    begin="2026-12-19T00:00", until="2027-01-05T00:00", zone="UTC", reason="nobody is here"
)
BEFORE, WITHIN = datetime(2026, 12, 18, tzinfo=UTC), datetime(2026, 12, 24, tzinfo=UTC)
BEGINS = (GooseMigrateOperator, LaunchCanaryOperator, LaunchOperator)
GOES_ON = (ShiftTrafficOperator, RetireOldOperator)
CHANGES = (*BEGINS, *GOES_ON)
LEASE = "/slipway-leases/shop/dev"
RUN, OTHER_RUN = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What brings a database up, in the place of goose."""
    monkeypatch.setattr(migrations, "container_engine", mock.Mock())
    monkeypatch.setattr(migrations, "migration_files", mock.Mock())
    monkeypatch.setattr(migrations, "database_url", lambda _: "postgres://x")
    with mock.patch.object(migrations, "SchemaChange", autospec=True) as made:
        made.return_value.apply.return_value = SchemaVersion(version=2, before=1, seconds=1.0)
        yield made.return_value.apply


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    deploy(cloud, "1")
    catalogue("1", "2")
    return cloud


def make(
    kind: Any,
    now: datetime = WITHIN,
    *,
    skip: bool = False,
    version: str = "2",
    admission: Admission = ADMISSION,
) -> Any:
    more: dict[str, Any] = {"image": image(version)}
    if kind is GooseMigrateOperator:
        release = make_record(version).checkout.release.to_json()
        more = {
            "release": release,
            "repository": Repository(url="u"),
            "directory": "m",
            "database_conn_id": "d",
        }
    return kind(
        task_id="t",
        target=make_target(keep_old=3600.0),
        admission=admission,
        windows=[CHRISTMAS],
        skip_frozen=skip,
        clock=lambda: now,
        **more,
    )


def context(run: FakeTask = RUN, **params: Any) -> Any:
    dag = SimpleNamespace(params={"dry_run": False, "override_freeze": None})
    return {**run.context, "params": params, "dag": dag}


def state(cloud: FakeFleetCloud) -> Any:
    cloud.observe()
    return len(cloud.calls), dict(cloud.ssm.parameters)


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


def remember() -> list[str]:
    """Let the last task of a run write into the history; returns what stands there."""
    RecordDeploymentOperator(
        task_id="t",
        release=make_record("2").checkout.release.to_json(),
        environment="dev",
        admission=ADMISSION,
    ).execute(context())
    return DeploymentHistory(artifact_store()).versions("shop", "dev")


def test_a_release_that_served_is_remembered(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context())
    assert remember() == ["2"]


@pytest.mark.parametrize(
    "done",
    [
        (),
        (LaunchOperator,),
        (LaunchOperator, ShiftTrafficOperator),
        (LaunchOperator, ShiftTrafficOperator, RollBackOperator),
        (LaunchOperator, *GOES_ON, RollBackOperator),
    ],
)
def test_a_release_is_not_remembered_by_marking_what_should_bring_it(
    done: tuple[Any, ...], cloud: FakeFleetCloud
) -> None:
    for kind in done:
        make(kind, BEFORE).execute(context())
    with pytest.raises(AirflowFailException, match="no swap of this run has brought 2 into"):
        remember()
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []


def test_another_runs_swap_is_not_this_ones_to_remember(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context(OTHER_RUN))
    with pytest.raises(AirflowFailException, match="no swap of this run"):
        remember()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_dry_run_whose_plan_was_marked_changes_nothing(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    before = state(cloud)
    with pytest.raises(AirflowFailException, match=r"this is a dry run(?s:.*)what to do"):
        make(kind, BEFORE).execute(context(dry_run=True))
    assert state(cloud) == before
    migrated.assert_not_called()


def test_a_dry_run_has_nothing_to_roll_back(cloud: FakeFleetCloud) -> None:
    before = state(cloud)
    with pytest.raises(AirflowSkipException, match="nothing was launched"):
        make(RollBackOperator, BEFORE).execute(context(dry_run=True))
    assert state(cloud) == before


def test_a_dry_run_bakes_nothing_and_is_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = mock.Mock()
    monkeypatch.setattr(bake_image, "aws_client", aws)
    record = make_record("2")
    tasks: list[Any] = [
        BakeImageOperator(
            task_id="t",
            package=record.package.to_json(),
            unit="u",
            config={},
            account=Account(aws_conn_id="a", region="r"),
            admission=ADMISSION,
        ),
        RecordDeploymentOperator(
            task_id="t",
            release=record.checkout.release.to_json(),
            environment="dev",
            admission=ADMISSION,
        ),
    ]
    for task in tasks:
        with pytest.raises(AirflowFailException, match="this is a dry run"):
            task.execute(context(dry_run=True))
    aws.assert_not_called()
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []
