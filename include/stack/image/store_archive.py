"""``store_archive.py out|in``: the artifact store as a tar, on stdout or from stdin.

It runs in the image, which has the way to the store: releases, records, packages and what else
lies below ``[slipway] artifacts``. Coming in, it adds what is missing and replaces nothing: what is
there now is newer, or the same.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from tempfile import SpooledTemporaryFile
from typing import IO, Any

# Bytes of one object that are in memory at once.
_PIECE = 4 << 20


def write_out(root: str, archive: IO[bytes]) -> int:
    """Write all that is in a store.

    :param root: an object storage URL.
    :param archive: gets the tar; it is written from its beginning to its end, once.
    :returns: how many objects there were.
    """
    from airflow.sdk import ObjectStoragePath

    folder = ObjectStoragePath(root)
    files, base, count = folder.fs, str(folder.path).strip("/"), 0
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files.find(str(folder.path))):
            try:
                stored = files.open(name, "rb")
            except FileNotFoundError:
                # What housekeeping removed meanwhile is no loss.
                continue
            with stored:
                entry = tarfile.TarInfo(str(name).strip("/").removeprefix(base).lstrip("/"))
                entry.size = stored.size
                tar.addfile(entry, stored)
            count += 1
    return count


def read_in(root: str, archive: IO[bytes]) -> tuple[int, int]:
    """Add to a store what it lacks.

    :param root: an object storage URL.
    :param archive: a tar of :func:`write_out`'s.
    :returns: how many objects were added, and how many were there.
    """
    from slipway.hooks.store.artifacts import ArtifactStore

    store, added, kept = ArtifactStore(root), 0, 0
    with tarfile.open(fileobj=archive, mode="r|") as tar:
        for entry in tar:
            content: Any = tar.extractfile(entry)
            if content is None:
                continue
            if store.stored_at(entry.name) is not None:
                kept += 1
                continue
            with SpooledTemporaryFile(max_size=_PIECE) as whole:
                shutil.copyfileobj(content, whole, _PIECE)
                # Which is there when it is complete, and not before.
                store.put_file(entry.name, whole)
            added += 1
    return added, kept


def main(direction: str) -> None:
    """Do it with the store of this installation, and say on stderr how much it was.

    :param direction: ``out`` or ``in``.
    """
    # What Airflow's servers call themselves: the connection comes from their secrets.
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    # Whatever a library prints is none of the archive.
    archive, sys.stdout = sys.stdout.buffer, sys.stderr
    from airflow.sdk.configuration import conf

    root = conf.get("slipway", "artifacts")
    if direction == "out":
        sys.stderr.write(f"{write_out(root, archive)} objects of the artifact store\n")
        archive.flush()
        return
    added, kept = read_in(root, sys.stdin.buffer)
    sys.stderr.write(f"{added} objects put back into the artifact store, {kept} were there\n")


if __name__ == "__main__":
    main(sys.argv[1])
