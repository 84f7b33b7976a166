"""Runs of one environment take turns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from slipway.exceptions import CloudUnavailable, LeaseHeld
from slipway.fleet import swap
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.lease_owner import run_of, run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.lanes import own
from tests.slipway.fleet.worlds import NOW, deploy, make_group, make_image, make_target, serving
from tests.slipway.operators.releases import catalogue

LEASE = "/slipway-leases/shop/dev"
MINE = FakeTask(run_id="manual__2026-11-23T12:00:00+00:00")
OTHER = ("shop", "commit__abc")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    deploy(cloud, "1")
    return cloud


@pytest.fixture
def held(cloud: FakeFleetCloud) -> str:
    """The lease is another run's."""
    owner = run_owner(*OTHER)
    cloud.lease(owner=owner, is_dead=lambda _: False).acquire()
    return owner


def make(kind: Any, version: str = "2") -> Any:
    return kind(task_id="t", target=make_target(), image=make_image(version).to_json())


def holder(cloud: FakeFleetCloud) -> Any:
    value = cloud.ssm.parameters.get(LEASE)
    return json.loads(value) if value else None


def half_done(cloud: FakeFleetCloud) -> list[dict[str, Any]]:
    """What the lease has on record, without the swaps' own names."""
    swaps: list[dict[str, Any]] = holder(cloud)["swaps"]
    return [{key: one[key] for key in one if key != "name"} for one in swaps]


def mutations(cloud: FakeFleetCloud) -> int:
    cloud.observe()
    return len(cloud.calls)


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


def test_a_try_that_only_seemed_dead_is_refused(cloud: FakeFleetCloud) -> None:
    operator = make(LaunchOperator)
    stale = operator.acquire_lease(MINE.context, cloud, make_target(), "2", begin=None)
    make(LaunchOperator).execute(MINE.context)
    before = mutations(cloud)
    with pytest.raises(LeaseHeld, match="generation 2"):
        cloud.with_fence(stale.check).delete("shop-dev-1")
    assert mutations(cloud) == before
    assert serving(cloud) == ["1"]


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


def test_housekeeping_without_work_takes_no_lease(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(cloud.ssm, "put_parameter", lambda **_: written.append("lease"))
    housekeeping().execute(FakeTask(dag_id="housekeeping").context)
    assert written == []


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


def housekeeping() -> RetireStandbysOperator:
    return RetireStandbysOperator(task_id="t", target=make_target())


def test_a_runs_page_is_read_back_whatever_is_in_its_name() -> None:
    assert run_of(run_owner("shop.dev", "manual__a/b c?d#e")) == ("shop.dev", "manual__a/b c?d#e")
