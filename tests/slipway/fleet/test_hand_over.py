"""Plans around the moment when the traffic changes hands, one row for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.fleet.goals import Action, Plan, Verb, Wish
from slipway.fleet.plan import plan
from slipway.fleet.swap import at_one_look
from slipway.model.fleet import SCALING, Fleet, ServerGroup
from tests.slipway.fleet.worlds import NAME, NOW, did, make_group, make_plan, make_target

OLD = make_group("1", suspended=SCALING, held=SCALING)
RULED = replace(OLD, rules="r1")
NEW = make_group("2", live_since=None, suspended=SCALING, held=SCALING)


def _closely(wish: Wish, *groups: ServerGroup, slow_start: int = 0) -> Plan:
    fleet = Fleet(groups=groups, slow_start=slow_start)
    return plan(fleet, wish, target=make_target(), version="2", name=NAME, image="ami-2", now=NOW)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param(
            replace(NEW, suspended=frozenset(), held=frozenset()),
            [(Verb.SUSPEND_SCALING, NAME), (Verb.CARRY_OVER, NAME)], id="held first",
        ),
        pytest.param(NEW, [(Verb.CARRY_OVER, NAME)], id="held already"),
        pytest.param(replace(NEW, carried="r0"), [(Verb.CARRY_OVER, NAME)], id="changed since"),
        pytest.param(
            replace(NEW, carried="r1"), [(Verb.MARK_LIVE, NAME), (Verb.DETACH, "shop-dev-1")],
            id="carried over",
        ),
    ],
)  # fmt: skip
def test_rules_go_over_before_the_old_one_goes(
    new: ServerGroup, expected: list[tuple[Verb, str]]
) -> None:
    assert did(_closely(Wish.OLD_RETIRED, RULED, new)) == expected


def test_the_rules_of_the_largest_old_group_go_over() -> None:
    other = replace(make_group("0", size=3), rules="r0")
    new = make_group("2", size=5, live_since=None, suspended=SCALING, held=SCALING)
    (carry,) = _closely(Wish.OLD_RETIRED, RULED, other, new).actions
    assert carry.source == "shop-dev-0"


def test_a_launch_is_modelled_on_the_live_group() -> None:
    step = make_plan(Wish.LAUNCHED, OLD)
    assert [action.source for action in step.actions] == ["shop-dev-1"]
    assert [action.source for action in make_plan(Wish.LAUNCHED).actions] == [None]


@pytest.mark.parametrize(
    ("since", "expected", "left"),
    [
        (None, [(Verb.MARK_LIVE, NAME)], "another 30 s"),
        (NOW - 10, [], "another 20 s"),
        (NOW - 30, [(Verb.DETACH, "shop-dev-1")], ""),
    ],
)
def test_slow_start_is_waited_for(
    since: int | None, expected: list[tuple[Verb, str]], left: str
) -> None:
    new = replace(NEW, live_since=since)
    step = _closely(Wish.OLD_RETIRED, OLD, new, slow_start=30)
    assert did(step) == expected
    assert left in step.waiting
    assert not step.done


def test_the_first_release_need_not_wait_for_slow_start() -> None:
    assert did(_closely(Wish.OLD_RETIRED, NEW, slow_start=30)) == [(Verb.MARK_LIVE, NAME)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "reason"),
    [
        pytest.param(OLD, NEW, [(Verb.DETACH, NAME)], "2 machines of the release", id="enough"),
        pytest.param(
            OLD, make_group("2", size=3, live_since=None), [(Verb.RESIZE, "shop-dev-1")],
            "serves with 3 machines", id="the new one serves with more",
        ),
        pytest.param(
            replace(OLD, machines=OLD.machines[1:]), NEW, [], "1 of 2 machines of shop-dev-1",
            id="the old one lacks a machine",
        ),
        pytest.param(
            replace(OLD, machines=OLD.machines[1:]),
            make_group("2", live_since=None, health="unhealthy"),
            [(Verb.DETACH, NAME)], "1 machines of the release", id="the new one serves nobody",
        ),
    ],
)  # fmt: skip
def test_the_way_back_costs_no_capacity(
    old: ServerGroup, new: ServerGroup, expected: list[tuple[Verb, str]], reason: str
) -> None:
    step = make_plan(Wish.ROLLED_BACK, old, new)
    assert did(step) == expected
    assert reason in " / ".join([step.waiting, *(action.reason for action in step.actions)])


def test_the_old_one_grows_by_what_lacks_and_keeps_its_minimum() -> None:
    (grow,) = make_plan(Wish.ROLLED_BACK, OLD, make_group("2", size=5, live_since=None)).actions
    assert grow.size == (1, 5, 5)


def test_an_earlier_bake_that_drains_is_not_replaced_yet() -> None:
    draining = make_group(
        "2", attached=False, live_since=None, health="draining", image_id="ami-old"
    )
    step = make_plan(Wish.LAUNCHED, OLD, draining)
    assert (did(step), "is draining" in step.waiting) == ([], True)


def _verbs(*verbs: Verb) -> Any:
    actions = tuple(Action(verb=verb, group=verb.name, reason="") for verb in verbs)
    return [action.verb for action in at_one_look(Plan(actions=actions))]


def test_what_takes_away_is_done_on_a_fresh_look() -> None:
    assert _verbs(Verb.WAKE, Verb.RESIZE) == [Verb.WAKE, Verb.RESIZE]
    assert _verbs(Verb.RESIZE, Verb.DETACH, Verb.DETACH) == [Verb.RESIZE]
    # A note is no change of the world that was seen.
    assert _verbs(Verb.MARK_LIVE, Verb.DETACH, Verb.DETACH) == [Verb.MARK_LIVE, Verb.DETACH]
    assert _verbs(Verb.MARK_LIVE, Verb.RESIZE, Verb.DETACH) == [Verb.MARK_LIVE, Verb.RESIZE]
    assert _verbs(Verb.DETACH, Verb.DETACH) == [Verb.DETACH]
    assert _verbs(Verb.DELETE, Verb.RESUME_SCALING) == [Verb.DELETE, Verb.RESUME_SCALING]


def test_housekeeping_leaves_what_still_drains() -> None:
    due = make_group("1", attached=False, health="draining", standby_until=NOW - 1)
    assert make_plan(Wish.STANDBYS_RETIRED, due).done


def test_housekeeping_takes_a_template_that_a_removal_left() -> None:
    """Its group is gone, so nothing but its own tags speaks of it any more."""
    step = make_plan(Wish.STANDBYS_RETIRED, OLD, templates=("shop-dev-0", OLD.name))
    assert did(step) == [(Verb.DELETE_TEMPLATE, "shop-dev-0")]
