"""A backup is complete or none, holds no secret, and is for the installation that it is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from include.stack.operations import backup
from include.stack.operations.installation import Installation, OperationFailed
from include.stack.operations.restore import restore

KEY = "cGFzc3dvcmQtb2YtdGhlLWRhdGFiYXNlLTEyMzQ1Njc="
STORED, DUMPED = b"a tar", b"a dump"


class World:
    """What Compose and its containers would do: a database, a store, and what is running."""

    def __init__(self) -> None:
        self.tables = "40"
        self.comment = "none"
        self.store = STORED
        self.put_back: list[bytes] = []
        self.up: list[str] = []
        self.broken = ""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def installation(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Installation:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "fernet_key").write_text(KEY)
    variables = tmp_path / "variables.env"
    variables.write_text(f"# of here\nSLIPWAY_SECRETS={tmp_path / 'secrets'}\n")

    def compose(_: Any, *words: str, source: Any = None, target: Any = None, **__: Any) -> None:
        said = " ".join(words)
        if world.broken and world.broken in said:
            msg = f"{world.broken} broke"
            raise OperationFailed(msg)
        if "pg_dump" in said:
            target.write(DUMPED)
        elif said.endswith("store_archive.py out"):
            target.write(world.store)
        elif said.endswith("store_archive.py in"):
            world.put_back.append(source.read())
        elif "pg_restore" in said:
            assert source.read() == DUMPED
            world.tables, world.comment = "40", words[-1].rpartition("IS '")[2].rstrip("';")
        elif words[0] == "up":
            world.up.append(said)

    def told(_: Any, *words: str) -> str:
        said = " ".join(words)
        answers = {
            "alembic_version": "abc",
            "pg_tables": world.tables,
            "shobj": world.comment,
            "FROM dag_run": "guestbook|commit__1",
            "ps -q worker": "1\n2",
        }
        return next((answer for key, answer in answers.items() if key in said), "")

    monkeypatch.setattr(Installation, "compose", compose)
    monkeypatch.setattr(Installation, "told", told)
    return Installation(variables=variables, program=("true",))


def test_a_backup_is_its_owners_alone_and_holds_no_secret(
    installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "kept" / "today"
    backup.make(installation, folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert KEY.encode() not in file.read_bytes()


def test_what_comes_back_is_what_was_there(
    installation: Installation, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.make(installation, tmp_path / "kept")
    world.tables = "0"
    restore(installation, tmp_path / "kept")
    assert world.tables == "40"
    assert world.put_back == [STORED]
    assert world.up == ["up -d postgres", "up -d --scale worker=2"]
    assert "had not ended, and counts as failed: guestbook commit__1" in capsys.readouterr().err


def test_a_database_that_is_in_use_is_not_replaced(
    installation: Installation, world: World, tmp_path: Path
) -> None:
    backup.make(installation, tmp_path / "kept")
    with pytest.raises(OperationFailed, match="a restore replaces none"):
        restore(installation, tmp_path / "kept")
    assert world.put_back == []
    assert "up -d --scale worker=2" not in world.up


def test_a_restore_that_was_killed_is_gone_on_with(
    installation: Installation, world: World, tmp_path: Path
) -> None:
    backup.make(installation, tmp_path / "kept")
    world.tables, world.broken = "0", "store_archive.py in"
    with pytest.raises(OperationFailed, match="broke"):
        restore(installation, tmp_path / "kept")
    world.broken = ""
    restore(installation, tmp_path / "kept")
    assert world.put_back == [STORED]


def test_half_a_dump_starts_nothing(
    installation: Installation, world: World, tmp_path: Path
) -> None:
    backup.make(installation, tmp_path / "kept")
    world.tables = "0"
    (tmp_path / "kept" / backup.DATABASE).write_bytes(DUMPED[:3])
    with pytest.raises(OperationFailed, match="is not what was backed up"):
        restore(installation, tmp_path / "kept")
    assert world.up == []


def test_a_backup_that_was_interrupted_is_none(
    installation: Installation, world: World, tmp_path: Path
) -> None:
    world.broken = "store_archive.py out"
    with pytest.raises(OperationFailed, match="broke"):
        backup.make(installation, tmp_path / "kept")
    with pytest.raises(OperationFailed, match="is no backup"):
        backup.read(tmp_path / "kept")


def test_the_backup_of_yesterday_is_not_overwritten(
    installation: Installation, tmp_path: Path
) -> None:
    backup.make(installation, tmp_path / "kept")
    with pytest.raises(OperationFailed, match="is there already"):
        backup.make(installation, tmp_path / "kept")


def test_other_secrets_are_told_before_anything_starts(
    installation: Installation, world: World, tmp_path: Path
) -> None:
    backup.make(installation, tmp_path / "kept")
    (tmp_path / "secrets" / "fernet_key").write_text("another")
    world.tables = "0"
    with pytest.raises(OperationFailed, match="made with other secrets"):
        restore(installation, tmp_path / "kept")
    assert world.up == []


def test_secrets_that_are_gone_are_named(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "fernet_key").unlink()
    with pytest.raises(OperationFailed, match="put the folder of the secrets back"):
        backup.make(installation, tmp_path / "kept")


def test_a_backup_of_a_later_slipway_is_refused(installation: Installation, tmp_path: Path) -> None:
    backup.make(installation, tmp_path / "kept")
    note = tmp_path / "kept" / backup.NOTE
    note.write_text(json.dumps({**json.loads(note.read_text()), "format": 9}))
    with pytest.raises(OperationFailed, match="format 9"):
        backup.read(tmp_path / "kept")
