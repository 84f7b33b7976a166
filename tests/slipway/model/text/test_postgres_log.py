from __future__ import annotations

from slipway.model.text.postgres_log import FailedStatement, failed_statements

LOG = """2026-11-26 21:00:00.000 UTC [1] LOG:  database system is ready to accept connections
2026-11-26 21:00:01.000 UTC [52] ERROR:  42703: column "author" does not exist at character 8
2026-11-26 21:00:01.000 UTC [52] HINT:  Perhaps you meant "writer".
2026-11-26 21:00:01.000 UTC [52] LOCATION:  errorMissingColumn, parse_relation.c:3656
2026-11-26 21:00:01.000 UTC [52] STATEMENT:  SELECT author,
\t  message
\tFROM entries WHERE id = $1
2026-11-26 21:00:02.000 UTC [53] ERROR:  relation "ERROR: x" does not exist
2026-11-26 21:00:03.000 UTC [54] FATAL:  57P01: terminating connection
"""


def test_each_failed_statement_is_read_whole() -> None:
    column, relation, ended = failed_statements(LOG)
    assert column == FailedStatement(
        state="42703",
        message='column "author" does not exist',
        statement="SELECT author,\n  message\nFROM entries WHERE id = $1",
    )
    assert (relation.state, relation.statement) == ("", "")
    assert (ended.state, ended.names_what_is_not_there) == ("57P01", False)


def test_a_failed_statement_is_told_in_one_line() -> None:
    first = str(failed_statements(LOG)[0])
    assert first == (
        'column "author" does not exist (SQLSTATE 42703), in: '
        "SELECT author, message FROM entries WHERE id = $1"
    )


def test_a_server_that_only_starts_has_failed_nothing() -> None:
    assert failed_statements("") == failed_statements(LOG.splitlines()[0]) == []
    assert failed_statements("LOG:  ERROR is a word too\nSTATEMENT:  select 1") == []
