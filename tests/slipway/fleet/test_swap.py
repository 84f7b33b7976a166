"""The whole loop against a cloud in memory: every crash, every situation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.exceptions import CloudUnavailable
from slipway.facts import MachineImage, Release
from slipway.fleet.plan import Wish
from slipway.fleet.swap import Swap
from slipway.fleet.target import FleetTarget
from slipway.hooks.fleet_view import SCALING, Machine, ServerGroup
from tests.fakes.fleet_cloud import Crash, FakeFleetCloud

DEPLOY = (Wish.LAUNCHED, Wish.IN_TRAFFIC, Wish.OLD_RETIRED)


def _target(**more: Any) -> FleetTarget:
    fields: dict[str, Any] = {
        "project": "shop", "environment": "dev", "region": "eu-west-1", "aws_conn_id": "aws",
        "subnets": ("a",), "security_groups": ("s",), "instance_type": "t3.micro",
        "min_size": 1, "desired_size": 2, "max_size": 4, "health_path": "/", "health_port": 80,
        "health_timeout": 60.0, "soak": 0.0, "keep_old": 0.0, "target_group": "shop-dev",
    }  # fmt: skip
    return FleetTarget(**(fields | more))


def _swap(cloud: FakeFleetCloud, version: str, *, now: float = 1000.0, **more: Any) -> Swap:
    release = Release(project="shop", sha="a" * 40, version=version)
    image = MachineImage(
        release=release, image_id=f"ami-{version}", name="n", base_image_id="b", deb_sha256="d",
        playbook_hash="p", region="eu-west-1",
    )  # fmt: skip
    ticks = iter(range(10_000))
    fake: Any = cloud
    return Swap(
        cloud=fake, target=_target(**more), image=image, log=lambda _: None,
        clock=lambda: now + next(ticks), sleep=lambda _: None,
    )  # fmt: skip


def _deploy(cloud: FakeFleetCloud, version: str, **more: Any) -> None:
    for wish in DEPLOY:
        _swap(cloud, version, **more).converge(wish, timeout=100)


def _live(cloud: FakeFleetCloud) -> list[str | None]:
    return [group.version for group in cloud.groups.values() if group.serving]


@pytest.fixture
def cloud() -> FakeFleetCloud:
    return FakeFleetCloud(healthy={"1", "2", "3"})


def test_the_first_release_takes_the_configured_size(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    (group,) = cloud.groups.values()
    assert (group.min_size, group.desired, group.max_size) == (1, 2, 4)
    assert group.serving == 2


def test_the_next_takes_the_present_size_and_nothing_old_stays(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    grown = cloud.groups["shop-dev-1"]
    machine = grown.machines[0]
    cloud.groups["shop-dev-1"] = ServerGroup(
        name=grown.name, version="1", min_size=1, desired=4, max_size=4, attached=True,
        machines=(machine,) * 4,
    )  # fmt: skip
    _deploy(cloud, "2")
    assert list(cloud.groups) == ["shop-dev-2"]
    assert cloud.groups["shop-dev-2"].desired == 4


def test_scaling_is_held_still_while_two_groups_stand(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    _swap(cloud, "2").converge(Wish.LAUNCHED, timeout=100)
    assert cloud.groups["shop-dev-1"].suspended == SCALING


def test_the_same_version_again_changes_nothing(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    before = len(cloud.calls)
    _deploy(cloud, "1")
    assert len(cloud.calls) == before


def test_a_bad_release_is_removed_and_the_old_one_serves_on(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    for wish in (Wish.LAUNCHED, Wish.IN_TRAFFIC):
        _swap(cloud, "bad").converge(wish, timeout=100)
    _swap(cloud, "bad").converge(Wish.ROLLED_BACK, timeout=100)
    assert list(cloud.groups) == ["shop-dev-1"]
    assert cloud.groups["shop-dev-1"].serving == 2
    assert not cloud.groups["shop-dev-1"].suspended


def test_two_bad_releases_in_a_row(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    for bad in ("bad", "worse"):
        _swap(cloud, bad).converge(Wish.LAUNCHED, timeout=100)
        _swap(cloud, bad).converge(Wish.ROLLED_BACK, timeout=100)
    assert _live(cloud) == ["1"]
    assert len(cloud.groups) == 1


def test_old_is_not_retired_before_new_serves(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1")
    for wish in (Wish.LAUNCHED, Wish.IN_TRAFFIC):
        _swap(cloud, "bad").converge(wish, timeout=100)
    with pytest.raises(CloudUnavailable, match="0 of 2 machines"):
        _swap(cloud, "bad").converge(Wish.OLD_RETIRED, timeout=20)
    assert cloud.groups["shop-dev-1"].serving == 2


def test_a_kept_standby_is_woken_by_a_roll_back(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1", keep_old=300.0)
    _deploy(cloud, "2", keep_old=300.0)
    standby = cloud.groups["shop-dev-1"]
    assert standby.standby_until is not None
    assert 1300 <= standby.standby_until < 1400
    launched = [call for call in cloud.calls if call[0] == "launch"]
    _deploy(cloud, "1", keep_old=300.0)
    assert [call for call in cloud.calls if call[0] == "launch"] == launched
    assert _live(cloud) == ["1"]
    assert cloud.groups["shop-dev-2"].standby_until is not None


def test_a_standby_is_retired_when_its_time_is_over(cloud: FakeFleetCloud) -> None:
    _deploy(cloud, "1", keep_old=300.0)
    _deploy(cloud, "2", keep_old=300.0)
    _swap(cloud, "", now=1100.0).converge(Wish.STANDBYS_RETIRED, timeout=10)
    assert len(cloud.groups) == 2
    _swap(cloud, "", now=2000.0).converge(Wish.STANDBYS_RETIRED, timeout=10)
    assert list(cloud.groups) == ["shop-dev-2"]


def test_a_fleet_slipway_did_not_make_is_taken_over_but_not_destroyed(
    cloud: FakeFleetCloud,
) -> None:
    machine = Machine(instance_id="i-old", address="10.0.0.9", lifecycle="InService")
    cloud.groups["by-hand"] = ServerGroup(
        name="by-hand", version=None, min_size=1, desired=1, max_size=1, attached=True,
        machines=(machine,),
    )  # fmt: skip
    cloud.healthy.add(None)  # type: ignore[arg-type]
    _deploy(cloud, "1")
    assert _live(cloud) == ["1"]
    assert not cloud.groups["by-hand"].attached


def test_a_bad_first_release_leaves_nothing(cloud: FakeFleetCloud) -> None:
    _swap(cloud, "bad").converge(Wish.LAUNCHED, timeout=100)
    _swap(cloud, "bad").converge(Wish.ROLLED_BACK, timeout=100)
    assert not cloud.groups


@settings(max_examples=300, deadline=None)
@given(
    crash_at=st.integers(0, 8), applied=st.booleans(), keep=st.sampled_from([0.0, 300.0]),
    good=st.booleans(),
)  # fmt: skip
def test_a_crash_at_any_call_converges(
    crash_at: int, applied: bool, keep: float, good: bool
) -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    _deploy(cloud, "1", keep_old=keep)
    serving, calls = cloud.serving, len(cloud.calls)
    cloud.lowest, cloud.applied, cloud.crash_at = serving, applied, calls + crash_at
    version = "2" if good else "bad"
    wishes = DEPLOY if good else (Wish.LAUNCHED, Wish.IN_TRAFFIC, Wish.ROLLED_BACK)
    for wish in wishes:
        try:
            _swap(cloud, version, keep_old=keep).converge(wish, timeout=100)
        except Crash:
            _swap(cloud, version, keep_old=keep).converge(wish, timeout=100)
    assert _live(cloud) == ["2" if good else "1"]
    assert cloud.lowest is not None
    assert cloud.lowest >= serving
    standbys = [g for g in cloud.groups.values() if g.standby_until is not None]
    assert len(cloud.groups) == 1 + len(standbys)
    again = len(cloud.calls)
    _swap(cloud, version, keep_old=keep).converge(wishes[-1], timeout=100)
    assert len(cloud.calls) == again
