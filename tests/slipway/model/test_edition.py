"""Editions: a version, and what stands for other settings."""

from __future__ import annotations

import pytest

from slipway.model.edition import edition, is_later, version_of


@pytest.mark.parametrize(
    ("name", "version", "mark"),
    [
        ("1.4.0+42.g3f2a1b7", "1.4.0+42.g3f2a1b7", ""),
        ("1.4.0+42.g3f2a1b7@9c01d2ff", "1.4.0+42.g3f2a1b7", "9c01d2ff"),
        ("1~rc1:2_x-3@0a0a0a0a", "1~rc1:2_x-3", "0a0a0a0a"),
    ],
)
def test_an_edition_is_taken_apart_and_put_together(name: str, version: str, mark: str) -> None:
    assert version_of(name) == version
    assert is_later(name) is bool(mark)
    assert edition(version, mark) == name


@pytest.mark.parametrize("name", ["1.0@", "1.0@../x", "1.0@0a0a0a0a@", "1.0@0A0A0A0A", "@"])
def test_what_somebody_types_may_be_no_edition(name: str) -> None:
    assert not is_later(name)
