"""The operators against a cloud in memory: what they wish for, return, and refuse to try again."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured
from slipway.fleet import swap
from slipway.fleet.goals import Goal
from slipway.model.facts import Deployment
from slipway.operators import swap as fleet
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.tasks.failure.failed_release import FailedRelease
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target, serving


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    monkeypatch.setattr(FailedRelease, "ill_machines", lambda *_: None)
    monkeypatch.setattr(swap, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(swap, "_WHILE_WAITING", 0.0)
    return cloud


def _run(operator: Any) -> Any:
    return operator.execute(FakeTask().context)


def _facts(version: str, **more: Any) -> dict[str, Any]:
    return {"target": make_target(**more), "image": make_image(version).to_json()}


def test_the_whole_way(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    facts = _facts("2")
    for kind in (LaunchOperator, ShiftTrafficOperator):
        made = Deployment.from_json(_run(kind(task_id="t", **facts)))
        assert (made.server_group, made.previous_group) == ("shop-dev-2", "shop-dev-1")
        assert serving(cloud) == ["1"]
    made = Deployment.from_json(_run(RetireOldOperator(task_id="t", **facts)))
    assert serving(cloud) == ["2"]
    assert len(made.instance_ids) == 2
    assert made.image_id == "ami-2"
    assert made.previous_version == "1"


def test_the_way_back(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    facts = _facts("bad")
    _run(LaunchOperator(task_id="launch", **facts))
    made = Deployment.from_json(_run(RollBackOperator(task_id="roll_back", **facts)))
    assert made.instance_ids == ()
    assert (made.previous_group, serving(cloud)) == ("shop-dev-1", ["1"])


def test_nothing_was_baked_so_nothing_is_rolled_back(cloud: FakeFleetCloud) -> None:
    facts: dict[str, Any] = {**_facts("2"), "image": None}
    with pytest.raises(AirflowSkipException):
        _run(RollBackOperator(task_id="roll_back", **facts))


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (EnvironmentMisconfigured("no subnet", advice="make one"), AirflowFailException),
        (CloudUnavailable("away"), CloudUnavailable),
    ],
)
def test_only_the_surroundings_are_worth_another_try(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch, failure: Exception, expected: type
) -> None:
    def refuse(_: object) -> None:
        raise failure

    monkeypatch.setattr(cloud, "launch", refuse)
    with pytest.raises(expected, match=str(failure).splitlines()[0]):
        _run(LaunchOperator(task_id="launch", **_facts("1")))


def test_each_wish_has_its_operator() -> None:
    wishes = [
        LaunchOperator.wish,
        LaunchCanaryOperator.wish,
        ShiftTrafficOperator.wish,
        RetireOldOperator.wish,
        RollBackOperator.wish,
    ]
    assert {*wishes, Goal.STANDBYS_RETIRED} == set(Goal)
    assert "image" in LaunchOperator.template_fields


@pytest.mark.usefixtures("artifacts")
def test_a_run_whose_way_was_never_open_has_nothing_to_roll_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its preflight found no target group; the lease is as free afterwards as it was before."""
    cloud = FakeFleetCloud()
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    lost = EnvironmentMisconfigured("the cloud has no target group 'shop-dve'", advice="make it")
    with mock.patch.object(FakeFleetCloud, "observe", side_effect=lost):
        back = RollBackOperator(
            task_id="roll_back",
            target=make_target(),
            image=make_image("2").to_json(),
        )
        with pytest.raises(AirflowSkipException, match="nothing was launched"):
            back.execute(FakeTask().context)
    assert cloud.ssm.parameters == {}


def test_a_roll_back_has_the_machines_say_why_before_it_removes_them(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No gate failed: the launch did, or somebody marked it."""
    seen: list[int] = []

    def ill_machines(self: FailedRelease, why: str) -> tuple[str, ...]:
        group = cloud.groups["shop-dev-bad"]
        seen.append(len(group.machines))
        return tuple(one.instance_id for one in group.machines[1:])

    monkeypatch.setattr(FailedRelease, "ill_machines", ill_machines)
    deploy(cloud, "1")
    facts = _facts("bad", keep_failed=3600.0)
    _run(LaunchOperator(task_id="launch", **facts))
    ill = cloud.groups["shop-dev-bad"].machines[1].instance_id
    _run(RollBackOperator(task_id="roll_back", **facts))
    assert seen == [2]
    assert list(cloud.kept) == [ill]
    assert serving(cloud) == ["1"]
