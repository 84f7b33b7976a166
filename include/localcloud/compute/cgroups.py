"""A machine's cgroups are made writable by this host, while the machine waits for it.

So no machine ever has the right to mount, not for a moment and not after a restart, whatever its
disk holds in place of the first program.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from include.localcloud.compute.cgroup_opener import is_of
from slipway.hooks.docker.built_images import built_image

_PROGRAM = Path(__file__).with_name("cgroup_opener.py").read_text()
_PYTHON_OPTIONS = ("-I", "-S", "-c", _PROGRAM)
# Slipway's own image, never one that was baked.
_IMAGE = "slipway/machine:12"
_PATIENCE = 30


class NotOpened(Exception):
    """A machine's cgroups could not be made writable, so it does not boot."""


def make_writable(api: Any, container: str, labels: dict[str, str]) -> None:
    """Let a machine that has just started boot.

    Done by root of this host. Where this process is not root, or Docker runs elsewhere, a
    container of Docker's is root there.

    :param api: Docker's.
    :param container: its name or id.
    :param labels: of the container that may be needed.
    :raises NotOpened: when it cannot be done.
    """
    found = api.inspect_container(container)
    name, pid = str(found["Id"]), int(found["State"]["Pid"])
    arguments = (*_PYTHON_OPTIONS, str(pid), name)
    if os.geteuid() == 0 and is_of(pid, name):
        _run_here(arguments)
    else:
        _run_beside(api, arguments, labels)


def _run_here(arguments: tuple[str, ...]) -> None:
    argv = [sys.executable, *arguments]
    done = subprocess.run(  # noqa: S603 - a number and Docker's own id of the container
        argv, capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    if done.returncode:
        raise NotOpened(done.stderr.strip())


def _run_beside(api: Any, arguments: tuple[str, ...], labels: dict[str, str]) -> None:
    host = api.create_host_config(
        cap_drop=["ALL"],
        cap_add=["SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE"],
        # AppArmor's profile for containers forbids to mount.
        security_opt=["apparmor=unconfined", "no-new-privileges"],
        pid_mode="host",
        network_mode="none",
        read_only=True,
        mem_limit="64m",
        pids_limit=16,
    )
    helper = api.create_container(
        built_image(api, _IMAGE),
        entrypoint=["/usr/bin/python3"],
        command=list(arguments),
        labels=labels,
        host_config=host,
    )["Id"]
    try:
        api.start(helper)
        if api.wait(helper, timeout=_PATIENCE)["StatusCode"]:
            raise NotOpened(api.logs(helper).decode("utf-8", "replace").strip())
    finally:
        api.remove_container(helper, force=True)
