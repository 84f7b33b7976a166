"""Copying what git packed, a file at a time."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast


def open_tar(file: IO[bytes]) -> tarfile.TarFile:
    """Begin a tar where a file stands; in GNU's format, which takes names as the bytes they are.

    :param file: open for writing.
    """
    return tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT)


def copy_members(
    part: IO[bytes], tar: tarfile.TarFile, replaced: Mapping[str, Path] | None = None
) -> None:
    """Copy all that is in one tar to another.

    :param part: the one, at its beginning.
    :param tar: the other.
    :param replaced: name within the tar -> the file whose content is written in place of its own.
    """
    files = replaced or {}
    with tarfile.open(fileobj=part, mode="r|") as archive:
        for member in archive:
            if member.isfile() and member.name in files:
                _add(tar, member, files[member.name])
            else:
                tar.addfile(member, archive.extractfile(member) if member.isfile() else None)
            # Both remember each member, for a look that nobody takes.
            for one in (archive, tar):
                cast("Any", one).members.clear()


def _add(tar: tarfile.TarFile, member: tarfile.TarInfo, content: Path) -> None:
    with content.open("rb") as file:
        member.size = content.stat().st_size
        tar.addfile(member, file)
