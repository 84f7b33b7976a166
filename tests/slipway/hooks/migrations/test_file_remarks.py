from __future__ import annotations

import re

import pytest

from slipway.hooks.migrations.file_remarks import file_remarks
from slipway.hooks.migrations.goose_file import GooseFile

ALONE = "-- +goose NO TRANSACTION\n"


@pytest.mark.parametrize(
    ("up", "says"),
    [
        ("alter table a add n int;\nCOMMIT;", "1_a.sql, line 3: ends .* those before it stay;"),
        ("alter table a add n int;\nrollback;", "line 3: ends .* is undone, and goose counts"),
        ("set lock_timeout = 0;", "1_a.sql sets lock_timeout or statement_timeout: the project's"),
    ],
)
def test_what_goose_takes_and_somebody_should_see_is_told(up: str, says: str) -> None:
    (said,) = file_remarks(GooseFile.parse("1_a.sql", f"-- +goose Up\n{up}\n".encode()))
    assert re.search(says, said)


def test_a_lock_without_a_limit_is_told_with_its_line() -> None:
    text = f"{ALONE}-- +goose Up\nalter table a add n int;\n"
    (said,) = file_remarks(GooseFile.parse("1_a.sql", text.encode()))
    assert said.startswith("1_a.sql, line 3: waits for its table without a limit")


@pytest.mark.parametrize("text", ["alter table a add n int;", "savepoint s;\nrollback to s;"])
def test_of_what_is_usual_nothing_is_said(text: str) -> None:
    assert list(file_remarks(GooseFile.parse("1_a.sql", f"-- +goose Up\n{text}\n".encode()))) == []
