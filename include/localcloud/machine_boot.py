"""The first program on a machine: prepares for systemd, gives up its rights, and becomes it.

It runs inside the machine, before anything of the image but Python itself, on the standard
library alone. Where one step fails the machine does not boot.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from pathlib import Path

SYSTEMD = "/lib/systemd/systemd"
# <sys/mount.h>
_MS_BIND, _MS_REMOUNT, _MS_SECURE = 4096, 32, 2 | 4 | 8
# <linux/prctl.h>, <linux/seccomp.h>, <linux/capability.h>
_PR_SET_SECCOMP, _PR_CAPBSET_DROP = 22, 24
_SECCOMP_MODE_FILTER, _CAP_SYS_ADMIN = 2, 21
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
# <linux/sched.h>
_CLONE_NEWUSER = 0x10000000
# <linux/audit.h>, and the numbers of clone, unshare and clone3.
_MACHINES = {"x86_64": (0xC000003E, 56, 272, 435), "aarch64": (0xC00000B7, 220, 97, 435)}
# x86-64's second, short set of calls.
_X32 = 0x40000000
# <linux/filter.h>: load a word of seccomp_data; compare; end.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16


def without_user_namespaces(machine: str) -> bytes:
    """Return the seccomp filter: no namespace in which the machine's root has all rights again.

    ``clone3`` hides what it is asked for, so it is not there, and programs take ``clone``.

    :param machine: as ``uname -m`` says.
    :raises KeyError: for one that is not known.
    """
    architecture, clone, unshare, clone3 = _MACHINES[machine]
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 8, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 6, 0, _X32),
        (_EQUAL, 5, 0, clone3),
        (_EQUAL, 1, 0, clone),
        (_EQUAL, 0, 2, unshare),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 2, 0, _CLONE_NEWUSER),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def own_cgroups() -> str:
    """Return the one hierarchy that systemd writes: its own of version 1, or that of version 2."""
    first = "/sys/fs/cgroup/systemd"
    return first if Path(first, "cgroup.procs").exists() else "/sys/fs/cgroup"


def main() -> None:
    """Do it.

    :raises OSError: when the kernel refuses a step.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _MS_REMOUNT | _MS_BIND | _MS_SECURE
    _done(libc.mount(b"none", own_cgroups().encode(), None, ctypes.c_ulong(flags), None))
    steps = ctypes.create_string_buffer(without_user_namespaces(os.uname().machine))
    # struct sock_fprog: how many steps, and where.
    program = struct.pack("HP", (len(steps) - 1) // 8, ctypes.addressof(steps))
    _done(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0))
    _done(libc.prctl(_PR_CAPBSET_DROP, _CAP_SYS_ADMIN, 0, 0, 0))
    # Only what is in the bounding set passes on to another program.
    os.execv(SYSTEMD, [SYSTEMD])  # noqa: S606 - as the kernel would


def _done(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
