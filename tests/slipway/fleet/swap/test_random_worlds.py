"""The whole loop in random worlds: as people, crashes and earlier releases may have left them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slipway.exceptions import CloudUnavailable
from slipway.fleet.goals import Goal
from slipway.model.fleet import SCALING, ServerGroup
from slipway.model.target import Canary
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import (
    DEPLOY,
    NOW,
    make_group,
    make_swap,
    nothing_is_orphaned,
    serving,
)

# Anything goes for each group.
VERSIONS = [None, "1", "2", "3", "4"]
WORLD_OF_GROUPS = st.fixed_dictionaries(
    {},
    optional={
        version: st.fixed_dictionaries(
            {
                "size": st.integers(0, 4),
                "attached": st.just(True) if version is None else st.booleans(),
                "live_since": st.sampled_from([None, 500]),
                "standby_until": st.sampled_from([None, NOW - 1, NOW + 10_000]),
                "suspended": st.sets(st.sampled_from([*sorted(SCALING), "Terminate"])),
                "held": st.sets(st.sampled_from(sorted(SCALING))),
                "deleting": st.booleans() if version else st.just(False),
            }
        )
        for version in VERSIONS
    },
)


def _world(drawn: dict[str | None, dict[str, object]], orphans: set[str]) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={None, "1", "2", "new"}, leaving=3)
    for version, fields in drawn.items():
        group = make_group(version, **fields)  # type: ignore[arg-type]
        sets = {name: frozenset(getattr(group, name)) for name in ("suspended", "held")}
        cloud.groups[group.name] = replace(group, **sets)  # type: ignore[arg-type]
        if version:
            cloud.templates.add(group.name)
    cloud.templates |= {f"shop-dev-{name}" for name in orphans}
    for _ in range(3):  # the balancer's first checks
        cloud.observe()
    return cloud


def _theirs(group: ServerGroup) -> frozenset[str]:
    return group.suspended - group.held


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=WORLD_OF_GROUPS,
    orphans=st.sets(st.sampled_from(["0", "new"])),
    version=st.sampled_from(["new", "1", "2"]),
    crash_at=st.none() | st.integers(0, 20),
    applied=st.booleans(),
    keep=st.sampled_from([0.0, 300.0]),
    canary=st.none() | st.builds(Canary, size=st.integers(1, 3)),
)
def test_a_good_release_gets_through_any_world(
    drawn: dict[str | None, dict[str, object]],
    orphans: set[str],
    version: str,
    crash_at: int | None,
    applied: bool,
    keep: float,
    canary: Canary | None,
) -> None:
    cloud = _world(drawn, orphans)
    own = sum(one.serving for one in cloud.groups.values() if one.version == version)
    # Where the release serves beside another, it may be halfway through a swap.
    before = max(own, cloud.serving - own)
    cloud.faults.lowest = cloud.serving
    by_hand = {name: _theirs(one) for name, one in cloud.groups.items() if one.version is None}
    cloud.faults.crash_at, cloud.faults.applied = crash_at, applied
    wishes = (Goal.CANARY, Goal.IN_TRAFFIC, *DEPLOY) if canary else DEPLOY
    more: dict[str, Any] = {"keep_old": keep, "canary": canary}
    for wish in wishes:
        try:
            make_swap(cloud, version, **more).converge(wish, timeout=200)
        except Crash:
            make_swap(cloud, version, **more).converge(wish, timeout=200)
    assert cloud.faults.lowest >= before
    assert serving(cloud) == [version]
    assert [group.version for group in cloud.observe().groups if group.attached] == [version]
    nothing_is_orphaned(cloud)
    for name, theirs in by_hand.items():
        assert _theirs(cloud.groups[name]) == theirs
    again = len(cloud.calls)
    for wish in wishes:
        make_swap(cloud, version, **more).converge(wish, timeout=100)
    assert len(cloud.calls) == again


# Nothing serves, and the standby that might take over is not healthy any more.
_ILL_STANDBY: dict[str | None, dict[str, object]] = {
    "4": {
        "size": 1,
        "attached": False,
        "live_since": 500,
        "standby_until": 999,
        "suspended": set(),
        "held": set(),
        "deleting": False,
    }
}


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=WORLD_OF_GROUPS,
    orphans=st.sets(st.sampled_from(["0", "bad"])),
    crash_at=st.none() | st.integers(0, 12),
    applied=st.booleans(),
    let_in=st.booleans(),
    keep=st.sampled_from([0.0, 3600.0]),
)
@example(drawn={}, orphans=set(), crash_at=None, applied=True, let_in=True, keep=0.0)
@example(drawn=_ILL_STANDBY, orphans=set(), crash_at=3, applied=False, let_in=True, keep=3600.0)
def test_a_bad_release_leaves_any_world_as_it_was(
    drawn: dict[str | None, dict[str, object]],
    orphans: set[str],
    crash_at: int | None,
    applied: bool,
    let_in: bool,
    keep: float,
) -> None:
    cloud = _world(drawn, orphans)
    cloud.faults.lowest = before = cloud.serving
    served = sorted(str(version) for version in serving(cloud))
    theirs = {name: _theirs(one) for name, one in cloud.groups.items() if not one.deleting}
    cloud.faults.crash_at, cloud.faults.applied = crash_at, applied
    wishes = [Goal.LAUNCHED, *([Goal.IN_TRAFFIC] if let_in else []), Goal.ROLLED_BACK]
    for wish in wishes:
        try:
            with suppress(Crash):
                make_swap(cloud, "bad", keep_failed=keep).converge(wish, timeout=100)
            make_swap(cloud, "bad", keep_failed=keep).converge(wish, timeout=100)
        except CloudUnavailable:
            # Nothing that was in traffic before serves: the bad one is left for a person.
            assert let_in
            assert before == 0
            return
    assert cloud.faults.lowest >= before
    assert set(served) <= {str(version) for version in serving(cloud)}
    staying = [group.name for group in cloud.observe().groups if not group.deleting]
    assert "shop-dev-bad" not in staying
    assert "shop-dev-bad" not in cloud.templates
    assert len(cloud.kept) <= (1 if keep else 0)
    members = {one.instance_id for group in cloud.groups.values() for one in group.machines}
    assert not members & set(cloud.kept)
    for name, processes in theirs.items():
        assert _theirs(cloud.groups[name]) == processes, name
        assert not (cloud.groups[name].attached and cloud.groups[name].held)
