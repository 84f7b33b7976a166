from __future__ import annotations

import pytest

from slipway.hooks.migrations.database_state import InvalidIndex, LockHolder, masked_query


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select * from a where mail = 'x@y.z'", "select * from a where mail = '***'"),
        ("select 1 -- it's\n where x = 'secret'", "select 1 where x = '***'"),
        (r"select E'it\'s secret', 'it''s', $$ secret $$", "select '***', '***', '***'"),
        ("select $body$ a secret $body$, $1", "select '***', $1"),
        (
            'select "it\'s" from t where n = 4111111111111111',
            "select \"it's\" from t where n = '***'",
        ),
        ("update a set x = 'cut off here", "update a set x = '***'"),
        ("select /* it's */ 1", "select 1"),
        ("select\n\t1\x1b[2J", "select 1<U+001B>[2J"),
        ("x" * 300, "x" * 120 + "..."),
    ],
)
def test_a_query_is_told_without_the_data_in_it(query: str, shown: str) -> None:
    assert masked_query(query) == shown


def test_what_must_not_be_seen_is_said_to_be_hidden() -> None:
    said = LockHolder(pid=7, role="r", query="<insufficient privilege>").said
    assert said == (
        "the lock is held by pid 7, role r; what it does is shown to members of "
        "pg_read_all_stats alone"
    )


def test_a_prepared_transaction_has_no_process() -> None:
    assert "pg_prepared_xacts" in LockHolder(pid=0, relation="a").said


def test_what_a_reindex_left_is_only_dropped() -> None:
    index = InvalidIndex(schema="s", name="i_ccnew1", index="s.i_ccnew1", table="s.a")
    assert index.cure == "DROP INDEX CONCURRENTLY s.i_ccnew1; it is a copy that a REINDEX left"
    plain = InvalidIndex(schema="s", name="i", index='s."I"', table="s.a")
    assert plain.cure == 'DROP INDEX CONCURRENTLY s."I"; or REINDEX INDEX CONCURRENTLY s."I";'
