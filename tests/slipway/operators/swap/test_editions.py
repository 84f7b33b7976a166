"""A swap to other settings: killed anywhere, taken back, and on record."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.fleet import swap as loop
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.cloud.launch import Launch
from slipway.model.facts import MachineImage, Release
from slipway.model.facts.outcome import Outcome, PastDeployment
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.repository import Repository as Source
from slipway.model.launched import Launched, LaunchSettings
from slipway.operators import swap
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.controls.allowed import HELD
from slipway.tasks.order.branch_order import BranchOrder
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import make_image, make_target, serving
from tests.slipway.operators.releases import catalogue
from tests.slipway.operators.swap.deployments import SwapTask

OLD, NEW = "1", "1@bbbbbbbb"
BROUGHT = ("instance type: t3.micro -> t3.large",)
FORWARD = (LaunchOperator, ShiftTrafficOperator, RetireOldOperator)


class Watched(FakeFleetCloud):
    """Remembers what groups were launched from."""

    launched: list[Launch]

    def launch(self, launch: Launch) -> tuple[str, ...]:
        self.launched.append(launch)
        return super().launch(launch)


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> Watched:
    cloud = Watched(healthy={OLD, NEW})
    cloud.launched = []
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "require_recorded", lambda *_: None)
    monkeypatch.setattr(loop, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(loop, "_WHILE_WAITING", 0.0)
    catalogue("1", "2")
    go(*FORWARD, version=OLD, run_id="manual__0")
    served(OLD)
    Editions(artifact_store()).note(
        Launched(
            release=make_image(NEW).release,
            environment="dev",
            settings=LaunchSettings.of(make_target(instance_type="t3.large")),
            image_id=make_image(NEW).image_id,
            replaces=OLD,
            brings=BROUGHT,
        )
    )
    cloud.launched.clear()
    return cloud


def served(version: str) -> None:
    release = Release(project="shop", sha="1" * 40, version=version)
    DeploymentHistory(artifact_store()).record(release, "dev", run_id="manual__0")


def go(
    *kinds: Any, version: str = NEW, run_id: str = "manual__1", kept: bool = False, **more: Any
) -> None:
    image = MachineImage.from_json({**make_image(version).to_json(), "kept": kept})
    for kind in kinds:
        # The project file of today says something else again.
        target = make_target(instance_type="t3.nano" if run_id != "manual__0" else "t3.micro")
        operator = kind(task_id="t", target=target, image=image.to_json(), **more)
        operator.execute(SwapTask(run_id=run_id).context)


def noted(version: str) -> PastDeployment:
    """Return what is noted of a deployment; both are of one second, and in no order."""
    [found] = [
        one
        for one in DeploymentOutcomes(artifact_store()).past("shop", "dev", 9)
        if one.release.version == version
    ]
    return found


def test_it_is_launched_from_what_was_chosen_whatever_the_project_file_says(
    cloud: Watched,
) -> None:
    go(*FORWARD)
    (launch,) = cloud.launched
    assert (launch.name, launch.instance_type) == ("shop-dev-1-bbbbbbbb", "t3.large")
    assert launch.image_id == make_image(NEW).image_id
    assert launch.tags["slipway:version"] == NEW
    assert serving(cloud) == [NEW]


def test_the_way_back_is_launched_from_what_served_then(cloud: Watched) -> None:
    go(*FORWARD)
    served(NEW)
    cloud.launched.clear()
    go(*FORWARD, version=OLD, run_id="manual__2", kept=True)
    (launch,) = cloud.launched
    assert (launch.name, launch.instance_type) == ("shop-dev-1", "t3.micro")
    assert serving(cloud) == [OLD]


def test_it_is_on_record_with_what_it_brings(cloud: Watched) -> None:
    go(LaunchOperator)
    last = noted(NEW)
    assert last.outcome is Outcome.STARTED
    assert last.release.sha == "1" * 40
    assert (last.notes[0].replaced, last.brings) == (OLD, BROUGHT)


@pytest.mark.parametrize("killed", range(8))
def test_a_task_that_is_killed_anywhere_comes_to_the_same_group(
    cloud: Watched, killed: int
) -> None:
    cloud.faults.crash_at = len(cloud.calls) + killed
    for kind in FORWARD:
        for _ in range(3):
            try:
                go(kind)
            except Crash:
                cloud.faults.crash_at = None
                continue
            break
    assert serving(cloud) == [NEW]
    assert {one.name for one in cloud.launched} == {"shop-dev-1-bbbbbbbb"}
    found = Editions(artifact_store()).find("shop", "dev", NEW)
    assert found is not None
    assert found.proven


def test_settings_that_fail_go_back_and_are_nothing_to_go_back_to(cloud: Watched) -> None:
    go(LaunchOperator)
    cloud.healthy.discard(NEW)
    go(RollBackOperator)
    assert serving(cloud) == [OLD]
    found = Editions(artifact_store()).find("shop", "dev", NEW)
    assert found is not None
    assert not found.proven
    last = noted(NEW)
    assert (last.outcome, last.serves) == (Outcome.ROLLED_BACK, OLD)


def test_nothing_is_launched_of_an_edition_that_is_not_noted(cloud: Watched) -> None:
    artifact_store().delete(f"editions/shop/dev/{NEW}.json")
    with pytest.raises(AirflowFailException, match="nothing says what 1@bbbbbbbb is launched"):
        go(LaunchOperator)
    assert cloud.launched == []


def by_itself() -> dict[str, Any]:
    """What a task of a commit's own run is given, and one of a person's choice is not."""
    order = BranchOrder(repository=Source(url="u"), delivered=Deliverable(branch="main"))
    return {"order": order}


@pytest.mark.parametrize("kind", FORWARD)
def test_another_run_of_the_commit_does_not_take_back_what_somebody_brought(
    cloud: Watched, kind: Any
) -> None:
    """A second Airflow's, say, or one that has waited for its turn."""
    go(*FORWARD)
    before, run = len(cloud.calls), SwapTask(run_id="commit__2")
    task = kind(task_id="t", target=make_target(), image=make_image(OLD).to_json(), **by_itself())
    with pytest.raises(AirflowSkipException, match=r"^1 has landed on dev already") as told:
        task.execute(run.context)
    assert "serves as 1@bbbbbbbb: with the settings and the base image that" in str(told.value)
    assert "to go back on purpose, `fab deploy shop dev 1`" in str(told.value)
    assert str(told.value).startswith(run.xcoms[HELD])
    assert (len(cloud.calls), serving(cloud), cloud.ssm.parameters) == (before, [NEW], {})
