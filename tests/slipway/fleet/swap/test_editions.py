"""A release comes with other settings: the swap, and the way back, of two groups of one version."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.fleet import swap
from slipway.fleet.goals import Goal
from slipway.fleet.plan import ending
from slipway.model.cloud.lease import UnfinishedSwap
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_swap, serving

OLD, NEW = "2", "2@bbbbbbbb"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    monkeypatch.setattr(swap, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(swap, "_WHILE_WAITING", 0.0)
    cloud = FakeFleetCloud(healthy={OLD, NEW})
    deploy(cloud, OLD)
    return cloud


def test_the_new_settings_get_a_group_of_their_own_beside_the_old_ones(
    cloud: FakeFleetCloud,
) -> None:
    deploy(cloud, NEW, keep_old=600.0)
    assert set(cloud.groups) == {"shop-dev-2", "shop-dev-2-bbbbbbbb"}
    new, old = cloud.groups["shop-dev-2-bbbbbbbb"], cloud.groups["shop-dev-2"]
    assert (new.version, new.attached) == (NEW, True)
    assert (old.version, old.attached) == (OLD, False)
    assert old.standby_until is not None


def test_the_way_back_is_to_the_group_with_the_old_settings(cloud: FakeFleetCloud) -> None:
    deploy(cloud, NEW, keep_old=600.0)
    cloud.calls.clear()
    deploy(cloud, OLD, keep_old=600.0)
    assert not any(call == "launch" for call, _ in cloud.calls)
    assert serving(cloud) == [OLD]
    assert cloud.groups["shop-dev-2-bbbbbbbb"].standby_until is not None


def test_the_same_edition_again_changes_nothing(cloud: FakeFleetCloud) -> None:
    deploy(cloud, NEW)
    cloud.calls.clear()
    deploy(cloud, NEW)
    assert cloud.calls == []


def test_settings_that_do_not_work_go_and_the_old_ones_serve_on(cloud: FakeFleetCloud) -> None:
    cloud.healthy.discard(NEW)
    make_swap(cloud, NEW).converge(Goal.LAUNCHED, timeout=100)
    half = UnfinishedSwap(release=NEW)
    assert ending(cloud.observe(), half) is Goal.ROLLED_BACK
    make_swap(cloud, NEW).converge(Goal.ROLLED_BACK, timeout=100)
    cloud.observe()
    assert [name for name, one in cloud.groups.items() if not one.deleting] == ["shop-dev-2"]
    assert serving(cloud) == [OLD]


def resized(
    cloud: FakeFleetCloud, asked: tuple[int, int, int], live: int, **how: Any
) -> tuple[tuple[int, int, int], int]:
    """Deploy an edition that asks for sizes; return those that it got, and its machines."""
    cloud.resize("shop-dev-2", (1, live, 9))
    for _ in range(live):
        cloud.observe()
    sizes = dict(zip(("min_size", "desired_size", "max_size"), asked, strict=True))
    deploy(cloud, NEW, keep_old=600.0, **how, **sizes)
    new = cloud.groups["shop-dev-2-bbbbbbbb"]
    return (new.min_size, new.desired, new.max_size), new.serving


@pytest.mark.parametrize(
    ("asked", "live", "comes"),
    [
        ((1, 4, 8), 2, (1, 4, 8)),  # more machines
        ((1, 1, 2), 2, (1, 1, 2)),  # fewer
        ((1, 4, 8), 6, (1, 6, 8)),  # the traffic has made it larger than was asked for
        ((1, 1, 4), 6, (1, 4, 4)),  # and larger than it may be
    ],
)
def test_sizes_of_its_own_come_with_an_edition(
    cloud: FakeFleetCloud,
    asked: tuple[int, int, int],
    live: int,
    comes: tuple[int, int, int],
) -> None:
    assert resized(cloud, asked, live, resized_from=2) == (comes, comes[1])
    assert not cloud.groups["shop-dev-2"].attached


@pytest.mark.parametrize(
    ("asked", "live", "comes"),
    [
        ((1, 4, 8), 2, (1, 4, 8)),  # it had more machines
        ((1, 1, 2), 2, (1, 2, 2)),  # it had fewer, and two serve
        ((1, 1, 4), 6, (1, 6, 6)),  # and more serve than it may have had
        ((3, 3, 3), 6, (3, 6, 6)),
    ],
)
def test_a_way_back_has_the_sizes_of_then_and_no_fewer_machines_than_serve(
    cloud: FakeFleetCloud,
    asked: tuple[int, int, int],
    live: int,
    comes: tuple[int, int, int],
) -> None:
    found = resized(cloud, asked, live, resized_from=live, resized_back=True)
    assert found == (comes, comes[1])


def test_without_sizes_of_its_own_it_is_as_large_as_what_serves(cloud: FakeFleetCloud) -> None:
    cloud.resize("shop-dev-2", (1, 3, 9))
    deploy(cloud, NEW, desired_size=1)
    assert cloud.groups["shop-dev-2-bbbbbbbb"].desired == 3
