"""Who is who in a fleet, with a release on its way into it."""

from __future__ import annotations

import pytest

from slipway.fleet.goals import Goal
from slipway.fleet.situation import group_name
from slipway.model.fleet import Fleet, ServerGroup
from tests.slipway.fleet.worlds import NAME, NOW, make_group, make_situation, make_target

LIVE, BY_HAND = make_group("1"), make_group(None)
NEW = make_group("2", attached=False, live_since=None)
EARLY = make_group("0", attached=False, standby_until=NOW + 10)
LATE = make_group("9", attached=False, standby_until=NOW + 20)
FAILED = make_group("8", attached=False, standby_until=NOW + 30, live_since=None)
HALF = make_group("7", attached=False, standby_until=NOW + 40, desired=3)
GOING = make_group("6", deleting=True)


def _among(*groups: ServerGroup) -> tuple[str | None, list[str], list[str], str | None]:
    seen = make_situation(Goal.LAUNCHED, Fleet(groups=groups))
    new, previous = seen.new, seen.previous
    return (
        new.name if new else None,
        [one.name for one in seen.serving],
        [one.name for one in seen.standbys],
        previous.name if previous else None,
    )


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), (None, [], [], None)),
        ((LIVE, NEW), (NAME, ["shop-dev-1"], [], "shop-dev-1")),
        ((BY_HAND,), (None, ["by-hand"], [], "by-hand")),
        ((EARLY, LATE), (None, [], ["shop-dev-9", "shop-dev-0"], "shop-dev-9")),
        ((EARLY, LIVE), (None, ["shop-dev-1"], ["shop-dev-0"], "shop-dev-1")),
        ((FAILED, HALF, GOING), (None, [], [], None)),
    ],
    ids=["nothing", "two stand", "made by hand", "standbys alone", "a standby", "nobody good"],
)
def test_everybody_has_a_part(
    groups: tuple[ServerGroup, ...],
    expected: tuple[str | None, list[str], list[str], str | None],
) -> None:
    assert _among(*groups) == expected


def test_the_release_itself_is_never_what_was_before_it() -> None:
    itself = make_group("2", standby_until=NOW + 10)
    assert _among(itself) == (NAME, [], [], None)


def test_a_name_has_only_characters_that_a_cloud_takes() -> None:
    assert group_name(make_target(), "1.2~rc1+g5") == "shop-dev-1.2-rc1-g5"
