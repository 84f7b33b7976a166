"""Folders that pipelines leave for their next runs, in the artifact store.

``caches/PROJECT/SCOPE/ID.json`` says what is kept, signed; the bytes lie beside it, by their sum.
A folder's id is made of the pipeline, the path and the state of its key files, so what is kept
under it is never changed: of two runs that keep the same at once the last one's record holds, and
each record's bytes are whole before it is written. Nothing here fails a run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.temporary_file import nameless
from slipway.metrics.catalogue import CACHE_LOOKUPS
from slipway.metrics.emit import count
from slipway.model.cache import CacheScopes

CACHES = "caches"
MOST = 4 << 30
"""Bytes of one folder that are kept."""
# A tar ends with two blocks of zeros: one that broke off has none.
_END = b"\0" * 1024
# How often a use is noted.
_NOTED = timedelta(days=1)


class _NotKept(Exception):
    """Says why a folder is not kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptFolder:
    """A record of something that is kept.

    :param at: its key in the store.
    :param sha256: of the bytes.
    :param size: bytes.
    :param kept: when it was.
    :param used: when it last was of use, to the day.
    :param commit: whose run kept it.
    """

    at: str
    sha256: str
    size: int
    kept: datetime
    used: datetime
    commit: str

    @classmethod
    def of(cls, at: str, record: Mapping[str, Any]) -> KeptFolder:
        """Read a record.

        :raises KeyError: and TypeError or ValueError, when it is none.
        """
        return cls(
            at=at,
            sha256=str(record["sha256"]),
            size=int(record["size"]),
            kept=datetime.fromisoformat(record["kept"]),
            used=datetime.fromisoformat(record["used"]),
            commit=str(record["commit"]),
        )

    @property
    def content(self) -> str:
        """Where the bytes are."""
        return f"{self.at.removesuffix('.json')}.{self.sha256}.tar"

    def to_json(self) -> dict[str, object]:
        """Return what is signed."""
        return {
            "sha256": self.sha256,
            "size": self.size,
            "kept": self.kept.isoformat(),
            "used": self.used.isoformat(),
            "commit": self.commit,
        }


class Caches:
    """The caches of one run.

    :param store: the artifact store.
    :param project: the project's name.
    :param scopes: which of its caches the run reads and writes.
    :param keys: path -> the state of its key files (:func:`key_of`).
    :param commit: whose run it is.
    :param say: takes a line for the log.
    :param clock: returns the time, with its zone.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        project: str,
        scopes: CacheScopes,
        keys: Mapping[str, str],
        commit: str,
        say: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._records = SignedRecords(store)
        self._project = project
        self._folder = f"{CACHES}/{project}"
        self._scopes = scopes
        self._keys = dict(keys)
        self._commit = commit
        self._say = say
        self._clock = clock
        self._given: dict[str, KeptFolder] = {}

    @property
    def paths(self) -> Sequence[str]:
        """The folders, as the project file has them."""
        return tuple(self._keys)

    def find(self, pipeline: str, path: str) -> IO[bytes] | None:
        """Return what is kept of a folder, checked: what is damaged or forged is a miss.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        """
        content = self._find(pipeline, path)
        result = "miss" if content is None else "hit"
        count(CACHE_LOOKUPS, project=self._project, result=result)
        return content

    def _find(self, pipeline: str, path: str) -> IO[bytes] | None:
        for scope in self._scopes.read:
            at = self._at(scope, pipeline, path)
            with _told(self._say, path, "nothing is restored"):
                found = self._record(at)
                content = self._content(path, found) if found else None
                if found is not None and content is not None:
                    self._given[self._id(pipeline, path)] = found
                    age = _ago(self._clock() - found.kept)
                    size = _mib(found.size)
                    self._say(f"cache {path}: {size} MiB, kept {age} by {found.commit[:7]}")
                    self._note_use(scope, found)
                    return content
        self._say(f"cache {path}: nothing is kept yet for this state of its key files")
        return None

    def keep(self, pipeline: str, path: str, tar: Iterator[bytes]) -> None:
        """Keep a folder, where this run may.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        :param tar: of the folder, in pieces.
        """
        if not self._scopes.written:
            self._say(f"cache {path}: not kept, runs of this kind only read")
            return
        at = self._at(self._scopes.written, pipeline, path)
        with _told(self._say, path, "nothing is kept"), nameless() as file:
            sha256, size = _copied(tar, file)
            now = self._clock()
            one = KeptFolder(
                at=at, sha256=sha256, size=size, kept=now, used=now, commit=self._commit
            )
            self._store.put_file(one.content, file)
            self._records.put(at, one.to_json())
            self._say(f"cache {path}: {_mib(size)} MiB kept")

    def spoil(self, pipeline: str, path: str) -> None:
        """Forget what :meth:`find` has returned.

        :param pipeline: whose steps made it, by name.
        :param path: one of :attr:`paths`.
        """
        found = self._given.get(self._id(pipeline, path))
        if found is not None:
            self._say(f"cache {path}: could not be unpacked, and is forgotten")
            with _told(self._say, path, "it is still there"):
                self._store.delete(found.at)

    def _record(self, at: str) -> KeptFolder | None:
        record = self._records.get(at)
        return None if record is None else KeptFolder.of(at, record)

    def _content(self, path: str, found: KeptFolder) -> IO[bytes] | None:
        """Bring the bytes, and check them before anything uses them."""
        file = nameless()
        try:
            digest = hashlib.sha256()
            for piece in self._store.pieces(found.content):
                digest.update(piece)
                file.write(piece)
        except BaseException:
            file.close()
            raise
        if digest.hexdigest() == found.sha256:
            file.seek(0)
            return file
        file.close()
        self._say(f"cache {path}: what is kept is damaged, so it counts for nothing")
        self._store.delete(found.at)
        return None

    def _note_use(self, scope: str, found: KeptFolder) -> None:
        """Note that it is still of use; a run that may keep nothing notes nothing."""
        now = self._clock()
        if scope == self._scopes.written and now - found.used >= _NOTED:
            self._records.put(found.at, {**found.to_json(), "used": now.isoformat()})

    def _at(self, scope: str, pipeline: str, path: str) -> str:
        return f"{self._folder}/{scope}/{self._id(pipeline, path)}.json"

    def _id(self, pipeline: str, path: str) -> str:
        digest = hashlib.sha256()
        for part in (pipeline, path, self._keys[path]):
            digest.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
        return digest.hexdigest()[:40]


def key_of(files: Mapping[str, bytes]) -> str:
    """Return what stands for the state of some files.

    :param files: path -> content.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        content = hashlib.sha256(files[path]).hexdigest()
        digest.update(f"{len(path)}:{path}:{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _copied(tar: Iterator[bytes], file: IO[bytes]) -> tuple[str, int]:
    """Copy a tar, and return its sum and size.

    :raises _NotKept: when it is too large, or not whole.
    """
    digest, size, end = hashlib.sha256(), 0, b""
    for piece in tar:
        size += len(piece)
        if size > MOST:
            msg = f"it is larger than {MOST >> 30} GiB"
            raise _NotKept(msg)
        digest.update(piece)
        file.write(piece)
        end = (end + piece)[-len(_END) :]
    if end != _END:
        msg = "it broke off: did it change meanwhile?"
        raise _NotKept(msg)
    return digest.hexdigest(), size


@contextmanager
def _told(say: Callable[[str], None], path: str, what: str) -> Iterator[None]:
    """Say what goes wrong, and go on: a cache saves time, and decides nothing."""
    try:
        yield
    except Exception as error:
        say(f"cache {path}: {what}: {str(error) or type(error).__name__}")


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f}"


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.0f} days ago" if hours >= 48 else f"{max(hours, 0):.1f} h ago"
