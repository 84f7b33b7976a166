from __future__ import annotations

import pytest

from slipway.exceptions import SchemaAhead
from slipway.policies.schema import OnRollBack, check_schema


@pytest.mark.parametrize("policy", list(OnRollBack))
@pytest.mark.parametrize("database", [0, 2, 3])
def test_a_database_that_is_not_ahead_is_no_matter(policy: OnRollBack, database: int) -> None:
    assert check_schema(policy, database=database, release=3, version="1.0") is None


def test_by_default_old_code_lives_with_the_newer_schema() -> None:
    said = check_schema(OnRollBack.EXPAND_ONLY, database=4, release=3, version="1.0")
    assert said == (
        "the database has schema 4, release 1.0 knows 3: nothing is applied and nothing is undone"
    )


def test_a_project_may_stop_instead() -> None:
    with pytest.raises(SchemaAhead, match=r"schema 4, release 1\.0 knows 3, and the project says"):
        check_schema(OnRollBack.STOP, database=4, release=3, version="1.0")
