"""What housekeeping freed, in its log and in figures."""

from __future__ import annotations

import pytest

from slipway.tasks.freed import Freed, FreedKind, in_units
from tests.fakes.metrics import listen


def test_it_says_how_many_and_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    told, said = listen(monkeypatch), list[str]()
    freed = Freed(FreedKind.IMAGE)
    for _ in range(3):
        freed.add(8 << 30)
    freed.tell(said.append)
    assert said == ["freed: machine image x 3, 24.0 GiB"]
    assert sum(value for value, _ in told.of("freed_things")) == 3
    assert told.of("freed_bytes") == [(8 << 30, ("machine_image",))] * 3


def test_where_nothing_went_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told, said = listen(monkeypatch), list[str]()
    freed = Freed(FreedKind.STANDBY)
    freed.add(things=0)
    freed.tell(said.append)
    assert (said, told) == ([], [])


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (3 << 40, "3.0 TiB"),
        (5 << 50, "5120.0 TiB"),
    ],
)
def test_bytes_for_people(size: int, words: str) -> None:
    assert in_units(size) == words
