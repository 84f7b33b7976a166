from __future__ import annotations

import io
import tarfile

import pytest

from slipway.exceptions import MigrationFailed
from slipway.hooks.migration_files import MigrationFiles


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(f"db/migrations/{name}"))
    return packed.getvalue()


def files(*names: str) -> MigrationFiles:
    return MigrationFiles.from_archive(archive(*names), "db/migrations")


def test_migrations_are_found_in_order_and_other_files_passed_over() -> None:
    found = files("00010_c.sql", "00002_b.sql", "1_a.sql", "README.md", "old/00003_x.sql")
    assert list(found.names.items()) == [(1, "1_a.sql"), (2, "00002_b.sql"), (10, "00010_c.sql")]
    assert found.highest == 10


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "has no migration files"),
        (("README.md",), "has no migration files"),
        (("1_a.sql", "001_b.sql"), "001_b.sql and 1_a.sql have the same version"),
        (("a.sql",), "a.sql does not begin with a version"),
        (("0_a.sql",), "0_a.sql does not begin with a version"),
        (("1a.sql",), "1a.sql does not begin with a version"),
        (("1_a.go",), "written in Go"),
    ],
)
def test_what_goose_could_not_run_is_refused_by_name(names: tuple[str, ...], says: str) -> None:
    with pytest.raises(MigrationFailed, match=says):
        files(*names)


def test_gaps_are_noticed_among_counted_numbers_only() -> None:
    assert files("1_a.sql", "2_b.sql", "5_c.sql").gaps == (3, 4)
    assert files("7_a.sql", "8_b.sql").gaps == ()
    assert files("20240101000000_a.sql", "20250101000000_b.sql").gaps == ()
    assert files("1_a.sql", "9000000_b.sql").gaps == ()
