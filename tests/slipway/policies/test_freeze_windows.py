"""Freeze windows against the calendar: weeks, midnights, time zones and changing clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.policies.freeze_windows import FreezeWindow, freeze_at, next_freeze

ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def window(
    begin: str, until: str, *days: str, zone: str = "UTC", reason: str = "a reason"
) -> FreezeWindow:
    return FreezeWindow(begin=begin, until=until, days=days, zone=zone, reason=reason)


def at(instant: str) -> datetime:
    return datetime.fromisoformat(instant).replace(tzinfo=UTC)


def frozen(one: FreezeWindow, instant: str) -> bool:
    return freeze_at([one], at(instant)) is not None


# 2026-01-02 is a Friday.
WEEKEND_EVE = window("15:00", "24:00", "fri", zone="Europe/Berlin")
NIGHT = window("22:00", "06:00", "fri")
ALL_SUNDAY = window("00:00", "24:00", "sun", zone="Europe/Berlin")
CHRISTMAS = window("2025-12-20T00:00", "2026-01-05T08:00", zone="America/New_York")


@pytest.mark.parametrize(
    ("one", "instant", "expected"),
    [
        # Berlin is an hour ahead: 15:00 there is 14:00 UTC.
        (WEEKEND_EVE, "2026-01-02T13:59:59", False),
        (WEEKEND_EVE, "2026-01-02T14:00", True),
        (WEEKEND_EVE, "2026-01-02T22:59:59", True),
        (WEEKEND_EVE, "2026-01-02T23:00", False),
        (WEEKEND_EVE, "2026-01-01T15:00", False),
        # In summer it is two hours ahead.
        (WEEKEND_EVE, "2026-07-03T12:59:59", False),
        (WEEKEND_EVE, "2026-07-03T13:00", True),
        # Past midnight it is still Friday's.
        (NIGHT, "2026-01-02T21:59:59", False),
        (NIGHT, "2026-01-02T22:00", True),
        (NIGHT, "2026-01-03T00:00", True),
        (NIGHT, "2026-01-03T05:59:59", True),
        (NIGHT, "2026-01-03T06:00", False),
        (NIGHT, "2026-01-02T05:00", False),
        # Monday morning in Auckland is Sunday in UTC.
        (window("08:00", "10:00", "mon", zone="Pacific/Auckland"), "2026-01-04T19:30", True),
        (window("08:00", "10:00", "mon", zone="Pacific/Auckland"), "2026-01-05T08:30", False),
        # One stretch of time, in its own zone: midnight in New York is 05:00 UTC.
        (CHRISTMAS, "2025-12-20T04:59:59", False),
        (CHRISTMAS, "2025-12-20T05:00", True),
        (CHRISTMAS, "2026-01-05T12:59:59", True),
        (CHRISTMAS, "2026-01-05T13:00", False),
    ],
)
def test_a_window_is_open_from_its_first_to_its_last_instant(
    one: FreezeWindow, instant: str, expected: bool
) -> None:
    assert frozen(one, instant) is expected


@pytest.mark.parametrize(
    ("one", "first", "end"),
    [
        # The day on which clocks go forward has 23 hours, the one on which they go back has 25.
        (ALL_SUNDAY, "2026-03-28T23:00", "2026-03-29T22:00"),
        (ALL_SUNDAY, "2026-10-24T22:00", "2026-10-25T23:00"),
        # 02:30 comes twice: it begins at the first, and ends at the second.
        (
            window("02:30", "03:30", "sun", zone="Europe/Berlin"),
            "2026-10-25T00:30",
            "2026-10-25T02:30",
        ),
        (
            window("01:00", "02:30", "sun", zone="Europe/Berlin"),
            "2026-10-24T23:00",
            "2026-10-25T01:30",
        ),
        # 02:30 never comes: it begins when it would have without the change, or ends with it.
        (
            window("02:30", "05:00", "sun", zone="Europe/Berlin"),
            "2026-03-29T00:30",
            "2026-03-29T03:00",
        ),
        (
            window("00:00", "02:30", "sun", zone="Europe/Berlin"),
            "2026-03-28T23:00",
            "2026-03-29T01:30",
        ),
        # Across midnight into a day of 23 hours.
        (
            window("22:00", "06:00", "sat", zone="Europe/Berlin"),
            "2026-03-28T21:00",
            "2026-03-29T04:00",
        ),
        # Havana skips midnight itself, so Sunday's 00:30 can mean Saturday's last half hour.
        (
            window("00:30", "04:00", "sun", zone="America/Havana"),
            "2026-03-08T04:30",
            "2026-03-08T08:00",
        ),
        # A stretch of time that begins and ends in the hours that come twice and never.
        (
            window("2026-03-29T02:30", "2026-10-25T02:30", zone="Europe/Berlin"),
            "2026-03-29T00:30",
            "2026-10-25T01:30",
        ),
    ],
)
def test_where_clocks_change_it_is_never_shorter_than_it_reads(
    one: FreezeWindow, first: str, end: str
) -> None:
    instant = timedelta(microseconds=1)
    assert freeze_at([one], at(first) - instant) is None
    opened = freeze_at([one], at(first))
    assert opened is not None
    assert opened.ends == at(end)
    assert freeze_at([one], at(end) - instant) is not None
    assert freeze_at([one], at(end)) is None


def test_the_message_names_window_end_and_reason() -> None:
    freeze = freeze_at([WEEKEND_EVE], at("2026-01-02T15:00"))
    assert str(freeze) == (
        "fri 15:00 to 24:00 Europe/Berlin: a reason (until Sat 2026-01-03 00:00 CET)"
    )
    freeze = freeze_at([CHRISTMAS], at("2026-01-01T00:00"))
    assert str(freeze) == (
        "2025-12-20 00:00 to 2026-01-05 08:00 America/New_York: a reason"
        " (until Mon 2026-01-05 08:00 EST)"
    )


def test_windows_that_follow_each_other_are_told_as_one() -> None:
    weekend = window("00:00", "24:00", "sat", "sun", zone="Europe/Berlin")
    freeze = freeze_at([weekend, WEEKEND_EVE], at("2026-01-02T15:00"))
    assert freeze is not None
    assert freeze.window == WEEKEND_EVE
    assert freeze.thaws == at("2026-01-04T23:00")
    assert str(freeze).endswith(", and others follow until Mon 2026-01-05 00:00 CET)")


def test_of_two_open_windows_the_longer_one_is_named() -> None:
    for windows in ([CHRISTMAS, WEEKEND_EVE], [WEEKEND_EVE, CHRISTMAS]):
        freeze = freeze_at(windows, at("2026-01-02T15:00"))
        assert freeze is not None
        assert freeze.window == CHRISTMAS
        assert freeze.thaws == freeze.ends


def test_a_freeze_without_end_is_told_as_one() -> None:
    always = window("00:00", "24:00", *DAYS)
    freeze = freeze_at([always], at("2026-01-02T15:00"))
    assert freeze is not None
    assert freeze.thaws is None
    assert str(freeze).endswith(", and others follow without end)")


def test_without_windows_nothing_is_frozen() -> None:
    assert freeze_at([], at("2026-01-02T15:00")) is None


def test_the_zone_of_the_question_does_not_matter() -> None:
    from zoneinfo import ZoneInfo

    asked = at("2026-01-02T14:00").astimezone(ZoneInfo("Asia/Tokyo"))
    assert freeze_at([WEEKEND_EVE], asked) == freeze_at([WEEKEND_EVE], at("2026-01-02T14:00"))


CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
WEEKLY = st.builds(
    lambda begin, until, days, zone: window(begin, until, *days, zone=zone),
    CLOCK,
    CLOCK | st.just("24:00"),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True),
    st.sampled_from(ZONES),
)
NOW = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(st.lists(WEEKLY, max_size=4), NOW)
def test_a_freeze_holds_until_it_ends_and_thaws_when_it_says(
    windows: list[FreezeWindow], now: datetime
) -> None:
    freeze = freeze_at(windows, now)
    if freeze is None:
        return
    instant = timedelta(microseconds=1)
    assert now < freeze.ends
    assert freeze_at(windows, freeze.ends - instant) is not None
    if freeze.thaws is not None:
        assert freeze.ends <= freeze.thaws
        assert freeze_at(windows, freeze.thaws - instant) is not None
        assert freeze_at(windows, freeze.thaws) is None


@given(WEEKLY, NOW)
def test_the_wall_clock_inside_the_window_is_always_frozen(
    one: FreezeWindow, now: datetime
) -> None:
    """Whatever clocks do: who reads a day and time of the window off the wall is in it."""
    from zoneinfo import ZoneInfo

    wall = now.astimezone(ZoneInfo(one.zone))
    clock, today = f"{wall:%H:%M}", DAYS[wall.weekday()]
    yesterday = DAYS[wall.weekday() - 1]
    if one.until > one.begin:
        inside = today in one.days and one.begin <= clock < one.until
    else:
        inside = (today in one.days and clock >= one.begin) or (
            yesterday in one.days and clock < one.until
        )
    if inside:
        assert freeze_at([one], now) is not None


@pytest.mark.parametrize(
    ("at", "begins", "until"),
    [
        ("2026-11-27T16:00", "2026-11-27T15:00", "2026-11-28T00:00"),  # open: a Friday
        ("2026-11-27T14:59", "2026-11-27T15:00", "2026-11-28T00:00"),
        ("2026-11-28T00:00", "2026-12-04T15:00", "2026-12-05T00:00"),  # a week ahead
        ("2026-12-18T14:00", "2026-12-18T15:00", "2027-01-04T00:00"),  # the next follows it
        ("2027-01-02T00:00", "2026-12-19T00:00", "2027-01-04T00:00"),
    ],
)
def test_the_next_window_is_the_open_one_or_the_one_that_opens_first(
    at: str, begins: str, until: str
) -> None:
    windows = [
        FreezeWindow(begin="15:00", until="24:00", zone="UTC", reason="weekend", days=("fri",)),
        FreezeWindow(
            begin="2026-12-19T00:00", until="2027-01-04T00:00", zone="UTC", reason="Christmas"
        ),
    ]
    found = next_freeze(windows, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found is not None
    told = tuple(one.strftime("%Y-%m-%dT%H:%M") for one in (found.begins, found.until))
    assert told == (begins, until)


def test_a_window_that_is_over_for_good_is_none() -> None:
    over = FreezeWindow(begin="2020-01-01T00:00", until="2020-01-02T00:00", zone="UTC", reason="x")
    assert next_freeze([over], datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert next_freeze([], datetime(2026, 1, 1, tzinfo=UTC)) is None
