"""What `fab package` tells before a push that CI would say after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import docker

from include.cli.local.working_copy import uncommitted
from slipway.model.facts import SchemaVersion
from slipway.model.schema_facts import HeavyChange
from tests.include.cli.package import working_copies
from tests.include.cli.package.working_copies import build, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

folder, project, run, tools = (
    working_copies.folder,
    working_copies.project,
    working_copies.run,
    working_copies.tools,
)


def _heavy(version: int, file: str) -> HeavyChange:
    return HeavyChange(
        version=version,
        file=file,
        line=2,
        table="public.links",
        effect="reads every row of",
        blocks_reads=False,
        statement="create index on links (url)",
        safer="CREATE INDEX CONCURRENTLY",
    )


def test_what_keeps_others_from_a_table_is_told_before_the_push(
    folder: Path, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    """As the delivery does: of migrations that are new, not of those that databases have met."""
    build(folder)
    tools.rehearsal.run.return_value = SchemaVersion(
        version=2,
        before=0,
        seconds=1.0,
        heavy=(_heavy(1, "00001_a.sql"), _heavy(2, "00002_b.sql")),
    )
    told = (
        "warning: {}:2 reads every row of public.links, while nobody writes it: create index on "
        "links (url)\n    safer: CREATE INDEX CONCURRENTLY"
    )
    code, said = run()
    assert code == 0
    assert told.format("00001_a.sql") in said  # nothing is known to be delivered yet
    assert told.format("00002_b.sql") in said
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    (folder / "migrations" / "00002_b.sql").write_text("-- +goose Up\n-- +goose Down\n")
    said = run()[1]
    assert told.format("00001_a.sql") not in said
    assert told.format("00002_b.sql") in said


def test_a_migration_that_databases_have_met_is_not_changed(
    folder: Path, run: Callable[[], tuple[int, str]]
) -> None:
    build(folder)
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    (folder / "migrations" / "00001_a.sql").write_text("-- +goose Up\nSELECT 1;\n")
    code, said = run()
    assert code == 1
    assert "00001_a.sql was changed after it had been applied: origin/main will not" in said


def test_what_the_delivered_branch_has_got_meanwhile_is_no_mistake_here(
    folder: Path, run: Callable[[], tuple[int, str]]
) -> None:
    build(folder)
    (folder / "migrations" / "00002_b.sql").write_text("-- +goose Up\n-- +goose Down\n")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Second")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "reset", "--hard", "--quiet", "HEAD~1")
    assert run()[0] == 0


def test_what_ci_would_not_see_is_named(folder: Path, run: Callable[[], tuple[int, str]]) -> None:
    build(folder)
    assert "not committed" not in run()[1]
    (folder / "new file.go").write_text("package main\n")
    (folder / "main.go").write_text("package other\n")
    assert uncommitted(folder) == ["main.go", "new file.go"]
    assert "not committed, so CI would not see it: main.go, new file.go" in run()[1]


def test_without_a_docker_engine_it_says_so(
    run: Callable[[], tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = mock.Mock(side_effect=docker.errors.DockerException("no socket"))
    monkeypatch.setattr(docker, "from_env", failing)
    code, said = run()
    assert (code, "no Docker engine answers (no socket)" in said) == (1, True)
