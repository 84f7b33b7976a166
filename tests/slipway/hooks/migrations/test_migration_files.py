from __future__ import annotations

import io
import tarfile

import pytest

from slipway.exceptions import MigrationFailed
from slipway.hooks.migrations.migration_files import MigrationFiles


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


def test_what_embeds_the_files_in_a_program_is_no_migration() -> None:
    others = ("embed.go", "migrations.go", "00001_a_test.go", "doc_1.go")
    assert files("1_a.sql", *others).names == {1: "1_a.sql"}


def test_a_number_may_be_as_large_as_goose_takes_it() -> None:
    assert files("1700000000000000001_a.sql").highest == 1700000000000000001
    assert files("9223372036854775807_a.sql").gaps == ()


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
        (("20240131120000_seed.go", "1_a.sql"), "written in Go"),
        (("9223372036854775808_a.sql",), "does not begin with a version"),
        (("٣_a.sql",), "does not begin with a version"),
        (("9" * 40 + "_a.sql",), "does not begin with a version"),
    ],
)
def test_what_goose_could_not_run_is_refused_by_name(names: tuple[str, ...], says: str) -> None:
    with pytest.raises(MigrationFailed, match=says):
        files(*names)


def links(name: str, kind: bytes, to: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("db/migrations/1_a.sql"))
        entry = tarfile.TarInfo(f"db/migrations/{name}")
        entry.type, entry.linkname = kind, to
        tar.addfile(entry)
    return packed.getvalue()


@pytest.mark.parametrize(
    "to", ["/run/secrets/pgpass", "/etc/passwd", "/proc/self/environ", "1_a.sql"]
)
def test_a_migration_that_is_a_link_to_gooses_secrets_is_refused(to: str) -> None:
    """Goose would show a line of it, as SQL that it does not understand."""
    with pytest.raises(MigrationFailed, match="is a link"):
        MigrationFiles.from_archive(links("2_b.sql", tarfile.SYMTYPE, to), "db/migrations")


def test_goose_is_given_migrations_and_nothing_else() -> None:
    packed = links("notes.txt", tarfile.SYMTYPE, "/run/secrets/pgpass")
    found = MigrationFiles.from_archive(packed, "db/migrations")
    with tarfile.open(fileobj=io.BytesIO(found.archive)) as tar:
        assert [(one.name, one.isreg()) for one in tar] == [("db/migrations/1_a.sql", True)]


@pytest.mark.parametrize(
    "name",
    [
        "2_b\nApproved by Alice.sql",
        "2_b\r.sql",
        "2_\x1b[2J.sql",
        "2_\u202elqs.sql",
        "2_\u2028.sql",
        "2_\x85.sql",
        "2_b\n.sql",
        "2_\udcff.sql",
    ],
)
def test_a_file_name_that_writes_into_the_approvers_page_is_refused(name: str) -> None:
    with pytest.raises(MigrationFailed, match="control characters in its name") as caught:
        files("1_a.sql", name)
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


def test_other_files_may_be_called_as_they_like_and_names_may_have_letters_of_all_kinds() -> None:
    assert files("1_größe ändern.sql", "notes\n.txt").names == {1: "1_größe ändern.sql"}


def test_gaps_are_noticed_among_counted_numbers_only() -> None:
    assert files("1_a.sql", "2_b.sql", "5_c.sql").gaps == (3, 4)
    assert files("7_a.sql", "8_b.sql").gaps == ()
    assert files("20240101000000_a.sql", "20250101000000_b.sql").gaps == ()
    assert files("1_a.sql", "9000000_b.sql").gaps == ()


def test_files_that_goose_does_not_look_at_are_said_to_be_passed_over() -> None:
    found = files("1_a.sql", "2_B.SQL", "old/3_c.sql", "README.md", "5_b.sql")
    assert found.passed_over == ("2_B.SQL", "old/3_c.sql")
    gaps, passed = found.remarks()
    assert "lacks the numbers (2, 3, 4)" in gaps
    assert "goose does not look at 2_B.SQL, old/3_c.sql" in passed
    assert files("1_a.sql").remarks() == []
