"""Lines as goose 3.26 wrote them; the integration test shows that it still does."""

from __future__ import annotations

import pytest

from slipway.hooks.migrations.goose_output import applied_in, version_in

AT = "2026/11/23 07:46:11 "
UP = [
    f"{AT}OK   00001_a.sql (937.16µs)",
    f"{AT}EMPTY 00002_b.sql (1.8ms)",
    f"{AT}goose: successfully migrated database to version: 2",
]


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (UP, 2),
        ([f"{AT}goose: no migrations to run. current version: 20240131120000"], 20240131120000),
        ([f"{AT}goose: version 0"], 0),
        ([f"{AT}goose run: no migration files found"], None),
        ([], None),
    ],
)
def test_the_version(lines: list[str], version: int | None) -> None:
    assert version_in(lines) == version


def test_what_was_applied() -> None:
    assert applied_in(UP) == ("00001_a.sql", "00002_b.sql")
    assert applied_in([f"{AT}OK   00003_add a column.sql (1ms)"]) == ("00003_add a column.sql",)
