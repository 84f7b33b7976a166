"""A backup: a folder with Airflow's database, the artifact store, and a note on both.

The note is written last: a folder without one is no backup. No secret is in it. What people keep in
Airflow's connections and variables is encrypted there, by the key that lies with the secrets, and
those are not part of a backup; the note knows the key's fingerprint.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from include.stack.operations.installation import Installation, OperationFailed, say

NOTE, DATABASE, STORE = "backup.json", "database.dump", "store.tar"
FORMAT = 1
_PIECE = 1 << 20
# Commits are watched in runs without an end; another one begins by itself.
_UNFINISHED = """
SELECT dag_id, run_id FROM dag_run WHERE state IN ('queued', 'running') AND dag_id <> 'commits'
"""
_ARCHIVE = ("-T", "--entrypoint", "python", "init", "/usr/lib/slipway/store_archive.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a backup holds.

    :param made_at: when, as ISO 8601 in UTC; also its name.
    :param schema: revision of Airflow's tables.
    :param key: fingerprint of the key that its connections and variables are encrypted with.
    :param workers: how many there were.
    :param unfinished: runs that had not ended, each as ``dag run``.
    :param files: SHA-256 of each file.
    :param format: of backups, so that a later version can read it.
    """

    made_at: str
    schema: str
    key: str
    workers: int
    unfinished: tuple[str, ...]
    files: dict[str, str]
    format: int = FORMAT


def make(installation: Installation, folder: Path) -> Note:
    """Make a backup; whatever runs goes on.

    :param installation: what is backed up.
    :param folder: that is made for it.
    :raises OperationFailed: when there is something already, or a part of it fails.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        msg = f"{folder} is there already; a backup gets a folder of its own"
        raise OperationFailed(msg) from None
    key = fingerprint(installation)
    unfinished = installation.query(_UNFINISHED)
    [[schema]] = installation.query("SELECT version_num FROM alembic_version")
    say("Airflow's database")
    dump = installation.postgres("pg_dump --format=custom --no-owner $at")
    _write(folder / DATABASE, lambda file: installation.compose(*dump, target=file))
    # After the database: what a run of it refers to is there.
    say("the artifact store")
    out = ("run", "--rm", "--no-deps", *_ARCHIVE, "out")
    _write(folder / STORE, lambda file: installation.compose(*out, target=file))
    note = Note(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        schema=schema,
        key=key,
        workers=installation.workers(),
        unfinished=tuple(" ".join(one) for one in unfinished),
        files={name: digest(folder / name) for name in (DATABASE, STORE)},
    )
    draft = json.dumps(asdict(note), indent=1).encode()
    _write(folder / NOTE, lambda file: file.write(draft))
    return note


def read(folder: Path) -> Note:
    """Return the note of a backup that is complete.

    :param folder: the backup.
    :raises OperationFailed: when it is not.
    """
    try:
        told = json.loads((folder / NOTE).read_text())
        if told["format"] != FORMAT:
            msg = f"{folder}: a backup of another version of Slipway (format {told['format']})"
            raise OperationFailed(msg)
        note = Note(**{**told, "unfinished": tuple(told["unfinished"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder} is no backup, or one that was not finished: {NOTE} cannot be read"
        raise OperationFailed(msg) from error
    for name in (DATABASE, STORE):
        if not (folder / name).is_file() or digest(folder / name) != note.files.get(name):
            msg = f"{folder / name} is not what was backed up; use another copy of the backup"
            raise OperationFailed(msg)
    return note


def fingerprint(installation: Installation) -> str:
    """Return what tells an installation's key from another one, and nothing of the key.

    :param installation: with its secrets.
    """
    key = installation.secret("fernet_key")
    return hmac.new(key, b"slipway backup", hashlib.sha256).hexdigest()


def put_back(installation: Installation, folder: Path) -> None:
    """Put back what the artifact store lacks.

    :param installation: whose store it is.
    :param folder: the backup.
    """
    with (folder / STORE).open("rb") as archive:
        installation.compose("run", "--rm", *_ARCHIVE, "in", source=archive)


def digest(file: Path) -> str:
    """Return a file's SHA-256."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _write(file: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file that is its owner's alone."""
    file.touch(mode=0o600)
    with file.open("wb") as opened:
        fill(opened)
