"""A place for what is too large for memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from slipway.hooks.git.connection import mirrors_root
from slipway.hooks.git.folder import own_folder


@contextmanager
def spool() -> Iterator[IO[bytes]]:
    """Open a file without a name; whatever ends its process, it is gone then."""
    with nameless() as file:
        yield file


def nameless() -> IO[bytes]:
    """Open a file without a name, which the caller closes."""
    # Beside the mirrors, since the system's own folder for such files may be in memory.
    return tempfile.TemporaryFile(dir=own_folder(mirrors_root()))
