"""A plan that is made again at its time: what still holds, and what does not."""

from __future__ import annotations

import pytest

from slipway.policies.planned_again import departures

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


def test_what_came_on_top_and_what_is_gone_is_told() -> None:
    extra = "warning: 2 failed on dev"
    assert departures(APPROVED, [*APPROVED, extra]) == [f"+ {extra}"]
    assert departures(APPROVED, APPROVED[:-1]) == [f"- {APPROVED[-1]}"]
    assert departures([], ["a"]) == ["+ a"]


def test_steps_in_another_order_are_another_deployment() -> None:
    first, second = APPROVED[5].removeprefix("1. "), APPROVED[6].removeprefix("2. ")
    now = [*APPROVED[:5], f"1. {second}", f"2. {first}", *APPROVED[7:]]
    assert departures(APPROVED, now) != []
