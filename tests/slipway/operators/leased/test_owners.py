"""Which owners are dead, which are only elsewhere, and which are of another version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from slipway.operators import leased
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.lease.owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.lanes import own
from tests.slipway.operators.leased import leases
from tests.slipway.operators.leased.leases import (
    LEASE,
    MINE,
    OTHER,
    half_done,
    holder,
    housekeeping,
    make,
    mutations,
)

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

cloud, held = leases.cloud, leases.held


@pytest.mark.parametrize("state", ["success", "failed", "deleted"])
def test_an_owner_whose_run_has_ended_is_dead(cloud: FakeFleetCloud, held: str, state: str) -> None:
    task = FakeTask(states={} if state == "deleted" else {OTHER: state})
    make(LaunchOperator).execute(task.context)
    assert holder(cloud) == {**holder(cloud), "owner": run_owner(task.dag_id, task.run_id)}
    assert holder(cloud)["generation"] == 2


@pytest.mark.parametrize(
    "owner",
    [
        "anna@laptop",
        "http://localhost:8080/dags/shop/runs/commit__abc",
        # Another Airflow that takes itself for localhost, and has a run of the same commit.
        run_owner(*OTHER).replace("#7e57", "#0ther"),
        run_owner(*OTHER).replace("/runs/", "/grid/"),
        run_owner(*OTHER).replace("#", "/tasks/launch#"),
    ],
    # The installation, which each lane of the tests has for itself, is part of an owner's name.
    ids=["a person", "a run", "of another Airflow", "of another page", "of a task"],
)
def test_nobody_is_dead_without_proof(
    cloud: FakeFleetCloud, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leased, "_POKE_FIRST", 0.0)
    cloud.lease(owner=owner, is_dead=lambda _: False).acquire()
    with pytest.raises(TaskDeferred):
        make(LaunchOperator).execute(FakeTask(states={OTHER: "failed"}).context)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("AIRFLOW__API__BASE_URL", "https://staging.example.com"),
        ("AIRFLOW__API__BASE_URL", "http://localhost:8081"),
        ("AIRFLOW__API__BASE_URL", "http://localhost:8080/staging"),
        ("AIRFLOW__SLIPWAY__INSTALLATION", "staging"),
    ],
)
def test_a_copied_metadata_database_takes_no_lease_of_the_original(
    cloud: FakeFleetCloud, held: str, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    """The copy has the run as well, and there it ended long ago: staging made of a backup."""
    monkeypatch.setenv(option, value)
    monkeypatch.setattr(leased, "_POKE_FIRST", 0.0)
    before = mutations(cloud)
    with pytest.raises(TaskDeferred):
        make(LaunchOperator).execute(FakeTask(states={OTHER: "failed"}).context)
    with pytest.raises(AirflowSkipException, match="is changing this environment"):
        housekeeping().execute(FakeTask(dag_id="housekeeping", states={OTHER: "failed"}).context)
    assert (holder(cloud)["owner"], mutations(cloud)) == (held, before)


def test_a_copy_of_a_run_is_not_that_run(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A swap was under way when the database was copied, and the copy's scheduler goes on."""
    make(LaunchOperator).execute(MINE.context)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://staging.example.com")
    monkeypatch.setattr(leased, "_POKE_FIRST", 0.0)
    before = mutations(cloud)
    MINE.states[(MINE.dag_id, MINE.run_id)] = "running"
    with pytest.raises(TaskDeferred):
        make(ShiftTrafficOperator).execute(MINE.context)
    with pytest.raises(TaskDeferred):
        make(RetireOldOperator).execute(MINE.context)
    assert mutations(cloud) == before


def test_an_installation_that_was_renamed_is_told_what_to_do_with_its_lease(
    cloud: FakeFleetCloud,
    held: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", "berlin")
    with pytest.raises(AirflowSkipException):
        housekeeping().execute(FakeTask(dag_id="housekeeping", states={OTHER: "failed"}).context)
    said = capsys.readouterr().out
    assert f"this same database of the installation {own('test')}, and this one is berlin" in said
    assert "put its new installation into the lease's `owner`" in said
    renamed = held.removesuffix(f".{own('test')}") + ".berlin"
    cloud.ssm.parameters[LEASE] = json.dumps({**holder(cloud), "owner": renamed})
    housekeeping().execute(FakeTask(dag_id="housekeeping", states={OTHER: "failed"}).context)
    assert holder(cloud) is None


def test_an_airflow_that_moved_is_told_what_to_do_with_its_lease(
    cloud: FakeFleetCloud,
    held: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://new.example.com/")
    with pytest.raises(AirflowSkipException):
        housekeeping().execute(FakeTask(dag_id="housekeeping", states={OTHER: "failed"}).context)
    said = capsys.readouterr().out
    assert "same database at localhost:8080, and this one is new.example.com" in said
    assert "put its new address into the lease's `owner`" in said
    moved = held.replace("http://localhost:8080", "https://new.example.com")
    cloud.ssm.parameters[LEASE] = json.dumps({**holder(cloud), "owner": moved})
    housekeeping().execute(FakeTask(dag_id="housekeeping", states={OTHER: "failed"}).context)
    assert holder(cloud) is None


def test_a_lease_of_the_version_before_is_understood(cloud: FakeFleetCloud, held: str) -> None:
    earlier = held.removesuffix(".test")
    cloud.ssm.parameters[LEASE] = json.dumps({**holder(cloud), "owner": earlier})
    make(LaunchOperator).execute(FakeTask(states={OTHER: "failed"}).context)
    assert holder(cloud)["generation"] == 2


def test_a_run_goes_on_with_the_lease_that_it_took_before_an_upgrade(cloud: FakeFleetCloud) -> None:
    make(LaunchOperator).execute(MINE.context)
    earlier = holder(cloud)["owner"].removesuffix(".test")
    cloud.ssm.parameters[LEASE] = json.dumps({**holder(cloud), "owner": earlier})
    running = FakeTask(run_id=MINE.run_id, states={(MINE.dag_id, MINE.run_id): "running"})
    make(ShiftTrafficOperator).execute(running.context)
    assert half_done(cloud) == [{"release": "2", "passed": False}]
    assert holder(cloud)["generation"] == 2


def test_a_certificate_does_not_make_another_airflow(
    cloud: FakeFleetCloud, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://LOCALHOST:8080/")
    make(LaunchOperator).execute(FakeTask(states={OTHER: "failed"}).context)
    assert holder(cloud)["owner"] != held
