"""The folder of mirrors: what private repositories hold lies there, so it is the worker's alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.exceptions import MirrorsUnsafe

_ADVICE = (
    "let `[slipway] git_mirrors` name a folder that belongs to the worker's user alone: one inside "
    "a volume, not the volume itself"
)


def own_folder(root: Path) -> Path:
    """Make the folder of mirrors, or see that the one which is there is nobody else's.

    :param root: the folder.
    :raises MirrorsUnsafe: when it is somebody else's, a link, or no folder.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        root.mkdir(mode=0o700)
    except FileExistsError:
        found = root.lstat()
        if not stat.S_ISDIR(found.st_mode):
            msg = f"{root} is a link or a file, so mirrors would lie somewhere else"
            raise MirrorsUnsafe(msg, advice=_ADVICE) from None
        if found.st_uid != os.geteuid():
            msg = f"{root} belongs to user {found.st_uid}, who could change what is built"
            raise MirrorsUnsafe(msg, advice=_ADVICE) from None
        if stat.S_IMODE(found.st_mode) & 0o077:
            root.chmod(0o700)
    return root


def mirror_path(root: Path, url: str, identity: str) -> Path:
    """Return where a repository's mirror lies, for one reader.

    :param root: the folder of mirrors.
    :param url: the repository.
    :param identity: who reads it: what one reader may see, another one may not.
    """
    reader = hashlib.sha256(f"{url}\n{identity}".encode())  # neither holds a line's end
    return root / f"{reader.hexdigest()[:32]}.git"


def remove_shared(root: Path, url: str) -> None:
    """Remove the mirror that all readers of a repository shared in earlier versions.

    :param root: the folder of mirrors.
    :param url: the repository.
    """
    shared = root / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"
    if shared.exists():
        with locked(shared):
            shutil.rmtree(shared, ignore_errors=True)
        shared.with_suffix(".lock").unlink(missing_ok=True)


@contextmanager
def locked(mirror: Path) -> Iterator[None]:
    """One fetch at a time: two would fail each other on git's own lock files.

    :param mirror: the mirror's folder.
    """
    with mirror.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
