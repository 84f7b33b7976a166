from __future__ import annotations

import pytest

from slipway.hooks.migrations.goose_file import GooseFile

PLAIN = """-- a header
-- +goose Up
create table a (n int);

-- a remark
insert into a
values (1); -- one
-- +goose StatementBegin
create function f() returns int language plpgsql as $$
begin
  return 1;
end $$;
-- +goose StatementEnd
-- +goose Down
drop table a;
"""


def read(text: str) -> GooseFile:
    return GooseFile.parse("1_a.sql", text.encode())


@pytest.mark.parametrize("text", [PLAIN, PLAIN.replace("\n", "\r\n")])
def test_statements_begin_where_goose_begins_them(text: str) -> None:
    file = read(text)
    assert [(one.line, one.plain[:12]) for one in file.up] == [
        (3, "create table"),
        (6, "insert into "),
        (9, "create funct"),
    ]
    assert file.up[2].plain.endswith("end $$;")
    assert [one.plain for one in file.down] == ["drop table a;"]
    assert file.transactional
    assert not file.irreversible
    assert file.has_way_down


@pytest.mark.parametrize(
    "line", ["-- +goose NO TRANSACTION", "-- +goose no transaction", "--+goose NO TRANSACTION\r"]
)
def test_a_file_without_a_transaction_is_known_however_it_is_written(line: str) -> None:
    assert not read(f"{line}\n-- +goose Up\nselect 1;\n").transactional


@pytest.mark.parametrize(
    "text",
    [
        "-- slipway: irreversible\n-- +goose Up\nselect 1;\n-- +goose Down\ndrop table a;\n",
        "-- +goose Up\nselect 1;\n-- +goose Down\n-- Slipway: Irreversible, the data is gone\n",
        "-- +goose Up\nselect 1;\n-- +goose Down\n-- cannot be undone\n",
        "-- +goose Up\nselect 1;\n-- +goose Down\n-- irreversible\nselect 'down SQL query';\n",
        "-- +goose Up\nselect 1;\n-- +goose Down\n-- +goose StatementBegin\ndo $$ begin\n"
        "  raise exception 'Irreversible migration';\nend $$;\n-- +goose StatementEnd\n",
    ],
)
def test_a_file_may_say_that_it_cannot_be_undone(text: str) -> None:
    assert read(text).irreversible


@pytest.mark.parametrize(
    "text",
    [
        "-- +goose Up\nselect 1;\n",
        "-- +goose Up\n-- this cannot be undone\nselect 1;\n-- +goose Down\ndrop table a;\n",
        "-- +goose Up\nselect 1;\n-- +goose Down\n-- the data cannot be undone\ndrop table a;\n",
        "-- +goose Up\ninsert into a values ('-- slipway: irreversible');\n",
    ],
)
def test_other_files_do_not(text: str) -> None:
    assert not read(text).irreversible


@pytest.mark.parametrize(
    "down", ["", "-- +goose Down\n", "-- +goose Down\nSELECT 'down SQL query';\n"]
)
def test_a_way_down_that_does_nothing_is_none(down: str) -> None:
    assert not read("-- +goose Up\ncreate table a ();\n" + down).has_way_down


def test_variables_are_found_with_their_lines_where_they_are_substituted_and_nowhere_else() -> None:
    file = read(
        "-- +goose Up\nselect '$NOT';\n-- +goose ENVSUB ON\n-- ${A_REMARK}\n"
        "grant usage on schema ${SCHEMA}\n  to ${ROLE:-app};\n-- +goose ENVSUB OFF\n"
        "select $$ $NEITHER $$;\n"
    )
    assert [(one.reference.name, one.reference.required, one.line) for one in file.asked] == [
        ("SCHEMA", True, 5),
        ("ROLE", False, 6),
    ]


def test_the_same_schema_is_the_same_whatever_comments_and_blanks_say() -> None:
    other = PLAIN.replace("-- a remark\n", "").replace("into a\n", "into a ").replace("drop", "x")
    assert read(PLAIN).same_schema(read(other))
    assert not read(PLAIN).same_schema(read(PLAIN.replace("(1)", "(2)")))


@pytest.mark.parametrize(
    ("statement", "ends"),
    [
        ("commit;", True),
        ("END;", True),
        ("/* x */ ROLLBACK;", True),
        ("rollback work;", True),
        ("abort;", True),
        ("rollback to savepoint a;", False),
        ("rollback work to a;", False),
        ("begin;", False),
        ("savepoint a;", False),
        ("comment on table commit is 'x';", False),
        ("create table endings (id int);", False),
    ],
)
def test_a_statement_that_ends_gooses_transaction_is_seen(statement: str, ends: bool) -> None:
    file = GooseFile.parse("1_a.sql", f"-- +goose Up\nselect 1;\n{statement}\n".encode())
    assert (file.own_end is not None) is ends
    alone = GooseFile.parse("1_a.sql", f"-- +goose NO TRANSACTION\n{statement}\n".encode())
    assert alone.own_end is None


@pytest.mark.parametrize(
    ("statement", "sets"),
    [
        ("SET lock_timeout = 0;", True),
        ("set session statement_timeout to '1h';", True),
        ("SELECT pg_catalog.set_config('lock_timeout', '0', false);", True),
        ("set local lock_timeout = '1s';", False),
        ("set client_encoding = 'UTF8';", False),
        ("reset lock_timeout;", False),
        ("-- we do not SET lock_timeout here\nSELECT 1;", False),
        ("ALTER ROLE app SET lock_timeout = '5s';", False),
        ("UPDATE settings SET lock_timeout = 5;", False),
        ("SELECT set_config('statement_timeout', '0', true);", False),
    ],
)
def test_a_file_with_limits_of_its_own_is_seen(statement: str, sets: bool) -> None:
    text = f"-- +goose Up\n{statement}\n-- +goose Down\nset lock_timeout = 0;\n"
    assert GooseFile.parse("1_a.sql", text.encode()).sets_limits is sets
