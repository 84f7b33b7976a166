"""The board says what a swap does while it does it, and what is left when it is over."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from slipway.fleet import swap as loop
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.history import deployments
from slipway.hooks.store.environments.snapshots import Snapshots, snapshots
from slipway.hooks.store.failures import FailureReports
from slipway.model.board.deployment import Origin
from slipway.model.board.snapshot import EnvironmentSnapshot, EnvironmentState, Machines, Standby
from slipway.model.cloud.failure_report import FailureReport, MachineReport
from slipway.model.facts.outcome import Outcome
from slipway.operators import swap
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.housekeeping.roll_up_snapshots import RollUpSnapshotsOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.board import show
from slipway.tasks.board.housekeeping import Listed, rebuild
from slipway.tasks.consent import Admission
from slipway.tasks.outcomes import note_failed
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target
from tests.slipway.operators.releases import catalogue, make_proposal, make_record
from tests.slipway.operators.swap.deployments import SwapTask

OPEN = FreezeWindow(begin="2000-01-01T00:00", until="2099-01-01T00:00", zone="UTC", reason="fair")


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "require_recorded", lambda *_: None)
    monkeypatch.setattr(loop, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(loop, "_WHILE_WAITING", 0.0)
    deploy(cloud, "1")
    catalogue("1", "2", "3")
    return cloud


def go(*kinds: Any, version: str = "2", run_id: str = "manual__1", warm: float = 0.0) -> None:
    target = replace(make_target(), keep_old=warm)
    for kind in kinds:
        name = kind.__name__.removesuffix("Operator").lower()
        task = SwapTask(run_id=run_id, task_id=f"swap.{name}")
        image = make_image(version).to_json()
        kind(task_id="t", target=target, image=image).execute(task.context)


def remember(version: str = "2", run_id: str = "manual__1") -> None:
    RecordDeploymentOperator(
        task_id="t",
        release=make_record(version).checkout.release.to_json(),
        environment="dev",
        admission=Admission(project="shop", environment="dev"),
    ).execute(SwapTask(run_id=run_id).context)


def dev() -> EnvironmentSnapshot:
    found = snapshots().project("shop").of("dev")
    assert found is not None
    return found


def keep_house(listed: Listed | None = None, **states: str) -> None:
    runs = {("shop.dev", run): state for run, state in states.items()}
    task = FakeTask(dag_id="housekeeping", run_id="scheduled__1", states=runs)
    target = make_target()
    RetireStandbysOperator(task_id="t", target=target, listed=listed).execute(task.context)


def test_what_nobody_deployed_is_seen_by_housekeeping() -> None:
    keep_house(Listed(place=2, continuous=True, asks=True, windows=(OPEN,)))
    one = dev()
    assert one.serving is not None
    assert (one.serving.version, one.serving.commit.subject) == ("1", "Sell more")
    assert (one.place, one.continuous, one.asks, one.newer) == (2, True, True, 2)
    assert one.freeze is not None
    assert one.freeze.why == "fair"
    assert one.state is EnvironmentState.SERVING
    assert one.machines.healthy == one.machines.wanted > 0


def test_a_swap_is_shown_from_its_first_change_to_its_end() -> None:
    go(LaunchOperator, run_id="shell__1")
    one = dev()
    assert one.state is EnvironmentState.DEPLOYING
    assert one.under_way is not None
    assert (one.under_way.version, one.under_way.step) == ("2", "launch")
    assert (one.under_way.asked_by, one.under_way.came_from) == ("ada", Origin.SHELL)
    assert one.serving is not None
    assert one.serving.version == "1"
    go(ShiftTrafficOperator, RetireOldOperator, run_id="shell__1", warm=600.0)
    assert dev().state is EnvironmentState.DEPLOYING
    remember(run_id="shell__1")
    one = dev()
    assert (one.state, one.under_way, one.ill) == (EnvironmentState.SERVING, None, None)
    assert one.serving is not None
    assert (one.serving.version, one.serving.replaced, one.newer) == ("2", "1", 1)
    assert (one.serving.asked_by, one.serving.run_id) == ("ada", "shell__1")
    [standby] = one.standbys
    assert isinstance(standby, Standby)
    assert standby.version == "1"
    [record] = deployments().last("shop", "dev")
    assert (record.outcome, record.replaced, record.installation) == (
        Outcome.SUCCEEDED,
        "1",
        os.environ["AIRFLOW__SLIPWAY__INSTALLATION"],
    )


def test_one_that_goes_back_leaves_its_reason() -> None:
    go(LaunchOperator, RollBackOperator)
    one = dev()
    assert (one.state, one.under_way) == (EnvironmentState.SERVING, None)
    assert one.serving is not None
    assert one.serving.version == "1"
    assert one.ill is not None
    assert one.ill.version == "2"
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator, version="3", run_id="r3")
    remember("3", run_id="r3")
    assert dev().ill is None


def test_a_machine_s_own_reason_is_shown_before_the_way_back() -> None:
    go(LaunchOperator)
    note_failed(SwapTask().context, make_target(), "2", "no machine is healthy")
    machine = MachineReport(
        instance_id="i-1",
        journal=(
            "python[7]: ModuleNotFoundError: no module named \x1b[31mshop",
            "systemd[1]: shop.service: Failed with result 'exit-code'.",
        ),
    )
    report = FailureReport(
        project="shop",
        environment="dev",
        version="2",
        group="shop-dev-2",
        run_id="manual__1",
        task="fleet_healthy",
        why="no machine is healthy",
        at=1.0,
        ill=("i-1",),
        machines=(machine,),
    )
    FailureReports(artifact_store()).keep(report)
    show.show("shop", "dev")
    one = dev()
    assert one.ill is not None
    assert (one.ill.version, one.ill.why) == ("2", "no machine is healthy")
    assert one.ill.machines == ("i-1",)
    assert one.ill.reason.endswith("no module named \x1b[31mshop")


def test_a_question_is_shown_until_it_is_answered_or_its_run_is_over() -> None:
    keep_house()
    show.show_question(make_proposal("2"))
    asked = dev().approval
    assert asked is not None
    assert (asked.version, asked.asked_by) == ("2", "Bob")
    keep_house(manual__1="running")
    assert dev().approval == asked
    show.show_answer(SwapTask(run_id="another").context, "shop", "dev")
    assert dev().approval == asked
    keep_house(manual__1="failed")
    assert dev().approval is None


def test_a_store_that_is_away_stops_no_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshots, "change", lambda *_: 1 / 0)
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
    remember()
    monkeypatch.undo()


def test_another_task_of_another_run_tells_nothing_of_this_swap() -> None:
    go(LaunchOperator)
    other = SwapTask(run_id="another", task_id="swap.soak")
    show.show_step(other.context, "shop", "dev")
    going = dev().under_way
    assert going is not None
    assert going.step == "launch"


@pytest.mark.parametrize("seed", range(6))
def test_made_anew_from_nothing_it_says_the_same(
    seed: int, cloud: FakeFleetCloud, artifacts: Any
) -> None:
    """Whatever was deployed, failed, cleared or ended by housekeeping on the way."""
    import random
    import shutil

    luck = random.Random(seed)
    listed = Listed(place=1, continuous=True)
    for number in range(5):
        version, run = luck.choice("123"), f"r{number}"
        go(LaunchOperator, version=version, run_id=run)
        if luck.random() < 0.4:
            go(RollBackOperator, version=version, run_id=run)
        else:
            go(ShiftTrafficOperator, RetireOldOperator, version=version, run_id=run)
            if luck.random() < 0.8:
                remember(version, run_id=run)
        if luck.random() < 0.5:
            keep_house(listed, **{run: "failed"})
    keep_house(listed, **{f"r{number}": "failed" for number in range(5)})
    along, past = dev(), list(deployments().newest_first("shop", "dev"))
    for folder in ("environments", "history"):
        shutil.rmtree(artifacts / folder)
    fleet = cloud.observe()
    rebuild(artifact_store(), "shop", "dev", fleet, listed, lambda _: False)
    anew = dev()
    assert list(deployments().newest_first("shop", "dev")) == past
    assert anew.to_json() | {"seen_at": 0} == along.to_json() | {"seen_at": 0}


def test_an_environment_and_a_project_that_are_no_more_go_from_the_board() -> None:
    keep_house()
    board = Snapshots(artifact_store())
    board.change("gone", "dev", lambda one: one)
    board.change("shop", "old", lambda one: one)
    RollUpSnapshotsOperator(task_id="t", environments={"shop": ["dev"]}).execute({})
    assert [(one.project, len(one.environments)) for one in board.every()] == [("shop", 1)]
    assert Machines() != dev().machines


def test_a_swap_of_a_healthy_environment_reads_no_old_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
    remember()
    monkeypatch.setattr(FailureReports, "newest", None)  # whoever asks for them fails
    go(LaunchOperator, version="3", run_id="manual__2")
    assert dev().under_way is not None
