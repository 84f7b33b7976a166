"""Files into and out of containers, as tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.errors import translated
from slipway.model.container import NoSuchThing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker


def put(client: docker.APIClient, container: str, path: str, data: bytes | IO[bytes]) -> None:
    """Unpack a tar below ``path``, which is made where it is missing.

    :param client: of the Docker engine.
    :param container: its id.
    :param path: absolute.
    :param data: a tar, compressed or not; a file is sent from its beginning, piece by piece.
    """
    try:
        _put(client, container, path, data)
    except NoSuchThing:
        _put(client, container, "/", _folders(path))
        _put(client, container, path, data)


def get(client: docker.APIClient, container: str, path: str, limit: int) -> bytes:
    """Pack ``path`` as a tar of at most ``limit`` bytes.

    :raises NoSuchThing: when the path is not there.
    """
    collected = io.BytesIO()
    with translated(f"read {path} from a container"):
        stream, _ = client.get_archive(container, path)
        for chunk in stream:
            if collected.tell() + len(chunk) > limit:
                msg = f"{path} in the container is larger than {limit >> 20} MiB"
                raise ContainerEngineError(msg)
            collected.write(chunk)
    return collected.getvalue()


def save(client: docker.APIClient, container: str, path: str, file: IO[bytes], limit: int) -> None:
    """Pack ``path`` as a tar of at most ``limit`` bytes, into a file.

    :raises NoSuchThing: when the path is not there.
    """
    size = 0
    for chunk in stream(client, container, path):
        size += len(chunk)
        if size > limit:
            msg = f"{path} in the container is larger than {limit >> 20} MiB"
            raise ContainerEngineError(msg)
        file.write(chunk)
    file.seek(0)


def stream(client: docker.APIClient, container: str, path: str) -> Iterator[bytes]:
    """Pack ``path`` as a tar, and yield it as it comes: of any size, and none of it is kept.

    :raises NoSuchThing: when the path is not there.
    """
    with translated(f"read {path} from a container"):
        chunks, _ = client.get_archive(container, path)
        yield from chunks


def _put(client: docker.APIClient, container: str, path: str, data: bytes | IO[bytes]) -> None:
    if not isinstance(data, bytes):
        data.seek(0)
    with translated(f"write to {path} in a container"):
        client.put_archive(container, path, data)


def _folders(path: str) -> bytes:
    """Pack a tar that holds a path's folders and nothing else."""
    packed = io.BytesIO()
    below_root = PurePosixPath(path).relative_to("/")
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for folder in [*reversed(below_root.parents[:-1]), below_root]:
            entry = tarfile.TarInfo(str(folder))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return packed.getvalue()
