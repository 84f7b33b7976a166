"""A few machines first: what is planned for them, and how such a swap goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.exceptions import UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import ActionKind, Goal
from slipway.model.cloud.answer import Answer
from slipway.model.fleet import SCALING, ServerGroup
from slipway.model.target import Canary, Probe
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.worlds import (
    DEPLOY,
    NAME,
    NOW,
    did,
    make_group,
    make_plan,
    make_swap,
    nothing_is_orphaned,
    serving,
)

OLD = "shop-dev-1"
CANARY = Canary(size=1, soak=30.0)
CANARY_DEPLOY = (Goal.CANARY, Goal.IN_TRAFFIC, *DEPLOY)

LIVE = make_group("1", size=3, min_size=2)
HELD = replace(LIVE, suspended=SCALING, held=SCALING)
SICK = make_group("1", size=3, health="unhealthy")
WARM = make_group("2", attached=False, standby_until=NOW + 9)


def _canary(size: int = 1, **more: Any) -> ServerGroup:
    return make_group("2", size=size, live_since=None, **more)


SITUATIONS: list[
    tuple[str, Goal, tuple[ServerGroup, ...], list[tuple[ActionKind, str, Any]], str]
] = [
    (
        "one machine beside the live group, which goes on scaling",
        Goal.CANARY,
        (LIVE,),
        [(ActionKind.LAUNCH, NAME, (1, 1, 4))],
        "canary comes first; shop-dev-1",
    ),
    ("launched already", Goal.CANARY, (LIVE, _canary(attached=False)), [], "there already"),
    ("in traffic already", Goal.CANARY, (LIVE, _canary()), [], "there already"),
    (
        "a later task is tried again, or the first one cleared: nobody shrinks it",
        Goal.CANARY,
        (HELD, _canary(3)),
        [],
        "there already",
    ),
    (
        "scaled to nothing by hand",
        Goal.CANARY,
        (LIVE, _canary(0)),
        [(ActionKind.RESIZE, NAME, (1, 1, 4))],
        "it takes 1",
    ),
    (
        "of an earlier bake",
        Goal.CANARY,
        (LIVE, _canary(attached=False, image_id="ami-old")),
        [(ActionKind.DELETE, NAME, None)],
        "ami-old",
    ),
    (
        "the first release ever comes in full",
        Goal.CANARY,
        (),
        [(ActionKind.LAUNCH, NAME, (1, 2, 4))],
        "nothing serves yet",
    ),
    (
        "the cure of a fleet that is down comes in full",
        Goal.CANARY,
        (replace(HELD, machines=SICK.machines),),
        [(ActionKind.LAUNCH, NAME, (2, 3, 4))],
        "has 3 machines now",
    ),
    (
        "a fleet that goes down while the canary is on its way",
        Goal.CANARY,
        (replace(HELD, machines=SICK.machines), _canary(attached=False)),
        [(ActionKind.RESIZE, NAME, (2, 3, 4))],
        "it takes 3",
    ),
    ("the same version again", Goal.CANARY, (make_group("2"),), [], "there already"),
    (
        "a standby comes back in full",
        Goal.CANARY,
        (HELD, WARM),
        [(ActionKind.WAKE, NAME, None), (ActionKind.RESIZE, NAME, (1, 3, 4))],
        "it takes 3 machines",
    ),
    (
        "a live group that is no larger than a canary",
        Goal.CANARY,
        (make_group("1", size=1),),
        [(ActionKind.LAUNCH, NAME, (1, 1, 4))],
        "1 machines",
    ),
    (
        "then the rest, with the minimum of the live one, which is held from now on",
        Goal.LAUNCHED,
        (LIVE, _canary()),
        [(ActionKind.SUSPEND_SCALING, OLD, None), (ActionKind.RESIZE, NAME, (2, 3, 4))],
        "it takes 3",
    ),
    (
        "the live one grew while the canary was watched",
        Goal.LAUNCHED,
        (replace(HELD, desired=6, max_size=8), _canary()),
        [(ActionKind.RESIZE, NAME, (2, 6, 8))],
        "it takes 6",
    ),
    ("the rest is there already", Goal.LAUNCHED, (HELD, _canary(3)), [], "there already"),
    (
        "the live one was deleted by hand: the project file says how many",
        Goal.LAUNCHED,
        (_canary(),),
        [(ActionKind.RESIZE, NAME, (1, 2, 4))],
        "it takes 2",
    ),
    (
        "a canary that was let in does not let the old ones go",
        Goal.OLD_RETIRED,
        (HELD, _canary()),
        [(ActionKind.RESIZE, NAME, (1, 3, 4))],
        "it takes 3",
    ),
    (
        "a bad canary goes, and nobody else",
        Goal.ROLLED_BACK,
        (LIVE, _canary()),
        [(ActionKind.DETACH, NAME, None)],
        "3 machines of",
    ),
    (
        "a bad canary that was never let in",
        Goal.ROLLED_BACK,
        (LIVE, _canary(attached=False)),
        [(ActionKind.DELETE, NAME, None)],
        "failed",
    ),
]


@pytest.mark.parametrize(
    ("wish", "groups", "expected", "reason"),
    [pytest.param(*row[1:], id=row[0]) for row in SITUATIONS],
)
def test_a_situation(
    wish: Goal,
    groups: tuple[ServerGroup, ...],
    expected: list[tuple[ActionKind, str, Any]],
    reason: str,
) -> None:
    step = make_plan(wish, *groups, canary=CANARY)
    assert [(one.verb, one.group, one.size) for one in step.actions] == expected
    words = [*(action.reason for action in step.actions), step.waiting, step.blocked, step.note]
    assert reason in " / ".join(words)


def test_without_a_canary_nothing_is_different() -> None:
    assert did(make_plan(Goal.LAUNCHED, LIVE)) == did(make_plan(Goal.CANARY, LIVE))
    assert make_plan(Goal.LAUNCHED, make_group("2", size=1, live_since=None)).done


@pytest.fixture
def cloud() -> FakeFleetCloud:
    """Release 1 serves with three machines."""
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    _go(cloud, "1", *DEPLOY, desired_size=3, canary=None)
    for _ in range(3):
        cloud.observe()
    cloud.faults.lowest = 3
    return cloud


def _go(cloud: FakeFleetCloud, version: str, *wishes: Goal, **more: Any) -> None:
    for wish in wishes:
        make_swap(cloud, version, **({"canary": CANARY} | more)).converge(wish, timeout=100)


def test_one_machine_serves_beside_all_of_the_old_ones_then_the_rest(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.CANARY, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    counts = {name: group.serving for name, group in cloud.groups.items()}
    assert counts == {OLD: 3, NAME: 1}
    assert not cloud.groups[OLD].suspended
    _go(cloud, "2", *DEPLOY)
    assert (cloud.groups[NAME].serving, cloud.faults.lowest) == (3, 3)
    assert serving(cloud) == ["2"]
    nothing_is_orphaned(cloud)
    calls = len(cloud.calls)
    _go(cloud, "2", *CANARY_DEPLOY)
    assert len(cloud.calls) == calls


def test_its_gates_ask_the_canary_alone_and_then_everybody(cloud: FakeFleetCloud) -> None:
    swap = make_swap(cloud, "2", canary=CANARY, soak=5.0)
    _go(cloud, "2", Goal.CANARY, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    assert evaluate(Gate.IN_SERVICE, swap, waited=1).message == "1 of 1 machines in service"
    assert evaluate(Gate.CANARY_SOAK, swap, waited=29).message == "1 machines serve, 29 of 30 s"
    assert evaluate(Gate.CANARY_SOAK, swap, waited=30).passed
    _go(cloud, "2", Goal.LAUNCHED)
    assert not evaluate(Gate.IN_SERVICE, swap, waited=1).passed
    for _ in range(3):
        cloud.observe()
    assert evaluate(Gate.IN_SERVICE, swap, waited=1).message == "3 of 3 machines in service"


def test_a_breach_ends_it_and_leaves_nothing(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.CANARY, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    prober = FakeProber(
        machines=lambda who, **_: [Answer(address=w, healthy=False, said="500") for w in who]
    )
    watched = make_swap(cloud, "2", prober=prober, canary=CANARY, probe=Probe(path="/ready"))
    with pytest.raises(UnhealthyRelease, match="3 times in a row: i-shop-dev-2"):
        evaluate(Gate.CANARY_SOAK, watched, waited=3)
    _go(cloud, "2", Goal.ROLLED_BACK)
    cloud.observe()
    assert list(cloud.groups) == [OLD]
    assert (cloud.groups[OLD].serving, cloud.faults.lowest) == (3, 3)
    nothing_is_orphaned(cloud)


def test_a_canary_that_was_left_behind_is_swept_by_the_next_release(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.CANARY, Goal.IN_TRAFFIC)
    _go(cloud, "3", *CANARY_DEPLOY)
    assert serving(cloud) == ["3"]
    nothing_is_orphaned(cloud)
    assert cloud.faults.lowest == 3


def test_a_standby_comes_back_at_once(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", *CANARY_DEPLOY, keep_old=300.0)
    back = make_swap(cloud, "1", canary=CANARY, keep_old=300.0)
    for wish in (Goal.CANARY, Goal.IN_TRAFFIC):
        back.converge(wish, timeout=100)
    for _ in range(3):
        cloud.observe()
    assert cloud.groups[OLD].serving == 3
    assert evaluate(Gate.CANARY_SOAK, back, waited=0).passed


@settings(max_examples=300, deadline=None)
@given(
    crash_at=st.integers(0, 18),
    applied=st.booleans(),
    keep=st.sampled_from([0.0, 300.0]),
    good=st.booleans(),
    size=st.integers(1, 4),
)
def test_a_crash_at_any_call_converges(
    crash_at: int, applied: bool, keep: float, good: bool, size: int
) -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    _go(cloud, "1", *DEPLOY, desired_size=3, canary=None)
    cloud.faults.lowest, cloud.faults.applied = 3, applied
    cloud.faults.crash_at = len(cloud.calls) + crash_at
    version = "2" if good else "bad"
    wishes = CANARY_DEPLOY if good else (Goal.CANARY, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    more = {"keep_old": keep, "canary": Canary(size=size)}
    for wish in wishes:
        try:
            _go(cloud, version, wish, **more)
        except Crash:
            _go(cloud, version, wish, **more)
    assert serving(cloud) == ["2" if good else "1"]
    assert cloud.faults.lowest == 3
    nothing_is_orphaned(cloud)
    again = len(cloud.calls)
    _go(cloud, version, wishes[-1], **more)
    assert len(cloud.calls) == again
