"""Within a freeze, and in a dry run, nothing begins: whatever was marked as successful before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.fleet import swap
from slipway.freeze import FreezeWindow
from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.deployment_history import DeploymentHistory
from slipway.hooks.goose import GooseRun
from slipway.operators import fleet, goose, packer_bake, turn
from slipway.operators.consent import Admission
from slipway.operators.fleet import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    RollBackOperator,
    ShiftTrafficOperator,
)
from slipway.operators.goose import GooseMigrateOperator
from slipway.operators.packer_bake import PackerBakeOperator
from slipway.operators.release import RecordDeploymentOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import Crash, FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_target, serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.operators.test_consent import image

ADMISSION = Admission(project="shop", environment="dev")
CHRISTMAS = FreezeWindow(
    begin="2026-12-19T00:00", until="2027-01-05T00:00", zone="UTC", reason="nobody is here"
)
BEFORE, WITHIN = datetime(2026, 12, 18, tzinfo=UTC), datetime(2026, 12, 24, tzinfo=UTC)
BEGINS = (GooseMigrateOperator, LaunchCanaryOperator, LaunchOperator)
GOES_ON = (ShiftTrafficOperator, RetireOldOperator)
RUN, OTHER_RUN = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What brings a database up, in the place of goose."""
    monkeypatch.setattr(goose, "container_engine", mock.Mock())
    monkeypatch.setattr(goose, "migration_files", mock.Mock())
    monkeypatch.setattr(goose, "database_url", lambda _: "postgres://x")
    monkeypatch.setattr(goose, "meet", lambda *_, **__: "")
    with mock.patch.object(goose, "Goose", autospec=True) as made:
        made.return_value.version.return_value = 1
        made.return_value.up.return_value = GooseRun(version=2, applied=(), seconds=1.0)
        yield made.return_value.up


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (turn, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    deploy(cloud, "1")
    catalogue("1", "2")
    return cloud


def make(kind: Any, now: datetime = WITHIN, *, skip: bool = False) -> Any:
    more: dict[str, Any] = {"image": image("2")}
    if kind is GooseMigrateOperator:
        release = make_record("2").checkout.release.to_json()
        more = {"release": release, "url": "u", "directory": "m", "database_conn_id": "d"}
    return kind(
        task_id="t", environment=make_target(keep_old=3600.0).to_json(), admission=ADMISSION,
        windows=[CHRISTMAS.to_json()], skip_frozen=skip, clock=lambda: now, **more,
    )  # fmt: skip


def context(run: FakeTask = RUN, **params: Any) -> Any:
    dag = SimpleNamespace(params={"dry_run": False, "override_freeze": None})
    return {**run.context, "params": params, "dag": dag}


def state(cloud: FakeFleetCloud) -> Any:
    cloud.observe()
    return len(cloud.calls), dict(cloud.ssm.parameters)


@pytest.mark.parametrize("kind", BEGINS)
def test_a_run_whose_gate_was_marked_begins_nothing_within_a_freeze(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    before = state(cloud)
    for _ in range(2):  # nor does the next try take the first one's traces for a swap
        with pytest.raises(AirflowFailException, match=r"nobody is here(?s:.*)nothing was changed"):
            make(kind).execute(context())
    assert state(cloud) == before
    migrated.assert_not_called()


@pytest.mark.parametrize("kind", BEGINS)
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


def test_a_worker_that_died_in_the_middle_is_no_reason_to_stop_there(
    cloud: FakeFleetCloud,
) -> None:
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
    """With everything before it marked, it leaves the lease on record, and there is no swap."""
    with pytest.raises(Exception, match="is gone"):
        make(ShiftTrafficOperator).execute(context())
    assert cloud.ssm.parameters != {}
    calls = len(cloud.calls)
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(kind).execute(context())
    assert len(cloud.calls) == calls
    migrated.assert_not_called()


def test_a_swap_that_is_over_begins_anew_and_not_within_a_freeze(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context())
    make(ShiftTrafficOperator).execute(context())
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(LaunchOperator).execute(context())


def test_another_runs_half_done_swap_does_not_let_a_run_begin(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator, BEFORE).execute(context(replace(OTHER_RUN)))
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="nobody is here"):
        make(LaunchOperator).execute(context())
    assert state(cloud) == before


@pytest.mark.parametrize("kind", [*BEGINS, *GOES_ON])
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
    monkeypatch.setattr(packer_bake, "aws_client", aws)
    record = make_record("2")
    tasks: list[Any] = [
        PackerBakeOperator(
            task_id="t", package=record.package.to_json(), unit="u", config={},
            aws_conn_id="a", region="r", admission=ADMISSION,
        ),
        RecordDeploymentOperator(
            task_id="t", release=record.checkout.release.to_json(), environment="dev",
            admission=ADMISSION,
        ),
    ]  # fmt: skip
    for task in tasks:
        with pytest.raises(AirflowFailException, match="this is a dry run"):
            task.execute(context(dry_run=True))
    aws.assert_not_called()
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []
