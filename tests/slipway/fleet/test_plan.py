"""One row for each situation: what is seen, what is wanted, what follows, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.fleet.goals import Action, Plan, Verb, Wish
from slipway.model.fleet import SCALING, ServerGroup
from tests.slipway.fleet.worlds import NAME, NOW, did, make_group, make_plan


def _fresh(**more: Any) -> ServerGroup:
    """The new group: up, outside the balancer, nothing proved."""
    return make_group("2", **({"attached": False, "live_since": None} | more))


def _joined(**more: Any) -> ServerGroup:
    """The new group: in the balancer and healthy, nothing proved."""
    return make_group("2", **({"live_since": None} | more))


LIVE = make_group("1")
HELD = make_group("1", suspended=SCALING, held=SCALING)
OUT = make_group("1", attached=False, suspended=SCALING, held=SCALING)
WARM = replace(OUT, standby_until=NOW + 60)
DUE = replace(OUT, standby_until=NOW)
FAILED = make_group("1", attached=False, live_since=None)
ADOPTED = make_group(None)
SICK = make_group("1", health="unhealthy", suspended=SCALING, held=SCALING)
LOST = make_group("0", attached=False, live_since=None, machines=())

SITUATIONS: list[tuple[str, Wish, tuple[ServerGroup, ...], list[tuple[Verb, str]], str]] = [
    (
        "the first release ever",
        Wish.LAUNCHED, (), [(Verb.LAUNCH, NAME)], "nothing serves yet",
    ),
    (
        "beside a live group, which is held still first",
        Wish.LAUNCHED, (LIVE,),
        [(Verb.SUSPEND_SCALING, "shop-dev-1"), (Verb.LAUNCH, NAME)], "has 2 machines now",
    ),
    (
        "beside a live group that is held already",
        Wish.LAUNCHED, (HELD,), [(Verb.LAUNCH, NAME)], "has 2 machines now",
    ),
    (
        "held halfway: noted, not suspended",
        Wish.LAUNCHED, (replace(HELD, suspended=frozenset()), _fresh()),
        [(Verb.SUSPEND_SCALING, "shop-dev-1")], "side by side",
    ),
    (
        "beside a fleet made by hand",
        Wish.LAUNCHED, (ADOPTED,),
        [(Verb.SUSPEND_SCALING, "by-hand"), (Verb.LAUNCH, NAME)], "by-hand has 2 machines",
    ),
    (
        "an earlier failed one is still going away",
        Wish.LAUNCHED, (HELD, _fresh(deleting=True)), [], "still going away",
    ),
    (
        "launched already",
        Wish.LAUNCHED, (HELD, _fresh()), [], "there already",
    ),
    (
        "left by a try with an earlier bake",
        Wish.LAUNCHED, (HELD, _fresh(image_id="ami-old")), [(Verb.DELETE, NAME)], "ami-old",
    ),
    (
        "the same version again",
        Wish.LAUNCHED, (make_group("2"),), [], "there already",
    ),
    (
        "the same version again, baked anew, is not exchanged under traffic",
        Wish.LAUNCHED, (make_group("2", image_id="ami-old"),), [], "made of ami-old",
    ),
    (
        "roll back to a warm standby that is smaller than today's traffic",
        Wish.LAUNCHED,
        (make_group("1", size=3, suspended=SCALING, held=SCALING),
         make_group("2", attached=False, standby_until=NOW + 9)),
        [(Verb.WAKE, NAME), (Verb.RESIZE, NAME)], "it takes 3 machines",
    ),
    (
        "the same version again, scaled to nothing by hand",
        Wish.LAUNCHED, (make_group("2", size=0),), [(Verb.RESIZE, NAME)], "it takes 2 machines",
    ),
    (
        "healthy, so it is let in",
        Wish.IN_TRAFFIC, (HELD, _fresh()), [(Verb.ATTACH, NAME)], "healthy when asked directly",
    ),
    (
        "let in already",
        Wish.IN_TRAFFIC, (HELD, _joined()), [], "already",
    ),
    (
        "deleted by hand before it was let in",
        Wish.IN_TRAFFIC, (HELD,), [], "is gone",
    ),
    (
        "going away before it was let in",
        Wish.IN_TRAFFIC, (HELD, _fresh(deleting=True)), [], "is gone",
    ),
    (
        "in service: noted first, then the old one is drained",
        Wish.OLD_RETIRED, (HELD, _joined()),
        [(Verb.MARK_LIVE, NAME), (Verb.DETACH, "shop-dev-1")], "serves with 2 machines",
    ),
    (
        "noted, then interrupted",
        Wish.OLD_RETIRED, (HELD, _joined(live_since=900)),
        [(Verb.DETACH, "shop-dev-1")], "serves with 2 machines",
    ),
    (
        "not in service yet",
        Wish.OLD_RETIRED, (HELD, _joined(health="initial")), [], "0 of 2 machines",
    ),
    (
        "the old one grew meanwhile",
        Wish.OLD_RETIRED, (make_group("1", size=4), _joined()),
        [(Verb.RESIZE, NAME)], "it takes 4 machines",
    ),
    (
        "two old groups serve, and all their machines are made up for",
        Wish.OLD_RETIRED, (make_group("0"), LIVE, _joined()),
        [(Verb.RESIZE, NAME)], "it takes 4 machines",
    ),
    (
        "draining",
        Wish.OLD_RETIRED,
        (make_group("1", attached=False, health="draining"), _joined(live_since=900)),
        [], "shop-dev-1 is draining",
    ),
    (
        "drained and not kept",
        Wish.OLD_RETIRED, (OUT, make_group("2")), [(Verb.DELETE, "shop-dev-1")], "no longer kept",
    ),
    (
        "a standby whose time is over",
        Wish.OLD_RETIRED, (DUE, make_group("2")), [(Verb.DELETE, "shop-dev-1")], "no longer kept",
    ),
    (
        "a standby whose time is not over",
        Wish.OLD_RETIRED, (WARM, make_group("2")), [], "",
    ),
    (
        "a fleet made by hand is let out, never deleted",
        Wish.OLD_RETIRED, (make_group(None, attached=False), make_group("2")), [], "",
    ),
    (
        "a woken standby scales again",
        Wish.OLD_RETIRED, (make_group("2", suspended=SCALING, held=SCALING),),
        [(Verb.RESUME_SCALING, NAME)], "alone",
    ),
    (
        "a bad one before it was let in",
        Wish.ROLLED_BACK, (HELD, _fresh()),
        [(Verb.RESUME_SCALING, "shop-dev-1"), (Verb.DELETE, NAME)], "alone",
    ),
    (
        "a bad one in traffic",
        Wish.ROLLED_BACK, (HELD, _joined(health="unhealthy")),
        [(Verb.DETACH, NAME)], "2 machines of the release before",
    ),
    (
        "a bad one that drains",
        Wish.ROLLED_BACK, (HELD, _fresh(health="draining")), [], "draining",
    ),
    (
        "a bad first one that never served",
        Wish.ROLLED_BACK, (_joined(health="unhealthy"),), [(Verb.DETACH, NAME)], "nothing served",
    ),
    (
        "nothing but the bad one serves: it stays",
        Wish.ROLLED_BACK, (_joined(),), [], "without it nothing would serve",
    ),
    (
        "a swap that changed nothing cannot roll back what served before",
        Wish.ROLLED_BACK, (make_group("2"), WARM), [], "served before this swap",
    ),
    (
        "the old one is sick: the new one keeps the traffic",
        Wish.ROLLED_BACK, (SICK, _joined()), [], "shop-dev-1 is not in service",
    ),
    (
        "the old one is gone, but the one before is warm",
        Wish.ROLLED_BACK, (WARM, _joined(health="unhealthy")),
        [(Verb.ATTACH, "shop-dev-1")], "still warm",
    ),
    (
        "only a release that never proved good is out there",
        Wish.ROLLED_BACK, (replace(FAILED, standby_until=NOW + 9), make_group("2", health="bad")),
        [], "stays",
    ),
    (
        "a standby that was let in is nobody's standby",
        Wish.ROLLED_BACK, (replace(WARM, attached=True),),
        [(Verb.WAKE, "shop-dev-1"), (Verb.RESUME_SCALING, "shop-dev-1")], "wanted again",
    ),
    (
        "rolled back already",
        Wish.ROLLED_BACK, (LIVE,), [], "",
    ),
    (
        "an old run's roll back is cleared while its release is a standby",
        Wish.ROLLED_BACK, (LIVE, make_group("2", attached=False, standby_until=NOW + 9)),
        [], "standby",
    ),
    (
        "housekeeping takes what is due, and only that",
        Wish.STANDBYS_RETIRED, (DUE, replace(WARM, name="other"), make_group("2")),
        [(Verb.DELETE, "shop-dev-1")], "is over",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "groups", "expected", "reason"),
    [pytest.param(*row[1:], id=row[0]) for row in SITUATIONS],
)
def test_a_situation(
    wish: Wish, groups: tuple[ServerGroup, ...], expected: list[tuple[Verb, str]], reason: str
) -> None:
    step = make_plan(wish, *groups)
    assert did(step) == expected
    words = [*(action.reason for action in step.actions), step.waiting, step.stuck, step.remark]
    assert reason in " / ".join(words)
    assert step.done == (not expected and not step.waiting and not step.stuck)
    assert reason or step.done


def _only(step: Plan, verb: Verb) -> Action:
    (action,) = (action for action in step.actions if action.verb is verb)
    return action


def test_the_first_takes_the_size_of_the_project_file() -> None:
    assert _only(make_plan(Wish.LAUNCHED), Verb.LAUNCH).size == (1, 2, 4)


def test_the_next_takes_the_present_size_and_the_live_limits() -> None:
    live = make_group("1", size=5, min_size=3, max_size=8, suspended=SCALING, held=SCALING)
    assert _only(make_plan(Wish.LAUNCHED, live), Verb.LAUNCH).size == (3, 5, 8)


def test_a_group_scaled_to_nothing_is_no_measure() -> None:
    empty = make_group("1", size=0, min_size=0)
    assert _only(make_plan(Wish.LAUNCHED, empty), Verb.LAUNCH).size == (1, 2, 4)


def test_the_way_back_to_what_was_scaled_to_nothing() -> None:
    """By hand, or for the night: nobody would bring it up, so waiting for it has no end."""
    empty = make_group("1", size=0, min_size=0)
    raise_it = _only(make_plan(Wish.ROLLED_BACK, empty, _joined()), Verb.RESIZE)
    assert (raise_it.group, raise_it.size) == ("shop-dev-1", (0, 2, 4))
    useless = make_plan(Wish.ROLLED_BACK, empty, _joined(health="unhealthy"))
    assert did(useless) == [(Verb.DETACH, NAME)]
    before = make_plan(Wish.ROLLED_BACK, empty, make_group("2", health="unhealthy"))
    assert (did(before), "stays" in before.remark) == ([], True)


def test_what_a_person_suspended_is_theirs() -> None:
    theirs = frozenset({"ScheduledActions", "Terminate"})
    live = make_group("1", suspended=theirs)
    hold = _only(make_plan(Wish.LAUNCHED, live), Verb.SUSPEND_SCALING)
    assert hold.processes == SCALING - theirs
    back = make_group("1", suspended=theirs | hold.processes, held=hold.processes)
    assert _only(make_plan(Wish.ROLLED_BACK, back), Verb.RESUME_SCALING).processes == hold.processes


def test_everything_suspended_by_a_person_stays_as_it_is() -> None:
    live = make_group("1", suspended=SCALING)
    assert did(make_plan(Wish.LAUNCHED, live)) == [(Verb.LAUNCH, NAME)]
    assert make_plan(Wish.ROLLED_BACK, live).done


def test_the_old_one_is_kept_warm_for_its_time() -> None:
    step = make_plan(Wish.OLD_RETIRED, OUT, make_group("2"), keep_old=300.0)
    assert _only(step, Verb.KEEP_WARM).at == NOW + 300


@pytest.mark.parametrize("leftover", [FAILED, LOST])
def test_what_never_served_is_not_kept_warm(leftover: ServerGroup) -> None:
    step = make_plan(Wish.OLD_RETIRED, leftover, make_group("2"), keep_old=300.0)
    assert did(step) == [(Verb.DELETE, leftover.name)]


def test_the_newest_good_standby_is_the_way_back() -> None:
    older, newer = replace(WARM, name="older"), replace(WARM, name="newer", standby_until=NOW + 99)
    bad = replace(FAILED, name="bad", standby_until=NOW + 999)
    step = make_plan(Wish.ROLLED_BACK, older, newer, bad, _joined(health="unhealthy"))
    assert did(step) == [(Verb.ATTACH, "newer")]


def test_templates_without_a_group_are_swept() -> None:
    left = ("shop-dev-0", NAME)
    step = make_plan(Wish.OLD_RETIRED, make_group("2"), templates=left)
    assert did(step) == [(Verb.DELETE_TEMPLATE, "shop-dev-0")]
    step = make_plan(Wish.ROLLED_BACK, LIVE, templates=("shop-dev-1", NAME))
    assert did(step) == [(Verb.DELETE_TEMPLATE, NAME)]


def test_a_removal_that_stopped_before_the_template_is_finished_while_the_group_goes() -> None:
    """Later nobody would come for it: this retry would have called the swap done."""
    leaving, template = replace(OUT, deleting=True), [(Verb.DELETE_TEMPLATE, OUT.name)]
    assert did(make_plan(Wish.OLD_RETIRED, leaving, make_group("2"))) == template
    assert make_plan(Wish.OLD_RETIRED, leaving, make_group("2"), templates=(NAME,)).done
