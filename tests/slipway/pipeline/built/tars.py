"""Tars as the engine sends them."""

from __future__ import annotations

import io
import tarfile


def packed(name: str, content: bytes) -> bytes:
    """A tar of one file."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return data.getvalue()
