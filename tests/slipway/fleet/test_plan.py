"""One row for each situation: what is seen, what is wanted, what follows, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.model.fleet import SCALING, ServerGroup
from tests.slipway.fleet.plan.situations import FAILED, LIVE, LOST, OUT, SITUATIONS, WARM, joined
from tests.slipway.fleet.worlds import NAME, NOW, did, make_group, make_plan


@pytest.mark.parametrize(
    ("wish", "groups", "expected", "reason"),
    [pytest.param(*row[1:], id=row[0]) for row in SITUATIONS],
)
def test_a_situation(
    wish: Goal, groups: tuple[ServerGroup, ...], expected: list[tuple[ActionKind, str]], reason: str
) -> None:
    step = make_plan(wish, *groups)
    assert did(step) == expected
    words = [*(action.reason for action in step.actions), step.waiting, step.blocked, step.note]
    assert reason in " / ".join(words)
    assert step.done == (not expected and not step.waiting and not step.blocked)
    assert reason or step.done


def _only(step: Plan, verb: ActionKind) -> Action:
    (action,) = (action for action in step.actions if action.verb is verb)
    return action


def test_the_first_takes_the_size_of_the_project_file() -> None:
    assert _only(make_plan(Goal.LAUNCHED), ActionKind.LAUNCH).size == (1, 2, 4)


def test_the_next_takes_the_present_size_and_the_live_limits() -> None:
    live = make_group("1", size=5, min_size=3, max_size=8, suspended=SCALING, held=SCALING)
    assert _only(make_plan(Goal.LAUNCHED, live), ActionKind.LAUNCH).size == (3, 5, 8)


def test_a_group_scaled_to_nothing_is_no_measure() -> None:
    empty = make_group("1", size=0, min_size=0)
    assert _only(make_plan(Goal.LAUNCHED, empty), ActionKind.LAUNCH).size == (1, 2, 4)


def test_the_way_back_to_what_was_scaled_to_nothing() -> None:
    """By hand, or for the night: nobody would bring it up, so waiting for it has no end."""
    empty = make_group("1", size=0, min_size=0)
    raise_it = _only(make_plan(Goal.ROLLED_BACK, empty, joined()), ActionKind.RESIZE)
    assert (raise_it.group, raise_it.size) == ("shop-dev-1", (0, 2, 4))
    useless = make_plan(Goal.ROLLED_BACK, empty, joined(health="unhealthy"))
    assert did(useless) == [(ActionKind.DETACH, NAME)]
    before = make_plan(Goal.ROLLED_BACK, empty, make_group("2", health="unhealthy"))
    assert (did(before), "stays" in before.note) == ([], True)


def test_what_a_person_suspended_is_theirs() -> None:
    theirs = frozenset({"ScheduledActions", "Terminate"})
    live = make_group("1", suspended=theirs)
    hold = _only(make_plan(Goal.LAUNCHED, live), ActionKind.SUSPEND_SCALING)
    assert hold.processes == SCALING - theirs
    back = make_group("1", suspended=theirs | hold.processes, held=hold.processes)
    assert (
        _only(make_plan(Goal.ROLLED_BACK, back), ActionKind.RESUME_SCALING).processes
        == hold.processes
    )


def test_everything_suspended_by_a_person_stays_as_it_is() -> None:
    live = make_group("1", suspended=SCALING)
    assert did(make_plan(Goal.LAUNCHED, live)) == [(ActionKind.LAUNCH, NAME)]
    assert make_plan(Goal.ROLLED_BACK, live).done


def test_the_old_one_is_kept_warm_for_its_time() -> None:
    step = make_plan(Goal.OLD_RETIRED, OUT, make_group("2"), keep_old=300.0)
    assert _only(step, ActionKind.KEEP_WARM).at == NOW + 300


@pytest.mark.parametrize("leftover", [FAILED, LOST])
def test_what_never_served_is_not_kept_warm(leftover: ServerGroup) -> None:
    step = make_plan(Goal.OLD_RETIRED, leftover, make_group("2"), keep_old=300.0)
    assert did(step) == [(ActionKind.DELETE, leftover.name)]


def test_the_newest_good_standby_is_the_way_back() -> None:
    older, newer = replace(WARM, name="older"), replace(WARM, name="newer", standby_until=NOW + 99)
    bad = replace(FAILED, name="bad", standby_until=NOW + 999)
    step = make_plan(Goal.ROLLED_BACK, older, newer, bad, joined(health="unhealthy"))
    assert did(step) == [(ActionKind.ATTACH, "newer")]


def test_templates_without_a_group_are_swept() -> None:
    left = ("shop-dev-0", NAME)
    step = make_plan(Goal.OLD_RETIRED, make_group("2"), templates=left)
    assert did(step) == [(ActionKind.DELETE_TEMPLATE, "shop-dev-0")]
    step = make_plan(Goal.ROLLED_BACK, LIVE, templates=("shop-dev-1", NAME))
    assert did(step) == [(ActionKind.DELETE_TEMPLATE, NAME)]


def test_a_removal_that_stopped_before_the_template_is_finished_while_the_group_goes() -> None:
    """Later nobody would come for it: this retry would have called the swap done."""
    leaving, template = replace(OUT, deleting=True), [(ActionKind.DELETE_TEMPLATE, OUT.name)]
    assert did(make_plan(Goal.OLD_RETIRED, leaving, make_group("2"))) == template
    assert make_plan(Goal.OLD_RETIRED, leaving, make_group("2"), templates=(NAME,)).done
