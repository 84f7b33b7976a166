"""A plan that is made again at its time: what still holds, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.model.facts import Release
from slipway.model.schema_facts import HeavyChange
from slipway.model.text.inert import visible
from slipway.policies.difference import GitWord, Side, difference, lines
from slipway.policies.heavy_changes import describe
from slipway.policies.planned_again import departures
from slipway.tasks.proof.table_sizes import TableSize

APPROVED = [
    "release: 2, in place of 1",
    "at: 2026-12-01 06:00 Europe/Berlin",
    "warning: held by ann since 2026-11-27 08:00:00 UTC: load test",
    "image: bakes shop-2-abc on ami-base",
    "schema: 1 -> 2, applies 2_x.sql",
    "1. launch shop-prod-2 (4 machines, 2 to 6), because shop-prod-1 has 4 machines now",
    "2. wait until each machine is healthy when asked directly, 300 s at most",
    "3. attach shop-prod-2, because it is healthy",
    "brings 1 commit",
    "brings 1234567 sell more (Ann)",
]


def changed(old: str, new: str) -> list[str]:
    return [one.replace(old, new) for one in APPROVED]


@pytest.mark.parametrize(
    "now",
    [
        APPROVED,
        # A fleet that scales has another size at another hour.
        changed("(4 machines, 2 to 6), because shop-prod-1 has 4", "(9 machines, 2 to 9), because"),
        # Somebody resumed it.
        [one for one in APPROVED if not one.startswith("warning")],
        # What was to be baked was, of the same.
        changed("bakes shop-2-abc on ami-base", "uses shop-2-abc (ami-2), which is there"),
    ],
)
def test_what_differs_from_hour_to_hour_is_the_same_deployment(now: list[str]) -> None:
    assert departures(APPROVED, now) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("in place of 1", "in place of 1.1"),
        ("at: 2026-12-01", "at: 2026-12-02"),
        ("shop-2-abc on ami-base", "shop-2-def on ami-base2"),
        ("1 -> 2, applies 2_x.sql", "2, applies nothing"),
        ("300 s at most", "30 s at most"),
        ("attach shop-prod-2", "detach shop-prod-2"),
        ("sell more", "sell less"),
        ("held by ann", "held by bob"),
    ],
)
def test_what_is_another_deployment_is_told_line_by_line(old: str, new: str) -> None:
    now = changed(old, new)
    (before,) = (one for one in APPROVED if one not in now)
    (after,) = (one for one in now if one not in APPROVED)
    expected = [f"- {before}", f"+ {after}"]
    # A warning that is gone would be no reason.
    assert departures(APPROVED, now) == expected[before.startswith("warning: ") :]


HAND = "changed by hand in shop-prod-1 since 2026-11-27 08:00 UTC: "


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([], ["desired: 2 -> 5", "max: 4 -> 9"], []),
        (["desired: 2 -> 5"], ["min: 1 -> 5"], []),
        (["security groups: sg-1 -> sg-2"], [], []),
        ([], ["security groups: sg-1 -> sg-2"], [f"+ {HAND}security groups: sg-1 -> sg-2"]),
        # Machines come and go.
        (["launch template of i-1: a -> b"], ["launch template of i-1, i-2: a -> b"], []),
        ([], ["origin of i-1, i-2, 7 more: a -> put into the group by hand"], []),
        ([], ["launch template: a -> b of i-1: c"], [f"+ {HAND}launch template: a -> b of i-1: c"]),
    ],
)
def test_what_somebody_changed_by_hand_meanwhile(
    before: list[str], now: list[str], told: list[str]
) -> None:
    """The new group does not get it, so it is another deployment; of another size it would be."""
    known, fresh = ([*APPROVED, *(f"{HAND}{one}" for one in some)] for some in (before, now))
    assert departures(known, fresh) == told


def test_that_nobody_could_look_for_changes_by_hand_is_no_other_deployment() -> None:
    unseen = "not known: what was changed by hand: Auto Scaling asks for patience"
    assert departures(APPROVED, [*APPROVED, unseen]) == []
    assert departures([*APPROVED, unseen], APPROVED) == []


def test_what_came_on_top_and_what_is_gone_is_told() -> None:
    extra = "warning: 2 failed on dev"
    assert departures(APPROVED, [*APPROVED, extra]) == [f"+ {extra}"]
    assert departures(APPROVED, APPROVED[:-1]) == [f"- {APPROVED[-1]}"]
    assert departures([], ["a"]) == ["+ a"]


TIDY = [
    "4. delete shop-prod-0, because out of traffic, and no longer kept",
    "5. keep warm shop-prod-0, because kept 3600 s for a fast way back",
    "6. delete the launch template shop-prod-9, because no group needs it",
]


@pytest.mark.parametrize("step", TIDY)
def test_what_is_done_to_a_group_that_neither_serves_nor_comes_is_no_difference(step: str) -> None:
    """A warm one whose time is over by then, say, or that housekeeping has removed."""
    assert departures(APPROVED, [*APPROVED, step]) == []
    assert departures([*APPROVED, step], APPROVED) == []


@pytest.mark.parametrize("step", TIDY)
@pytest.mark.parametrize("group", ["shop-prod-1", "shop-prod-2"])
def test_what_is_done_to_a_group_that_serves_or_comes_is_told(step: str, group: str) -> None:
    both = [*APPROVED, "4. detach shop-prod-1, because shop-prod-2 serves"]
    own = step.replace("shop-prod-0", group).replace("shop-prod-9", group)
    assert departures(both, [*both, own]) == [f"+ {own}"]
    assert departures([*both, own], both) == [f"- {own}"]


def test_steps_in_another_order_are_another_deployment() -> None:
    first, second = APPROVED[5].removeprefix("1. "), APPROVED[6].removeprefix("2. ")
    now = [*APPROVED[:5], f"1. {second}", f"2. {first}", *APPROVED[7:]]
    assert departures(APPROVED, now) != []


@pytest.mark.parametrize(
    "inputs",
    [
        {"package": "y", "playbook": "2"},
        {"package": "y", "playbook": "1"},
        {"package": "y", **{f"setting{n}": "1" for n in range(30)}},
    ],
)
@pytest.mark.parametrize("base", ["ami-b", "ami-c"])
def test_an_image_that_was_baked_meanwhile_is_no_difference_for_what_is_known_of_it(
    inputs: dict[str, str], base: str
) -> None:
    old = Side(
        release=Release(project="p", sha="a", version="1"),
        inputs={"package": "x", "playbook": "1"},
        base="ami-b",
    )
    unbaked = Side(release=Release(project="p", sha="b", version="2"))
    baked = replace(unbaked, inputs=inputs, base=base)
    before = ["image: bakes p-2 on ami-b", *lines(difference(old, unbaked, GitWord()))]
    after = lines(difference(old, baked, GitWord()))
    uses = "image: uses p-2 (ami-9), which is there"
    assert departures(before, [uses, *after]) == []
    other = "image: uses p-2-other (ami-9), which is there"
    assert departures(before, [other, *after]) == [f"- {before[0]}", f"+ {other}"]
    # Where it was there all the time, what is said of it was known.
    assert departures([uses], [uses, *after]) == [f"+ {one}" for one in after]


def test_what_was_not_known_when_it_was_planned_and_is_now_is_told() -> None:
    before = [*APPROVED, "not known: commits: git is away"]
    assert departures(before, APPROVED) == []
    more = "brings 7654321 sell everything (Bob)"
    assert departures(before, [*APPROVED, more]) == [f"+ {more}"]
    assert departures(APPROVED, before) == [f"+ {before[-1]}"]


def schema(*sizes: tuple[int, int], file: str = "00004_i.sql", longest: int = 1000) -> list[str]:
    """Return the line on a database whose tables are so large, as the plan has it."""
    told = (
        describe(
            HeavyChange(version=4, file=file, line=n, table=f"orders{n}", **BUILDS),
            str(TableSize(bytes=size, rows=rows)),
        )
        for n, (size, rows) in enumerate(sizes, start=1)
    )
    return [visible("; ".join(["schema: 3 -> 4, applies 00004_i.sql", *told]), longest)]


BUILDS: dict[str, Any] = {
    "effect": "builds an index of",
    "blocks_reads": False,
    "statement": "CREATE INDEX",
    "safer": "CREATE INDEX CONCURRENTLY",
}


@pytest.mark.parametrize(
    "later",
    [(1_288_490_188, 12_401), (1_388_490_188, 0), (999, 5), (2**34, 100_000), (2**42, 10**9)],
)
def test_a_table_that_grew_meanwhile_is_the_same_deployment(later: tuple[int, int]) -> None:
    assert departures(schema((1_288_490_188, 12_345)), schema(later)) == []


def test_what_is_done_to_a_table_is_compared_whatever_its_size() -> None:
    before, after = schema((2**30, 9)), schema((2**30, 9), file="00005_i.sql")
    assert departures(before, after) == [f"- {before[0]}", f"+ {after[0]}"]


def test_sizes_in_a_line_that_was_cut_are_no_difference_wherever_it_was() -> None:
    now, then = [(2**30, 12_345)] * 6, [(2**36, 1_234_567)] * 6
    for longest in range(150, 1000):
        one, other = schema(*now, longest=longest), schema(*then, longest=longest)
        assert one != other
        assert departures(one, other) == [], longest


def test_what_differs_before_the_end_of_lines_that_were_cut_is_told() -> None:
    one, other = (
        schema(*[(2**30, rows)] * 6, file=file, longest=300)
        for rows, file in ((1, "00004_i.sql"), (12_345, "00004_j.sql"))
    )
    assert departures(one, other) == [f"- {one[0]}", f"+ {other[0]}"]
