"""The parts of a Debian version."""

from __future__ import annotations

import pytest

from slipway.model.deb_version import upstream, without_epoch


@pytest.mark.parametrize(
    ("version", "file", "release"),
    [
        ("1.0.0+4.gabc", "1.0.0+4.gabc", "1.0.0+4.gabc"),
        ("2:1.0.0+4.gabc", "1.0.0+4.gabc", "1.0.0+4.gabc"),
        ("1.0.0+4.gabc-1", "1.0.0+4.gabc-1", "1.0.0+4.gabc"),
        ("12:1.0.0+4.gabc-1~bpo12+1", "1.0.0+4.gabc-1~bpo12+1", "1.0.0+4.gabc"),
        ("1.0.0+4.gabc~rc1", "1.0.0+4.gabc~rc1", "1.0.0+4.gabc~rc1"),
        ("x:1.0", "x:1.0", "x:1.0"),
    ],
)
def test_parts(version: str, file: str, release: str) -> None:
    assert without_epoch(version) == file
    assert upstream(version) == release
