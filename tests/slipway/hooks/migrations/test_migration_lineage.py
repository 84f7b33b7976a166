from __future__ import annotations

import pytest

from slipway.exceptions import MigrationFailed
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.migration_lineage import is_behind, require_follows
from slipway.hooks.tars import pack

WHERE = "the database of prod"


def files(**texts: str) -> MigrationFiles:
    """Files by their numbers: ``_1="create table a ();"``."""
    made = {
        f"m/{name.removeprefix('_')}_x.sql": f"-- +goose Up\n{text}\n-- +goose Down\nselect 1;\n"
        for name, text in texts.items()
    }
    return MigrationFiles.from_archive(pack({k: v.encode() for k, v in made.items()}), "m")


A, B, C = "create table a ();", "create table b ();", "create table c ();"
LIVE = files(_1=A, _2=B)


def follows(new: MigrationFiles, version: int = 2) -> None:
    require_follows(new, LIVE, version, WHERE)


@pytest.mark.parametrize(
    "new",
    [
        LIVE,
        files(_1=A, _2=B, _3=C),
        files(_1=A, _2=f"-- a remark\n{B}", _3=C),
        files(_00001=A, _00002=B),
    ],
)
def test_a_commit_that_only_adds_follows(new: MigrationFiles) -> None:
    follows(new)


def test_a_number_below_the_databases_comes_too_late() -> None:
    live = files(_20260101=A, _20260301=B)
    new = files(_20260101=A, _20260201=C, _20260301=B)
    with pytest.raises(MigrationFailed, match=r"20260201_x\.sql would come too late") as caught:
        require_follows(new, live, 20260301, WHERE)
    assert "prod is at 20260301 already" in caught.value.message
    assert "above 20260301" in caught.value.advice


def test_another_branchs_number_is_too_late_even_where_the_commit_lacks_the_highest() -> None:
    with pytest.raises(MigrationFailed, match=r"2_x\.sql would come too late"):
        require_follows(files(_1=A, _2=C), files(_1=A, _3=B), 3, WHERE)


def test_a_file_that_is_gone_is_named_and_where_it_was_applied() -> None:
    with pytest.raises(MigrationFailed, match=r"2_x\.sql was applied and is gone: .* prod"):
        follows(files(_1=A, _3=C))


def test_one_under_another_number_would_run_again() -> None:
    with pytest.raises(MigrationFailed, match=r"3_x\.sql says the same") as caught:
        follows(files(_1=A, _3=B))
    assert "number 2 back" in caught.value.advice


def test_one_that_was_changed_after_it_was_applied_is_named() -> None:
    with pytest.raises(MigrationFailed, match=r"2_x\.sql was changed after"):
        follows(files(_1=A, _2=C))


def test_one_that_was_not_applied_yet_may_be_changed_renumbered_and_taken_away() -> None:
    for new in (files(_1=A, _2=C), files(_1=A, _3=B), files(_1=A)):
        follows(new, version=1)


def test_a_baseline_stands_for_all_before_it() -> None:
    follows(files(_2=f"-- slipway: baseline\n{A}\n{B}", _3=C))


def test_a_database_with_all_of_it_and_more_is_ahead() -> None:
    assert is_behind(files(_1=A), [1, 2])
    assert not is_behind(LIVE, [1, 2])
    assert not is_behind(files(_1=A, _3=C), [1, 2])
