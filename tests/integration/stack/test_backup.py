"""A database of Airflow's kind goes into a backup and comes back, by the real Postgres's tools."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from include.stack.operations import backup
from include.stack.operations.installation import Installation, OperationFailed
from include.stack.operations.restore import restore

pytestmark = pytest.mark.integration

PASSWORD = "the-database's $password"
TABLES = """
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('abc');
CREATE TABLE dag_run (dag_id text, run_id text, state text, end_date timestamptz);
INSERT INTO dag_run VALUES ('shop', 'commit__1', 'success'), ('shop', 'commit__2', 'running'),
 ('shop', 'commit__3', 'queued'), ('commits', 'continuous', 'running');
CREATE TABLE task_instance (run_id text, state text, end_date timestamptz);
INSERT INTO task_instance VALUES ('commit__1', 'success'), ('commit__2', 'deferred'),
 ('commit__3', NULL);
"""
# Stands in for Compose: one container is the database, and the store is a file.
COMPOSE = """\
import pathlib, subprocess, sys
container, store = sys.argv[1:3]
words = sys.argv[sys.argv.index("docker-compose.yaml") + 1:]
if words[0] == "exec":
    argv = ["docker", "exec", "-i", container, *words[3:]]
    sys.exit(subprocess.run(argv).returncode)
if words[-1] == "out":
    sys.stdout.write("a tar")
elif words[-1] == "in":
    pathlib.Path(store).write_text(sys.stdin.read())
elif words[0] == "ps":
    print("1")
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "postgres_password").write_text(PASSWORD)
    client = docker.from_env()
    container = client.containers.run(
        "slipway/postgres:15",
        name=f"slipway-test-{uuid.uuid4().hex[:8]}",
        detach=True,
        network="none",
        labels={"slipway.installation": "test-backup"},
        environment={
            "POSTGRES_USER": "airflow",
            "POSTGRES_DB": "airflow",
            "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
        },
        volumes={
            str(tmp_path / "postgres_password"): {
                "bind": "/run/secrets/postgres_password",
                "mode": "ro",
            }
        },
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)
        client.close()


@pytest.fixture
def installation(tmp_path: Path, database: Any) -> Installation:
    (tmp_path / "compose.py").write_text(COMPOSE)
    (tmp_path / "fernet_key").write_text("a key")
    (tmp_path / "variables.env").write_text(f"SLIPWAY_SECRETS={tmp_path}\n")
    made = Installation(
        variables=tmp_path / "variables.env",
        program=(sys.executable, str(tmp_path / "compose.py"), database.name, f"{tmp_path}/store"),
    )
    made.start_database()
    _run(made, TABLES)
    return made


def _run(installation: Installation, sql: str) -> None:
    script = 'psql $at --quiet --set ON_ERROR_STOP=1 --command="$1"'
    installation.compose(*installation.postgres(script, sql))


def test_a_database_comes_back_with_its_open_runs_ended(
    installation: Installation, tmp_path: Path
) -> None:
    note = backup.make(installation, tmp_path / "kept")
    assert note.unfinished == ("shop commit__2", "shop commit__3")
    with pytest.raises(OperationFailed, match="a restore replaces none"):
        restore(installation, tmp_path / "kept")
    # Everything removed.
    _run(installation, "DROP TABLE alembic_version, dag_run, task_instance")
    restore(installation, tmp_path / "kept")
    runs = installation.query("SELECT run_id, state FROM dag_run ORDER BY run_id")
    assert runs == [
        ["commit__1", "success"],
        ["commit__2", "failed"],
        ["commit__3", "failed"],
        ["continuous", "failed"],
    ]
    assert installation.query("SELECT state FROM task_instance WHERE run_id = 'commit__2'") == [
        ["failed"]
    ]
    assert (tmp_path / "store").read_text() == "a tar"
    # Once more, as after an interruption: it goes on, and says so.
    restore(installation, tmp_path / "kept")


def test_a_dump_that_is_cut_off_leaves_the_database_empty(
    installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    backup.make(installation, folder)
    _run(installation, "DROP TABLE alembic_version, dag_run, task_instance")
    dump = folder / backup.DATABASE
    dump.write_bytes(dump.read_bytes()[:-200])
    # As it would be where the disk lost it after it was looked at.
    note = folder / backup.NOTE
    digests = json.loads(note.read_text())
    digests["files"][backup.DATABASE] = backup.digest(dump)
    note.write_text(json.dumps(digests))
    with pytest.raises(OperationFailed):
        restore(installation, folder)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert installation.query(tables) == [["0"]]
