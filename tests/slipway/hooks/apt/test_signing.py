"""How long the apt repository's signature counts, and its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.exceptions import ToolFailed
from slipway.hooks.apt.bucket import read_release
from slipway.hooks.apt.signing import VALID, WARN, SigningKey, signing_key, valid_until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _at(moment: datetime | None) -> str:
    return str(int(moment.timestamp())) if moment else ""


def _record(kind: str, ends: datetime | None, can: str, validity: str = "u") -> str:
    start = f"{kind}:{validity}:255:22:E7EA9827F8FF1F8E:1795701796"
    return f"{start}:{_at(ends)}::u:::{can}:::+::ed25519:::0:"


def _listing(*records: str) -> str:
    return "\n".join(
        [records[0], f"fpr:::::::::{'A' * 40}:", *records[1:], "uid:u::::::::x <x@y>:"]
    )


@pytest.mark.parametrize(
    ("records", "expires"),
    [
        ([_record("sec", None, "scSC")], None),
        ([_record("sec", NOW, "scSC")], NOW),
        # A subkey signs, and counts no longer than the primary key.
        ([_record("sec", None, "cSC"), _record("ssb", NOW, "s")], NOW),
        ([_record("sec", NOW, "cSC"), _record("ssb", NOW + DAY, "s")], NOW),
        # The newest of several; one for encryption, or one taken back, does not sign.
        (
            [_record("sec", None, "cSC"), _record("ssb", NOW, "s"), _record("ssb", NOW + DAY, "s")],
            NOW + DAY,
        ),
        ([_record("sec", None, "cSC"), _record("ssb", NOW, "s"), _record("ssb", None, "e")], NOW),
        (
            [_record("sec", None, "cSC"), _record("ssb", NOW, "s"), _record("ssb", None, "s", "r")],
            NOW,
        ),
        # gpg signs with the first key.
        ([_record("sec", NOW, "scSC"), _record("sec", NOW + DAY, "scSC")], NOW),
    ],
)
def test_when_a_key_stops_signing(records: list[str], expires: datetime | None) -> None:
    key = signing_key(_listing(*records))
    assert key
    assert (key.fingerprint, key.expires, key.usable) == ("A" * 40, expires, True)


def test_a_key_that_cannot_sign() -> None:
    key = signing_key(_listing(_record("sec", None, "cC"), _record("ssb", None, "e")))
    assert key
    assert not key.usable


@pytest.mark.parametrize("listing", ["", "garbage", "tru::1:1795701796:0:3:1:5\n", "pub:u:::\n"])
def test_no_key_at_all(listing: str) -> None:
    assert signing_key(listing) is None


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, None),
        (WARN + DAY, None),
        (WARN, "expires in 42 days, on 2026-04-12"),
        (DAY, "expires in 1 days, on 2026-03-02"),
        (-DAY, "expires in 0 days, on 2026-02-28"),
    ],
)
def test_a_keys_end_is_said_weeks_before(left: timedelta | None, said: str | None) -> None:
    ends = None if left is None else NOW + left
    warning = SigningKey(fingerprint="F", expires=ends, usable=True).warning(NOW)
    assert (said is None) == (warning is None)
    assert (said or "") in (warning or "")


def _release(*times: str) -> str:
    return "\n".join(
        ["-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", "", "Suite: stable", *times, ""]
    )


def test_what_is_written_is_read_again() -> None:
    text = _release("Date: Sun, 01 Mar 2026 12:00:00 UTC", f"Valid-Until: {valid_until(NOW)}")
    found = read_release(text)
    assert found
    assert (found.signed, found.valid_until) == (NOW, NOW + VALID)
    assert not found.due(NOW)
    assert not found.due(NOW + DAY - timedelta(seconds=1))
    assert found.due(NOW + DAY)


def test_a_release_of_an_earlier_version_is_renewed_at_once() -> None:
    found = read_release(_release("Date: Sun, 01 Mar 2026 12:00:00 UTC"))
    assert found
    assert found.due(NOW)


def test_what_has_no_date_is_no_release() -> None:
    assert read_release("<html>") is None


@pytest.mark.parametrize(
    "line",
    [
        "Date: tomorrow",
        "Date: 99 Foo 2026",
        "Valid-Until: soon",
        "Date: Sun, 99 Mar 2026 12:00:00 UTC",
    ],
)
def test_a_time_that_is_none_is_told_in_words(line: str) -> None:
    date = "Date: Sun, 01 Mar 2026 12:00:00 UTC"
    lines = line if line.startswith("Date") else f"{date}\n{line}"
    with pytest.raises(ToolFailed, match="which is no time"):
        read_release(f"Origin: x\n{lines}\n")


def test_a_time_without_a_zone_can_be_compared() -> None:
    found = read_release("Date: Sun, 01 Mar 2026 12:00:00 -0000\n")
    assert found
    assert found.due(datetime.now(UTC))
