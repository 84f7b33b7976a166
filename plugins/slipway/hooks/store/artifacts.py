"""Artifacts in object storage: local files in the embedded default, a bucket in production."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from airflow.sdk import ObjectStoragePath
from airflow.sdk.configuration import conf

from slipway.exceptions import ArtifactKeyRefused

_ELSEWHERE = {"", ".", ".."}
# Bytes that are in memory at once of what is copied.
_PIECE = 4 << 20


class ArtifactStore:
    """Bytes under keys, below one root.

    A key is written at once or not at all: the bytes go to a temporary key first where the
    storage is a file system, because a killed writer must not leave half an artifact.

    :param root: an object storage URL, e.g. ``s3://aws_default@bucket/slipway`` or ``file:///srv``.
    """

    def __init__(self, root: str) -> None:
        self._folder = ObjectStoragePath(root)

    @property
    def place(self) -> str:
        """Where it is, without the connection that it is reached with."""
        return f"{self._folder.protocol}://{self._folder.path}"

    def _at(self, key: str) -> ObjectStoragePath:
        """Return where a key is: below the root, whatever it is made of.

        :raises ArtifactKeyRefused: for a key with a part that is a step elsewhere, or none at all.
        """
        if _ELSEWHERE & set(key.split("/")) or "\0" in key:
            msg = f"{key[:200]!r} is no key of an artifact"
            raise ArtifactKeyRefused(msg, advice="a name in it was not looked at; report this")
        return self._folder / key

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, replacing what was there.

        :param key: slash-separated, relative.
        :param data: the whole content.
        """
        path = self._at(key)
        if path.protocol != "file":
            path.write_bytes(data)  # object stores show an object only when it is complete
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, for several writers of one key.
        partial = path.parent / f".{path.name}.{uuid4().hex}"
        partial.write_bytes(data)
        partial.rename(path)

    def put_new(self, key: str, data: bytes) -> bool:
        """Store bytes, unless there is something under the key already.

        :param key: as given to :meth:`put`.
        :param data: the whole content.
        :returns: whether they were stored; of two writers at once, one is told no.
        """
        path = self._at(key)
        if path.protocol != "file":
            try:
                path.fs.pipe_file(path.path, data, mode="create")
            except FileExistsError:
                return False
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(path.path).parent / f".{path.name}.{uuid4().hex}"
        partial.write_bytes(data)
        try:
            os.link(partial, path.path)  # whole, and never in place of another
        except FileExistsError:
            return False
        finally:
            partial.unlink()
        return True

    def put_file(self, key: str, file: IO[bytes]) -> None:
        """Store a file's content as :meth:`put` does, piece by piece.

        :param key: as given to :meth:`put`.
        :param file: read from its beginning to its end.
        """
        file.seek(0)
        path = self._at(key)
        if path.protocol != "file":
            _upload(path.fs.open(path.path, "wb", autocommit=False), file)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(path.path).parent / f".{path.name}.{uuid4().hex}"
        try:
            with partial.open("wb") as local:
                shutil.copyfileobj(file, local, _PIECE)
            partial.rename(path.path)
        finally:
            partial.unlink(missing_ok=True)

    def pieces(self, key: str) -> Iterator[bytes]:
        """Yield what is under a key, piece by piece; nothing where nothing is.

        :param key: as given to :meth:`put`.
        """
        try:
            with (self._at(key)).open("rb") as stored:
                while piece := stored.read(_PIECE):
                    yield piece
        except FileNotFoundError:
            return

    def digest(self, key: str) -> str | None:
        """Return the SHA-256 of what is under a key, or None where there is nothing.

        :param key: as given to :meth:`put`.
        """
        if not (self._at(key)).is_file():
            return None
        digest = hashlib.sha256()
        for piece in self.pieces(key):
            digest.update(piece)
        return digest.hexdigest()

    def delete(self, key: str) -> None:
        """Remove what is under a key; nothing there is fine.

        :param key: as given to :meth:`put`.
        """
        with suppress(FileNotFoundError):  # also where somebody else removes it just now
            self._at(key).unlink(missing_ok=True)

    def delete_all(self, prefix: str) -> None:
        """Remove everything below a prefix; nothing there is fine.

        :param prefix: a folder, without the trailing slash.
        """
        self._at(prefix).rmdir(recursive=True)

    def size(self, key: str) -> int:
        """Return how many bytes are under a key, or below it; 0 where there is nothing.

        :param key: as given to :meth:`put`, or a folder.
        """
        path = self._at(key)
        try:
            return int(path.fs.du(path.path, total=True))
        except FileNotFoundError:
            return 0

    def stored_at(self, key: str) -> datetime | None:
        """Return when something was stored under a key, or None where there is nothing.

        :param key: as given to :meth:`put`.
        """
        path = self._at(key)
        try:
            modified: datetime = path.fs.modified(path.path)
        except FileNotFoundError:
            return None
        return modified

    def stored_in(self, prefix: str) -> dict[str, datetime | None]:
        """Return what lies directly below a prefix and when it was stored, in one look.

        :param prefix: a folder, without the trailing slash.
        :returns: by name; of a folder, None.
        """
        folder = self._at(prefix)
        folder.fs.invalidate_cache(folder.path)
        try:
            listed = folder.fs.ls(folder.path, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        found = {str(one["name"]).rstrip("/").rpartition("/")[2]: _modified(one) for one in listed}
        return {name: at for name, at in found.items() if not name.startswith(".")}

    def get(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None where there is nothing.

        :param key: as given to :meth:`put`.
        """
        try:
            return bytes(self._at(key).read_bytes())
        except FileNotFoundError:
            return None

    def put_json(self, key: str, value: Any) -> None:
        """Store a JSON value, keys sorted so that equal values are equal bytes."""
        self.put(key, json.dumps(value, sort_keys=True, indent=1).encode())

    def put_new_json(self, key: str, value: Any) -> bool:
        """Store a JSON value as :meth:`put_new` does, the keys sorted."""
        return self.put_new(key, json.dumps(value, sort_keys=True, indent=1).encode())

    def get_json(self, key: str) -> Any:
        """Return the JSON value under a key, or None where there is nothing."""
        data = self.get(key)
        return None if data is None else json.loads(data)

    def keys(self, prefix: str) -> list[str]:
        """List the names directly below a prefix, sorted.

        :param prefix: a folder, without the trailing slash.
        """
        folder = self._at(prefix)
        # A process that lives for long would be shown what it saw before.
        folder.fs.invalidate_cache(folder.path)
        own = folder.path.rstrip("/")
        try:
            # A path for each entry would take a hundred times as long.
            listed = [str(one).rstrip("/") for one in folder.fs.ls(own, detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (one.rpartition("/")[2] for one in listed if not own.endswith(one))
        return sorted(name for name in names if not name.startswith("."))


def _modified(entry: Mapping[str, Any]) -> datetime | None:
    """Return when an object of a listing was stored: a bucket's has a time, a file its seconds."""
    if entry["type"] != "file":
        return None
    at = entry.get("LastModified", entry.get("mtime"))
    return at if isinstance(at, datetime) else datetime.fromtimestamp(float(at or 0.0), UTC)


def _upload(remote: Any, file: IO[bytes]) -> None:
    """Write to an object that is there only when it is complete."""
    try:
        with remote:
            shutil.copyfileobj(file, remote, _PIECE)
    except BaseException:
        remote.discard()
        raise
    remote.commit()


def artifact_store() -> ArtifactStore:
    """Return the store that ``[slipway] artifacts`` in Airflow's configuration names."""
    return ArtifactStore(conf.get("slipway", "artifacts"))
