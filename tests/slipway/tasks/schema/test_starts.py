"""From which states of the environments' databases a rehearsal begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from slipway.exceptions import RefNotFound
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tars import pack
from slipway.tasks.schema.starts import schema_starts
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
ONE, TWO, OTHER = "create table a ();", "create table b ();", "create table c ();"


def files(*statements: str) -> MigrationFiles:
    texts = {
        f"migrations/{at:05}_x.sql": f"-- +goose Up\n{text}\n".encode()
        for at, text in enumerate(statements, 1)
    }
    return MigrationFiles.from_archive(pack(texts), "migrations")


def starts(**standing: tuple[MigrationFiles, int]) -> tuple[list[tuple[str, int]], list[str]]:
    """Say where databases stand; return the states of which a rehearsal is told, and its log."""
    known: dict[str, MigrationFiles] = {}
    for number, (environment, (migrations, version)) in enumerate(standing.items()):
        release = dataclasses.replace(
            make_record("1").checkout.release, sha=f"{number:040}", version=f"1.{number}"
        )
        known[release.sha] = migrations
        SchemaRecords(artifact_store()).put(
            environment, SchemaRecord(release=release, version=version)
        )
    return listed(known, *standing)


def listed(
    known: Mapping[str, MigrationFiles], *environments: str
) -> tuple[list[tuple[str, int]], list[str]]:
    def read(sha: str) -> MigrationFiles:
        if sha not in known:
            msg = f"there is no commit {sha}"
            raise RefNotFound(msg, advice="push it")
        return known[sha]

    log: list[str] = []
    found = schema_starts(artifact_store(), "shop", environments, read, log.append)
    return [(one.where, one.version) for one in found], log


def test_releases_with_the_same_files_make_one_state() -> None:
    found, _ = starts(dev=(files(ONE, TWO), 2), prod=(files(ONE, TWO), 2))
    assert found == [("the database of dev and prod (migrated by 1.0)", 2)]


@pytest.mark.parametrize(
    ("dev", "prod"),
    [
        ((files(ONE, TWO), 2), (files(ONE, TWO), 1)),
        ((files(ONE, TWO), 2), (files(ONE), 1)),
        ((files(ONE, TWO), 2), (files(ONE, OTHER), 2)),
    ],
)
def test_another_version_or_another_statement_is_another_state(
    dev: tuple[MigrationFiles, int], prod: tuple[MigrationFiles, int]
) -> None:
    found, _ = starts(dev=dev, prod=prod)
    assert sorted(found) == sorted(
        [
            ("the database of dev (migrated by 1.0)", dev[1]),
            ("the database of prod (migrated by 1.1)", prod[1]),
        ]
    )


def test_a_commit_that_is_gone_is_told_and_the_rest_is_rehearsed() -> None:
    starts(dev=(files(ONE), 1), prod=(files(ONE), 1))
    found, log = listed({f"{1:040}": files(ONE)}, "dev", "prod", "stage")
    assert found == [("the database of prod (migrated by 1.1)", 1)]
    assert "what dev was migrated with cannot be read" in log[0]
