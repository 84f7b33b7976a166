"""The reports in a folder of the workspace, out of the stream that the engine packs it into.

A commit decides what is in there: gigabytes of zeros, a hundred thousand files, names that are no
text. Nothing is kept but one report at a time, and reading ends at a limit.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

# Bytes of one report.
LARGEST = 8 << 20
# Bytes of all that is packed for one pipeline, and files in one folder.
LARGEST_OF_ALL, MOST_FILES = 64 << 20, 10_000
_WIDEST = 200


class TooMuch(Exception):
    """There is more than is read."""


class Budget:
    """The bytes that may still be read for one pipeline.

    :param left: how many bytes.
    :param what: they are of, for whoever reads that they are too many.
    """

    def __init__(
        self, left: int = LARGEST_OF_ALL, *, what: str = "all that is kept for reports"
    ) -> None:
        self.left = self._most = left
        self._what = what

    def spend(self, size: int) -> None:
        """Count what was read.

        :raises TooMuch: when it is more than may be read.
        """
        self.left -= size
        if self.left < 0:
            msg = f"{self._what} is larger than {self._most >> 20} MiB"
            raise TooMuch(msg)


def reports_in(stream: Iterator[bytes], budget: Budget) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name and content of each report; None for the content of one that is too large.

    :param stream: a tar.
    :param budget: what may still be read.
    :raises TooMuch: when there is more than is read.
    :raises tarfile.TarError: when it is no tar.
    """
    file = io.BufferedReader(Chunks(stream, budget))
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for number, member in enumerate(archive):
            if number == MOST_FILES:
                msg = f"it has more than {MOST_FILES} files"
                raise TooMuch(msg)
            # Links lead elsewhere, and everything else has nothing to read.
            if not member.isreg() or not member.name.endswith(".xml"):
                continue
            content = archive.extractfile(member) if member.size <= LARGEST else None
            yield printable(member.name), content.read() if content else None


def printable(name: str) -> str:
    """Return a file's name as text that can be shown and stored, whatever its bytes are."""
    text = name.encode(errors="surrogateescape").decode(errors="replace")[:_WIDEST]
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


class Chunks(io.RawIOBase):
    """A file to read from, made of chunks.

    :param chunks: of any size.
    :param budget: what each chunk is spent from.
    """

    def __init__(self, chunks: Iterator[bytes], budget: Budget) -> None:
        super().__init__()
        self._chunks = chunks
        self._budget = budget
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        target = memoryview(buffer)
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._budget.spend(len(chunk))
            self._rest = memoryview(chunk)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
