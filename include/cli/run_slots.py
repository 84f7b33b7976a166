"""Room for runs at a shell: several at once, of one commit as well, none in another's way.

Everything that a run makes is called after its slot, and a slot is one run's alone as long as its
process lives: the kernel lets go of it with the process, however that ends. So the next run in a
slot finds what a killed one left under its own labels, and removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# More at once than a machine has use for.
_MOST = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One run's names.

    :param name: of this user, machine and run; fit for a container's name.
    """

    name: str


@contextmanager
def slot(folder: Path | None = None) -> Iterator[Slot]:
    """Take a slot for as long as the block lasts.

    :param folder: where slots are kept; this user's cache by default.
    """
    try:
        folder = folder or _folder()
        taken = _take(folder)
    except (OSError, RuntimeError):
        taken = None
    if taken is None:
        # Nowhere to keep a lock: unique all the same, but nobody finds what a killed run leaves.
        yield Slot(name=uuid.uuid4().hex[:12])
        return
    number, descriptor = taken
    owner = f"{platform.node()} {os.getuid()} {folder}"
    try:
        yield Slot(name=f"{hashlib.sha256(owner.encode()).hexdigest()[:8]}-{number}")
    finally:
        os.close(descriptor)


def _folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "slipway" / "exec"


def _take(folder: Path) -> tuple[int, int] | None:
    """Lock the first slot that is free; returns its number and what holds the lock."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(1, _MOST + 1):
        descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return number, descriptor
    return None
