"""Tars in files, joined without being read into memory."""

from __future__ import annotations

import shutil
import tarfile
from typing import IO, Any, cast


def append(first: IO[bytes], second: IO[bytes]) -> None:
    """Append a tar to another one; where both have a path, the second's is unpacked last.

    :param first: open for reading and writing; it is at its beginning afterwards.
    :param second: open for reading.
    :raises tarfile.TarError: when the first is no tar.
    """
    first.seek(_end(first))
    second.seek(0)
    first.truncate()
    shutil.copyfileobj(second, first)
    first.seek(0)


def _end(file: IO[bytes]) -> int:
    """Return where the last entry of a tar ends, and the next one would begin."""
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for _ in archive:
            cast("Any", archive).members.clear()  # each is remembered, for nobody
        return int(cast("Any", archive).offset)
