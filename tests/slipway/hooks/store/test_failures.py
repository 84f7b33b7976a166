"""Why releases failed, kept beside the deployments of their environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failures import MOST, FailureReports
from slipway.hooks.store.signing_keys import RecordKeys
from slipway.model.cloud.failure_report import FailureReport, MachineReport
from tests.slipway.fleet.worlds import make_image

MACHINE = MachineReport(instance_id="i-1", source="ssm", journal=("KeyError: 'DATABASE_URL'",))


def _report(**more: Any) -> FailureReport:
    fields: dict[str, Any] = {
        "project": "shop",
        "environment": "dev",
        "version": "1.0.0+2.gabc",
        "group": "shop-dev-1-0-0-2-gabc",
        "run_id": "manual__1",
        "task": "swap.fleet_healthy",
        "why": "0 of 1 machines healthy",
        "at": 1000.5,
        "ill": ("i-1",),
        "machines": (MACHINE,),
    }
    return FailureReport(**(fields | more))


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{tmp_path}")


def test_what_is_kept_comes_back(store: ArtifactStore) -> None:
    reports = FailureReports(store)
    key = reports.keep(_report())
    assert key == "deployments/shop/dev/failed/000000001000_1.0.0+2.gabc.json"
    assert list(reports.newest("shop", "dev")) == [_report()]
    assert reports.of("shop", "dev", version="1.0.0+2.gabc", run_id="manual__1") == _report()
    assert reports.of("shop", "dev", version="1.0.0+2.gabc", run_id="manual__2") is None
    assert list(reports.newest("shop", "prod")) == []


def test_the_oldest_are_dropped(store: ArtifactStore) -> None:
    reports = FailureReports(store)
    for at in range(MOST + 5):
        reports.keep(_report(at=float(at)))
    assert [one.at for one in reports.newest("shop", "dev")] == list(range(MOST + 4, 4, -1))


def test_the_history_of_deployments_does_not_trip_over_it(store: ArtifactStore) -> None:
    history = DeploymentHistory(store, keys=lambda: RecordKeys(["k" * 32]))
    FailureReports(store).keep(_report())
    history.record(make_image("1").release, "dev", run_id="manual__1")
    assert history.versions("shop", "dev") == ["1"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"project": "shop"}', b"null", b"\xff", b"[" * 200_000]
)
def test_what_somebody_else_put_there_is_passed_over(store: ArtifactStore, content: bytes) -> None:
    reports = FailureReports(store)
    reports.keep(_report())
    store.put("deployments/shop/dev/failed/000000009999_9.9.9.json", content)
    store.put("deployments/shop/dev/failed/notes.txt", content)
    assert list(reports.newest("shop", "dev")) == [_report()]
