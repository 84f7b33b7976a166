"""Migrations of one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.migrations.goose_runs import A

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository


def first(repository: Repository) -> str:
    return repository.commit(migrations__00001_a_dot_sql=A)
