"""When a deployment is to begin: what is a time, and a counted table of what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from slipway.policies import planned_time
from slipway.policies.planned_time import BadTime, PlannedTime, read, require_ahead, until

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)

# What somebody may write, and the beginning of what is said to it, with what helps.
BAD = {
    # no time at all
    "": "nobody said which time(?s:.*)2026-12-01 06:00 Europe/Berlin",
    "tomorrow": "'tomorrow' is no day and time(?s:.*)write it like",
    "tomorrow 6am": "is no day and time",
    "2026-12-01": "is no day and time",
    "06:00 Europe/Berlin": "is no day and time",
    "01.12.2026 06:00 Europe/Berlin": "is no day and time",
    "12/01/2026 06:00 Europe/Berlin": "is no day and time",
    "2026-12-01 6 Europe/Berlin": "is no day and time",
    "1796450400": "is no day and time",
    "2026-12-01 06:00 \nEurope/Berlin": "is no day and time|is not a time zone",
    "\u0662\u0660\u0662\u0666-12-01 06:00 UTC": "is no day and time",
    "2026-12-01 06:00 " + "x" * 80: "is no day and time",
    # no such day or time of day
    "2026-02-30 06:00 UTC": "there is no '2026-02-30 06:00 UTC': day is out of range",
    "2026-13-01 06:00 UTC": "there is no '2026-13-01 06:00 UTC': month must be",
    "2026-00-01 06:00 UTC": "month must be",
    "2026-12-01 24:00 UTC": "hour must be",
    "2026-12-01 06:60 UTC": "minute must be",
    "2026-12-01 06:00:30 UTC": "has seconds, and a time is given to the minute",
    "0001-01-01 00:00 +14:00": "no time that a calendar here knows",
    "9999-12-31 23:59 -12:00": "no time that a calendar here knows",
    # no zone, or no such zone
    "2026-12-01 06:00": "says no time zone(?s:.*)whose time is it",
    "2026-12-01T06:00": "says no time zone",
    "2026-12-01 06:00 Europe/Berln": "is not a time zone(?s:.*)did you mean 'Europe/Berlin'",
    "2026-12-01 06:00 europe/berlin": "is not a time zone(?s:.*)did you mean 'Europe/Berlin'",
    "2026-12-01 06:00 utc": "is not a time zone(?s:.*)did you mean 'UTC'",
    "2026-12-01 06:00 CEST": "'CEST' is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 CET": "'CET' is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 EST": "'EST' is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 MST7MDT": "is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 GMT": "is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 localtime": "is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 Factory": "is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 Europe": "'Europe' is not a time zone(?s:.*)name a place",
    "2026-12-01 06:00 ../../etc/passwd": "is not a time zone",
    "2026-12-01 06:00 /etc/localtime": "is not a time zone",
    "2026-12-01 06:00 \x1b[31mUTC": "'<U.001B>.31mUTC' is not a time zone",
    "2026-12-01 06:00 +14:01": "no zone's distance from UTC",
    "2026-12-01 06:00 +01:60": "no zone's distance from UTC",
    "2026-12-01 06:00 +1": "is not a time zone",
    # a local time that never comes, and one that comes twice
    "2027-03-28 02:30 Europe/Berlin": "never comes in Europe/Berlin(?s:.*)2027-03-28 03:30",
    "2027-03-28 02:00 Europe/Berlin": "never comes in Europe/Berlin(?s:.*)2027-03-28 03:00",
    "2027-03-14 02:30 America/New_York": "never comes in America/New_York(?s:.*)03:30",
    "2026-10-04 02:15 Australia/Lord_Howe": "never comes(?s:.*)02:45 Australia/Lord_Howe",
    "2011-12-30 12:00 Pacific/Apia": "never comes(?s:.*)2011-12-31 12:00",
    "2026-10-25 02:30 Europe/Berlin": r"comes twice(?s:.*)02:30\+02:00(?s:.*)02:30\+01:00",
    "2026-10-25 02:00 Europe/Berlin": "comes twice in Europe/Berlin",
    "2026-11-01 01:30 America/New_York": "comes twice in America/New_York(?s:.*)01:30-04:00",
}
# These are times, and none at which anything could be deployed.
NOT_THEN = {
    "2026-11-27 12:00 UTC": "is over: it is 2026-11-27 12:00 UTC(?s:.*)give a time to come",
    "2026-11-27 12:59 Europe/Berlin": "is over",
    "2025-12-01 06:00 Europe/Berlin": "is over",
    "2027-01-26 12:01 UTC": "is 60 days ahead, and 60 are the most",
    "2036-12-01 06:00 Europe/Berlin": "days ahead, and 60 are the most(?s:.*)when it is nearer",
    "9999-12-01 06:00 UTC": "days ahead, and 60 are the most",
}


def test_the_table_of_bad_times_is_whole() -> None:
    assert (len(BAD), len(NOT_THEN)) == (47, 6)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_time_says_why_and_what_would_be_one(text: str) -> None:
    with pytest.raises(BadTime, match=BAD[text]) as told:
        read(text)
    assert told.value.advice
    assert str(told.value).isprintable() or "\n  what to do: " in str(told.value)
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize("text", NOT_THEN)
def test_a_time_that_is_over_or_too_far_ahead_is_none_to_deploy_at(text: str) -> None:
    with pytest.raises(BadTime, match=NOT_THEN[text]) as told:
        require_ahead(read(text), NOW)
    assert told.value.advice


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("2026-12-01 06:00 Europe/Berlin", "2026-12-01T05:00", "2026-12-01 06:00 Europe/Berlin"),
        ("  2026-12-01T6:00   UTC ", "2026-12-01T06:00", "2026-12-01 06:00 UTC"),
        ("2026-12-01 06:00Z", "2026-12-01T06:00", "2026-12-01 06:00 Z"),
        ("2026-12-01 06:00:00 UTC", "2026-12-01T06:00", "2026-12-01 06:00 UTC"),
        ("2026-12-1 06:00 +05:30", "2026-12-01T00:30", "2026-12-01 06:00 +05:30"),
        # What comes twice, with the one that is meant.
        ("2026-10-25 02:30+02:00", "2026-10-25T00:30", "2026-10-25 02:30 +02:00"),
        ("2026-10-25 02:30+0100", "2026-10-25T01:30", "2026-10-25 02:30 +0100"),
        # The last minute before, and the first after the clocks are put back.
        ("2026-10-25 01:59 Europe/Berlin", "2026-10-24T23:59", "2026-10-25 01:59 Europe/Berlin"),
        ("2026-10-25 03:00 Europe/Berlin", "2026-10-25T02:00", "2026-10-25 03:00 Europe/Berlin"),
    ],
)
def test_a_local_time_is_one_instant(text: str, at: str, words: str) -> None:
    found = read(text)
    assert found == PlannedTime(at=datetime.fromisoformat(f"{at}:00+00:00"), words=words)
    assert read(str(found)) == found


def test_a_machine_without_time_zones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.policies.planned_time._places", frozenset[str])
    with pytest.raises(BadTime, match=r"knows no time zones(?s:.*)pip install tzdata"):
        read("2026-12-01 06:00 Europe/Berlin")
    assert read("2026-12-01 06:00 +01:00").at == datetime(2026, 12, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(minutes=5, seconds=10), "5 min"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(seconds=-40), "0 s"),
    ],
)
def test_how_long_it_is_until_then(left: timedelta, words: str) -> None:
    assert until(PlannedTime(at=NOW + left, words="then"), NOW) == words


def test_zones_are_looked_for_on_the_disk_once(monkeypatch: pytest.MonkeyPatch) -> None:
    look = mock.Mock(return_value={"Europe/Berlin", "CET"})
    monkeypatch.setattr("slipway.policies.planned_time.available_timezones", look)
    planned_time._places.cache_clear()
    try:
        for _ in range(3):
            read("2026-12-01 06:00 Europe/Berlin")
    finally:
        planned_time._places.cache_clear()
    look.assert_called_once()
