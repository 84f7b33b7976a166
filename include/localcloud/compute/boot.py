"""The first program on a machine: waits until its cgroups are writable, and becomes systemd.

It runs inside the machine, on the standard library alone. It has no right that the machine does
not keep, so a machine whose disk has another in its place gains nothing.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

SYSTEMD = "/lib/systemd/systemd"
# Seconds.
_PATIENCE, _PAUSE = 60.0, 0.005


def own_cgroups() -> str:
    """Return the one hierarchy that systemd writes: its own of version 1, or that of version 2."""
    first = "/sys/fs/cgroup/systemd"
    return first if Path(first, "cgroup.procs").exists() else "/sys/fs/cgroup"


def main() -> None:
    """Do it."""
    deadline = time.monotonic() + _PATIENCE
    # Root may write every file, but none where the file system is mounted read-only.
    while not os.access(own_cgroups(), os.W_OK):
        if time.monotonic() > deadline:
            sys.exit("nobody made this machine's cgroups writable")
        time.sleep(_PAUSE)
    try:
        os.execv(SYSTEMD, [SYSTEMD])  # noqa: S606 - as the kernel would
    except OSError as error:
        sys.exit(f"cannot start {SYSTEMD}: {error.strerror}")


if __name__ == "__main__":
    main()
