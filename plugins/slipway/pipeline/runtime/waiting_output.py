"""Where output waits for its turn in the log."""

from __future__ import annotations

from typing import Protocol

# Bytes that wait in memory before there are too many.
_MOST = 16 << 20


class WaitingOutput(Protocol):
    """First in, first out; used by one thread at a time."""

    def __len__(self) -> int:
        """Return the bytes that wait."""

    @property
    def full(self) -> bool:
        """Say whether no more should wait."""

    def append(self, data: bytes) -> None:
        """Add to the end, also where it is full."""

    def pop(self) -> bytes:
        """Take some from the front; nothing where nothing waits."""

    def close(self) -> None:
        """Forget what waits."""


class InMemory:
    """For whoever has no disk to give, and for little output: some MiB wait, and no more."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        """Return the bytes that wait."""
        return len(self._data)

    @property
    def full(self) -> bool:
        """Say whether no more should wait."""
        return len(self) > _MOST

    def append(self, data: bytes) -> None:
        """Add to the end, also where it is full."""
        self._data += data

    def pop(self) -> bytes:
        """Take all that waits."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def close(self) -> None:
        """Forget what waits."""
        self._data.clear()
