"""``cgroup_opener.py PID CONTAINER``: makes a machine's own cgroups writable, from outside.

Runs on the standard library alone, as root of this host, and enters the mounts of the container
and nothing else of it: from then on it loads no file and starts no program, and goes where no link
of the machine's can lead it. It opens the one hierarchy that systemd writes: its own of version 1,
or that of version 2.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
from pathlib import Path

# <sched.h>, <sys/mount.h>
_CLONE_NEWNS = 0x20000
_FLAGS = 32 | 4096 | 2 | 4 | 8  # remount, this mount alone, no setuid, no devices, no programs
# <linux/magic.h>: the file systems of version 1 and 2.
_VERSION_1, _VERSION_2 = 0x27E0EB, 0x63677270
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Longer than struct statfs of any machine; its first word is the magic number.
_ROOM = 512


def is_of(pid: int, container: str) -> bool:
    """Say whether a process of this host is one of the container's.

    :param pid: of the process, on this host.
    :param container: Docker's whole id of it, which is in the name of its cgroup.
    """
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def open_cgroups(pid: int, container: str) -> None:
    """Make the cgroups writable; this process is of no further use.

    :raises OSError: when the kernel refuses, or the process is not the container's.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # The descriptor stays with the process, even where its number has passed on to another.
    process = os.pidfd_open(pid)
    if not is_of(pid, container):
        raise OSError(errno.ESRCH, "the process is not the machine's")
    signal.pidfd_send_signal(process, 0)
    _done(libc.setns(process, _CLONE_NEWNS))
    os.fchdir(own_cgroups(libc, "/"))
    _done(libc.mount(b"none", b".", None, ctypes.c_ulong(_FLAGS), None))


def own_cgroups(libc: ctypes.CDLL, root: str) -> int:
    """Return a descriptor of the one hierarchy that systemd writes.

    :param libc: the C library, for its system calls.
    :param root: of the machine's files.
    :raises OSError: when a link or anything else is where it should be.
    """
    folder = os.open(root, _FOLDER)
    for name in ("sys", "fs", "cgroup"):
        folder = os.open(name, _FOLDER, dir_fd=folder)
    if _magic(libc, folder) == _VERSION_2:
        return folder
    folder = os.open("systemd", _FOLDER, dir_fd=folder)
    if _magic(libc, folder) != _VERSION_1:
        raise OSError(errno.EINVAL, "the machine has no cgroups where they belong")
    return folder


def _magic(libc: ctypes.CDLL, folder: int) -> int:
    room = ctypes.create_string_buffer(_ROOM)
    _done(libc.fstatfs(folder, room))
    return ctypes.c_long.from_buffer(room).value


def _done(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), "the kernel refuses it")


def main() -> None:
    """Do it; on a refusal, say in one line which."""
    try:
        open_cgroups(int(sys.argv[1]), sys.argv[2])
    except OSError as error:
        os.write(2, b"%d: %s\n" % (error.errno or 0, str(error.strerror).encode()))
        os._exit(1)
    # No further: the interpreter's end might read a file of the machine's.
    os._exit(0)


if __name__ == "__main__":
    main()
