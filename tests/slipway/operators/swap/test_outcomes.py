"""Every deployment is on record, whatever became of it: by whom, why, and what serves since."""

from __future__ import annotations

import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.cli.history import lines, tell
from slipway.fleet import swap as loop
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failures import FailureReports
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import Outcome, PastDeployment
from slipway.operators import swap
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.consent import Admission
from slipway.tasks.failure import failed_release
from slipway.tasks.failure.failed_release import FailedRelease
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target, serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.operators.swap.deployments import SwapTask

WHY = "the alarm p99 is at 1.7, above 0.5"


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "require_recorded", lambda *_: None)
    monkeypatch.setattr(loop, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(loop, "_WHILE_WAITING", 0.0)
    deploy(cloud, "1")
    catalogue("1", "2")
    return cloud


def go(*kinds: Any, task: FakeTask | None = None) -> None:
    for kind in kinds:
        operator = kind(task_id="t", target=make_target(), image=make_image("2").to_json())
        operator.execute((task or SwapTask()).context)


def remember() -> None:
    RecordDeploymentOperator(
        task_id="t",
        release=make_record("2").checkout.release.to_json(),
        environment="dev",
        admission=Admission(project="shop", environment="dev"),
    ).execute(SwapTask().context)


def past() -> list[PastDeployment]:
    return DeploymentOutcomes(artifact_store()).past("shop", "dev", 10)


def fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a gate stay shut, where the machines cannot be asked."""
    monkeypatch.setattr(failed_release, "hasty_fleet", lambda *_, **__: 1 / 0)
    failed = FailedRelease(
        target=make_target(), version="2", context=SwapTask().context, log=lambda _: None
    )
    failed.explain(WHY)


def test_one_that_succeeded_says_who_and_how_long_after_the_commit() -> None:
    task = SwapTask(params={"override_freeze": "it cannot wait"})
    go(LaunchOperator, task=task)
    [under_way] = past()
    assert (under_way.outcome, under_way.by) == (Outcome.STARTED, "ada")
    go(ShiftTrafficOperator, RetireOldOperator)
    remember()
    remember()
    [one] = past()
    assert (one.outcome, one.serves, one.why) == (Outcome.SUCCEEDED, "2", "it cannot wait")
    assert [note.outcome for note in one.notes] == [Outcome.STARTED, Outcome.SUCCEEDED]
    assert one.notes[0].committed_at == 1  # as the catalogue has it
    assert one.release == make_record("2").checkout.release


@pytest.mark.parametrize("twice", [1, 2])
def test_one_that_went_back_says_which_gate_and_to_what(
    monkeypatch: pytest.MonkeyPatch, cloud: FakeFleetCloud, twice: int
) -> None:
    go(LaunchOperator)
    fails(monkeypatch)
    assert past()[0].outcome is Outcome.FAILED
    go(*[RollBackOperator] * twice)
    [one] = past()
    assert serving(cloud) == ["1"]
    assert (one.outcome, one.serves, one.why, one.by) == (Outcome.ROLLED_BACK, "1", WHY, "ada")
    assert one.notes[-1].tasks == ("soak",)


def test_a_run_that_is_started_again_is_another_deployment() -> None:
    go(LaunchOperator, RollBackOperator, LaunchOperator)
    assert sorted(one.outcome for one in past()) == [Outcome.ROLLED_BACK, Outcome.STARTED]


def test_a_run_that_began_nothing_is_none() -> None:
    operator = RollBackOperator(task_id="t", target=make_target(), image=None)
    with pytest.raises(AirflowSkipException):
        operator.execute(SwapTask().context)
    operator = RollBackOperator(task_id="t", target=make_target(), image=make_image("2").to_json())
    operator.execute(SwapTask().context)
    assert (past(), operator.went_back, operator.had_begun) == ([], False, False)


def test_one_that_failed_where_it_serves_already_is_not_left_open() -> None:
    image = make_image("1").to_json()
    LaunchOperator(task_id="t", target=make_target(), image=image).execute(SwapTask().context)
    back = RollBackOperator(task_id="t", target=make_target(), image=image)
    back.execute(SwapTask().context)
    assert (back.went_back, back.had_begun) == (False, True)
    [one] = past()
    assert one.outcome is Outcome.FAILED


@pytest.mark.parametrize("shifted", [False, True])
def test_what_housekeeping_ended_is_not_left_open(shifted: bool) -> None:
    go(LaunchOperator, *([ShiftTrafficOperator] if shifted else []))
    keeper = RetireStandbysOperator(task_id="t", target=make_target())
    keeper.execute(FakeTask(dag_id="housekeeping", run_id="scheduled__1").context)
    [one] = past()
    assert (one.outcome, one.serves) == (Outcome.ROLLED_BACK, "1")
    assert one.notes[-1].by == "housekeeping"
    assert one.by == "ada"


def keep_house(**states: str) -> None:
    """Let housekeeping pass, where the runs of the project have such states."""
    runs = {("shop.dev", run): state for run, state in states.items()}
    task = FakeTask(dag_id="housekeeping", run_id="scheduled__1", states=runs)
    RetireStandbysOperator(task_id="t", target=make_target()).execute(task.context)


def test_an_end_that_its_run_could_not_note_is_noted_by_what_serves() -> None:
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator)  # and no record_deployment
    keep_house(manual__1="running")
    assert past()[0].outcome is Outcome.STARTED  # it may note it yet
    keep_house(manual__1="failed")
    keep_house(manual__1="failed")
    [one] = past()
    assert [note.outcome for note in one.notes] == [Outcome.STARTED, Outcome.SUCCEEDED]
    assert (one.serves, one.by, one.notes[-1].by) == ("2", "ada", "housekeeping")
    history = DeploymentHistory(artifact_store())
    [entry] = history.served("shop", "dev", 10)  # for the way back
    assert (entry.release, entry.run_id) == (make_record("2").checkout.release, "manual__1")
    remember()  # a person clears the task after all
    assert len(past()[0].notes) == 2


def test_an_entry_without_its_note_is_no_second_entry() -> None:
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
    history = DeploymentHistory(artifact_store())
    history.record(make_record("2").checkout.release, "dev", run_id="manual__1")
    keep_house()
    assert past()[0].outcome is Outcome.SUCCEEDED
    assert history.versions("shop", "dev") == ["2"]


def test_one_that_left_without_a_note_was_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    go(LaunchOperator)
    with monkeypatch.context() as patched:
        patched.setattr(DeploymentOutcomes, "note", lambda *_, **__: None)
        go(RollBackOperator)
    assert past()[0].outcome is Outcome.STARTED
    keep_house()
    [one] = past()
    assert (one.outcome, one.serves) == (Outcome.ROLLED_BACK, "1")
    assert one.why == "its run ended before it could note how"
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []


def test_of_one_that_others_came_after_nobody_says_that_it_went_back(
    cloud: FakeFleetCloud,
) -> None:
    go(LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
    cloud.healthy.add("1")
    time.sleep(1.1)  # they are put in order by seconds
    image = make_image("1").to_json()
    later = SwapTask(run_id="manual__2")
    for kind in (LaunchOperator, ShiftTrafficOperator, RetireOldOperator):
        kind(task_id="t", target=make_target(), image=image).execute(later.context)
    keep_house()
    ends = {one.release.version: (one.outcome, one.serves) for one in past()}
    assert ends == {"2": (Outcome.FAILED, ""), "1": (Outcome.SUCCEEDED, "1")}


def test_a_forged_start_keeps_no_standby(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{1:012d}_{'a' * 32}_started.json"
    artifact_store().put(f"deployments/shop/dev/outcomes/{name}", b"{}")
    keep_house()
    assert "what became of earlier deployments is not noted" in capsys.readouterr().out


def test_what_cannot_be_noted_keeps_nobody_from_going_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go(LaunchOperator)

    def away(*_: Any, **__: Any) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(DeploymentOutcomes, "note", away)
        fails(monkeypatch)
    assert past()[0].outcome is Outcome.STARTED
    assert list(FailureReports(artifact_store()).newest("shop", "dev")) == []


def test_a_shell_tells_it_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    tell("shop", ["dev"], 5, sys.stdout)
    assert "nothing was deployed there yet" in capsys.readouterr().out
    go(LaunchOperator, RollBackOperator)
    [line] = [one for one in lines(past()[0]) if "2" in one][:1]
    assert "2  rolled back to 1 in " in line
    assert ", by ada" in line
