"""A failed release is looked into once in a run, and nothing that goes wrong there counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import CloudUnavailable
from slipway.fleet.unhealthy_release import Findings
from slipway.hooks import http_probe
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failures import FailureReports
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.failure_report import MachineReport
from slipway.model.cloud.health_check import HealthCheck
from slipway.tasks.failure import failed_release
from slipway.tasks.failure.failed_release import FailedRelease
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_group, make_target

pytestmark = pytest.mark.usefixtures("artifacts")


class Explainer:
    """Says the same of every machine."""

    def __init__(self, questions: Sequence[HealthCheck]) -> None:
        self.questions = questions

    def explain(self, instance_id: str, address: str, *, until: float) -> MachineReport:
        return MachineReport(instance_id=instance_id, source="ssm", journal=("no such table",))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud()
    group = make_group("2", size=1, attached=False, live_since=None)
    cloud.groups = {group.name: group}
    monkeypatch.setattr(failed_release, "hasty_fleet", lambda *_, **__: (cloud, Explainer))

    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        return [Answer(address=one, healthy=False, said="HTTP 500") for one in addresses]

    monkeypatch.setattr(http_probe, "probe", asked)
    return cloud


def _failed(log: list[str]) -> FailedRelease:
    return FailedRelease(
        target=make_target(), version="2", context=FakeTask().context, log=log.append
    )


@pytest.mark.parametrize(("ago", "left"), [(0.0, 6.5), (2.0, 4.5), (60.0, 3.5)])
def test_a_verdict_that_had_to_find_a_worker_leaves_machines_less_time(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch, ago: float, left: float
) -> None:
    """The ten seconds begin with the failure, wherever it was seen."""
    asked: list[float] = []

    class Analysis:
        def __init__(self, *, longest: float, **_: Any) -> None:
            asked.append(longest)

        def run(self) -> Findings:
            return Findings()

    monkeypatch.setattr(failed_release, "FailureAnalysis", Analysis)
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
    replace(_failed([]), since=1_000_000.0 - ago).explain("it failed")
    assert asked == [left]


def _kept() -> list[Any]:
    return list(FailureReports(artifact_store()).newest("shop", "dev"))


def test_it_is_told_and_kept(cloud: FakeFleetCloud) -> None:
    log: list[str] = []
    assert _failed(log).explain("0 of 1 machines healthy") == ("i-shop-dev-2-0",)
    assert "    | no such table" in log
    [kept] = _kept()
    assert (kept.why, kept.version, kept.ill) == (
        "0 of 1 machines healthy",
        "2",
        ("i-shop-dev-2-0",),
    )
    assert kept.machines[0].journal == ("no such table",)
    assert log[-1] == f"this is kept as deployments/shop/dev/failed/{int(kept.at):012d}_2.json"


def test_the_way_back_does_not_ask_again(cloud: FakeFleetCloud) -> None:
    _failed([]).explain("it failed")
    log: list[str] = []
    assert _failed(log).ill_machines("the run ended") == ("i-shop-dev-2-0",)
    assert log == []
    assert len(_kept()) == 1


def test_where_no_gate_failed_the_way_back_asks(cloud: FakeFleetCloud) -> None:
    """The launch itself failed, or somebody marked the gate."""
    log: list[str] = []
    assert _failed(log).ill_machines("the run ended") == ("i-shop-dev-2-0",)
    assert "    | no such table" in log


def test_a_run_that_somebody_stopped_has_nobody_ill(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        return [Answer(address=one, healthy=True, said="HTTP 200") for one in addresses]

    monkeypatch.setattr(http_probe, "probe", asked)
    log: list[str] = []
    assert _failed(log).ill_machines("the run ended") == ()
    assert log == ["none of its machines is ill"]
    assert _kept() == []


def test_a_group_that_got_no_machine_at_all(cloud: FakeFleetCloud) -> None:
    cloud.refusal = "You have exceeded your quota"
    group = make_group("2", size=0, attached=False, live_since=None)
    cloud.groups = {group.name: group}
    log: list[str] = []
    assert _failed(log).explain("0 of 1 machines were launched") == ()
    assert log == ["none of its machines is there yet"]


def test_no_connection_no_cloud_and_no_store_are_lines_in_the_log(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        msg = "away"
        raise CloudUnavailable(msg)

    for where, name in ((cloud, "observe"), (failed_release, "artifact_store")):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, gone)
            log: list[str] = []
            assert _failed(log).explain("it failed") is None
            assert "away" in log[-1]
    monkeypatch.setattr(failed_release, "hasty_fleet", gone)
    log = []
    assert _failed(log).ill_machines("it failed") is None
    assert log == ["why it failed could not be found out: away"]
