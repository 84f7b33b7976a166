"""What a machine's container may do on this host: as little as systemd can boot with.

systemd writes its own cgroups, and Docker mounts them read-only for all but privileged
containers. So a machine's first program waits (:mod:`include.localcloud.compute.boot`) until this
host has made the machine's own part of the one hierarchy that systemd needs writable
(:mod:`include.localcloud.compute.cgroups`). A machine never has the right to mount, and without
it Docker's seccomp profile lets nothing make a namespace in which root would have it. The cgroup
namespace is the machine's own, so its part is all it sees; the hierarchies that hold its limits
stay read-only where they are apart (version 1).

What a unit asks for beyond that is not to be had: its file systems are not made private
(``ProtectSystem`` and the like are passed over, ``DynamicUser`` and ``RootDirectory`` fail).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

_CGROUPS = Path("/sys/fs/cgroup")
# What a package manager, sshd, sudo and a web server use. No raw sockets, no device nodes.
KEPT = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
_BOOT = Path(__file__).with_name("boot.py")
ENTRYPOINT = ["/usr/bin/python3", "-I", "-S", "-c", _BOOT.read_text()]
HOST: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "cap_add": list(KEPT),
    "cgroupns": "private",
    # systemd and sshd expect none of AppArmor's profile for containers, where there is one.
    "security_opt": ["apparmor=unconfined"],
    "tmpfs": {"/run": "", "/run/lock": "", "/tmp": "exec"},  # noqa: S108 - the machine's own /tmp
    "mem_limit": "1g",
    "pids_limit": 2048,
}


def cgroup_parent(installation: str, driver: str) -> str:
    """Return the cgroup that holds all machines of an installation.

    :param installation: its name.
    :param driver: the engine's cgroup driver, ``systemd`` or ``cgroupfs``.
    """
    name = f"slipway-{installation}"
    return f"{name}.slice" if driver == "systemd" else f"/{name}"


def forget_cgroup(installation: str) -> None:
    """Remove the cgroup that held the machines; systemd does it by itself, Docker does not.

    One that still holds anything stays.
    """
    name = cgroup_parent(installation, "cgroupfs").lstrip("/")
    for folder in (_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")):
        with contextlib.suppress(OSError):
            folder.rmdir()
