"""Tars in files, made and joined without being read into memory."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from collections.abc import Mapping
from typing import IO, Any, cast


def pack_into(
    file: IO[bytes],
    files: Mapping[str, bytes],
    large: Mapping[str, IO[bytes]],
    *,
    mode: int = 0o644,
) -> None:
    """Write files as a tar.

    :param file: empty, open for reading and writing; it is at its beginning afterwards.
    :param files: name -> content.
    :param large: name -> a file with the content, which is read piece by piece.
    :param mode: of each.
    """
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in {
            **{n: io.BytesIO(data) for n, data in files.items()},
            **large,
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = content.seek(0, io.SEEK_END), mode
            content.seek(0)
            archive.addfile(entry, content)
    file.seek(0)


def pack(files: Mapping[str, bytes], *, mode: int = 0o644) -> bytes:
    """Pack files as a tar.

    :param files: name -> content.
    :param mode: of each.
    """
    packed = io.BytesIO()
    pack_into(packed, files, {}, mode=mode)
    return packed.getvalue()


def digest_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of a file's whole content."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


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
