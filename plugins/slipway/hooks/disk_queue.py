"""Queues of bytes that go to disk where they grow, and leave nothing there."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections import deque
from typing import IO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_log = logging.getLogger(__name__)
# Bytes that are written and read at once, and that a queue keeps in memory; on disk a block is
# longer by its seal.
BLOCK = 1 << 20
_SEAL = 16
# Bytes that one queue may have on disk, and the part of what is free there that it may take.
_DISK, _SHARE = 1 << 30, 0.5


class Spill:
    """First in, first out: in memory as long as it is short, then on disk.

    What lies on disk may hold secrets, so it is encrypted with a key that this process alone has
    and never writes down, in a file of mode 0600 without a name: it is gone with the process,
    however that ends. Not safe to use from several threads.

    :param disk: bytes on disk at most.
    """

    def __init__(self, *, disk: int = _DISK) -> None:
        self._tail = bytearray()
        self._stored: deque[tuple[int, bytes]] = deque()
        self._free: list[int] = []
        self._written = 0
        self._most = disk // BLOCK
        self._file: IO[bytes] | None = None
        self._cipher = AESGCM(AESGCM.generate_key(256))

    def __len__(self) -> int:
        """Return the bytes that wait."""
        return len(self._stored) * BLOCK + len(self._tail)

    @property
    def full(self) -> bool:
        """Say whether the disk takes no more: what is appended now stays in memory."""
        return len(self._tail) > BLOCK

    def append(self, data: bytes) -> None:
        """Add to the end."""
        self._tail += data
        while len(self._tail) > BLOCK and self._store(bytes(self._tail[:BLOCK])):
            del self._tail[:BLOCK]

    def pop(self) -> bytes:
        """Take from the front, a block or what there is; nothing where nothing waits."""
        if self._stored and self._file is not None:
            place, nonce = self._stored.popleft()
            sealed = os.pread(self._file.fileno(), BLOCK + _SEAL, place * (BLOCK + _SEAL))
            self._free.append(place)
            return self._cipher.decrypt(nonce, sealed, None)
        data = bytes(self._tail)
        self._tail.clear()
        return data

    def close(self) -> None:
        """Forget what waits."""
        self._tail.clear()
        self._stored.clear()
        self._free.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _store(self, block: bytes) -> bool:
        """Put a block on disk, if it may and can."""
        try:
            file = self._opened()
            place = self._free[-1] if self._free else len(self._stored)
            if place >= self._most:
                return False
            nonce = self._written.to_bytes(12, "big")
            sealed = self._cipher.encrypt(nonce, block, None)
            self._written += 1
            if os.pwrite(file.fileno(), sealed, place * len(sealed)) < len(sealed):
                return False
        except OSError as error:
            self._most = 0
            _log.warning("output is kept in memory, since the disk takes none: %s", error)
            return False
        if self._free:
            self._free.pop()
        self._stored.append((place, nonce))
        return True

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the rest
            free = shutil.disk_usage(tempfile.gettempdir()).free
            self._most = min(self._most, int(free * _SHARE) // BLOCK)
        return self._file


class Spool:
    """A :class:`Spill` between a thread that must not wait and one that may take its time.

    :param disk: bytes on disk at most; whoever puts more waits until some have been taken.
    """

    def __init__(self, *, disk: int = _DISK) -> None:
        self._spill = Spill(disk=disk)
        self._changed = threading.Condition()
        self._ended = False

    @property
    def full(self) -> bool:
        """Say whether whoever puts more has to wait."""
        return self._spill.full

    def put(self, data: bytes) -> None:
        """Add to the end; after the end nothing is added."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not self._spill.full)
            if not self._ended:
                self._spill.append(data)
                self._changed.notify_all()

    def take(self) -> bytes:
        """Wait for what comes next, a block at most; nothing comes at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._spill))
            data = self._spill.pop()
            self._changed.notify_all()
            return data

    def end(self) -> None:
        """Say that nothing more comes; what waits can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> int:
        """End it, and forget what waits; returns how many bytes that were."""
        with self._changed:
            self._ended, lost = True, len(self._spill)
            self._spill.close()
            self._changed.notify_all()
            return lost
