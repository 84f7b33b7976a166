"""An environment with a freeze, and the tasks that begin to change it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from slipway.fleet import swap
from slipway.model.facts import SchemaVersion
from slipway.model.git.repository import Repository
from slipway.operators import leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.consent import Admission
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_target
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.tasks.consent.approvals import image

ADMISSION = Admission(project="shop", environment="dev")
CHRISTMAS = FreezeWindow(
    begin="2026-12-19T00:00", until="2027-01-05T00:00", zone="UTC", reason="nobody is here"
)
BEFORE, WITHIN = datetime(2026, 12, 18, tzinfo=UTC), datetime(2026, 12, 24, tzinfo=UTC)
BEGINS = (GooseMigrateOperator, LaunchCanaryOperator, LaunchOperator)
GOES_ON = (ShiftTrafficOperator, RetireOldOperator)
CHANGES = (*BEGINS, *GOES_ON)
RUN, OTHER_RUN = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")


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
