"""Plans around the moment when the traffic changes hands, one row for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.plan import plan
from slipway.fleet.swap import at_one_look
from slipway.model.fleet import SCALING, Fleet, ServerGroup
from tests.slipway.fleet.worlds import NAME, NOW, did, make_group, make_plan, make_situation

OLD = make_group("1", suspended=SCALING, held=SCALING)
RULED = replace(OLD, rules="r1")
NEW = make_group("2", live_since=None, suspended=SCALING, held=SCALING)


def _closely(wish: Goal, *groups: ServerGroup, slow_start: int = 0) -> Plan:
    fleet = Fleet(groups=groups, slow_start=slow_start)
    return plan(make_situation(wish, fleet))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param(
            replace(NEW, suspended=frozenset(), held=frozenset()),
            [(ActionKind.SUSPEND_SCALING, NAME), (ActionKind.CARRY_OVER, NAME)],
            id="held first",
        ),
        pytest.param(NEW, [(ActionKind.CARRY_OVER, NAME)], id="held already"),
        pytest.param(
            replace(NEW, carried="r0"), [(ActionKind.CARRY_OVER, NAME)], id="changed since"
        ),
        pytest.param(
            replace(NEW, carried="r1"),
            [(ActionKind.MARK_LIVE, NAME), (ActionKind.DETACH, "shop-dev-1")],
            id="carried over",
        ),
    ],
)
def test_rules_go_over_before_the_old_one_goes(
    new: ServerGroup, expected: list[tuple[ActionKind, str]]
) -> None:
    assert did(_closely(Goal.OLD_RETIRED, RULED, new)) == expected


def test_the_rules_of_the_largest_old_group_go_over() -> None:
    other = replace(make_group("0", size=3), rules="r0")
    new = make_group("2", size=5, live_since=None, suspended=SCALING, held=SCALING)
    (carry,) = _closely(Goal.OLD_RETIRED, RULED, other, new).actions
    assert carry.source == "shop-dev-0"


def test_a_launch_is_modelled_on_the_live_group() -> None:
    step = make_plan(Goal.LAUNCHED, OLD)
    assert [action.source for action in step.actions] == ["shop-dev-1"]
    assert [action.source for action in make_plan(Goal.LAUNCHED).actions] == [None]


@pytest.mark.parametrize(
    ("since", "expected", "left"),
    [
        (None, [(ActionKind.MARK_LIVE, NAME)], "another 30 s"),
        (NOW - 10, [], "another 20 s"),
        (NOW - 30, [(ActionKind.DETACH, "shop-dev-1")], ""),
    ],
)
def test_slow_start_is_waited_for(
    since: int | None, expected: list[tuple[ActionKind, str]], left: str
) -> None:
    new = replace(NEW, live_since=since)
    step = _closely(Goal.OLD_RETIRED, OLD, new, slow_start=30)
    assert did(step) == expected
    assert left in step.waiting
    assert not step.done


def test_the_first_release_need_not_wait_for_slow_start() -> None:
    assert did(_closely(Goal.OLD_RETIRED, NEW, slow_start=30)) == [(ActionKind.MARK_LIVE, NAME)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "reason"),
    [
        pytest.param(
            OLD, NEW, [(ActionKind.DETACH, NAME)], "2 machines of the release", id="enough"
        ),
        pytest.param(
            OLD,
            make_group("2", size=3, live_since=None),
            [(ActionKind.RESIZE, "shop-dev-1")],
            "serves with 3 machines",
            id="the new one serves with more",
        ),
        pytest.param(
            replace(OLD, machines=OLD.machines[1:]),
            NEW,
            [],
            "1 of 2 machines of shop-dev-1",
            id="the old one lacks a machine",
        ),
        pytest.param(
            replace(OLD, machines=OLD.machines[1:]),
            make_group("2", live_since=None, health="unhealthy"),
            [(ActionKind.DETACH, NAME)],
            "1 machines of the release",
            id="the new one serves nobody",
        ),
    ],
)
def test_the_way_back_costs_no_capacity(
    old: ServerGroup, new: ServerGroup, expected: list[tuple[ActionKind, str]], reason: str
) -> None:
    step = make_plan(Goal.ROLLED_BACK, old, new)
    assert did(step) == expected
    assert reason in " / ".join([step.waiting, *(action.reason for action in step.actions)])


def test_the_old_one_grows_by_what_lacks_and_keeps_its_minimum() -> None:
    (grow,) = make_plan(Goal.ROLLED_BACK, OLD, make_group("2", size=5, live_since=None)).actions
    assert grow.size == (1, 5, 5)


def test_an_earlier_bake_that_drains_is_not_replaced_yet() -> None:
    draining = make_group(
        "2", attached=False, live_since=None, health="draining", image_id="ami-old"
    )
    step = make_plan(Goal.LAUNCHED, OLD, draining)
    assert (did(step), "is draining" in step.waiting) == ([], True)


def _verbs(*verbs: ActionKind) -> Any:
    actions = tuple(Action(verb=verb, group=verb.name, reason="") for verb in verbs)
    return [action.verb for action in at_one_look(Plan(actions=actions))]


def test_what_takes_away_is_done_on_a_fresh_look() -> None:
    assert _verbs(ActionKind.WAKE, ActionKind.RESIZE) == [ActionKind.WAKE, ActionKind.RESIZE]
    assert _verbs(ActionKind.RESIZE, ActionKind.DETACH, ActionKind.DETACH) == [ActionKind.RESIZE]
    # A note is no change of the world that was seen.
    assert _verbs(ActionKind.MARK_LIVE, ActionKind.DETACH, ActionKind.DETACH) == [
        ActionKind.MARK_LIVE,
        ActionKind.DETACH,
    ]
    assert _verbs(ActionKind.MARK_LIVE, ActionKind.RESIZE, ActionKind.DETACH) == [
        ActionKind.MARK_LIVE,
        ActionKind.RESIZE,
    ]
    assert _verbs(ActionKind.DETACH, ActionKind.DETACH) == [ActionKind.DETACH]
    assert _verbs(ActionKind.DELETE, ActionKind.RESUME_SCALING) == [
        ActionKind.DELETE,
        ActionKind.RESUME_SCALING,
    ]


def test_housekeeping_leaves_what_still_drains() -> None:
    due = make_group("1", attached=False, health="draining", standby_until=NOW - 1)
    assert make_plan(Goal.STANDBYS_RETIRED, due).done


def test_housekeeping_takes_a_template_that_a_removal_left() -> None:
    """Its group is gone, so nothing but its own tags speaks of it any more."""
    step = make_plan(Goal.STANDBYS_RETIRED, OLD, templates=("shop-dev-0", OLD.name))
    assert did(step) == [(ActionKind.DELETE_TEMPLATE, "shop-dev-0")]
